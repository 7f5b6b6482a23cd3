/**
 * The way in on the capture page. In front of the page while nobody may use it, and in a sheet while something that
 * was recorded waits to be let in: the recording goes on behind it.
 *
 *   const entry = createEntry({ page: window, strings, device, heldBytes });
 *   await entry.pass();                     nothing is opened before; a server that does not answer stands in nobody's way
 *   entry.attach({ isIdle, onIn });         the page behind it runs
 *   entry.ask("revoked", 12_000_000);       the sheet, with how much waits
 *   entry.tell(waitingBytes)
 *
 * @module
 */

import { createSheet } from "../capture/sheet.js";
import { createAccess } from "../lib/access.js";
import { createClaims, sessionStorageOrNull } from "../lib/claims.js";
import { byId } from "../lib/elements.js";
import { takePairSecret } from "../lib/pair-secret.js";
import { createSignInPanel } from "./panel.js";
import { stageOf } from "./stage.js";

/** A camera that is let in does not wait long for a server that is away. */
const PATIENCE_MS = 3000;
/** As often as a device that was not let in asks again. */
const LOOK_MS = 30_000;
/** Somebody stands in front of it. */
const LOOK_SOON_MS = 5000;

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {import("../lib/strings.js").Strings} options.strings
 * @param {import("../lib/device.js").Device} options.device
 * @param {() => Promise<number>} options.heldBytes what earlier visits recorded and nobody has taken yet
 */
export function createEntry({ page, strings, device, heldBytes }) {
  const secret = takePairSecret(page);
  const access = createAccess({ claims: createClaims(sessionStorageOrNull(page)) });
  const front = byId("entry");
  const app = byId("app");
  /** @type {() => void} */
  let passed = () => {};
  /** The page behind it. @type {{ isIdle: () => boolean, onIn: () => void } | null} */
  let behind = null;
  let isAsking = false;

  const panel = createSignInPanel({ page, strings, access, name: () => device.name, device, records: true, onIn: letIn });
  const sheet = createSheet(byId("let-in-layer"), app, {
    onClose: () => {
      isAsking = false;
      panel.leave();
    },
  });

  function letIn() {
    if (behind) {
      sheet.close();
      behind.onIn();
      return;
    }
    front.hidden = true;
    passed();
  }

  async function look() {
    const known = await access.look().catch(() => null);
    if (!known) return;
    if (!behind) {
      if (panel.show(known)) letIn();
    } else if (isAsking) {
      panel.show(known);
    } else if (behind.isIdle() && stageOf(known, { records: true }) !== "in") {
      // Nothing is recorded, and nothing is lost by beginning anew.
      page.location.reload();
    }
  }

  async function standInFront() {
    front.hidden = false;
    page.document.body.dataset.state = "entry";
    panel.focus();
    panel.held(await heldBytes().catch(() => 0));
  }

  /** @param {string} another secret of a link */
  async function redeem(another) {
    if (behind) ask("wish", 0);
    if (!(await panel.redeem(another)) && !behind) void standInFront();
  }

  /** @param {"not_paired" | "revoked" | "wish"} why @param {number} bytes */
  function ask(why, bytes) {
    isAsking = true;
    byId("let-in-body").append(byId("entry-panel"));
    panel.ask({ why, heldBytes: bytes });
    sheet.open();
  }

  page.addEventListener("hashchange", () => {
    const another = takePairSecret(page);
    if (another !== null) void redeem(another);
  });
  page.document.addEventListener("visibilitychange", () => {
    if (page.document.visibilityState === "visible") void look();
  });
  const repeat = () => {
    page.setTimeout(() => {
      if (page.document.visibilityState === "visible") void look();
      repeat();
    }, behind && !isAsking ? LOOK_MS : LOOK_SOON_MS);
  };

  return {
    access,
    ask,
    /** @returns {Promise<void>} */
    async pass() {
      const isIn = new Promise((resolve) => {
        passed = () => resolve(undefined);
      });
      repeat();
      if (secret !== null) {
        void redeem(secret);
        return isIn;
      }
      const patience = new Promise((resolve) => page.setTimeout(() => resolve(null), PATIENCE_MS));
      const known = await Promise.race([access.look().catch(() => null), patience]);
      // A camera records without its server, too; what it records waits.
      if (!known || panel.show(known)) {
        front.hidden = true;
        return;
      }
      await Promise.all([standInFront(), isIn]);
    },

    /** @param {{ isIdle: () => boolean, onIn: () => void }} page */
    attach(page) {
      behind = page;
    },

    /** How much waits, while somebody looks. @param {number} bytes */
    tell(bytes) {
      if (isAsking) panel.held(bytes);
    },

    get isAsking() {
      return isAsking;
    },
  };
}

/** @typedef {ReturnType<typeof createEntry>} Entry */
