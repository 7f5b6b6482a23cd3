//! Which of a stream's tracks WebRTC carries, and its samples as RTP packetizers take them.

use container::codec::{configuration, h264};
use container::{Kind, Sample, Track};
use str0m::format::{Codec, PayloadParams};

/// A track that goes out.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    /// Index among the stream's tracks.
    pub(super) track: usize,
    pub(super) kind: Kind,
    pub(super) codec: Codec,
    /// avcC of H.264.
    avcc: Option<bytes::Bytes>,
}

impl Outgoing {
    /// The stream's video and audio, as far as WebRTC carries them.
    pub(super) fn of(tracks: &[Track]) -> Vec<Self> {
        let outgoing = |(index, track): (usize, &Track)| {
            let codec = match track.codec.as_str() {
                "V_VP8" | "vp08" => Codec::Vp8,
                "V_VP9" | "vp09" => Codec::Vp9,
                "V_AV1" | "av01" => Codec::Av1,
                "V_MPEG4/ISO/AVC" | "avc1" | "avc3" => Codec::H264,
                "A_OPUS" | "Opus" => Codec::Opus,
                _ => return None,
            };
            let avcc = match codec {
                Codec::H264 => Some(configuration(track, b"avcC")?),
                _ => None,
            };
            Some(Self { track: index, kind: track.kind, codec, avcc })
        };
        tracks.iter().enumerate().filter_map(outgoing).collect()
    }

    /// Whether a decoder of the one can go on with the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let profile = |own: &Self| own.avcc.as_ref().and_then(|avcc| avcc.get(1).copied());
        self.codec == other.codec && profile(self) == profile(other)
    }

    /// Whether what `params` stand for can be sent to a peer that has offered it.
    pub(super) fn fits(&self, params: &PayloadParams) -> bool {
        let spec = params.spec();
        if spec.codec != self.codec {
            return false;
        }
        let Some(avcc) = &self.avcc else {
            // Browsers record 8 bits of 4:2:0, which is profile 0 everywhere.
            return spec.format.profile_id.unwrap_or(0) == 0;
        };
        let wanted = spec.format.profile_level_id.unwrap_or(0x42_E01F);
        // The profile decides what a decoder can do at all; levels are generous everywhere.
        let profile = avcc.get(1).copied().unwrap_or_default();
        let is_profile = (wanted >> 16) as u8 == profile;
        is_profile && spec.format.packetization_mode.unwrap_or(0) == 1
    }

    /// A sample as it is packetized. `None` when it is damaged.
    pub(super) fn frame(&self, sample: &Sample) -> Option<Vec<u8>> {
        match &self.avcc {
            Some(avcc) => h264::to_annex_b(&sample.data, avcc, sample.sync),
            None => Some(sample.data.to_vec()),
        }
    }
}

/// Whether frames are shown in another order than they come, which RTP players do not expect.
pub(super) fn is_reordered(group: &[Sample], video: &Outgoing) -> bool {
    let own = group.iter().filter(|sample| sample.track == video.track);
    !own.map(|sample| sample.pts).is_sorted()
}
