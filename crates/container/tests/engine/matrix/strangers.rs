//! Finished files as readers see them that are neither the engine's nor ffmpeg's.

use std::path::{Path, PathBuf};
use std::process::Command;

use container::{Kind, Sample};
use serde_json::Value;

use super::properties::Case;
use super::recording::File;

/// A sample as a reader finds it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) at_ns: i64,
    pub(crate) size: usize,
    pub(crate) sync: bool,
    pub(crate) adler: u32,
}

pub(crate) fn other_readers_agree(case: &Case<'_>) {
    let files = case.record().files;
    let paths: Vec<PathBuf> = files
        .iter()
        .enumerate()
        .map(|(n, file)| {
            let extension = file.spec.init.output.extension();
            let path = case.folder.join(format!("{}_strange_{n:02}.{extension}", case.name));
            std::fs::write(&path, &file.finished).unwrap();
            path
        })
        .collect();
    // One program for all of a stream's MP4s, which are all or none.
    let mut movies = match files[0].is_mp4() {
        true => mp4box(&paths).into_iter(),
        false => Vec::new().into_iter(),
    };
    for (n, (file, path)) in files.iter().zip(&paths).enumerate() {
        let tracks: Vec<Vec<Found>> = match file.is_mp4() {
            true => movie(&file.finished, &movies.next().unwrap()),
            false => mkvinfo(path),
        };
        // An MP4's index names only the tracks of which there is something.
        let own = (0..file.spec.tracks.len()).map(|track| {
            file.samples.iter().filter(|sample| sample.track == track).collect::<Vec<_>>()
        });
        let own: Vec<_> = own.filter(|own| !own.is_empty()).collect();
        assert_eq!(tracks.len(), own.len(), "file {n}: tracks");
        for (found, own) in tracks.iter().zip(&own) {
            assert_eq!(found.len(), own.len(), "file {n}, track {}: samples", own[0].track);
            for (k, (found, own)) in found.iter().zip(own).enumerate() {
                assert_same(
                    file,
                    found,
                    own,
                    &format!("file {n}, track {}, sample {k}", own.track),
                );
            }
        }
    }
}

fn assert_same(file: &File, found: &Found, own: &Sample, place: &str) {
    assert_eq!((found.size, found.adler), (own.data.len(), adler(&own.data)), "{place}: its bytes");
    assert_eq!(found.sync, own.sync, "{place}: sync");
    let track = &file.spec.tracks[own.track];
    // WebM's times are those of the encoder, delay and all.
    let delay = if file.is_mp4() || !file.spec.keeps_delay { 0 } else { track.delay };
    let wanted_ns = track.to_nanos(own.pts + delay) - file.spec.origin_ns;
    let wanted_ns = match track.kind {
        Kind::Audio if !file.is_mp4() => wanted_ns.max(0),
        _ => wanted_ns,
    };
    let off_ns = (found.at_ns - wanted_ns).abs();
    assert!(off_ns <= file.tick_ns(own.track), "{place}: {off_ns} ns off");
}

fn run(program: &str, arguments: &[&str], files: &[PathBuf]) -> String {
    let output = Command::new(program).args(arguments).args(files).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{program} {files:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What mkvinfo lists, by track.
pub(crate) fn mkvinfo(path: &Path) -> Vec<Vec<Found>> {
    let listed = run("mkvinfo", &["--ui-language", "en_US", "-s"], &[path.to_owned()]);
    let mut tracks: Vec<(u64, Vec<Found>)> = Vec::new();
    for line in listed.lines().filter(|line| !line.starts_with("Track ")) {
        // "I frame, track 1, timestamp 00:00:00.007000000, size 7873, adler 0x5e9792bb"
        let fields: Vec<&str> = line.split(", ").collect();
        let [kind, track, timestamp, .., size, adler] = fields[..] else { panic!("{line}") };
        let after = |field: &str, name: &str| {
            field.strip_prefix(name).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        let track = after(track, "track ").parse().unwrap();
        let found = Found {
            at_ns: clock_ns(&after(timestamp, "timestamp ")),
            size: after(size, "size ").parse().unwrap(),
            sync: kind == "I frame",
            adler: u32::from_str_radix(&after(adler, "adler 0x"), 16).unwrap(),
        };
        match tracks.iter_mut().find(|(number, _)| *number == track) {
            Some((_, all)) => all.push(found),
            None => tracks.push((track, vec![found])),
        }
    }
    tracks.sort_by_key(|(number, _)| *number);
    tracks.into_iter().map(|(_, all)| all).collect()
}

/// `00:00:01.500000000`, with a sign in front of what is negative.
fn clock_ns(clock: &str) -> i64 {
    let (sign, clock) = clock.strip_prefix('-').map_or((1, clock), |rest| (-1, rest));
    let fields = clock.split([':', '.']).map(|field| field.parse::<i64>().unwrap());
    let [hours, minutes, seconds, ns] = fields.collect::<Vec<_>>()[..] else { panic!("{clock}") };
    sign * (((hours * 60 + minutes) * 60 + seconds) * 1_000_000_000 + ns)
}

pub(crate) fn mp4box(paths: &[PathBuf]) -> Vec<Value> {
    let reader = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/judge/mp4box.mjs");
    serde_json::from_str(&run("node", &[reader], paths)).unwrap()
}

/// What mp4box.js lists, by track.
pub(crate) fn movie(file: &[u8], movie: &Value) -> Vec<Vec<Found>> {
    assert_eq!(movie["said"], Value::Array(Vec::new()));
    assert!(movie["indexInFront"] == true && movie["fragmented"] == false);
    let tracks = movie["tracks"].as_array().unwrap().iter();
    let samples = |track: &Value| {
        let samples = track["samples"].as_array().unwrap().iter().map(|sample| {
            let number = |name: &str| sample[name].as_u64().unwrap() as usize;
            let data = &file[number("offset")..][..number("size")];
            Found {
                at_ns: (sample["seconds"].as_f64().unwrap() * 1e9).round() as i64,
                size: data.len(),
                sync: track["kind"] == "audio" || sample["sync"] == true,
                adler: adler(data),
            }
        });
        samples.collect()
    };
    tracks.map(samples).collect()
}

/// Adler-32 (RFC 1950 section 8.2).
pub(crate) fn adler(data: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for &byte in data {
        a = (a + u32::from(byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}
