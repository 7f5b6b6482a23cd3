import { result } from "../outcomes.js";
import { formatBytes } from "../../lib/format.js";

const MEGABYTE = 1_000_000;
/** Less than this holds under half an hour at the default quality. */
const SMALL = 500 * MEGABYTE;
/** 2.5 Mbit/s of picture and some sound. */
const BYTES_PER_MINUTE = 20 * MEGABYTE;

/** @returns {Promise<import("../context.js").Result>} */
export async function storage() {
  const [indexedDb, fileSystem, estimate, persisted] = await Promise.all([
    opensIndexedDb(),
    opensFileSystem(),
    measured(),
    persistence(),
  ]);
  const free = estimate ? Math.max(0, estimate.quota - estimate.usage) : null;
  const facts = {
    indexeddb: indexedDb,
    origin_private_file_system: fileSystem,
    quota_bytes: estimate?.quota ?? null,
    usage_bytes: estimate?.usage ?? null,
    persisted,
  };
  if (indexedDb !== "yes" && fileSystem !== "yes") return result("storage", "none", {}, facts);
  if (free === null) return result("storage", "unmeasured", {}, facts);
  const values = { free: formatBytes(free), minutes: Math.floor(free / BYTES_PER_MINUTE) };
  return result("storage", free < SMALL ? "small" : "ok", values, facts);
}

/** @returns {Promise<{ quota: number, usage: number } | null>} */
async function measured() {
  try {
    const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
    return typeof quota === "number" ? { quota, usage: usage ?? 0 } : null;
  } catch {
    return null;
  }
}

/** @returns {Promise<boolean | null>} */
async function persistence() {
  try {
    return (await navigator.storage?.persisted?.()) ?? null;
  } catch {
    return null;
  }
}

/** Private windows of some browsers have the interface, but open nothing. */
function opensIndexedDb() {
  return within(
    new Promise((resolve) => {
      if (!window.indexedDB) {
        resolve("missing");
        return;
      }
      const name = "localcamera-selftest";
      const request = indexedDB.open(name, 1);
      request.onerror = () => resolve(request.error ? request.error.name : "refused");
      request.onblocked = () => resolve("blocked");
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase(name);
        resolve("yes");
      };
    }),
  );
}

function opensFileSystem() {
  return within(
    (async () => {
      if (!navigator.storage?.getDirectory) return "missing";
      await navigator.storage.getDirectory();
      return "yes";
    })(),
  );
}

/**
 * @param {Promise<string>} opening
 * @returns {Promise<string>}
 */
async function within(opening, seconds = 4) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Promise<string>} */
  const deadline = new Promise((resolve) => {
    timer = setTimeout(() => resolve("no answer"), seconds * 1000);
  });
  try {
    return await Promise.race([opening, deadline]);
  } catch (error) {
    return error instanceof Error ? error.name : "refused";
  } finally {
    clearTimeout(timer);
  }
}
