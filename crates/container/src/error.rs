use std::collections::VecDeque;
use std::fmt;

use crate::byte_queue::ByteQueue;

/// A stream that cannot be read on: what is wrong, where, and in which element or box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Bytes from the start of the stream to the element or box.
    pub offset: u64,
    /// Name of the element (RFC 9559) or box type (ISO 14496-12).
    pub element: &'static str,
}

/// What is wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The first bytes are neither EBML nor an MP4 box.
    #[error("this is neither a WebM/Matroska nor an MP4 stream")]
    NotMedia,
    /// A length, count or offset contradicts what surrounds it.
    #[error("its length or content contradicts what surrounds it")]
    Malformed,
    /// A size field asks for more memory than any real stream needs.
    #[error("it claims to be larger than any real stream needs")]
    TooLarge,
    /// Media arrived before the header that describes it.
    #[error("media arrived before its header")]
    NoHeader,
    /// The stream ends in the middle of an element, a box or a sample.
    #[error("the stream ends inside it")]
    Truncated,
    /// An MP4 with media and without an index of it, as a recorder leaves it that is killed.
    #[error("its index was never written, and nothing else says where its samples are")]
    NoIndex,
    /// An MP4 whose index stands behind the media, or whose samples are not in fragments.
    #[error("this MP4 is not fragmented, so it cannot be recorded while it arrives")]
    NotFragmented,
    /// The stream names no audio or video track that can be recorded.
    #[error("it names no audio or video track that can be recorded")]
    NoTracks,
    /// Content encodings (compression, encryption) are not undone.
    #[error("it is compressed or encrypted inside the container")]
    Encoded,
    /// What was to be a finished file of this program is laid out in another way.
    #[error("it is not laid out as a finished file of this program")]
    NotFinished,
    /// A Cluster's Timestamp has less room than the times of a longer file need.
    #[error("its times have too little room to be those of a longer file")]
    NarrowTimestamp,
    /// A codec that the output container cannot carry.
    #[error("its codec cannot be stored in the file this stream is written to")]
    UnsupportedCodec,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, offset: u64, element: &'static str) -> Self {
        Self { kind, offset, element }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {}, in {})", self.kind, self.offset, self.element)
    }
}

impl std::error::Error for Error {}

/// What had to be left out of a stream that can be read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong, and where it begins.
    pub error: Error,
    /// How many bytes of the stream are left out.
    pub bytes: u64,
}

impl Damage {
    /// Whether what is wrong next is the same place. A file in a stream is something of its own.
    fn is_continued_by(&self, error: &Error) -> bool {
        self.error.offset + self.bytes == error.offset && error.kind != ErrorKind::NotFragmented
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes are damaged and left out: {}", self.bytes, self.error)
    }
}

/// So many that nobody has asked for are kept apart; further ones are added to the last.
const MAX_DAMAGES: usize = 64;

/// After so much that makes no sense, a second of the richest stream or ten of a usual one, it is
/// no stream any more.
pub(crate) const MAX_LOST_BYTES: u64 = 32 << 20;

/// What a parser had to leave out and nobody has asked for yet.
#[derive(Debug, Default)]
pub(crate) struct Damages {
    list: VecDeque<Damage>,
    /// Whether a search has no end but the stream's.
    pub(crate) is_patient: bool,
}

impl Damages {
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn add(&mut self, error: Error, bytes: u64) {
        let is_full = self.list.len() >= MAX_DAMAGES;
        match self.list.back_mut() {
            Some(last) if is_full || last.is_continued_by(&error) => {
                last.bytes = last.bytes.saturating_add(bytes);
            }
            _ => self.list.push_back(Damage { error, bytes }),
        }
    }

    pub(crate) fn take(&mut self) -> Option<Damage> {
        self.list.pop_front()
    }

    /// Leaves out whatever waits, which nothing will complete.
    pub(crate) fn add_rest(&mut self, input: &mut ByteQueue, fault: Fault) {
        let from = input.position();
        let bytes = input.skip(u64::MAX);
        if bytes > 0 {
            self.add(fault.at(from), bytes);
        }
    }
}

/// Looking for the next place at which reading can go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Search {
    pub(crate) fault: Fault,
    /// Where the damage begins.
    pub(crate) from: u64,
}

impl Search {
    /// Drops bytes up to the place that `seek` finds, and says whether there is one yet.
    pub(crate) fn go_on(
        &self,
        input: &mut ByteQueue,
        damages: &mut Damages,
        seek: impl FnOnce(&mut ByteQueue) -> bool,
    ) -> Result<bool, Error> {
        let before = input.position();
        let found = seek(input);
        let bytes = input.position() - before;
        if bytes > 0 {
            let Fault { kind, element } = self.fault;
            damages.add(Error::new(kind, before, element), bytes);
        }
        match input.position() - self.from > MAX_LOST_BYTES && !damages.is_patient {
            true => Err(self.fault.at(self.from)),
            false => Ok(found),
        }
    }
}

/// Where the last search ended. What is no good there must not be found again.
#[derive(Debug, Default)]
pub(crate) struct Landmark(Option<u64>);

impl Landmark {
    pub(crate) fn note(&mut self, input: &ByteQueue) {
        self.0 = Some(input.position());
    }

    /// Goes past it where reading has not; what was read of what is no good is left out, too.
    pub(crate) fn leave(&mut self, input: &mut ByteQueue, damages: &mut Damages, error: &Error) {
        if self.0.take() == Some(input.position()) {
            input.skip(1);
        }
        let bytes = input.position().saturating_sub(error.offset);
        if bytes > 0 {
            damages.add(error.clone(), bytes);
        }
    }
}

/// What a parser of a whole, buffered structure reports; its caller knows the offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) element: &'static str,
}

impl Fault {
    pub(crate) const fn malformed(element: &'static str) -> Self {
        Self { kind: ErrorKind::Malformed, element }
    }

    pub(crate) const fn truncated(element: &'static str) -> Self {
        Self { kind: ErrorKind::Truncated, element }
    }

    pub(crate) fn at(self, offset: u64) -> Error {
        Error::new(self.kind, offset, self.element)
    }
}
