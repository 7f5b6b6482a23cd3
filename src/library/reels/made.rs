//! A reel that is put together, and how its bytes are read.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use container::reel::{Part, Patch, PatchStep, Patcher, Piece, Reel, ReelError};

use super::fronts::{Fronts, Stamp, read_at};
use super::recipe::{Outline, Recipe};
use super::stretches::stretches;
use crate::clock::WallUs;
use crate::library::session::Session;

/// An hour's index is some 1.5 MB.
const INDEX_BYTES_A_SECOND: u64 = 420;

/// What any reel takes.
const LEAST_WEIGHT_BYTES: u64 = 4 << 10;

/// A reel, and where its bytes lie.
#[derive(Debug)]
pub(crate) struct Made {
    reel: Reel,
    outline: Arc<Outline>,
    places: Vec<(PathBuf, Option<Stamp>)>,
}

/// Why files are not put together.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MakeError {
    /// They do not go together.
    #[error(transparent)]
    Reel(#[from] ReelError),
    /// One of them cannot be read, or is another one by now.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

impl Made {
    /// Reads what is needed of the files, and plans it. Blocks.
    pub(super) fn new(fronts: &Fronts, recipe: &Recipe) -> Result<Self, MakeError> {
        let mut parts = Vec::with_capacity(recipe.parts.len());
        let mut follows = recipe.parts.iter().map(|(_, follows)| *follows);
        fronts.heads(recipe.parts.iter().map(|(front, _)| front), |_, head| {
            parts.push(Part { head, follows: follows.next().flatten() });
        })?;
        let reel = Reel::new(&parts, recipe.cut)?;
        let walls = recipe.parts.iter().map(|(front, _)| front.file.start_us);
        let begins = reel.starts_ns().iter().map(|start_ns| start_ns / 1000);
        let begins: Vec<(i64, WallUs)> = begins.zip(walls).collect();
        let duration_us = reel.duration_ns() / 1000;
        let outline = Outline {
            tag: recipe.tag(),
            files: parts.len(),
            stretches: stretches(&begins, duration_us),
            content_type: reel.content_type().to_owned(),
            bytes: reel.bytes(),
            duration_us,
            preroll_us: reel.preroll_ns() / 1000,
            modified: recipe.modified(),
            ..Outline::of_tracks(&parts.first().ok_or(ReelError::Empty)?.head)
        };
        Ok(Self { reel, outline: Arc::new(outline), places: recipe.places() })
    }

    /// What there is to say of it.
    pub(crate) fn outline(&self) -> &Arc<Outline> {
        &self.outline
    }

    /// Whether all its files are those of which it was made, and none of them is deleted. Blocks.
    pub(super) fn is_as_it_was(&self, session: &Session) -> bool {
        let is_same = |(path, stamp): &(PathBuf, Option<Stamp>)| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            session.file(name).is_some()
                && fs::metadata(path).is_ok_and(|metadata| Some(Stamp::of(&metadata)) == *stamp)
        };
        self.places.iter().all(is_same)
    }

    /// About how much memory it holds.
    pub(crate) fn weight_bytes(&self) -> u64 {
        index_bytes(&self.outline)
    }
}

/// About how much memory takes what there is such an outline of.
pub(super) fn index_bytes(outline: &Outline) -> u64 {
    let seconds = u64::try_from(outline.duration_us / 1_000_000).unwrap_or(0);
    LEAST_WEIGHT_BYTES + seconds.saturating_mul(INDEX_BYTES_A_SECOND)
}

/// Reads the bytes of a reel, in any order. Holds the file open that it read last.
#[derive(Debug)]
pub(crate) struct Reading {
    made: Arc<Made>,
    open: Mutex<Option<(usize, Arc<fs::File>)>>,
}

impl Reading {
    pub(crate) fn new(made: Arc<Made>) -> Self {
        Self { made, open: Mutex::new(None) }
    }

    pub(crate) fn made(&self) -> &Made {
        &self.made
    }

    /// The bytes from there on, at most so many; fewer only at the end. Blocks.
    ///
    /// # Errors
    /// When a file is gone or is another one: nothing that follows could be right.
    pub(crate) fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        let end = at.saturating_add(max_bytes as u64).min(self.made.outline.bytes);
        let mut pieces = self.made.reel.pieces_of(at..end).peekable();
        let Some(first) = pieces.next() else { return Ok(Bytes::new()) };
        let first = self.piece(first)?;
        if pieces.peek().is_none() && first.len() == 1 {
            return Ok(first.into_iter().next().unwrap_or_default());
        }
        let mut all = BytesMut::with_capacity((end - at) as usize);
        first.iter().for_each(|bytes| all.extend_from_slice(bytes));
        for piece in pieces {
            self.piece(piece)?.iter().for_each(|bytes| all.extend_from_slice(bytes));
        }
        Ok(all.freeze())
    }

    /// Writes all of it to a file, and says of each piece how long it was: whoever is told that can end
    /// it. What is taken as it is goes
    /// from file to file without passing through this program, where the system can do that. Blocks.
    ///
    /// # Errors
    /// When a file is gone or is another one, the other one cannot be written, or `each` ends it.
    pub(crate) fn copy_to(
        &self,
        to: &mut fs::File,
        mut each: impl FnMut(u64) -> io::Result<()>,
    ) -> io::Result<()> {
        for piece in self.made.reel.pieces() {
            let (part, range, patch) = match piece {
                Piece::Bytes(bytes) => {
                    to.write_all(&bytes)?;
                    each(bytes.len() as u64)?;
                    continue;
                }
                Piece::File { part, range, patch } => (part, range, patch),
            };
            let file = self.file(part)?;
            let mut from = &*file;
            if patch == Patch::None {
                from.seek(SeekFrom::Start(range.start))?;
                let bytes = range.end - range.start;
                if io::copy(&mut from.take(bytes), to)? != bytes {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                each(bytes)?;
                continue;
            }
            patched(&file, range, &patch, |bytes| {
                each(bytes.len() as u64)?;
                to.write_all(&bytes)
            })?;
        }
        Ok(())
    }

    fn piece(&self, piece: Piece) -> io::Result<Vec<Bytes>> {
        let (part, range, patch) = match piece {
            Piece::Bytes(bytes) => return Ok(vec![bytes]),
            Piece::File { part, range, patch } => (part, range, patch),
        };
        let file = self.file(part)?;
        if patch == Patch::None {
            let bytes = (range.end - range.start) as usize;
            let read = read_at(&file, range.start, bytes)?;
            return match read.len() == bytes {
                true => Ok(vec![read]),
                false => Err(io::ErrorKind::UnexpectedEof.into()),
            };
        }
        let mut done = Vec::new();
        patched(&file, range, &patch, |bytes| {
            done.push(bytes);
            Ok(())
        })?;
        Ok(done)
    }

    fn file(&self, part: usize) -> io::Result<Arc<fs::File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, file)) = &*open
            && *number == part
        {
            return Ok(Arc::clone(file));
        }
        let (path, stamp) = self.made.places.get(part).ok_or(io::ErrorKind::NotFound)?;
        let stamp = stamp.ok_or(io::ErrorKind::NotFound)?;
        let file = Arc::new(stamp.open(path)?);
        *open = Some((part, Arc::clone(&file)));
        Ok(file)
    }
}

/// Gives a part of a file with what is other in the whole.
fn patched(
    file: &fs::File,
    range: Range<u64>,
    patch: &Patch,
    mut give: impl FnMut(Bytes) -> io::Result<()>,
) -> io::Result<()> {
    let mut patcher = Patcher::new(range, patch);
    loop {
        match patcher.poll().map_err(io::Error::other)? {
            PatchStep::Need { offset, bytes } => patcher.give(read_at(file, offset, bytes)?),
            PatchStep::Bytes(bytes) => give(bytes)?,
            PatchStep::Done => return Ok(()),
        }
    }
}
