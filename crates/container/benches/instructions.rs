//! How many instructions a sample costs, which no other work on the machine changes:
//! `cargo bench -p container --bench instructions`.
//!
//! Each way through the engine runs beneath valgrind's callgrind, and the count is compared with
//! the one in `instructions.txt`; with `-- --write` it is written there instead. A count beyond the
//! tolerance is a failure. Where valgrind is not installed, it says so and passes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that cannot go on must stop, loudly"
)]

mod support;

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use support::captures;
use support::splitting::{Purpose, Written, live, split};
use support::streams::{self, Stream, in_pieces_of};

/// Long enough that what is done once for each file hardly counts.
const SECONDS: i64 = 120;

/// A message of a program that sends each packet as it comes.
const SMALL_PIECE_BYTES: usize = 1400;

/// Another patch level of the compiler, or of the C library whose copying is in the count, changes
/// it by less; a copy of each payload or an allocation for each sample by more.
const TOLERANCE_PERCENT: u64 = 5;

/// One instruction can copy any number of bytes, and callgrind counts each of them; only some
/// processors are given it.
const COPY_BY_LOOPS: &str = "glibc.cpu.x86_rep_movsb_threshold=0x7fffffffffff";

const COUNTED_ARCH: &str = "x86_64";

const FIGURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");

/// A way through the engine.
struct Way {
    name: &'static str,
    stream: fn() -> Stream,
    go: fn(Stream) -> Written,
}

const WAYS: [Way; 10] = [
    Way { name: "webm split", stream: || streams::webm(SECONDS), go: |s| go(s, Purpose::Split) },
    Way {
        name: "webm split, twice as long",
        stream: || streams::webm(2 * SECONDS),
        go: |s| go(s, Purpose::Split),
    },
    Way { name: "webm record", stream: || streams::webm(SECONDS), go: |s| go(s, Purpose::Record) },
    Way {
        name: "webm split, small pieces",
        stream: || small(streams::webm),
        go: |s| go(s, Purpose::Split),
    },
    Way { name: "webm live", stream: || streams::webm(SECONDS), go: |s| live(s.chunks) },
    Way { name: "mp4 split", stream: || streams::mp4(SECONDS), go: |s| go(s, Purpose::Split) },
    Way {
        name: "mp4 split, twice as long",
        stream: || streams::mp4(2 * SECONDS),
        go: |s| go(s, Purpose::Split),
    },
    Way { name: "mp4 record", stream: || streams::mp4(SECONDS), go: |s| go(s, Purpose::Record) },
    Way {
        name: "mp4 split, small pieces",
        stream: || small(streams::mp4),
        go: |s| go(s, Purpose::Split),
    },
    Way { name: "mp4 live", stream: || streams::mp4(SECONDS), go: |s| live(s.chunks) },
];

fn small(stream: fn(i64) -> Stream) -> Stream {
    in_pieces_of(SMALL_PIECE_BYTES, stream(SECONDS))
}

fn go(stream: Stream, purpose: Purpose) -> Written {
    split(stream.chunks, purpose)
}

/// The only function that is counted, with what it calls.
#[inline(never)]
fn measured(way: &Way, stream: Stream) -> Written {
    (way.go)(stream)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(name) = arguments.iter().skip_while(|a| *a != "--count").nth(1) {
        let way = WAYS.iter().find(|way| way.name == name).unwrap();
        let stream = (way.stream)();
        let samples = stream.samples;
        assert_eq!(black_box(measured(way, stream)).samples, samples);
        print!("{samples}");
        return ExitCode::SUCCESS;
    }
    if std::env::consts::ARCH != COUNTED_ARCH {
        println!("Instructions are not counted: the known counts are those of {COUNTED_ARCH}.");
        return ExitCode::SUCCESS;
    }
    let is_there = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if is_there.is_err() {
        println!("Instructions are not counted: valgrind is not installed.");
        return ExitCode::SUCCESS;
    }
    let counts: Vec<u64> = WAYS.iter().map(|way| count(way.name)).collect();
    let counted = WAYS.iter().map(|way| way.name).zip(counts);
    if arguments.iter().any(|argument| argument == "--write") {
        let lines: Vec<String> =
            counted.map(|(name, count)| format!("{name}: {count}\n")).collect();
        std::fs::write(FIGURES, lines.concat()).unwrap();
        return ExitCode::SUCCESS;
    }
    let mut is_good = true;
    for (name, count) in counted {
        let known = known(name);
        let verdict = match count * 100 {
            high if high > known * (100 + TOLERANCE_PERCENT) => {
                is_good = false;
                "too many"
            }
            low if low < known * (100 - TOLERANCE_PERCENT) => "fewer: write it down",
            _ => "as before",
        };
        println!("{name}: {count} instructions per sample, {known} known: {verdict}");
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn known(name: &str) -> u64 {
    let figures = std::fs::read_to_string(FIGURES).unwrap();
    let mut lines = figures.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(known, _)| *known == name).unwrap().1.parse().unwrap()
}

/// Instructions per sample.
fn count(name: &str) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("callgrind");
    let output = Command::new("valgrind")
        .env("GLIBC_TUNABLES", COPY_BY_LOOPS)
        .args([
            "--tool=callgrind",
            "--collect-atstart=no",
            "--toggle-collect=instructions::measured*",
        ])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe().unwrap())
        .args(["--count", name])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let samples: u64 = String::from_utf8(output.stdout).unwrap().parse().unwrap();
    total(&file) / samples
}

fn total(file: &Path) -> u64 {
    let profile = std::fs::read_to_string(file).unwrap();
    let mut totals = profile.lines().filter_map(|line| line.strip_prefix("totals: "));
    totals.next().unwrap().trim().parse().unwrap()
}
