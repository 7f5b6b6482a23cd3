import { result } from "../outcomes.js";
import { wordsOfTime } from "../words.js";

/** Nobody notices less on a file's date. */
const NOTICED_MS = 2000;

/**
 * @param {import("../context.js").Context} context
 * @returns {Promise<import("../context.js").Result>}
 */
export async function clock(context) {
  if (!context.clock) throw new Error("the server did not tell its time");
  const { serverMs, sentMs, receivedMs } = context.clock;
  // The answer took about half of the way there and back.
  const difference = (sentMs + receivedMs) / 2 - serverMs;
  const facts = {
    device_minus_server_ms: Math.round(difference),
    round_trip_ms: Math.round(receivedMs - sentMs),
    time_zone: zone(),
  };
  if (Math.abs(difference) < NOTICED_MS) {
    // No measurement over a network is finer than its own round trip.
    const bound = Math.max(Math.abs(difference), (receivedMs - sentMs) / 2, 1);
    return result("clock", "ok", { difference: wordsOfTime(bound, context.t) }, facts);
  }
  const values = { difference: wordsOfTime(Math.abs(difference), context.t) };
  return result("clock", difference > 0 ? "ahead" : "behind", values, facts);
}

function zone() {
  try {
    return Intl.DateTimeFormat().resolvedOptions().timeZone;
  } catch {
    return null;
  }
}
