// Compares two sequences of hashes and says in words what differs.

// The table below has this many cells at most; larger differences are only counted.
const CELLS = 9_000_000;

/**
 * @typedef {{ from: number, to: number }} Range half-open
 * @typedef {{ pairs: [number, number][], missing: Range[], extra: Range[], altered: { original: Range, found: Range }[] }} Difference
 */

/**
 * @param {string[]} original @param {string[]} found
 * @returns {Difference} `pairs` are the places that belong together, as [original, found]
 */
export function compare(original, found) {
  /** @type {[number, number][]} */
  const pairs = [];
  const least = Math.min(original.length, found.length);
  let head = 0;
  while (head < least && original[head] === found[head]) head++;
  let tail = 0;
  while (tail < least - head && original[original.length - 1 - tail] === found[found.length - 1 - tail]) tail++;
  for (let i = 0; i < head; i++) pairs.push([i, i]);
  pairs.push(...middle(original.slice(head, original.length - tail), found.slice(head, found.length - tail), head));
  for (let i = tail; i > 0; i--) pairs.push([original.length - i, found.length - i]);

  /** @type {Difference} */
  const difference = { pairs, missing: [], extra: [], altered: [] };
  let before = /** @type {[number, number]} */ ([-1, -1]);
  for (const pair of [...pairs, /** @type {[number, number]} */ ([original.length, found.length])]) {
    const lost = { from: before[0] + 1, to: pair[0] };
    const added = { from: before[1] + 1, to: pair[1] };
    if (lost.to > lost.from && added.to > added.from) difference.altered.push({ original: lost, found: added });
    else if (lost.to > lost.from) difference.missing.push(lost);
    else if (added.to > added.from) difference.extra.push(added);
    before = pair;
  }
  return difference;
}

/** The longest common subsequence. @param {string[]} a @param {string[]} b @param {number} shift @returns {[number, number][]} */
function middle(a, b, shift) {
  const width = b.length + 1;
  if (a.length === 0 || b.length === 0 || (a.length + 1) * width > CELLS) return [];
  const table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const here = i * width + j;
      table[here] = a[i] === b[j] ? at(table, here + width + 1) + 1 : Math.max(at(table, here + width), at(table, here + 1));
    }
  }
  /** @type {[number, number][]} */
  const pairs = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([shift + i++, shift + j++]);
    else if (at(table, (i + 1) * width + j) >= at(table, i * width + j + 1)) i++;
    else j++;
  }
  return pairs;
}

/** @param {Uint16Array} table @param {number} i */
const at = (table, i) => /** @type {number} */ (table[i]);
