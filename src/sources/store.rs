//! The file in which the sources are remembered that were added by page, and which others were
//! paused there. Passwords are in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::spec::{CameraSound, Input, Name, Spec, Transport};
use crate::config::sources::{Writer, read};
use crate::statefile::{self, Known as KnownFile};

const FILE: &str = "sources.json";

/// What this version writes. A newer one may keep more than this one would leave.
const VERSION: u32 = 1;

/// All sources that there may be take less than 1 MB.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    /// Added by page.
    pub(super) specs: Vec<Spec>,
    /// Whether a source of the configuration file is paused, where a page has said so.
    pub(super) paused: BTreeMap<Name, bool>,
    /// Entries that cannot be read; they stay in the file as they are.
    pub(super) unread: Vec<Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    v: u32,
    sources: Vec<Value>,
    #[serde(default)]
    paused: BTreeMap<String, bool>,
}

/// What each version's file has.
#[derive(Debug, Deserialize)]
struct Versioned {
    v: u32,
}

/// Why the sources are not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLoaded {
    #[error("cannot read {}; make it readable and its folder writable for this user", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} was written by a newer version of localcamera (v {v}), and would lose what that keeps; start that version, or move the file away: then the sources that were added by page are forgotten", .path.display())]
    Newer { path: PathBuf, v: u32 },
}

/// The file, for whoever only looks at it.
pub(crate) const KNOWN: KnownFile = KnownFile {
    name: FILE,
    version: VERSION,
    max_bytes: MAX_FILE_BYTES,
    is_understood: |text| serde_json::from_str::<Saved>(text).is_ok(),
    loss: "the sources that were added by page are forgotten",
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

    /// What was remembered. A file that cannot be understood is put aside. Videos are those below
    /// `files`, as for a page.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is a newer version's.
    pub(super) fn load(&self, files: Option<&Path>) -> Result<Remembered, NotLoaded> {
        let path = self.folder.join(FILE);
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
        // The error of a text that is none may repeat a part of it.
        let Ok(saved) = serde_json::from_str::<Saved>(&text) else {
            let aside = statefile::put_aside(&self.folder, FILE).map_err(unreadable)?;
            tracing::error!(file = %aside.display(), "the list of sources cannot be understood and was put aside: those that were added by page are forgotten");
            return Ok(Remembered::default());
        };
        Ok(understood(saved, files, |number, reason| {
            tracing::warn!(file = %path.display(), number, reason, "a source in the list cannot be read and is passed over");
        }))
    }

    /// Puts another text into the place of the file, or leaves it as it is. Blocks.
    pub(super) fn save(&self, text: &str) -> io::Result<()> {
        statefile::replace(&self.folder, FILE, text)
    }
}

/// `passed_over` is told of each entry that cannot be read, with its number.
fn understood(saved: Saved, files: Option<&Path>, passed_over: impl Fn(usize, &str)) -> Remembered {
    let paused = saved.paused.into_iter();
    let paused = paused.filter_map(|(name, is_paused)| Some((name.parse().ok()?, is_paused)));
    let mut remembered = Remembered { paused: paused.collect(), ..Remembered::default() };
    for (entry, number) in saved.sources.into_iter().zip(1..) {
        match spec(&entry, files) {
            Ok(spec) if !remembered.specs.iter().any(|known| known.clashes_with(&spec)) => {
                remembered.specs.push(spec);
            }
            Ok(_) => remembered.unread.push(entry),
            Err(reason) => {
                passed_over(number, &reason);
                remembered.unread.push(entry);
            }
        }
    }
    remembered
}

/// The sources that a server on this state folder has: those of the configuration file, and those
/// that were added by page where their file can be understood. Changes nothing. Blocks.
pub(crate) fn look(folder: &Path, mut specs: Vec<Spec>, files: Option<&Path>) -> Vec<Spec> {
    let path = folder.join(FILE);
    let size = fs::metadata(&path).ok().filter(|found| found.len() <= MAX_FILE_BYTES);
    let text = size.and_then(|_| fs::read_to_string(&path).ok());
    let saved = text.and_then(|text| serde_json::from_str::<Saved>(&text).ok());
    let Some(saved) = saved.filter(|saved| saved.v <= VERSION) else { return specs };
    let Remembered { specs: added, paused, .. } = understood(saved, files, |_, _| {});
    for spec in &mut specs {
        spec.is_paused = paused.get(&spec.name).copied().unwrap_or(spec.is_paused);
    }
    let added = added.into_iter().filter(|added| !specs.iter().any(|s| s.clashes_with(added)));
    let added: Vec<Spec> = added.collect();
    specs.extend(added);
    specs
}

fn spec(entry: &Value, files: Option<&Path>) -> Result<Spec, String> {
    let Value::Object(members) = entry else { return Err("it is no object".to_owned()) };
    read(members.clone(), Writer::Page { before: None, files })
}

/// The file's text.
///
/// # Errors
/// When it cannot be written as one: the file stays as it is then.
pub(super) fn text<'a>(
    specs: impl Iterator<Item = &'a Spec>,
    paused: &BTreeMap<Name, bool>,
    unread: &[Value],
) -> serde_json::Result<String> {
    let saved = Saved {
        v: VERSION,
        sources: specs.map(entry).chain(unread.iter().cloned()).collect(),
        paused: paused.iter().map(|(name, &paused)| (name.as_str().to_owned(), paused)).collect(),
    };
    serde_json::to_string_pretty(&saved)
}

/// A source as it stands in the file.
pub(super) fn entry(spec: &Spec) -> Value {
    let mut members = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            members.insert(key.to_owned(), value);
        }
    };
    put("source", spec.name.as_str().into());
    put("name", spec.title.as_str().into());
    put("record", spec.record.into());
    put("paused", spec.is_paused.into());
    put("hours", spec.hours.texts().into());
    match &spec.input {
        Input::Rtsp(rtsp) => {
            put("kind", "rtsp".into());
            put("address", rtsp.address.reveal().as_str().into());
            put("small_address", rtsp.small.as_ref().map(|small| small.reveal().as_str()).into());
            put("user", rtsp.login.as_ref().map(|login| login.user.as_str()).into());
            put("password", rtsp.login.as_ref().map(|login| login.password.reveal()).into());
            put("transport", if rtsp.transport == Transport::Udp { "udp" } else { "tcp" }.into());
            put("sound", rtsp.has_sound.into());
        }
        Input::Camera(camera) => {
            put("kind", "camera".into());
            put("device", camera.device.as_str().into());
            put("size", size(camera.size));
            put("frames_per_second", camera.frames_per_second.into());
            put("bitrate_kbps", camera.bitrate_kbps.into());
            put("sound", sound(&camera.sound));
        }
        Input::File(file) => {
            put("kind", "file".into());
            put("path", file.path.to_string_lossy().into());
            put("sound", file.has_sound.into());
        }
        Input::Pattern(pattern) => {
            put("kind", "pattern".into());
            put("size", size(pattern.size));
            put("frames_per_second", pattern.frames_per_second.into());
            put("bitrate_kbps", pattern.bitrate_kbps.into());
            put("sound", pattern.has_sound.into());
        }
    }
    members.into()
}

/// As it is written.
pub(crate) fn size(size: Option<(u32, u32)>) -> Value {
    size.map(|(width, height)| format!("{width}x{height}")).into()
}

/// As it is written.
pub(crate) fn sound(sound: &CameraSound) -> Value {
    match sound {
        CameraSound::None => json!(false),
        CameraSound::Default => json!(true),
        CameraSound::Device(name) => json!(name),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const FILES: &str = "/srv/videos";

    fn specs() -> Vec<Spec> {
        let entries = [
            json!({
                "source": "door", "name": "Front door", "kind": "rtsp", "user": "u",
                "address": "rtsp://cam/1?key=k3y", "small_address": "rtsp://cam/2",
                "password": "s3cret", "transport": "udp", "sound": false, "paused": true,
                "hours": ["mon-fri 08:00-18:00"],
            }),
            json!({
                "source": "desk", "kind": "camera", "device": "USB Camera", "size": "1280x720",
                "frames_per_second": 12.5, "bitrate_kbps": 900, "sound": "hw:1,0", "record": false,
            }),
            json!({ "source": "loop", "kind": "file", "path": "a b.mp4" }),
            json!({ "source": "test", "kind": "pattern", "size": "64x48", "sound": false }),
        ];
        entries.iter().map(|entry| spec(entry, Some(FILES.as_ref())).unwrap()).collect()
    }

    #[test]
    fn what_is_saved_is_loaded_and_for_the_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        assert!(store.load(None).unwrap().specs.is_empty());
        let specs = specs();
        let paused = BTreeMap::from([("hall".parse().unwrap(), true)]);
        store.save(&text(specs.iter(), &paused, &[]).unwrap()).unwrap();
        let loaded = store.load(Some(FILES.as_ref())).unwrap();
        assert_eq!((loaded.specs, loaded.paused), (specs, paused));
        // Another folder: what is no longer allowed is not played, and not forgotten.
        let others = store.load(None).unwrap();
        assert_eq!((others.specs.len(), others.unread.len()), (3, 1));
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn whoever_looks_sees_what_a_server_would_fetch() {
        let folder = tempfile::tempdir().unwrap();
        let of_file: Vec<Spec> = specs().into_iter().skip(2).take(1).collect();
        let looked = || look(folder.path(), of_file.clone(), Some(FILES.as_ref()));
        assert_eq!(looked(), of_file);
        let paused = BTreeMap::from([("loop".parse().unwrap(), true)]);
        let store = Store::new(folder.path().to_owned());
        store.save(&text(specs().iter(), &paused, &[]).unwrap()).unwrap();
        let all = looked();
        let all: Vec<_> = all.iter().map(|s| (s.name.as_str(), s.is_paused)).collect();
        assert_eq!(all, [("loop", true), ("door", true), ("desk", false), ("test", false)]);
        store.save("{").unwrap();
        assert_eq!(looked(), of_file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_read_stays_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path().to_owned());
        let path = folder.path().join(FILE);
        let newer = json!({ "source": "ceiling", "kind": "hologram", "password": "s3cret" });
        let good = json!({ "source": "test", "kind": "pattern" });
        let saved = json!({ "v": 1, "sources": [newer, 5, good, good] });
        fs::write(&path, saved.to_string()).unwrap();
        let Remembered { specs, paused, unread } = store.load(None).unwrap();
        assert_eq!((specs.len(), unread.len()), (1, 3));
        store.save(&text(specs.iter(), &paused, &unread).unwrap()).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("hologram"));
        // Neither a newer version's file nor one that is something else is lost.
        fs::write(&path, r#"{"v":2,"cameras":[]}"#).unwrap();
        assert!(store.load(None).unwrap_err().to_string().contains("newer version"));
        fs::write(&path, r#"{"v":1,"sources":"#).unwrap();
        assert!(store.load(None).unwrap().specs.is_empty());
        assert!(folder.path().join("sources.json.broken").exists() && !path.exists());
    }
}
