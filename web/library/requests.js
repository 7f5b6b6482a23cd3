/**
 * What is asked of the server about recordings.
 *
 *   const page = parsePage(await read(paths.list({ limit: 50 })));      rejects with a sentence in `said`, and the `status`
 *   const { told, problem } = await change("PUT", path, body, strings);  `problem`: a sentence, "" where it was done
 *
 * @module
 */

import { ask, messageOf } from "../sources/requests.js";

/** The library of thousands is a page of it; a disk that sleeps takes seconds to wake. */
const PATIENCE_MS = 20_000;

/** @param {Record<string, string | number | null>} values those without a value are left out */
const query = (values) => {
  const pairs = Object.entries(values).filter(([, value]) => value !== null && value !== "");
  return pairs.length === 0 ? "" : `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&")}`;
};

/** Files are named by the time of whoever takes them along. */
const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "";

/** @param {number} fromMs @param {number} toMs */
const span = (fromMs, toMs) => query({ from_ms: Math.round(fromMs), to_ms: Math.round(toMs), zone: zone() });

/** @param {string} session */
const of = (session) => `/api/sessions/${encodeURIComponent(session)}`;

export const paths = {
  /** @param {{ before_ms?: number | null, device?: string, text?: string, limit?: number, cursor?: string | null }} values */
  list: (values) => `/api/library${query(values)}`,
  /** @param {string} zone @param {string} device */
  days: (zone, device) => `/api/library/days${query({ zone, device })}`,
  devices: () => "/api/library/devices",
  events: () => "/api/library/events",
  /** @param {string} day @param {string} zone @param {string} devices "" for all */
  day: (day, zone, devices) => `/api/library/export${query({ day, zone, devices })}`,
  /** @param {string} session */
  timeline: (session) => `${of(session)}/timeline`,
  /** @param {string} session @param {number} wallMs */
  frame: (session, wallMs) => `${of(session)}/frame?wall_ms=${Math.round(wallMs)}`,
  /** @param {string} session @param {number} fromMs @param {number} toMs */
  part: (session, fromMs, toMs) => `${of(session)}/export${span(fromMs, toMs)}`,
  /** @param {string} session @param {number} fromMs @param {number} toMs */
  plan: (session, fromMs, toMs) => `${of(session)}/export/plan${span(fromMs, toMs)}`,
  /** @param {string} session */
  title: (session) => `${of(session)}/title`,
  /** @param {string} session */
  marks: (session) => `${of(session)}/marks`,
  /** @param {string} session @param {{ startMs: number, endMs: number }} [span] */
  kept: (session, span) => `${of(session)}/kept${span ? `/${span.startMs}-${span.endMs}` : ""}`,
  retention: () => "/api/library/retention",
  retentionPlan: () => "/api/library/retention/plan",
  /** @param {{ before_ms: number | null, limit: number }} values */
  deletionList: (values) => `/api/library/deletions${query(values)}`,
  /** @param {string} [id] */
  deletions: (id) => `/api/library/deletions${id ? `/${encodeURIComponent(id)}` : ""}`,
};

/** @param {string} path @returns {Promise<any>} */
export async function read(path) {
  const { ok, status, told } = await ask(path, "GET", undefined, PATIENCE_MS).catch(() => ({ ok: false, status: 0, told: null }));
  if (!ok) throw Object.assign(new Error(`status ${status}`), { status, said: messageOf(told) });
  return told;
}

/** @param {unknown} error @param {Pick<import("../lib/strings.js").Strings, "t">} strings */
export function problemOf(error, { t }) {
  const { status = 0, said = "" } = /** @type {{ status?: number, said?: string }} */ (error || {});
  return said || (status === 0 ? t("library.unanswered") : String(status));
}

/** What the server refuses is said in the language of the page where it is known. @type {Record<string, string>} */
const REFUSALS = {
  kept: "library.refused.kept",
  growing: "library.refused.growing",
  outside: "library.refused.outside",
  gone: "library.refused.gone",
  nothing: "library.refused.nothing",
  newer_version: "library.refused.newer_version",
  from_file: "library.refused.from_file",
};

/**
 * @param {string} method @param {string} path @param {unknown} body @param {Pick<import("../lib/strings.js").Strings, "t">} strings
 * @returns {Promise<{ told: any, problem: string, status: number, said: string }>} `said`: why, alone
 */
export async function change(method, path, body, { t }) {
  try {
    const { ok, status, told } = await ask(path, method, body);
    if (ok) return { told, problem: "", status, said: "" };
    const key = REFUSALS[(told && told.error && told.error.code) || ""];
    const said = key ? t(key) : messageOf(told) || String(status);
    return { told: null, problem: t("library.refused", { message: said }), status, said };
  } catch {
    return { told: null, problem: t("library.refused", { message: t("library.unanswered") }), status: 0, said: t("library.unanswered") };
  }
}
