//! The file in which devices are remembered.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::command::groups;
use super::registry::Known;
use super::report::KeyHash;
use crate::statefile::{self, Known as KnownFile};
use crate::text::{cut, is_device_id, one_line};

const FILE: &str = "devices.json";

/// What this version writes. A newer one may keep more than this one would leave.
const VERSION: u32 = 1;

/// So many entries that cannot be read are named.
const MAX_NAMED: usize = 10;

/// A thousand devices take less than 1 MB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// As names are bounded when they come.
const MAX_NAME_CHARS: usize = 200;

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    v: u32,
    devices: Vec<Value>,
}

/// What each version's file has.
#[derive(Debug, Deserialize)]
struct Versioned {
    v: u32,
}

/// Why the list of devices is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLoaded {
    #[error("cannot read {}; make it readable and its folder writable for this user", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} was written by a newer version of localcamera (v {v}), and would lose what that keeps; start that version, or move the file away: then groups are forgotten, and each id belongs to whoever comes with it first", .path.display())]
    Newer { path: PathBuf, v: u32 },
}

#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    device: String,
    key_sha256: String,
    name: String,
    #[serde(default)]
    groups: Value,
    last_seen_ms: i64,
}

/// The file, for whoever only looks at it.
pub(crate) const KNOWN: KnownFile = KnownFile {
    name: FILE,
    version: VERSION,
    max_bytes: MAX_FILE_BYTES,
    is_understood: |text| serde_json::from_str::<Saved>(text).is_ok(),
    loss: "the names and groups of devices are forgotten, and the next to come with an id has it",
};

/// Where the file lies.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was remembered. A file that cannot be understood is put aside.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is a newer version's.
    pub(super) fn load(&self) -> Result<Vec<(String, Known)>, NotLoaded> {
        let path = self.folder.join(FILE);
        let unreadable = |source| NotLoaded::Unreadable { path: path.clone(), source };
        let text = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => String::new(),
            Ok(_) => String::from_utf8_lossy(&fs::read(&path).map_err(unreadable)?).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(unreadable(error)),
        };
        match serde_json::from_str(&text) {
            Ok(Versioned { v }) if v > VERSION => return Err(NotLoaded::Newer { path, v }),
            _ => {}
        }
        match serde_json::from_str::<Saved>(&text) {
            Ok(saved) => Ok(self.known(saved.devices)),
            Err(error) => {
                let aside = statefile::put_aside(&self.folder, FILE).map_err(unreadable)?;
                tracing::error!(%error, file = %aside.display(), "the list of devices cannot be understood and was put aside: names and groups are forgotten, and the next to come with a device's id has it");
                Ok(Vec::new())
            }
        }
    }

    /// The entries that can be read. Of the others it is said that they are lost.
    fn known(&self, entries: Vec<Value>) -> Vec<(String, Known)> {
        let mut lost = Vec::new();
        let mut all = Vec::new();
        for (entry, number) in entries.into_iter().zip(1..) {
            match known(entry) {
                Some(known) => all.push(known),
                None => lost.push(number),
            }
        }
        if !lost.is_empty() {
            let (file, count) = (self.folder.join(FILE), lost.len());
            lost.truncate(MAX_NAMED);
            tracing::warn!(file = %file.display(), count, entries = ?lost, "entries in the list of devices cannot be read and are forgotten; the next to come with such a device's id has it");
        }
        all
    }

    /// Puts another text into the place of the file, or leaves it as it is. Blocks.
    pub(super) fn save(&self, text: &str) -> io::Result<()> {
        statefile::replace(&self.folder, FILE, text)
    }
}

/// The file's text for these devices.
pub(super) fn text<'a>(known: impl Iterator<Item = (&'a String, &'a Known)>) -> String {
    let entry = |(device, known): (&String, &Known)| {
        serde_json::to_value(Entry {
            device: device.clone(),
            key_sha256: known.key.0.clone(),
            name: known.name.clone(),
            groups: known.groups.clone().into(),
            last_seen_ms: known.last_seen_ms,
        })
        .unwrap_or_default()
    };
    let saved = Saved { v: VERSION, devices: known.map(entry).collect() };
    serde_json::to_string_pretty(&saved).unwrap_or_default()
}

/// What a person has made of an entry may be anything.
fn known(entry: Value) -> Option<(String, Known)> {
    let Entry { device, key_sha256, name, groups: named, last_seen_ms } =
        serde_json::from_value(entry).ok()?;
    let is_hash = key_sha256.len() == 64 && key_sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_device_id(&device) || !is_hash {
        return None;
    }
    let known = Known {
        key: KeyHash(key_sha256.to_ascii_lowercase()),
        name: cut(&one_line(&name), MAX_NAME_CHARS),
        groups: groups(&named).unwrap_or_default(),
        last_seen_ms,
        online: None,
    };
    Some((device, known))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn some(groups: &[&str]) -> Known {
        Known {
            key: KeyHash("ab".repeat(32)),
            name: "Front door".to_owned(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            last_seen_ms: 7,
            online: None,
        }
    }

    #[test]
    fn what_is_saved_is_loaded_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        assert_eq!(store.load().unwrap(), []);
        // Left by a crash, readable by all.
        fs::write(folder.path().join("devices.json.new"), "half").unwrap();
        let all = [("device-1".to_owned(), some(&["hall"])), ("device-2".to_owned(), some(&[]))];
        store.save(&text(all.iter().map(|(device, known)| (device, known)))).unwrap();
        assert_eq!(store.load().unwrap(), all);
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!folder.path().join("devices.json.new").exists());
    }

    #[test]
    fn a_file_that_is_something_else_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let path = folder.path().join(FILE);
        fs::write(&path, "{\"v\":1,").unwrap();
        assert_eq!(store.load().unwrap(), []);
        assert_eq!(fs::read(folder.path().join("devices.json.broken")).unwrap(), b"{\"v\":1,");
        assert!(!path.exists());
        // Again, and what was put aside stays.
        for name in ["devices.json.broken-2", "devices.json.broken-3"] {
            fs::write(&path, name).unwrap();
            assert_eq!(store.load().unwrap(), []);
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), name);
        }
        assert_eq!(fs::read(folder.path().join("devices.json.broken")).unwrap(), b"{\"v\":1,");
        // One entry that is wrong takes no other with it.
        let good = serde_json::json!({
            "device": "device-1", "key_sha256": "AB".repeat(32), "name": "Front door",
            "groups": ["hall"], "last_seen_ms": 7, "later": true,
        });
        let saved = serde_json::json!({ "v": 1, "devices": [{ "device": "x" }, 5, good] });
        fs::write(&path, saved.to_string()).unwrap();
        assert_eq!(store.load().unwrap(), [("device-1".to_owned(), some(&["hall"]))]);
    }

    #[test]
    fn a_newer_versions_file_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let path = folder.path().join(FILE);
        for newer in ["{\"v\":2,\"devices\":[]}", "{\"v\":3,\"people\":{}}"] {
            fs::write(&path, newer).unwrap();
            let reason = store.load().unwrap_err().to_string();
            assert!(reason.contains("newer version") && reason.contains("move the file away"));
            assert_eq!(fs::read_to_string(&path).unwrap(), newer);
        }
    }

    #[test]
    fn entries_that_are_lost_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let log = Log::default();
        let to = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || to.clone());
        tracing::subscriber::with_default(subscriber.finish(), || {
            fs::write(folder.path().join(FILE), "{\"v\":1,\"devices\":[5,{}]}").unwrap();
            assert_eq!(store.load().unwrap(), []);
        });
        let told = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(told.contains("count=2") && told.contains("entries=[1, 2]"), "{told}");
    }

    #[derive(Clone, Default)]
    struct Log(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
