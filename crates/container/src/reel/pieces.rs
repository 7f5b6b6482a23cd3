//! What a reel consists of, and where in it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::{Head, Patch, Piece};
use crate::reel::head::Family;

/// Pieces one behind the other.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    list: Vec<Placed>,
    bytes: u64,
}

#[derive(Debug, Clone)]
struct Placed {
    /// In the whole.
    at: u64,
    bytes: u64,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Bytes(Bytes),
    File {
        part: usize,
        from: u64,
    },
    /// The file's head knows where elements begin.
    Clusters {
        part: usize,
        from: u64,
        head: Arc<Head>,
        add_ms: i64,
    },
}

impl Pieces {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn made(&mut self, bytes: Bytes) {
        self.add(bytes.len() as u64, Source::Bytes(bytes));
    }

    pub(super) fn file(&mut self, part: usize, range: &Range<u64>) {
        self.add(range.end - range.start, Source::File { part, from: range.start });
    }

    pub(super) fn clusters(
        &mut self,
        part: usize,
        range: &Range<u64>,
        head: Arc<Head>,
        add_ms: i64,
    ) {
        let source = Source::Clusters { part, from: range.start, head, add_ms };
        self.add(range.end - range.start, source);
    }

    fn add(&mut self, bytes: u64, source: Source) {
        if bytes > 0 {
            self.list.push(Placed { at: self.bytes, bytes, source });
            self.bytes += bytes;
        }
    }

    pub(super) fn of(&self, range: Range<u64>) -> impl Iterator<Item = Piece> + '_ {
        let end = range.end.min(self.bytes);
        let start = range.start.min(end);
        let first = self.list.partition_point(|placed| placed.at + placed.bytes <= start);
        let pieces = self.list[first..].iter().take_while(move |placed| placed.at < end);
        pieces.filter(move |_| start < end).map(move |placed| {
            let from = start.saturating_sub(placed.at);
            let to = placed.bytes.min(end - placed.at);
            placed.source.piece(from, to)
        })
    }
}

impl Source {
    /// Its bytes `from..to`.
    fn piece(&self, from: u64, to: u64) -> Piece {
        match self {
            Self::Bytes(bytes) => Piece::Bytes(bytes.slice(from as usize..to as usize)),
            Self::File { part, from: at } => {
                Piece::File { part: *part, range: at + from..at + to, patch: Patch::None }
            }
            Self::Clusters { part, from: at, head, add_ms } => {
                let range = at + from..at + to;
                let within = border(head, range.start)..head.media.end;
                let patch = match add_ms {
                    0 => Patch::None,
                    _ => Patch::Clusters { within, add_ms: *add_ms },
                };
                Piece::File { part: *part, range, patch }
            }
        }
    }
}

/// Where an element begins, at a place of the media or before it.
fn border(head: &Head, at: u64) -> u64 {
    let Family::Webm(webm) = &head.family else { return head.media.start };
    let behind = webm.cues.partition_point(|cue| cue.at <= at);
    behind.checked_sub(1).map_or(head.media.start, |last| webm.cues[last].at)
}
