//! Files whose sound and pictures do not lie side by side.

use bytes::Bytes;
use container::reel::{Cut, Part, Reel, ReelError};
use container::{Kind, Muxer, NANOS_PER_SECOND, Sample};

use super::older::timestamps;
use super::{Run, assert_same, head, runs, runs_of, samples, streams};
use crate::captures;
use crate::matrix::recording::{File, Read, apply_step};
use crate::writers::{sources, webm};

/// What a commit holds.
const COMMIT_NS: i64 = NANOS_PER_SECOND / 4;

const STREAMS: [&str; 3] =
    ["chromium-webm-vp8-opus", "chromium-mp4-h264-opus", "chromium-mkv-h264-opus"];

/// The file with other samples, each in the commit with this number.
fn rewritten(file: &File, samples: Vec<(i64, Sample)>) -> File {
    let mut muxer = Muxer::new(file.spec.clone(), NANOS_PER_SECOND).unwrap();
    let mut growing = Vec::new();
    let mut commits: Vec<i64> = samples.iter().map(|(commit, _)| *commit).collect();
    commits.sort_unstable();
    commits.dedup();
    let mut written = Vec::new();
    for commit in commits {
        for (_, sample) in samples.iter().filter(|(own, _)| *own == commit) {
            muxer.push(sample.clone());
            written.push(sample.clone());
        }
        growing.extend(muxer.commit(None).concat());
    }
    let mut finished = growing.clone();
    let steps = muxer.finish(None).0;
    steps.iter().for_each(|step| apply_step(&mut finished, step));
    File {
        spec: file.spec.clone(),
        group: file.group,
        growing,
        commits: Vec::new(),
        steps,
        finished,
        samples: written,
        clamped: 0,
    }
}

fn kind(file: &File, sample: &Sample) -> Kind {
    file.spec.tracks[sample.track].kind
}

/// In which commit a sample is where nothing comes late.
fn commit(file: &File, sample: &Sample) -> i64 {
    file.spec.tracks[sample.track].to_nanos(sample.dts).div_euclid(COMMIT_NS)
}

/// The run with other samples in some of its files.
fn with(run: &Run, change: impl Fn(usize, &File, &Sample) -> Option<(i64, Sample)>) -> Run {
    let changed = |(number, file): (usize, &File)| {
        let samples = file.samples.iter().filter_map(|sample| change(number, file, sample));
        rewritten(file, samples.collect())
    };
    let files: Vec<File> = run.files.iter().enumerate().map(changed).collect();
    let heads = files.iter().map(|file| head(&file.finished).0.unwrap());
    let parts = heads.zip(&run.parts);
    let parts = parts.map(|(head, old)| Part { head: head.into(), follows: old.follows });
    Run { parts: parts.collect(), files }
}

/// Sound comes half a second after the picture that it is heard with.
fn late(run: &Run) -> Run {
    with(run, |_, file, sample| {
        let late = if kind(file, sample) == Kind::Audio { 2 } else { 0 };
        Some((commit(file, sample) + late, sample.clone()))
    })
}

fn assert_whole(run: &Run, name: &str) {
    let reel = Reel::new(&run.parts, None).unwrap();
    let whole = run.bytes(&reel, 0..reel.bytes());
    assert_eq!(container::inspect(whole.clone().into()).problems, Vec::<String>::new(), "{name}");
    let delays =
        |part: &Part| -> Vec<i64> { part.head.tracks().iter().map(|track| track.delay).collect() };
    let is_mixed = run.parts.iter().any(|part| delays(part) != delays(&run.parts[0]));
    let mut wanted = Vec::new();
    for (number, &start_ns) in reel.starts_ns().iter().enumerate() {
        for mut read in run.expected(number, is_mixed) {
            read.pts_ns += start_ns;
            wanted.push(read);
        }
    }
    assert_same(&samples(&whole, run.is_mp4()), &wanted, run.tolerance_ns(), name);
}

/// A Cluster's Timestamp cannot be less than zero; its blocks' times can.
#[test]
fn what_is_cut_from_sound_that_came_late_is_in_time() {
    for name in STREAMS {
        // With more key frames than that at the beginning.
        let stream = captures::named(name).stream;
        let run = late(&runs_of(&stream, 3 * NANOS_PER_SECOND).remove(0));
        assert_whole(&run, name);
        let reel = Reel::new(&run.parts, None).unwrap();
        let whole = run.bytes(&reel, 0..reel.bytes());
        let all = samples(&whole, run.is_mp4());
        let slack_ns = run.tolerance_ns();
        let (mut cuts, mut in_front) = (0, 0);
        let keys = all.iter().filter(|read| read.kind == Kind::Video && read.sync);
        for from_ns in keys.map(|read| read.pts_ns + slack_ns) {
            let cut = Cut { from_ns, to_ns: from_ns + 2 * NANOS_PER_SECOND };
            let Ok(reel) = Reel::new(&run.parts, Some(cut)) else { continue };
            let begins_ns = -reel.starts_ns()[0];
            let bytes = run.bytes(&reel, 0..reel.bytes());
            for found in samples(&bytes, run.is_mp4()) {
                let at_ns = found.pts_ns + begins_ns;
                let is_same = |read: &&Read| read.track == found.track && read.data == found.data;
                let off_ns = all.iter().filter(is_same).map(|read| (read.pts_ns - at_ns).abs());
                let off_ns = off_ns.min().unwrap();
                assert!(off_ns <= slack_ns, "{name}, {cut:?}, {found:?}: {off_ns} ns off");
                in_front += usize::from(found.pts_ns < 0);
            }
            // Any bytes of it are the same ones.
            for at in (0..bytes.len()).step_by(997) {
                let some = run.bytes(&reel, at as u64..at as u64 + 61);
                assert!(some == bytes[at..(at + 61).min(bytes.len())], "{name}, {cut:?}, {at}");
            }
            cuts += 1;
        }
        assert!(cuts >= 3 && (run.is_mp4() || in_front > 3), "{name}: {cuts}, {in_front}");
    }
}

/// A file without sound goes on in a WebM, which names its tracks; an MP4 has another set of them.
#[test]
fn a_file_without_sound_is_joined_or_told() {
    for name in STREAMS {
        let run = with(&runs(&captures::named(name).stream).remove(0), |number, file, sample| {
            let is_left = number != 1 || kind(file, sample) == Kind::Video;
            is_left.then(|| (commit(file, sample), sample.clone()))
        });
        assert!(run.parts.len() > 2, "{name}");
        if run.is_mp4() {
            let different = ReelError::Different { part: 1 };
            assert_eq!(Reel::new(&run.parts, None).unwrap_err(), different, "{name}");
        } else {
            assert_whole(&run, name);
        }
    }
}

/// Whether the first file or a later one: what is heard before the first picture stays there.
#[test]
fn sound_before_the_first_picture_is_heard_before_it() {
    const LATE_NS: i64 = 300_000_000;
    for name in STREAMS {
        let run = runs(&captures::named(name).stream).remove(0);
        for changed in [0, 1] {
            let mut run = with(&run, |number, file, sample| {
                let mut sample = sample.clone();
                if number == changed && kind(file, &sample) == Kind::Video {
                    let track = &file.spec.tracks[sample.track];
                    let ticks = LATE_NS * i64::from(track.timescale) / NANOS_PER_SECOND;
                    (sample.pts, sample.dts) = (sample.pts + ticks, sample.dts + ticks);
                }
                Some((commit(file, &sample), sample))
            });
            // Its pictures reach over its end.
            run.parts[changed + 1].follows = None;
            let name = format!("{name}, file {changed}");
            assert_whole(&run, &name);
            let reel = Reel::new(&run.parts, None).unwrap();
            let found = samples(&run.bytes(&reel, 0..reel.bytes()), run.is_mp4());
            let begins_ns = reel.starts_ns()[changed];
            let first = |wanted: Kind| {
                let own = found.iter().filter(|read| read.kind == wanted);
                own.map(|read| read.pts_ns - begins_ns).find(|&ns| ns > -run.tolerance_ns())
            };
            let (sound, picture) = (first(Kind::Audio).unwrap(), first(Kind::Video).unwrap());
            assert!((LATE_NS - 2_000_000..LATE_NS + 50_000_000).contains(&picture), "{name}");
            assert!(sound < 61_000_000, "{name}: {sound}");
        }
    }
}

/// From one file to the next no cluster lies in front of one before.
#[test]
fn time_goes_on_at_every_seam() {
    for name in ["chromium-webm-vp8-opus", "chromium-webm-opus-audio-only", "firefox-webm-vp8-opus"]
    {
        let run = runs(&captures::named(name).stream).remove(0);
        let reel = Reel::new(&run.parts, None).unwrap();
        let whole = run.bytes(&reel, 0..reel.bytes());
        let places = timestamps(&whole);
        let ms =
            places.iter().map(|&at| u32::from_be_bytes(*whole[at + 2..].first_chunk().unwrap()));
        let ms: Vec<u32> = ms.collect();
        assert!(ms.len() > run.files.len() && ms.is_sorted(), "{name}: {ms:?}");
    }
}

/// What an Opus track's description says is hidden in front of it, in samples.
fn pre_skip(mp4: &[u8]) -> u16 {
    let at = mp4.windows(4).position(|bytes| bytes == b"dOps").unwrap();
    u16::from_be_bytes([mp4[at + 6], mp4[at + 7]])
}

/// What an encoder puts in front of its sound is hidden where the whole begins with it. Elsewhere
/// it is heard, has its own time, and is announced nowhere.
#[test]
fn what_stands_in_front_of_the_sound_is_hidden_at_the_beginning_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut seen = (0, 0);
    for (name, stream) in streams(folder.path()) {
        let run = runs(&stream).remove(0);
        if !run.is_mp4() {
            continue;
        }
        let first = &run.parts[0];
        let early_ns = -run.expected(0, false).iter().map(|read| read.pts_ns).min().unwrap();
        let again = |head| Part { head, follows: None };
        let reel =
            Reel::new(&[again(first.head.clone()), again(first.head.clone())], None).unwrap();
        let lead_in_ns = reel.starts_ns()[1] - first.head.duration_ns();
        let off_ns = lead_in_ns - early_ns.max(0);
        assert!(off_ns.abs() <= run.tolerance_ns(), "{name}: {lead_in_ns} of {early_ns}");
        seen.0 += usize::from(early_ns > run.tolerance_ns());
        let file = &run.files[0].finished;
        if !file.windows(4).any(|bytes| bytes == b"dOps") || run.files.len() < 2 {
            continue;
        }
        let front = |reel: &Reel| pre_skip(&run.bytes(reel, 0..reel.bytes().min(60_000)));
        let whole = Reel::new(&run.parts, None).unwrap();
        assert_eq!(front(&whole), pre_skip(file), "{name}");
        let end_ns = whole.duration_ns();
        for from_ns in whole.starts_ns()[1..].iter().map(|start_ns| start_ns + 1_000_000) {
            let cut = Reel::new(&run.parts, Some(Cut { from_ns, to_ns: end_ns })).unwrap();
            assert_eq!(front(&cut), 0, "{name}");
        }
        seen.1 += usize::from(pre_skip(file) > 0);
    }
    assert!(seen.0 > 0 && seen.1 > 0, "{seen:?}");
}

/// Packets that are all as long follow each other exactly, whatever a file's zero is rounded to.
#[test]
fn sound_has_one_pace_through_all_files() {
    let folder = tempfile::tempdir().unwrap();
    for (name, stream) in streams(folder.path()) {
        if !["aac.mp4", "opus.mp4", "webkit-mp4-h264-aac", "chromium-mp4-h264-opus"]
            .contains(&&*name)
        {
            continue;
        }
        // Not in step with the packets, so that no two files are alike.
        let run = runs_of(&stream, 400_000_000).remove(0);
        assert!(run.files.len() > 3, "{name}");
        let files: Vec<&[u8]> = run.files.iter().map(|file| &*file.finished).collect();
        for from in 0..run.parts.len() - 1 {
            let reel = Reel::new(&run.parts[from..], None).unwrap();
            let whole = super::bytes(&reel, &files[from..], 0..reel.bytes()).unwrap();
            let whole = samples(&whole, true);
            let sound: Vec<&Read> = whole.iter().filter(|read| read.kind == Kind::Audio).collect();
            let step_ns = sound[1].pts_ns - sound[0].pts_ns;
            for (n, pair) in sound.windows(2).enumerate() {
                // What is left is the rounding of the test's own nanoseconds.
                let off_ns = pair[1].pts_ns - pair[0].pts_ns - step_ns;
                assert!(off_ns.abs() <= 1, "{name}, {from}: {off_ns} ns off behind packet {n}");
            }
        }
    }
}

/// Where a file reaches into the next, as the sound of another recorder might, all of both is there
/// in time: decode times grow all the same.
#[test]
fn files_that_reach_into_each_other_keep_their_times() {
    for name in STREAMS {
        let mut run = runs(&captures::named(name).stream).remove(0);
        run.parts[1].follows = run.parts[1].follows.map(|ns| ns - 400_000_000);
        assert_whole(&run, name);
    }
}

/// An alpha plane that one of the files has is announced, whichever that is.
#[test]
fn additions_of_any_file_are_announced() {
    let source = sources::capture("chromium-webm-vp8-opus", f64::MAX);
    let style = webm::Style { blocks: webm::Blocks::Additions, ..webm::Style::chromium() };
    let run = runs(&webm::write(&source, &style).bytes).remove(0);
    let announced = |bytes: &[u8]| bytes.windows(4).any(|four| four == [0x53, 0xC0, 0x81, 1]);
    for plain in [0, 1, 2] {
        // One of the files has none, or only one has some.
        let run = with(&run, |number, file, sample| {
            let mut sample = sample.clone();
            if (number == plain) != (plain == 2) {
                sample.block_extra = Bytes::new();
            }
            Some((commit(file, &sample), sample))
        });
        assert_eq!(announced(&run.files[plain].finished), plain == 2);
        let reel = Reel::new(&run.parts, None).unwrap();
        let front = run.bytes(&reel, 0..reel.bytes().min(2000));
        assert!(announced(&front), "{plain}");
    }
}
