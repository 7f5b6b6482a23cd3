//! What the library hands over, in the words of this program.

use std::num::NonZeroU16;
use std::time::Instant;

use bytes::Bytes;
use container::codec::opus;
use container::{BareCodec, BareTrack, Kind, NANOS_PER_SECOND};
use retina::PacketContext;
use retina::client::{Demuxed, PacketItem};
use retina::codec::{AudioFrame, AudioParameters, CodecItem, ParametersRef, VideoFrame};
use retina::rtcp::ReceivedCompoundPacket;
use retina::rtp::ReceivedPacket;

use super::choice::{Choice, Picture, Sound};
use super::item::{Frame, Item, Report};
use super::slices::shape;

/// Reads what comes of the streams that were chosen.
#[derive(Debug)]
pub(super) struct Reading {
    choice: Choice,
    /// Times of arrival count from here.
    begun: Instant,
}

impl Reading {
    pub(super) fn new(choice: Choice, begun: Instant) -> Self {
        Self { choice, begun }
    }

    /// The time of arrival of what comes now.
    pub(super) fn now_us(&self) -> i64 {
        micros(self.begun.elapsed())
    }

    /// What came, where it is of any use. `streams` has taken it in already.
    pub(super) fn item(&self, item: CodecItem, streams: &Demuxed) -> Option<Item> {
        match item {
            CodecItem::VideoFrame(frame) => self.video(frame, streams).map(Item::Frame),
            CodecItem::AudioFrame(frame) => Some(Item::Frame(self.audio(&frame))),
            CodecItem::Rtcp(packet) => self.report(&packet).map(Item::Report),
            _ => None,
        }
    }

    /// The same of a connection that brings sound alone, packet by packet.
    pub(super) fn packet(&self, item: PacketItem) -> Option<Item> {
        match item {
            PacketItem::Rtp(packet) => self.opus(packet).map(Item::Frame),
            PacketItem::Rtcp(packet) => self.report(&packet).map(Item::Report),
            _ => None,
        }
    }

    /// An RTP packet holds one of Opus (RFC 7587 section 4.2).
    fn opus(&self, packet: ReceivedPacket) -> Option<Frame> {
        let timestamp = packet.timestamp();
        let arrived_us = self.arrived_us(packet.ctx());
        let is_behind_loss = packet.loss() > 0;
        let data = packet.into_payload_bytes();
        let duration = opus::packet_duration(&data)?;
        Some(Frame {
            kind: Kind::Audio,
            ticks: timestamp.timestamp(),
            start_ticks: timestamp.start().into(),
            arrived_us,
            duration: Some(duration),
            data,
            is_key: true,
            is_behind_loss,
            begins_whole: true,
            leads: false,
            track: None,
        })
    }

    fn video(&self, frame: VideoFrame, streams: &Demuxed) -> Option<Frame> {
        let (at, picture) = self.choice.video?;
        let shape = shape(picture, frame.data());
        let track = match streams.streams().get(at)?.parameters() {
            Some(ParametersRef::Video(parameters)) if shape.is_key => {
                let config = || Bytes::copy_from_slice(parameters.extra_data());
                let codec = match picture {
                    Picture::H264 => BareCodec::H264(config()),
                    Picture::H265 => BareCodec::H265(config()),
                    Picture::Jpeg => BareCodec::Mjpeg,
                };
                Some(BareTrack::video(codec, parameters.pixel_dimensions()))
            }
            _ => None,
        };
        let timestamp = frame.timestamp();
        Some(Frame {
            kind: Kind::Video,
            ticks: timestamp.timestamp(),
            start_ticks: timestamp.start().into(),
            arrived_us: self.arrived_us(frame.start_ctx()),
            duration: None,
            is_key: shape.is_key,
            is_behind_loss: frame.loss() > 0,
            begins_whole: shape.is_first_slice,
            leads: shape.leads,
            track,
            data: frame.into_data().into(),
        })
    }

    fn audio(&self, frame: &AudioFrame) -> Frame {
        let timestamp = frame.timestamp();
        Frame {
            kind: Kind::Audio,
            ticks: timestamp.timestamp(),
            start_ticks: timestamp.start().into(),
            arrived_us: self.arrived_us(frame.ctx()),
            duration: Some(frame.frame_length().get()),
            data: Bytes::copy_from_slice(frame.data()),
            is_key: true,
            is_behind_loss: frame.loss() > 0,
            begins_whole: true,
            leads: false,
            track: None,
        }
    }

    fn report(&self, packet: &ReceivedCompoundPacket) -> Option<Report> {
        let at = Some(packet.stream_id());
        let kind = match at {
            _ if at == self.choice.video.map(|(at, _)| at) => Kind::Video,
            _ if at == self.choice.audio.map(|(at, _)| at) => Kind::Audio,
            _ => return None,
        };
        let ticks = packet.rtp_timestamp()?.timestamp();
        let clock = packet.pkts().next()?.as_sender_report().ok()??.ntp_timestamp().0;
        // Seconds since 1900 above, a fraction of 32 bits below; zero is none (RFC 3550 section
        // 6.4.1).
        let clock_ns = (i128::from(clock) * i128::from(NANOS_PER_SECOND)) >> 32;
        let clock_ns = i64::try_from(clock_ns).ok().filter(|_| clock != 0)?;
        Some(Report { kind, ticks, arrived_us: self.arrived_us(packet.ctx()), clock_ns })
    }

    fn arrived_us(&self, context: &PacketContext) -> i64 {
        micros(context.received().saturating_duration_since(self.begun))
    }
}

/// The track of the sound that was chosen. `None` where no file can hold it: the pictures come
/// without.
pub(super) fn sound(
    sound: Sound,
    parameters: Option<ParametersRef<'_>>,
    clock_rate: u32,
    channels: Option<NonZeroU16>,
) -> Option<BareTrack> {
    let said = match &parameters {
        Some(ParametersRef::Audio(audio)) => Some(*audio),
        _ => None,
    };
    let channels = said.map(AudioParameters::channels).or(channels).map_or(1, NonZeroU16::get);
    let codec = match sound {
        Sound::Aac => BareCodec::Aac(Bytes::copy_from_slice(said?.extra_data())),
        Sound::Alaw => BareCodec::Alaw,
        Sound::Ulaw => BareCodec::Ulaw,
        Sound::L16 => BareCodec::L16,
        Sound::Opus => BareCodec::Opus,
    };
    Some(BareTrack::audio(codec, clock_rate, channels.into())).filter(BareTrack::is_writable)
}

fn micros(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_of_a_rate_that_no_file_can_say_is_left_out() {
        let track = |rate| sound(Sound::L16, None, rate, NonZeroU16::new(2));
        assert_eq!(track(96_000), Some(BareTrack::audio(BareCodec::L16, 96_000, 2)));
        assert_eq!(track(2_000_000), None);
        assert_eq!(track(0), None);
    }
}
