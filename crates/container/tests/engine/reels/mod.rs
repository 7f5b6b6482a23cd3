//! Finished files joined to one, as a server does with files on a disk.

mod cuts;
mod damaged;
mod fragments;
mod frames;
mod index;
mod joins;
mod older;
mod uneven;

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use container::reel::{Head, HeadReader, HeadStep, Part, PatchStep, Patcher, Piece, Reel};
use container::{Container, Error, Kind, NANOS_PER_SECOND};

use crate::captures;
use crate::matrix::movie;
use crate::matrix::recording::{File, Read, read, record};
use crate::writers::tools;

/// What the front of a file says, and how many bytes were read for it.
fn head(file: &[u8]) -> (Result<Head, Error>, usize) {
    let mut reader = HeadReader::new(file.len() as u64);
    let (mut asked, mut reads) = (0, 0);
    loop {
        match reader.poll() {
            Ok(HeadStep::Need { offset, bytes }) => {
                asked += bytes;
                reads += 1;
                assert!(reads < 200, "it comes to no end");
                reader.give(Bytes::copy_from_slice(&file[offset as usize..][..bytes]));
            }
            Ok(HeadStep::Done(head)) => return (Ok(head), asked),
            Err(error) => return (Err(error), asked),
        }
    }
}

/// A run of files with one configuration, the first of them at zero.
struct Run {
    files: Vec<File>,
    parts: Vec<Part>,
}

impl Run {
    fn is_mp4(&self) -> bool {
        self.parts[0].head.container() == Container::Mp4
    }

    fn bytes(&self, reel: &Reel, range: Range<u64>) -> Vec<u8> {
        let files: Vec<&[u8]> = self.files.iter().map(|file| &*file.finished).collect();
        bytes(reel, &files, range).unwrap()
    }

    /// The samples of a file with the times that they have from its zero on.
    fn expected(&self, file: usize, loses_delay: bool) -> Vec<Read> {
        let own = &self.files[file];
        // An MP4's index names only the tracks of which there is something.
        let mut present: Vec<usize> = own.samples.iter().map(|sample| sample.track).collect();
        present.sort_unstable();
        present.dedup();
        let read = own.samples.iter().map(|sample| {
            let track = &own.spec.tracks[sample.track];
            let mut pts_ns = track.to_nanos(sample.pts) - own.spec.origin_ns;
            if !self.is_mp4() && track.kind == Kind::Audio {
                let delay_ns = if own.spec.keeps_delay { track.to_nanos(track.delay) } else { 0 };
                pts_ns = (pts_ns + delay_ns).max(0) - if loses_delay { 0 } else { delay_ns };
            }
            let index = match self.is_mp4() {
                true => present.iter().position(|&track| track == sample.track).unwrap(),
                false => sample.track,
            };
            let (sync, data) = (sample.sync, sample.data.clone());
            Read { track: index, kind: track.kind, pts_ns, sync, data }
        });
        read.collect()
    }

    /// How far a time may be off: in MP4 what a zero and an edit list are rounded by.
    fn tolerance_ns(&self) -> i64 {
        match self.is_mp4() {
            true => 2 * self.files[0].tick_ns(0).max(21_000),
            false => 1_000_000,
        }
    }
}

/// What a reel holds.
fn samples(whole: &[u8], is_mp4: bool) -> Vec<Read> {
    if is_mp4 { movie::read(whole) } else { read(whole) }
}

/// Reads a range of a reel as an answer to a request does.
fn bytes(reel: &Reel, files: &[&[u8]], range: Range<u64>) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    for piece in reel.pieces_of(range) {
        match piece {
            Piece::Bytes(bytes) => out.extend_from_slice(&bytes),
            Piece::File { part, range, patch } => {
                let mut patcher = Patcher::new(range.clone(), &patch);
                loop {
                    match patcher.poll()? {
                        PatchStep::Need { offset, bytes } => {
                            assert!(bytes <= 64 << 10, "{bytes} at once");
                            let file = &files[part][offset as usize..];
                            patcher.give(Bytes::copy_from_slice(&file[..bytes.min(file.len())]));
                        }
                        PatchStep::Bytes(bytes) => out.extend_from_slice(&bytes),
                        PatchStep::Done => break,
                    }
                }
            }
        }
    }
    Ok(out)
}

/// A stream in files of a second, by runs that can be joined.
fn runs(stream: &[u8]) -> Vec<Run> {
    runs_of(stream, NANOS_PER_SECOND)
}

/// In files of this length.
fn runs_of(stream: &[u8], segment_ns: i64) -> Vec<Run> {
    let chunks: Vec<Bytes> = stream.chunks(9000).map(Bytes::copy_from_slice).collect();
    let mut runs: Vec<Run> = Vec::new();
    for file in record(&chunks, segment_ns).unwrap().files {
        let own = Arc::new(head(&file.finished).0.unwrap());
        // What the stream ends with is written without a record.
        let has_record = file.finished.windows(4).any(|four| four == b"LCcr");
        let zero = own.zero().map(|zero| (zero.at_ns, zero.generation));
        assert_eq!(zero, has_record.then_some((file.spec.origin_ns, 0)));
        let last = runs.last_mut().filter(|run| {
            run.files[0].group == file.group
                && run.parts[0].head.configuration() == own.configuration()
        });
        match last {
            Some(run) => {
                let before = run.files.last().unwrap();
                let follows = Some(file.spec.origin_ns - before.spec.origin_ns);
                run.parts.push(Part { head: own, follows });
                run.files.push(file);
            }
            None => {
                runs.push(Run {
                    files: vec![file],
                    parts: vec![Part { head: own, follows: None }],
                });
            }
        }
    }
    runs
}

/// Streams whose sound has something in front, in both containers, of browsers and of ffmpeg, with
/// pictures that are shown in another order than decoded.
fn streams(folder: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let mut streams: Vec<(String, Vec<u8>)> =
        captures::all().into_iter().map(|capture| (capture.name, capture.stream)).collect();
    for (name, arguments) in [
        ("opus.mkv", "-c:v libx264 -bf 2 -c:a libopus -f matroska"),
        ("aac.mkv", "-c:v libx264 -bf 2 -c:a aac -f matroska"),
        ("aac.mp4", "-c:v libx264 -bf 2 -c:a aac -movflags frag_keyframe+delay_moov -f mp4"),
        ("opus.mp4", "-c:v libx264 -bf 0 -c:a libopus -movflags frag_keyframe+delay_moov -f mp4"),
        ("vp9.webm", "-c:v libvpx-vp9 -deadline realtime -c:a libopus -f webm -live 1"),
    ] {
        streams.push((name.to_owned(), tools::ffmpeg(folder, name, arguments).bytes));
    }
    streams
}

/// Asserts that the samples of each track are those, at those times.
fn assert_same(found: &[Read], wanted: &[Read], tolerance_ns: i64, name: &str) {
    let tracks = wanted.iter().map(|read| read.track).max().map_or(0, |last| last + 1);
    for track in 0..tracks {
        let of = |list: &[Read]| -> Vec<Read> {
            list.iter().filter(|read| read.track == track).cloned().collect()
        };
        let (found, wanted) = (of(found), of(wanted));
        assert_eq!(found.len(), wanted.len(), "{name}: samples of track {track}");
        for (n, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
            assert!(found.data == wanted.data, "{name}: bytes of sample {n} of track {track}");
            assert_eq!(found.sync, wanted.sync, "{name}: sync of sample {n} of track {track}");
            let off_ns = found.pts_ns - wanted.pts_ns;
            assert!(
                off_ns.abs() <= tolerance_ns,
                "{name}: sample {n} of track {track} is {off_ns} ns off"
            );
        }
    }
}
