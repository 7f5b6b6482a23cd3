//! Which of a stream's tracks WebRTC carries, and its samples as RTP packetizers take them.

use container::codec::{codec_name, configuration, h264};
use container::{Kind, Sample, Track};
use str0m::format::{Codec, PayloadParams};

use crate::live::sound;

/// A track that goes out.
#[derive(Debug, Clone)]
pub(super) struct Outgoing {
    /// Index among the stream's tracks.
    pub(super) track: usize,
    pub(super) kind: Kind,
    pub(super) codec: Codec,
    /// Its sound is converted: what the stream has of it does not go out.
    pub(super) is_converted: bool,
    /// avcC of H.264.
    avcc: Option<bytes::Bytes>,
    /// Of VP9 and AV1.
    profile: u32,
}

impl Outgoing {
    /// The stream's video and audio, as far as WebRTC carries them, and the sound that has to be
    /// converted.
    pub(super) fn of(tracks: &[Track]) -> Vec<Self> {
        let converted = sound::to_convert(tracks).map(|(index, _)| index);
        let outgoing = |(index, track): (usize, &Track)| {
            let is_converted = converted == Some(index);
            let codec = match track.codec.as_str() {
                "V_VP8" | "vp08" => Codec::Vp8,
                "V_VP9" | "vp09" => Codec::Vp9,
                "V_AV1" | "av01" => Codec::Av1,
                "V_MPEG4/ISO/AVC" | "avc1" | "avc3" => Codec::H264,
                _ if is_converted || sound::is_opus(track) => Codec::Opus,
                _ => return None,
            };
            let avcc = match codec {
                Codec::H264 => Some(configuration(track, b"avcC")?),
                _ => None,
            };
            let profile = match codec {
                // One that is not said is what browsers record, 8 bits of 4:2:0.
                Codec::Vp9 | Codec::Av1 => codec_name(track).and_then(|name| profile(&name)),
                _ => None,
            };
            let profile = profile.unwrap_or(0);
            Some(Self { track: index, kind: track.kind, codec, is_converted, avcc, profile })
        };
        tracks.iter().enumerate().filter_map(outgoing).collect()
    }

    /// Whether a decoder of the one can go on with the other.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.codec == other.codec
            && self.profile == other.profile
            && self.h264_profile() == other.h264_profile()
    }

    /// Whether what `params` stand for can be sent to a peer that has offered it.
    pub(super) fn fits(&self, params: &PayloadParams) -> bool {
        let spec = params.spec();
        if spec.codec != self.codec {
            return false;
        }
        let format = spec.format;
        match self.codec {
            // What is not said is profile 0 (RFC 9628 section 6; AV1 RTP section 7.2.1).
            Codec::Vp9 => format.profile_id.unwrap_or(0) == self.profile,
            Codec::Av1 => u32::from(format.profile.unwrap_or(0)) == self.profile,
            Codec::H264 => {
                // The profile decides what a decoder can do at all; levels are generous everywhere.
                let wanted = format.profile_level_id.unwrap_or(0x42_E01F);
                let is_profile = Some((wanted >> 16) as u8) == self.h264_profile();
                is_profile && format.packetization_mode.unwrap_or(0) == 1
            }
            _ => true,
        }
    }

    fn h264_profile(&self) -> Option<u8> {
        self.avcc.as_ref().and_then(|avcc| avcc.get(1).copied())
    }

    /// A sample as it is packetized. `None` when it is damaged, or is not sent.
    pub(super) fn frame(&self, sample: &Sample) -> Option<Vec<u8>> {
        match &self.avcc {
            _ if self.is_converted => None,
            Some(avcc) => h264::to_annex_b(&sample.data, avcc, sample.sync),
            None => Some(sample.data.to_vec()),
        }
    }
}

/// The profile in a name such as `vp09.02.10.10` or `av01.0.04M.08`.
fn profile(name: &str) -> Option<u32> {
    name.split('.').nth(1)?.parse().ok()
}

/// Whether frames are shown in another order than they come, which RTP players do not expect.
pub(super) fn is_reordered<'a>(
    samples: impl IntoIterator<Item = &'a Sample>,
    video: &Outgoing,
) -> bool {
    let own = samples.into_iter().filter(|sample| sample.track == video.track);
    !own.map(|sample| sample.pts).is_sorted()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use container::{Demuxer, Event};

    use super::*;

    fn tracks(capture: &str) -> Vec<Track> {
        let path = format!("{}/tests/captures/{capture}.bin", env!("CARGO_MANIFEST_DIR"));
        let mut demuxer = Demuxer::new();
        demuxer.push(Bytes::from(std::fs::read(path).unwrap()));
        loop {
            if let Some(Event::Init(init)) = demuxer.poll().unwrap() {
                return init.tracks.clone();
            }
        }
    }

    #[test]
    fn what_goes_out_as_it_is_and_what_is_converted() {
        let of = |capture: &str| {
            let mut all: Vec<(Codec, bool)> = Outgoing::of(&tracks(capture))
                .iter()
                .map(|outgoing| (outgoing.codec, outgoing.is_converted))
                .collect();
            all.sort_by_key(|(codec, _)| *codec == Codec::Opus);
            all
        };
        assert_eq!(of("chromium-webm-vp8-opus"), [(Codec::Vp8, false), (Codec::Opus, false)]);
        assert_eq!(of("chromium-mp4-h264-opus"), [(Codec::H264, false), (Codec::Opus, false)]);
        assert_eq!(of("webkit-mp4-h264-aac"), [(Codec::H264, false), (Codec::Opus, true)]);
        assert_eq!(of("chromium-webm-vp8-video-only"), [(Codec::Vp8, false)]);
    }

    #[test]
    fn a_decoder_does_not_go_on_with_another_profile() {
        let video = |capture: &str| {
            Outgoing::of(&tracks(capture)).into_iter().find(|own| own.kind == Kind::Video).unwrap()
        };
        let (vp9, av1) = (video("chromium-webm-vp9-opus"), video("chromium-webm-av1-opus"));
        assert!(vp9.is_like(&video("chromium-mp4-vp9-opus")) && !vp9.is_like(&av1));
        assert!(!vp9.is_like(&Outgoing { profile: 2, ..vp9.clone() }));
        let [webkit, chromium] = ["webkit-mp4-h264-aac", "chromium-mp4-h264-opus"].map(video);
        assert_ne!(webkit.h264_profile(), chromium.h264_profile());
        assert!(!webkit.is_like(&chromium) && webkit.is_like(&webkit));
    }

    #[test]
    fn profiles_are_in_the_codecs_names() {
        assert_eq!(profile("vp09.02.10.10"), Some(2));
        assert_eq!(profile("av01.0.04M.08"), Some(0));
        assert_eq!(profile("vp8"), None);
    }
}
