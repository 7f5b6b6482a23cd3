//! Reads the state folder.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::super::findings::state::{Content, Facts, Running, StateFile};
use super::{disk, mode};
use crate::auth;
use crate::auth::local;
use crate::devices;
use crate::retention;
use crate::sources;
use crate::statefile::{self, Known};

/// The files that the server must be able to read.
pub(in super::super) const FILES: [Known; 4] =
    [auth::FILE, devices::FILE, sources::FILE, retention::FILE];

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// What is there. Blocks.
pub(in super::super) fn gather(state: &Path, running: Option<Running>) -> Facts {
    let names = fs::read_dir(state).into_iter().flatten().flatten();
    let names = names.filter_map(|entry| entry.file_name().into_string().ok());
    let mut aside: Vec<String> = names.filter(|name| statefile::is_aside(name)).collect();
    aside.sort();
    Facts {
        folder: disk::ask("state", state),
        mode: mode(state),
        running,
        files: FILES.iter().filter_map(|known| file(state, known)).collect(),
        aside,
        socket: local::path(state).map(drop).map_err(|error| error.to_string()),
    }
}

/// The stores' own `load`s move away what they cannot read and say so in the log, which is the
/// server's to do: here the same is only looked at. That both judge alike, a test says.
fn file(state: &Path, known: &Known) -> Option<StateFile> {
    let path = state.join(known.name);
    let content = match fs::metadata(&path) {
        Ok(found) if found.len() > known.max_bytes => Content::Broken,
        Ok(_) => match fs::read(&path) {
            Ok(bytes) => content(&String::from_utf8_lossy(&bytes), known),
            Err(error) => Content::Unreadable(error.to_string()),
        },
        // Without the folder, or with a file in its place, there is none.
        Err(error) if [ErrorKind::NotFound, ErrorKind::NotADirectory].contains(&error.kind()) => {
            return None;
        }
        Err(error) => Content::Unreadable(error.to_string()),
    };
    let mode = mode(&path).unwrap_or(0);
    Some(StateFile { path, mode, content, loss: known.loss })
}

fn content(text: &str, known: &Known) -> Content {
    match serde_json::from_str(text) {
        Ok(Versioned { v }) if v > known.version => Content::Newer(v),
        _ if (known.is_understood)(text) => Content::Good,
        _ => Content::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_the_server_reads_them() {
        for known in FILES {
            assert_eq!(content("{\"v\": 99}", &known), Content::Newer(99));
            assert_eq!(content("{\"v\": 1", &known), Content::Broken);
            assert_eq!(content("{\"v\": 1}", &known), Content::Broken);
        }
        assert_eq!(content("{\"v\": 1, \"devices\": []}", &devices::FILE), Content::Good);
        assert_eq!(content("{\"v\": 1, \"sources\": []}", &sources::FILE), Content::Good);
    }
    /// What the server does with a file of this text.
    fn served(known: &Known, text: &str) -> Content {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(known.name);
        fs::write(&path, text).unwrap();
        let state = folder.path();
        let is_newer = match known.name {
            name if name == auth::FILE.name => auth::Access::load(state, false).is_err(),
            name if name == devices::FILE.name => devices::Devices::load(state.into()).is_err(),
            name if name == retention::FILE.name => retention::look(state).is_err(),
            _ => sources::Sources::load(state.into(), Vec::new(), None, crate::live::Hub::new().0)
                .is_err(),
        };
        match (is_newer, path.exists()) {
            (true, _) => Content::Newer(99),
            (false, true) => Content::Good,
            (false, false) => Content::Broken,
        }
    }

    #[test]
    fn what_is_looked_at_is_judged_as_what_is_loaded() {
        let texts = [
            "",
            "{}",
            "{\"v\": 99}",
            "{\"v\": 1}",
            "{\"v\": 1, \"devices\": []}",
            "{\"v\": 1, \"sources\": [5]}",
            "{\"v\": 1, \"sources\": {}}",
            "{\"v\": 1, \"rules\": {\"max_age_days\": 30}}",
            "{\"v\": 1, \"rules\": {\"max_age_days\": 0}}",
            "{\"v\": 1, \"mode\": \"open\"}",
            "{\"v\": 1, \"mode\": \"paired\"}",
            "{\"v\": 1, \"mode\": \"paired\", \"is_admin_seen\": true, \"users\": [], \
              \"browsers\": [], \"tokens\": [], \"links\": [], \"revoked\": []}",
        ];
        for known in FILES {
            for text in texts {
                assert_eq!(content(text, &known), served(&known, text), "{}: {text}", known.name);
            }
        }
    }
}
