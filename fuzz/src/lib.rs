//! What must hold of the container engine whatever bytes come.
//!
//! Each function is a fuzz target of its own; `cargo test -p container-fuzz` runs them over the
//! captures, damaged in some places, and over all findings so far.
#![forbid(unsafe_code)]

use std::sync::Arc;

use bytes::Bytes;
use container::reel::{Cut, Head, HeadReader, HeadStep, Part, PatchStep, Patcher, Piece, Reel};
use container::{
    Action, Checkpoint, CommitRecord, Demuxer, Error, Event, FinishStep, Init, MovieDemuxer,
    MovieStep, Muxer, NANOS_PER_SECOND, Reopening, Sample, Segmenter,
};

const SEGMENT_NS: i64 = NANOS_PER_SECOND;

/// What a demuxer says of a stream.
#[derive(Debug, PartialEq)]
struct Said {
    events: Vec<Event>,
    lost_bytes: u64,
    error: Option<Error>,
}

impl Said {
    fn poll(&mut self, demuxer: &mut Demuxer) {
        while self.error.is_none() {
            let polled = demuxer.poll();
            while let Some(damage) = demuxer.damage() {
                self.lost_bytes += damage.bytes;
            }
            match polled {
                Ok(Some(event)) => self.events.push(event),
                Ok(None) => return,
                Err(failed) => self.error = Some(failed),
            }
        }
    }
}

fn say<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Said {
    read(&mut Demuxer::new(), chunks)
}

/// What is said where as much as possible is to be had of a stream that has ended.
fn salvaged<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let mut demuxer = Demuxer::salvaging();
    let mut said = read(&mut demuxer, chunks);
    demuxer.end();
    said.poll(&mut demuxer);
    said
}

fn read<'a>(demuxer: &mut Demuxer, chunks: impl IntoIterator<Item = &'a [u8]>) -> Said {
    let mut said = Said { events: Vec::new(), lost_bytes: 0, error: None };
    for chunk in chunks {
        demuxer.push(Bytes::copy_from_slice(chunk));
        said.poll(demuxer);
        if said.error.is_some() {
            break;
        }
    }
    said
}

/// The stream in pieces; the first bytes say where it is cut.
fn cut(data: &[u8]) -> Option<(&[u8], impl Iterator<Item = &[u8]>)> {
    let (cuts, stream) = data.split_first_chunk::<4>()?;
    let mut rest = stream;
    let mut sizes = cuts.iter().cycle().map(|&size| usize::from(size).pow(2).max(1));
    let pieces = std::iter::from_fn(move || {
        let size = sizes.next()?.min(rest.len());
        let (piece, after) = rest.split_at(size);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    });
    Some((stream, pieces))
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
    let Some((stream, pieces)) = cut(data) else { return };
    let (whole, cut) = (say([stream]), say(pieces));
    assert_eq!(whole.events, cut.events);
    assert_eq!(whole.error, cut.error);
    if whole.error.is_none() {
        assert_eq!(whole.lost_bytes, cut.lost_bytes);
    }
}

/// Salvaging never fails, loses no more than there is, and finds the same however the stream is
/// cut. The first bytes say where that is.
pub fn salvage(data: &[u8]) {
    let Some((stream, pieces)) = cut(data) else { return };
    let (whole, cut) = (salvaged([stream]), salvaged(pieces));
    assert_eq!(whole, cut);
    assert_eq!(whole.error, None);
    assert!(whole.lost_bytes <= stream.len() as u64, "{} of {}", whole.lost_bytes, stream.len());
    split(whole.events);
}

/// A file that is read by its index says each of its bytes once at most, and comes to an end.
pub fn movie(data: &[u8]) {
    let mut demuxer = MovieDemuxer::new(data.len() as u64);
    let mut events = Vec::new();
    loop {
        let step = demuxer.poll();
        while demuxer.damage().is_some() {}
        match step {
            Ok(MovieStep::Need { offset, bytes }) => {
                let from = offset as usize;
                demuxer.give(Bytes::copy_from_slice(&data[from..from + bytes]));
            }
            Ok(MovieStep::Event(event)) => events.push(event),
            Ok(MovieStep::End { offset }) => {
                assert!(offset <= data.len() as u64);
                break;
            }
            Ok(MovieStep::Fragmented) => return,
            Err(error) => {
                assert!(!error.to_string().is_empty() && error.offset <= data.len() as u64);
                break;
            }
        }
    }
    let bytes: usize = samples(&events).map(|sample| sample.data.len()).sum();
    assert!(bytes <= 2 * data.len(), "{bytes} of {}", data.len());
    split(events);
}

/// What a stream holds is in its growing files, in their order, and finishing them is possible.
pub fn remux(data: &[u8]) {
    split(say([data]).events);
}

/// The finished files.
fn split(events: Vec<Event>) -> Vec<Vec<u8>> {
    let mut segmenter = Segmenter::new(SEGMENT_NS);
    let mut files = Files::default();
    for (n, event) in events.into_iter().enumerate() {
        segmenter.push(event);
        if !files.apply(&mut segmenter) {
            return files.finished;
        }
        if n % 50 == 49
            && let Some((muxer, bytes, _)) = &mut files.open
        {
            let record = CommitRecord { checkpoint: Checkpoint::default(), ..Default::default() };
            bytes.extend(muxer.commit(Some(&record)).concat());
        }
    }
    segmenter.finish();
    files.apply(&mut segmenter);
    files.finished
}

#[derive(Default)]
struct Files {
    /// The one that grows, and what was written to it.
    open: Option<(Muxer, Vec<u8>, Vec<Sample>)>,
    finished: Vec<Vec<u8>>,
}

impl Files {
    /// Does what the segmenter says; `false` where a file cannot carry the codec.
    fn apply(&mut self, segmenter: &mut Segmenter) -> bool {
        while let Some(action) = segmenter.poll() {
            match action {
                Action::Open { spec, .. } => {
                    let Ok(muxer) = Muxer::new(*spec, SEGMENT_NS) else { return false };
                    self.open = Some((muxer, Vec::new(), Vec::new()));
                }
                Action::Write { sample, .. } => {
                    if let Some((muxer, _, samples)) = &mut self.open {
                        samples.push(sample.clone());
                        muxer.push(sample);
                    }
                }
                Action::Close { end_ns, .. } => {
                    let Some((mut muxer, mut bytes, written)) = self.open.take() else { continue };
                    bytes.extend(muxer.commit(None).concat());
                    check_growing(&bytes, &written);
                    self.finished.push(finished(muxer, bytes, end_ns));
                }
            }
        }
        true
    }
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

fn finished(muxer: Muxer, mut file: Vec<u8>, end_ns: Option<i64>) -> Vec<u8> {
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
    let report = container::inspect(Bytes::copy_from_slice(&file));
    assert!(report.index_in_front, "{:?}", report.problems);
    file
}

/// What the front of a file says; reading it comes to an end.
fn head(data: &[u8]) -> Option<Head> {
    let mut reader = HeadReader::new(data.len() as u64);
    for _ in 0..1000 {
        match reader.poll() {
            Ok(HeadStep::Need { offset, bytes }) => {
                let from = offset as usize;
                reader.give(Bytes::copy_from_slice(&data[from..from + bytes]));
            }
            Ok(HeadStep::Done(head)) => return Some(head),
            Err(error) => {
                assert!(!error.to_string().is_empty() && error.offset <= data.len() as u64);
                return None;
            }
        }
    }
    panic!("a head comes to no end");
}

/// A file that claims to be a finished one is joined to itself, whole and cut: as many bytes come
/// of it as were said, or it is told why not.
pub fn reel(data: &[u8]) {
    let Some(head) = head(data).map(Arc::new) else { return };
    let part = |follows| Part { head: Arc::clone(&head), follows };
    let parts = [part(None), part(Some(head.duration_ns())), part(None)];
    let middle = Cut { from_ns: head.duration_ns() / 2, to_ns: head.duration_ns() };
    for cut in [None, Some(middle), Some(Cut { from_ns: i64::MIN, to_ns: i64::MAX })] {
        let Ok(reel) = Reel::new(&parts, cut) else { continue };
        if let Some(bytes) = read_out(&reel, data) {
            assert_eq!(bytes, reel.bytes());
        }
    }
}

/// How many bytes come of a reel; `None` where its file is not what its head said.
fn read_out(reel: &Reel, data: &[u8]) -> Option<u64> {
    let mut read = 0;
    for piece in reel.pieces() {
        let (range, patch) = match piece {
            Piece::Bytes(bytes) => {
                read += bytes.len() as u64;
                continue;
            }
            Piece::File { range, patch, .. } => (range, patch),
        };
        let mut patcher = Patcher::new(range, &patch);
        loop {
            match patcher.poll().ok()? {
                PatchStep::Need { offset, bytes } => {
                    let from = offset as usize;
                    patcher.give(Bytes::copy_from_slice(&data[from..from + bytes]));
                }
                PatchStep::Bytes(bytes) => read += bytes.len() as u64,
                PatchStep::Done => break,
            }
        }
    }
    Some(read)
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
    const TARGETS: [Target; 7] = [
        ("demux", super::demux),
        ("chunks", super::chunks),
        ("remux", super::remux),
        ("reopen", super::reopen),
        ("salvage", super::salvage),
        ("movie", super::movie),
        ("reel", super::reel),
    ];
    /// Enough for some fragments and clusters.
    const SEED_BYTES: usize = 60_000;

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.sort();
        files
    }

    /// With one byte that is wrong, unless `damage` is 0.
    fn damaged(bytes: &[u8], damage: u8) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        let at = bytes.len() / 13 * usize::from(damage) + usize::from(damage) * 7;
        if damage > 0 && at < bytes.len() {
            bytes[at] = bytes[at].wrapping_add(damage.wrapping_mul(37));
        }
        bytes
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
                let seed = damaged(&stream, damage);
                TARGETS.iter().for_each(|(_, target)| target(&seed));
                let cut = [&[3, damage, 90, 1], &seed[..]].concat();
                super::chunks(&cut);
                super::salvage(&cut);
            }
            for file in super::split(super::say([&stream[..]]).events) {
                (0..12).for_each(|damage| super::movie(&damaged(&file, damage)));
                (0..12).for_each(|damage| super::reel(&damaged(&file, damage)));
                // What matters stands in front.
                for at in (0..file.len().min(3000)).step_by(7) {
                    let mut bent = file.clone();
                    bent[at] = bent[at].wrapping_add(91);
                    super::reel(&bent);
                }
            }
            seeds += 1;
        }
        assert!(seeds >= 12, "captures are missing");
    }

    /// Finished files: nothing else is a seed for `reel`.
    #[test]
    #[ignore = "writes files, into the folder that LOCALCAMERA_FUZZ_SEEDS names"]
    fn seeds_of_finished_files() {
        let target = PathBuf::from(std::env::var("LOCALCAMERA_FUZZ_SEEDS").unwrap());
        let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/captures");
        for path in files(&captures) {
            if path.extension().is_none_or(|extension| extension != "bin") {
                continue;
            }
            let mut stream = std::fs::read(&path).unwrap();
            stream.truncate(SEED_BYTES);
            let name = path.file_stem().unwrap().to_str().unwrap();
            for (n, file) in super::split(super::say([&stream[..]]).events).iter().enumerate() {
                std::fs::write(target.join(format!("{name}-{n}")), file).unwrap();
            }
        }
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
