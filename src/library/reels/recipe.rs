//! How files are put together, and what comes of it, without what is read for it.

use std::path::PathBuf;
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use container::Kind as TrackKind;
use container::reel::{Cut, Head};

use super::Version;
use super::fronts::{Front, Stamp};
use super::stretches::{Stretch, wall_us};
use crate::clock::WallUs;

/// As much of a digest as no two reels share.
const TAG_BYTES: usize = 12;

/// Goes up when the same files come to other bytes: whoever has half of a download must not get the
/// second half of another one.
const LAYOUT: u32 = 1;

/// Files in their order, how far each lies behind the one before where they follow each other, and
/// what of them is wanted.
#[derive(Debug, Clone)]
pub(super) struct Recipe {
    pub(super) parts: Vec<(Front, Option<i64>)>,
    pub(super) cut: Option<Cut>,
}

impl Recipe {
    pub(super) fn new(parts: Vec<(Front, Option<i64>)>) -> Self {
        Self { parts, cut: None }
    }

    pub(super) fn of(self, cut: Option<Cut>) -> Self {
        Self { cut, ..self }
    }

    /// What tells what comes of it from everything else: its files, what they were when, and the cut.
    pub(super) fn tag(&self) -> String {
        let mut digest = Context::new(&SHA256);
        digest.update(&LAYOUT.to_be_bytes());
        for (Front { path, stamp, .. }, follows) in &self.parts {
            digest.update(path.as_os_str().as_encoded_bytes());
            let [bytes, inode, modified_s, modified_ns] =
                stamp.map_or([[0; 8]; 4], Stamp::to_be_bytes);
            let (is_known, ns) = follows.map_or((0, 0), |ns| (1, ns));
            digest.update(&[0, is_known]);
            for number in [bytes, inode, modified_s, modified_ns, ns.to_be_bytes()] {
                digest.update(&number);
            }
        }
        if let Some(Cut { from_ns, to_ns }) = self.cut {
            digest.update(&from_ns.to_be_bytes());
            digest.update(&to_ns.to_be_bytes());
        }
        hex::encode(&digest.finish().as_ref()[..TAG_BYTES])
    }

    pub(super) fn modified(&self) -> SystemTime {
        let modified = self.parts.iter().map(|(front, _)| front.modified).max();
        modified.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Where each of its files lies, and what it is.
    pub(super) fn places(&self) -> Vec<(PathBuf, Option<Stamp>)> {
        self.parts.iter().map(|(front, _)| (front.path.clone(), front.stamp)).collect()
    }
}

/// What there is to say of a reel, or of a part of one.
#[derive(Debug, Clone)]
pub(crate) struct Outline {
    pub(super) tag: String,
    pub(super) files: usize,
    pub(super) stretches: Vec<Stretch>,
    /// `webm` or `mp4`
    pub(crate) container: &'static str,
    /// The MIME type, with codecs.
    pub(crate) content_type: String,
    /// Of its pictures; zeros where it has none.
    pub(crate) size: (u32, u32),
    pub(crate) has_video: bool,
    pub(crate) has_sound: bool,
    pub(crate) bytes: u64,
    pub(crate) duration_us: i64,
    /// How much of it lies in front of what was asked for, and is shown.
    pub(crate) preroll_us: i64,
    /// When the last of its files changed.
    pub(crate) modified: SystemTime,
}

impl Outline {
    /// What one of its files says of the tracks, which is what all say; the rest is empty.
    pub(super) fn of_tracks(head: &Head) -> Self {
        let of = |kind: TrackKind| head.tracks().iter().find(|track| track.kind == kind);
        let video = of(TrackKind::Video);
        Self {
            container: head.container().extension(),
            size: video.map_or((0, 0), |track| (track.width, track.height)),
            has_video: video.is_some(),
            has_sound: of(TrackKind::Audio).is_some(),
            tag: String::new(),
            files: 0,
            stretches: Vec::new(),
            content_type: String::new(),
            bytes: 0,
            duration_us: 0,
            preroll_us: 0,
            modified: SystemTime::UNIX_EPOCH,
        }
    }

    /// What tells it from every other one.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    pub(crate) fn version(&self) -> Version {
        Version { files: self.files, tag: self.tag.clone() }
    }

    /// Which wall time it is when.
    pub(crate) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// The wall time at which it begins.
    pub(crate) fn starts_us(&self) -> WallUs {
        wall_us(&self.stretches, 0).unwrap_or_default()
    }
}
