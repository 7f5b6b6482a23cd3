//! A movie fragment (ISO 14496-12 clause 8.8), read into a list of samples.

use super::syntax::{Children, Reader, find};
use super::tracks::Defaults;
use crate::error::{ErrorKind, Fault};
use crate::sample::{Detail, MAX_TIME, Track};

/// What the list of a fragment's samples may take: an hour of 25 frames and 50 audio packets a
/// second, which is also about what a `moof` of the size that is read can name one by one.
const MAX_FRAGMENT_BYTES: usize = 16 << 20;
const MAX_FRAGMENT_SAMPLES: usize = MAX_FRAGMENT_BYTES / size_of::<Announced>();

/// Empty samples cost a sender nothing, so a fragment may hold few: no encoder makes any.
const MAX_EMPTY_SAMPLES: usize = 100;

/// Bit 16 of the sample flags: the sample does not decode by itself (clause 8.8.3.1).
pub(crate) const NON_SYNC: u32 = 0x1_0000;

/// Stands for all tracks that are neither audio nor video.
pub(crate) const OTHER_TRACK: usize = usize::MAX;

/// A sample whose data is still to come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Announced {
    /// Which one, or [`OTHER_TRACK`].
    pub(crate) track: usize,
    /// From the start of the stream.
    pub(crate) offset: u64,
    pub(crate) size: u32,
    pub(crate) dts: i64,
    /// Presentation minus decode time.
    pub(crate) shift: i64,
    pub(crate) duration: u32,
    pub(crate) sync: bool,
    /// Which sample entry describes it, from 1.
    pub(crate) description: u32,
}

/// What places in a fragment count from, as positions in the stream (clause 8.8.7.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Where the `moof` begins.
    pub(crate) moof: u64,
    /// Where the file begins: a recorder that began anew counts from its own `ftyp`.
    pub(crate) file: u64,
}

/// Whose samples fragments hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) tracks: &'a [Track],
    pub(crate) others: &'a [(u32, Defaults)],
}

/// The samples of a `moof` payload in the order of their data. `next_dts` holds, by track, where
/// the fragments so far end, for those without a `tfdt`.
pub(crate) fn read_moof(
    moof: &[u8],
    at: Place,
    known: Known<'_>,
    next_dts: &mut [i64],
) -> Result<Vec<Announced>, Fault> {
    let mut samples = Vec::new();
    // Without a base of its own, a track fragment begins where the one before it ends.
    let mut data_end = at.moof;
    for child in Children::of(moof) {
        let child = child?;
        if child.kind == *b"traf" {
            read_traf(child.payload, at, &mut data_end, known, next_dts, &mut samples)?;
        }
    }
    samples.sort_by_key(|sample: &Announced| sample.offset);
    Ok(samples)
}

fn read_traf(
    traf: &[u8],
    at: Place,
    data_end: &mut u64,
    Known { tracks, others }: Known<'_>,
    next_dts: &mut [i64],
    samples: &mut Vec<Announced>,
) -> Result<(), Fault> {
    let (_, flags, mut tfhd) =
        Reader::full(find(traf, b"tfhd")?.ok_or(Fault::malformed("traf"))?, "tfhd")?;
    let track_id = tfhd.u32()?;
    let known = tracks.iter().enumerate().find_map(|(index, track)| match &track.detail {
        Detail::Mp4(detail) if detail.track_id == track_id => Some((index, detail)),
        _ => None,
    });
    let base = match flags {
        _ if flags & 0x1 != 0 => {
            at.file.checked_add(tfhd.u64()?).ok_or(Fault::malformed("tfhd"))?
        }
        _ if flags & 0x2_0000 != 0 => at.moof,
        _ => *data_end,
    };
    let (track, mut defaults) = match known {
        Some((track, detail)) => (track, detail.defaults),
        None => match others.iter().find(|(id, _)| *id == track_id) {
            Some(&(_, defaults)) => (OTHER_TRACK, defaults),
            // Nobody lists its bytes in the mdat then, which tells.
            None => return Ok(()),
        },
    };
    for (bit, field) in [
        (0x2, &mut defaults.description),
        (0x8, &mut defaults.duration),
        (0x10, &mut defaults.size),
        (0x20, &mut defaults.flags),
    ] {
        if flags & bit != 0 {
            *field = tfhd.u32()?;
        }
    }
    // Nothing where recorders leave it out.
    defaults.description = defaults.description.max(1);
    if known.is_some_and(|(_, detail)| defaults.description as usize > detail.entries.len()) {
        return Err(Fault { kind: ErrorKind::UnsupportedCodec, element: "tfhd" });
    }
    let tfdt = find(traf, b"tfdt")?;
    let merged = tracks.get(track).map_or(1, |track| frames_together(track, defaults));
    let (offset, dts) = (base, next_dts.get(track).copied().unwrap_or(0));
    let mut cursor = Cursor { track, base, offset, dts, empty: 0, defaults, merged };
    let mut started = tfdt.is_none();
    for child in Children::of(traf) {
        let child = child?;
        if child.kind != *b"trun" {
            continue;
        }
        if let (false, Some(tfdt)) = (started, tfdt) {
            let (version, _, mut reader) = Reader::full(tfdt, "tfdt")?;
            let dts = reader.versioned(version)?;
            let dts = i64::try_from(dts).ok().filter(in_range);
            cursor.dts = dts.ok_or(Fault::malformed("tfdt"))?;
            started = true;
        }
        cursor.read_trun(child.payload, samples)?;
        *data_end = cursor.offset;
    }
    // Chromium sends fragments with an empty run and a decode time of zero for a silent track.
    if samples.last().is_some_and(|last| last.track == track)
        && let Some(next_dts) = next_dts.get_mut(track)
    {
        *next_dts = cursor.dts;
    }
    Ok(())
}

/// Uncompressed sound has a sample for each instant, of a few bytes: what lasts 20 ms goes
/// together, as with every other codec.
pub(crate) fn frames_together(track: &Track, defaults: Defaults) -> usize {
    const PCM: [&str; 11] =
        ["ipcm", "fpcm", "lpcm", "sowt", "twos", "in24", "in32", "fl32", "raw ", "alaw", "ulaw"];
    const PACKETS_PER_SECOND: u32 = 50;
    let is_pcm = PCM.contains(&track.codec.as_str()) && (1..=64).contains(&defaults.size);
    match defaults.duration {
        1 if is_pcm => (track.timescale / PACKETS_PER_SECOND).max(1) as usize,
        _ => 1,
    }
}

fn in_range(dts: &i64) -> bool {
    *dts <= MAX_TIME
}

struct Cursor {
    track: usize,
    base: u64,
    offset: u64,
    dts: i64,
    empty: usize,
    defaults: Defaults,
    /// How many samples that are described by the defaults alone are one sample here.
    merged: usize,
}

impl Cursor {
    fn read_trun(&mut self, trun: &[u8], samples: &mut Vec<Announced>) -> Result<(), Fault> {
        const BAD: Fault = Fault::malformed("trun");
        let (_, flags, mut reader) = Reader::full(trun, "trun")?;
        let count = reader.u32()? as usize;
        if flags & 0x1 != 0 {
            self.offset = self.base.checked_add_signed(reader.i32()?.into()).ok_or(BAD)?;
        }
        let first_flags = if flags & 0x4 != 0 { Some(reader.u32()?) } else { None };
        let fields = (flags >> 8 & 0xF).count_ones() as usize;
        if fields > 0 && count > reader.rest_len() / (4 * fields) {
            return Err(BAD);
        }
        // Without any field of their own, the first sample's flags apart, they are all alike.
        let merged = if fields == 0 { self.merged } else { 1 };
        if samples.len() + count.div_ceil(merged) > MAX_FRAGMENT_SAMPLES {
            return Err(Fault { kind: ErrorKind::TooLarge, element: "trun" });
        }
        for index in (0..count).step_by(merged) {
            let together = merged.min(count - index) as u32;
            let mut field = |bit, default| match flags & bit {
                0 => Ok(default),
                _ => reader.u32(),
            };
            let duration = field(0x100, self.defaults.duration)?;
            let duration = duration.checked_mul(together).ok_or(BAD)?;
            let size = field(0x200, self.defaults.size)?.checked_mul(together).ok_or(BAD)?;
            let own_flags = field(0x400, self.defaults.flags)?;
            // Negative offsets belong to version 1, and version 0 files use them all the same.
            let shift = i64::from(field(0x800, 0)? as i32);
            let sample_flags = match first_flags {
                Some(first) if index == 0 => first,
                _ => own_flags,
            };
            self.empty += usize::from(size == 0);
            if self.empty > MAX_EMPTY_SAMPLES {
                return Err(BAD);
            }
            samples.push(Announced {
                track: self.track,
                offset: self.offset,
                size,
                dts: self.dts,
                shift,
                duration,
                sync: sample_flags & NON_SYNC == 0,
                description: self.defaults.description,
            });
            self.offset = self.offset.checked_add(size.into()).ok_or(BAD)?;
            self.dts = self.dts.checked_add(duration.into()).filter(in_range).ok_or(BAD)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::super::syntax::Write;
    use super::*;
    use crate::fmp4::{TrackDetail, tracks::UNITY_MATRIX};
    use crate::sample::Kind;

    fn track(codec: &str) -> Track {
        Track {
            kind: Kind::Audio,
            codec: codec.to_owned(),
            timescale: 48_000,
            delay: 0,
            width: 0,
            height: 0,
            sample_rate: 48_000,
            channels: 2,
            detail: Detail::Mp4(TrackDetail {
                track_id: 1,
                sample_entry: Bytes::new(),
                matrix: UNITY_MATRIX,
                shown_size: (0, 0),
                language: 0,
                language_tag: None,
                defaults: Defaults { duration: 1, size: 4, flags: 0, description: 1 },
                entries: vec![Bytes::new()],
            }),
        }
    }

    fn read(codec: &str, count: u32) -> Result<Vec<Announced>, Fault> {
        let mut moof = Vec::new();
        moof.boxed(b"traf", |out| {
            out.full_box(b"tfhd", 0, 0x2_0000, |out| out.u32(1));
            out.full_box(b"tfdt", 0, 0, |out| out.u32(96));
            out.full_box(b"trun", 0, 1, |out| {
                out.u32(count);
                out.u32(100);
            });
        });
        let known = Known { tracks: &[track(codec)], others: &[] };
        read_moof(&moof, Place { moof: 1000, file: 0 }, known, &mut [0])
    }

    #[test]
    fn uncompressed_sound_comes_in_packets() {
        let samples = read("ipcm", 96_500).unwrap();
        assert_eq!(samples.len(), 101);
        assert_eq!((samples[0].offset, samples[0].size, samples[0].dts), (1100, 3840, 96));
        assert_eq!((samples[1].offset, samples[1].dts), (4940, 1056));
        assert_eq!((samples[100].size, samples[100].duration), (2000, 500));
        // Other codecs' samples are as small as they are.
        assert_eq!(read("mp4a", 3).unwrap().len(), 3);
        assert_eq!(read("mp4a", 1_000_000).unwrap_err().kind, ErrorKind::TooLarge);
    }
}
