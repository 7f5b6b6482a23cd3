// Peer connections that receive what a test says, and a server that answers their offers.
//
//   const rtc = createFakeRtc();
//   rtc.page                        RTCPeerConnection, MediaStream, fetch, AbortController
//   rtc.answers.push(503)           the next offers' answers; 201 where nothing is said
//   rtc.headers.set("localcamera-sound", "missing; reason=no_ffmpeg")
//   rtc.hold(); rtc.release()       offers are not answered in between
//   rtc.last().receive({ frames: 30 }); rtc.last().isMute = true      its counters are never told
//   rtc.requests                    "POST /whep/door", "DELETE /whep/door/1 keepalive"

export function createFakeRtc() {
  const made = [];
  const answers = [];
  const requests = [];
  const headers = new Map();
  let answered = 0;
  let release = () => {};
  let open = Promise.resolve();

  class Stream {
    constructor() {
      this.isStream = true;
      this.tracks = [];
    }
    addTrack(track) {
      this.tracks.push(track);
    }
  }
  class Peer {
    constructor() {
      this.connectionState = "new";
      this.isClosed = false;
      this.counters = { video: 0, audio: 0, frames: 0 };
      this.transport = { state: "new", onstatechange: null };
      this.kinds = [];
      made.push(this);
    }
    addTransceiver(kind) {
      this.kinds.push(kind);
    }
    async createOffer() {
      return { type: "offer", sdp: "offer" };
    }
    async setLocalDescription(description) {
      this.localDescription = description;
    }
    async setRemoteDescription() {
      for (const kind of this.kinds) this.ontrack({ track: { kind }, transceiver: { receiver: { transport: this.transport } } });
      this.connectionState = "connected";
    }
    async getStats() {
      if (this.isMute) return new Promise(() => {});
      const { video, audio, frames } = this.counters;
      return new Map([
        ["v", { type: "inbound-rtp", kind: "video", bytesReceived: video, framesDecoded: frames }],
        ["a", { type: "inbound-rtp", kind: "audio", bytesReceived: audio }],
      ]);
    }
    close() {
      this.isClosed = true;
    }
    /** @param {{ frames?: number, audio?: number }} what */
    receive({ frames = 5, audio = 100 }) {
      this.counters.video += 1000;
      this.counters.frames += frames;
      this.counters.audio += audio;
    }
    /** The server says goodbye. */
    goodbye() {
      this.transport.state = "closed";
      this.transport.onstatechange();
    }
  }

  const fetch = async (url, { method, keepalive, signal }) => {
    requests.push(`${method} ${new URL(url).pathname}${keepalive ? " keepalive" : ""}`);
    if (method !== "POST") return { status: 200 };
    const aborted = new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
    aborted.catch(() => {});
    await Promise.race([open, aborted]);
    const status = answers.length > 0 ? answers.shift() : 201;
    const body = status === 201 ? "answer" : JSON.stringify({ error: { code: "x", message: `it said ${status}.` } });
    answered += 1;
    return { status, text: async () => body, headers: new Map([["Location", `/whep/door/${answered}`], ...headers]) };
  };
  const page = { RTCPeerConnection: Peer, MediaStream: Stream, AbortController, fetch };
  const hold = () => (open = new Promise((resolve) => (release = resolve)));
  return { page, made, answers, requests, headers, hold, release: () => release(), last: () => made[made.length - 1] };
}
