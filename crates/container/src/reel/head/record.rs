//! The first commit record of a file, which says where its zero lies.

use std::ops::Range;

use super::window::{Lack, Window};
use crate::commit::CommitRecord;
use crate::sample::Container;
use crate::{fmp4, webm};

/// The first commit holds 4 MiB at most, and a cluster or fragment for each of its key frames.
const MAX_STEPS: u32 = 64;

/// A record of the longest session's name and 32 tracks.
const MAX_RECORD_BYTES: u64 = 4 << 10;

/// Where the zero of a file lies on the clock of its generation. Two files of one session and
/// generation lie as far apart as their zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zero {
    /// The session that the file belongs to.
    pub session: String,
    /// The generation that the clock is that of.
    pub generation: u32,
    /// Presentation time of the stream that is zero in the file.
    pub at_ns: i64,
}

/// Goes from element to element behind the index.
#[derive(Debug)]
pub(super) struct Search {
    rest: Range<u64>,
    steps: u32,
}

impl Search {
    pub(super) fn new(media: Range<u64>) -> Self {
        Self { rest: media, steps: 0 }
    }

    /// What the first record says, if there is one; or what must be read first: offset and length.
    pub(super) fn go_on(
        &mut self,
        container: Container,
        window: &mut Window,
    ) -> Result<Option<Zero>, (u64, usize)> {
        while self.steps < MAX_STEPS && !self.rest.is_empty() {
            match self.step(container, window) {
                Ok(Step::Passed(after)) => {
                    self.rest.start = after;
                    window.forget_before(after);
                }
                Ok(Step::Found(zero)) => return Ok(zero),
                Err(Lack::Bytes { offset, bytes }) => return Err((offset, bytes)),
                Err(Lack::Failed(_)) => return Ok(None),
            }
            self.steps += 1;
        }
        Ok(None)
    }

    fn step(&self, container: Container, window: &Window) -> Result<Step, Lack> {
        let at = self.rest.start;
        let head = window.peek(at, fmp4::syntax::MAX_HEADER_BYTES)?;
        let header = match container {
            Container::Mp4 => fmp4::syntax::Header::read(&head)
                .ok()
                .flatten()
                .map(|header| (header.kind == *b"free", header.len, header.size)),
            Container::Webm => webm::syntax::Header::read(&head)
                .ok()
                .flatten()
                .map(|header| (header.id == webm::syntax::id::VOID, header.len, header.size)),
        };
        let Some((is_void, len, Some(size))) = header else { return Ok(Step::Found(None)) };
        let payload_at = at + len as u64;
        let after = payload_at.saturating_add(size);
        if !is_void || size > MAX_RECORD_BYTES {
            return Ok(Step::Passed(after));
        }
        let payload = window.get(payload_at, size as usize, "record")?;
        Ok(match CommitRecord::read(&payload) {
            Some((record, place)) => Step::Found(Some(Zero {
                session: record.session,
                generation: record.generation,
                at_ns: place.origin_ns,
            })),
            None => Step::Passed(after),
        })
    }
}

enum Step {
    Passed(u64),
    Found(Option<Zero>),
}
