import { errorText, result } from "../outcomes.js";
import { tenths, wordsOfTracks } from "../words.js";

/**
 * @typedef {{ kind: string, codec: string, width?: number, height?: number, samples?: number, sync_samples?: number }} Track
 * @typedef {{ file: string, ok: boolean, duration_ms: number, index_in_front?: boolean, tracks?: Track[], problems?: string[] }} JudgedFile
 * @typedef {{ ok: boolean, files: JudgedFile[] }} Judgement
 */

/**
 * @param {import("../context.js").Context} context
 * @returns {Promise<import("../context.js").Result>}
 */
export async function judge(context) {
  /** @type {Judgement} */
  let judgement;
  try {
    judgement = await ask(context.session);
  } catch (error) {
    return result("judge", "unavailable", { error: errorText(error) }, { error: errorText(error) });
  }
  const { files } = judgement;
  const tracks = files.length > 0 ? (files[0].tracks ?? []) : [];
  const problems = files.flatMap((file) => (file.problems ?? []).map((problem) => `${file.file}: ${problem}`));
  context.judgedMs = files.reduce((sum, file) => sum + file.duration_ms, 0);
  const facts = {
    session: context.session,
    ok: judgement.ok,
    files: files.map(describe).join("; "),
    problems: problems.join("; ") || undefined,
    recorded_ms: Math.round(context.recordedMs),
    judged_ms: Math.round(context.judgedMs),
  };
  if (files.length === 0) return result("judge", "no_files", {}, facts);
  if (!judgement.ok || files.some(({ ok }) => !ok)) {
    return result("judge", "problems", { problems: problems.join("; ") || "?" }, facts);
  }
  const kinds = new Set(tracks.map(({ kind }) => kind));
  const values = { seconds: tenths(context.judgedMs), tracks: wordsOfTracks(tracks) };
  if (!kinds.has("video")) return result("judge", "no_picture", values, facts);
  if (context.microphone && !kinds.has("audio")) return result("judge", "no_sound", values, facts);
  return result("judge", "ok", values, facts);
}

/**
 * @param {string} session
 * @returns {Promise<Judgement>}
 */
async function ask(session) {
  const response = await fetch(`/api/sessions/${encodeURIComponent(session)}/check`, { cache: "no-store" });
  /** @type {unknown} */
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(`HTTP ${response.status}${messageOf(body)}`);
  if (!isJudgement(body)) throw new Error("an answer that is not a judgement");
  return body;
}

/** @param {unknown} body */
function messageOf(body) {
  const error = body && typeof body === "object" && "error" in body ? body.error : null;
  return error && typeof error === "object" && "message" in error ? `: ${error.message}` : "";
}

/**
 * @param {unknown} body
 * @returns {body is Judgement}
 */
function isJudgement(body) {
  return Boolean(body) && typeof body === "object" && "files" in /** @type {object} */ (body) && Array.isArray(/** @type {Judgement} */ (body).files);
}

/** @param {JudgedFile} file */
function describe(file) {
  const tracks = (file.tracks ?? []).map(
    ({ kind, codec, width, height, samples, sync_samples }) =>
      `${kind} ${codec}${width ? ` ${width}x${height}` : ""}, ${samples ?? "?"} samples, ${sync_samples ?? "?"} sync`,
  );
  const index = file.index_in_front === undefined ? "?" : file.index_in_front;
  return `${file.file} (${Math.round(file.duration_ms)} ms, index in front ${index}; ${tracks.join("; ")})`;
}
