//! A reel that is put together, and how its bytes are read.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::{Bytes, BytesMut};
use container::reel::{Cut, Head, Part, Patch, PatchStep, Patcher, Piece, Reel, ReelError};

use super::Version;
use super::fronts::{Front, Kind, Stamp, read_at};
use super::groups::Group;
use super::stretches::{Stretch, media_us, stretches, wall_us};
use crate::clock::WallUs;

/// An hour's index is some 1.5 MB.
const INDEX_BYTES_A_SECOND: u64 = 420;

/// What any reel takes.
const LEAST_WEIGHT_BYTES: u64 = 4 << 10;

/// As much of a digest as no two reels share.
const TAG_BYTES: usize = 12;

/// A reel, and where its bytes lie.
#[derive(Debug)]
pub(crate) struct Made {
    reel: Reel,
    head: Arc<Head>,
    parts: Vec<PathBuf>,
    stamps: Vec<Option<Stamp>>,
    tag: String,
    modified: SystemTime,
    stretches: Vec<Stretch>,
}

impl Made {
    /// All of a group.
    pub(super) fn whole(fronts: &[Front], group: &Group) -> Result<Self, ReelError> {
        Self::new(fronts, group, None)
    }

    /// What of a group lies between two wall times.
    pub(super) fn cut(
        fronts: &[Front],
        group: &Group,
        from_us: WallUs,
        to_us: WallUs,
    ) -> Result<Self, ReelError> {
        let whole = Self::new(fronts, group, None)?;
        let (from_us, to_us) =
            media_us(&whole.stretches, from_us, to_us).ok_or(ReelError::Empty)?;
        let duration_us = whole.reel.duration_ns() / 1000;
        if from_us <= 0 && to_us >= duration_us {
            return Ok(whole);
        }
        let ns = |us: i64| us.saturating_mul(1000);
        Self::new(fronts, group, Some(Cut { from_ns: ns(from_us), to_ns: ns(to_us) }))
    }

    /// What of a group lies between two media times.
    pub(super) fn part(fronts: &[Front], group: &Group, cut: Cut) -> Result<Self, ReelError> {
        Self::new(fronts, group, Some(cut))
    }

    fn new(fronts: &[Front], group: &Group, cut: Option<Cut>) -> Result<Self, ReelError> {
        let joinable = group.files.iter().zip(&group.follows).filter_map(|(&at, &follows)| {
            let front = &fronts[at];
            match &front.kind {
                Kind::Joinable(head) => Some((front, Part { head: Arc::clone(head), follows })),
                Kind::Alone | Kind::Faulty(_) => None,
            }
        });
        let (fronts_of, parts): (Vec<&Front>, Vec<Part>) = joinable.unzip();
        let reel = Reel::new(&parts, cut)?;
        let begins = reel.starts_ns().iter().map(|start_ns| start_ns / 1000);
        let walls = fronts_of.iter().map(|front| front.file.start_us);
        let begins: Vec<(i64, WallUs)> = begins.zip(walls).collect();
        let modified = fronts_of.iter().map(|front| front.modified).max();
        Ok(Self {
            stretches: stretches(&begins, reel.duration_ns() / 1000),
            head: Arc::clone(&parts.first().ok_or(ReelError::Empty)?.head),
            parts: fronts_of.iter().map(|front| front.path.clone()).collect(),
            stamps: fronts_of.iter().map(|front| front.stamp).collect(),
            tag: tag(fronts, group, cut),
            modified: modified.unwrap_or(SystemTime::UNIX_EPOCH),
            reel,
        })
    }

    /// What tells it from every other one.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Whether all its files are those of which it was made. Blocks.
    pub(super) fn is_as_it_was(&self) -> bool {
        let is_same = |(path, stamp): (&PathBuf, &Option<Stamp>)| {
            fs::metadata(path).is_ok_and(|metadata| Some(Stamp::of(&metadata)) == *stamp)
        };
        self.parts.iter().zip(&self.stamps).all(is_same)
    }

    pub(crate) fn version(&self) -> Version {
        Version { files: self.parts.len(), tag: self.tag.clone() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.reel.bytes()
    }

    pub(crate) fn content_type(&self) -> &str {
        self.reel.content_type()
    }

    /// When the last of its files changed.
    pub(crate) fn modified(&self) -> SystemTime {
        self.modified
    }

    pub(crate) fn duration_us(&self) -> i64 {
        self.reel.duration_ns() / 1000
    }

    /// How much of it lies in front of what was asked for, and is shown.
    pub(crate) fn preroll_us(&self) -> i64 {
        self.reel.preroll_ns() / 1000
    }

    /// What its first file says of the tracks, which is what all say.
    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Which wall time it is when.
    pub(crate) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// The wall time at which it begins.
    pub(crate) fn starts_us(&self) -> WallUs {
        wall_us(&self.stretches, 0).unwrap_or_default()
    }

    /// The wall time at a media time.
    pub(crate) fn wall_us(&self, media_us: i64) -> Option<WallUs> {
        wall_us(&self.stretches, media_us.clamp(0, self.duration_us().max(1) - 1))
    }

    pub(super) fn weight_bytes(&self) -> u64 {
        let seconds = u64::try_from(self.duration_us() / 1_000_000).unwrap_or(0);
        LEAST_WEIGHT_BYTES + seconds.saturating_mul(INDEX_BYTES_A_SECOND)
    }
}

/// What tells a reel from every other one: its files, what they were when, and the cut.
pub(super) fn tag(fronts: &[Front], group: &Group, cut: Option<Cut>) -> String {
    let mut digest = Context::new(&SHA256);
    for (&at, follows) in group.files.iter().zip(&group.follows) {
        let Front { path, stamp, .. } = &fronts[at];
        digest.update(format!("{}\n{stamp:?} {follows:?}\n", path.display()).as_bytes());
    }
    digest.update(format!("{cut:?}").as_bytes());
    hex::encode(&digest.finish().as_ref()[..TAG_BYTES])
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
        let end = at.saturating_add(max_bytes as u64).min(self.made.bytes());
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

    /// Writes all of it to a file, and says of each piece how long it was. What is taken as it is goes
    /// from file to file without passing through this program, where the system can do that. Blocks.
    ///
    /// # Errors
    /// When a file is gone or is another one, or the other one cannot be written.
    pub(crate) fn copy_to(&self, to: &mut fs::File, mut each: impl FnMut(u64)) -> io::Result<()> {
        for piece in self.made.reel.pieces() {
            let (part, range, patch) = match piece {
                Piece::Bytes(bytes) => {
                    to.write_all(&bytes)?;
                    each(bytes.len() as u64);
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
                each(bytes);
                continue;
            }
            patched(&file, range, &patch, |bytes| {
                each(bytes.len() as u64);
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
        let path = self.made.parts.get(part).ok_or(io::ErrorKind::NotFound)?;
        let stamp = self.made.stamps.get(part).copied().flatten().ok_or(io::ErrorKind::NotFound)?;
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
