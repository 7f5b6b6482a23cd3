//! Of captures, by the journals: which files are whose and of which generation.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use bytes::Bytes;
use serde_json::Value;

use super::{Verdict, files, is_growing, samples};
use crate::media::Captured;

/// Payloads by track.
type Tracks = BTreeMap<usize, Vec<Bytes>>;

/// Compares each session with the capture: whole generations, and of the last one what was sent of
/// it. `publishers`: how many sessions there must be, and how long each of them sent.
pub(crate) fn captured(recordings: &Path, capture: &Captured, media_ms: &[u64]) -> Verdict {
    let mut verdict = Verdict::default();
    let whole = match tracks(capture.bytes().clone()) {
        Ok(whole) => whole,
        Err(error) => {
            verdict.complain(format!("the capture cannot be read: {error:#}"));
            return verdict;
        }
    };
    for path in files(recordings).iter().filter(|path| is_growing(path)) {
        verdict.complain(format!("{} was not finished", path.display()));
    }
    let folders = std::fs::read_dir(recordings).into_iter().flatten().flatten();
    let folders: Vec<_> = folders.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    if folders.len() != media_ms.len() {
        let (found, expected) = (folders.len(), media_ms.len());
        verdict.complain(format!("{found} folders of {expected} publishers"));
    }
    // All sent equally long, in a steady run.
    let sent_ms = media_ms.iter().min().copied().unwrap_or_default();
    for folder in folders {
        if let Err(error) = session(&folder, capture, &whole, sent_ms, &mut verdict) {
            verdict.complain(format!("{}: {error:#}", folder.display()));
        }
    }
    verdict
}

fn session(
    folder: &Path,
    capture: &Captured,
    whole: &Tracks,
    sent_ms: u64,
    verdict: &mut Verdict,
) -> Result<()> {
    let generations = by_generation(folder)?;
    let end = capture.reached(sent_ms);
    let rest = tracks(capture.bytes().slice(..end.bytes as usize)).unwrap_or_default();
    for generation in 0..=end.generation {
        let mut found = Tracks::new();
        for path in generations.get(&generation).into_iter().flatten() {
            verdict.files += 1;
            let stream = std::fs::read(path).with_context(|| path.display().to_string())?;
            for (track, own) in tracks(stream.into())? {
                verdict.samples += own.len() as u64;
                found.entry(track).or_default().extend(own);
            }
        }
        let expected = if generation < end.generation { whole } else { &rest };
        if found != *expected {
            let count = |tracks: &Tracks| tracks.values().map(Vec::len).sum::<usize>();
            let (found, expected) = (count(&found), count(expected));
            verdict.complain(format!(
                "{}, generation {generation}: {found} samples are not the {expected} that were sent",
                folder.display()
            ));
        }
    }
    Ok(())
}

/// The files of each generation in the order of their times, as the journal names them.
fn by_generation(folder: &Path) -> Result<BTreeMap<u32, Vec<PathBuf>>> {
    let mut places: BTreeMap<String, (u32, i64)> = BTreeMap::new();
    for entry in std::fs::read_dir(folder)?.flatten() {
        if entry.path().extension().is_none_or(|end| end != "jsonl") {
            continue;
        }
        for line in std::fs::read_to_string(entry.path())?.lines() {
            let Ok(line) = serde_json::from_str::<Value>(line) else { continue };
            let is_file = matches!(line["event"].as_str(), Some("segment" | "replaced"));
            if let (true, Some(file)) = (is_file, line["file"].as_str()) {
                let generation = line["generation"].as_u64().unwrap_or_default() as u32;
                let start_us = line["start_us"].as_i64().unwrap_or_default();
                places.insert(file.to_owned(), (generation, start_us));
            }
        }
    }
    let mut ordered: Vec<_> = places.into_iter().map(|(file, place)| (place, file)).collect();
    ordered.sort();
    let mut generations: BTreeMap<u32, Vec<PathBuf>> = BTreeMap::new();
    for ((generation, _), file) in ordered {
        generations.entry(generation).or_default().push(folder.join(file));
    }
    Ok(generations)
}

fn tracks(stream: Bytes) -> Result<Tracks> {
    let mut tracks = Tracks::new();
    for sample in samples(stream)? {
        tracks.entry(sample.track).or_default().push(sample.data);
    }
    Ok(tracks)
}
