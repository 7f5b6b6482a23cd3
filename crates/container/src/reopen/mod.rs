//! Reads a file of this program again, so that it can be continued or finished.

mod family;
mod stream;

use std::sync::Arc;

use bytes::Bytes;

use crate::byte_queue::ByteQueue;
use crate::commit::CommitRecord;
use crate::mux::Muxer;
use crate::sample::Init;
use family::{Family, SIGNATURE_BYTES};
use stream::{specify, to_stream};

/// One commit holds four megabytes and one frame; what claims more is not a piece of one.
pub(crate) const MAX_PIECE_BYTES: u64 = 64 << 20;

/// What a commit consists of at most: its media, with a frame as large as frames can be.
const MAX_COMMIT_BYTES: u64 = 2 * MAX_PIECE_BYTES;

/// A piece of a file as its walker sees it.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Header and media, for the demuxer.
    Parsed(Bytes),
    /// Without meaning here.
    Passed(Bytes),
    /// A commit record, with the length of the header in front of it.
    Record(Bytes, usize),
}

impl Piece {
    /// A Void element or `free` box, which holds a record or nothing.
    pub(crate) fn void(whole: Bytes, header_len: usize) -> Self {
        match whole[header_len..].starts_with(b"LCcr") {
            true => Self::Record(whole, header_len),
            false => Self::Passed(whole),
        }
    }
}

/// Whose init segment a file was written under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The session of the file's first record.
    pub session: &'a str,
    /// Its generation.
    pub generation: u32,
    /// CRC-32 of [`Init::bytes`].
    pub init_crc: u32,
}

/// What the first commit of a file looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FirstCommit {
    /// There is no trace of one: nothing can have been acknowledged.
    None,
    /// There is a record of another version.
    Unreadable,
    /// Its checksum does not hold. It belongs to this session.
    Damaged(String),
    /// It came to its end. It belongs to this session.
    Whole(String),
}

/// Reads a growing file, or a finished one that shall grow again, commit by commit. What follows
/// the last commit whose checksum holds is passed over.
///
/// Muxing is a function of samples and commits, so a muxer that is given the same ones stands
/// where the one stood that wrote the file.
#[derive(Debug)]
pub struct Reopening {
    expected_ns: i64,
    input: ByteQueue,
    family: Family,
    /// What was read since the last record.
    raw: Vec<Bytes>,
    raw_bytes: u64,
    /// What stands before the first media.
    front: Vec<Bytes>,
    first: FirstCommit,
    muxer: Option<Muxer>,
    record: CommitRecord,
    lead_ns: Option<(i64, i64)>,
    len: u64,
    /// Whether the growing file would be the same, byte for byte.
    is_same: bool,
    is_over: bool,
    commits: u64,
    media_at: u64,
}

/// A file that can be continued.
#[derive(Debug)]
pub struct Reopened {
    /// Stands where the one stood that wrote the file.
    pub muxer: Muxer,
    /// The last record.
    pub record: CommitRecord,
    /// From where to where the lead track reaches, in nanoseconds of the stream.
    pub lead_ns: Option<(i64, i64)>,
    /// Length of the growing file up to and with the last record.
    pub len: u64,
    /// How many commits it consists of.
    pub commits: u64,
    /// Whether the file's media is byte for byte what the muxer would write, and in the same
    /// place where the file still grows. Otherwise it must be written anew, from the parts that
    /// [`Reopening::next`] gives.
    pub is_same: bool,
    /// Where the first commit's media begins in the file that was read.
    pub media_at: u64,
    /// Whether that file was a finished one.
    pub is_finished: bool,
}

impl Reopening {
    /// Room for an index is kept as in [`Muxer::new`].
    #[must_use]
    pub fn new(expected_ns: i64) -> Self {
        Self {
            expected_ns,
            input: ByteQueue::default(),
            family: Family::Unknown,
            raw: Vec::new(),
            raw_bytes: 0,
            front: Vec::new(),
            first: FirstCommit::None,
            muxer: None,
            record: CommitRecord::default(),
            lead_ns: None,
            len: 0,
            is_same: true,
            is_over: false,
            commits: 0,
            media_at: 0,
        }
    }

    /// Adds the file's next bytes.
    pub fn push(&mut self, bytes: Bytes) {
        self.input.push(bytes);
    }

    /// What the growing file's next commit consists of. `None` until more bytes are pushed, and
    /// for ever behind the last good commit. `init` finds the init segment that the file was
    /// written under.
    pub fn next(
        &mut self,
        init: impl FnOnce(Origin<'_>) -> Option<Arc<Init>>,
    ) -> Option<Vec<Bytes>> {
        while !self.is_over {
            let piece = match self.walk() {
                Ok(piece) => piece?,
                Err(()) => break,
            };
            if let Piece::Parsed(bytes) | Piece::Passed(bytes) = &piece {
                self.raw_bytes += bytes.len() as u64;
                if self.raw_bytes > MAX_COMMIT_BYTES {
                    break;
                }
            }
            match piece {
                Piece::Parsed(bytes) => {
                    let is_media = self.family.feed(bytes.clone());
                    if is_media && self.media_at == 0 {
                        self.media_at = self.input.position() - bytes.len() as u64;
                        // The checksum does not cover the front.
                        self.front = std::mem::take(&mut self.raw);
                    }
                    self.raw.push(bytes);
                }
                Piece::Passed(bytes) => self.raw.push(bytes),
                Piece::Record(whole, header_len) => {
                    let commit = self.commit(&whole, header_len, init);
                    self.is_over = commit.is_none();
                    return commit;
                }
            }
        }
        self.is_over = true;
        None
    }

    /// Whether nothing more can come of the file.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Whether no good commit has been found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// What the first commit looks like.
    #[must_use]
    pub fn first_commit(&self) -> &FirstCommit {
        &self.first
    }

    /// The file as it can be continued. `None` when there is no good commit in it.
    #[must_use]
    pub fn finish(self) -> Option<Reopened> {
        Some(Reopened {
            muxer: self.muxer?,
            record: self.record,
            lead_ns: self.lead_ns,
            len: self.len,
            commits: self.commits,
            is_same: self.is_same,
            media_at: self.media_at,
            is_finished: self.family.is_finished(),
        })
    }

    fn walk(&mut self) -> Result<Option<Piece>, ()> {
        if let Family::Unknown = self.family {
            let mut signature = [0; SIGNATURE_BYTES];
            if self.input.peek(&mut signature) < SIGNATURE_BYTES {
                return Ok(None);
            }
            self.family = Family::of(signature);
        }
        self.family.walk(&mut self.input)
    }

    fn commit(
        &mut self,
        whole: &Bytes,
        header_len: usize,
        init: impl FnOnce(Origin<'_>) -> Option<Arc<Init>>,
    ) -> Option<Vec<Bytes>> {
        let raw = std::mem::take(&mut self.raw);
        self.raw_bytes = 0;
        let encoded = &whole[header_len..];
        if self.commits == 0 {
            self.first = FirstCommit::Unreadable;
        }
        let (record, place) = CommitRecord::read(encoded)?;
        let is_whole = CommitRecord::vouches_for(encoded, &raw);
        if self.commits == 0 {
            let session = record.session.clone();
            self.first = match is_whole {
                true => FirstCommit::Whole(session),
                false => FirstCommit::Damaged(session),
            };
        }
        if !is_whole {
            return None;
        }
        let Some(samples) = self.family.samples() else {
            // The checksum does not cover the file's front, which a power cut may have torn
            // before it was ever synced.
            if self.commits == 0 {
                self.first = FirstCommit::Damaged(record.session);
            }
            return None;
        };
        if self.muxer.is_none() {
            let (session, generation) = (&*record.session, record.generation);
            let init = init(Origin { session, generation, init_crc: place.init_crc })?;
            let spec = specify(init, place, self.family.tracks(), &samples)?;
            self.muxer = Muxer::new(spec, self.expected_ns).ok();
        }
        let muxer = self.muxer.as_mut()?;
        let spec = muxer.spec();
        if (spec.origin_ns, spec.keeps_delay) != (place.origin_ns, place.keeps_delay) {
            return None;
        }
        for sample in samples {
            let sample = to_stream(sample, self.family.tracks(), muxer.spec())?;
            let track = &muxer.spec().tracks[sample.track];
            if sample.track == muxer.spec().lead() {
                let at_ns = track.to_nanos(sample.pts);
                let (first, last) = self.lead_ns.unwrap_or((at_ns, at_ns));
                self.lead_ns = Some((first, last.max(at_ns)));
            }
            muxer.push(sample);
        }
        let parts = muxer.commit(Some(&record));
        // Its checksum covers what stands in front of it.
        self.is_same &= parts.last() == Some(whole);
        if self.commits == 0 && !self.family.is_finished() {
            let front = std::mem::take(&mut self.front).concat();
            self.is_same &= parts.first().is_some_and(|first| *first == front);
        }
        self.len += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        self.record = record;
        self.commits += 1;
        Some(parts)
    }
}
