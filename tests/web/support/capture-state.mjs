// A studio as commands from elsewhere find it: its state is what a test says, and it does at once what it is asked.
//
//   const studio = createFakeStudio();
//   studio.now.inSession    // change what state() tells;  studio.did: what was asked of it

/** The state of a page that could record, and does not. */
export const idle = (more = {}) => ({
  name: "idle",
  phase: "idle",
  fault: null,
  inSession: false,
  canRecord: true,
  cameraLost: false,
  full: null,
  opening: false,
  opened: openedCamera("front"),
  devices: { cameras: [{ id: "front", label: "Front camera" }, { id: "back", label: "" }], microphones: [] },
  types: [{}],
  settings: { cameraId: "", height: 720, quality: "standard" },
  session: null,
  facts: null,
  ...more,
});

export const openedCamera = (deviceId) => ({ video: { getSettings: () => ({ deviceId }) } });

export const recording = (more = {}) =>
  idle({ name: "recording", phase: "recording", inSession: true, canRecord: false, session: "s-1", facts: { startedMs: 900.4 }, ...more });

export function createFakeStudio(now = idle()) {
  const studio = {
    now,
    did: [],
    /** What the next operation waits for. */
    gate: Promise.resolve(),
    /** Whether what is asked comes to be. */
    works: true,
    state: () => studio.now,
    async record() {
      studio.did.push("start");
      await studio.gate;
      if (studio.works) studio.now = recording();
    },
    async stop() {
      studio.did.push("stop");
      await studio.gate;
      studio.now = idle({ name: "stopping", phase: "stopping", session: studio.now.session });
    },
    mark(mark) {
      studio.did.push(["mark", mark]);
      return studio.now.inSession;
    },
    async change(wish, reason) {
      studio.did.push([reason, wish]);
      await studio.gate;
      if (!studio.works) return;
      const { cameraId } = wish;
      studio.now = { ...studio.now, settings: { ...studio.now.settings, ...wish }, opened: cameraId ? openedCamera(cameraId) : studio.now.opened };
    },
    /** What waits for a camera ends, and comes to nothing. */
    giveUp() {
      studio.did.push("give up");
      studio.works = false;
      studio.open();
    },
    /** The next operation waits until `open`. */
    hang() {
      studio.gate = new Promise((resolve) => {
        studio.open = resolve;
      });
    },
    open() {},
    rename(name) {
      studio.did.push(["name", name]);
    },
  };
  return studio;
}
