use std::path::{Path, PathBuf};

use super::PATIENCE;

/// Everything below a recordings folder but its lock, sorted by name.
pub(crate) fn listing(recordings: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![recordings.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            if path.file_name().is_none_or(|name| name != ".lock") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The finished segments, in the order of their times.
pub(crate) fn segments(recordings: &Path) -> Vec<PathBuf> {
    let is_segment = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "webm" || extension == "mp4")
    };
    listing(recordings).into_iter().filter(is_segment).collect()
}

/// The lines of the only journal.
pub(crate) fn journal(recordings: &Path) -> Vec<serde_json::Value> {
    let is_journal =
        |path: &PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
    let journals: Vec<_> = listing(recordings).into_iter().filter(is_journal).collect();
    assert_eq!(journals.len(), 1, "{journals:?}");
    let text = std::fs::read_to_string(&journals[0]).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Waits until `found` gives something, at every change of the folder's state that it can see.
pub(crate) async fn eventually<T>(mut found: impl FnMut() -> Option<T>) -> T {
    let polling = async {
        let mut tick = tokio::time::interval(std::time::Duration::from_millis(20));
        // What takes long to look at leaves the limit its turn.
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Some(found) = found() {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, polling).await.expect("it did not come about in time")
}
