/**
 * What has been silenced, for all pages of this browser: by alarm and when it rose, so that what rises anew is heard.
 *
 *   const silenced = createSilenced(storage);
 *   silenced.keys()          also those of other pages
 *   silenced.keep(keys)
 *
 * @module
 */

export const STORAGE_KEY = "localcamera.alarms_silenced";
/** More than rise at once; of older ones nobody hears again. */
const MOST = 64;

/** @param {Pick<Storage, "getItem" | "setItem"> | null} storage */
export function createSilenced(storage) {
  /** @returns {string[]} */
  function keys() {
    try {
      const kept = JSON.parse((storage && storage.getItem(STORAGE_KEY)) || "[]");
      return Array.isArray(kept) ? kept.filter((key) => typeof key === "string").slice(-MOST) : [];
    } catch {
      return [];
    }
  }

  return {
    keys,
    /** @param {string[]} more */
    keep(more) {
      const before = keys();
      const fresh = more.filter((key) => !before.includes(key));
      if (!storage || fresh.length === 0) return;
      try {
        storage.setItem(STORAGE_KEY, JSON.stringify([...before, ...fresh].slice(-MOST)));
      } catch {
        // A full storage: it holds for this page.
      }
    },
  };
}
