//! What Matroska says of how a picture is shown and of what is spoken, in the MP4 that becomes of
//! it; ffprobe is the judge.

use std::path::Path;
use std::process::Command;

use bytes::Bytes;
use container::{Demuxer, Event, NANOS_PER_SECOND};
use serde_json::Value;

use crate::captures;
use crate::matrix::recording::{File, record};
use crate::reopening;
use crate::support::chunks;
use crate::writers::tools;

/// With room in front of the media for a longer header.
const H264: &str = "-c:v libx264 -c:a aac -reserve_index_space 8192 -f matroska";
const HEVC: &str =
    "-c:v libx265 -x265-params log-level=error -c:a libopus -reserve_index_space 8192 -f matroska";

/// The first file of what ffmpeg makes, whose header says this beside.
fn first_file(folder: &Path, codecs: &str, edits: &[&str]) -> File {
    tools::ffmpeg(folder, "in.mkv", codecs);
    let path = folder.join("in.mkv");
    if !edits.is_empty() {
        let mut edit = Command::new("mkvpropedit");
        edit.args(["--disable-language-ietf", "--quiet"]).arg(&path);
        let done = edit.args(edits).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    }
    let stream = std::fs::read(path).unwrap();
    record(&[stream.into()], 2 * NANOS_PER_SECOND).unwrap().files.swap_remove(0)
}

/// The streams of a file, picture and sound.
fn probe(folder: &Path, file: &[u8]) -> [Value; 2] {
    let path = folder.join("out.mp4");
    std::fs::write(&path, file).unwrap();
    let mut ffprobe = Command::new("ffprobe");
    ffprobe.args(["-v", "error", "-of", "json", "-show_streams"]).arg(path);
    let mut found: Value = serde_json::from_slice(&ffprobe.output().unwrap().stdout).unwrap();
    let mut of = |kind: &str| {
        let streams = found["streams"].as_array_mut().unwrap();
        streams.iter_mut().find(|stream| stream["codec_type"] == kind).unwrap().take()
    };
    [of("video"), of("audio")]
}

#[test]
fn the_shape_of_a_pixel_is_that_of_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    for (codecs, set, expected) in [
        (H264, "--set display-unit=3 --set display-width=16 --set display-height=9", "4:3"),
        (HEVC, "--set display-width=640 --set display-height=240", "2:1"),
        (H264, "--set display-width=320 --set display-height=480", "1:2"),
        // Numbers that no player takes, and a stretch that nobody means.
        (H264, "--set display-width=4294967294 --set display-height=4294967293", "3:4"),
        (H264, "--set display-width=1 --set display-height=480000", "1:1"),
        // Without a unit they say nothing.
        (H264, "--set display-unit=4 --set display-width=16 --set display-height=9", "1:1"),
    ] {
        let edits: Vec<&str> = ["--edit", "track:v1"].into_iter().chain(set.split(' ')).collect();
        let file = first_file(folder.path(), codecs, &edits);
        for bytes in [&file.growing, &file.finished] {
            let [picture, _] = probe(folder.path(), bytes);
            assert_eq!(picture["sample_aspect_ratio"], expected, "{set}");
            assert_eq!((&picture["width"], &picture["height"]), (&320.into(), &240.into()));
        }
    }
}

/// The pictures are of another size than the header says, of which alone it says how it is shown:
/// while the file grows, and when it is read again after a crash.
#[test]
fn the_shape_of_another_size_is_not_taken_up_again() {
    let mut capture = captures::named("chromium-mkv-h264-opus");
    let chunks = chunks(&capture);
    // PixelWidth and PixelHeight are the end of Tracks, and those to show stand behind them.
    let size = b"\xE0\x87\xB0\x82\x01\x40\xBA\x81\xF0";
    let other = b"\xE0\x90\xB0\x82\x02\x80\xBA\x81\xF0\x54\xB0\x82\x02\x80\x54\xBA\x81\xF0";
    let at = capture.stream.windows(size.len()).position(|it| it == size).unwrap();
    let added = (other.len() - size.len()) as u8;
    capture.stream.splice(at..at + size.len(), *other);
    let tracks = capture.stream.windows(4).position(|it| it == b"\x16\x54\xAE\x6B").unwrap();
    let entry = capture.stream[..at].windows(2).rposition(|it| it == b"\xAE\xAA").unwrap();
    capture.stream[tracks + 4] += added;
    capture.stream[entry + 1] += added;
    let header = chunks[0].len() + usize::from(added);
    let mut cuts = vec![0, header];
    cuts.extend(chunks[1..].iter().scan(header, |at, chunk| {
        *at += chunk.len();
        Some(*at)
    }));
    let stream = Bytes::from(capture.stream);
    let chunks: Vec<Bytes> = cuts.windows(2).map(|cut| stream.slice(cut[0]..cut[1])).collect();
    let mut demuxer = Demuxer::new();
    demuxer.push(stream.clone());
    let Some(Event::Init(init)) = demuxer.poll().unwrap() else { panic!("no header") };
    assert_eq!(init.tracks.iter().map(|track| track.width).max(), Some(640));
    let file = record(&chunks, 2 * NANOS_PER_SECOND).unwrap().files.swap_remove(0);
    assert!(!file.finished.windows(4).any(|it| it == b"pasp"));
    reopening::goes_on("another size", &chunks, &stream);
}

#[test]
fn a_turned_picture_stays_turned() {
    let folder = tempfile::tempdir().unwrap();
    for (degrees, expected) in [(90, 90), (-90, -90), (180, -180)] {
        let roll = format!("projection-pose-roll={degrees}");
        let edits = ["--edit", "track:v1", "--set", "projection-type=0", "--set", &roll];
        let file = first_file(folder.path(), H264, &edits);
        for bytes in [&file.growing, &file.finished] {
            let [picture, _] = probe(folder.path(), bytes);
            assert_eq!(picture["side_data_list"][0]["rotation"], expected, "{picture}");
        }
    }
    // Of any angle, and mirrored: as ffprobe reads the stream itself, but for where it lies.
    for set in ["projection-pose-yaw=180", "projection-pose-yaw=-180 projection-pose-roll=30"] {
        let mut edits = vec!["--edit", "track:v1", "--set", "projection-type=0"];
        set.split(' ').for_each(|set| edits.extend(["--set", set]));
        let file = first_file(folder.path(), H264, &edits);
        let stream = std::fs::read(folder.path().join("in.mkv")).unwrap();
        let [told, written] = [&stream, &file.finished].map(|file| {
            let [picture, _] = probe(folder.path(), file);
            let matrix = picture["side_data_list"][0]["displaymatrix"].as_str().unwrap().to_owned();
            let numbers = matrix.split_whitespace().filter_map(|word| word.parse().ok());
            numbers.collect::<Vec<i64>>()
        });
        let is_near = |at: &usize| (told[*at] - written[*at]).abs() <= 1;
        assert!([0, 1, 3, 4].iter().all(is_near), "{set}: {told:?} {written:?}");
    }
    // Looking up turns no flat picture.
    let up = ["--edit", "track:v1", "--set", "projection-pose-pitch=90"];
    let [picture, _] = probe(folder.path(), &first_file(folder.path(), H264, &up).finished);
    assert_eq!(picture["side_data_list"], Value::Null);
}

#[test]
fn languages_are_those_of_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    for (picture, sound, expected) in [
        ("language=fre", "language=ger", ["fra", "deu"]),
        ("language=und", "language=zxx", ["und", "zxx"]),
        // The one of BCP 47 counts, and says more.
        ("language-ietf=fr-CA", "language-ietf=yue", ["fra", "yue"]),
    ] {
        let edits = ["--edit", "track:v1", "--set", picture, "--edit", "track:a1", "--set", sound];
        let file = first_file(folder.path(), H264, &edits);
        for bytes in [&file.growing, &file.finished] {
            let found =
                probe(folder.path(), bytes).map(|stream| stream["tags"]["language"].clone());
            assert_eq!(found, expected, "{picture} {sound}");
            let says_more = bytes.windows(14).any(|it| it == b"elng\0\0\0\0fr-CA\0");
            assert_eq!(says_more, picture.ends_with("fr-CA"));
        }
    }
}

#[test]
fn colours_mean_what_they_meant() {
    let folder = tempfile::tempdir().unwrap();
    let colour = |words: [u32; 4]| {
        let names = ["primaries", "transfer-characteristics", "matrix-coefficients", "range"];
        let set = names.iter().zip(words).map(|(name, word)| format!("color-{name}={word}"));
        set.flat_map(|set| ["--set".to_owned(), set]).collect::<Vec<_>>()
    };
    for (codecs, words, expected) in [
        (H264, [9, 16, 9, 2], ["bt2020", "smpte2084", "bt2020nc", "pc"]),
        (H264, [1, 1, 1, 1], ["bt709", "bt709", "bt709", "tv"]),
    ] {
        let set = colour(words);
        let edits = ["--edit", "track:v1"].into_iter().chain(set.iter().map(String::as_str));
        let file = first_file(folder.path(), codecs, &edits.collect::<Vec<_>>());
        for bytes in [&file.growing, &file.finished] {
            let [picture, _] = probe(folder.path(), bytes);
            let of = ["color_primaries", "color_transfer", "color_space", "color_range"];
            assert_eq!(of.map(|name| picture[name].clone()), expected);
        }
    }
    // Of H.265 ffprobe asks the stream alone.
    let set = colour([1, 6, 5, 1]);
    let edits = ["--edit", "track:v1"].into_iter().chain(set.iter().map(String::as_str));
    let file = first_file(folder.path(), HEVC, &edits.collect::<Vec<_>>());
    let colr = b"colrnclx\0\x01\0\x06\0\x05\0";
    assert!(file.finished.windows(colr.len()).any(|it| it == colr));
}

/// What lies at the sides is not shown, and how bright and how colourful it was meant is known.
#[test]
fn sides_and_brightness_are_those_of_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let set = "pixel-crop-left=16 pixel-crop-right=32 pixel-crop-bottom=8 display-width=544 \
               display-height=232 max-content-light=1000 max-frame-light=400 max-luminance=1000 \
               min-luminance=0.01 chromaticity-coordinates-red-x=0.68 \
               chromaticity-coordinates-red-y=0.32 chromaticity-coordinates-green-x=0.265 \
               chromaticity-coordinates-green-y=0.69 chromaticity-coordinates-blue-x=0.15 \
               chromaticity-coordinates-blue-y=0.06 white-coordinates-x=0.3127 \
               white-coordinates-y=0.329";
    let mut edits = vec!["--edit", "track:v1"];
    set.split_whitespace().for_each(|set| edits.extend(["--set", set]));
    for codecs in [H264, HEVC] {
        let file = first_file(folder.path(), codecs, &edits);
        let words =
            |words: &[i32]| words.iter().flat_map(|it| it.to_be_bytes()).collect::<Vec<_>>();
        // 272 × 232 of 320 × 240, the middle of which lies 8 pixels to the left and 4 upwards.
        let clap = [&b"clap"[..], &words(&[272, 1, 232, 1, -16, 2, -8, 2])].concat();
        let pasp = [&b"pasp"[..], &words(&[2, 1])].concat();
        let shown = words(&[0x4000_0000, 544 << 16, 232 << 16]);
        for bytes in [&file.growing, &file.finished] {
            for said in [&clap, &pasp, &shown] {
                assert!(bytes.windows(said.len()).any(|it| it == said), "{said:?}");
            }
            let [picture, _] = probe(folder.path(), bytes);
            let data = picture["side_data_list"].as_array().unwrap();
            let light = data.iter().find(|it| it["max_content"] == 1000).unwrap();
            assert_eq!(light["max_average"], 400);
            let mastering = data.iter().find(|it| it["red_x"] != Value::Null).unwrap();
            for (name, value) in [
                ("red_x", "34000/50000"),
                ("red_y", "16000/50000"),
                ("green_x", "13250/50000"),
                ("green_y", "34500/50000"),
                ("blue_x", "7500/50000"),
                ("blue_y", "3000/50000"),
                ("white_point_x", "15635/50000"),
                ("white_point_y", "16450/50000"),
                ("max_luminance", "10000000/10000"),
                ("min_luminance", "100/10000"),
            ] {
                assert_eq!(mastering[name], value, "{name}");
            }
        }
    }
}

/// A box of colours says of each that it takes all of its bits, or that it does not.
#[test]
fn a_range_that_only_the_stream_says_is_that_of_the_stream() {
    let folder = tempfile::tempdir().unwrap();
    let full = H264.replace("-c:v", "-pix_fmt yuvj420p -c:v");
    // Of H.265 it is not read: its box stays away, and ffprobe asks the stream.
    for (codecs, range) in [(H264, Some(0)), (&full, Some(0x80)), (HEVC, None)] {
        let words = ["primaries=1", "transfer-characteristics=6", "matrix-coefficients=5"];
        let set = words.map(|word| format!("color-{word}"));
        let mut edits = vec!["--edit", "track:v1", "--delete", "color-range"];
        set.iter().for_each(|set| edits.extend(["--set", set]));
        let file = first_file(folder.path(), codecs, &edits);
        let colr = b"colrnclx\0\x01\0\x06\0\x05";
        let at = file.finished.windows(colr.len()).position(|it| it == colr);
        assert_eq!(at.map(|at| file.finished[at + colr.len()]), range, "{codecs}");
    }
}

/// mkvmerge leaves English away, which is what a track speaks that names nothing.
#[test]
fn english_is_what_need_not_be_said() {
    let folder = tempfile::tempdir().unwrap();
    tools::ffmpeg(folder.path(), "in.mkv", H264);
    let merged = folder.path().join("merged.mkv");
    let mut merge = Command::new("mkvmerge");
    merge.args(["--quiet", "--disable-language-ietf", "-o"]).arg(&merged);
    merge.args(["--language", "0:eng", "--language", "1:eng"]).arg(folder.path().join("in.mkv"));
    assert!(merge.status().unwrap().success());
    let stream = std::fs::read(merged).unwrap();
    assert!(!stream.windows(7).any(|it| it == b"\x22\xB5\x9C\x83eng"));
    let file = record(&[stream.into()], 2 * NANOS_PER_SECOND).unwrap().files.swap_remove(0);
    let found = probe(folder.path(), &file.finished).map(|it| it["tags"]["language"].clone());
    assert_eq!(found, ["eng", "eng"]);
}

/// What says nothing says nothing afterwards: a recorder that names no language knows none.
#[test]
fn nothing_is_made_up() {
    let folder = tempfile::tempdir().unwrap();
    let edits = ["--edit", "track:v1", "--delete", "display-width", "--delete", "display-height"];
    let edits = [&edits[..], &["--delete", "display-unit", "--delete", "language"]].concat();
    let edits = [&edits[..], &["--edit", "info", "--set", "muxing-application=Chrome"]].concat();
    let file = first_file(folder.path(), H264, &edits);
    for kind in [b"clap", b"pasp", b"colr", b"mdcv", b"clli", b"elng"] {
        assert!(!file.finished.windows(4).any(|four| four == kind));
    }
    let [picture, _] = probe(folder.path(), &file.finished);
    assert_eq!(picture["tags"]["language"], "und");
}

/// More than fits into a sample entry, which says nothing then: the media's clock does.
#[test]
fn sound_of_96_khz_keeps_its_rate_and_its_clock() {
    let folder = tempfile::tempdir().unwrap();
    let codecs = "-c:v libx264 -c:a aac -ar 96000 -f matroska";
    let file = first_file(folder.path(), codecs, &[]);
    for bytes in [&file.growing, &file.finished] {
        let [_, sound] = probe(folder.path(), bytes);
        assert_eq!(
            (&sound["sample_rate"], &sound["time_base"]),
            (&"96000".into(), &"1/96000".into())
        );
    }
    let entry = file.finished.windows(4).position(|four| four == b"mp4a").unwrap() + 4;
    assert_eq!(file.finished[entry + 24..entry + 28], [0; 4]);
    let report = container::inspect(file.finished.into());
    assert_eq!((report.problems.len(), report.tracks[1].sample_rate), (0, 96_000));
}

/// The `moov` of a growing file, which says the same of its tracks as long as it grows.
fn movie_box(growing: &[u8]) -> &[u8] {
    let at = growing.windows(4).position(|it| it == b"moov").unwrap() - 4;
    let len = u32::from_be_bytes(*growing[at..].first_chunk().unwrap()) as usize;
    &growing[at..at + len]
}

/// What came of Matroska comes again as it is, box for box.
#[test]
fn an_mp4_goes_through_as_it_is_shown_and_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let set = "display-width=853 display-height=464 projection-type=0 projection-pose-roll=180 \
               color-primaries=9 color-transfer-characteristics=16 color-matrix-coefficients=9 \
               color-range=1 max-content-light=1000 pixel-crop-top=8 language-ietf=fr-CA";
    let mut edits = vec!["--edit", "track:v1"];
    set.split_whitespace().for_each(|set| edits.extend(["--set", set]));
    let first = first_file(folder.path(), H264, &edits);
    let stream = std::fs::read(folder.path().join("in.mkv")).unwrap();
    for (name, stream) in [("Matroska as shown", &stream), ("MP4 as shown", &first.growing)] {
        let chunks: Vec<Bytes> = stream.chunks(30_011).map(Bytes::copy_from_slice).collect();
        reopening::goes_on(name, &chunks, stream);
    }
    let again = record(&[first.growing.clone().into()], 2 * NANOS_PER_SECOND).unwrap();
    let again = again.files.first().unwrap();
    let [movie, movie_again] = [&first.growing, &again.growing].map(|file| movie_box(file));
    for said in [
        &b"elng\0\0\0\0fr-CA\0"[..],
        b"pasp\0\0\x03\x55\0\0\x02\x80",
        b"colrnclx",
        b"clap",
        b"clli",
    ] {
        assert!(movie.windows(said.len()).any(|it| it == said), "{said:?}");
    }
    assert!(movie == movie_again);
    // 853:464, of 232 lines.
    let shown = [427 * 65_536u32, 232 * 65_536].map(u32::to_be_bytes);
    let shown = [&[0x40, 0, 0, 0][..], &shown.concat()].concat();
    for file in [&again.growing, &again.finished] {
        assert!(file.windows(shown.len()).any(|it| it == shown));
    }
}

/// Where nothing says how large it is shown, the shape of its pixels does.
#[test]
fn a_track_header_without_a_size_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    let edits = "--edit track:v1 --set display-width=640 --set display-height=240";
    let first = first_file(folder.path(), H264, &edits.split(' ').collect::<Vec<_>>());
    let shown = [640 * 65_536u32, 240 * 65_536].map(u32::to_be_bytes).concat();
    let mut file = first.growing.clone();
    let at = file.windows(8).position(|it| it == shown).unwrap();
    file[at..at + 8].fill(0);
    let again = record(&[file.into()], 2 * NANOS_PER_SECOND).unwrap();
    assert!(movie_box(&first.growing) == movie_box(&again.files[0].growing));
}
