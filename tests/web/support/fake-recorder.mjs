// A page whose encoder hands over what the test says, and whose server is away.

import assert from "node:assert/strict";

/** Blobs are read elsewhere, and answer when they have been. */
export const until = async (condition) => {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, `${condition} did not come true`);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** An encoder that hands over what the test says. */
export class Recorder extends EventTarget {
  static all = [];
  state = "inactive";
  mimeType = "video/webm";
  constructor() {
    super();
    Recorder.all.push(this);
  }
  fire(name, more = {}) {
    const event = Object.assign(new Event(name), more);
    this.dispatchEvent(event);
    if (this[`on${name}`]) this[`on${name}`](event);
  }
  start() {
    this.state = "recording";
    setImmediate(() => this.fire("start"));
  }
  stop() {
    this.state = "inactive";
    setImmediate(() => this.fire("stop"));
  }
  give(bytes) {
    this.fire("dataavailable", { data: new Blob([new Uint8Array(bytes)]) });
  }
}
globalThis.MediaRecorder = Recorder;
/** A server that is away. */
globalThis.WebSocket = class {
  close() {}
};
globalThis.location = { origin: "https://127.0.0.1:1" };
