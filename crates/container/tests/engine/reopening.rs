//! A stream that is interrupted anywhere goes on inside the file that was growing.

use std::sync::Arc;

use bytes::Bytes;
use container::codec::configuration;
use container::{
    Action, Checkpoint, CommitRecord, Demuxer, Event, FinishStep, FirstCommit, Init, Kind, Muxer,
    NANOS_PER_SECOND, Reopened, Reopening, Sample, Segmenter,
};

use crate::captures;
use crate::configurations::{parameter_sets, picture};
use crate::support::{chunks, demux};
use crate::writers::mp4;

const SEGMENT_NS: i64 = 3 * NANOS_PER_SECOND;

/// A recorder in memory, which can be killed.
struct Recorder {
    demuxer: Demuxer,
    segmenter: Segmenter,
    init: Option<Arc<Init>>,
    open: Option<(Muxer, Vec<u8>)>,
    finished: Vec<Vec<u8>>,
    checkpoint: Checkpoint,
}

impl Recorder {
    fn new() -> Self {
        Self {
            demuxer: Demuxer::new(),
            segmenter: Segmenter::new(SEGMENT_NS),
            init: None,
            open: None,
            finished: Vec::new(),
            checkpoint: Checkpoint::default(),
        }
    }

    fn push(&mut self, bytes: Bytes) {
        self.demuxer.push(bytes);
        while let Some(event) = self.demuxer.poll().unwrap() {
            if let Event::Init(init) = &event {
                self.init = Some(Arc::clone(init));
            }
            if let Some(resume) = self.demuxer.resume_point() {
                self.segmenter.place(resume);
            }
            self.segmenter.push(event);
            self.apply();
        }
        if let Some(resume) = self.demuxer.resume_point() {
            self.segmenter.place(resume);
        }
        self.commit();
    }

    fn apply(&mut self) {
        while let Some(action) = self.segmenter.poll() {
            match action {
                Action::Open { spec, .. } => {
                    self.open = Some((Muxer::new(*spec, SEGMENT_NS).unwrap(), Vec::new()));
                }
                Action::Write { sample, .. } => self.open.as_mut().unwrap().0.push(sample),
                Action::Close { end_ns, .. } => {
                    self.commit();
                    let (muxer, bytes) = self.open.take().unwrap();
                    self.finished.push(finish(muxer, bytes, end_ns));
                }
            }
        }
    }

    fn commit(&mut self) {
        let Some(checkpoint) = self.segmenter.checkpoint() else { return };
        self.checkpoint = checkpoint.clone();
        let record = CommitRecord { session: "session".to_owned(), generation: 0, checkpoint };
        if let Some((muxer, bytes)) = &mut self.open
            && muxer.pending_samples() > 0
        {
            bytes.extend(muxer.commit(Some(&record)).concat());
        }
    }

    fn end(mut self) -> Vec<Vec<u8>> {
        self.segmenter.finish();
        self.apply();
        self.finished
    }

    /// What a new process makes of the files that the old one left.
    fn reopen(mut self, file: &[u8]) -> Self {
        let reopened = reopen(file, self.init.as_ref().unwrap()).unwrap();
        assert!(reopened.is_same);
        let Checkpoint { resume, .. } = &reopened.record.checkpoint;
        let init = self.init.unwrap();
        let demuxer = Demuxer::resume(&init.bytes, resume, &reopened.muxer.spec().tracks).unwrap();
        let spec = reopened.muxer.spec();
        let checkpoint = &reopened.record.checkpoint;
        let segmenter = Segmenter::resume(SEGMENT_NS, spec, reopened.lead_ns, checkpoint);
        if reopened.is_finished {
            self.finished.pop();
        }
        Self {
            demuxer,
            segmenter,
            init: Some(init),
            checkpoint: checkpoint.clone(),
            open: Some((reopened.muxer, reopened.bytes)),
            finished: self.finished,
        }
    }
}

struct Read {
    muxer: Muxer,
    record: CommitRecord,
    lead_ns: Option<(i64, i64)>,
    is_same: bool,
    is_finished: bool,
    media_at: usize,
    bytes: Vec<u8>,
}

fn reopen(file: &[u8], init: &Arc<Init>) -> Option<Read> {
    let mut reopening = Reopening::new(SEGMENT_NS);
    let (mut bytes, mut front_bytes) = (Vec::new(), 0);
    for piece in file.chunks(1000) {
        reopening.push(Bytes::copy_from_slice(piece));
        while let Some(parts) = reopening.next(|origin| {
            assert_eq!((origin.session, origin.generation), ("session", 0));
            Some(Arc::clone(init))
        }) {
            front_bytes = if bytes.is_empty() { parts[0].len() } else { front_bytes };
            bytes.extend(parts.concat());
        }
    }
    let Reopened { muxer, record, lead_ns, len, is_same, is_finished, media_at, .. } =
        reopening.finish()?;
    assert_eq!(len, bytes.len() as u64);
    if is_same {
        // The media is there as it would be written, whatever became of the front.
        let media_bytes = bytes.len() - front_bytes;
        assert!(bytes[front_bytes..] == file[media_at as usize..][..media_bytes]);
    }
    let media_at = media_at as usize;
    Some(Read { muxer, record, lead_ns, is_same, is_finished, media_at, bytes })
}

fn finish(muxer: Muxer, mut bytes: Vec<u8>, end_ns: Option<i64>) -> Vec<u8> {
    for step in muxer.finish(end_ns).0 {
        match step {
            FinishStep::WriteAt { offset, bytes: part } => {
                bytes[offset as usize..][..part.len()].copy_from_slice(&part);
            }
            FinishStep::Sync => {}
            FinishStep::Rewrite { front, keep_from } => {
                bytes = [&front[..], &bytes[keep_from as usize..]].concat();
            }
        }
    }
    bytes
}

/// What the files hold, track by track; times count from each file's first sample.
fn contents(files: &[Vec<u8>]) -> Vec<(usize, usize, i64, Bytes)> {
    let mut all = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let is_mp4 = file[4..8] == *b"ftyp";
        let samples: Vec<Sample> = match is_mp4 {
            // Behind the index stands the file as it grew.
            true => {
                let ftyp = u32::from_be_bytes(*file.first_chunk().unwrap()) as usize;
                let inner = file.windows(4).rposition(|kind| kind == b"mvex").unwrap();
                let moov = file[..inner].windows(4).rposition(|kind| kind == b"moov").unwrap();
                demux(&[&file[..ftyp], &file[moov - 4..]].concat()).unwrap()
            }
            false => demux(file).unwrap(),
        };
        for track in 0..2 {
            let own = samples.iter().filter(|sample| sample.track == track);
            all.extend(own.map(|sample| (index, track, sample.pts, sample.data.clone())));
        }
    }
    all
}

fn uninterrupted(chunks: &[Bytes]) -> Vec<Vec<u8>> {
    let mut recorder = Recorder::new();
    chunks.iter().cloned().for_each(|chunk| recorder.push(chunk));
    recorder.end()
}

/// The device sends again from the last checkpoint on.
fn go_on(mut recorder: Recorder, stream: &[u8]) -> Vec<Vec<u8>> {
    let from = recorder.checkpoint.resume.position as usize;
    for piece in stream[from..].chunks(5003) {
        recorder.push(Bytes::copy_from_slice(piece));
    }
    recorder.end()
}

/// A recorder that is killed after any of the chunks makes the files of one that was not.
pub(crate) fn goes_on(name: &str, chunks: &[Bytes], stream: &[u8]) {
    let whole = contents(&uninterrupted(chunks));
    let mut kills = 0;
    for kill_after in 1..chunks.len() {
        let mut recorder = Recorder::new();
        chunks[..kill_after].iter().cloned().for_each(|chunk| recorder.push(chunk));
        let Some((_, growing)) = recorder.open.take() else { continue };
        if growing.is_empty() {
            continue;
        }
        // The tail of a write that was not synced.
        let torn = [&growing[..], b"\x1f\x43\xb6\x75torn"].concat();
        let files = go_on(recorder.reopen(&torn), stream);
        assert!(contents(&files) == whole, "{name} killed after {kill_after}");
        kills += 1;
    }
    assert!(kills > 0, "{name}: nothing was growing");
}

#[test]
fn a_finished_file_grows_again() {
    for capture in captures::all() {
        let chunks = chunks(&capture);
        let whole = contents(&uninterrupted(&chunks));
        for stop_after in 1..chunks.len() {
            let mut recorder = Recorder::new();
            chunks[..stop_after].iter().cloned().for_each(|chunk| recorder.push(chunk));
            let Some((muxer, growing)) = recorder.open.take() else { continue };
            if growing.is_empty() {
                continue;
            }
            let provisional = finish(muxer, growing, None);
            recorder.finished.push(provisional.clone());
            let files = go_on(recorder.reopen(&provisional), &capture.stream);
            assert!(contents(&files) == whole, "{} stopped after {stop_after}", capture.name);
        }
    }
}

#[test]
fn nothing_behind_a_damaged_commit_is_trusted() {
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut recorder = Recorder::new();
    chunks(&capture)[..3].iter().cloned().for_each(|chunk| recorder.push(chunk));
    let (_, growing) = recorder.open.take().unwrap();
    let init = recorder.init.unwrap();
    let whole = reopen(&growing, &init).unwrap();
    assert_eq!(whole.bytes.len(), growing.len());
    for at in (whole.media_at..growing.len()).step_by(growing.len() / 300) {
        let mut damaged = growing.clone();
        damaged[at] ^= 1;
        let kept = reopen(&damaged, &init).map_or(0, |read| read.bytes.len());
        assert!(kept <= at && growing[..kept] == damaged[..kept], "{at}");
    }
}

/// Somebody has moved the file away: what comes behind it is in a new one from the next sync
/// sample on, and nothing twice.
#[test]
fn a_stream_whose_last_file_is_gone_goes_on_behind_it() {
    for capture in captures::all() {
        let wanted = demux(&capture.stream).unwrap();
        let chunks = chunks(&capture);
        for stop_after in 1..chunks.len() {
            let mut recorder = Recorder::new();
            chunks[..stop_after].iter().cloned().for_each(|chunk| recorder.push(chunk));
            let Some((muxer, growing)) = recorder.open.take() else { continue };
            if growing.is_empty() {
                continue;
            }
            let gone = finish(muxer, growing, None);
            let kept = recorder.finished.len();
            recorder.finished.push(gone);
            let init = recorder.init.clone().unwrap();
            let kinds: Vec<Kind> = init.tracks.iter().map(|track| track.kind).collect();
            let checkpoint = recorder.checkpoint.clone();
            recorder.demuxer =
                Demuxer::resume(&init.bytes, &checkpoint.resume, &init.tracks).unwrap();
            recorder.segmenter = Segmenter::rejoin(SEGMENT_NS, init, &checkpoint);
            let files = go_on(recorder, &capture.stream);
            let name = format!("{} stopped after {stop_after}", capture.name);
            for track in 0..2 {
                let of_track = |(_, own, _, data): &(usize, usize, i64, Bytes)| {
                    (*own == track).then(|| data.clone())
                };
                let before: Vec<_> =
                    contents(&files[..=kept]).iter().filter_map(of_track).collect();
                let after: Vec<_> =
                    contents(&files[kept + 1..]).iter().filter_map(of_track).collect();
                let own: Vec<_> = wanted.iter().filter(|sample| sample.track == track).collect();
                let wanted: Vec<_> = own.iter().map(|sample| sample.data.clone()).collect();
                assert!(wanted.starts_with(&before) && wanted.ends_with(&after), "{name}");
                let missing = before.len()..wanted.len() - after.len();
                // Audio without any video whose parameter sets are known makes no file.
                let is_alone = capture.name.contains("mkv")
                    && files.len() == kept + 1
                    && kinds.get(track) == Some(&Kind::Audio);
                let is_undecodable = own[missing].iter().all(|sample| !sample.sync || is_alone);
                assert!(is_undecodable, "{name}: track {track}");
            }
        }
    }
}

/// A power cut can keep the media of a first commit and tear the front that explains it.
#[test]
fn a_file_whose_front_is_torn_is_damaged_and_not_somebody_elses() {
    for name in ["chromium-webm-vp8-opus", "webkit-mp4-h264-aac"] {
        let capture = captures::named(name);
        let mut recorder = Recorder::new();
        chunks(&capture)[..2].iter().cloned().for_each(|chunk| recorder.push(chunk));
        let (_, mut growing) = recorder.open.take().unwrap();
        // The sector behind the first, in which the tracks are described.
        let kind: &[u8] = if name.contains("mp4") { b"mvhd" } else { &[0x16, 0x54, 0xAE, 0x6B] };
        let at = growing.windows(4).position(|window| window == kind).unwrap();
        growing[at..at + 100].fill(0);
        let mut reopening = Reopening::new(SEGMENT_NS);
        reopening.push(growing.into());
        while reopening.next(|_| recorder.init.clone()).is_some() {}
        let first = reopening.first_commit().clone();
        assert!(matches!(first, FirstCommit::Damaged(_) | FirstCommit::None), "{name}: {first:?}");
        assert!(reopening.finish().is_none());
    }
}

/// What an encoder says once, in an earlier file, stands in the headers of all that follow.
#[test]
fn a_file_that_began_under_another_configuration_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let codec = "-c:v libx264 -bf 0";
    let mut source = picture(folder.path(), "large.mp4", "320x240", codec);
    let small = picture(folder.path(), "small.mp4", "176x144", codec);
    let sets = parameter_sets(&small);
    for again in 0..3 {
        for (n, packet) in small.packets.iter().enumerate() {
            let mut packet = packet.clone();
            let later_ns = (2 + 2 * again) * NANOS_PER_SECOND;
            packet.pts_ns += later_ns;
            packet.dts_ns += later_ns;
            if (again, n) == (0, 0) {
                packet.data = [&sets[..], &packet.data].concat().into();
            }
            source.packets.push(packet);
        }
    }
    let stream = mp4::write(&source, &mp4::Style::chromium()).bytes;
    let chunks: Vec<Bytes> = stream.chunks(5000).map(Bytes::copy_from_slice).collect();
    let whole = uninterrupted(&chunks);
    assert_eq!(whole.len(), 3);
    let mut recorder = Recorder::new();
    chunks.iter().cloned().for_each(|chunk| recorder.push(chunk));
    let (muxer, growing) = recorder.open.take().unwrap();
    let spec = muxer.spec().clone();
    assert_eq!((recorder.finished.len(), spec.tracks[0].width), (2, 176));
    let recorder = recorder.reopen(&growing);
    let again = &recorder.open.as_ref().unwrap().0.spec().tracks[0];
    assert_eq!((again.width, again.height), (176, 144));
    assert_eq!(configuration(again, b"avcC"), configuration(&spec.tracks[0], b"avcC"));
    assert!(recorder.end() == whole);
}
