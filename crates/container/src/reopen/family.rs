//! A file's pieces and samples, whatever container it is of.

use bytes::Bytes;

use super::Piece;
use crate::byte_queue::ByteQueue;
use crate::sample::{Found, Sample, Track};
use crate::{fmp4, webm};

/// Enough bytes to tell the families apart.
pub(super) const SIGNATURE_BYTES: usize = 8;

#[derive(Debug)]
pub(super) enum Family {
    Unknown,
    Webm(webm::walk::Walker, Box<webm::demux::Demuxer>, ByteQueue),
    Mp4(fmp4::walk::Walker, Box<fmp4::demux::Demuxer>, ByteQueue),
}

impl Family {
    pub(super) fn of(signature: [u8; SIGNATURE_BYTES]) -> Self {
        if signature.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
            let demuxer = Box::new(webm::demux::Demuxer::new());
            return Self::Webm(webm::walk::Walker::default(), demuxer, ByteQueue::default());
        }
        if signature.ends_with(b"ftyp") {
            let demuxer = Box::new(fmp4::demux::Demuxer::new());
            return Self::Mp4(fmp4::walk::Walker::default(), demuxer, ByteQueue::default());
        }
        Self::Unknown
    }

    /// The next piece; an error where there can be none any more.
    pub(super) fn walk(&mut self, input: &mut ByteQueue) -> Result<Option<Piece>, ()> {
        match self {
            Self::Unknown => Err(()),
            Self::Webm(walker, ..) => walker.next(input),
            Self::Mp4(walker, ..) => walker.next(input),
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Webm(walker, ..) => walker.is_finished(),
            Self::Mp4(walker, ..) => walker.is_finished(),
        }
    }

    /// Hands bytes to the demuxer, and says whether they are media.
    pub(super) fn feed(&mut self, bytes: Bytes) -> bool {
        match self {
            Self::Unknown => false,
            Self::Webm(_, _, input) => {
                let is_media = bytes.starts_with(&webm::CLUSTER_ID);
                input.push(bytes);
                is_media
            }
            Self::Mp4(_, _, input) => {
                let is_media = bytes.get(4..8) == Some(b"moof");
                input.push(bytes);
                is_media
            }
        }
    }

    pub(super) fn tracks(&self) -> &[Track] {
        match self {
            Self::Unknown => &[],
            Self::Webm(_, demuxer, _) => demuxer.tracks(),
            Self::Mp4(_, demuxer, _) => demuxer.tracks(),
        }
    }

    fn is_damaged(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Webm(_, demuxer, _) => !demuxer.damages.is_empty(),
            Self::Mp4(_, demuxer, _) => !demuxer.damages.is_empty(),
        }
    }

    /// The samples of what was handed over; `None` where it is damaged.
    pub(super) fn samples(&mut self) -> Option<Vec<Sample>> {
        let mut samples = Vec::new();
        loop {
            let found = match self {
                Self::Unknown => return None,
                Self::Webm(_, demuxer, input) => demuxer.poll(input),
                Self::Mp4(_, demuxer, input) => demuxer.poll(input),
            };
            if self.is_damaged() {
                return None;
            }
            match found.ok()? {
                Some(Found::Sample(sample)) => samples.push(sample),
                Some(Found::Init(_) | Found::Described(..)) => {}
                None => return Some(samples),
            }
        }
    }
}
