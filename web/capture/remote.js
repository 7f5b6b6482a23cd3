/**
 * The device's side of `/ws/control`: tells what this device is and does, and does what others ask where the person at
 * the device permits it. What is decided is in `remote-answers.js`, what is told in `remote-device.js`; the question to
 * the person is shown by `remote-prompt.js`. Nothing here holds up a recording, and a connection that is lost changes none.
 *
 *   const remote = createRemote({ page: window, studio, device, client, storage, numbered, now, record, otherTab, onChange });
 *   remote.tick();                  // about twice a second, and when something has changed
 *   remote.question(now)            // what the person is being asked, or null
 *   remote.answer("once");          // or "always", "no"
 *   remote.line(now)                // what has been done from elsewhere
 *   remote.mode, remote.choose("off")
 *
 * @module
 */

import { controlAddress, createControl } from "../lib/control.js";
import { createAct } from "./remote-act.js";
import { ASK_MS, BUSY, NO_ANSWER, OFF, SAID_NO, permission, readOrder, settled } from "./remote-answers.js";
import { describeDevice } from "./remote-device.js";
import { createLine } from "./remote-line.js";
import { loadMode, saveMode } from "./remote-mode.js";
import { createTurn } from "./remote-turn.js";

/** @typedef {import("./remote-answers.js").Order} Order */
/** @typedef {import("./remote-answers.js").Answer} Answer */
/** @typedef {import("./remote-mode.js").Mode} Mode */
/** @typedef {"once" | "always" | "no"} Reply */
/** @typedef {{ order: Order, untilMs: number }} Question */

/** A camera that flickers is not told more often; `tick` tells what it has become. */
const TELL_MS = 200;

/**
 * @param {object} options
 * @param {import("../lib/control.js").Page & { location: { protocol: string, host: string } }} options.page
 * @param {Pick<import("./studio.js").Studio, "state" | "stop" | "mark" | "change" | "rename">} options.studio
 * @param {import("../lib/device.js").Device} options.device
 * @param {string} options.client
 * @param {Pick<Storage, "getItem" | "setItem"> | null} options.storage
 * @param {(number: number) => string} options.numbered what a camera without a label is called
 * @param {() => number} options.now
 * @param {() => Promise<unknown>} options.record as `?record=now` begins a recording
 * @param {(session: string | null) => boolean} options.otherTab whether another tab records
 * @param {() => Promise<boolean>} options.isDenied whether the browser says that it may not use the camera
 * @param {() => void} options.onChange
 * @param {typeof createControl} [options.connect]
 */
export function createRemote(options) {
  const { page, studio, device, client, storage, numbered, now, record, otherTab, isDenied, onChange, connect = createControl } = options;

  let mode = loadMode(storage);
  const turn = createTurn();
  const line = createLine();
  const act = createAct({ studio, record, timers: page });

  /** @type {"off" | "on" | "refused"} */
  let link = "off";
  /** A command belongs to the connection that it came by. */
  let connection = 0;
  let told = "";
  let toldMs = -Infinity;
  /** @type {(Question & { connection: number, timer: any }) | null} */
  let asked = null;
  let acting = false;
  /** @type {import("./remote-answers.js").Grant | null} */
  let grant = null;
  /** @type {{ from: string, atMs: number } | null} */
  let refused = null;
  let touched = false;
  let denied = false;
  /** What the browser has been asked about. @type {object | null} */
  let doubted = null;
  /** @type {number | null} */
  let openingSince = null;

  for (const sign of ["pointerdown", "keydown"]) {
    page.addEventListener(sign, () => {
      touched = true;
    });
  }

  const control = connect({
    page,
    url: controlAddress(page.location),
    onOpen() {
      connection += 1;
      told = "";
      tell(true);
    },
    onMessage: heard,
    onClose: withdraw,
  });

  /** @returns {import("./remote-device.js").Situation} */
  function situation() {
    const state = studio.state();
    const opening = state.opening && !state.opened;
    if (!opening) openingSince = null;
    else if (openingSince === null) openingSince = now();
    return {
      state,
      hidden: page.document.visibilityState === "hidden",
      otherTab: !state.inSession && otherTab(state.session),
      touched,
      denied,
      openingMs: openingSince === null ? 0 : now() - openingSince,
    };
  }

  /** The same fault is a browser that wants a tap, and a person who said no. @param {object | null} fault */
  function doubt(fault) {
    if (fault === doubted) return;
    doubted = fault;
    denied = false;
    if (!fault) return;
    void isDenied().then((answer) => {
      if (doubted === fault) denied = answer;
    });
  }

  /** @param {boolean} atOnce */
  function tell(atOnce) {
    if (link !== "on" || (!atOnce && Math.abs(now() - toldMs) < TELL_MS)) return;
    const message = describeDevice({ situation: situation(), mode, device, client, numbered });
    const text = JSON.stringify(message);
    if (text === told || !control.send(message)) return;
    told = text;
    toldMs = now();
  }

  /** @param {Order} order @param {number} through @param {Answer} answer */
  function reply(order, through, answer) {
    // What it led to is told before the answer.
    tell(true);
    if (through === connection) control.send({ type: "result", id: order.id, ...answer });
  }

  /** @param {import("../lib/control.js").Message} message */
  function heard(message) {
    if (message.type === "error") {
      if (message.code === "taken_over") rest("off");
      if (message.code === "not_yours") rest("refused");
      return;
    }
    if (message.type !== "command") return;
    const order = readOrder(message, now());
    if (order) command(order);
  }

  /** @param {"off" | "refused"} becomes */
  function rest(becomes) {
    turn.taken(now());
    link = becomes;
    control.stop();
    withdraw();
    onChange();
  }

  /** @param {Order} order */
  function command(order) {
    const through = connection;
    if (mode === "off") return reply(order, through, OFF);
    if (asked || acting) return reply(order, through, asked ? BUSY.asking : BUSY.acting);
    const here = situation();
    const answer = settled(order, here, device.name);
    if (answer) return reply(order, through, answer);
    const { session } = here.state;
    const leave = permission(order, { mode, grant, session, refused, hidden: here.hidden });
    if (leave === "act") return void carryOut(order, through, false);
    if (leave !== "ask") return reply(order, through, leave);
    const timer = page.setTimeout(() => close(NO_ANSWER), ASK_MS);
    asked = { order, untilMs: now() + ASK_MS, connection: through, timer };
    control.send({ type: "result", id: order.id, ok: null, code: "asking", message: "The person at the device is being asked." });
    onChange();
  }

  /** The question goes from the screen. @param {Answer | null} answer null where nobody waits for it any more */
  function close(answer) {
    const was = asked;
    if (!was) return null;
    asked = null;
    page.clearTimeout(was.timer);
    if (answer) reply(was.order, was.connection, answer);
    onChange();
    return was;
  }

  /** Whoever asked has been told that the device is gone: what they wanted is not done behind their back. */
  function withdraw() {
    close(null);
  }

  /** @param {Order} order @param {number} through @param {boolean} once the person permitted this one */
  async function carryOut(order, through, once) {
    acting = true;
    const { answer, over } = act(order);
    // An answer that came late lets nothing else begin: one thing happens at a time.
    void over.then(() => {
      acting = false;
      onChange();
    });
    const outcome = await answer;
    const { session } = studio.state();
    if (outcome.ok) {
      line.did({ do: order.do, from: order.from, atMs: now(), session });
      if (once && order.do === "start" && session !== null) grant = { from: order.from, session };
    }
    reply(order, through, outcome);
    onChange();
  }

  return {
    tick() {
      const here = situation();
      doubt(here.state.opened ? null : here.state.fault);
      if (link === "off") {
        const { inSession, session } = here.state;
        const visible = page.document.visibilityState === "visible";
        if (turn.mayConnect({ other: otherTab(session), inSession, visible, now: now() })) {
          link = "on";
          control.start();
        }
      }
      // The person did it by hand, or it cannot be done any more.
      const answer = asked && settled(asked.order, here, device.name);
      if (answer) close(answer);
      tell(false);
    },

    /** @param {Reply} answer */
    answer(answer) {
      const was = answer === "no" ? close(SAID_NO) : close(null);
      if (!was) return;
      const { order } = was;
      refused = answer === "no" ? { from: order.from, atMs: now() } : null;
      if (answer === "no") return;
      if (answer === "always") this.choose("always");
      const already = settled(order, situation(), device.name);
      if (already) reply(order, was.connection, already);
      else void carryOut(order, was.connection, true);
    },

    /** @param {Mode} chosen */
    choose(chosen) {
      mode = chosen;
      saveMode(storage, chosen);
      grant = null;
      refused = null;
      if (asked && chosen === "off") close(OFF);
      tell(true);
      onChange();
    },

    marked: line.marked,

    /** @param {number} at */
    line(at) {
      const { inSession, session } = studio.state();
      return line.sentence(inSession ? session : null, at);
    },

    /** @returns {Question | null} */
    question: () => asked,

    get mode() {
      return mode;
    },

    /** Why nothing comes from elsewhere, though it is permitted: "other_tab", "not_yours", or null. */
    get silence() {
      if (link === "refused") return "not_yours";
      const { state } = situation();
      return link === "off" && (otherTab(state.session) || !state.inSession) ? "other_tab" : null;
    },
  };
}

/** @typedef {ReturnType<typeof createRemote>} Remote */
