//! The files of the table for the players of browsers, which `tests/browser/players.test.mjs` asks.

use std::path::Path;

use container::Kind;
use container::codec::codec_name;
use serde_json::{Value, json};

use super::dialects;
use super::properties::{CHUNK_BYTES, Case, SEGMENT_NS};
use super::recording::File;

/// What `canPlayType` takes; nothing where a codec has no name there.
fn media_type(file: &File) -> Option<String> {
    let tracks = &file.spec.tracks;
    let names: Option<Vec<String>> = tracks.iter().map(codec_name).collect();
    let kind = if tracks.iter().any(|t| t.kind == Kind::Video) { "video" } else { "audio" };
    let container = file.spec.init.output.extension();
    Some(format!("{kind}/{container}; codecs=\"{}\"", names?.join(", ")))
}

/// A file of each dialect, a later one where there are several, and `files.json` that tells of them.
#[test]
#[ignore = "writes files, into the folder that LOCALCAMERA_PLAYER_FILES names"]
fn files_for_players() {
    let target = std::env::var("LOCALCAMERA_PLAYER_FILES").unwrap();
    let target = Path::new(&target);
    let folder = tempfile::tempdir().unwrap();
    let mut all: Vec<Value> = Vec::new();
    for dialect in dialects::all() {
        let stream = (dialect.write)(folder.path());
        let (segment_ns, chunk_bytes) = (SEGMENT_NS, CHUNK_BYTES);
        let name = dialect.name;
        let case = Case { name, stream: &stream, folder: folder.path(), segment_ns, chunk_bytes };
        let files = case.record().files;
        let file = files.get(1).unwrap_or(&files[0]);
        let path = target.join(format!("{name}.{}", file.spec.init.output.extension()));
        std::fs::write(&path, &file.finished).unwrap();
        let report = container::inspect(file.finished.clone().into());
        let has_picture = file.spec.tracks.iter().any(|track| track.kind == Kind::Video);
        all.push(json!({
            "name": name,
            "file": path,
            "type": media_type(file),
            "seconds": report.duration_ns as f64 / 1e9,
            "picture": has_picture,
        }));
    }
    std::fs::write(target.join("files.json"), serde_json::to_vec(&all).unwrap()).unwrap();
}
