/**
 * What a finished recording became: its files, each to play or to keep.
 *
 * @module
 */

import { byId } from "../lib/elements.js";
import { formatClock, formatLength, formatSmallBytes } from "../lib/format.js";
import { icon } from "../lib/icon.js";

/** @typedef {import("../lib/ingest-conversation.js").Summary} Summary */

/**
 * @param {import("../lib/strings.js").Strings} strings
 * @param {() => string[]} origins of this server
 */
export function createSummaryPanel(strings, origins) {
  const { t } = strings;

  /**
   * Only addresses of this server: the summary is data.
   * @param {string} url
   */
  function ownUrl(url) {
    try {
      const address = new URL(url, location.href);
      return origins().includes(address.origin) ? address : null;
    } catch {
      return null;
    }
  }

  /** @param {Summary["files"][number]} file */
  function row(file) {
    const item = document.createElement("li");
    item.className = "file";
    const words = document.createElement("div");
    words.className = "file-words";
    const facts = document.createElement("p");
    facts.className = "file-facts numbers";
    facts.textContent = formatClock(file.start_ms);
    const size = document.createElement("span");
    size.textContent = `${formatLength(file.duration_ms)} · ${formatSmallBytes(file.bytes)}`;
    facts.append(size);
    const name = document.createElement("p");
    name.className = "file-name mono";
    name.textContent = file.file;
    name.title = file.file;
    words.append(facts, name);
    item.append(words);

    const play = ownUrl(file.url);
    if (play) {
      const keep = new URL(play);
      keep.searchParams.set("download", "1");
      for (const [what, address] of /** @type {["play" | "download", URL][]} */ ([["play", play], ["download", keep]])) {
        const link = document.createElement("a");
        link.className = "bare";
        link.href = address.href;
        link.setAttribute("aria-label", t(`capture.saved.${what}`, { file: file.file }));
        if (what === "play") {
          link.target = "_blank";
          link.rel = "noopener";
        } else {
          link.download = file.file;
        }
        link.append(icon(what));
        item.append(link);
      }
    }
    return item;
  }

  return {
    /** @param {Summary} summary @param {boolean} partly whether something of the recording is not in it */
    render(summary, partly) {
      const { files } = summary;
      const length = files.reduce((sum, file) => sum + (file.duration_ms || 0), 0);
      const bytes = files.reduce((sum, file) => sum + (file.bytes || 0), 0);
      const empty = files.length === 0;
      byId("summary-title").textContent = t(empty ? "capture.saved.empty" : partly ? "capture.saved.partly" : "capture.saved");
      byId("summary-good").className = empty ? "notice" : partly ? "notice late" : "notice good";
      byId("summary-total").textContent = empty
        ? t("capture.saved.empty_more")
        : strings.count("capture.saved.total", files.length, {
            length: formatLength(length),
            size: formatSmallBytes(bytes),
          });
      byId("summary-folder").textContent = empty ? "" : t("capture.saved.folder", { folder: summary.folder });
      const list = byId("summary-files");
      list.textContent = "";
      for (const file of files) list.append(row(file));
    },
  };
}
