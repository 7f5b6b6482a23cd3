// A conversation without a link, and what it does in words.

import { createConversation } from "../../../web/lib/ingest-conversation.js";

export const IDENTITY = {
  device: "device-0001",
  key: "secret",
  name: "Bench",
  session: "session-0001",
  startedMs: 1000,
  client: "test/1",
};

/** A generation that the spool's log has. */
export function begin(talk, about) {
  const generation = talk.begin(about);
  talk.noted(generation);
  return generation;
}

/** Everything that is to be done now. */
export function drain(talk, { media = true, now = 0 } = {}) {
  const outputs = [];
  for (;;) {
    const output = talk.poll({ media, now });
    if (!output) return outputs;
    outputs.push(output.kind === "text" ? { kind: "text", ...JSON.parse(output.text) } : output);
  }
}

export const hear = (talk, message, now = 0) => talk.received(JSON.stringify(message), now);

export function welcome(talk, { positions = [], credit = 1 << 20, resumed = false, message = 262144, now = 0 } = {}) {
  hear(
    talk,
    { type: "welcome", session: IDENTITY.session, resumed, positions, limits: { message_bytes: message, credit_bytes: credit }, retry_ms: 700 },
    now,
  );
}

/** A conversation with one generation and a welcome. */
export function recording(options) {
  const talk = createConversation({ ...IDENTITY });
  const generation = begin(talk, { mime: "video/webm;codecs=vp8,opus", startedMs: 1234, reason: "start" });
  talk.connected(0);
  drain(talk);
  welcome(talk, options);
  return { talk, generation };
}

export const ofKind = (outputs, kind) => outputs.filter((output) => output.kind === kind);
export const ofType = (outputs, type) => outputs.filter((output) => output.type === type);
export const ranges = (outputs) => ofKind(outputs, "chunk").map(({ generation, position, length }) => [generation, position, length]);
/** What is done, in words. */
export const said = (outputs) =>
  outputs.map(({ kind, type, generation }) => {
    const what = type || kind;
    return generation === undefined || ["forget", "restart"].includes(what) ? what : `${what} ${generation}`;
  });

export function reconnect(talk, options) {
  talk.disconnected({ code: 1006 });
  talk.connected(1);
  drain(talk);
  welcome(talk, { resumed: true, ...options });
}
