//! What a sample itself says of its track: frame sizes that the header does not follow,
//! parameter sets inside the stream, and H.264 in the byte stream format.

use bytes::Bytes;

use crate::codec::h264::{self, ParameterSets};
use crate::codec::prefixed::Record;
use crate::codec::{Dimensions, av1, configuration, vp8, vp9};
use crate::fmp4::entry::with_configuration;
use crate::sample::{Detail, Event, Kind, Sample, Track};

/// Watches the samples of one init segment.
#[derive(Debug)]
pub(crate) struct Refiner {
    tracks: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    track: Track,
    codec: Codec,
}

#[derive(Debug)]
enum Codec {
    Vp8,
    Vp9,
    Av1 {
        sequence_header: Bytes,
    },
    /// H.264 without an avcC, as Chromium puts it into Matroska.
    AnnexB {
        known: ParameterSets,
        /// Whether some of them came where no file can begin, so that no configuration has them.
        is_untold: bool,
    },
    /// H.264 and H.265 with a configuration, which key frames may change.
    Prefixed(Record),
    Other,
}

impl Refiner {
    pub(crate) fn new(tracks: &[Track]) -> Self {
        let watch = |track: &Track| Watched { track: track.clone(), codec: Codec::of(track) };
        Self { tracks: tracks.iter().map(watch).collect() }
    }

    /// Goes on in a stream whose header says `tracks` and which have become `now`.
    pub(crate) fn resume(tracks: &[Track], now: &[Track]) -> Self {
        let mut refiner = Self::new(tracks);
        for (watched, now) in refiner.tracks.iter_mut().zip(now) {
            if watched.track.codec != now.codec {
                watched.codec = Codec::of(now);
            }
            watched.track.clone_from(now);
            if let (Codec::AnnexB { known, .. }, Detail::Webm(detail)) =
                (&mut watched.codec, &now.detail)
            {
                let told = detail.codec_private.as_ref().and_then(ParameterSets::of_avcc);
                *known = told.unwrap_or_default();
            }
        }
        refiner
    }

    /// Begins anew with a track that its container describes otherwise from now on.
    pub(crate) fn describe(&mut self, track: usize, now: &Track) {
        if let Some(watched) = self.tracks.get_mut(track) {
            *watched = Watched { track: now.clone(), codec: Codec::of(now) };
        }
    }

    /// Puts the sample right. The change of its track's configuration, if it begins one, comes in
    /// front of it.
    pub(crate) fn refine(&mut self, sample: &mut Sample) -> Option<Event> {
        let track = sample.track;
        let watched = self.tracks.get_mut(track)?;
        let is_changed = watched.refine(sample);
        is_changed.then(|| Event::Config { track, config: Box::new(watched.track.clone()) })
    }
}

/// Whether its container says what a decoder needs to begin.
fn has_private(track: &Track) -> bool {
    match &track.detail {
        Detail::Webm(detail) => detail.codec_private.is_some(),
        Detail::Mp4(_) => true,
    }
}

impl Codec {
    fn of(track: &Track) -> Self {
        match track.codec.as_str() {
            "V_VP8" | "vp08" => Self::Vp8,
            "V_VP9" | "vp09" => Self::Vp9,
            "V_AV1" | "av01" => Self::Av1 { sequence_header: Bytes::new() },
            "V_MPEG4/ISO/AVC" if !has_private(track) => {
                Self::AnnexB { known: ParameterSets::default(), is_untold: false }
            }
            codec => Record::of(codec).map_or(Self::Other, Self::Prefixed),
        }
    }
}

impl Watched {
    /// Puts the sample right and tells whether the configuration changed.
    fn refine(&mut self, sample: &mut Sample) -> bool {
        match &mut self.codec {
            Codec::Vp8 => {
                // The frame knows better than the flag of the block.
                sample.sync = vp8::is_key_frame(&sample.data);
                self.resize(vp8::key_frame_dimensions(&sample.data))
            }
            Codec::Vp9 if sample.sync => self.resize(vp9::key_frame_dimensions(&sample.data)),
            Codec::Av1 { sequence_header } if sample.sync => {
                let Some(header) = av1::sequence_header(&sample.data) else { return false };
                if header == &sequence_header[..] {
                    return false;
                }
                *sequence_header = Bytes::copy_from_slice(header);
                let is_resized = self.resize(av1::dimensions(header));
                self.configure_av1(header) || is_resized
            }
            Codec::AnnexB { known, is_untold } if h264::is_annex_b(&sample.data) => {
                let (data, sets) = h264::to_length_prefixed(&sample.data);
                let is_told = has_private(&self.track);
                if !sets.is_complete() && !is_told {
                    // No file can say yet that these are lengths, so start codes stay.
                    return false;
                }
                let now = if sets.is_empty() { None } else { Some(known.and(sets)) };
                let is_new = now.as_ref().is_some_and(|now| now != known);
                let is_whole = now.as_ref().unwrap_or(known).is_complete();
                if is_new && is_told && !(sample.sync && is_whole) {
                    // Until a file begins that has them in its header they stay where they came.
                    sample.data = h264::to_length_prefixed_with_sets(&sample.data);
                    (*known, *is_untold) = (now.unwrap_or_default(), true);
                    return false;
                }
                sample.data = data;
                if !(is_new || *is_untold && sample.sync && is_whole) {
                    return false;
                }
                if let Some(now) = now {
                    *known = now;
                }
                *is_untold = false;
                let dimensions = known.dimensions();
                let avcc = Bytes::from(known.to_avcc());
                if let Detail::Webm(detail) = &mut self.track.detail {
                    detail.codec_private = Some(avcc);
                }
                self.resize(dimensions);
                true
            }
            &mut Codec::Prefixed(record) if sample.sync => {
                let known = configuration(&self.track, record.kind()).unwrap_or_default();
                match record.changed_by(&sample.data, &known) {
                    Some((config, dimensions)) => {
                        self.resize(dimensions);
                        self.configure(record.kind(), config)
                    }
                    None => false,
                }
            }
            _ => false,
        }
    }

    /// Gives the track the configuration that its sequence header stands for, and tells whether
    /// it had another: Chromium's WebM says the same of every stream.
    fn configure_av1(&mut self, sequence_header: &[u8]) -> bool {
        let Some(av1c) = av1::to_av1c(sequence_header) else { return false };
        let known = configuration(&self.track, b"av1C").unwrap_or_default();
        let holds = || memchr::memmem::find(&known, sequence_header).is_some();
        if known.get(..3) == av1c.get(..3) && holds() {
            return false;
        }
        self.configure(b"av1C", av1c)
    }

    /// Gives the track another configuration, and tells whether it has a place for it.
    fn configure(&mut self, kind: &[u8; 4], config: Vec<u8>) -> bool {
        match &mut self.track.detail {
            Detail::Webm(detail) => detail.codec_private = Some(config.into()),
            Detail::Mp4(detail) => {
                let Some(entry) = with_configuration(&detail.sample_entry, kind, &config) else {
                    return false;
                };
                detail.sample_entry = entry;
            }
        }
        true
    }

    fn resize(&mut self, dimensions: Option<Dimensions>) -> bool {
        dimensions.is_some_and(|size| self.track.resize(size))
    }
}

impl Track {
    /// Gives the track's pictures another size, and tells whether they had another.
    pub(crate) fn resize(&mut self, size: Dimensions) -> bool {
        if self.kind != Kind::Video || (self.width, self.height) == size {
            return false;
        }
        (self.width, self.height) = size;
        if let Detail::Webm(detail) = &mut self.detail {
            detail.frame_size_changed();
        }
        true
    }
}
