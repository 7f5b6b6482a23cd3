/**
 * Who this browser is to the server, where a page's menu is, and the way out.
 *
 *   const who = createWho({ page: window, strings, access, mayLeave: () => true });
 *   who.show(known);        what the server has said, or null
 *
 * Its place is `parts::who()`.
 *
 * @module
 */

import { byId, write } from "./elements.js";
import { isolated } from "./plain-text.js";

/**
 * @param {object} options
 * @param {Window} options.page
 * @param {import("./strings.js").Strings} options.strings
 * @param {Pick<import("./access.js").AccessClient, "signOut" | "look">} options.access
 * @param {() => boolean} [options.mayLeave] not in the middle of something that leaving would end
 * @param {(known: import("./access.js").Access) => void} [options.onKnown]
 */
export function createWho({ page, strings, access, mayLeave = () => true, onKnown = () => {} }) {
  const { t } = strings;
  const button = /** @type {HTMLButtonElement} */ (byId("sign-out"));

  button.addEventListener("click", async () => {
    if (!mayLeave()) {
      write(byId("who"), t("who.recording"));
      return;
    }
    button.disabled = true;
    try {
      await access.signOut();
      page.location.reload();
    } catch (error) {
      const { said } = /** @type {{ said?: string }} */ (error);
      button.disabled = false;
      write(byId("who"), said ? t("who.sign_out_refused", { message: said }) : t("who.sign_out_failed"));
      byId("who").classList.add("wrong");
    }
  });

  /** @param {import("./access.js").Access | null} known */
  function show(known) {
    const { who, name, person, role } = known ? known.you : { who: "nobody", name: "", person: "", role: null };
    const text = who === "browser" && role ? t(`who.${role}`, { name: isolated(person || name) }) : who === "everyone" || who === "open" ? t(`who.${who}`) : "";
    write(byId("who"), text);
    byId("who").hidden = text === "";
    // A person may be signed in on several.
    byId("who").title = name;
    button.hidden = who !== "browser";
    byId("sign-in-open").hidden = who !== "everyone";
  }

  return {
    show,
    async look() {
      const known = await access.look().catch(() => null);
      show(known);
      if (known) onKnown(known);
    },
  };
}
