/**
 * What has been asked of devices from this page, and what they answered. Pure: connection, clock and ids are the caller's.
 *
 *   const commands = createCommands({ send, now, newId });
 *   commands.issue({ group: "hall" }, "start", undefined, ["device-1", "device-2"])
 *   commands.heard(message)       true where it was an answer
 *   commands.lost()               the connection that answers would come by is gone
 *   commands.of("device-1")       its newest answer, or null
 *   commands.batch()              the newest command to more than one, counted; null once it is old or closed
 *
 * @module
 */

/** The server gives up on a device after 60 s, and says so. */
const NO_ANSWER_MS = 75000;
/** That it worked is seen at the device's state. */
const DONE_MS = 5000;
/** Whoever comes back from the device still reads why it did not. */
const REFUSED_MS = 120000;
/** Answers that come later than this many commands are nobody's. */
const REMEMBERED = 40;

/** @typedef {import("./devices.js").Act} Act */
/** @typedef {string | { group: string } | { all: true }} To */
/** @typedef {"sent" | "asking" | "done" | "refused"} Progress */
/** @typedef {{ act: Act, progress: Progress, code: string, message: string, atMs: number }} Answer */
/** @typedef {{ id: string, to: To, act: Act, answers: Map<string, Answer>, expected: string[], atMs: number, isClosed: boolean }} Command */
/** @typedef {{ act: Act, total: number, done: number, waiting: number, asking: number, refused: { device: string, answer: Answer }[] }} Batch */

/**
 * @param {object} options
 * @param {(message: Record<string, any>) => boolean} options.send
 * @param {() => number} options.now ms that never run backwards
 * @param {() => string} options.newId
 */
export function createCommands({ send, now, newId }) {
  /** The newest last. @type {Command[]} */
  let commands = [];

  /** @param {Answer} answer */
  const isOpen = ({ progress }) => progress === "sent" || progress === "asking";

  /** @param {Command} command @param {string} device @param {Progress} progress @param {string} [code] @param {string} [message] */
  function put(command, device, progress, code = "", message = "") {
    command.answers.set(device, { act: command.act, progress, code, message, atMs: now() });
  }

  /** @param {Command} command @param {string} code */
  function giveUp(command, code) {
    for (const [device, answer] of command.answers) if (isOpen(answer)) put(command, device, "refused", code);
  }

  /** @param {Answer} answer */
  function isCurrent(answer) {
    const ageMs = now() - answer.atMs;
    return isOpen(answer) || ageMs < (answer.progress === "done" ? DONE_MS : REFUSED_MS);
  }

  function look() {
    for (const command of commands) if (now() - command.atMs >= NO_ANSWER_MS) giveUp(command, "no_answer");
  }

  /** @param {any} message */
  function result({ id, device, ok, code, message }) {
    const command = commands.find((one) => one.id === id);
    if (!command) return;
    // A command that is wrong in itself is answered for no device at all.
    const devices = typeof device === "string" && device !== "" ? [device] : command.expected;
    const progress = ok === true ? "done" : ok === null ? "asking" : "refused";
    for (const one of devices) {
      // A group also answers for those of which nothing was expected: that they did nothing is no news.
      if (progress === "refused" && !command.expected.includes(one)) continue;
      if (progress === "done" && !command.expected.includes(one) && !command.answers.has(one)) continue;
      put(command, one, progress, typeof code === "string" ? code : "", typeof message === "string" ? message : "");
    }
  }

  return {
    /** @param {To} to @param {Act} act @param {unknown} value @param {string[]} expected who is meant */
    issue(to, act, value, expected) {
      /** @type {Command} */
      const command = { id: newId(), to, act, answers: new Map(), expected, atMs: now(), isClosed: false };
      for (const device of expected) put(command, device, "sent");
      commands = commands.concat(command).slice(-REMEMBERED);
      const isOnItsWay = send({ type: "command", id: command.id, to, do: act, ...(value === undefined ? {} : { value }) });
      if (!isOnItsWay) giveUp(command, "no_connection");
    },

    /** @param {any} message */
    heard(message) {
      if (message === null || typeof message !== "object") return false;
      if (message.type === "done") {
        const command = commands.find(({ id }) => id === message.id);
        if (command) giveUp(command, "no_answer");
        return true;
      }
      if (message.type !== "result") return false;
      result(message);
      return true;
    },

    lost() {
      for (const command of commands) giveUp(command, "lost");
    },

    /** @param {string} device @returns {Answer | null} */
    of(device) {
      look();
      for (let at = commands.length - 1; at >= 0; at -= 1) {
        const answer = commands[at].answers.get(device);
        if (answer) return isCurrent(answer) ? answer : null;
      }
      return null;
    },

    /** @returns {Batch | null} */
    batch() {
      look();
      const many = commands.filter(({ to, isClosed }) => typeof to !== "string" && !isClosed);
      if (many.length === 0) return null;
      const command = many[many.length - 1];
      const all = Array.from(command.answers, ([device, answer]) => ({ device, answer })).filter(({ device }) => command.expected.includes(device));
      if (!all.some(({ answer }) => isCurrent(answer))) return null;
      /** @param {Progress} progress */
      const having = (progress) => all.filter(({ answer }) => answer.progress === progress);
      return {
        act: command.act,
        total: all.length,
        done: having("done").length,
        waiting: having("sent").length,
        asking: having("asking").length,
        refused: having("refused"),
      };
    },

    /** What it says has been read. */
    close() {
      for (const command of commands) command.isClosed = true;
    },
  };
}
