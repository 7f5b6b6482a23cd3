//! What must be equal of files that are joined.

use bytes::Bytes;

use crate::codec::codec_name;
use crate::fmp4::entry::clear_pre_skip;
use crate::sample::{Container, Detail, Kind, Track};
use crate::webm::finish::is_webm;
use crate::webm::tracks::comparable_entry;

/// Whether two files can be in one reel: they can where this is equal. Container, tracks in their
/// order, codecs with all that a decoder is told, the size, shape and rotation of pictures, clocks
/// and languages. What an encoder puts in front of its sound is none of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Configuration {
    container: Container,
    tracks: Vec<TrackConfiguration>,
    codecs: Vec<Option<String>>,
    is_webm: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct TrackConfiguration {
    kind: Kind,
    codec: String,
    timescale: u32,
    size: (u32, u32),
    sound: (u32, u32),
    /// What stands in the file beside, as far as it must be equal.
    description: Bytes,
}

impl Configuration {
    pub(super) fn of_mp4(tracks: &[Track]) -> Self {
        Self::of(Container::Mp4, tracks)
    }

    pub(super) fn of_webm(tracks: &[Track]) -> Self {
        Self::of(Container::Webm, tracks)
    }

    fn of(container: Container, tracks: &[Track]) -> Self {
        Self {
            container,
            tracks: tracks.iter().map(TrackConfiguration::of).collect(),
            codecs: tracks.iter().map(codec_name).collect(),
            is_webm: is_webm(tracks),
        }
    }

    /// The family of files.
    #[must_use]
    pub fn container(&self) -> Container {
        self.container
    }

    /// What a browser calls the tracks' codecs (RFC 6381), in their order; `None` for one that no
    /// browser plays.
    #[must_use]
    pub fn codecs(&self) -> &[Option<String>] {
        &self.codecs
    }

    /// The MIME type, with the codecs where all have a name there (RFC 6381 section 3).
    #[must_use]
    pub fn content_type(&self) -> String {
        let has_video = self.tracks.iter().any(|track| track.kind == Kind::Video);
        let kind = if has_video { "video" } else { "audio" };
        let format = match (self.container, self.is_webm) {
            (Container::Mp4, _) => "mp4",
            (Container::Webm, true) => "webm",
            (Container::Webm, false) => "x-matroska",
        };
        match self.codecs.iter().cloned().collect::<Option<Vec<_>>>() {
            Some(codecs) => format!("{kind}/{format}; codecs=\"{}\"", codecs.join(", ")),
            None => format!("{kind}/{format}"),
        }
    }
}

impl TrackConfiguration {
    fn of(track: &Track) -> Self {
        let description = match &track.detail {
            Detail::Mp4(detail) => {
                let mut entry = detail.sample_entry.to_vec();
                clear_pre_skip(&mut entry);
                let (width, height) = detail.shown_size;
                let words = detail.matrix.into_iter().chain([width, height]);
                entry.extend(words.flat_map(u32::to_be_bytes));
                entry.extend(detail.language.to_be_bytes());
                entry.extend(detail.language_tag.iter().flat_map(|tag| tag.bytes()));
                entry
            }
            Detail::Webm(detail) => comparable_entry(track, detail),
        };
        Self {
            kind: track.kind,
            codec: track.codec.clone(),
            timescale: track.timescale,
            size: (track.width, track.height),
            sound: (track.sample_rate, track.channels),
            description: description.into(),
        }
    }
}
