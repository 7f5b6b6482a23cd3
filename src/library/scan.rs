//! Finds the journals of a recordings folder.

use std::path::Path;

use super::Library;
use super::journal::{Event, Line};

pub(super) fn scan(library: &Library) {
    for folder in entries(library.root()) {
        let Some(folder_name) = folder.file_name().and_then(|name| name.to_str()) else { continue };
        for path in entries(&folder) {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with("session_") && name.ends_with(".jsonl") {
                read(library, &path, folder_name);
            }
        }
    }
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Vec::new(),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "cannot list a folder");
            Vec::new()
        }
    }
}

fn read(library: &Library, path: &Path, folder: &str) {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) => {
            tracing::warn!(journal = %path.display(), %error, "cannot read a session journal");
            return;
        }
    };
    let mut lines = Line::read_all(&text);
    // The first line names the session; without it nothing can refer to it.
    let Some(first) = lines.next() else { return };
    let Event::Session { session, .. } = &first.event else { return };
    let session = session.clone();
    library.apply(&session, folder, &first);
    lines.for_each(|line| library.apply(&session, folder, &line));
}
