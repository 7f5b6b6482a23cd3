/**
 * The device's side of `/ws/control`: tells what this device is and does, and does what others ask where the person at
 * the device permits it. What is decided is in `remote-answers.js`, what is told in `remote-device.js`; the question to
 * the person is shown by `remote-prompt.js`. Nothing here holds up a recording, and a connection that is lost changes none.
 *
 *   const remote = createRemote({ page: window, studio, device, client, storage, numbered, now, record, otherTab, onChange });
 *   remote.tick();                  // about twice a second, and when something has changed
 *   remote.question()               // what the person is being asked, or null
 *   remote.answer("once", question);    // or "always", "no", to that question and no other
 *   remote.line(now)                // what has been done from elsewhere
 *   remote.mode, remote.choose("off")
 *
 * @module
 */

import { controlAddress, createControl } from "../lib/control.js";
import { createAct } from "./remote-act.js";
import { ASK_MS, BUSY, NO_ANSWER, OFF, SAID_NO, dependsOnOthers, interrupts, permission, readOrder, settled } from "./remote-answers.js";
import { describeDevice } from "./remote-device.js";
import { createLine } from "./remote-line.js";
import { createMode } from "./remote-mode.js";
import { createPatience } from "./remote-patience.js";
import { createTurn } from "./remote-turn.js";

/** @typedef {import("./remote-answers.js").Order} Order */
/** @typedef {import("./remote-answers.js").Answer} Answer */
/** @typedef {import("./remote-mode.js").Mode} Mode */
/** @typedef {import("./remote-answers.js").Standing["unasked"]} Unasked */
/** @typedef {"once" | "always" | "no"} Reply */
/** @typedef {{ order: Order, untilMs: number }} Question */

/** A camera that flickers is not told more often; `tick` tells what it has become. */
const TELL_MS = 200;

/**
 * @param {object} options
 * @param {import("../lib/control.js").Page & { location: { protocol: string, host: string }, document: { hasFocus(): boolean } }} options.page
 * @param {Pick<import("./studio.js").Studio, "state" | "stop" | "mark" | "change" | "rename" | "giveUp">} options.studio
 * @param {import("../lib/device.js").Device} options.device
 * @param {string} options.client
 * @param {Pick<Storage, "getItem" | "setItem"> | null} options.storage
 * @param {(number: number) => string} options.numbered what a camera without a label is called
 * @param {() => number} options.now
 * @param {() => Promise<unknown>} options.record as `?record=now` begins a recording
 * @param {Pick<import("./other-tab.js").OtherTab, "look" | "records">} options.otherTab
 * @param {() => Promise<boolean>} options.isDenied whether the browser says that it may not use the camera
 * @param {(withMicrophone: boolean) => Promise<Unasked>} options.opensUnasked whether the browser opens a camera without a question
 * @param {() => void} options.onChange
 * @param {typeof createControl} [options.connect]
 */
export function createRemote(options) {
  const { page, studio, device, client, storage, numbered, now, record, otherTab, isDenied, opensUnasked, onChange, connect = createControl } = options;

  const mode = createMode(storage);
  const turn = createTurn();
  const patience = createPatience();
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
  /** Commands that are being carried out: one, and a stop that waits for none. */
  let acting = 0;
  /** Commands that wait for a look at the other tabs, and the last look. */
  let waiting = 0;
  /** @type {Promise<unknown>} */
  let looked = Promise.resolve();
  /** @type {import("./remote-answers.js").Grant | null} */
  let grant = null;
  /** Whether the person has chosen "always" since the page was opened: then they have seen what it asks. */
  let attended = false;
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
      otherTab: !state.inSession && otherTab.records(state.session),
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
    const message = describeDevice({ situation: situation(), mode: mode.now, device, client, numbered });
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
    if (order) inTurn(order);
  }

  /** What is known of other tabs may be a minute old in a hidden one. Commands keep their order meanwhile. @param {Order} order */
  function inTurn(order) {
    const through = connection;
    const isDoubtful = dependsOnOthers(order, studio.state());
    if (waiting === 0 && !isDoubtful) return command(order);
    waiting += 1;
    looked = Promise.all([looked, isDoubtful ? otherTab.look() : null]);
    void looked.then(() => {
      waiting -= 1;
      // Whoever asked has been told that the device is gone.
      if (through === connection) command(order);
    });
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
    look();
    if (mode.now === "off") return reply(order, through, OFF);
    const here = situation();
    const isStop = order.do === "stop" && here.state.inSession;
    // Whoever ends a recording does not wait for what others want of it; they would wait for ever.
    if (acting > 0 && !isStop) return reply(order, through, BUSY.acting);
    if (asked && !(isStop && leave(order, here, "yes") === "act")) return reply(order, through, BUSY.asking);
    const answer = settled(order, here, device.name);
    if (answer) return reply(order, through, answer);
    if (!interrupts(order, here.state)) return decide(order, through, "yes");
    acting += 1;
    const { settings, devices } = here.state;
    const withMicrophone = settings.microphone !== "none" && devices.microphones.length > 0;
    void opensUnasked(withMicrophone).then((unasked) => {
      acting -= 1;
      if (through !== connection) return;
      const now = settled(order, situation(), device.name);
      if (mode.now === "off") reply(order, through, OFF);
      else if (now) reply(order, through, now);
      else decide(order, through, unasked);
    });
  }

  /** @param {Order} order @param {import("./remote-device.js").Situation} here @param {Unasked} unasked */
  function leave(order, { state, hidden }, unasked) {
    const refusal = patience.refusal(order.from, now());
    return permission(order, { mode: mode.now, grant, session: state.session, refusal, unasked, attended, hidden });
  }

  /** @param {Order} order @param {number} through @param {Unasked} unasked */
  function decide(order, through, unasked) {
    const may = leave(order, situation(), unasked);
    if (may === "act") return void carryOut(order, through, false);
    if (may !== "ask") return reply(order, through, may);
    patience.asked(now());
    const timer = page.setTimeout(expire, ASK_MS);
    asked = { order, untilMs: now() + ASK_MS, connection: through, timer };
    control.send({ type: "result", id: order.id, ok: null, code: "asking", message: "The person at the device is being asked." });
    onChange();
  }

  /** Timers stand still while the device sleeps. */
  function expire() {
    if (!asked) return;
    patience.ended(asked.order.from, now());
    close(NO_ANSWER);
  }

  /** Another tab has the same settings, and may have turned it off. */
  function look() {
    if (!mode.look()) return;
    attended = false;
    renounce();
  }

  /** What was allowed under another setting is allowed no more. */
  function renounce() {
    grant = null;
    patience.clear();
    if (asked && mode.now === "off") close(OFF);
    tell(true);
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
    acting += 1;
    const { answer, over } = act(order);
    // An answer that came late lets nothing else begin: one thing happens at a time.
    void over.then(() => {
      acting -= 1;
      onChange();
    });
    const outcome = await answer;
    const { session } = studio.state();
    if (outcome.ok) {
      line.did({ do: order.do, from: order.from, ofMs: order.do === "mark" ? order.atMs : undefined, atMs: now(), session });
      if (once && order.do === "start" && session !== null) grant = { from: order.from, session };
    }
    reply(order, through, outcome);
    onChange();
  }

  return {
    tick() {
      look();
      const here = situation();
      doubt(here.state.opened ? null : here.state.fault);
      if (link === "off") {
        const { inSession, session } = here.state;
        const visible = page.document.visibilityState === "visible";
        const focused = page.document.hasFocus();
        if (turn.mayConnect({ other: otherTab.records(session), inSession, visible, focused, now: now() })) {
          link = "on";
          control.start();
        }
      }
      if (asked && now() >= asked.untilMs) expire();
      // The person did it by hand, or it cannot be done any more.
      const answer = asked && settled(asked.order, here, device.name);
      if (answer) close(answer);
      tell(false);
    },

    /** @param {Reply} answer @param {Question | null} question the one that was on the screen */
    answer(answer, question) {
      look();
      if (asked && now() >= asked.untilMs) expire();
      // It was swapped, or is over.
      if (!asked || question !== asked) return;
      const { order, connection: through } = asked;
      if (answer === "no") {
        patience.ended(order.from, now());
        close(SAID_NO);
        return;
      }
      close(null);
      patience.allowed(order.from);
      if (answer === "always") this.choose("always");
      const already = settled(order, situation(), device.name);
      if (already) reply(order, through, already);
      else void carryOut(order, through, true);
    },

    /** The person's own choice. @param {Mode} chosen */
    choose(chosen) {
      mode.choose(chosen);
      attended = chosen === "always";
      renounce();
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
      return mode.now;
    },

    /** Why nothing comes from elsewhere, though it is permitted: "other_tab", "not_yours", or null. */
    get silence() {
      if (link === "refused") return "not_yours";
      const { state } = situation();
      return link === "off" && (otherTab.records(state.session) || !state.inSession) ? "other_tab" : null;
    },
  };
}

/** @typedef {ReturnType<typeof createRemote>} Remote */
