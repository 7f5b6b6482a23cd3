use std::fmt;

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
    /// An MP4 whose index stands behind the media, or whose samples are not in fragments.
    #[error("this MP4 is not fragmented, so it cannot be recorded while it arrives")]
    NotFragmented,
    /// The stream names no audio or video track that can be recorded.
    #[error("it names no audio or video track that can be recorded")]
    NoTracks,
    /// Content encodings (compression, encryption) are not undone.
    #[error("it is compressed or encrypted inside the container")]
    Encoded,
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

    pub(crate) fn at(self, offset: u64) -> Error {
        Error::new(self.kind, offset, self.element)
    }
}
