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
  /** The person has begun another recording, or does not want this one. */
  let declined = false;

  async function goOn() {
    if (going) return;
    going = true;
    const left = leftovers.interrupted;
    try {
      await studio.goOn(leftovers.take);
    } finally {
      going = false;
      if (left && leftovers.interrupted !== left) tried = left.session;
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
      // It was found after that: nothing is to begin by itself when the other recording is stopped.
      if (!going && (declined || inSession)) {
        leftovers.giveUp();
        return;
      }
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

    no() {
      declined = true;
      leftovers.giveUp();
    },
  };
}
