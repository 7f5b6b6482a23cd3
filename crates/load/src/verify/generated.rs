//! Of generated streams, whose samples say themselves which they are.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::{Verdict, files, is_growing, samples};
use crate::media::Generated;
use crate::media::generated::{AUDIO_MS, AUDIO_PER_BEAT, BEAT_MS, Track};

/// Samples that follow one another without a hole, of a publisher's track in one file.
type Runs = BTreeMap<(u32, Track), Vec<(u64, u64)>>;

/// Compares what lies below `recordings` with what each publisher sent, in milliseconds of media.
pub(crate) fn generated(recordings: &Path, sent_ms: &BTreeMap<u32, u64>) -> Verdict {
    let (mut verdict, mut runs) = (Verdict::default(), Runs::new());
    for path in files(recordings) {
        verdict.files += 1;
        match read(&path, &mut runs) {
            Ok(samples) => verdict.samples += samples,
            Err(error) => verdict.complain(format!("{}: {error:#}", path.display())),
        }
        if is_growing(&path) {
            verdict.complain(format!("{} was not finished", path.display()));
        }
    }
    for (&publisher, &media_ms) in sent_ms {
        let beats = Generated::beats(media_ms);
        for (track, expected) in [(Track::Video, beats), (Track::Audio, beats * AUDIO_PER_BEAT)] {
            let mut found = runs.remove(&(publisher, track)).unwrap_or_default();
            if let Err(problem) = is_once(&mut found, expected) {
                verdict.complain(format!("publisher {publisher}, {track:?}: {problem}"));
            }
        }
    }
    for (publisher, track) in runs.keys() {
        verdict.complain(format!("publisher {publisher}, {track:?}: nobody sent this"));
    }
    verdict
}

/// Adds what a file holds; how many samples that are.
fn read(path: &Path, runs: &mut Runs) -> Result<u64> {
    let found = samples(std::fs::read(path)?.into())?;
    ensure!(!found.is_empty(), "it is empty");
    let count = found.len() as u64;
    let mut last: BTreeMap<Track, (u32, u64, i64)> = BTreeMap::new();
    let mut own = Runs::new();
    for sample in found {
        let track = if sample.track == 0 { Track::Video } else { Track::Audio };
        let name = Generated::name(track, &sample.data)
            .with_context(|| format!("a sample at {} is not what was sent", sample.pts))?;
        let step_ms = if track == Track::Video { BEAT_MS } else { AUDIO_MS };
        let runs = own.entry((name.publisher, track)).or_default();
        let before = last.insert(track, (name.publisher, name.number, sample.pts));
        match (before, runs.last_mut()) {
            (Some((publisher, number, pts)), Some(run))
                if publisher == name.publisher && number + 1 == name.number =>
            {
                let step_ns = sample.pts - pts;
                let expected_ns = (step_ms * 1_000_000) as i64;
                ensure!(step_ns == expected_ns, "{name:?} comes {step_ns} ns behind the last one");
                run.1 = name.number + 1;
            }
            _ => runs.push((name.number, name.number + 1)),
        }
    }
    ensure!(own.values().all(|runs| runs.len() == 1), "there are holes: {own:?}");
    for (whose, found) in own {
        runs.entry(whose).or_default().extend(found);
    }
    Ok(count)
}

/// Whether the runs are everything up to there, each once.
fn is_once(runs: &mut [(u64, u64)], expected: u64) -> Result<(), String> {
    runs.sort_unstable();
    let mut next = 0;
    for &(first, end) in runs.iter() {
        if first != next {
            return Err(format!("{first} follows {next} of {expected}"));
        }
        next = end;
    }
    if next != expected {
        return Err(format!("{next} of {expected} samples"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, publisher: u32, beats: u64, change: impl Fn(&mut Vec<u8>)) {
        let stream = Generated::new(publisher, 300);
        let mut out = Vec::new();
        stream.read(0, stream.bytes(beats) as usize, &mut out);
        change(&mut out);
        std::fs::write(folder.join(name), out).unwrap();
    }

    /// Writes what a case has.
    type Make = fn(&Path);

    fn sent() -> BTreeMap<u32, u64> {
        BTreeMap::from([(0, 4000), (1, 2000)])
    }

    #[test]
    fn what_is_whole_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "0.webm", 0, 100, |_| {});
        write(folder.path(), "1.webm", 1, 50, |_| {});
        let verdict = generated(folder.path(), &sent());
        assert_eq!(verdict, Verdict { files: 2, samples: 450, ..Verdict::default() });
    }

    #[test]
    fn whatever_is_missing_altered_or_there_twice_is_found() {
        let cases: [(&str, Make); 5] = [
            ("a publisher", |_| {}),
            ("an end", |folder| write(folder, "1.webm", 1, 49, |_| {})),
            ("a byte", |folder| {
                write(folder, "1.webm", 1, 50, |stream| {
                    let at = stream.len() - 1;
                    stream[at] ^= 1;
                });
            }),
            ("a copy", |folder| {
                write(folder, "1.webm", 1, 50, |_| {});
                write(folder, "2.webm", 1, 50, |_| {});
            }),
            ("a growing file", |folder| write(folder, "1.webm.part", 1, 50, |_| {})),
        ];
        for (what, make) in cases {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), "0.webm", 0, 100, |_| {});
            make(folder.path());
            let verdict = generated(folder.path(), &sent());
            assert!(verdict.lost_or_damaged > 0, "{what} is not seen");
        }
    }
}
