/**
 * The page for an address: one types where a camera is, and sees its picture.
 *
 * @module
 */

import { createRecent, shownAs } from "./address/recent.js";
import { addressOf, hashOf, keptHash } from "./address/route.js";
import { createViewer } from "./address/viewer.js";
import { createAside } from "./lib/back.js";
import { localStorageOrNull } from "./lib/device.js";
import { createDoor } from "./lib/door.js";
import { byId, make, write } from "./lib/elements.js";
import { icon, keepIcons } from "./lib/icon.js";
import { hostOf, isSecret, readAddress, withLogin } from "./lib/rtsp-address.js";
import { loadStrings } from "./lib/strings.js";
import { createWords } from "./live/words.js";
import { linkToAdd } from "./sources/route.js";
import { createSourceWords } from "./sources/words.js";

const RENDER_MS = 500;
/** Whoever looks away for a moment goes on where they were; a camera that nobody looks at is left alone. */
const HIDDEN_MS = 30_000;

/** @param {string} id */
const input = (id) => /** @type {HTMLInputElement} */ (byId(id));

function start() {
  const strings = loadStrings(document);
  const { t } = strings;
  createDoor({ page: window, strings });
  const words = createWords(strings);
  const sourceWords = createSourceWords(strings);
  const recent = createRecent(localStorageOrNull(window));
  const canvas = /** @type {HTMLCanvasElement} */ (byId("picture"));
  const stage = byId("stage");
  /** What is looked at. @type {{ address: string, user: string, password: string } | null} */
  let shown = null;

  const viewer = createViewer({ page: window, base: location, onImage: draw, onChange: render });

  /** @param {HTMLImageElement} image */
  function draw(image) {
    const context = canvas.getContext("2d");
    const { naturalWidth: width, naturalHeight: height } = image;
    if (!context || width === 0 || height === 0) return;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    context.drawImage(image, 0, 0, width, height);
    canvas.hidden = false;
  }

  /** The configuration does not name this address. @param {ReturnType<typeof viewer.look>} look */
  const isForbidden = ({ state, code }) => state === "refused" && code === "not_allowed";

  /** @param {ReturnType<typeof viewer.look>} look */
  function above(look) {
    const { state, reason, code } = look;
    switch (state) {
      case "connecting":
        return t("address.connecting");
      case "lost":
        return t("live.player.lost");
      case "over":
        return t("sources.why.ended");
      case "refused":
        return sourceWords.reason(code, reason);
      case "off":
        return t("address.none");
      default:
        return "";
    }
  }

  function render() {
    const look = viewer.look();
    const { state, picturesPerSecond, bitrateBps } = look;
    stage.dataset.state = state;
    // An old picture is not one of now.
    if (state === "off" || state === "refused" || state === "connecting") canvas.hidden = true;
    const text = above(look);
    write(byId("over"), text);
    byId("over").hidden = text === "";
    const isPlaying = state === "playing";
    write(byId("size"), isPlaying ? `${canvas.width} × ${canvas.height}` : "–");
    write(byId("rate"), isPlaying && picturesPerSecond !== null ? picturesPerSecond.toFixed(picturesPerSecond < 9.5 ? 1 : 0) : "–");
    write(byId("bitrate"), isPlaying && bitrateBps !== null ? words.bitrate(bitrateBps) : "–");
    /** @type {HTMLButtonElement} */ (byId("stop")).disabled = shown === null;
    // A link that is pointed at is shown, and can be copied.
    const mayAdd = isPlaying && shown !== null && !isSecret(shown.address);
    byId("add").hidden = !mayAdd;
    if (shown && mayAdd) byId("add").setAttribute("href", linkToAdd(shown.address, shown.user));
    else byId("add").removeAttribute("href");
    byId("allow").hidden = !isForbidden(look);
    if (shown && isForbidden(look)) {
      const entry = `"rtsp://${hostOf(shown.address)}"`;
      write(byId("allow-entry"), entry);
      write(byId("allow-lines"), `[viewers]\nrtsp_addresses = [${entry}]`);
    }
  }

  function drawRecent() {
    const entries = recent.list();
    byId("recent-box").hidden = entries.length === 0;
    byId("recent").replaceChildren(
      ...entries.map((entry) => {
        const item = make("li", "recent-item");
        const take = make("button", "recent-take mono");
        take.type = "button";
        take.textContent = shownAs(entry);
        take.addEventListener("click", () => {
          fill({ ...entry, password: "" });
          if (entry.hasPassword) input("password").focus();
          else show();
        });
        const remove = make("button", "bare");
        remove.type = "button";
        remove.append(icon("close"));
        remove.setAttribute("aria-label", t("address.forget", { address: shownAs(entry) }));
        remove.addEventListener("click", () => {
          recent.remove(entry.address);
          drawRecent();
          const next = /** @type {HTMLElement | null} */ (byId("recent").querySelector(".bare"));
          (next || input("address")).focus();
        });
        item.append(take, remove);
        return item;
      }),
    );
  }

  /** @param {{ address: string, user: string, password: string }} read */
  function fill({ address, user, password }) {
    input("address").value = address;
    input("user").value = user;
    input("password").value = password;
    wrong("");
  }

  /** @param {string} text */
  function wrong(text) {
    write(byId("address-wrong"), text);
    byId("address-wrong").hidden = text === "";
    input("address").setAttribute("aria-invalid", String(text !== ""));
  }

  /** A login that was pasted with the address goes to its own fields, where it is not seen. */
  function read() {
    const told = readAddress(input("address").value);
    if ("problem" in told) return told;
    const { address } = told;
    const typed = { user: input("user").value.trim(), password: input("password").value };
    const isOther = told.user !== "" && (told.password !== "" || told.user !== typed.user);
    const { user, password } = isOther ? told : typed;
    fill({ address, user, password });
    return { address, user, password };
  }

  function show() {
    const told = read();
    if ("problem" in told) {
      wrong(t(told.problem === "empty" ? "sources.problem.address.empty" : `sources.problem.${told.problem}`));
      input("address").focus();
      return;
    }
    wrong("");
    shown = told;
    const { address, user, password } = told;
    history.replaceState(null, "", location.pathname + location.search + hashOf(address));
    recent.add({ address, user, hasPassword: password !== "" });
    drawRecent();
    viewer.show(withLogin(address, user, password));
    render();
  }

  function stop() {
    shown = null;
    viewer.stop();
    render();
  }

  function follow() {
    const wanted = addressOf(location.hash);
    // What came with a login is left neither in the bar nor in the history, also where it cannot be read.
    const kept = keptHash(location.hash);
    if (kept !== location.hash) history.replaceState(null, "", location.pathname + location.search + kept);
    if (!wanted || (shown && shown.address === wanted.address)) return;
    const known = recent.list().find(({ address }) => address === wanted.address);
    fill({ ...wanted, user: wanted.user || (known ? known.user : "") });
    if (known && known.hasPassword && wanted.password === "") input("password").focus();
    else show();
  }

  byId("form").addEventListener("submit", (event) => {
    event.preventDefault();
    show();
  });
  byId("stop").addEventListener("click", stop);
  input("address").addEventListener("change", () => void read());
  input("address").addEventListener("input", () => wrong(""));
  window.addEventListener("hashchange", follow);
  createAside({
    page: window,
    afterMs: HIDDEN_MS,
    leave() {
      const isAny = shown !== null && viewer.look().state !== "refused";
      if (isAny) viewer.stop();
      return isAny;
    },
    comeBack() {
      if (shown) viewer.show(withLogin(shown.address, shown.user, shown.password));
    },
    wake: viewer.wake,
  });
  void keepIcons(document);
  document.body.dataset.state = "address";
  byId("app").hidden = false;
  drawRecent();
  render();
  follow();
  setInterval(render, RENDER_MS);
}

start();
