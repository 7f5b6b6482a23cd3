//! Movies of which a part cannot be read, and recordings of which a part cannot be written.

use std::path::Path;

use super::movies::{H264, SOURCES, made};
use super::{all_packets, rest};
use crate::support::captures;
use crate::support::files::listing;
use crate::support::small_disk::SmallDisk;
use crate::support::splitter::{Done, packets, shown, split, split_pipe};

/// A movie, and its bytes.
fn movie(here: &Path, name: &str, more: &str) -> Vec<u8> {
    std::fs::read(made(here, name, &format!("{SOURCES} {H264} -c:a aac {more} -f mp4"))).unwrap()
}

fn whole(here: &Path, name: &str, bytes: &[u8]) -> Done {
    rest(here, name, bytes);
    split(here, &[name, "--out", &format!("{name}-out"), "--whole"])
}

/// The offsets of an index count from a beginning that nothing marks any more.
#[test]
fn a_movie_whose_beginning_is_damaged_is_read_from_where_its_index_counts() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for (name, more) in [("front", "-movflags +faststart"), ("behind", "")] {
        let mut bytes = movie(here, &format!("{name}.mp4"), more);
        let given = all_packets(&[here.join(format!("{name}.mp4"))]);
        if name == "front" {
            bytes[4] ^= 1;
        } else {
            bytes[..16].fill(0);
        }
        let done = whole(here, &format!("{name}-bent.mp4"), &bytes);
        assert_eq!((done.code, done.files.len()), (Some(3), 1), "{done:?}");
        assert_eq!(all_packets(&done.files), given, "{done:?}");
        assert!(done.said.contains(": 32 bytes from byte 0 on") || name == "behind", "{done:?}");
        // Where the media is not where it says, nothing is made of other bytes.
        let moved = [&[1; 1000], &bytes[..]].concat();
        let done = whole(here, &format!("{name}-moved.mp4"), &moved);
        assert_eq!((done.code, done.files.len()), (Some(1), 0), "{done:?}");
    }
}

#[test]
fn a_movie_behind_another_is_found_however_long_its_first_box_is() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let bytes = movie(here, "front.mp4", "");
    let given = all_packets(&[here.join("front.mp4")]);
    // As many compatible brands as make the length 0x140.
    let more = 0x140 - 32;
    let mut long = bytes.clone();
    long[2..4].copy_from_slice(&0x140u16.to_be_bytes());
    long.splice(32..32, b"isom".repeat(more / 4));
    let mut from = 0;
    while let Some(at) = long[from..].windows(4).position(|four| four == b"stco") {
        from += at + 4;
        let count = u32::from_be_bytes(long[from + 4..from + 8].try_into().unwrap()) as usize;
        for entry in long[from + 8..from + 8 + 4 * count].chunks_mut(4) {
            let offset = u32::from_be_bytes(entry.try_into().unwrap()) + more as u32;
            entry.copy_from_slice(&offset.to_be_bytes());
        }
    }
    let done = whole(here, "both.mp4", &[&bytes[..], &long].concat());
    assert_eq!((done.code, done.files.len()), (Some(0), 2), "{done:?}");
    for file in &done.files {
        assert_eq!(all_packets(&[file]), given);
    }
}

#[test]
fn a_movie_behind_one_that_goes_on_in_fragments_is_read_by_its_index() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let hybrid = movie(here, "hybrid.mp4", "-movflags frag_keyframe");
    let good = movie(here, "good.mp4", "");
    let done = whole(here, "both.mp4", &[hybrid, good].concat());
    assert_eq!((done.code, done.files.len()), (Some(0), 2), "{done:?}");
    assert_eq!(all_packets(&done.files[..1]), all_packets(&[here.join("hybrid.mp4")]));
    assert_eq!(all_packets(&done.files[1..]), all_packets(&[here.join("good.mp4")]));
}

#[test]
fn a_movie_without_its_index_does_not_spoil_what_stands_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let good = movie(here, "good.mp4", "");
    let webm = captures::named("chromium-webm-vp8-opus");
    let index_at = good.windows(4).rposition(|four| four == b"moov").unwrap() - 4;
    let (lost, torn) = (&good[..index_at], &good[..index_at - 1000]);
    for (name, parts, given) in [
        ("movie.mp4", [&[][..], lost, &good[..]], vec![here.join("good.mp4")]),
        (
            "stream.mp4",
            [&good[..], torn, &webm.stream[..]],
            vec![here.join("good.mp4"), webm.path.clone()],
        ),
    ] {
        let done = whole(here, name, &parts.concat());
        assert_eq!((done.code, done.files.len()), (Some(3), given.len()), "{done:?}");
        for (file, given) in done.files.iter().zip(&given) {
            assert_eq!(all_packets(&[file]), all_packets(&[given]), "{name}");
        }
        let told = format!("{} bytes from byte {} on", parts[1].len(), parts[0].len());
        assert!(done.said.contains(&told), "{done:?}");
        assert!(done.said.contains("its index was never written"), "{done:?}");
    }
}

#[test]
fn what_the_edit_list_hides_at_the_start_fills_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut bytes = movie(here, "plain.mp4", "-g 30");
    // Pictures come first; what is shown begins 4 s behind the beginning of the media.
    let mut from = 0;
    for timescale in [15_360u32, 44_100] {
        from += bytes[from..].windows(4).position(|four| four == b"elst").unwrap() + 4;
        bytes[from + 8..from + 12].copy_from_slice(&3000u32.to_be_bytes());
        bytes[from + 12..from + 16].copy_from_slice(&(4 * timescale).to_be_bytes());
    }
    rest(here, "trim.mp4", &bytes);
    let done = split(here, &["trim.mp4", "--out", "out", "--segment-seconds", "2"]);
    let seconds: Vec<f64> = done
        .files
        .iter()
        .map(|file| shown(file, "format=duration").trim().parse().unwrap())
        .collect();
    assert!((seconds.iter().sum::<f64>() - 3.0).abs() < 0.2, "{seconds:?} {done:?}");
    assert!(seconds.iter().all(|&seconds| seconds > 0.5), "{seconds:?}");
}

/// One byte makes the parameter sets of the first key frame unreadable; the header has none.
#[test]
fn a_key_frame_without_parameter_sets_costs_its_group_and_no_other_input() {
    let capture = captures::named("chromium-mkv-h264-opus");
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let mut bytes = capture.stream.clone();
    let at = bytes.windows(5).position(|five| five == [0, 0, 0, 1, 0x67]).unwrap();
    bytes[at + 4] = 0x6C;
    rest(here, "bent.mkv", &bytes);
    let other = captures::named("webkit-mp4-h264-aac");
    let path = other.path.to_str().unwrap();
    let done = split(here, &["bent.mkv", path, "--out", "out", "--whole"]);
    assert_eq!((done.code, done.files.len()), (Some(3), 2), "{done:?}");
    assert!(done.said.contains("in front of the first key frame that can be decoded"), "{done:?}");
    let [found, given] = [&done.files[0], &capture.path].map(|path| packets(&[path], "v:0").len());
    assert!(found > given / 2 && found < given, "{found} of {given}");
    assert_eq!(packets(&done.files[..1], "a:0"), packets(&[&capture.path], "a:0"));
    assert_eq!(all_packets(&done.files[1..]), all_packets(&[&other.path]));
}

/// Nobody can read a pipe again.
#[test]
fn on_a_full_disk_what_came_through_a_pipe_stays_and_plays() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    // Several times as much as is written at once.
    let large = "-f lavfi -i testsrc2=s=640x480:r=30 -f lavfi -i sine -t 7 -c:v libx264 -preset \
                 ultrafast -qp 5 -g 15 -c:a aac -movflags frag_keyframe+empty_moov -f mp4";
    let capture = captures::made(folder.path(), "large.mp4", large);
    // A megabyte is kept for the index.
    disk.leave((1 << 20) + capture.stream.len() as u64 * 3 / 4);
    let args = ["-", "--out", "recordings/out", "--whole"];
    let done = split_pipe(folder.path(), &args, &capture.stream);
    assert_eq!((done.code, done.files.len()), (Some(1), 0), "{done:?}");
    let [part] = &listing(&folder.path().join("recordings/out"))[..] else { panic!("{done:?}") };
    assert!(part.ends_with("recording_00001.mp4.part"), "{part:?}");
    assert!(done.said.contains("recording_00001.mp4.part, which stays"), "{done:?}");
    assert!(done.said.contains("No space left on device"), "{done:?}");
    for (found, whole) in all_packets(&[part]).iter().zip(all_packets(&[&capture.path])) {
        assert!(found.len() > whole.len() / 4, "{} of {}", found.len(), whole.len());
        assert!(whole.starts_with(&found[..found.len() - 1]));
    }
}

/// An index that is longer than the room for it is put in front by writing the file again.
#[test]
fn a_file_that_has_no_room_to_be_written_again_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    let capture = captures::named("webkit-mp4-h264-aac");
    let len = capture.stream.len() as u64;
    disk.leave(len + len / 2 + (1 << 20));
    let args = ["-", "--out", "recordings/out", "--whole"];
    let done = split_pipe(folder.path(), &args, &capture.stream);
    assert_eq!((done.code, done.files.len()), (Some(1), 0), "{done:?}");
    assert!(done.said.contains("recording_00001.mp4.part, which stays"), "{done:?}");
    let [left] = &listing(&folder.path().join("recordings/out"))[..] else { panic!("{done:?}") };
    assert_eq!(all_packets(&[left]), all_packets(&[&capture.path]), "{done:?}");
}
