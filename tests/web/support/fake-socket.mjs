// Sockets that do what a test says.
//
//   const sockets = createSockets();
//   new sockets.Socket(url);
//   const socket = sockets.last();      // .url, .sent (objects and chunks), .closed
//   socket.open(); socket.say({ type: "welcome" }); socket.fail(1006);

export function createSockets() {
  const made = [];
  class Socket {
    constructor(url) {
      this.url = url;
      this.bufferedAmount = 0;
      this.sent = [];
      this.closed = null;
      made.push(this);
    }
    send(data) {
      this.sent.push(typeof data === "string" ? JSON.parse(data) : { type: "chunk", data });
    }
    close(code, reason) {
      this.closed = { code, reason };
    }
    open() {
      this.onopen();
    }
    say(message) {
      this.onmessage({ data: JSON.stringify(message) });
    }
    fail(code = 1006, reason = "") {
      if (this.onclose) this.onclose({ code, reason });
    }
    get types() {
      return this.sent.map(({ type }) => type);
    }
  }
  return { Socket, made, last: () => made[made.length - 1] };
}

/** A welcome, and where the server stands. */
export const welcome = (positions = [], more = {}) => ({
  type: "welcome",
  positions,
  limits: { message_bytes: 262144, credit_bytes: 1 << 20 },
  retry_ms: 1000,
  ...more,
});
