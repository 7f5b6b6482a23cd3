//! The media of captures, and of ffmpeg where no browser makes such.

use bytes::Bytes;
use container::codec::configuration;
use container::{Demuxer, Event, Kind, NANOS_PER_SECOND, Sample, Track, webm};

use super::{Media, Packet, Source};
use crate::captures;

/// The first seconds of a capture.
pub(crate) fn capture(name: &str, seconds: f64) -> Source {
    of(&captures::named(name).stream, seconds)
}

/// What a stream holds. The captures' own tests say that it is read as ffmpeg reads it.
pub(crate) fn of(stream: &[u8], seconds: f64) -> Source {
    let (mut tracks, mut samples) = (Vec::new(), Vec::<Sample>::new());
    let mut demuxer = Demuxer::new();
    demuxer.push(Bytes::copy_from_slice(stream));
    while let Some(event) = demuxer.poll().unwrap() {
        match event {
            Event::Init(init) => tracks.clone_from(&init.tracks),
            Event::Config { track, config } => tracks[track] = *config,
            Event::Sample(sample) => samples.push(sample),
        }
    }
    let until_ns = (seconds * NANOS_PER_SECOND as f64) as i64;
    let packets = samples.into_iter().map(|sample| {
        let track = &tracks[sample.track];
        Packet {
            track: sample.track,
            pts_ns: track.to_nanos(sample.pts),
            dts_ns: track.to_nanos(sample.dts),
            sync: sample.sync,
            data: sample.data,
        }
    });
    let mut packets: Vec<Packet> = packets.filter(|packet| packet.dts_ns < until_ns).collect();
    packets.sort_by_key(|packet| (packet.dts_ns, tracks[packet.track].kind == Kind::Video));
    Source { tracks: tracks.iter().map(media).collect(), packets }
}

fn media(track: &Track) -> Media {
    let (codec, private_kind): (_, Option<&[u8; 4]>) = match &*track.codec {
        "V_VP8" => ("V_VP8", None),
        "V_VP9" | "vp09" => ("V_VP9", None),
        "V_AV1" | "av01" => ("V_AV1", Some(b"av1C")),
        "V_MPEG4/ISO/AVC" | "avc1" => ("V_MPEG4/ISO/AVC", Some(b"avcC")),
        "V_MPEGH/ISO/HEVC" | "hvc1" | "hev1" => ("V_MPEGH/ISO/HEVC", Some(b"hvcC")),
        "A_OPUS" | "Opus" => ("A_OPUS", None),
        "A_AAC" | "mp4a" => ("A_AAC", None),
        other => panic!("{other}"),
    };
    let (private, entry) = match &track.detail {
        container::Detail::Webm(webm::TrackDetail { codec_private, .. }) => {
            (codec_private.clone(), None)
        }
        container::Detail::Mp4(detail) => (None, Some(detail.sample_entry.clone())),
    };
    let private = match (codec, &entry) {
        ("A_OPUS", Some(_)) => configuration(track, b"dOps").map(|dops| head(&dops)),
        _ => private.or_else(|| configuration(track, private_kind?)),
    };
    let &Track { kind, width, height, sample_rate, channels, .. } = track;
    Media { kind, codec, private, entry, width, height, sample_rate, channels }
}

/// The OpusHead (RFC 7845 section 5.1) that says what a `dOps` says.
fn head(dops: &[u8]) -> Bytes {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(dops[1]);
    head.extend(dops[2..4].iter().rev());
    head.extend(dops[4..8].iter().rev());
    head.extend(dops[8..10].iter().rev());
    head.extend(&dops[10..]);
    head.into()
}

/// Uncompressed sound in place of the encoded: 20 ms of 16-bit samples at 8 kHz each.
pub(crate) fn with_pcm(mut source: Source) -> Source {
    const STEP_NS: i64 = 20_000_000;
    let audio = source.tracks.iter().position(|track| track.kind == Kind::Audio).unwrap();
    source.packets.retain(|packet| packet.track != audio);
    source.tracks[audio] = Media {
        codec: "A_PCM/INT/LIT",
        private: None,
        entry: None,
        sample_rate: 8000,
        channels: 1,
        ..source.tracks[audio].clone()
    };
    let end_ns = source.packets.iter().map(|packet| packet.pts_ns).max().unwrap();
    let packets = (0..end_ns / STEP_NS).map(|n| Packet {
        track: audio,
        pts_ns: n * STEP_NS,
        dts_ns: n * STEP_NS,
        sync: true,
        data: (0..320u32).map(|byte| (byte * 7 + n as u32 * 13) as u8).collect(),
    });
    source.packets.extend(packets);
    source.packets.sort_by_key(|packet| (packet.dts_ns, packet.track != audio));
    source
}
