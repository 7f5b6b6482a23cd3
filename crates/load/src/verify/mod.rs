//! Whether what was recorded is what was sent: every sample once, unaltered, and nothing else.

mod captured;
mod generated;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use bytes::Bytes;
use container::{Demuxer, Event, Sample};

pub(crate) use captured::captured;
pub(crate) use generated::generated;

/// So many complaints are kept in words; the others are counted.
const MOST_COMPLAINTS: usize = 20;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) files: u64,
    pub(crate) samples: u64,
    /// Files that are not whole, and publishers of whom something is missing.
    pub(crate) lost_or_damaged: u64,
    pub(crate) complaints: Vec<String>,
}

impl Verdict {
    fn complain(&mut self, complaint: String) {
        self.lost_or_damaged += 1;
        if self.complaints.len() < MOST_COMPLAINTS {
            self.complaints.push(complaint);
        }
    }
}

/// The files of media below a folder, growing ones as well, sorted by name.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if is_growing(&path)
                || path.extension().is_some_and(|end| end == "webm" || end == "mp4")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Whether nobody has finished it.
pub(crate) fn is_growing(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "part")
}

/// Every sample of a stream, which must be whole.
pub(crate) fn samples(stream: Bytes) -> Result<Vec<Sample>> {
    let mut demuxer = Demuxer::new();
    demuxer.push(stream);
    let mut samples = Vec::new();
    while let Some(event) = demuxer.poll()? {
        if let Event::Sample(sample) = event {
            samples.push(sample);
        }
    }
    ensure!(demuxer.damage().is_none(), "a part of it cannot be read");
    Ok(samples)
}
