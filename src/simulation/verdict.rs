//! Whether anything was lost or doubled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::device::{Device, session};
use super::disk::SimulatedDisk;
use super::media::{self, Stamp};
use super::world::SEGMENT_MS;
use crate::library::journal::{Event, Line, Segment};
use crate::recorder::wall::{Anchor, Mapping};

/// Every sample of which a device has let go is in a file, be it whole or still growing.
pub(super) fn acknowledged(disk: &SimulatedDisk, devices: &[Device]) -> Result<(), String> {
    let mut found = BTreeSet::new();
    for (path, content) in disk.snapshot().iter().filter(|(path, _)| is_media(path)) {
        let _ = path;
        found.extend(media::file_samples(content).into_iter().map(|(stamp, _)| stamp));
    }
    for device in devices {
        for generation in &device.generations {
            let gone = &generation.bytes[..generation.first as usize];
            let missing =
                media::samples(gone).into_iter().find(|(stamp, _)| !found.contains(stamp));
            if let Some((stamp, _)) = missing {
                return Err(format!("after a crash {stamp:?} was acknowledged and is in no file"));
            }
        }
    }
    Ok(())
}

fn is_media(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("video_")
}

/// Every session is complete: its files are those of a recorder that was never disturbed.
pub(super) fn complete(disk: &SimulatedDisk, devices: &[Device]) -> Result<(), String> {
    let files = disk.snapshot();
    let leftover = files.keys().find(|path| {
        let name = path.to_string_lossy();
        [".part", ".rewrite", ".remade"].iter().any(|end| name.ends_with(end))
    });
    if let Some(path) = leftover {
        return Err(format!("{} was left behind", path.display()));
    }
    let mut named = BTreeSet::new();
    for device in devices {
        let journal = Journal::of(&files, &session(device.number()))?;
        named.extend(journal.segments.keys().cloned());
        let starts =
            journal.segments.values().map(|segment| (segment.generation, segment.start_us));
        let starts: BTreeSet<(u32, i64)> = starts.collect();
        // The devices' clocks count milliseconds, encoders finer.
        let follows = |earlier: &(u32, i64), later: &(u32, i64)| earlier.1 <= later.1 + 1000;
        if !starts.iter().is_sorted_by(|earlier, later| follows(earlier, later)) {
            return Err(format!("wall time runs backwards: {starts:?}"));
        }
        for (number, generation) in device.generations.iter().enumerate() {
            journal.holds(&files, number as u32, &generation.bytes)?;
        }
        for mark in device.marks() {
            let times = journal.marks.iter().filter(|&&at| at == mark).count();
            if times != 1 && !journal.segments.is_empty() {
                return Err(format!("a mark stands {times} times in the journal"));
            }
        }
    }
    // A first commit that a power cut has torn is put aside, and nobody has to look at it.
    let is_aside = |path: &Path| path.extension().is_some_and(|end| end == "damaged");
    let stray =
        files.keys().find(|path| is_media(path) && !is_aside(path) && !named.contains(*path));
    match stray {
        Some(path) => Err(format!("{} is in no journal", path.display())),
        None => Ok(()),
    }
}

/// A session's journal, folded.
#[derive(Default)]
pub(super) struct Journal {
    /// Its files by path, in order.
    pub(super) segments: BTreeMap<PathBuf, Segment>,
    /// Where each generation's media lies in wall time.
    pub(super) mappings: BTreeMap<u32, Mapping>,
    marks: Vec<i64>,
}

impl Journal {
    pub(super) fn of(files: &BTreeMap<PathBuf, Vec<u8>>, session: &str) -> Result<Self, String> {
        let mut journal = Self::default();
        let mut journals = 0;
        for (path, text) in
            files.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "jsonl"))
        {
            let lines: Vec<Line> = Line::read_all(text).collect();
            let is_ours = lines.first().is_some_and(
                |line| matches!(&line.event, Event::Session { session: own, .. } if own == session),
            );
            if !is_ours {
                continue;
            }
            journals += 1;
            for line in lines {
                match line.event {
                    Event::Segment(segment) | Event::Replaced(segment) => {
                        let path = path.with_file_name(&segment.file);
                        journal.segments.insert(path, segment);
                    }
                    Event::Generation { generation, anchor_us, .. } => {
                        let mapping = || Mapping::new(anchor_us);
                        journal.mappings.entry(generation).or_insert_with(mapping);
                    }
                    Event::Anchor { generation, media_us, wall_us } => {
                        let mapping = journal.mappings.get_mut(&generation);
                        let mapping = mapping.ok_or("an anchor stands before its generation")?;
                        mapping.push(Anchor { media_us, wall_us });
                    }
                    Event::Mark { device_ms: Some(at_ms), .. } => journal.marks.push(at_ms),
                    _ => {}
                }
            }
        }
        match journals {
            0 | 1 => Ok(journal),
            _ => Err(format!("{session} has {journals} journals")),
        }
    }

    /// The files of a generation hold what its stream holds, cut where it is cut undisturbed.
    fn holds(
        &self,
        files: &BTreeMap<PathBuf, Vec<u8>>,
        generation: u32,
        stream: &[u8],
    ) -> Result<(), String> {
        let wanted = media::undisturbed(stream, SEGMENT_MS as i64 * 1_000_000);
        let times: BTreeMap<Stamp, i64> = media::samples(stream).into_iter().collect();
        let own: Vec<_> =
            self.segments.iter().filter(|(_, known)| known.generation == generation).collect();
        if own.len() != wanted.len() {
            return Err(format!(
                "generation {generation} has {} files, not {}",
                own.len(),
                wanted.len()
            ));
        }
        for ((path, segment), (media_us, wanted)) in own.into_iter().zip(&wanted) {
            let file = files.get(path).ok_or(format!("{} is missing", path.display()))?;
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, file);
            if hex::encode(digest) != segment.sha256 {
                return Err(format!("{} is not what its journal says", path.display()));
            }
            let found = media::file_samples(file);
            let late_us = segment.start_us - self.mappings[&generation].wall_us(*media_us);
            if late_us != 0 {
                return Err(format!("{} begins {late_us} µs too late", path.display()));
            }
            for track in 0..2 {
                let found: Vec<_> =
                    found.iter().copied().filter(|(stamp, _)| stamp.track == track).collect();
                let stamps: Vec<Stamp> = found.iter().map(|(stamp, _)| *stamp).collect();
                let wanted = of_track(wanted, track);
                if stamps != wanted {
                    return Err(differs(&path.display().to_string(), &stamps, &wanted));
                }
                let Some((first, begin)) = found.first() else { continue };
                let shifted = found.iter().find(|(stamp, at)| {
                    let wanted = times[stamp] - times[first];
                    (at - begin - wanted).abs() > 2_000_000
                });
                if let Some((stamp, _)) = shifted {
                    return Err(format!("{}: {stamp:?} has moved in time", path.display()));
                }
            }
        }
        Ok(())
    }
}

fn of_track(stamps: &[Stamp], track: u8) -> Vec<Stamp> {
    stamps.iter().copied().filter(|stamp| stamp.track == track).collect()
}

fn differs(what: &str, found: &[Stamp], wanted: &[Stamp]) -> String {
    let at = found.iter().zip(wanted).take_while(|(found, wanted)| found == wanted).count();
    format!(
        "{what} holds {} samples, not {}; from the {at}th on {:?}, not {:?}",
        found.len(),
        wanted.len(),
        found.get(at),
        wanted.get(at)
    )
}
