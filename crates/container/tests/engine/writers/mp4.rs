//! Fragmented MP4 as the recorders of this world write it (ISO 14496-12 clause 8.8).

use bytes::Bytes;
use container::Kind;

use super::{Expected, Packet, Source, Stream, nanos, ticks};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fragments {
    /// From one key frame to the next.
    AtKeys,
    /// Whenever so much time has passed, whatever comes then.
    EveryMs(i64),
    /// The same, each track in fragments of its own.
    PerTrackEveryMs(i64),
}

/// What a sample's place counts from (clause 8.8.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Base {
    /// default-base-is-moof.
    Moof,
    /// base-data-offset, from the start of the file.
    File,
    /// Neither: the first track counts from the moof, each other begins where the last one ends.
    Unsaid,
}

/// How a fragment says when it begins (clause 8.8.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tfdt {
    /// Not at all: it follows the one before.
    None,
    Short,
    Long,
}

/// A way to write fragmented MP4.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// Major brand, minor version, compatible brands.
    pub(crate) brands: (&'static [u8; 4], u32, &'static [u8]),
    pub(crate) ftyp_twice: bool,
    pub(crate) movie_timescale: u32,
    pub(crate) video_timescale: u32,
    pub(crate) fragments: Fragments,
    pub(crate) base: Base,
    pub(crate) tfdt: Tfdt,
    /// A traf for each track in each moof, and a decode time of zero where it is empty.
    pub(crate) empty_trafs: bool,
    /// The last sample of a fragment lasts this long, whatever follows.
    pub(crate) nominal_last: Option<u32>,
    /// Durations in the header, in ticks: wrong, since nobody knows them yet.
    pub(crate) stated_duration: u32,
    /// Each track's clock begins with its own first sample.
    pub(crate) own_clocks: bool,
    /// Boxes that mean nothing here: in front of each moof, between moof and mdat, at the end.
    pub(crate) between: bool,
    pub(crate) mfra: bool,
    /// 64-bit sizes of moof and mdat.
    pub(crate) wide: bool,
    pub(crate) matrix: [u32; 9],
    /// By track: duration in ticks of the movie, media time.
    pub(crate) edits: Vec<Vec<(i32, i32)>>,
    /// How many runs a track's samples are cut into, in turn with the other tracks.
    pub(crate) runs: usize,
    /// Sample sizes, durations and flags stand in the defaults where they are all the same.
    pub(crate) defaults: bool,
    /// The handlers' name.
    pub(crate) handler: &'static str,
    /// Instead of the entry's own type.
    pub(crate) video_entry: Option<[u8; 4]>,
    /// A second sample entry of the picture, and from when on it holds.
    pub(crate) second_entry: Option<(Bytes, i64)>,
}

pub(crate) const UNITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

impl Style {
    /// Chromium's `Mp4MuxerDelegate` in live mode.
    pub(crate) fn chromium() -> Self {
        Self {
            brands: (b"isom", 512, b"isomiso6iso2avc1mp41"),
            ftyp_twice: false,
            movie_timescale: 1000,
            video_timescale: 30_000,
            fragments: Fragments::AtKeys,
            base: Base::Moof,
            tfdt: Tfdt::Long,
            empty_trafs: true,
            nominal_last: Some(1000),
            stated_duration: 66,
            own_clocks: true,
            between: false,
            mfra: false,
            wide: false,
            matrix: UNITY,
            edits: Vec::new(),
            runs: 1,
            defaults: false,
            handler: "VideoHandler",
            video_entry: None,
            second_entry: None,
        }
    }

    /// AVAssetWriter with segments that end where it is told to, as Safari 18.4 and later use it.
    pub(crate) fn safari() -> Self {
        Self {
            brands: (b"iso5", 1, b"isomiso5hlsf"),
            movie_timescale: 600,
            video_timescale: 600,
            tfdt: Tfdt::Short,
            empty_trafs: false,
            nominal_last: None,
            stated_duration: 0,
            own_clocks: false,
            defaults: true,
            handler: "Core Media Video",
            ..Self::chromium()
        }
    }
}

trait Boxes {
    fn boxed(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Vec<u8>));
    fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, body: impl FnOnce(&mut Vec<u8>));
    fn u16(&mut self, value: u16);
    fn u32(&mut self, value: u32);
}

impl Boxes for Vec<u8> {
    fn boxed(&mut self, kind: &[u8; 4], body: impl FnOnce(&mut Self)) {
        let start = self.len();
        self.u32(0);
        self.extend(kind);
        body(self);
        let len = (self.len() - start) as u32;
        self[start..start + 4].copy_from_slice(&len.to_be_bytes());
    }

    fn full(&mut self, kind: &[u8; 4], version: u8, flags: u32, body: impl FnOnce(&mut Self)) {
        self.boxed(kind, |out| {
            out.u32(u32::from(version) << 24 | flags);
            body(out);
        });
    }

    fn u16(&mut self, value: u16) {
        self.extend(value.to_be_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.extend(value.to_be_bytes());
    }
}

/// A sample with the times that the stream gives it.
#[derive(Debug, Clone)]
struct Timed<'a> {
    packet: &'a Packet,
    dts: i64,
    shift: i64,
    duration: u32,
}

/// The stream, and what a reader finds in it.
pub(crate) fn write(source: &Source, style: &Style) -> Stream {
    let tracks = source.tracks.len();
    let scales: Vec<u32> = (0..tracks).map(|track| timescale(source, style, track)).collect();
    let timed: Vec<Vec<Timed<'_>>> =
        (0..tracks).map(|track| time(source, style, track, scales[track])).collect();
    let mut out = file_type(style);
    if style.ftyp_twice {
        out.extend(file_type(style));
    }
    out.extend(movie(source, style, &scales));
    let mut expected = Vec::new();
    for (number, fragment) in fragments(source, style, &timed).into_iter().enumerate() {
        if style.between {
            in_front(&mut out, number);
        }
        self::fragment(&mut out, style, &fragment, &timed, number as u32 + 1);
        for (track, range) in fragment.into_iter().enumerate() {
            for sample in &timed[track][range] {
                let pts = sample.dts + sample.shift - delay(style, track, scales[track]);
                expected.push(Expected {
                    track,
                    pts_ns: nanos(pts, scales[track]),
                    sync: sample.packet.sync,
                    data: sample.packet.data.clone(),
                });
            }
        }
    }
    if style.mfra {
        out.boxed(b"mfra", |out| {
            out.full(b"tfra", 1, 0, |out| out.extend([0; 12]));
            out.full(b"mfro", 0, 0, |out| out.u32(48));
        });
    }
    Stream::new(out, expected)
}

fn timescale(source: &Source, style: &Style, track: usize) -> u32 {
    match source.tracks[track].kind {
        Kind::Video => style.video_timescale,
        Kind::Audio => source.tracks[track].sample_rate,
    }
}

/// How far presentation lags behind the media's own times, by the edit list.
fn delay(style: &Style, track: usize, timescale: u32) -> i64 {
    let mut empty = 0;
    for &(duration, media_time) in style.edits.get(track).into_iter().flatten() {
        if media_time >= 0 {
            return i64::from(media_time) - empty;
        }
        empty += ticks(nanos(duration.into(), style.movie_timescale), timescale);
    }
    0
}

fn time<'a>(source: &'a Source, style: &Style, track: usize, scale: u32) -> Vec<Timed<'a>> {
    let own: Vec<&Packet> = source.packets.iter().filter(|p| p.track == track).collect();
    let first_ns = own.first().map_or(0, |packet| packet.dts_ns);
    // Decode times must not be negative, so an edit list says what to hide.
    let origin_ns = if style.own_clocks { first_ns } else { first_ns.min(0) };
    let mut timed: Vec<Timed<'a>> = Vec::new();
    for packet in own {
        let mut dts = ticks(packet.dts_ns - origin_ns, scale);
        if let Some(last) = timed.last_mut() {
            dts = dts.max(last.dts + 1);
            last.duration = (dts - last.dts) as u32;
        }
        let shift = ticks(packet.pts_ns - origin_ns, scale) - dts;
        timed.push(Timed { packet, dts, shift, duration: scale / 30 });
    }
    timed
}

/// Which samples of each track a fragment holds.
fn fragments(
    source: &Source,
    style: &Style,
    timed: &[Vec<Timed<'_>>],
) -> Vec<Vec<std::ops::Range<usize>>> {
    let cuts: Vec<i64> = match (style.fragments, source.video()) {
        (Fragments::AtKeys, Some(video)) => {
            timed[video].iter().filter(|s| s.packet.sync).map(|s| s.packet.dts_ns).skip(1).collect()
        }
        (Fragments::AtKeys, None) => (1..60).map(|n| n * 1_000_000_000).collect(),
        (Fragments::EveryMs(ms) | Fragments::PerTrackEveryMs(ms), _) => {
            (1..20_000 / ms).map(|n| n * ms * 1_000_000).collect()
        }
    };
    let mut starts = vec![0; timed.len()];
    let mut fragments = Vec::new();
    for cut in cuts.into_iter().chain([i64::MAX]) {
        let ranges: Vec<_> = timed
            .iter()
            .zip(&mut starts)
            .map(|(samples, start)| {
                let end = samples.partition_point(|sample| sample.packet.dts_ns < cut);
                std::mem::replace(start, end)..end
            })
            .collect();
        if ranges.iter().all(std::ops::Range::is_empty) {
            continue;
        }
        match style.fragments {
            Fragments::PerTrackEveryMs(_) => {
                for (track, range) in ranges.iter().enumerate().filter(|(_, r)| !r.is_empty()) {
                    let own = |other| if other == track { range.clone() } else { 0..0 };
                    fragments.push((0..ranges.len()).map(own).collect());
                }
            }
            Fragments::AtKeys | Fragments::EveryMs(_) => fragments.push(ranges),
        }
    }
    fragments
}

fn file_type(style: &Style) -> Vec<u8> {
    let (major, minor, compatible) = style.brands;
    let mut out = Vec::new();
    out.boxed(b"ftyp", |out| {
        out.extend(major);
        out.u32(minor);
        out.extend(compatible);
    });
    out
}

/// Segment type, index, clock and event in front of a fragment (clauses 8.16; ISO 23009-1).
fn in_front(out: &mut Vec<u8>, number: usize) {
    out.boxed(b"styp", |out| out.extend(b"msdh\0\0\0\0msdhmsix"));
    out.full(b"sidx", 0, 0, |out| {
        out.u32(1);
        out.u32(1000);
        out.extend([0; 8]);
        // One reference, whose length a recorder cannot know yet.
        out.u32(1);
        out.u32(0);
        out.u32(700);
        out.u32(0x9000_0000);
    });
    out.full(b"prft", 1, 0, |out| out.extend([7; 20]));
    if number.is_multiple_of(2) {
        out.full(b"emsg", 0, 0, |out| out.extend(b"urn:x\0moof\0mdat\0\0\0\x03\xE8\0\0\0\0"));
    }
    out.boxed(b"free", |out| out.extend([0; 9]));
}

fn movie(source: &Source, style: &Style, scales: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    out.boxed(b"moov", |out| {
        out.full(b"mvhd", 0, 0, |out| {
            out.extend([0; 8]);
            out.u32(style.movie_timescale);
            out.u32(0);
            out.u32(0x1_0000);
            out.u16(0x100);
            out.extend([0; 10]);
            UNITY.iter().for_each(|&value| out.u32(value));
            out.extend([0; 24]);
            out.u32(scales.len() as u32 + 1);
        });
        for (track, &scale) in scales.iter().enumerate() {
            track_box(out, source, style, track, scale);
        }
        out.boxed(b"mvex", |out| {
            for track in 0..scales.len() {
                out.full(b"trex", 0, 0, |out| {
                    out.u32(track as u32 + 1);
                    out.u32(1);
                    out.extend([0; 12]);
                });
            }
        });
    });
    out
}

fn track_box(out: &mut Vec<u8>, source: &Source, style: &Style, track: usize, scale: u32) {
    let media = &source.tracks[track];
    let is_video = media.kind == Kind::Video;
    out.boxed(b"trak", |out| {
        out.full(b"tkhd", 0, 3, |out| {
            out.extend([0; 8]);
            out.u32(track as u32 + 1);
            out.extend([0; 4]);
            out.u32(style.stated_duration);
            out.extend([0; 12]);
            out.u16(if is_video { 0 } else { 0x100 });
            out.extend([0; 2]);
            let matrix = if is_video { style.matrix } else { UNITY };
            matrix.iter().for_each(|&value| out.u32(value));
            out.u32(media.width << 16);
            out.u32(media.height << 16);
        });
        if let Some(edits) = style.edits.get(track).filter(|edits| !edits.is_empty()) {
            out.boxed(b"edts", |out| {
                out.full(b"elst", 0, 0, |out| {
                    out.u32(edits.len() as u32);
                    for &(duration, media_time) in edits {
                        out.u32(duration as u32);
                        out.u32(media_time as u32);
                        out.u32(0x1_0000);
                    }
                });
            });
        }
        out.boxed(b"mdia", |out| {
            out.full(b"mdhd", 0, 0, |out| {
                out.extend([0; 8]);
                out.u32(scale);
                out.u32(style.stated_duration);
                out.u16(0x55C4);
                out.u16(0);
            });
            out.full(b"hdlr", 0, 0, |out| {
                out.extend([0; 4]);
                out.extend(if is_video { b"vide" } else { b"soun" });
                out.extend([0; 12]);
                out.extend(style.handler.as_bytes());
                out.push(0);
            });
            out.boxed(b"minf", |out| {
                if is_video {
                    out.full(b"vmhd", 0, 1, |out| out.extend([0; 8]));
                } else {
                    out.full(b"smhd", 0, 0, |out| out.extend([0; 4]));
                }
                out.boxed(b"dinf", |out| {
                    out.full(b"dref", 0, 0, |out| {
                        out.u32(1);
                        out.full(b"url ", 0, 1, |_| {});
                    });
                });
                out.boxed(b"stbl", |out| {
                    out.full(b"stsd", 0, 0, |out| {
                        let second = style.second_entry.as_ref().filter(|_| is_video);
                        out.u32(1 + u32::from(second.is_some()));
                        let at = out.len();
                        out.extend(media.entry.as_ref().unwrap());
                        if let Some(kind) = style.video_entry.filter(|_| is_video) {
                            out[at + 4..at + 8].copy_from_slice(&kind);
                        }
                        if let Some((entry, _)) = second {
                            out.extend(entry);
                        }
                    });
                    for table in [b"stts", b"stsc", b"stco"] {
                        out.full(table, 0, 0, |out| out.u32(0));
                    }
                    out.full(b"stsz", 0, 0, |out| out.extend([0; 8]));
                });
            });
        });
    });
}

/// One run of a track: which of its samples, and where their data is.
struct Run {
    samples: std::ops::Range<usize>,
    offset: u64,
}

fn fragment(
    out: &mut Vec<u8>,
    style: &Style,
    ranges: &[std::ops::Range<usize>],
    timed: &[Vec<Timed<'_>>],
    number: u32,
) {
    // The moof's length does not depend on what the offsets say.
    let len = |runs: &[Vec<Run>]| {
        let mut moof = Vec::new();
        movie_fragment(&mut moof, style, runs, timed, number, (0, 0));
        moof.len() as u64
    };
    let mut data: Vec<u8> = Vec::new();
    let mut runs: Vec<Vec<Run>> = ranges.iter().map(|_| Vec::new()).collect();
    for part in 0..style.runs {
        for (track, range) in ranges.iter().enumerate() {
            let bound = |part: usize| range.start + range.len() * part / style.runs;
            let samples = bound(part)..bound(part + 1);
            if samples.is_empty() {
                continue;
            }
            let offset = data.len() as u64;
            timed[track][samples.clone()].iter().for_each(|s| data.extend(&s.packet.data));
            runs[track].push(Run { samples, offset });
        }
    }
    let moof_at = out.len() as u64;
    let mut between = Vec::new();
    if style.between {
        between.boxed(b"free", |out| out.extend(b"between"));
    }
    let header = if style.wide { 16 } else { 8 };
    let data_from_moof = len(&runs) + between.len() as u64 + header;
    movie_fragment(out, style, &runs, timed, number, (moof_at, data_from_moof));
    out.extend(between);
    match style.wide {
        true => {
            out.u32(1);
            out.extend(b"mdat");
            out.extend((16 + data.len() as u64).to_be_bytes());
        }
        false => {
            out.u32(8 + data.len() as u32);
            out.extend(b"mdat");
        }
    }
    out.extend(data);
}

fn movie_fragment(
    out: &mut Vec<u8>,
    style: &Style,
    runs: &[Vec<Run>],
    timed: &[Vec<Timed<'_>>],
    number: u32,
    (moof_at, data_from_moof): (u64, u64),
) {
    let mut body = Vec::new();
    body.full(b"mfhd", 0, 0, |out| out.u32(number));
    let mut is_first = true;
    for (track, runs) in runs.iter().enumerate() {
        if runs.is_empty() && !style.empty_trafs {
            continue;
        }
        body.boxed(b"traf", |out| {
            let base = match style.base {
                Base::Moof => 0x2_0000,
                Base::File => 1,
                Base::Unsaid => 0,
            };
            let samples = runs.iter().flat_map(|run| &timed[track][run.samples.clone()]);
            let has_default = style.defaults && !runs.is_empty();
            let default_duration = samples.clone().next().map_or(0, |sample| sample.duration);
            let is_second = |from_ns| {
                track == 0 && samples.clone().next().is_some_and(|s| s.packet.dts_ns >= from_ns)
            };
            let second = style.second_entry.as_ref().filter(|(_, from_ns)| is_second(*from_ns));
            let described = if second.is_some() { 2 } else { 0 };
            let tfhd = base | described | if has_default { 0x28 } else { 0 };
            out.full(b"tfhd", 0, tfhd, |out| {
                out.u32(track as u32 + 1);
                if style.base == Base::File {
                    out.extend(moof_at.to_be_bytes());
                }
                if described > 0 {
                    out.u32(described);
                }
                if has_default {
                    out.u32(default_duration);
                    out.u32(0x101_0000);
                }
            });
            let start = samples.clone().next().map_or(0, |sample| sample.dts);
            match style.tfdt {
                Tfdt::None => {}
                Tfdt::Short => out.full(b"tfdt", 0, 0, |out| out.u32(start as u32)),
                Tfdt::Long => {
                    out.full(b"tfdt", 1, 0, |out| out.extend((start as u64).to_be_bytes()));
                }
            }
            if runs.is_empty() {
                out.full(b"trun", 0, 0x701, |out| out.extend([0; 8]));
            }
            let last = runs.last().map(|run| run.samples.end - 1);
            let evenly = samples.clone().all(|sample| sample.duration == default_duration);
            let shifted = samples.clone().any(|sample| sample.shift != 0);
            for run in runs {
                let samples = &timed[track][run.samples.clone()];
                let is_sound = samples.iter().all(|sample| sample.packet.sync);
                let mut flags = 0x200 | if shifted { 0x800 } else { 0 };
                let lists_durations = !(has_default && evenly);
                flags |= if lists_durations { 0x100 } else { 0 };
                // A key frame in front of others is told from them by the first sample's flags.
                let rest = samples.get(1..).unwrap_or_default();
                let first_only =
                    has_default && !is_sound && rest.iter().all(|sample| !sample.packet.sync);
                flags |= if first_only { 4 } else { 0x400 };
                let says_offset = style.base != Base::Unsaid || is_first;
                flags |= u32::from(says_offset);
                is_first = false;
                out.full(b"trun", 1, flags, |out| {
                    out.u32(samples.len() as u32);
                    if says_offset {
                        out.u32((data_from_moof + run.offset) as u32);
                    }
                    let sample_flags = |sample: &Timed<'_>| match sample.packet.sync {
                        true => 0x200_0000,
                        false => 0x101_0000,
                    };
                    if first_only {
                        out.u32(sample_flags(&samples[0]));
                    }
                    for (index, sample) in run.samples.clone().zip(samples) {
                        let nominal = style.nominal_last.filter(|_| Some(index) == last);
                        if lists_durations {
                            out.u32(nominal.unwrap_or(sample.duration));
                        }
                        out.u32(sample.packet.data.len() as u32);
                        if !first_only {
                            out.u32(sample_flags(sample));
                        }
                        if shifted {
                            out.u32(sample.shift as u32);
                        }
                    }
                });
            }
        });
    }
    if style.wide {
        out.u32(1);
        out.extend(b"moof");
        out.extend((16 + body.len() as u64).to_be_bytes());
        out.extend(body);
    } else {
        out.boxed(b"moof", |out| out.extend(body));
    }
}
