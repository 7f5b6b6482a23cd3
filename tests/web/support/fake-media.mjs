// A video element with media sources that say what was done to them. Media is described, not decoded: bytes hold
// "start end" in seconds of the stream's own time; an init segment holds "init".
//
//   const media = createFakeMedia({ supported: (mime) => true, managed: false });
//   media.page            MediaSource, URL, and what else a player asks of a window
//   media.video           .currentTime, .paused, .buffered
//   media.sources         each with .buffer.log
//   await media.settle()  every append has ended

export const fragment = (startS, endS) => new TextEncoder().encode(`${startS} ${endS}`).buffer;
export const initSegment = () => new TextEncoder().encode("init").buffer;

class Target {
  #heard = [];
  addEventListener(name, act) {
    this.#heard.push([name, act]);
  }
  removeEventListener(name, act) {
    this.#heard = this.#heard.filter(([one, other]) => one !== name || other !== act);
  }
  tell(name) {
    for (const [one, act] of this.#heard.slice()) if (one === name) act({ type: name });
  }
}

class Ranges {
  constructor(list) {
    this.list = list;
  }
  get length() {
    return this.list.length;
  }
  start(at) {
    return this.list[at][0];
  }
  end(at) {
    return this.list[at][1];
  }
}

export class FakeBuffer extends Target {
  constructor(mime) {
    super();
    this.mime = mime;
    this.log = [];
    this.list = [];
    this.updating = false;
    this.offset = 0;
    this.isGone = false;
    /** Seconds that fit. */
    this.room = Infinity;
    this.refusesChange = false;
  }
  get buffered() {
    if (this.isGone) throw new DOMException("removed", "InvalidStateError");
    return new Ranges(this.list);
  }
  get timestampOffset() {
    return this.offset;
  }
  set timestampOffset(value) {
    this.#idle();
    this.offset = value;
    this.log.push(`offset ${+value.toFixed(3)}`);
  }
  #idle() {
    if (this.isGone || this.updating) throw new DOMException("busy", "InvalidStateError");
  }
  #begin(entry, work) {
    this.#idle();
    this.log.push(entry);
    this.updating = true;
    setImmediate(() => {
      if (this.isGone) return;
      work();
      this.updating = false;
      this.tell("updateend");
    });
  }
  abort() {
    this.log.push("abort");
  }
  changeType(mime) {
    this.#idle();
    if (this.refusesChange) throw new DOMException("no", "NotSupportedError");
    this.mime = mime;
    this.log.push(`type ${mime}`);
  }
  appendBuffer(bytes) {
    this.#idle();
    const text = new TextDecoder().decode(bytes);
    const [start, end] = text.split(" ").map(Number);
    const held = this.list.reduce((sum, [from, to]) => sum + to - from, 0);
    if (text !== "init" && held + end - start > this.room) throw new DOMException("full", "QuotaExceededError");
    this.#begin(`append ${text}`, () => {
      if (text === "broken") {
        this.tell("error");
        return;
      }
      if (text !== "init") this.#add(start + this.offset, end + this.offset);
    });
  }
  remove(start, end) {
    this.#begin(`remove ${+start.toFixed(3)} ${+end.toFixed(3)}`, () => {
      this.list = this.list.flatMap(([from, to]) => [[from, Math.min(to, start)], [Math.max(from, end), to]].filter(([a, b]) => b > a));
    });
  }
  #add(start, end) {
    const all = this.list.concat([[start, end]]).sort((a, b) => a[0] - b[0]);
    this.list = [];
    for (const [from, to] of all) {
      const last = this.list[this.list.length - 1];
      if (last && from <= last[1] + 0.02) last[1] = Math.max(last[1], to);
      else this.list.push([from, to]);
    }
  }
}

export async function settle(times = 20) {
  for (let at = 0; at < times; at += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function createFakeMedia({ supported = () => true, managed = false } = {}) {
  const sources = [];
  let attached = null;

  class Source extends Target {
    constructor() {
      super();
      sources.push(this);
      this.buffer = null;
      this.streaming = false;
      this.readyState = "closed";
    }
    static isTypeSupported(mime) {
      return supported(mime);
    }
    addSourceBuffer(mime) {
      this.buffer = new FakeBuffer(mime);
      return this.buffer;
    }
  }

  const attach = (source) => {
    if (attached && attached !== source && attached.buffer) attached.buffer.isGone = true;
    attached = source;
    if (!source || source.isStream) return;
    setImmediate(() => {
      if (attached !== source) return;
      source.readyState = "open";
      source.tell("sourceopen");
    });
  };
  class Video extends Target {
    constructor() {
      super();
      this.muted = true;
      this.volume = 1;
      this.paused = true;
      this.seeking = false;
      this.currentTime = 0;
      this.playbackRate = 1;
      this.error = null;
      this.plays = 0;
      this.refusal = null;
    }
    set src(url) {
      attach(sources[Number(url.slice(5))]);
    }
    set srcObject(source) {
      attach(source);
    }
    get srcObject() {
      return attached && attached.isStream ? attached : null;
    }
    get buffered() {
      return attached && attached.buffer && !attached.buffer.isGone ? attached.buffer.buffered : new Ranges([]);
    }
    get readyState() {
      if (attached && attached.isStream) return 4;
      return this.buffered.list.some(([start, end]) => this.currentTime >= start && this.currentTime < end) ? 4 : 0;
    }
    play() {
      this.plays += 1;
      if (this.refusal && this.refusal(this)) return Promise.reject(new DOMException("tap first", "NotAllowedError"));
      this.paused = false;
      return Promise.resolve();
    }
    hasAttribute() {
      return attached !== null && !attached.isStream;
    }
    removeAttribute() {
      if (!attached || !attached.isStream) attach(null);
    }
    load() {}
  }

  const video = new Video();
  const URL = { createObjectURL: (source) => `blob:${sources.indexOf(source)}`, revokeObjectURL() {} };
  const page = { navigator: { userAgent: "" }, URL, ...(managed ? { ManagedMediaSource: Source } : { MediaSource: Source }) };
  return { page, video, sources, last: () => sources[sources.length - 1], settle };
}
