//! What publishers send: a stream that never ends, at a chosen rate.

mod captured;
mod ebml;
pub(crate) mod generated;

use std::sync::Arc;

pub(crate) use captured::Captured;
pub(crate) use generated::Generated;

/// The stream of one publisher.
#[derive(Debug, Clone)]
pub(crate) enum Media {
    Generated(Generated),
    Captured(Arc<Captured>),
}

/// How far an encoder has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Reached {
    pub(crate) generation: u32,
    /// Of this generation.
    pub(crate) bytes: u64,
}

impl Media {
    pub(crate) fn mime(&self) -> &str {
        match self {
            Self::Generated(_) => "video/webm;codecs=vp8,opus",
            Self::Captured(captured) => captured.mime(),
        }
    }

    /// How much there is by this time.
    pub(crate) fn reached(&self, media_ms: u64) -> Reached {
        match self {
            Self::Generated(stream) => {
                Reached { generation: 0, bytes: stream.bytes(Generated::beats(media_ms)) }
            }
            Self::Captured(captured) => captured.reached(media_ms),
        }
    }

    /// The length of a generation that another one follows.
    pub(crate) fn generation_bytes(&self) -> u64 {
        match self {
            Self::Generated(_) => u64::MAX,
            Self::Captured(captured) => captured.bytes().len() as u64,
        }
    }

    /// Of a chunk from one position to another: where an acknowledgement stands for it. The last
    /// picture of all is durable once its duration is known, which the next one says.
    pub(crate) fn acknowledged_at(&self, from: u64, to: u64) -> u64 {
        match self {
            Self::Generated(stream) => to.saturating_sub(stream.beat_bytes()).max(from + 1),
            // How much waits for the next chunk is the browser's affair.
            Self::Captured(_) => from + 1,
        }
    }

    /// Adds bytes of a generation, from `position` on.
    pub(crate) fn read(&self, position: u64, length: usize, out: &mut Vec<u8>) {
        match self {
            Self::Generated(stream) => stream.read(position, length, out),
            Self::Captured(captured) => {
                out.extend_from_slice(&captured.bytes()[position as usize..][..length]);
            }
        }
    }
}
