//! Every dialect against every property, as a table that the documentation holds.

mod dialects;
pub(crate) mod movie;
mod players;
pub(crate) mod properties;
pub(crate) mod recording;
pub(crate) mod strangers;

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use dialects::Dialect;
use properties::Case;

type Property = (&'static str, fn(&Case<'_>));

const PROPERTIES: &[Property] = &[
    ("samples", properties::samples_are_those_of_the_recorder),
    ("chunks", properties::any_chunks),
    ("files", properties::files_hold_every_sample),
    ("clock", properties::one_clock),
    ("sync", properties::files_begin_with_a_sync_sample),
    ("growing", properties::growing_files_hold_a_prefix),
    ("finishing", properties::finishing_can_be_interrupted),
    ("killed", properties::a_killed_recorder_goes_on),
    ("live", properties::live_fragments_hold_the_same),
    ("readers", strangers::other_readers_agree),
    ("tools", properties::other_tools_agree),
];

const EXPLANATION: &str = "\
# Dialects and what holds for them

Made by the tests of `crates/container`, which fail where this table is not what they find; `LOCALCAMERA_WRITE_MATRIX=1 cargo test -p container matrix` writes it anew. Each row is a stream: a capture of a real browser, a stream that ffmpeg or GStreamer wrote, or real media in a dialect written after what is known of its recorder. Each is cut into files of 1.5 s.

| column | what holds |
|---|---|
| samples | the demuxer finds the recorder's samples, their bytes, times and key frames |
| chunks | the same for every division of the stream into chunks, down to single bytes, and a cut at each of its first 700 bytes |
| files | the finished files hold every sample that can be shown, in order, none twice; what cannot is counted; each file has a duration and an index in front |
| clock | one clock through all files, to a tick of theirs; it breaks off nowhere, and no sample is moved or at another time than it came with |
| sync | each file begins with a sync sample |
| growing | a growing file, after each commit and torn inside the next, holds a prefix of its samples at their times |
| finishing | finishing that is interrupted in any write leaves the growing or the finished file |
| killed | a recorder that is killed after any chunk goes on inside the growing file, with the same files in the end |
| live | live fragments hold the same samples at the same times |
| readers | readers that are not ffmpeg's find in the finished files every sample with its bytes, its time and its mark as a key frame, and nothing to complain of: mkvinfo in WebM and Matroska, mp4box.js of GPAC in MP4 |
| tools | ffprobe, ffmpeg and mkvinfo find in the files what they find in the stream, and play it from five places |

Clocks that break off, sound that lies far from its picture in a file that is there already (`Segmenter::patient`), times that a container has no number for, and files with far more room for an index than they need (`Muxer::finish_compact`) have tests of their own beside the table.

A later file of each dialect plays and seeks in Chromium, Firefox and WebKitGTK, as far as they know its codecs: `node tests/browser/run.mjs players`.

";

/// What a cell says: that the property holds, or why it is not asked for.
fn examine(property: &Property, dialect: &Dialect, case: &Case<'_>) -> Result<String, String> {
    let (name, check) = property;
    if let Some((_, reason)) = dialect.exceptions.iter().find(|(excepted, _)| excepted == name) {
        return Ok(format!("— {reason}"));
    }
    match catch_unwind(AssertUnwindSafe(|| check(case))) {
        Ok(()) => Ok("✓".to_owned()),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&w| w.to_owned()));
            Err(words.unwrap_or_default())
        }
    }
}

/// One row: the title and the cells, and what does not hold.
struct Row {
    title: &'static str,
    cells: Vec<String>,
    failures: Vec<String>,
}

fn row(dialect: &Dialect, folder: &Path, properties: &[Property]) -> Row {
    let stream = (dialect.write)(folder);
    let (segment_ns, chunk_bytes) = (properties::SEGMENT_NS, properties::CHUNK_BYTES);
    let case = Case { name: dialect.name, stream: &stream, folder, segment_ns, chunk_bytes };
    let mut row = Row { title: dialect.title, cells: Vec::new(), failures: Vec::new() };
    for property in properties {
        match examine(property, dialect, &case) {
            Ok(cell) => row.cells.push(cell),
            Err(words) => {
                row.failures.push(format!("{}, {}: {words}", dialect.name, property.0));
                row.cells.push("✗".to_owned());
            }
        }
    }
    row
}

/// All rows, in their order, as many at once as the machine likes.
fn rows(dialects: &[Dialect], properties: &[Property]) -> Vec<Row> {
    let folder = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(dialect) = dialects.get(index) else { return };
                    let row = row(dialect, folder.path(), properties);
                    rows.lock().unwrap().push((index, row));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|(index, _)| *index);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The table, with the reasons behind it.
fn table(rows: &[Row], properties: &[Property]) -> String {
    let mut table = EXPLANATION.to_owned();
    let heads: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    writeln!(table, "| dialect | {} |", heads.join(" | ")).unwrap();
    writeln!(table, "|---|{}", "---|".repeat(heads.len())).unwrap();
    let mut reasons: Vec<&str> = Vec::new();
    for Row { title, cells, .. } in rows {
        let cell = |cell: &'_ String| match cell.strip_prefix("— ") {
            Some(reason) => {
                let number = reasons.iter().position(|known| *known == reason);
                format!("[{}]", number.unwrap_or(reasons.len()) + 1)
            }
            None => cell.clone(),
        };
        let shown: Vec<String> = cells.iter().map(cell).collect();
        writeln!(table, "| {title} | {} |", shown.join(" | ")).unwrap();
        for reason in cells.iter().filter_map(|cell| cell.strip_prefix("— ")) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    table.push('\n');
    for (number, reason) in (1..).zip(&reasons) {
        writeln!(table, "{number}. {reason}").unwrap();
    }
    table
}

/// `LOCALCAMERA_DIALECT` names some of the rows, `LOCALCAMERA_WITHOUT_TOOLS` leaves out the slow
/// columns.
#[test]
fn every_dialect_has_every_property() {
    let only = std::env::var("LOCALCAMERA_DIALECT").unwrap_or_default();
    let has_tools = std::env::var_os("LOCALCAMERA_WITHOUT_TOOLS").is_none();
    let mut dialects = dialects::all();
    dialects.retain(|dialect| dialect.name.contains(&only));
    let properties: Vec<Property> = PROPERTIES
        .iter()
        .filter(|(name, _)| has_tools || !matches!(*name, "tools" | "readers"))
        .copied()
        .collect();
    let rows = rows(&dialects, &properties);
    let table = table(&rows, &properties);
    println!("{table}");
    let failures: Vec<&str> =
        rows.iter().flat_map(|row| &row.failures).map(String::as_str).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    if !only.is_empty() || !has_tools {
        return;
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/container-matrix.md");
    if std::env::var_os("LOCALCAMERA_WRITE_MATRIX").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == table, "docs/container-matrix.md is not what the tests find: see its head");
}
