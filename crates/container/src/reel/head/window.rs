//! The bytes of a file that were asked for.

use bytes::Bytes;

use crate::error::{Error, Fault};

/// What is asked for first: all of what stands in front of the media of a WebM, and enough of an
/// MP4 to know how long its index is.
const FIRST_BYTES: u64 = 8 << 10;

/// Why reading does not go on.
#[derive(Debug)]
pub(in crate::reel) enum Lack {
    /// These bytes are needed.
    Bytes {
        offset: u64,
        bytes: usize,
    },
    Failed(Error),
}

impl From<Error> for Lack {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// What was given of a file.
#[derive(Debug)]
pub(in crate::reel) struct Window {
    file_bytes: u64,
    held: Vec<(u64, Bytes)>,
    asked: Option<(u64, usize)>,
}

impl Window {
    pub(in crate::reel) fn new(file_bytes: u64) -> Self {
        Self { file_bytes, held: Vec::new(), asked: None }
    }

    pub(in crate::reel) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    pub(in crate::reel) fn ask(&mut self, offset: u64, bytes: usize) {
        self.asked = Some((offset, bytes));
    }

    pub(in crate::reel) fn asked(&self) -> Option<(u64, usize)> {
        self.asked
    }

    /// Takes what was asked for; where it is less, the file has become shorter.
    pub(in crate::reel) fn give(&mut self, bytes: Bytes) {
        let Some((offset, wanted)) = self.asked.take() else { return };
        if bytes.len() < wanted {
            self.file_bytes = self.file_bytes.min(offset + bytes.len() as u64);
        }
        self.held.push((offset, bytes));
    }

    /// Lets go of what lies in front of a place.
    pub(in crate::reel) fn forget_before(&mut self, offset: u64) {
        self.held.retain(|(at, held)| at + held.len() as u64 > offset);
    }

    /// So many bytes, or up to the end of the file.
    pub(in crate::reel) fn peek(&self, offset: u64, most: usize) -> Result<Bytes, Lack> {
        let left = self.file_bytes.saturating_sub(offset);
        let bytes = usize::try_from(left).unwrap_or(usize::MAX).min(most);
        let found = self.held.iter().find_map(|(at, held)| {
            let from = usize::try_from(offset.checked_sub(*at)?).ok()?;
            let to = from.checked_add(bytes)?;
            (to <= held.len()).then(|| held.slice(from..to))
        });
        found.ok_or_else(|| {
            if self.held.is_empty() && offset == 0 {
                let first = self.file_bytes.min(FIRST_BYTES) as usize;
                return Lack::Bytes { offset: 0, bytes: first.max(bytes) };
            }
            Lack::Bytes { offset, bytes }
        })
    }

    /// Exactly so many bytes, which belong to `element`.
    pub(in crate::reel) fn get(
        &self,
        offset: u64,
        bytes: usize,
        element: &'static str,
    ) -> Result<Bytes, Lack> {
        let found = self.peek(offset, bytes)?;
        match found.len() == bytes {
            true => Ok(found),
            false => Err(Fault::truncated(element).at(offset).into()),
        }
    }
}
