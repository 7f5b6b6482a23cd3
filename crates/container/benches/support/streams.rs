//! Streams as browsers send them at 2.5 Mbit/s, as long as wanted.

use bytes::Bytes;
use container::{Kind, NANOS_PER_SECOND};

use super::writers::{Packet, Source, mp4, sources, webm};

/// What MediaRecorder takes by default for a picture and sound in Chromium.
const BITS_PER_SECOND: u64 = 2_500_000;

/// What a socket gives at once under load.
const CHUNK_BYTES: usize = 64 << 10;

/// A stream in the pieces in which it arrives, each in memory of its own.
pub(crate) struct Stream {
    pub(crate) chunks: Vec<Bytes>,
    pub(crate) bytes: u64,
    pub(crate) samples: u64,
}

/// VP9 and Opus in WebM, as Chromium writes it.
pub(crate) fn webm(seconds: i64) -> Stream {
    let source = lasting(shaped("chromium-webm-vp9-opus"), seconds);
    stream(&source, &webm::write(&source, &webm::Style::chromium()).bytes)
}

/// H.264 and Opus in fragmented MP4, as Chromium writes it.
pub(crate) fn mp4(seconds: i64) -> Stream {
    let source = lasting(shaped("chromium-mp4-h264-opus"), seconds);
    stream(&source, &mp4::write(&source, &mp4::Style::chromium()).bytes)
}

/// The same stream in other pieces.
pub(crate) fn in_pieces_of(bytes: usize, stream: Stream) -> Stream {
    let whole = stream.chunks.concat();
    Stream { chunks: whole.chunks(bytes).map(Bytes::copy_from_slice).collect(), ..stream }
}

/// The stream with bytes without meaning in the middle, nearly as many as are passed over.
pub(crate) fn damaged(stream: Stream) -> Stream {
    const NOISE_BYTES: usize = 30 << 20;
    let mut state = 1u64;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    });
    let noise: Vec<u8> = noise.take(NOISE_BYTES).collect();
    let mut chunks = stream.chunks;
    let middle = chunks.len() / 2;
    chunks.splice(middle..middle, noise.chunks(CHUNK_BYTES).map(Bytes::copy_from_slice));
    Stream { chunks, bytes: stream.bytes + NOISE_BYTES as u64, ..stream }
}

fn stream(source: &Source, bytes: &[u8]) -> Stream {
    Stream {
        chunks: bytes.chunks(CHUNK_BYTES).map(Bytes::copy_from_slice).collect(),
        bytes: bytes.len() as u64,
        samples: source.packets.len() as u64,
    }
}

/// A capture whose pictures are made as large as they are at the usual rate; captures hold test
/// pictures, which compress too well.
fn shaped(capture: &str) -> Source {
    let mut source = sources::capture(capture, f64::MAX);
    let bytes = |source: &Source, kind: Kind| {
        let own = source.packets.iter().filter(|packet| source.tracks[packet.track].kind == kind);
        own.map(|packet| packet.data.len() as u64).sum::<u64>()
    };
    let wanted = BITS_PER_SECOND / 8 * period_ns(&source) as u64 / NANOS_PER_SECOND as u64;
    let wanted = wanted - bytes(&source, Kind::Audio);
    let there = bytes(&source, Kind::Video);
    for packet in &mut source.packets {
        let track = &source.tracks[packet.track];
        if track.kind == Kind::Video {
            let len = packet.data.len() as u64 * wanted / there;
            packet.data = grown(&packet.data, len as usize, track.codec == "V_MPEG4/ISO/AVC");
        }
    }
    source
}

/// The frame with more behind it: in its last NAL unit, where it consists of some.
fn grown(frame: &[u8], len: usize, has_units: bool) -> Bytes {
    let mut grown = frame.to_vec();
    let more = len.saturating_sub(frame.len());
    grown.extend((0..more).map(|n| n as u8 | 0x40));
    let mut at = 0;
    while has_units && at < frame.len() {
        let prefix = frame[at..at + 4].try_into().unwrap();
        let end = at + 4 + u32::from_be_bytes(prefix) as usize;
        if end == frame.len() {
            let unit = (grown.len() - at - 4) as u32;
            grown[at..at + 4].copy_from_slice(&unit.to_be_bytes());
        }
        at = end;
    }
    grown.into()
}

fn period_ns(source: &Source) -> i64 {
    let last = source.packets.iter().map(|packet| packet.dts_ns).max().unwrap();
    // One picture more, so that the next round begins behind it.
    last + NANOS_PER_SECOND / 25
}

/// The same again and again.
fn lasting(source: Source, seconds: i64) -> Source {
    let period_ns = period_ns(&source);
    let rounds = (seconds * NANOS_PER_SECOND).div_euclid(period_ns) + 1;
    let moved = |packet: &Packet, round: i64| {
        let by = round * period_ns;
        Packet { pts_ns: packet.pts_ns + by, dts_ns: packet.dts_ns + by, ..packet.clone() }
    };
    let round = |round| source.packets.iter().map(move |packet| moved(packet, round));
    let packets = (0..rounds).flat_map(round).collect();
    Source { tracks: source.tracks.clone(), packets }
}
