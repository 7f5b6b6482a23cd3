/**
 * A recording that an earlier visit was interrupted in goes on: by itself as soon as a camera is open, or when the
 * person says so; or it does not, because the person says so or begins another one.
 *
 *   const goingOn = createGoingOn({ studio, leftovers, now });
 *   goingOn.tick();
 *   goingOn.isAsking()    // whether the question is on the screen
 *   goingOn.needsTap()    // why the camera is not open: because nobody has touched the page
 *   await goingOn.yes();
 *   goingOn.no();
 *
 * @module
 */

/** What Safari says of a page that asks for the camera by itself, and others of one that nobody has touched. */
const MAY_NEED_A_TAP = ["error.permission", "error.permission_dismissed", "error.page_inactive"];
/** Where the browser permits the camera already, no question flashes up. */
const QUIETLY_MS = 1500;

/**
 * @param {object} options
 * @param {Pick<import("./studio.js").Studio, "state" | "goOn">} options.studio
 * @param {Pick<import("./leftovers.js").Leftovers, "interrupted" | "take" | "giveUp">} options.leftovers
 * @param {() => number} options.now
 */
export function createGoingOn({ studio, leftovers, now }) {
  let tried = "";
  let foundMs = 0;
  let found = "";
  let going = false;

  let tapped = false;

  async function goOn() {
    if (going) return;
    going = true;
    try {
      await studio.goOn(leftovers.take);
    } finally {
      going = false;
    }
  }

  return {
    tick() {
      const left = leftovers.interrupted;
      if (!left) return;
      if (found !== left.session) {
        found = left.session;
        foundMs = now();
      }
      const { opened, inSession, phase } = studio.state();
      if (!opened || inSession || phase === "stopping" || tried === left.session) return;
      tried = left.session;
      void goOn();
    },

    isAsking() {
      const left = leftovers.interrupted;
      if (!left) return false;
      const { fault, inSession } = studio.state();
      return !inSession && (fault !== null || (found === left.session && now() - foundMs > QUIETLY_MS));
    },

    /** The camera may need a tap, and has not had one. */
    needsTap() {
      const { fault } = studio.state();
      return !tapped && fault !== null && MAY_NEED_A_TAP.includes(fault.key);
    },

    yes() {
      return goOn().then(() => {
        tapped = true;
      });
    },
    no: leftovers.giveUp,
  };
}
