//! The init segment: what is read of it, and what every file repeats.

use bytes::Bytes;

use super::{Demuxer, MAX_METADATA_BYTES};
use crate::codec::opus;
use crate::error::{Error, ErrorKind, Fault};
use crate::sample::{Container, Detail, Init, Track};
use crate::webm::presentation::is_silent;
use crate::webm::syntax::{Children, Header, id, unsigned};
use crate::webm::tracks::{Tracks, without_others};

/// The bytes of the init segment, kept until it is complete.
#[derive(Debug, Default)]
pub(super) struct HeaderBytes {
    pub(super) bytes: Vec<u8>,
    pub(super) complete: bool,
    /// Whether it is made by what leaves English unsaid.
    is_english: bool,
}

impl Demuxer {
    pub(super) fn metadata(&mut self, header: Header, payload: &[u8]) -> Result<(), Fault> {
        if !self.header.complete {
            self.keep_metadata(header, payload)?;
        }
        match header.id {
            id::INFO => {
                for child in Children::of(payload) {
                    let child = child?;
                    match child.id {
                        id::TIMESTAMP_SCALE => {
                            self.timestamp_scale = unsigned(child.payload).clamp(1, 1_000_000_000);
                        }
                        id::MUXING_APP => self.header.is_english = !is_silent(child.payload),
                        _ => {}
                    }
                }
            }
            id::TRACKS if !self.header.complete => self.tracks = Tracks::read(payload)?,
            _ => {}
        }
        Ok(())
    }

    /// Keeps what every file repeats.
    fn keep_metadata(&mut self, header: Header, payload: &[u8]) -> Result<(), Fault> {
        if payload.len() as u64 <= MAX_METADATA_BYTES {
            self.header.bytes.extend_from_slice(payload);
            return Ok(());
        }
        let kept = without_others(payload);
        if kept.len() as u64 > MAX_METADATA_BYTES {
            return Err(Fault { kind: ErrorKind::TooLarge, element: "Tracks" });
        }
        self.skip_into_header(header);
        self.header.bytes.extend_from_slice(&kept);
        Ok(())
    }

    /// An element that is passed over leaves no trace in the init segment.
    pub(super) fn skip_into_header(&mut self, header: Header) {
        // Its content has no use later, so the kept header goes without it.
        let keep = self.header.bytes.len() - header.len;
        self.header.bytes.truncate(keep);
    }

    /// The header is over; what it says, the first time.
    pub(crate) fn complete_header(&mut self) -> Result<Option<Init>, Fault> {
        if self.header.complete {
            return Ok(None);
        }
        if self.header.is_english {
            self.tracks.name_english();
        }
        let tracks = &self.tracks.tracks;
        if tracks.is_empty() {
            return Err(Fault { kind: ErrorKind::NoTracks, element: "Tracks" });
        }
        self.header.complete = true;
        let others = self.tracks.others.len() as u32;
        self.notes.other_tracks = self.notes.other_tracks.max(others);
        let output = output_for(tracks);
        Ok(Some(Init {
            source: Container::Webm,
            output,
            tracks: tracks.clone(),
            bytes: Bytes::from(std::mem::take(&mut self.header.bytes)),
        }))
    }
}

impl HeaderBytes {
    pub(super) fn extend(&mut self, bytes: &[u8], at: u64) -> Result<(), Error> {
        self.bytes.extend_from_slice(bytes);
        self.check(at)
    }

    fn check(&self, at: u64) -> Result<(), Error> {
        match self.bytes.len() as u64 > 2 * MAX_METADATA_BYTES {
            true => Err(Error::new(ErrorKind::TooLarge, at, "header")),
            false => Ok(()),
        }
    }
}

/// H.264 and HEVC in Matroska play in few places, so they become MP4, where MP4 can describe them
/// and carry the audio beside them.
fn output_for(tracks: &[Track]) -> Container {
    let is_mp4_video =
        |track: &Track| matches!(&*track.codec, "V_MPEG4/ISO/AVC" | "V_MPEGH/ISO/HEVC");
    let fits = |track: &Track| {
        let Detail::Webm(detail) = &track.detail else { return false };
        let private = detail.codec_private.as_deref();
        match &*track.codec {
            // Without any, its parameter sets come in the stream.
            "V_MPEG4/ISO/AVC" => private.is_none_or(|private| !private.is_empty()),
            "V_MPEGH/ISO/HEVC" | "A_AAC" => private.is_some_and(|private| !private.is_empty()),
            "A_OPUS" => private.and_then(opus::head_to_dops).is_some(),
            _ => false,
        }
    };
    match tracks.iter().any(is_mp4_video) && tracks.iter().all(fits) {
        true => Container::Mp4,
        false => Container::Webm,
    }
}
