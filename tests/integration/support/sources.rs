//! What the server fetches by itself: as it tells of it, and as it is recorded.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::PATIENCE;
use super::camera::decodes;
use super::files::{listing, segments};
use super::http::request;
use super::server::{Server, run};

/// Each look costs the server a request.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is told of all of them.
pub(crate) async fn sources(server: &Server) -> Vec<Value> {
    let list = request(server, "GET", "/api/sources", &[], &[]).await.json();
    list["sources"].as_array().unwrap().clone()
}

/// What is told of one; nothing where there is none of the name.
pub(crate) async fn source(server: &Server, name: &str) -> Value {
    let found = sources(server).await.into_iter().find(|source| source["source"] == name);
    found.unwrap_or_default()
}

/// Waits until a source is as wanted.
pub(crate) async fn until(server: &Server, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let looking = async {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            tick.tick().await;
            let source = source(server, name).await;
            if wanted(&source) {
                return source;
            }
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(source) => source,
        Err(_) => panic!("{name} is {}", source(server, name).await),
    }
}

/// Waits for an alarm, and gives the first of those that are told.
pub(crate) async fn alarm(server: &Server) -> Value {
    let looking = async {
        let mut tick = tokio::time::interval(LOOK_EVERY);
        loop {
            tick.tick().await;
            let told = request(server, "GET", "/api/alarms", &[], &[]).await.json();
            if let Some(alarm) = told["alarms"].get(0) {
                return alarm.clone();
            }
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("there is no alarm")
}

/// Where a source is recorded.
pub(crate) fn folder(recordings: &Path, name: &str) -> PathBuf {
    recordings.join(format!("source_{name}"))
}

/// The journals of a source, in the order of their times.
pub(crate) fn journals(recordings: &Path, name: &str) -> Vec<Vec<Value>> {
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|end| end == "jsonl");
    let journals = listing(&folder(recordings, name)).into_iter().filter(is_journal);
    let lines = |path: PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        // One that is just being written is not there yet.
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    journals.map(lines).collect()
}

/// The lines of a journal that tell of this.
pub(crate) fn of<'a>(journal: &'a [Value], event: &str) -> Vec<&'a Value> {
    journal.iter().filter(|line| line["event"] == event).collect()
}

/// The gaps that have this reason.
pub(crate) fn gaps<'a>(journal: &'a [Value], reason: &str) -> Vec<&'a Value> {
    of(journal, "gap").into_iter().filter(|gap| gap["reason"] == reason).collect()
}

/// Recordings that nothing is added to are whole: for this program, and for one that is not ours.
pub(crate) fn judge(recordings: &Path) {
    let mut check = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    let (code, said) = run(check.arg("check").arg(recordings).stderr(Stdio::piped()));
    assert_eq!(code, Some(0), "{said}");
    let files = segments(recordings);
    assert!(!files.is_empty());
    files.iter().for_each(|file| decodes(file));
    let left = listing(recordings);
    assert!(!left.iter().any(|path| path.extension().is_some_and(|end| end == "part")), "{left:?}");
}
