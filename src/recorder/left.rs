//! A session as its journal tells it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use base64::Engine;
use container::{Demuxer, Init, Origin};

use super::generation::Rejoined;
use super::wall::{Anchor, Mapping};
use crate::clock::WallUs;
use crate::library::journal::{self, Event, Resume, Segment};
use crate::live::feed;

/// What an earlier life of a session has left.
#[derive(Debug, Default)]
pub(super) struct Left {
    pub(super) session: String,
    pub(super) generations: BTreeMap<u32, LeftGeneration>,
    /// Whether the journal says whose it is: a crash may have torn its first line.
    pub(super) is_named: bool,
    /// Its finished files, in the order of the journal.
    pub(super) files: Vec<Segment>,
    /// Gaps and marks of the device, by kind and the device's own time.
    pub(super) noted: HashSet<(String, i64)>,
    pub(super) is_stopped: bool,
    /// Until when it is told what was recorded, or why nothing was.
    pub(super) told_us: WallUs,
}

/// What it has left of a generation.
#[derive(Debug)]
pub(super) struct LeftGeneration {
    pub(super) start: feed::Generation,
    /// Its init segments, newest last.
    inits: Vec<Arc<Init>>,
    /// Where its media lies in wall time.
    pub(super) mapping: Mapping,
    /// Where its stream goes on behind its last finished file.
    resume: Option<Resume>,
    /// Its length, when it is complete.
    pub(super) ended_bytes: Option<u64>,
}

impl Left {
    pub(super) fn new(session: &str) -> Self {
        Self { session: session.to_owned(), ..Self::default() }
    }

    pub(super) fn apply(&mut self, event: Event) {
        match event {
            Event::Session { start_us, .. } => {
                self.is_named = true;
                self.tells(start_us);
            }
            Event::Generation { generation, mime, reason, anchor_us, init } => {
                let start = feed::Generation { number: generation, mime, reason, anchor_us };
                let known = self.generation(start);
                known.inits.extend(parse_init(&init).map(Arc::new));
            }
            Event::GenerationEnd { generation, bytes, .. } => {
                // One that left no file has no other line.
                let (mime, reason) = (String::new(), String::new());
                let start = feed::Generation { number: generation, mime, reason, anchor_us: 0 };
                self.generation(start).ended_bytes = Some(bytes);
            }
            Event::Anchor { generation, media_us, wall_us } => {
                if let Some(known) = self.generations.get_mut(&generation) {
                    known.mapping.push(Anchor { media_us, wall_us });
                }
            }
            Event::Segment(segment) | Event::Replaced(segment) => self.remember(segment),
            Event::Gap { reason, end_us, device_ms, .. } => {
                self.tells(end_us);
                self.noted.extend(device_ms.map(|device_ms| (gap(&reason), device_ms)));
            }
            Event::Mark { kind, device_ms: Some(device_ms), .. } => {
                self.noted.insert((kind, device_ms));
            }
            Event::Stop { reason } => self.is_stopped = journal::is_over(&reason),
            _ => {}
        }
    }

    fn generation(&mut self, start: feed::Generation) -> &mut LeftGeneration {
        self.generations.entry(start.number).or_insert_with(|| LeftGeneration {
            mapping: Mapping::new(start.anchor_us),
            start,
            inits: Vec::new(),
            resume: None,
            ended_bytes: None,
        })
    }

    fn tells(&mut self, until_us: WallUs) {
        self.told_us = self.told_us.max(until_us);
    }

    pub(super) fn remember(&mut self, segment: Segment) {
        self.tells(segment.start_us.saturating_add(segment.duration_us));
        if let Some(known) = self.generations.get_mut(&segment.generation) {
            known.resume.clone_from(&segment.resume);
        }
        match self.files.iter_mut().find(|known| known.file == segment.file) {
            Some(known) => *known = segment,
            None => self.files.push(segment),
        }
    }

    /// What the journal says of a finished file.
    pub(super) fn file(&self, name: &str) -> Option<&Segment> {
        self.files.iter().find(|file| file.file == name)
    }

    /// The init segment that a file of this session was written under.
    pub(super) fn init(&self, origin: Origin<'_>) -> Option<Arc<Init>> {
        if origin.session != self.session {
            return None;
        }
        let inits = &self.generations.get(&origin.generation)?.inits;
        inits.iter().rev().find(|init| init.crc() == origin.init_crc).cloned()
    }
}

impl LeftGeneration {
    /// How it goes on when its last file is gone.
    pub(super) fn rejoined(&self) -> Option<Rejoined> {
        let resume = self.resume.as_ref()?;
        let init = self.inits.iter().rfind(|init| init.crc() == resume.init_crc)?;
        Some(Rejoined { init: Arc::clone(init), checkpoint: resume.checkpoint()? })
    }
}

/// By which name a gap is known among marks.
pub(super) fn gap(reason: &str) -> String {
    format!("gap {reason}")
}

fn parse_init(base64: &str) -> Option<Init> {
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).ok()?;
    Demuxer::read_init(&bytes.into()).ok()
}
