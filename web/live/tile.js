/**
 * One stream on the wall: a muted picture, its name, and what it does, in words.
 *
 *   const tile = createTile({ page: window, stream, address, clock, words, t });
 *   wall.append(tile.element);
 *   tile.render({ stream, played, behindMs, isKnown });  tile.play(true);
 *
 * @module
 */

import { make, write } from "../lib/elements.js";
import { createPlayer } from "./player.js";
import { createStill } from "./still.js";

/** Many small ones, which begin and end as somebody scrolls. @type {import("./choice.js").Kind[]} */
const KINDS = ["mse", "jpeg"];
/** Of single pictures: enough to see what goes on. */
const FPS = 2;

/** @typedef {import("./streams.js").Stream} Stream */
/** @typedef {{ stream: Stream, played: Stream, behindMs: number, isKnown: boolean }} Told `played`: whose picture it is */

/**
 * @param {object} options
 * @param {Window & typeof globalThis} options.page
 * @param {string} options.id of the stream
 * @param {import("./address.js").Address} options.address
 * @param {import("./address.js").Clock} options.clock
 * @param {ReturnType<typeof import("./words.js").createWords>} options.words
 * @param {(key: string) => string} options.t
 */
export function createTile({ page, id, address, clock, words, t }) {
  const element = make("li", "wall-place");
  const link = make("a", "tile");
  link.href = `#${id}`;
  link.dataset.stream = id;
  const picture = make("div", "tile-picture");
  const video = make("video");
  video.muted = true;
  video.playsInline = true;
  video.disablePictureInPicture = true;
  video.tabIndex = -1;
  video.setAttribute("aria-hidden", "true");
  const canvas = make("canvas", "still");
  canvas.hidden = true;
  canvas.setAttribute("aria-hidden", "true");
  const over = make("p", "over");
  const foot = make("p", "tile-foot");
  const light = make("span", "light");
  light.setAttribute("aria-hidden", "true");
  const name = make("span", "tile-name");
  const comma = make("span", "visually-hidden");
  comma.textContent = ", ";
  const state = make("span", "tile-state numbers");
  picture.append(video, canvas, over);
  foot.append(light, name, comma, state);
  link.append(picture, foot);
  element.append(link);

  /** @type {Told | null} */
  let last = null;
  /** What plays: the smaller picture of the stream, where there is one. */
  let playedId = id;
  let isPlaying = false;
  const still = createStill({ page, canvas, video });
  const player = createPlayer({ page, video, still, stream: () => playedId, address, clock, kinds: KINDS, fps: FPS, onChange: draw });

  function draw() {
    if (!last) return;
    const { stream, behindMs, isKnown } = last;
    const look = player.look();
    const said = words.stream({ state: stream.state, behindMs });
    // What was true when the connection went is not news.
    const tone = isKnown ? said.tone : "";
    write(name, stream.name);
    write(state, isKnown ? said.text : t("live.state.unknown"));
    light.className = `light ${tone}`;
    link.dataset.state = isKnown ? stream.state : "unknown";
    link.dataset.player = look.state;
    const soundOnly = stream.hasPicture ? "" : t("live.sound_only");
    const playing = look.state === "paused" ? t("live.tap") : words.player(look) || soundOnly;
    const above = isPlaying ? playing : t("live.not_playing");
    write(over, above);
    over.hidden = above === "";
  }

  return {
    element,
    link,
    /** @param {Told} next */
    render(next) {
      last = next;
      const { played } = next;
      if (played.stream === playedId) player.told(played);
      else {
        playedId = played.stream;
        if (isPlaying) {
          player.stop();
          player.start(played);
        }
      }
      draw();
    },
    /** @param {boolean} wanted */
    play(wanted) {
      if (wanted === isPlaying) return;
      isPlaying = wanted;
      if (wanted) player.start(last ? last.played : null);
      else player.stop();
      draw();
    },
    wake: () => player.wake(),
  };
}
