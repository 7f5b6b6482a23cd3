/**
 * What a person has said yes to is done to those that were named, and to nobody who has joined them since. Pure.
 *
 *   confirmed({ meant: () => devices, ask: (devices, yes) => …, go: (devices) => … })
 *
 * A command to a group is for whoever is in it when the server reads it; one to each device would need more commands at
 * once than the server takes from one page. So the names are compared at the yes, and others are asked about anew.
 *
 * @module
 */

/** @typedef {import("./devices.js").Device} Device */

/**
 * @param {object} options
 * @param {() => Device[]} options.meant as it is at this moment
 * @param {(devices: Device[], yes: () => void) => void} options.ask
 * @param {(devices: Device[]) => void} options.go
 */
export function confirmed({ meant, ask, go }) {
  const named = meant();
  if (named.length === 0) return;
  ask(named, () => {
    const now = meant();
    // Those that have ended by themselves in the meantime are as they should be.
    const isNamed = now.every(({ device }) => named.some((one) => one.device === device));
    if (!isNamed) confirmed({ meant, ask, go });
    else if (now.length > 0) go(now);
  });
}
