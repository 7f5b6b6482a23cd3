/**
 * The devices, a card for each, in the list's order.
 *
 *   const cards = createCards({ list: byId("devices"), create: (id) => createCard({ id, … }) });
 *   cards.render(looks);
 *
 * @module
 */

/** @typedef {import("./card.js").Look} Look */
/** @typedef {ReturnType<typeof import("./card.js").createCard>} Card */

/** @param {{ list: HTMLElement, create: (id: string) => Card }} options */
export function createCards({ list, create }) {
  /** @type {Map<string, Card>} */
  const cards = new Map();
  return {
    /** @param {Look[]} looks */
    render(looks) {
      const ids = looks.map(({ device }) => device.device);
      for (const [id, card] of Array.from(cards)) {
        if (ids.includes(id)) continue;
        card.element.remove();
        cards.delete(id);
      }
      looks.forEach((look, at) => {
        let card = cards.get(look.device.device);
        if (!card) {
          card = create(look.device.device);
          cards.set(look.device.device, card);
        }
        // Moving an element would take the focus from its buttons.
        if (list.children[at] !== card.element) list.insertBefore(card.element, list.children[at] || null);
        card.render(look);
      });
    },
  };
}
