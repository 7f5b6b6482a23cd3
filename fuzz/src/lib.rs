//! What must hold of the container engine whatever bytes come.
//!
//! Each function is a fuzz target of its own; `cargo test -p container-fuzz` runs them over the
//! captures, damaged in some places, and over all findings so far.
#![forbid(unsafe_code)]

use std::sync::Arc;

use bytes::Bytes;
use container::{
    Action, Checkpoint, CommitRecord, Demuxer, Error, Event, FinishStep, Init, Muxer,
    NANOS_PER_SECOND, Reopening, Sample, Segmenter,
};

const SEGMENT_NS: i64 = NANOS_PER_SECOND;

/// What a demuxer says of a stream.
#[derive(Debug, PartialEq)]
struct Said {
    events: Vec<Event>,
    lost_bytes: u64,
    error: Option<Error>,
}

fn say<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let mut demuxer = Demuxer::new();
    let (mut events, mut lost_bytes, mut error) = (Vec::new(), 0, None);
    for chunk in chunks {
        demuxer.push(Bytes::copy_from_slice(chunk));
        loop {
            let polled = demuxer.poll();
            while let Some(damage) = demuxer.damage() {
                lost_bytes += damage.bytes;
            }
            match polled {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(failed) => {
                    error = Some(failed);
                    break;
                }
            }
        }
        if error.is_some() {
            break;
        }
    }
    Said { events, lost_bytes, error }
}

fn samples(events: &[Event]) -> impl Iterator<Item = &Sample> {
    events.iter().filter_map(|event| match event {
        Event::Sample(sample) => Some(sample),
        Event::Init(_) | Event::Config { .. } => None,
    })
}

/// Nothing comes out that did not come in, and an error has words.
pub fn demux(data: &[u8]) {
    let said = say([data]);
    // Annex B gets longer prefixes; twice as much is far more than that.
    let bytes: usize = samples(&said.events).map(|sample| sample.data.len()).sum();
    assert!(bytes <= 2 * data.len(), "{bytes} of {}", data.len());
    if let Some(error) = said.error {
        assert!(!error.to_string().is_empty() && error.offset <= data.len() as u64);
    }
    let _ = container::inspect(Bytes::copy_from_slice(data));
}

/// However a stream is cut, the same is said of it. The first bytes say where it is cut.
pub fn chunks(data: &[u8]) {
    let Some((cuts, stream)) = data.split_first_chunk::<4>() else { return };
    let mut rest = stream;
    let mut sizes = cuts.iter().cycle().map(|&size| usize::from(size).pow(2).max(1));
    let pieces = std::iter::from_fn(|| {
        let size = sizes.next()?.min(rest.len());
        let (piece, after) = rest.split_at(size);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    });
    let (whole, cut) = (say([stream]), say(pieces));
    assert_eq!(whole.events, cut.events);
    assert_eq!(whole.error, cut.error);
    if whole.error.is_none() {
        assert_eq!(whole.lost_bytes, cut.lost_bytes);
    }
}

/// What a stream holds is in its growing files, in their order, and finishing them is possible.
pub fn remux(data: &[u8]) {
    let mut segmenter = Segmenter::new(SEGMENT_NS);
    let mut open: Option<(Muxer, Vec<u8>, Vec<Sample>)> = None;
    for (n, event) in say([data]).events.into_iter().enumerate() {
        segmenter.push(event);
        if !apply(&mut segmenter, &mut open) {
            return;
        }
        if n % 50 == 49
            && let Some((muxer, bytes, _)) = &mut open
        {
            let record = CommitRecord { checkpoint: Checkpoint::default(), ..Default::default() };
            bytes.extend(muxer.commit(Some(&record)).concat());
        }
    }
    segmenter.finish();
    apply(&mut segmenter, &mut open);
}

/// Does what the segmenter says; `false` where a file cannot carry the codec.
fn apply(segmenter: &mut Segmenter, open: &mut Option<(Muxer, Vec<u8>, Vec<Sample>)>) -> bool {
    while let Some(action) = segmenter.poll() {
        match action {
            Action::Open { spec, .. } => {
                let Ok(muxer) = Muxer::new(*spec, SEGMENT_NS) else { return false };
                *open = Some((muxer, Vec::new(), Vec::new()));
            }
            Action::Write { sample, .. } => {
                if let Some((muxer, _, samples)) = open {
                    samples.push(sample.clone());
                    muxer.push(sample);
                }
            }
            Action::Close { end_ns, .. } => {
                let Some((mut muxer, mut bytes, written)) = open.take() else { continue };
                bytes.extend(muxer.commit(None).concat());
                check_growing(&bytes, &written);
                check_finished(muxer, bytes, end_ns);
            }
        }
    }
    true
}

fn check_growing(bytes: &[u8], written: &[Sample]) {
    // An empty sample is nothing that anybody reads; a file may leave it out.
    if written.iter().any(|sample| sample.data.is_empty()) {
        return;
    }
    let said = say([bytes]);
    assert!(said.error.is_none() && said.lost_bytes == 0, "{:?}", said.error);
    let tracks = written.iter().map(|sample| sample.track).max().map_or(0, |last| last + 1);
    for track in 0..tracks {
        let of = |sample: &&Sample| sample.track == track;
        let read = samples(&said.events).filter(of).map(|sample| &sample.data);
        assert!(read.eq(written.iter().filter(of).map(|sample| &sample.data)), "track {track}");
    }
}

fn check_finished(muxer: Muxer, mut file: Vec<u8>, end_ns: Option<i64>) {
    for step in muxer.finish(end_ns).0 {
        match step {
            FinishStep::WriteAt { offset, bytes } => {
                let offset = offset as usize;
                file[offset..offset + bytes.len()].copy_from_slice(&bytes);
            }
            FinishStep::Sync => {}
            FinishStep::Rewrite { front, keep_from } => {
                file = [&front[..], &file[keep_from as usize..]].concat();
            }
        }
    }
    let report = container::inspect(file.into());
    assert!(report.index_in_front, "{:?}", report.problems);
}

/// A file that claims to be one of this program is read without harm.
pub fn reopen(data: &[u8]) {
    let events = say([data]).events;
    let init: Option<Arc<Init>> = events.into_iter().find_map(|event| match event {
        Event::Init(init) => Some(init),
        Event::Config { .. } | Event::Sample(_) => None,
    });
    let mut reopening = Reopening::new(SEGMENT_NS);
    let mut parts_bytes = 0;
    for piece in data.chunks(5000) {
        reopening.push(Bytes::copy_from_slice(piece));
        while let Some(parts) = reopening.next(|_| init.clone()) {
            parts_bytes += parts.iter().map(|part| part.len() as u64).sum::<u64>();
        }
    }
    if let Some(reopened) = reopening.finish() {
        assert_eq!(reopened.len, parts_bytes);
        let _ = reopened.muxer.finish(None);
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    type Target = (&'static str, fn(&[u8]));
    const TARGETS: [Target; 4] = [
        ("demux", super::demux),
        ("chunks", super::chunks),
        ("remux", super::remux),
        ("reopen", super::reopen),
    ];
    /// Enough for some fragments and clusters.
    const SEED_BYTES: usize = 60_000;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        files
    }

    #[test]
    fn captures_damaged_here_and_there_are_survived() {
        let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures");
        let mut seeds = 0;
        for path in
            files(&captures).iter().filter(|path| path.extension().is_some_and(|e| e == "bin"))
        {
            let mut stream = std::fs::read(path).unwrap();
            stream.truncate(SEED_BYTES);
            for damage in 0..12u8 {
                let mut seed = stream.clone();
                if damage > 0 {
                    let at = seed.len() / 13 * usize::from(damage) + usize::from(damage) * 7;
                    seed[at] = seed[at].wrapping_add(damage.wrapping_mul(37));
                }
                TARGETS.iter().for_each(|(_, target)| target(&seed));
                super::chunks(&[&[3, damage, 90, 1], &seed[..]].concat());
            }
            seeds += 1;
        }
        assert!(seeds >= 12, "captures are missing");
    }

    #[test]
    fn findings_stay_found() {
        for (name, target) in TARGETS {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("findings").join(name);
            for path in files(&folder) {
                println!("{}", path.display());
                target(&std::fs::read(path).unwrap());
            }
        }
    }
}
