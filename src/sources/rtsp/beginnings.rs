//! What a camera says of the RTP times at which its playback begins.

use container::Kind;

use super::item::Frame;
use super::sync::nanos;

/// How far what a camera says of the beginning may be from what arrives: cameras exist that say
/// anything.
const MAX_OFF_NS: i64 = 500_000_000;

/// What the camera says of them.
#[derive(Debug, Default)]
pub(super) struct Beginnings {
    video: Option<i64>,
    audio: Option<i64>,
    /// Without its word the first packet of each counts, and says nothing of the other.
    are_told: bool,
}

impl Beginnings {
    /// What has been or will be said means nothing.
    pub(super) fn unknown() -> Self {
        Self { video: Some(0), audio: Some(0), are_told: false }
    }

    pub(super) fn learn(&mut self, frame: &Frame) {
        let known = match frame.kind {
            Kind::Video => &mut self.video,
            Kind::Audio => &mut self.audio,
        };
        if known.is_none() {
            *known = Some(frame.start_ticks);
            self.are_told |= frame.start_ticks != frame.ticks;
        }
    }

    /// How much later than the picture's RTP time that of the sound is at one moment, where it is
    /// about `arrived_ns` by what arrives.
    pub(super) fn offset_ns(&self, video_rate: u32, audio_rate: u32, arrived_ns: i64) -> i64 {
        let said_ns = self.video.zip(self.audio).filter(|_| self.are_told).map(|(video, audio)| {
            nanos(audio, audio_rate).saturating_sub(nanos(video, video_rate))
        });
        let is_off = |said_ns: i64| said_ns.saturating_sub(arrived_ns).saturating_abs();
        said_ns.filter(|&said_ns| is_off(said_ns) <= MAX_OFF_NS).unwrap_or(arrived_ns)
    }
}
