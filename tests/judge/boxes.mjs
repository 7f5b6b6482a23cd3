// A small walker over finished MP4 files that looks only at what a seeking player needs.
// It shares nothing with the project's own reader: two readings that agree are worth more than one.

/** @typedef {{ type: string, at: number, data: number, end: number }} Box */

/** @param {Buffer} b @param {number} from @param {number} to @returns {Box[]} */
function boxes(b, from, to) {
  const found = [];
  for (let at = from; at < to; ) {
    if (at + 8 > to) throw new Error(`${to - at} stray bytes at byte ${at}`);
    let size = b.readUInt32BE(at);
    const type = b.toString("latin1", at + 4, at + 8);
    let data = at + 8;
    if (size === 1) {
      if (at + 16 > to) throw new Error(`the 64-bit size of '${type}' at byte ${at} is cut off`);
      size = Number(b.readBigUInt64BE(at + 8));
      data = at + 16;
    } else if (size === 0) size = to - at;
    const end = at + size;
    if (end < data || end > to) throw new Error(`box '${type}' at byte ${at} ends at ${end}, its parent at ${to}`);
    found.push({ type, at, data, end });
    at = end;
  }
  return found;
}

/**
 * GStreamer's muxer, and so WebKitGTK's recorder, writes the last fragment's header twice when it is stopped. What the
 * first of the two describes would lie inside the second, so it describes nothing.
 * @param {Buffer} b a stream as it was recorded @returns {Buffer | undefined} the stream without such headers, if it has any
 */
export function withoutRepeatedHeaders(b) {
  let top;
  try {
    top = boxes(b, 0, b.length);
  } catch {
    // A stream that was cut off was not stopped.
    return undefined;
  }
  const repeated = top.filter((box, i) => {
    const next = top[i + 1];
    return box.type === "moof" && next?.type === "moof" && b.subarray(box.at, box.end).equals(b.subarray(next.at, next.end));
  });
  if (repeated.length === 0) return undefined;
  return Buffer.concat(top.filter((box) => !repeated.includes(box)).map((box) => b.subarray(box.at, box.end)));
}

/** @param {Buffer} b @param {Box | undefined} box @param {string[]} path @returns {Box | undefined} */
function inside(b, box, ...path) {
  let here = box;
  for (const type of path) {
    if (!here) return undefined;
    here = boxes(b, here.data, here.end).find((one) => one.type === type);
  }
  return here;
}

/** @param {Buffer} b */
export function inspectMp4(b) {
  /** @type {string[]} */
  const problems = [];
  const result = {
    duration: /** @type {number | undefined} */ (undefined), width: /** @type {number | undefined} */ (undefined),
    height: /** @type {number | undefined} */ (undefined), keys: /** @type {boolean[] | undefined} */ (undefined), problems,
  };
  try {
    walk(b, result);
  } catch (error) {
    problems.push(`cannot be walked: ${error instanceof Error ? error.message : error}`);
  }
  return result;
}

/** @param {Buffer} b @param {ReturnType<typeof inspectMp4>} result */
function walk(b, result) {
  const { problems } = result;
  const top = boxes(b, 0, b.length);
  if (top[0]?.type !== "ftyp") problems.push(`begins with '${top[0]?.type}' instead of 'ftyp'`);
  const moovs = top.filter((box) => box.type === "moov");
  const mdats = top.filter((box) => box.type === "mdat");
  if (moovs.length !== 1) problems.push(`has ${moovs.length} 'moov' boxes instead of one`);
  if (mdats.length === 0) problems.push("has no 'mdat'");
  const moov = moovs[0];
  if (!moov) return;
  if (mdats[0] && moov.at > mdats[0].at) problems.push("the 'moov' stands behind the first 'mdat'");
  const moof = top.find((box) => box.type === "moof");
  if (moof) problems.push(`there is a fragment ('moof') at byte ${moof.at} beside the sample tables: players read the media twice or not at all`);

  const header = inside(b, moov, "mvhd");
  if (header) {
    const { timescale, duration } = times(b, header);
    if (duration > 0 && timescale > 0) result.duration = duration / timescale;
  }
  const traks = boxes(b, moov.data, moov.end).filter((box) => box.type === "trak");
  if (traks.length === 0) problems.push("the 'moov' has no tracks");
  for (const trak of traks) {
    const handlerBox = inside(b, trak, "mdia", "hdlr");
    const kind = handlerBox ? b.toString("latin1", handlerBox.data + 8, handlerBox.data + 12) : "?";
    const name = kind === "vide" ? "video" : kind === "soun" ? "audio" : kind;
    const media = inside(b, trak, "mdia", "mdhd");
    if (!media || times(b, media).duration === 0) problems.push(`the ${name} track's 'mdhd' has no duration`);
    const head = inside(b, trak, "tkhd");
    if (head) {
      const long = b[head.data] === 1;
      const duration = long ? Number(b.readBigUInt64BE(head.data + 28)) : b.readUInt32BE(head.data + 20);
      if (duration === 0) problems.push(`the ${name} track's 'tkhd' has no duration`);
      if (kind === "vide") {
        result.width = b.readUInt32BE(head.end - 8) / 65536;
        result.height = b.readUInt32BE(head.end - 4) / 65536;
      }
    }
    const stbl = inside(b, trak, "mdia", "minf", "stbl");
    if (!stbl) {
      problems.push(`the ${name} track has no sample table`);
      continue;
    }
    checkTable(b, stbl, name, mdats, problems);
    if (kind === "vide") result.keys = syncSamples(b, stbl);
  }
}

/** mvhd and mdhd begin alike. @param {Buffer} b @param {Box} box */
function times(b, box) {
  if (b[box.data] === 1) return { timescale: b.readUInt32BE(box.data + 20), duration: Number(b.readBigUInt64BE(box.data + 24)) };
  return { timescale: b.readUInt32BE(box.data + 12), duration: b.readUInt32BE(box.data + 16) };
}

/** Whether each sample is a sync sample; without a list all are. @param {Buffer} b @param {Box} stbl */
function syncSamples(b, stbl) {
  const stsz = inside(b, stbl, "stsz");
  const stss = inside(b, stbl, "stss");
  const keys = new Array(stsz ? b.readUInt32BE(stsz.data + 8) : 0).fill(stss === undefined);
  for (let i = 0, n = stss ? b.readUInt32BE(stss.data + 4) : 0; i < n; i++) keys[b.readUInt32BE(/** @type {Box} */ (stss).data + 8 + i * 4) - 1] = true;
  return keys;
}

/** @param {Buffer} b @param {Box} stbl @param {string} name @param {Box[]} mdats @param {string[]} problems */
function checkTable(b, stbl, name, mdats, problems) {
  const stsz = inside(b, stbl, "stsz");
  const stsc = inside(b, stbl, "stsc");
  const stts = inside(b, stbl, "stts");
  const short = inside(b, stbl, "stco");
  const long = inside(b, stbl, "co64");
  const offsets = short ?? long;
  if (!stsz || !stsc || !stts || !offsets) {
    problems.push(`the ${name} track's sample table is incomplete`);
    return;
  }
  const common = b.readUInt32BE(stsz.data + 4);
  const samples = b.readUInt32BE(stsz.data + 8);
  const chunks = b.readUInt32BE(offsets.data + 4);
  if (samples === 0 || chunks === 0) {
    problems.push(`the ${name} track's sample table is empty`);
    return;
  }
  let timed = 0;
  for (let i = 0, n = b.readUInt32BE(stts.data + 4); i < n; i++) timed += b.readUInt32BE(stts.data + 8 + i * 8);
  if (timed !== samples) problems.push(`the ${name} track has ${samples} sizes and ${timed} times`);
  const runs = [];
  for (let i = 0, n = b.readUInt32BE(stsc.data + 4); i < n; i++) {
    runs.push({ first: b.readUInt32BE(stsc.data + 8 + i * 12), per: b.readUInt32BE(stsc.data + 12 + i * 12) });
  }
  let sample = 0;
  let runIndex = 0;
  for (let chunk = 1; chunk <= chunks; chunk++) {
    while (runs[runIndex + 1] && /** @type {any} */ (runs[runIndex + 1]).first <= chunk) runIndex++;
    const start = short ? b.readUInt32BE(short.data + 4 + chunk * 4) : Number(b.readBigUInt64BE(/** @type {Box} */ (long).data + chunk * 8));
    let end = start;
    for (let i = 0; i < (runs[runIndex]?.per ?? 0) && sample < samples; i++, sample++) end += common || b.readUInt32BE(stsz.data + 12 + sample * 4);
    if (!mdats.some((mdat) => start >= mdat.data && end <= mdat.end)) {
      problems.push(`the ${name} track's chunk ${chunk} (bytes ${start} to ${end}) lies outside the media data`);
      return;
    }
  }
  if (sample !== samples) problems.push(`the ${name} track's chunks hold ${sample} of its ${samples} samples`);
}
