/**
 * The head of a card: how it stands, whose it is, and what opens the rest.
 *
 *   const { element, head, light, name, more } = createCardHead("device source", "h3");
 *
 * @module
 */

import { make } from "../lib/elements.js";
import { icon } from "../lib/icon.js";

/** @param {string} className of the card @param {"h2" | "h3"} heading */
export function createCardHead(className, heading) {
  const element = make("li", className);
  const head = make("div", "device-head");
  const light = make("span", "light");
  light.setAttribute("aria-hidden", "true");
  const name = make(heading, "device-name");
  const more = make("button", "bare");
  more.type = "button";
  more.append(icon("settings"));
  more.setAttribute("aria-haspopup", "dialog");
  head.append(light, name, more);
  return { element, head, light, name, more };
}
