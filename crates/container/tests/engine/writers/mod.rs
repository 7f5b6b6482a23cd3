//! Recorders that cannot be had in a test, written from what is known of their streams: the media
//! of real captures in another dialect, and what a reader of that dialect must find.

pub(crate) mod mp4;
pub(crate) mod sources;
pub(crate) mod tools;
pub(crate) mod webm;

use bytes::Bytes;
use container::{Kind, NANOS_PER_SECOND};

/// Encoded media before a container is put around it.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) tracks: Vec<Media>,
    /// In the order of their decode times.
    pub(crate) packets: Vec<Packet>,
}

/// What a container says of a track.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    pub(crate) kind: Kind,
    /// Matroska's CodecID.
    pub(crate) codec: &'static str,
    /// Matroska's CodecPrivate.
    pub(crate) private: Option<Bytes>,
    /// An MP4 sample entry, a whole box.
    pub(crate) entry: Option<Bytes>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) sample_rate: u32,
    pub(crate) channels: u32,
}

/// One frame or packet.
#[derive(Debug, Clone)]
pub(crate) struct Packet {
    pub(crate) track: usize,
    pub(crate) pts_ns: i64,
    pub(crate) dts_ns: i64,
    pub(crate) sync: bool,
    pub(crate) data: Bytes,
}

/// What a reader must find: in this order within a track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) track: usize,
    pub(crate) pts_ns: i64,
    pub(crate) sync: bool,
    pub(crate) data: Bytes,
}

/// A stream in some dialect.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    pub(crate) bytes: Vec<u8>,
    /// By init segment; `None` where only the tool that made it knows.
    pub(crate) expected: Option<Vec<Vec<Expected>>>,
}

impl Stream {
    pub(crate) fn new(bytes: Vec<u8>, expected: Vec<Expected>) -> Self {
        Self { bytes, expected: Some(vec![expected]) }
    }

    /// One recorder's stream behind another's, as one.
    pub(crate) fn then(mut self, next: Self) -> Self {
        self.bytes.extend(next.bytes);
        if let (Some(all), Some(more)) = (&mut self.expected, next.expected) {
            all.extend(more);
        }
        self
    }
}

impl Source {
    /// What of it is in the given tracks, which are then its only ones.
    pub(crate) fn only(&self, kind: Kind) -> Self {
        let index = self.tracks.iter().position(|track| track.kind == kind).unwrap();
        let packets = self.packets.iter().filter(|packet| packet.track == index).cloned();
        let packets = packets.map(|packet| Packet { track: 0, ..packet }).collect();
        Self { tracks: vec![self.tracks[index].clone()], packets }
    }

    /// Without the packets of one kind between two times.
    pub(crate) fn without(mut self, kind: Kind, from_ns: i64, to_ns: i64) -> Self {
        let kinds: Vec<Kind> = self.tracks.iter().map(|track| track.kind).collect();
        let gone = |p: &Packet| kinds[p.track] == kind && (from_ns..to_ns).contains(&p.pts_ns);
        self.packets.retain(|packet| !gone(packet));
        self
    }

    /// As a recorder that was paused leaves it: the time is taken out, nothing else.
    pub(crate) fn paused(mut self, from_ns: i64, to_ns: i64) -> Self {
        let key = |p: &&Packet| self.tracks[p.track].kind == Kind::Video && p.sync;
        let resumed = self.packets.iter().filter(key).map(|p| p.pts_ns).find(|&at| at >= to_ns);
        let resumed = resumed.unwrap();
        self.packets.retain(|packet| packet.pts_ns < from_ns || packet.pts_ns >= resumed);
        for packet in &mut self.packets {
            if packet.pts_ns >= resumed {
                packet.pts_ns -= resumed - from_ns;
                packet.dts_ns -= resumed - from_ns;
            }
        }
        self
    }

    pub(crate) fn video(&self) -> Option<usize> {
        self.tracks.iter().position(|track| track.kind == Kind::Video)
    }
}

/// Ticks of 1/`timescale` s, to the nearest.
pub(crate) fn ticks(ns: i64, timescale: u32) -> i64 {
    let product = i128::from(ns) * i128::from(timescale);
    let second = i128::from(NANOS_PER_SECOND);
    ((2 * product + second).div_euclid(2 * second)) as i64
}

/// Nanoseconds of 1/`timescale` s, to the nearest.
pub(crate) fn nanos(ticks: i64, timescale: u32) -> i64 {
    let product = i128::from(ticks) * i128::from(NANOS_PER_SECOND);
    let scale = i128::from(timescale);
    ((2 * product + scale).div_euclid(2 * scale)) as i64
}
