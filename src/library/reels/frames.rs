//! Single pictures of recordings.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use container::reel::{Cut, Frame, FrameReader, FrameStep, Head};

use super::Reels;
use super::fronts::{Front, Kind, read_at};
use super::made::{Made, Reading};
use super::recipe::Recipe;
use crate::clock::WallUs;
use crate::library::session::{File, Session};

/// What is shown a moment behind a file's end is its last picture.
const LAST_SHOWN_US: i64 = 2_000_000;

/// As much behind a key frame as makes a file with a picture in it, at any rate of pictures.
const STILL_NS: i64 = 1_000_000_000;

/// A key frame, and as much around it as one file needs: larger ones are no pictures of a camera.
const MAX_STILL_BYTES: u64 = 16 << 20;

impl Reels {
    /// The key frame that is shown at a wall time or before. `None` where nothing was recorded then, or
    /// no picture. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn frame(&self, session: &Session, at_us: WallUs) -> io::Result<Option<Frame>> {
        let Some((front, at_ns)) = self.front_at(session, at_us) else { return Ok(None) };
        let Kind::Joinable(_) = &front.kind else { return Ok(None) };
        let head = self.fronts.head(&front)?;
        let Some(mut reader) = FrameReader::new(&head, at_ns) else { return Ok(None) };
        let file = front.open()?;
        loop {
            match reader.poll().map_err(io::Error::other)? {
                FrameStep::Need { offset, bytes } => reader.give(read_at(&file, offset, bytes)?),
                FrameStep::Done(frame) => return Ok(Some(frame)),
            }
        }
    }

    /// The same as a file of its own, which others decode. Blocks.
    ///
    /// # Errors
    /// When the file cannot be read, or the picture is larger than any.
    pub(crate) fn still(&self, session: &Session, at_us: WallUs) -> io::Result<Option<Bytes>> {
        let Some((front, at_ns)) = self.front_at(session, at_us) else { return Ok(None) };
        let Kind::Joinable(_) = &front.kind else { return Ok(None) };
        let key_frames_ns = self.fronts.head(&front)?.key_frames_ns();
        let behind = key_frames_ns.partition_point(|&key_ns| key_ns <= at_ns);
        let Some(&from_ns) = key_frames_ns.get(behind.saturating_sub(1)) else { return Ok(None) };
        let cut = Cut { from_ns, to_ns: from_ns.saturating_add(STILL_NS) };
        let recipe = Recipe::new(vec![(front, None)]).of(Some(cut));
        let Ok(made) = Made::new(&self.fronts, &recipe) else { return Ok(None) };
        let bytes = made.outline().bytes;
        if bytes > MAX_STILL_BYTES {
            return Err(io::Error::other("a picture is larger than any camera's"));
        }
        Reading::new(Arc::new(made)).read(0, bytes as usize).map(Some)
    }

    /// The file that is shown at a wall time, and the time in it.
    fn front_at(&self, session: &Session, at_us: WallUs) -> Option<(Front, i64)> {
        // A recording is asked for its beginning, which is when its device began.
        let first_us = session.files.first()?.start_us;
        let is_beginning = (session.first_us()..first_us).contains(&at_us);
        let file = file_at(&session.files, if is_beginning { first_us } else { at_us })?;
        let front = self.fronts.read(&self.root, session, std::slice::from_ref(file)).pop()?;
        Some((front, at_us.saturating_sub(file.start_us).max(0).saturating_mul(1000)))
    }

    /// Whether the picture of a time stays what it is: a later one may still come where a recording
    /// grows.
    pub(crate) fn is_settled(session: &Session, at_us: WallUs) -> bool {
        let last = session.files.last();
        session.is_over || last.is_some_and(|last| at_us < last.start_us)
    }

    /// What the fronts of a session's files say, in short. Blocks.
    pub(crate) fn fronts(&self, session: &Session) -> Vec<Front> {
        self.fronts_of(session, &session.files)
    }

    /// The same of some of its files.
    pub(crate) fn fronts_of(&self, session: &Session, files: &[File]) -> Vec<Front> {
        self.fronts.read(&self.root, session, files)
    }

    /// All that the fronts of some files say, a few at once; nothing of those that cannot be joined.
    /// Blocks.
    ///
    /// # Errors
    /// When one of them cannot be read, or is another one by now.
    pub(crate) fn heads(
        &self,
        fronts: &[Front],
        each: impl FnMut(&Front, Arc<Head>),
    ) -> io::Result<()> {
        let joinable = |front: &&Front| matches!(front.kind, Kind::Joinable(_));
        self.fronts.heads(fronts.iter().filter(joinable), each)
    }
}

/// The last file that begins at a time or before, while it is shown.
fn file_at(files: &[File], at_us: WallUs) -> Option<&File> {
    let begun = files.iter().filter(|file| file.start_us <= at_us);
    let last = begun.max_by_key(|file| file.start_us)?;
    (at_us <= last.end_us().saturating_add(LAST_SHOWN_US)).then_some(last)
}
