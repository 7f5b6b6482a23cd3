//! Recorded streams of real browsers, and the judge that compares files with them. Shared by the
//! tests of the engine and those of the server.

#![allow(dead_code, reason = "neither of the two test crates uses all of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// A recorded stream of a real browser and the chunks it came in.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) mime: String,
    pub(crate) stream: Vec<u8>,
    chunk_bytes: Vec<usize>,
}

pub(crate) fn all() -> Vec<Capture> {
    let folder = tests_folder().join("captures");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 12, "captures are missing");
    paths.into_iter().map(read).collect()
}

pub(crate) fn named(name: &str) -> Capture {
    all().into_iter().find(|capture| capture.name == name).unwrap()
}

/// The workspace's `tests`, from whichever package this is compiled into.
fn tests_folder() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    here.map(|folder| folder.join("tests")).find(|tests| tests.join("captures").is_dir()).unwrap()
}

fn read(path: PathBuf) -> Capture {
    let text = std::fs::read(path.with_extension("json")).unwrap();
    let description: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let chunks = description["chunk_bytes"].as_array().unwrap();
    Capture {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        mime: description["mime_type"].as_str().unwrap().to_owned(),
        stream: std::fs::read(&path).unwrap(),
        chunk_bytes: chunks.iter().map(|n| n.as_u64().unwrap() as usize).collect(),
        path,
    }
}

/// A stream that ffmpeg makes with these arguments, in the format named last.
pub(crate) fn made(folder: &Path, name: &str, arguments: &str) -> Capture {
    let path = folder.join(name);
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-y"]).args(arguments.split_whitespace()).arg(&path);
    assert!(ffmpeg.status().unwrap().success(), "ffmpeg {arguments}");
    let stream = std::fs::read(&path).unwrap();
    let chunk_bytes = stream.chunks(40_000).map(<[u8]>::len).collect();
    Capture { name: name.to_owned(), path, mime: String::new(), stream, chunk_bytes }
}

impl Capture {
    /// A stream that lies in a file, in one chunk.
    pub(crate) fn stored(name: &str, path: PathBuf, stream: &[u8]) -> Self {
        let (mime, stream) = (String::new(), stream.to_vec());
        Self { name: name.to_owned(), path, mime, chunk_bytes: vec![stream.len()], stream }
    }

    /// The stream as the browser handed it out.
    pub(crate) fn chunks(&self) -> Vec<&[u8]> {
        let mut rest = &self.stream[..];
        let mut chunks = Vec::new();
        for &bytes in &self.chunk_bytes {
            let (chunk, after) = rest.split_at(bytes);
            chunks.push(chunk);
            rest = after;
        }
        chunks.push(rest);
        chunks
    }
}

/// Has independent tools compare the segments with the stream they were made of.
pub(crate) fn judge(capture: &Capture, segments: &[PathBuf], segment_seconds: &str) {
    assert!(!segments.is_empty(), "{}: no segments", capture.name);
    let mut judge = Command::new("node");
    judge.arg(tests_folder().join("judge/judge.mjs"));
    judge.args(["--segment-seconds", segment_seconds]).arg(&capture.path).args(segments);
    let verdict = judge.output().unwrap();
    assert!(
        verdict.status.success(),
        "{}: {}{}",
        capture.name,
        String::from_utf8_lossy(&verdict.stdout),
        String::from_utf8_lossy(&verdict.stderr)
    );
}
