#![doc = include_str!("../README.md")]

mod bare;
mod blank;
mod byte_queue;
pub mod codec;
mod commit;
mod demux;
mod error;
pub mod fmp4;
mod inspect;
mod live;
mod movie;
mod mux;
mod notes;
mod output;
mod presentation;
mod refine;
mod reopen;
mod report;
mod sample;
mod segmenter;
mod thrift;
pub mod webm;

pub use bare::{BareCodec, BareTrack};
pub use commit::{Checkpoint, CommitRecord};
pub use demux::{Demuxer, ResumePoint};
pub use error::{Damage, Error, ErrorKind};
pub use inspect::inspect;
pub use live::LiveMuxer;
pub use movie::{MovieDemuxer, MovieStep};
pub use mux::Muxer;
pub use notes::Notes;
pub use output::{FinishStep, Summary};
pub use reopen::{FirstCommit, Origin, Reopened, Reopening};
pub use report::{FileReport, TrackReport};
pub use sample::{Container, Detail, Event, Init, Kind, NANOS_PER_SECOND, Sample, Track};
pub use segmenter::{Action, SegmentSpec, Segmenter};
