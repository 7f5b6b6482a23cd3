/**
 * Which alarms a page shows, and whether it should be heard. Pure: time is what the caller says it is.
 *
 *   const alarms = createAlarms({ isOwn: ({ device }) => device === mine });
 *   alarms.heard(message, atMs)    what /ws/control says; the streams among it tell what can be watched
 *   alarms.lost(atMs)              the connection is gone
 *   alarms.banners(atMs)           [{ key, alarm, forMs, isOver, stream }], the most urgent first
 *   alarms.isSounding(atMs)
 *   alarms.silence()               those of now; a new one is heard again
 *   alarms.silenceAlso(keys)       those of `keys` that there are; alarms.silenced() gives them
 *
 * @module
 */

/** Whoever comes to look still reads that it is over. */
const OVER_MS = 8000;
/** A connection that is back within this was away for a moment only. */
const UNREACHABLE_MS = 15000;
/** A server that has started again calls a device silent after `silent_seconds`, which few set to more than minutes. */
const STILL_SILENCED_MS = 600000;

/** @typedef {"unreachable" | "silent" | "disk_low" | "disk_full" | "disk_refused" | "other"} Kind `unreachable`: made here */

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
/** The ends after which something records again. Others are Stop, a person who put it aside, a server that forgot. */
const MENDED = ["durable", "newer", "over"];
/** What the server cannot say itself. @type {Alarm} */
const UNREACHABLE = { id: "", kind: "unreachable", sinceMs: null, device: null, name: "", session: null, message: "" };

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

/** What is wrong, for a server that has started again and gives other ids. @param {Alarm} alarm */
const causeOf = ({ kind, device, session }) => `${kind} ${session || device || ""}`;

/** Why alarms have ended, by their ids. @param {any} list @returns {Map<string, unknown>} */
function parseEnded(list) {
  /** @type {Map<string, unknown>} */
  const ended = new Map();
  if (!Array.isArray(list)) return ended;
  for (const one of list) if (one !== null && typeof one === "object" && text(one.id)) ended.set(one.id, one.because);
  return ended;
}

/** @param {Alarm} a @param {Alarm} b */
function byUrgency(a, b) {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || (b.sinceMs || 0) - (a.sinceMs || 0) || (a.id < b.id ? -1 : 1);
}

/**
 * @param {object} [options]
 * @param {(alarm: Alarm) => boolean} [options.isOwn] the page says it in another way
 * @param {boolean} [options.isServerOwn] so it does of a server that is away
 */
export function createAlarms({ isOwn = () => false, isServerOwn = false } = {}) {
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
  /** What was silenced when a connection went, and until when that holds. @type {Map<string, number>} */
  const stillSilenced = new Map();
  /** The server's clock, and when it was told. @type {{ nowMs: number, atMs: number } | null} */
  let told = null;
  /** @type {number | null} */
  let lostMs = null;
  /** What is missing in the first list of a connection may have ended in any way, or will rise again. */
  let isNewConnection = false;

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

  /** A disk that is low also ends by being full. @param {Alarm} alarm */
  const isMended = ({ kind }) => kind === "silent" || !current.some((one) => PAUSED.includes(one.kind));

  /** @param {number} atMs */
  const isUnreachable = (atMs) => !isServerOwn && told !== null && lostMs !== null && atMs - lostMs >= UNREACHABLE_MS;

  /** Silence goes with its alarm; over a gap of the connection it waits for it. @param {Alarm[]} next @param {number} atMs */
  function keepSilence(next, atMs) {
    for (const [cause, untilMs] of Array.from(stillSilenced)) if (atMs >= untilMs) stillSilenced.delete(cause);
    if (isNewConnection) {
      for (const alarm of current) if (silenced.has(keyOf(alarm))) stillSilenced.set(causeOf(alarm), atMs + STILL_SILENCED_MS);
    }
    const keys = next.map(keyOf);
    silenced = new Set(Array.from(silenced).filter((key) => keys.includes(key)));
    for (const alarm of next) if (stillSilenced.delete(causeOf(alarm))) silenced.add(keyOf(alarm));
  }

  /** @param {Alarm[]} next @param {Map<string, unknown>} because @param {number} atMs */
  function take(next, because, atMs) {
    const keys = next.map(keyOf);
    for (const alarm of current) {
      const isGone = !keys.includes(keyOf(alarm)) && !isNewConnection;
      if (isGone && MENDED.includes(String(because.get(alarm.id)))) ended.push({ alarm, atMs });
    }
    ended = ended.filter(({ alarm }) => !next.some(({ id }) => id === alarm.id));
    keepSilence(next, atMs);
    isNewConnection = false;
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
      if (list) take(list.alarms, parseEnded(message.ended), atMs);
    },

    /** @param {number} atMs */
    lost(atMs) {
      if (lostMs === null) lostMs = atMs;
      isNewConnection = true;
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
      /** @type {Banner[]} */
      const away = [];
      if (isUnreachable(atMs) && told !== null && lostMs !== null) {
        const sinceMs = told.nowMs + lostMs - told.atMs;
        away.push({ key: "unreachable", alarm: { ...UNREACHABLE, sinceMs }, forMs: atMs - lostMs, isOver: false, stream: null });
      }
      return [...away, ...risen, ...over];
    },

    /** An alarm that nobody has silenced, or a server from which none could come. @param {number} atMs */
    isSounding(atMs) {
      if (isUnreachable(atMs)) return !silenced.has(UNREACHABLE.id);
      silenced.delete(UNREACHABLE.id);
      return current.some((alarm) => !QUIET.includes(alarm.kind) && !silenced.has(keyOf(alarm)));
    },

    silence() {
      silenced = new Set([...current.map(keyOf), UNREACHABLE.id]);
    },

    /** @param {readonly string[]} keys */
    silenceAlso(keys) {
      for (const alarm of current) if (keys.includes(keyOf(alarm))) silenced.add(keyOf(alarm));
    },

    /** Those of the server, which say when they rose. */
    silenced: () => Array.from(silenced).filter((key) => key !== UNREACHABLE.id),

    /** @param {string} device @returns {Alarm | null} */
    of: (device) => current.find((alarm) => alarm.device === device) || null,
  };
}
