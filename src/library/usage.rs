//! How much of the disk publishers have taken: the library knows the finished files, recordings tell
//! of those that grow.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Library;
use super::session::{Publisher, SOURCE, publisher};

/// What grows. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    growing: Arc<Mutex<HashMap<u64, Grown>>>,
    recordings: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Grown {
    publisher: Publisher,
    bytes: u64,
}

/// By which a recording tells how much it has on the disk beside its finished files. Dropped, it has
/// nothing more.
#[derive(Debug)]
pub(crate) struct Growth {
    usage: Usage,
    recording: u64,
    appended_bytes: u64,
    finished_bytes: u64,
}

impl Usage {
    /// A recording of this device begins.
    pub(crate) fn begin(&self, device: &str, name: &str) -> Growth {
        let recording = self.recordings.fetch_add(1, Ordering::Relaxed);
        let (device, name) = publisher(device, name);
        let publisher = (device.to_owned(), name.to_owned());
        self.lock().insert(recording, Grown { publisher, bytes: 0 });
        Growth { usage: self.clone(), recording, appended_bytes: 0, finished_bytes: 0 }
    }

    /// How many bytes are in files that grow.
    pub(crate) fn growing_bytes(&self) -> u64 {
        self.lock().values().map(|grown| grown.bytes).sum()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Grown>> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Growth {
    /// So much was written into growing files.
    pub(crate) fn appended(&mut self, bytes: u64) {
        self.appended_bytes += bytes;
        self.tell();
    }

    /// A file of this length is finished; the library knows it from now on.
    pub(crate) fn finished(&mut self, bytes: u64) {
        self.finished_bytes += bytes;
        self.tell();
    }

    fn tell(&self) {
        if let Some(known) = self.usage.lock().get_mut(&self.recording) {
            known.bytes = self.appended_bytes.saturating_sub(self.finished_bytes);
        }
    }
}

impl Drop for Growth {
    fn drop(&mut self) {
        self.usage.lock().remove(&self.recording);
    }
}

impl Library {
    /// How many bytes each publisher has on the disk, sources apart: those are the server's own.
    pub(crate) fn taken_bytes(&self) -> BTreeMap<Publisher, u64> {
        let mut taken: BTreeMap<Publisher, u64> = BTreeMap::new();
        let mut add = |(device, name): (&str, &str), bytes: u64| {
            if !device.starts_with(SOURCE) {
                *taken.entry((device.to_owned(), name.to_owned())).or_default() += bytes;
            }
        };
        self.each(|session| {
            add(session.publisher(), session.files.iter().map(|file| file.bytes).sum());
        });
        for Grown { publisher: (device, name), bytes } in self.usage.lock().values() {
            add((device, name), *bytes);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::JournalPlace;
    use super::super::journal::Line;
    use super::*;

    fn finished(library: &Library, device: &str, name: &str, file: &str, bytes: u64) {
        let journal = JournalPlace { folder: "client_1".to_owned(), name: "s.jsonl".to_owned() };
        let begun = format!(
            r#"{{"v":1,"at":"x","event":"session","session":"s","device":"{device}","name":"{name}","client":"x","address":"x","start_us":1}}"#
        );
        let segment = format!(
            r#"{{"v":1,"at":"x","event":"segment","file":"{file}","generation":0,"start_us":1,"duration_us":1,"bytes":{bytes},"tracks":[],"sha256":"x"}}"#
        );
        for text in [begun, segment] {
            let line = Line::read_all(text.as_bytes()).next().unwrap();
            library.apply(&format!("s-{device}-{name}"), &journal, &line);
        }
    }

    fn of(library: &Library, device: &str, name: &str) -> u64 {
        let taken = library.taken_bytes();
        taken.get(&(device.to_owned(), name.to_owned())).copied().unwrap_or_default()
    }

    #[test]
    fn finished_and_growing_files_count_once_and_raw_publishers_by_their_address() {
        let library = Library::new(PathBuf::new());
        finished(&library, "a", "Door", "video_1.webm", 100);
        finished(&library, "a", "Door", "video_2.webm", 50);
        finished(&library, "source:gym", "Gym", "video_1.mp4", 1000);
        finished(&library, "raw", "10.0.0.1", "video_1.webm", 7);
        finished(&library, "raw", "10.0.0.2", "video_1.webm", 8);
        let mut growth = library.usage().begin("a", "Hall");
        growth.appended(30);
        assert_eq!(of(&library, "a", ""), 180);
        growth.appended(10);
        finished(&library, "a", "Door", "video_3.webm", 40);
        growth.finished(40);
        growth.appended(5);
        assert_eq!(of(&library, "a", ""), 195);
        drop(growth);
        assert_eq!(of(&library, "a", ""), 190);
        assert_eq!((of(&library, "raw", "10.0.0.1"), of(&library, "raw", "10.0.0.2")), (7, 8));
        assert_eq!(library.taken_bytes().len(), 3, "a source is the server's own");
    }
}
