//! What brings samples onto the disk, planned.

use std::collections::VecDeque;

use bytes::Bytes;
use container::{Checkpoint, Muxer, SegmentSpec, Summary};

use super::disk::{FileId, Step};
use crate::clock::WallUs;
use crate::library::journal::{self, Resume, Track, TrackKind};

/// A file of the generation.
#[derive(Debug)]
pub(super) struct File {
    /// Given when it is first written.
    pub(super) id: Option<FileId>,
    pub(super) muxer: Muxer,
    pub(super) start_us: WallUs,
    pub(super) place: Place,
}

/// What of a file is on the disk.
#[derive(Debug)]
pub(super) enum Place {
    Nothing,
    Growing,
    /// Finished, to be continued.
    Finished {
        name: String,
        front: Bytes,
        media_at: u64,
        media_bytes: u64,
    },
}

/// A file whose last steps are under way.
#[derive(Debug)]
pub(super) struct Finishing {
    generation: u32,
    start_us: WallUs,
    tracks: Vec<Track>,
    summary: Summary,
    /// Where the stream goes on behind the file.
    resume: Option<Resume>,
}

/// What must be done so that everything taken so far is durable.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) steps: VecDeque<Step>,
    pub(super) finishing: Vec<(FileId, Finishing)>,
    next_id: FileId,
}

impl Plan {
    /// A plan for a session whose next new file gets this id.
    pub(super) fn new(next_id: FileId) -> Self {
        Self { next_id, ..Self::default() }
    }

    /// A file's id. Where there is nothing of it on the disk yet, or only its finished form, it is
    /// begun there first.
    pub(super) fn begin(&mut self, file: &mut File) -> FileId {
        let id = *file.id.get_or_insert_with(|| {
            self.next_id += 1;
            self.next_id
        });
        match std::mem::replace(&mut file.place, Place::Growing) {
            Place::Growing => {}
            Place::Nothing => {
                let (start_us, extension) =
                    (file.start_us, file.muxer.spec().init.output.extension());
                self.steps.push_back(Step::Create { file: id, start_us, extension });
            }
            Place::Finished { name, front, media_at, media_bytes } => {
                self.steps.push_back(Step::Regrow { file: id, name, front, media_at, media_bytes });
            }
        }
        id
    }

    /// The id for the first new file of the next plan.
    pub(super) fn next_id(&self) -> FileId {
        self.next_id
    }
}

impl Finishing {
    /// The file as the journal names it.
    pub(super) fn segment(self, file: String, bytes: u64, sha256: String) -> journal::Segment {
        journal::Segment {
            file,
            generation: self.generation,
            start_us: self.start_us,
            duration_us: self.summary.duration_ns / 1000,
            bytes,
            tracks: self.tracks,
            sha256,
            resume: self.resume,
        }
    }

    /// What is known of a file that is finished as it stands.
    pub(super) fn of(
        generation: u32,
        start_us: WallUs,
        spec: &SegmentSpec,
        summary: Summary,
        checkpoint: Option<&Checkpoint>,
    ) -> Self {
        let mut tracks: Vec<Track> = spec.tracks.iter().map(describe).collect();
        for track in &mut tracks {
            track.samples = match track.kind {
                TrackKind::Video => summary.video_samples,
                TrackKind::Audio => summary.audio_samples,
            };
        }
        let resume = checkpoint.map(|checkpoint| Resume::new(spec.init.crc(), checkpoint));
        Self { generation, start_us, tracks, summary, resume }
    }
}

fn describe(track: &container::Track) -> Track {
    Track {
        kind: match track.kind {
            container::Kind::Video => TrackKind::Video,
            container::Kind::Audio => TrackKind::Audio,
        },
        codec: track.codec.clone(),
        samples: 0,
        width: track.width,
        height: track.height,
        sample_rate: track.sample_rate,
        channels: track.channels,
    }
}
