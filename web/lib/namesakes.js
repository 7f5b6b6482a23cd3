/**
 * Two that are called alike are told apart by what each is called in addresses. Pure.
 *
 *   nameApart({ id: "door-2", name: "Door" }, [{ id: "door", name: "door" }, …])     "Door (door-2)"
 *
 * @module
 */

/** @typedef {{ id: string, name: string }} Named */

/** @param {Named} one @param {Named[]} all with or without it @param {(id: string) => string} [shown] what of the id is shown */
export function nameApart({ id, name }, all, shown = (id) => id) {
  const isAlike = (/** @type {Named} */ other) => other.id !== id && other.name.toLowerCase() === name.toLowerCase();
  return all.some(isAlike) ? `${name} (${shown(id)})` : name;
}
