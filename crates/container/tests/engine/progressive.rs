//! MP4 with an index, read by seeking.

use bytes::Bytes;
use container::{
    Damage, Error, ErrorKind, Event, Kind, MovieDemuxer, MovieStep, Notes, Sample, Track,
};

use crate::captures;
use crate::support::{chunks, split, stream};
use crate::writers::tools;

/// What a movie gave.
#[derive(Debug, Default)]
pub(crate) struct Movie {
    pub(crate) tracks: Vec<Track>,
    configs: usize,
    pub(crate) samples: Vec<Sample>,
    damage: Vec<Damage>,
    notes: Notes,
    /// The ranges of the file that were asked for.
    asked: Vec<(u64, usize)>,
    end: u64,
    is_fragmented: bool,
}

pub(crate) fn read(file: &Bytes) -> Result<Movie, Error> {
    let mut demuxer = MovieDemuxer::new(file.len() as u64);
    let mut movie = Movie::default();
    loop {
        let step = demuxer.poll()?;
        movie.damage.extend(std::iter::from_fn(|| demuxer.damage()));
        match step {
            MovieStep::Need { offset, bytes } => {
                movie.asked.push((offset, bytes));
                demuxer.give(file.slice(offset as usize..offset as usize + bytes));
            }
            MovieStep::Event(Event::Init(init)) => movie.tracks.clone_from(&init.tracks),
            MovieStep::Event(Event::Config { .. }) => movie.configs += 1,
            MovieStep::Event(Event::Sample(sample)) => movie.samples.push(sample),
            MovieStep::Fragmented => {
                movie.is_fragmented = true;
                return Ok(movie);
            }
            MovieStep::End { offset } => {
                movie.end = offset;
                movie.notes = demuxer.notes();
                return Ok(movie);
            }
        }
    }
}

fn of(samples: &[Sample], track: usize) -> Vec<&Sample> {
    samples.iter().filter(|sample| sample.track == track).collect()
}

/// Finished files, with what is in them: a commit for each chunk, or one for all.
fn finished() -> Vec<(String, Bytes, Vec<Sample>)> {
    let mut files = Vec::new();
    for capture in captures::all() {
        for chunks in [chunks(&capture), vec![stream(&capture)]] {
            let made = split(&chunks, 1.5).unwrap();
            for (file, samples) in made.files.into_iter().zip(made.samples) {
                if file.extension == "mp4" {
                    files.push((capture.name.clone(), Bytes::from(file.bytes), samples));
                }
            }
        }
    }
    assert!(files.len() > 20);
    files
}

#[test]
fn finished_files_hold_what_was_written() {
    for (name, file, written) in finished() {
        let movie = read(&file).unwrap();
        assert_eq!(movie.samples.len(), written.len(), "{name}");
        assert_eq!(movie.damage, [], "{name}");
        assert_eq!(movie.notes, Notes::default(), "{name}");
        assert_eq!(movie.end, file.len() as u64);
        for (index, track) in movie.tracks.iter().enumerate() {
            let (found, expected) = (of(&movie.samples, index), of(&written, index));
            assert_eq!(found.len(), expected.len(), "{name}");
            let shift = found[0].pts - expected[0].pts;
            for (found, expected) in found.iter().zip(expected) {
                assert_eq!(found.data, expected.data, "{name}");
                assert_eq!(found.sync, expected.sync || track.kind == Kind::Audio, "{name}");
                // What came from Matroska has another clock in the file.
                if name != "chromium-mkv-h264-opus" {
                    assert_eq!(found.pts - expected.pts, shift, "{name}");
                }
            }
        }
    }
}

#[test]
fn sound_and_picture_come_by_their_times_however_they_lie() {
    for (name, file, _) in finished() {
        let movie = read(&file).unwrap();
        let mut last_ns = i64::MIN;
        for sample in &movie.samples {
            let at_ns = movie.tracks[sample.track].to_nanos(sample.dts);
            assert!(at_ns >= last_ns, "{name}");
            last_ns = at_ns;
        }
    }
}

#[test]
fn no_byte_of_a_large_file_is_asked_for_twice() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "-f lavfi -i testsrc2=s=640x360:r=30,noise=alls=40:allf=t \
                     -f lavfi -i sine=r=48000 -t 8 -c:v libx264 -preset ultrafast -qp 18 -bf 2 -g 30 \
                     -c:a aac -f mp4";
    let file = Bytes::from(captures::made(folder.path(), "large.mp4", arguments).stream);
    assert!(file.len() > 8 << 20, "{}", file.len());
    let movie = read(&file).unwrap();
    let mut media = movie.asked.clone();
    media.retain(|&(_, bytes)| bytes > 100_000);
    let asked: usize = media.iter().map(|&(_, bytes)| bytes).sum();
    assert!(asked <= file.len(), "{asked} of {}", file.len());
    assert!(media.is_sorted());
}

#[test]
fn a_torn_file_gives_what_is_in_it() {
    let (_, file, written) =
        finished().into_iter().find(|(_, file, _)| file.len() > 60_000).unwrap();
    let media_at = file.windows(4).position(|four| four == b"mdat").unwrap();
    for len in (0..file.len()).step_by(977).chain([media_at + 100]) {
        let torn = file.slice(..len);
        match read(&torn) {
            Ok(movie) if movie.is_fragmented => panic!("{len}"),
            Ok(movie) => {
                assert!(
                    movie
                        .samples
                        .iter()
                        .all(|sample| written.iter().any(|w| w.data == sample.data))
                );
                assert!(movie.samples.len() < written.len());
                let [damage] = &movie.damage[..] else { panic!("{len}: {:?}", movie.damage) };
                assert_eq!(
                    (damage.error.kind, damage.error.offset),
                    (ErrorKind::Truncated, len as u64)
                );
                let missing: usize = written.iter().map(|sample| sample.data.len()).sum();
                let found: usize = movie.samples.iter().map(|sample| sample.data.len()).sum();
                assert_eq!(damage.bytes, (missing - found) as u64);
            }
            Err(error) => {
                assert!(len < media_at, "{len}: {error}");
                assert!(
                    matches!(error.kind, ErrorKind::Truncated | ErrorKind::NoHeader),
                    "{error}"
                );
            }
        }
    }
}

#[test]
fn media_without_an_index_is_named_so() {
    let mut file = Vec::from(*b"\0\0\0\x14ftypisom\0\0\x02\0isom");
    for size in [0u32, 5000, u32::MAX] {
        let mut file = file.clone();
        file.extend(size.to_be_bytes());
        file.extend_from_slice(b"mdat");
        file.resize(5000, 7);
        let error = read(&file.into()).unwrap_err();
        assert_eq!((error.kind, error.offset), (ErrorKind::NoIndex, 20));
    }
    file.extend_from_slice(b"\0\0\0\x08free");
    assert_eq!(read(&file.into()).unwrap_err().kind, ErrorKind::NoHeader);
}

#[test]
fn streams_of_fragments_are_told_apart() {
    for capture in captures::all() {
        if capture.mime.contains("mp4") {
            assert!(read(&stream(&capture)).unwrap().is_fragmented, "{}", capture.name);
        }
    }
}

#[test]
fn one_movie_behind_another_is_not_run_into() {
    let files = finished();
    let (first, second) = (&files[0].1, &files[1].1);
    let both = Bytes::from([&first[..], &second[..]].concat());
    let movie = read(&both).unwrap();
    assert_eq!(movie.end, first.len() as u64);
    assert_eq!(movie.samples.len(), files[0].2.len());
}

#[test]
fn hostile_tables_cost_no_more_than_the_file() {
    let (_, file, _) = finished().into_iter().find(|(_, file, _)| file.len() > 60_000).unwrap();
    let index_at = file.windows(4).position(|four| four == b"moov").unwrap();
    let index_end = file.windows(4).position(|four| four == b"mdat").unwrap();
    let mut read_on = 0;
    for at in index_at..index_end {
        for value in [0, 0x7F, 0xFF] {
            let mut bent = file.to_vec();
            bent[at] = value;
            if let Ok(movie) = read(&bent.into()) {
                let handed: usize = movie.samples.iter().map(|sample| sample.data.len()).sum();
                assert!(handed <= file.len(), "{at}");
                read_on += 1;
            }
        }
    }
    assert!(read_on > 1000);
}

fn position(bytes: &[u8], kind: &[u8; 4]) -> usize {
    bytes.windows(4).position(|four| four == kind).unwrap()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(*bytes[at..].first_chunk().unwrap())
}

/// Clips that were put together have more sample entries than are kept; pictures under one of them
/// would decode to nonsense under another.
#[test]
fn samples_under_an_entry_that_is_not_known_are_left_out() {
    let (_, file, _) = finished().into_iter().find(|(_, file, _)| file.len() > 60_000).unwrap();
    let whole = read(&file).unwrap();
    let stsc = position(&file, b"stsc");
    let last = stsc + 12 + 12 * (word(&file, stsc + 8) as usize - 1);
    for (description, is_known) in [(0u32, true), (1, true), (2, false), (17, false)] {
        let mut bent = file.to_vec();
        bent[last + 8..last + 12].copy_from_slice(&description.to_be_bytes());
        let movie = read(&bent.into()).unwrap();
        if is_known {
            // Nothing where writers leave it out.
            assert_eq!((movie.samples.len(), movie.damage), (whole.samples.len(), vec![]));
            continue;
        }
        assert!(movie.samples.len() < whole.samples.len(), "{description}");
        let kinds: Vec<_> =
            movie.damage.iter().map(|damage| (damage.error.kind, damage.error.element)).collect();
        assert!(
            kinds.iter().all(|kind| *kind == (ErrorKind::UnsupportedCodec, "stsd")),
            "{kinds:?}"
        );
        let bytes = |samples: &[Sample]| samples.iter().map(|s| s.data.len() as u64).sum::<u64>();
        let lost: u64 = movie.damage.iter().map(|damage| damage.bytes).sum();
        assert_eq!(lost, bytes(&whole.samples) - bytes(&movie.samples));
        for track in 0..whole.tracks.len() {
            assert!(of(&whole.samples, track).starts_with(&of(&movie.samples, track)));
        }
    }
}

/// QuickTime ends lists with 32 bits of zeros.
#[test]
fn zeros_at_the_end_of_a_box_are_nothing() {
    let (_, file, written) =
        finished().into_iter().find(|(_, file, _)| file.len() > 60_000).unwrap();
    let index_at = position(&file, b"moov") - 4;
    let index = &file[index_at..][..word(&file, index_at) as usize];
    let path = [b"moov", b"trak", b"mdia", b"minf", b"stbl"];
    for depth in 1..=path.len() {
        let mut moov = index.to_vec();
        let boxes: Vec<usize> =
            path[..depth].iter().map(|kind| position(index, kind) - 4).collect();
        let innermost = boxes[depth - 1];
        let end = innermost + word(index, innermost) as usize;
        moov.splice(end..end, [0; 4]);
        for at in boxes {
            let size = word(index, at) + 4;
            moov[at..at + 4].copy_from_slice(&size.to_be_bytes());
        }
        // Behind the media, whose places stay what they are.
        let mut bent = file.to_vec();
        bent[index_at + 4..index_at + 8].copy_from_slice(b"free");
        bent.extend(moov);
        let movie = read(&bent.into()).unwrap();
        assert_eq!((movie.samples.len(), &movie.damage[..]), (written.len(), &[][..]), "{depth}");
    }
}

/// Fragments that tell no time go on where the index ends.
#[test]
fn fragments_without_a_time_follow_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "-c:v libx264 -c:a aac -movflags frag_keyframe -f mp4";
    let mut file = tools::ffmpeg(folder.path(), "hybrid.mp4", arguments).bytes;
    let times = |file: &[u8]| {
        let movie = read(&Bytes::copy_from_slice(file)).unwrap();
        assert_eq!(movie.damage, []);
        movie.samples.iter().map(|s| (s.track, s.dts, s.pts)).collect::<Vec<_>>()
    };
    let told = times(&file);
    let places: Vec<usize> =
        (0..file.len() - 4).filter(|&at| file[at..].starts_with(b"tfdt")).collect();
    assert!(places.len() > 2);
    places.into_iter().for_each(|at| file[at..at + 4].copy_from_slice(b"free"));
    assert_eq!(times(&file), told);
}

#[test]
fn samples_that_go_round_a_file_do_not_cost_a_block_each() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "-f lavfi -i color=s=64x48:r=30 -f lavfi -i sine=r=48000 -t 60 -c:v libx264 \
                     -preset ultrafast -g 30 -c:a aac -movflags +faststart -f mp4";
    let mut file = captures::made(folder.path(), "round.mp4", arguments).stream;
    let (mut from, mut chunks) = (0, 0u32);
    while let Some(at) = file[from..].windows(4).position(|four| four == b"stco") {
        from += at + 4;
        let count = u32::from_be_bytes(file[from + 4..from + 8].try_into().unwrap()) as usize;
        for entry in file[from + 8..from + 8 + 4 * count].chunks_mut(4) {
            // More places than blocks are kept.
            entry.copy_from_slice(&((1 + chunks % 40) << 20).to_be_bytes());
            chunks += 1;
        }
    }
    assert!(chunks > 1000, "{chunks}");
    file.resize(48 << 20, 7);
    let file = Bytes::from(file);
    let movie = read(&file).unwrap();
    let asked: usize = movie.asked.iter().map(|&(_, bytes)| bytes).sum();
    assert!(asked < 17 * file.len(), "{asked}");
    assert!(movie.damage.iter().any(|damage| damage.error.element == "stco"), "{:?}", movie.damage);
}
