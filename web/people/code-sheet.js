/**
 * A code that lets somebody in: its digits, large enough to be read across a room, its QR code and link, how long it
 * lasts, and who has come in with it.
 *
 *   const sheet = createCodeSheet({ page: window, strings, words, behind, now, place, onEnd, onLook });
 *   sheet.show(told, people);         what the server has made
 *   sheet.tell(people);               who is in now
 *   sheet.tick();
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { byId, write } from "../lib/elements.js";
import { isolated } from "../lib/plain-text.js";
import { shownCode } from "../sign-in/code.js";
import { copier } from "./once.js";

/** Somebody stands there and waits to see it. */
const LOOK_MS = 2000;

/** @typedef {import("./people.js").People} People */

/** @param {any} told @returns {{ id: string, digits: string, url: string, origin: string, picture: string, endsMs: number } | null} */
export function parseCode(told) {
  if (told === null || typeof told !== "object" || typeof told.id !== "string" || typeof told.url !== "string") return null;
  let origin = "";
  try {
    ({ origin } = new URL(told.url));
  } catch {
    // Then there is nothing that anybody could open.
    return null;
  }
  return {
    id: told.id,
    digits: typeof told.digits === "string" && /^\d{6}$/.test(told.digits) ? told.digits : "",
    url: told.url,
    // Not the page's own: on the server's computer that may be `localhost`.
    origin,
    // As a picture it can neither run anything nor fetch anything.
    picture: typeof told.qr_svg === "string" && told.qr_svg !== "" ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(told.qr_svg)}` : "",
    endsMs: typeof told.ends_ms === "number" ? told.ends_ms : 0,
  };
}

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("./words.js").PeopleWords} options.words
 * @param {HTMLElement} options.behind
 * @param {() => number} options.now the server's clock
 * @param {() => import("../lib/place.js").Place} options.place where others find the server
 * @param {(id: string) => void} options.onEnd
 * @param {() => void} options.onLook it is time to ask who is in
 * @param {() => void} options.onAnother
 */
export function createCodeSheet({ page, strings, words, behind, now, place, onEnd, onLook, onAnother }) {
  const { t } = strings;
  /** @type {ReturnType<typeof parseCode>} */
  let code = null;
  /** @type {Set<string>} */
  let before = new Set();
  let isSpent = false;
  let wasListed = false;
  /** @type {any} */
  let timer = null;
  const sheet = createSheet(byId("code-layer"), behind, {
    onClose: () => {
      code = null;
      page.clearInterval(timer);
      byId("code-digits").textContent = "";
      byId("code-link").textContent = "";
      byId("code-qr").removeAttribute("src");
    },
  });
  copier(page, byId("code-copy"), () => (code ? code.url : ""), byId("code-link"), strings);
  byId("code-end").addEventListener("click", () => {
    if (code) onEnd(code.id);
    sheet.close();
  });
  byId("code-another").addEventListener("click", () => {
    sheet.close();
    onAnother();
  });

  function tick() {
    if (!code) return;
    const leftMs = code.endsMs - now();
    const isOver = isSpent || leftMs <= 0;
    byId("code-open").hidden = isOver;
    byId("code-over").hidden = !isOver;
    write(byId("code-left"), t("people.code.left", { time: words.left(leftMs) }));
    write(byId("code-over"), t(isSpent ? "people.code.spent" : "people.code.ended"));
    byId("code-end").hidden = isOver;
    byId("code-another").hidden = !isOver;
  }

  return {
    tick,
    /** @param {any} told @param {People | null} people */
    show(told, people) {
      code = parseCode(told);
      if (!code) return;
      isSpent = wasListed = false;
      before = new Set((people ? people.browsers : []).map(({ id }) => id));
      write(byId("code-digits"), shownCode(code.digits));
      byId("code-by-digits").hidden = code.digits === "";
      write(byId("code-address"), code.origin);
      const { page: known, beside } = place();
      const isNamed = beside !== "" && known === code.origin;
      write(byId("code-beside"), isNamed ? t("app.or_address", { address: beside }) : "");
      byId("code-beside").hidden = !isNamed;
      write(byId("code-scan"), t(code.digits === "" ? "people.code.scan_only" : "people.code.scan"));
      byId("code-qr").setAttribute("src", code.picture);
      byId("code-qr").hidden = code.picture === "";
      write(byId("code-link"), code.url);
      write(byId("code-in"), "");
      tick();
      sheet.open();
      page.clearInterval(timer);
      timer = page.setInterval(onLook, LOOK_MS);
    },
    /** @param {People} people */
    tell(people) {
      if (!code) return;
      const { id } = code;
      const came = people.browsers.filter((browser) => !before.has(browser.id)).map(({ name }) => isolated(name));
      const isListed = people.codes.some((one) => one.id === id);
      // An answer may have been on its way before there was the code.
      isSpent = !isListed && (wasListed || came.length > 0);
      wasListed = wasListed || isListed;
      write(byId("code-in"), came.length === 0 ? "" : t("people.code.in", { names: came.join(t("devices.groups.and")) }));
      tick();
    },
  };
}
