/**
 * Carries out what has been permitted, and looks whether it came to be.
 *
 *   const act = createAct({ studio, record, timers });
 *   const answer = await act(order);     // within 25 s, whatever becomes of it later
 *
 * @module
 */

import { DONE, no, readQuality } from "./remote-answers.js";
import { cameraId, qualityId } from "./remote-device.js";

/** @typedef {import("./remote-answers.js").Order} Order */
/** @typedef {import("./remote-answers.js").Answer} Answer */

/** An opening that has no end is given up then, so that the next command finds the device free. With the time that a person has to answer it stays below the minute after which the server answers by itself. */
export const ACT_MS = 25000;

const SLOW = no("failed", `The device has not finished within ${ACT_MS / 1000} s; its state tells how it ends.`);

/**
 * @param {object} options
 * @param {Pick<import("./studio.js").Studio, "state" | "stop" | "mark" | "change" | "rename" | "giveUp">} options.studio
 * @param {() => Promise<unknown>} options.record as `?record=now` begins a recording
 * @param {{ setTimeout(work: () => void, ms: number): any, clearTimeout(timer: any): void }} options.timers
 */
export function createAct({ studio, record, timers }) {
  /** @param {Order} order @returns {Promise<Answer>} */
  async function perform({ do: what, value, atMs }) {
    switch (what) {
      case "start":
        await record();
        return studio.state().inSession ? DONE : no("failed", "The recording did not begin: the page at the device says why.");
      case "stop":
        await studio.stop();
        return DONE;
      case "mark":
        return studio.mark({ label: value, atMs }) ? DONE : no("failed", "The recording had ended before it could be marked.");
      case "camera":
        await studio.change({ cameraId: value }, "camera");
        return studio.state().opened && cameraId(studio.state()) === value
          ? DONE
          : no("failed", "The camera did not open: the page at the device says why.");
      case "quality": {
        const wish = readQuality(value) || {};
        await studio.change(wish, "settings");
        const { settings } = studio.state();
        return qualityId({ ...settings, ...wish }) === qualityId(settings)
          ? DONE
          : no("failed", "The camera did not give that picture; the device goes on with what it had.");
      }
      default:
        studio.rename(value);
        return DONE;
    }
  }

  /**
   * @param {Order} order
   * @returns {{ answer: Promise<Answer>, over: Promise<unknown> }} `over`: it has ended, though perhaps after its answer
   */
  return (order) => {
    const performed = perform(order).catch((error) => no("failed", `The device could not do it: ${String(error).slice(0, 150)}`));
    /** @type {any} */
    let timer = null;
    /** @type {Promise<Answer>} */
    const slow = new Promise((resolve) => {
      timer = timers.setTimeout(() => {
        resolve(SLOW);
        studio.giveUp();
      }, ACT_MS);
    });
    const over = performed.then((answer) => {
      timers.clearTimeout(timer);
      return answer;
    });
    return { answer: Promise.race([over, slow]), over };
  };
}
