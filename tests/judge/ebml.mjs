// A small walker over WebM and Matroska that looks only at what a seeking player needs.
// It shares nothing with the project's own reader: two readings that agree are worth more than one.

const ID = {
  EBML: 0x1a45dfa3, SEGMENT: 0x18538067, SEEK_HEAD: 0x114d9b74, SEEK: 0x4dbb, SEEK_ID: 0x53ab, SEEK_POSITION: 0x53ac,
  INFO: 0x1549a966, DURATION: 0x4489, SCALE: 0x2ad7b1, TRACKS: 0x1654ae6b, TRACK: 0xae, NUMBER: 0xd7, TYPE: 0x83, VIDEO: 0xe0,
  WIDTH: 0xb0, ALPHA_MODE: 0x53c0, ADDITIONS: 0x75a1, HEIGHT: 0xba, CUES: 0x1c53bb6b, CUE: 0xbb, CUE_TIME: 0xb3, CUE_POSITIONS: 0xb7, CUE_TRACK: 0xf7, CUE_CLUSTER: 0xf1,
  CUE_RELATIVE: 0xf0, CLUSTER: 0x1f43b675, CLUSTER_TIME: 0xe7, SIMPLE_BLOCK: 0xa3, BLOCK_GROUP: 0xa0, BLOCK: 0xa1, REFERENCE: 0xfb,
  VOID: 0xec, CRC: 0xbf, TAGS: 0x1254c367, DOC_TYPE: 0x4282,
};
const UNKNOWN = -1;

/** @typedef {{ id: number, at: number, data: number, end: number, size: number }} Element */

/** @param {Buffer} b @param {number} at @param {boolean} keepMarker */
function variable(b, at, keepMarker) {
  const first = b[at];
  if (first === undefined || first === 0) throw new Error(`no valid EBML number at byte ${at}`);
  const length = Math.clz32(first) - 23;
  if (at + length > b.length) throw new Error(`an EBML number at byte ${at} is cut off`);
  let value = keepMarker ? first : first & (0xff >> length);
  let ones = (first & (0xff >> length)) === 0xff >> length;
  for (let i = 1; i < length; i++) {
    const byte = /** @type {number} */ (b[at + i]);
    value = value * 256 + byte;
    ones = ones && byte === 0xff;
  }
  return { value: !keepMarker && ones ? UNKNOWN : value, length };
}

/** @param {Buffer} b @param {number} from @param {number} to @returns {Element[]} */
function children(b, from, to) {
  const found = [];
  for (let at = from; at < to; ) {
    const id = variable(b, at, true);
    const size = variable(b, at + id.length, false);
    const data = at + id.length + size.length;
    const end = size.value === UNKNOWN ? to : data + size.value;
    if (end > to) throw new Error(`element 0x${id.value.toString(16)} at byte ${at} ends at ${end}, beyond its parent's end ${to}`);
    found.push({ id: id.value, at, data, end, size: size.value });
    at = end;
  }
  return found;
}

/** @param {Buffer} b @param {Element | undefined} e */
const uint = (b, e) => (e ? [...b.subarray(e.data, e.end)].reduce((value, byte) => value * 256 + byte, 0) : undefined);
/** @param {Buffer} b @param {Element | undefined} e */
const float = (b, e) => (e ? (e.end - e.data === 4 ? b.readFloatBE(e.data) : e.end - e.data === 8 ? b.readDoubleBE(e.data) : 0) : undefined);

/**
 * @param {Buffer} b
 * @returns {{ duration: number | undefined, width: number | undefined, height: number | undefined,
 *             keys: boolean[] | undefined, problems: string[] }} `keys` says for each video block whether it is marked as a key frame
 */
export function inspectWebm(b) {
  /** @type {string[]} */
  const problems = [];
  const result = { duration: /** @type {number | undefined} */ (undefined), width: undefined, height: undefined, keys: undefined, problems };
  try {
    walk(b, result, problems);
  } catch (error) {
    problems.push(`cannot be walked: ${error instanceof Error ? error.message : error}`);
  }
  return result;
}

/** @param {Buffer} b @param {any} result @param {string[]} problems */
function walk(b, result, problems) {
  const top = children(b, 0, b.length);
  const segment = top[1];
  if (top[0]?.id !== ID.EBML || segment?.id !== ID.SEGMENT) {
    problems.push("does not begin with an EBML header and a Segment");
    return;
  }
  if (segment.size === UNKNOWN) problems.push("the Segment has no known size");
  if (top.length > 2) problems.push(`there are ${b.length - segment.end} bytes after the Segment`);

  const level1 = children(b, segment.data, segment.end);
  const firstCluster = level1.find((e) => e.id === ID.CLUSTER);
  const named = (/** @type {number} */ id) => level1.find((e) => e.id === id);
  if (!firstCluster) problems.push("there is no Cluster");
  for (const cluster of level1.filter((e) => e.id === ID.CLUSTER && e.size === UNKNOWN)) {
    problems.push(`the Cluster at byte ${cluster.at} has no known size`);
  }

  const info = named(ID.INFO);
  const infoParts = info ? children(b, info.data, info.end) : [];
  const scale = uint(b, infoParts.find((e) => e.id === ID.SCALE)) ?? 1_000_000;
  const duration = float(b, infoParts.find((e) => e.id === ID.DURATION));
  if (duration !== undefined && duration > 0) result.duration = (duration * scale) / 1e9;
  if (info && firstCluster && info.at > firstCluster.at) problems.push("the Info stands behind the first Cluster");

  const tracks = named(ID.TRACKS);
  const kinds = new Map();
  let alpha = false;
  for (const entry of tracks ? children(b, tracks.data, tracks.end).filter((e) => e.id === ID.TRACK) : []) {
    const parts = children(b, entry.data, entry.end);
    const type = uint(b, parts.find((e) => e.id === ID.TYPE));
    kinds.set(uint(b, parts.find((e) => e.id === ID.NUMBER)), type === 1 ? "video" : type === 2 ? "audio" : "other");
    const video = parts.find((e) => e.id === ID.VIDEO);
    if (video) {
      const picture = children(b, video.data, video.end);
      result.width = uint(b, picture.find((e) => e.id === ID.WIDTH));
      result.height = uint(b, picture.find((e) => e.id === ID.HEIGHT));
      alpha = uint(b, picture.find((e) => e.id === ID.ALPHA_MODE)) === 1;
    }
  }

  const seekHead = named(ID.SEEK_HEAD);
  const cues = named(ID.CUES);
  if (!seekHead) problems.push("there is no SeekHead");
  else if (firstCluster && seekHead.at > firstCluster.at) problems.push("the SeekHead stands behind the first Cluster");
  const targets = new Map();
  for (const seek of seekHead ? children(b, seekHead.data, seekHead.end).filter((e) => e.id === ID.SEEK) : []) {
    const parts = children(b, seek.data, seek.end);
    const id = uint(b, parts.find((e) => e.id === ID.SEEK_ID)) ?? 0;
    const position = uint(b, parts.find((e) => e.id === ID.SEEK_POSITION)) ?? NaN;
    targets.set(id, position);
    if (!level1.some((e) => e.id === id && e.at === segment.data + position)) {
      problems.push(`the SeekHead points to byte ${segment.data + position} for element 0x${id.toString(16)}, which is not there`);
    }
  }
  for (const [name, id] of [["Info", ID.INFO], ["Tracks", ID.TRACKS], ["Cues", ID.CUES]]) {
    if (seekHead && !targets.has(id)) problems.push(`the SeekHead does not name the ${name}`);
  }
  const clusters = new Map(level1.filter((e) => e.id === ID.CLUSTER).map((e) => [e.at - segment.data, readCluster(b, e)]));
  const videoTrack = [...kinds].find(([, kind]) => kind === "video")?.[0];
  const blocks = [...clusters.values()].flat();
  if (videoTrack !== undefined) result.keys = blocks.filter((one) => one.track === videoTrack).map((one) => one.key);
  const unmarked = blocks.filter((one) => kinds.get(one.track) === "audio" && !one.key).length;
  if (unmarked > 0) problems.push(`${unmarked} audio blocks are not marked as decodable by themselves`);

  // Chromium promises alpha planes that never come; GStreamer's players, WebKitGTK among them, then refuse the file.
  const planes = blocks.some((one) => one.track === videoTrack && one.additions);
  if (alpha !== planes) problems.push(alpha ? "the header promises alpha planes (AlphaMode) and no frame has one" : "frames carry alpha planes that the header does not promise (AlphaMode)");

  if (!cues) {
    problems.push("there are no Cues");
    return;
  }
  if (firstCluster && cues.at > firstCluster.at) problems.push("the Cues stand behind the first Cluster");

  const points = children(b, cues.data, cues.end).filter((e) => e.id === ID.CUE);
  if (points.length === 0) problems.push("the Cues are empty");
  let before = -1;
  points.forEach((point, i) => {
    const parts = children(b, point.data, point.end);
    const time = uint(b, parts.find((e) => e.id === ID.CUE_TIME)) ?? NaN;
    if (!(time > before)) problems.push(`cue ${i} has time ${time}, not after the cue before it (${before})`);
    before = time;
    const places = parts.filter((e) => e.id === ID.CUE_POSITIONS);
    if (places.length === 0) problems.push(`cue ${i} points nowhere`);
    for (const place of places) {
      const fields = children(b, place.data, place.end);
      const number = uint(b, fields.find((e) => e.id === ID.CUE_TRACK));
      const position = uint(b, fields.find((e) => e.id === ID.CUE_CLUSTER)) ?? NaN;
      const relative = uint(b, fields.find((e) => e.id === ID.CUE_RELATIVE));
      const cluster = clusters.get(position);
      if (!kinds.has(number)) problems.push(`cue ${i} is for track ${number}, which does not exist`);
      if (videoTrack !== undefined && number !== videoTrack) continue;
      if (!cluster) {
        problems.push(`cue ${i} at time ${time} points to byte ${segment.data + position}, where no Cluster begins`);
        continue;
      }
      const block = cluster.find((one) => one.track === number && one.time === time);
      if (!block) problems.push(`cue ${i} promises a block of track ${number} at time ${time}, its Cluster has none`);
      else {
        if (number === videoTrack && !block.key) problems.push(`cue ${i} at time ${time} points to a frame that is not a key frame`);
        if (relative !== undefined && relative !== block.relative) problems.push(`cue ${i} says its block is at ${relative} in the Cluster, it is at ${block.relative}`);
      }
    }
  });
  const firstTime = blocks.find((one) => one.track === (videoTrack ?? one.track))?.time;
  const firstCue = points[0] && uint(b, children(b, points[0].data, points[0].end).find((e) => e.id === ID.CUE_TIME));
  if (points.length > 0 && firstCue !== firstTime) problems.push(`the first cue is at time ${firstCue}, the first ${videoTrack === undefined ? "packet" : "frame"} at ${firstTime}`);
}

/** @param {Buffer} b @param {Element} cluster */
function readCluster(b, cluster) {
  const parts = children(b, cluster.data, cluster.end);
  const base = uint(b, parts.find((e) => e.id === ID.CLUSTER_TIME)) ?? 0;
  const blocks = [];
  for (const part of parts) {
    let block = part.id === ID.SIMPLE_BLOCK ? part : undefined;
    let additions = false;
    let key = block ? ((b[variableEnd(b, block.data) + 2] ?? 0) & 0x80) !== 0 : false;
    if (part.id === ID.BLOCK_GROUP) {
      const group = children(b, part.data, part.end);
      block = group.find((e) => e.id === ID.BLOCK);
      key = !group.some((e) => e.id === ID.REFERENCE);
      additions = group.some((e) => e.id === ID.ADDITIONS);
    }
    if (!block) continue;
    const after = variableEnd(b, block.data);
    blocks.push({ track: variable(b, block.data, false).value, time: base + b.readInt16BE(after), key, additions, relative: part.at - cluster.data });
  }
  return blocks;
}

/** @param {Buffer} b @param {number} at */
const variableEnd = (b, at) => at + variable(b, at, false).length;
