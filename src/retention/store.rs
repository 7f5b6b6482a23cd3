//! The file in which is remembered what a page has chosen, and how far the clock of ageing is.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::WallUs;
use crate::config::Retention;
use crate::statefile::{self, Known};

const FILE: &str = "retention.json";

/// What this version writes. A newer one may have rules that this one does not know.
const VERSION: u32 = 1;

/// It has a dozen numbers.
const MAX_FILE_BYTES: u64 = 64 << 10;

/// The file, for whoever only looks at it.
pub(crate) const KNOWN: Known = Known {
    name: FILE,
    version: VERSION,
    max_bytes: MAX_FILE_BYTES,
    is_understood: |text| understood(text).is_some(),
    loss: "what a page has chosen to be deleted is forgotten, and nothing is deleted by itself",
};

/// What is remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Remembered {
    pub(super) rules: Retention,
    /// Where the clock of ageing was last.
    #[serde(default)]
    pub(super) clock_us: Option<WallUs>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    v: u32,
    #[serde(flatten)]
    remembered: Remembered,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLoaded {
    #[error("cannot read {}; make it readable and its folder writable for this user", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} was written by a newer version of localcamera (v {v}), and would lose what that keeps; start that version, or move the file away: then nothing is deleted by itself", .path.display())]
    Newer { path: PathBuf, v: u32 },
}

/// What was remembered. A file that cannot be understood is put aside. Blocks.
///
/// # Errors
/// When it is there and cannot be read, or is a newer version's.
pub(super) fn load(folder: &Path) -> Result<Remembered, NotLoaded> {
    let path = folder.join(FILE);
    let unreadable = |source| NotLoaded::Unreadable { path: path.clone(), source };
    let text = match fs::metadata(&path) {
        Ok(metadata) if metadata.len() > MAX_FILE_BYTES => String::new(),
        Ok(_) => String::from_utf8_lossy(&fs::read(&path).map_err(unreadable)?).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Remembered::default()),
        Err(error) => return Err(unreadable(error)),
    };
    match serde_json::from_str(&text) {
        Ok(Versioned { v }) if v > VERSION => return Err(NotLoaded::Newer { path, v }),
        _ => {}
    }
    let Some(remembered) = understood(&text) else {
        let aside = statefile::put_aside(folder, FILE).map_err(unreadable)?;
        tracing::error!(file = %aside.display(), "what is to be deleted by itself cannot be understood and was put aside: nothing is, until somebody chooses it again");
        return Ok(Remembered::default());
    };
    Ok(remembered)
}

/// Nothing that is not allowed is done, whoever has written it.
fn understood(text: &str) -> Option<Remembered> {
    let Saved { remembered, .. } = serde_json::from_str(text).ok()?;
    remembered.rules.checked().ok().map(|rules| Remembered { rules, ..remembered })
}

/// Remembers that, or what was before. Blocks.
pub(super) fn save(folder: &Path, remembered: Remembered) -> io::Result<()> {
    let saved = Saved { v: VERSION, remembered };
    statefile::replace(folder, FILE, &serde_json::to_string(&saved)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_loaded_and_what_is_not_understood_deletes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let load = || load(folder.path());
        assert_eq!(load().unwrap(), Remembered::default());
        let rules = Retention { max_age_days: Some(30.0), ..Retention::default() };
        let remembered = Remembered { rules, clock_us: Some(5) };
        save(folder.path(), remembered).unwrap();
        assert_eq!(load().unwrap(), remembered);
        let path = folder.path().join(FILE);
        for wrong in [
            "",
            "{\"v\":1}",
            "{\"v\":1,\"rules\":{\"max_age_days\":0}}",
            "{\"v\":1,\"rules\":{\"max_days\":3}}",
        ] {
            fs::write(&path, wrong).unwrap();
            assert_eq!(load().unwrap(), Remembered::default(), "{wrong}");
            assert!(!path.exists(), "{wrong} was not put aside");
        }
        fs::write(&path, "{\"v\":2}").unwrap();
        assert!(matches!(load(), Err(NotLoaded::Newer { v: 2, .. })));
    }
}
