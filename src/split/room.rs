//! How much room a file's index needs, told from its first samples: with too little of it a file
//! has to be written twice.

use container::{Container, Kind, NANOS_PER_SECOND, Sample, Track};

/// Samples that are looked at before the file is begun.
const MAX_HELD_SAMPLES: usize = 300;
const MAX_HELD_BYTES: usize = 2 << 20;

/// The index of an MP4 is a tenth of the smallest media. Where it needs more than this share of
/// the input, or where a pipe does not say how much it is, a longer one is written twice.
const MAX_SHARE: f64 = 0.25;
const PIPE_ROOM_BYTES: f64 = (1 << 20) as f64;

/// A pipe does not say how long it will be.
const UNKNOWN_NS: f64 = 3600e9;

/// What the engine keeps for a second of MP4 where it is told nothing else, and what a picture and
/// a packet take at most: size, duration, shift, number.
const INDEX_BYTES_PER_SECOND: f64 = 1200.0;
const PICTURE_BYTES: f64 = 24.0;
const PACKET_BYTES: f64 = 16.0;

/// Key frames come late, and the samples that were looked at may be a quiet moment.
const MARGIN: f64 = 1.25;

/// What is known of a file in advance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// How long it will be, where anything says so.
    pub(super) length_ns: Option<i64>,
    /// How many bytes the input has; `None` for a pipe.
    pub(super) total: Option<u64>,
}

/// The first samples of a file.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) samples: Vec<Sample>,
    bytes: usize,
}

impl Held {
    /// Takes a sample; whether there are enough of them.
    pub(super) fn push(&mut self, sample: Sample) -> bool {
        self.bytes += sample.data.len();
        self.samples.push(sample);
        self.samples.len() >= MAX_HELD_SAMPLES || self.bytes >= MAX_HELD_BYTES
    }

    /// How long to tell the engine that the file will be, so that it keeps enough room.
    pub(super) fn expected_ns(&self, tracks: &[Track], output: Container, plan: Plan) -> i64 {
        let times = self.samples.iter().map(|sample| tracks[sample.track].to_nanos(sample.pts));
        let (first, last) =
            times.fold((i64::MAX, i64::MIN), |(first, last), at| (first.min(at), last.max(at)));
        // One sample spans nothing; a thirtieth of a second is a usual one.
        let span_ns = (last.saturating_sub(first) as f64).max(1e9 / 30.0);
        let length_ns = match (plan.length_ns, plan.total) {
            (Some(nanos), _) => nanos as f64,
            (None, Some(bytes)) => bytes as f64 / self.bytes.max(1) as f64 * span_ns,
            (None, None) => UNKNOWN_NS,
        };
        let bytes = |sample: &Sample| match tracks[sample.track].kind {
            Kind::Video => PICTURE_BYTES,
            Kind::Audio => PACKET_BYTES,
        };
        let index: f64 = self.samples.iter().map(bytes).sum();
        let expected_ns = match output {
            Container::Mp4 => {
                let seconds = span_ns / NANOS_PER_SECOND as f64;
                let busy = (index / seconds / INDEX_BYTES_PER_SECOND).max(1.0);
                let room = plan.total.map_or(PIPE_ROOM_BYTES, |bytes| bytes as f64 * MAX_SHARE);
                let longest_ns = room / INDEX_BYTES_PER_SECOND * NANOS_PER_SECOND as f64;
                (length_ns * busy * MARGIN).min(longest_ns)
            }
            Container::Webm => length_ns * MARGIN,
        };
        // The engine has bounds of its own.
        expected_ns as i64
    }
}
