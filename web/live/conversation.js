/**
 * What the messages of `/ws/live/{stream}` mean: each message in, what there is to do out. Pure; one of these per connection.
 *
 *   const conversation = createConversation();
 *   conversation.text('{"type":"init",…}')   → a step, or null where there is nothing to do
 *   conversation.binary(buffer)
 *   conversation.closed(1012)
 *
 * Unknown types and members are passed over: a newer server may say more. After the close nothing is done any more,
 * whatever a browser still hands out of its queue.
 *
 * @module
 */

/**
 * @typedef {object} Init
 * @property {number} generation
 * @property {string} mime
 * @property {number} startMs wall time of media time zero, server's clock
 * @property {number | null} nowMs the server's clock when it was said
 */

/**
 * @typedef {{ do: "clock", nowMs: number }
 *   | { do: "init", init: Init, bytes: ArrayBuffer }
 *   | { do: "append", bytes: ArrayBuffer, isKey: boolean }
 *   | { do: "skipped", ms: number }
 *   | { do: "state", state: "live" | "behind" | "away", behindMs: number }
 *   | { do: "again" }
 *   | { do: "over" }
 *   | { do: "refused", reason: string }
 *   | { do: "nonsense" }} Step
 *   `again`: connect anew; `over`: the device stopped; `refused`: not to be had like this;
 *   `nonsense`: this connection cannot be understood, another one may
 */

const OVER = 1000;
const REFUSED = 4404;
/** @type {readonly string[]} */
const STATES = ["live", "behind", "away"];

/** @param {unknown} value @param {number} otherwise */
const number = (value, otherwise) => (typeof value === "number" && Number.isFinite(value) ? value : otherwise);

export function createConversation() {
  /** Said, while its init segment is still to come. @type {Init | null} */
  let announced = null;
  let begun = false;
  let isClosed = false;
  let nextIsKey = false;
  let refusal = "";

  /** @param {any} message @returns {Step | null} */
  function init(message) {
    if (typeof message.mime !== "string" || typeof message.start_ms !== "number") return { do: "nonsense" };
    const nowMs = typeof message.now_ms === "number" ? message.now_ms : null;
    announced = { generation: number(message.generation, 0), mime: message.mime, startMs: message.start_ms, nowMs };
    return nowMs === null ? null : { do: "clock", nowMs };
  }

  return {
    /** @param {string} text @returns {Step | null} */
    text(text) {
      if (isClosed) return null;
      /** @type {any} */
      let message = null;
      try {
        message = JSON.parse(text);
      } catch {
        return { do: "nonsense" };
      }
      if (message === null || typeof message !== "object") return null;
      if (typeof message.error === "string") {
        refusal = message.error;
        return null;
      }
      switch (message.type) {
        case "init":
          return init(message);
        case "skipped":
          nextIsKey = true;
          return { do: "skipped", ms: number(message.ms, 0) };
        case "state":
          if (!STATES.includes(message.state)) return null;
          return { do: "state", state: message.state, behindMs: Math.max(0, number(message.behind_ms, 0)) };
        default:
          return null;
      }
    },

    /** @param {ArrayBuffer} bytes @returns {Step | null} */
    binary(bytes) {
      if (isClosed) return null;
      if (announced) {
        const said = announced;
        announced = null;
        begun = true;
        nextIsKey = true;
        return { do: "init", init: said, bytes };
      }
      if (!begun) return { do: "nonsense" };
      const isKey = nextIsKey;
      nextIsKey = false;
      return { do: "append", bytes, isKey };
    },

    /** @param {number} code @returns {Step | null} */
    closed(code) {
      if (isClosed) return null;
      isClosed = true;
      if (code === REFUSED) return { do: "refused", reason: refusal };
      return code === OVER ? { do: "over" } : { do: "again" };
    },
  };
}
