//! Tracks that come without a container, as cameras send them over RTP.

use bytes::Bytes;

use crate::demux::Demuxer;
use crate::error::{Error, ErrorKind, Fault};
use crate::fmp4::{boxes, entry, mux, out_track};
use crate::sample::{Init, Kind};

/// Ticks per second of video times in RTP (RFC 3551 section 5), kept as they are.
const VIDEO_TIMESCALE: u32 = 90_000;

/// What a sample entry has room for: sizes and channels in 16 bits (ISO 14496-12 clauses 12.1.3 and
/// 12.2.3). A rate that is larger is that of the media's clock.
const MAX_16_BITS: u32 = 0xFFFF;

/// A one-byte length in front of an AudioSpecificConfig; real ones have two to seven bytes.
const MAX_AUDIO_CONFIG_BYTES: usize = 90;

/// A codec and what its decoder must know before the first sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BareCodec {
    /// H.264 with length prefixes of four bytes and its `avcC` payload, the
    /// AVCDecoderConfigurationRecord (ISO 14496-15 clause 5.3.3.1).
    H264(Bytes),
    /// H.265 with length prefixes of four bytes and its `hvcC` payload, the
    /// HEVCDecoderConfigurationRecord (ISO 14496-15 clause 8.3.3.1).
    H265(Bytes),
    /// A whole JPEG each (object type 0x6C of ISO 14496-1 clause 7.2.6.6).
    Mjpeg,
    /// AAC without ADTS, and its AudioSpecificConfig (ISO 14496-3 clause 1.6.2.1).
    Aac(Bytes),
    /// Opus packets (RFC 6716), of one channel or two.
    Opus,
    /// G.711 A-law.
    Alaw,
    /// G.711 µ-law.
    Ulaw,
    /// PCM of 16 bits, the more significant byte first (RFC 3551 section 4.5.11).
    L16,
}

/// A track that comes without a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BareTrack {
    pub(crate) codec: BareCodec,
    pub(crate) kind: Kind,
    pub(crate) timescale: u32,
    pub(crate) size: (u32, u32),
    pub(crate) sample_rate: u32,
    pub(crate) channels: u32,
}

impl BareTrack {
    /// Frames of this width and height, with times in 1/90000 s.
    #[must_use]
    pub fn video(codec: BareCodec, size: (u32, u32)) -> Self {
        let (kind, timescale) = (Kind::Video, VIDEO_TIMESCALE);
        Self { codec, kind, timescale, size, sample_rate: 0, channels: 0 }
    }

    /// Packets of sound, with times that count its samples.
    #[must_use]
    pub fn audio(codec: BareCodec, sample_rate: u32, channels: u32) -> Self {
        let (kind, timescale) = (Kind::Audio, sample_rate);
        Self { codec, kind, timescale, size: (0, 0), sample_rate, channels }
    }

    /// Whether each of its samples is a JPEG.
    #[must_use]
    pub fn is_jpeg(&self) -> bool {
        self.codec == BareCodec::Mjpeg
    }

    /// Ticks per second of its samples' times.
    #[must_use]
    pub fn timescale(&self) -> u32 {
        self.timescale
    }

    /// Whether it is seen or heard.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether a file can hold it: whether its numbers and its decoder's configuration are some.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.check().is_ok()
    }

    fn check(&self) -> Result<(), Fault> {
        let fits = |value: u32| (1..=MAX_16_BITS).contains(&value);
        let is_rate = (1..=out_track::MAX_TIMESCALE).contains(&self.sample_rate);
        let is_sound = is_rate && fits(self.channels);
        let is_picture = fits(self.size.0) && fits(self.size.1);
        let is_good = match &self.codec {
            BareCodec::H264(avcc) => is_picture && avcc.len() > 6 && avcc[4] & 3 == 3,
            BareCodec::H265(hvcc) => is_picture && hvcc.len() > 22 && hvcc[21] & 3 == 3,
            BareCodec::Mjpeg => is_picture,
            BareCodec::Aac(config) => {
                is_sound && (2..=MAX_AUDIO_CONFIG_BYTES).contains(&config.len())
            }
            BareCodec::Opus => self.sample_rate == 48_000 && (1..=2).contains(&self.channels),
            BareCodec::Alaw | BareCodec::Ulaw | BareCodec::L16 => is_sound,
        };
        is_good.then_some(()).ok_or(Fault::malformed("stsd"))
    }
}

impl Init {
    /// The init segment of a stream that has none: that of a fragmented MP4 with these tracks
    /// (`ftyp` and `moov`, ISO 14496-12 clauses 4.3 and 8.8), as [`Demuxer::read_init`] reads it
    /// again from its bytes. [`crate::Sample::track`] counts in the order given.
    ///
    /// # Errors
    /// Without any track, and when a track's numbers or its decoder's configuration are none.
    pub fn of_bare(tracks: &[BareTrack]) -> Result<Self, Error> {
        if tracks.is_empty() {
            return Err(Error::new(ErrorKind::NoTracks, 0, "moov"));
        }
        let announce = |track: &BareTrack| {
            track.check()?;
            let entry = entry::from_bare(track);
            Ok(out_track::OutTrack::announced(track.kind, track.timescale, entry, track.size))
        };
        let announced: Result<Vec<_>, Fault> = tracks.iter().map(announce).collect();
        let announced = announced.map_err(|fault| fault.at(0))?;
        let mut bytes = boxes::file_type();
        mux::fragmented_movie(&mut bytes, &announced);
        Demuxer::read_init(&bytes.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{codec_name, configuration};

    const AVCC: &[u8] = &[1, 0x42, 0xC0, 0x15, 0xFF, 0xE1, 0, 1, 0x67, 1, 0, 1, 0x68];

    fn hvcc() -> Bytes {
        let mut hvcc = vec![1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93];
        hvcc.extend([0xF0, 0, 0xFC, 0xFD, 0xF8, 0xF8, 0, 0, 0x0F, 0]);
        hvcc.into()
    }

    fn video(codec: BareCodec) -> BareTrack {
        BareTrack::video(codec, (640, 360))
    }

    #[test]
    fn an_init_segment_is_read_again_as_it_was_made() {
        let aac = BareCodec::Aac(Bytes::from_static(&[0x12, 0x10]));
        let tracks = [
            video(BareCodec::H264(Bytes::from_static(AVCC))),
            video(BareCodec::H265(hvcc())),
            video(BareCodec::Mjpeg),
            BareTrack::audio(aac, 44_100, 2),
            BareTrack::audio(BareCodec::Opus, 48_000, 1),
            BareTrack::audio(BareCodec::Alaw, 8000, 1),
            BareTrack::audio(BareCodec::Ulaw, 16_000, 1),
            BareTrack::audio(BareCodec::L16, 48_000, 2),
            BareTrack::audio(BareCodec::L16, 96_000, 2),
        ];
        let init = Init::of_bare(&tracks).unwrap();
        assert_eq!(Demuxer::read_init(&init.bytes).unwrap(), init);
        let codecs: Vec<&str> = init.tracks.iter().map(|track| track.codec.as_str()).collect();
        assert_eq!(
            codecs,
            ["avc1", "hvc1", "mp4v", "mp4a", "Opus", "alaw", "ulaw", "twos", "twos"]
        );
        for (track, read) in tracks.iter().zip(&init.tracks) {
            assert!(track.is_writable(), "{track:?}");
            assert_eq!((read.kind, read.timescale, read.delay), (track.kind, track.timescale, 0));
            assert_eq!((read.width, read.height), track.size);
            assert_eq!((read.sample_rate, read.channels), (track.sample_rate, track.channels));
        }
        let names: Vec<_> = init.tracks.iter().filter_map(codec_name).collect();
        assert_eq!(names, ["avc1.42C015", "hvc1.1.6.L93.90", "mp4v.6C", "mp4a.40.2", "opus"]);
        assert_eq!(configuration(&init.tracks[0], b"avcC").unwrap(), AVCC);
        assert_eq!(configuration(&init.tracks[1], b"hvcC").unwrap(), hvcc());
        let dops = configuration(&init.tracks[4], b"dOps").unwrap();
        assert_eq!(dops, &[0, 1, 0, 0, 0, 0, 0xBB, 0x80, 0, 0, 0][..]);
    }

    /// It has no room in a sample entry, and the media's clock may be another one.
    #[test]
    fn a_large_rate_is_that_of_the_decoder() {
        let aac = BareCodec::Aac(Bytes::from_static(&[0x10, 0x10]));
        let init = Init::of_bare(&[BareTrack::audio(aac, 96_000, 2)]).unwrap();
        let mut bytes = init.bytes.to_vec();
        let timescale = bytes.windows(4).position(|kind| kind == b"mdhd").unwrap() + 16;
        assert_eq!(bytes[timescale..timescale + 4], 96_000u32.to_be_bytes());
        bytes[timescale..timescale + 4].copy_from_slice(&1000u32.to_be_bytes());
        let track = Demuxer::read_init(&bytes.into()).unwrap().tracks.swap_remove(0);
        assert_eq!((track.timescale, track.sample_rate), (1000, 96_000));
    }

    #[test]
    fn what_no_sample_entry_can_say_is_refused() {
        let short = || Bytes::from_static(&[1, 2]);
        for track in [
            BareTrack::video(BareCodec::Mjpeg, (0, 480)),
            BareTrack::video(BareCodec::Mjpeg, (640, 65_536)),
            video(BareCodec::H264(short())),
            video(BareCodec::H265(short())),
            BareTrack::audio(BareCodec::Aac(Bytes::new()), 44_100, 2),
            BareTrack::audio(BareCodec::Aac(vec![0; 91].into()), 44_100, 2),
            BareTrack::audio(BareCodec::Opus, 16_000, 1),
            BareTrack::audio(BareCodec::Opus, 48_000, 6),
            BareTrack::audio(BareCodec::L16, 1_000_001, 2),
            BareTrack::audio(BareCodec::Alaw, 8000, 0),
        ] {
            assert!(!track.is_writable(), "{track:?}");
            assert!(Init::of_bare(std::slice::from_ref(&track)).is_err(), "{track:?}");
        }
        assert_eq!(Init::of_bare(&[]).unwrap_err().kind, ErrorKind::NoTracks);
    }
}
