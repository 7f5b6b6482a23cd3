//! Incremental WebM/Matroska and fragmented MP4, without IO.
//!
//! Bytes of a MediaRecorder stream go in, in pieces of any size; samples come out ([`Demuxer`]).
//! The [`Segmenter`] decides where one file ends and the next begins, and a [`Muxer`] turns the
//! samples of one file into bytes to append and, at the end, into the few writes that give the
//! file its length and its index in front of the media.
//!
//! Nothing here reads a clock, a socket or a file. Payloads are shared, not copied.
//!
//! ```
//! use container::{Action, Demuxer, Event, Segmenter};
//!
//! fn split(stream: &[u8], segment_ns: i64) -> Result<usize, container::Error> {
//!     let mut demuxer = Demuxer::new();
//!     let mut segmenter = Segmenter::new(segment_ns);
//!     let mut files = 0;
//!     demuxer.push(bytes::Bytes::copy_from_slice(stream));
//!     while let Some(event) = demuxer.poll()? {
//!         segmenter.push(event);
//!         while let Some(action) = segmenter.poll() {
//!             files += usize::from(matches!(action, Action::Open { .. }));
//!         }
//!     }
//!     Ok(files)
//! }
//! # assert!(split(b"no stream at all", 60_000_000_000).is_err());
//! ```

mod bare;
mod byte_queue;
pub mod codec;
mod commit;
mod demux;
mod error;
pub mod fmp4;
mod inspect;
mod live;
mod mux;
mod output;
mod refine;
mod reopen;
mod report;
mod sample;
mod segmenter;
pub mod webm;

pub use bare::{BareCodec, BareTrack};
pub use commit::{Checkpoint, CommitRecord};
pub use demux::{Demuxer, ResumePoint};
pub use error::{Error, ErrorKind};
pub use inspect::inspect;
pub use live::LiveMuxer;
pub use mux::Muxer;
pub use output::{FinishStep, Summary};
pub use reopen::{FirstCommit, Origin, Reopened, Reopening};
pub use report::{FileReport, TrackReport};
pub use sample::{Container, Event, Init, Kind, NANOS_PER_SECOND, Sample, Track};
pub use segmenter::{Action, SegmentSpec, Segmenter};
