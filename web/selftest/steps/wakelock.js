import { errorText, result } from "../outcomes.js";

/** @returns {Promise<import("../context.js").Result>} */
export async function wakelock() {
  const lock = /** @type {{ request?: (type: "screen") => Promise<{ release(): Promise<void> }> } | undefined} */ (
    /** @type {unknown} */ (navigator.wakeLock)
  );
  if (!lock?.request) return result("wakelock", "missing", {}, { wake_lock: "missing" });
  try {
    const held = await lock.request("screen");
    await held.release();
    return result("wakelock", "ok", {}, { wake_lock: "granted" });
  } catch (error) {
    return result("wakelock", "refused", {}, { wake_lock: errorText(error) });
  }
}
