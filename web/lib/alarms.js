/**
 * Which alarms a page shows, and whether it should be heard. Pure: time is what the caller says it is.
 *
 *   const alarms = createAlarms({ isOwn: ({ device }) => device === mine });
 *   alarms.heard(message, atMs)    what /ws/control says; the streams among it tell who records again
 *   alarms.lost(atMs)              the connection is gone
 *   alarms.banners(atMs)           [{ key, alarm, forMs, isOver, stream }], the most urgent first
 *   alarms.isSounding(atMs)
 *   alarms.silence()               those of now; a new one is heard again
 *
 * @module
 */

/** Whoever comes to look still reads that it is over. */
const OVER_MS = 8000;
/** A connection that is back within this was away for a moment only. */
const UNREACHABLE_MS = 15000;

/** @typedef {"silent" | "disk_low" | "disk_full" | "disk_refused" | "other"} Kind */

/**
 * @typedef {object} Alarm
 * @property {string} id
 * @property {Kind} kind `other`: younger than this page
 * @property {number | null} sinceMs the server's clock
 * @property {string | null} device
 * @property {string} name for people; "" where it is about the server
 * @property {string | null} session
 * @property {string} message the server's own words, English
 */

/** @typedef {{ key: string, alarm: Alarm, forMs: number | null, isOver: boolean, stream: string | null }} Banner `stream`: where its device can be watched */

/** @type {readonly Kind[]} */
const KINDS = ["disk_full", "disk_refused", "silent", "other", "disk_low"];
/** The server goes on recording: worth reading, and no reason to wake anybody. */
const QUIET = ["disk_low"];
/** The server records nothing. */
const PAUSED = ["disk_full", "disk_refused"];

/** @param {unknown} value */
const text = (value) => (typeof value === "string" && value !== "" ? value : null);

/** @param {any} one @returns {Alarm | null} */
function parseAlarm(one) {
  if (one === null || typeof one !== "object" || !text(one.id)) return null;
  return {
    id: one.id,
    kind: KINDS.includes(one.kind) ? one.kind : "other",
    sinceMs: Number.isFinite(one.since_ms) ? one.since_ms : null,
    device: text(one.device),
    name: text(one.name) || text(one.device) || "",
    session: text(one.session),
    message: text(one.message) || "",
  };
}

/** @param {any} message @returns {{ nowMs: number | null, alarms: Alarm[] } | null} */
export function parseAlarms(message) {
  if (message === null || typeof message !== "object" || !Array.isArray(message.alarms)) return null;
  /** @type {Alarm[]} */
  const alarms = [];
  for (const one of message.alarms) {
    const alarm = parseAlarm(one);
    if (alarm && !alarms.some(({ id }) => id === alarm.id)) alarms.push(alarm);
  }
  return { nowMs: Number.isFinite(message.now_ms) ? message.now_ms : null, alarms };
}

/** What rises anew is another alarm, whatever its id. @param {Alarm} alarm */
const keyOf = ({ id, sinceMs }) => `${id} ${sinceMs}`;

/** @param {Alarm} a @param {Alarm} b */
function byUrgency(a, b) {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (b.sinceMs || 0) - (a.sinceMs || 0) || (a.id < b.id ? -1 : 1);
}

/** @param {{ isOwn?: (alarm: Alarm) => boolean }} [options] `isOwn`: the page says it in another way */
export function createAlarms({ isOwn = () => false } = {}) {
  /** @type {Alarm[]} */
  let current = [];
  /** @type {{ alarm: Alarm, atMs: number }[]} */
  let ended = [];
  /** @type {{ stream: string, session: unknown, state: unknown }[]} */
  let streams = [];
  /** The streams of alarms, which outlive their sessions. @type {Map<string, string>} */
  let names = new Map();
  /** @type {Set<string>} */
  let silenced = new Set();
  /** The server's clock, and when it was told. @type {{ nowMs: number, atMs: number } | null} */
  let told = null;
  /** @type {number | null} */
  let lostMs = null;

  /** @param {Alarm} alarm */
  const isLeftOut = (alarm) => alarm.kind === "silent" && isOwn(alarm);

  /** @param {Alarm} alarm */
  function streamOf(alarm) {
    const { session } = alarm;
    const own = session === null ? undefined : streams.find((one) => one.session === session);
    if (own) names.set(keyOf(alarm), own.stream);
    const name = names.get(keyOf(alarm));
    return streams.find(({ stream }) => stream === name) || null;
  }

  /**
   * It may also have ended because somebody pressed Stop or put it aside: only what records is said to.
   * @param {Alarm} alarm
   */
  function isMended(alarm) {
    const { kind } = alarm;
    // A disk that is low also ends by being full.
    if (kind !== "silent") return kind !== "other" && !current.some((one) => PAUSED.includes(one.kind));
    const stream = streamOf(alarm);
    return stream !== null && stream.state === "live";
  }

  /** @param {Alarm[]} next @param {number} atMs */
  function take(next, atMs) {
    const keys = next.map(keyOf);
    for (const alarm of current) if (!keys.includes(keyOf(alarm))) ended.push({ alarm, atMs });
    ended = ended.filter(({ alarm }) => !next.some(({ id }) => id === alarm.id));
    silenced = new Set(Array.from(silenced).filter((key) => keys.includes(key)));
    current = next.filter((alarm) => !isLeftOut(alarm)).sort(byUrgency);
    for (const alarm of current) streamOf(alarm);
    const kept = [...current, ...ended.map(({ alarm }) => alarm)].map(keyOf);
    names = new Map(Array.from(names).filter(([key]) => kept.includes(key)));
  }

  return {
    /** @param {any} message @param {number} atMs */
    heard(message, atMs) {
      if (message === null || typeof message !== "object") return;
      lostMs = null;
      if (Number.isFinite(message.now_ms)) told = { nowMs: message.now_ms, atMs };
      if (Array.isArray(message.streams)) {
        streams = message.streams.filter((/** @type {any} */ one) => one !== null && typeof one === "object" && text(one.stream) !== null);
        for (const alarm of current) streamOf(alarm);
      }
      const list = parseAlarms(message);
      if (list) take(list.alarms, atMs);
    },

    /** @param {number} atMs */
    lost(atMs) {
      if (lostMs === null) lostMs = atMs;
    },

    /** @param {number} atMs @returns {Banner[]} */
    banners(atMs) {
      ended = ended.filter((one) => atMs - one.atMs < OVER_MS);
      const nowMs = told ? told.nowMs + atMs - told.atMs : null;
      /** @param {Alarm} alarm */
      const name = (alarm) => (streamOf(alarm) || { stream: null }).stream;
      const over = ended
        .filter(({ alarm }) => isMended(alarm))
        .map(({ alarm }) => ({ key: keyOf(alarm), alarm, forMs: null, isOver: true, stream: name(alarm) }));
      const risen = current.map((alarm) => ({
        key: keyOf(alarm),
        alarm,
        forMs: nowMs === null || alarm.sinceMs === null ? null : Math.max(0, nowMs - alarm.sinceMs),
        isOver: false,
        stream: name(alarm),
      }));
      return [...risen, ...over];
    },

    /** An alarm that nobody has silenced, or a server from which none could come. @param {number} atMs */
    isSounding(atMs) {
      const isUnreachable = told !== null && lostMs !== null && atMs - lostMs >= UNREACHABLE_MS;
      if (isUnreachable) return !silenced.has("");
      silenced.delete("");
      return current.some((alarm) => !QUIET.includes(alarm.kind) && !silenced.has(keyOf(alarm)));
    },

    silence() {
      silenced = new Set([...current.map(keyOf), ""]);
    },

    /** @param {string} device @returns {Alarm | null} */
    of: (device) => current.find((alarm) => alarm.device === device) || null,
  };
}
