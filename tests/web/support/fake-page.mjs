// As much of a window as connections use: sockets of a test, timers of a world, and events that a test lets happen.
//
//   const page = createPage({ Socket: sockets.Socket, timers: world.timers() });
//   page.happen("online"); page.see(true);

export function createPage({ Socket, timers }) {
  const listeners = new Map();
  const add = (name, listener) => listeners.set(listener, name);
  const remove = (name, listener) => listeners.delete(listener);
  const happen = (name, event = {}) => {
    for (const [listener, to] of Array.from(listeners)) if (to === name) listener(event);
  };
  const document = { visibilityState: "visible", isFocused: true, hasFocus: () => document.isFocused, addEventListener: add, removeEventListener: remove };
  return {
    WebSocket: Socket,
    setTimeout: timers.setTimeout,
    clearTimeout: timers.clearTimeout,
    addEventListener: add,
    removeEventListener: remove,
    document,
    happen,
    see(visible) {
      document.visibilityState = visible ? "visible" : "hidden";
      happen("visibilitychange");
    },
    get listening() {
      return listeners.size;
    },
  };
}
