//! An endless WebM stream whose every sample says whose it is and which, so that nothing needs to
//! be kept to send it again or to check what was recorded of it.

use std::sync::LazyLock;

use super::ebml::{self, BLOCK_HEAD_BYTES, CLUSTER_HEAD_BYTES};

/// A picture and two packets of sound.
pub(crate) const BEAT_MS: u64 = 40;

/// Opus packets of 20 ms, as browsers make them.
pub(crate) const AUDIO_MS: u64 = 20;

pub(crate) const AUDIO_PER_BEAT: u64 = BEAT_MS / AUDIO_MS;

/// A group of pictures is 2 s, as the capture page asks for.
const BEATS_PER_CLUSTER: u64 = 50;

/// 32 kbit/s.
const AUDIO_BYTES: usize = 80;

/// Enough for what each sample says of itself.
const MIN_VIDEO_BYTES: usize = 64;

/// Of a frame: tag, start code and size, by which the server knows key frames.
const VP8_HEAD_BYTES: usize = 10;

/// CELT, full band, 20 ms, one frame.
const OPUS_TOC: u8 = 0xF8;

/// Publisher, number and length of a sample.
const NAME_BYTES: usize = 16;

const WIDTH: u16 = 640;
const HEIGHT: u16 = 360;

/// What samples are filled with.
const NOISE_BYTES: usize = 4 << 20;

static NOISE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let words = (0..NOISE_BYTES / 8).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.collect()
});

/// The track of a sample, in the order of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Track {
    Video,
    Audio,
}

/// Which sample of which publisher it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) publisher: u32,
    pub(crate) track: Track,
    pub(crate) number: u64,
}

/// The stream of one publisher.
#[derive(Debug, Clone)]
pub(crate) struct Generated {
    publisher: u32,
    header: Vec<u8>,
    video_bytes: usize,
}

/// Bytes that follow one another in the stream.
struct Element {
    head: Vec<u8>,
    noise: &'static [u8],
}

impl Generated {
    pub(crate) fn new(publisher: u32, kbps: u64) -> Self {
        let beat_bytes = (kbps * BEAT_MS / 8) as usize;
        let other_bytes = 3 * BLOCK_HEAD_BYTES + 2 * AUDIO_BYTES;
        let video_bytes = beat_bytes.saturating_sub(other_bytes);
        let video_bytes = video_bytes.clamp(MIN_VIDEO_BYTES, NOISE_BYTES / 2);
        Self { publisher, header: ebml::header(WIDTH, HEIGHT), video_bytes }
    }

    /// How many whole beats there are by this time.
    pub(crate) fn beats(media_ms: u64) -> u64 {
        media_ms / BEAT_MS
    }

    /// How long the stream is behind so many beats.
    pub(crate) fn bytes(&self, beats: u64) -> u64 {
        let (clusters, rest) = (beats / BEATS_PER_CLUSTER, beats % BEATS_PER_CLUSTER);
        let open = if rest > 0 { CLUSTER_HEAD_BYTES as u64 + rest * self.beat_bytes() } else { 0 };
        self.header.len() as u64 + clusters * self.cluster_bytes() + open
    }

    /// The bytes of the stream from `position` on.
    pub(crate) fn read(&self, position: u64, length: usize, out: &mut Vec<u8>) {
        let end = out.len() + length;
        let mut at = position;
        while out.len() < end {
            let (element, skip) = self.element(at);
            let left = end - out.len();
            let head = element.head.get(skip..).unwrap_or_default();
            out.extend(head.iter().take(left));
            let left = left - head.len().min(left);
            let skip = skip.saturating_sub(element.head.len());
            let noise = &element.noise[skip..];
            out.extend_from_slice(&noise[..noise.len().min(left)]);
            at = position + (length - (end - out.len())) as u64;
        }
    }

    /// Which sample it is, if it is one of any such stream, unaltered.
    pub(crate) fn name(track: Track, data: &[u8]) -> Option<Name> {
        let front = front_bytes(track);
        let publisher = u32::from_be_bytes(data.get(front..front + 4)?.try_into().ok()?);
        let number = u64::from_be_bytes(data.get(front + 4..front + 12)?.try_into().ok()?);
        let name = Name { publisher, track, number };
        let (head, noise) = payload(name, data.len());
        let is_whole = data.strip_prefix(&head[..]) == Some(noise);
        is_whole.then_some(name)
    }

    /// A picture and its sound.
    pub(crate) fn beat_bytes(&self) -> u64 {
        (3 * BLOCK_HEAD_BYTES + self.video_bytes + 2 * AUDIO_BYTES) as u64
    }

    fn cluster_bytes(&self) -> u64 {
        CLUSTER_HEAD_BYTES as u64 + BEATS_PER_CLUSTER * self.beat_bytes()
    }

    /// What stands at `position`, and how far in it that is.
    fn element(&self, position: u64) -> (Element, usize) {
        let Some(behind) = position.checked_sub(self.header.len() as u64) else {
            return (Element { head: self.header.clone(), noise: &[] }, position as usize);
        };
        let cluster = behind / self.cluster_bytes();
        let within = behind % self.cluster_bytes();
        let Some(within) = within.checked_sub(CLUSTER_HEAD_BYTES as u64) else {
            let mut head = Vec::with_capacity(CLUSTER_HEAD_BYTES);
            ebml::cluster_head(&mut head, cluster * BEATS_PER_CLUSTER * BEAT_MS);
            return (Element { head, noise: &[] }, within as usize);
        };
        let (beat, within) = (within / self.beat_bytes(), (within % self.beat_bytes()) as usize);
        let number = cluster * BEATS_PER_CLUSTER + beat;
        let Some(within) = within.checked_sub(BLOCK_HEAD_BYTES + self.video_bytes) else {
            let name = Name { publisher: self.publisher, track: Track::Video, number };
            return (block(name, beat * BEAT_MS, self.video_bytes), within);
        };
        let packet = within / (BLOCK_HEAD_BYTES + AUDIO_BYTES);
        let number = number * AUDIO_PER_BEAT + packet as u64;
        let name = Name { publisher: self.publisher, track: Track::Audio, number };
        let relative_ms = beat * BEAT_MS + packet as u64 * AUDIO_MS;
        (block(name, relative_ms, AUDIO_BYTES), within % (BLOCK_HEAD_BYTES + AUDIO_BYTES))
    }
}

fn block(name: Name, relative_ms: u64, bytes: usize) -> Element {
    let (front, noise) = payload(name, bytes);
    let mut head = Vec::with_capacity(BLOCK_HEAD_BYTES + front.len());
    let (track, is_key) = match name.track {
        Track::Video => (1, is_key(name)),
        Track::Audio => (2, true),
    };
    ebml::block_head(&mut head, track, relative_ms as i16, is_key, bytes);
    head.extend(front);
    Element { head, noise }
}

fn is_key(name: Name) -> bool {
    name.number.is_multiple_of(BEATS_PER_CLUSTER)
}

fn front_bytes(track: Track) -> usize {
    match track {
        Track::Video => VP8_HEAD_BYTES,
        Track::Audio => 1,
    }
}

/// A sample of this length: what it says of itself, and what it is filled with.
fn payload(name: Name, bytes: usize) -> (Vec<u8>, &'static [u8]) {
    let mut head = Vec::with_capacity(VP8_HEAD_BYTES + NAME_BYTES);
    match name.track {
        Track::Video => {
            // RFC 6386 section 9.1; only key frames have more than the tag.
            head.extend([0x10 | u8::from(!is_key(name)), 2, 0, 0x9D, 0x01, 0x2A]);
            head.extend(WIDTH.to_le_bytes());
            head.extend(HEIGHT.to_le_bytes());
        }
        Track::Audio => head.push(OPUS_TOC),
    }
    head.extend(name.publisher.to_be_bytes());
    head.extend(name.number.to_be_bytes());
    head.extend((bytes as u32).to_be_bytes());
    let noise_bytes = bytes.saturating_sub(head.len()).min(NOISE_BYTES / 2);
    let spread = u64::from(name.publisher) * 7919 + name.number * 104_729;
    let from = (spread % (NOISE_BYTES - noise_bytes) as u64) as usize;
    (head, &NOISE[from..from + noise_bytes])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::samples;

    fn whole(stream: &Generated, beats: u64) -> Vec<u8> {
        let mut out = Vec::new();
        stream.read(0, stream.bytes(beats) as usize, &mut out);
        out
    }

    #[test]
    fn each_sample_is_known_by_its_number_and_its_time() {
        let found = samples(whole(&Generated::new(7, 500), 130).into()).unwrap();
        let mut next = [0, 0];
        for sample in found {
            let track = [Track::Video, Track::Audio][sample.track];
            let name = Generated::name(track, &sample.data).unwrap();
            assert_eq!((name.publisher, name.number), (7, next[sample.track]));
            next[sample.track] += 1;
            let step_ms = [BEAT_MS, AUDIO_MS][sample.track];
            assert_eq!(sample.pts, (name.number * step_ms * 1_000_000) as i64);
            let is_key = track == Track::Audio || name.number.is_multiple_of(BEATS_PER_CLUSTER);
            assert_eq!(sample.sync, is_key);
        }
        assert_eq!(next, [130, 260]);
    }

    #[test]
    fn it_reads_the_same_from_every_position_on() {
        let stream = Generated::new(3, 100);
        let all = whole(&stream, 60);
        for position in (0..all.len()).step_by(37) {
            let length = (all.len() - position).min(1 + position % 2500);
            let mut out = vec![9];
            stream.read(position as u64, length, &mut out);
            assert_eq!(out[1..], all[position..position + length], "at {position}");
        }
    }

    #[test]
    fn it_has_the_rate_that_was_asked_for() {
        for kbps in [200, 500, 20_000] {
            let bytes = Generated::new(0, kbps).bytes(25 * 100) as f64;
            let asked = (kbps * 1000 / 8 * 100) as f64;
            assert!((bytes / asked - 1.0).abs() < 0.01, "{kbps} kbit/s gives {bytes} bytes");
        }
    }

    #[test]
    fn a_sample_with_another_byte_is_none() {
        let found = samples(whole(&Generated::new(1, 500), 2).into()).unwrap();
        for index in [0, 10, 21, 25, 26, found[0].data.len() - 1] {
            let mut data = found[0].data.to_vec();
            data[index] ^= 2;
            assert_eq!(Generated::name(Track::Video, &data), None, "byte {index}");
        }
        assert_eq!(Generated::name(Track::Video, &found[0].data[..500]), None);
    }
}
