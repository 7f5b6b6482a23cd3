use std::path::Path;
use std::time::Duration;

use container::{BareCodec, BareTrack, Event, Init, ResumePoint, ResumeState, Sample};

use super::super::{CLAIM, Settings};
use super::*;
use crate::library::Library;
use crate::live::feed::{Durable, Ending, Feed, Peer, Step};
use crate::live::{Hub, Publication};
use crate::storage::Filesystem;

const START_US: i64 = 1_795_172_786_994_000;

fn session(id: &str) -> SessionInfo {
    SessionInfo {
        id: id.to_owned(),
        device: "source:door".to_owned(),
        key_sha256: None,
        name: "Front door".to_owned(),
        client: "rtsp".to_owned(),
        peer: Peer::Source { name: "door".to_owned(), address: "rtsp://cam/1".to_owned() },
        started_us: START_US,
        is_resumable: false,
        is_continued: false,
    }
}

fn media() -> Vec<Step> {
    let init = Init::of_bare(&[BareTrack::video(BareCodec::Mjpeg, (64, 48))]).unwrap();
    let sample = |number: i64| Sample {
        track: 0,
        pts: number * 90_000,
        dts: number * 90_000,
        duration: None,
        sync: true,
        data: vec![7; 100].into(),
        block_extra: bytes::Bytes::new(),
    };
    let events = [Event::Init(Arc::new(init)), Event::Sample(sample(0)), Event::Sample(sample(1))];
    let step = |(position, event)| Step {
        event: Some(event),
        resume: Some(ResumePoint { position, state: ResumeState::new() }),
    };
    let end = Step {
        event: None,
        resume: Some(ResumePoint { position: 300, state: ResumeState::new() }),
    };
    (0..).step_by(100).zip(events).map(step).chain([end]).collect()
}

fn recorder(root: &Path) -> Recorder {
    let settings =
        Settings { segment: Duration::from_secs(60), reserve_bytes: 0, max_device_bytes: None };
    Recorder::new(Arc::new(Filesystem::default()), Library::new(root.to_owned()), settings)
}

/// Begins a source's session, and waits until something of it is on the disk.
async fn record(recorder: &Recorder, id: &str) -> Publication {
    let (hub, queue) = Hub::new();
    tokio::spawn(recorder.clone().run(queue));
    let (mut publication, opening) = hub.record(session(id));
    opening.send().await;
    let begun = Begun {
        number: 0,
        mime: "video/webm".to_owned(),
        reason: "start".to_owned(),
        anchor_us: START_US,
    };
    publication.feed.send(Feed::Begin(begun)).await.unwrap();
    publication.feed.send(Feed::Media { generation: 0, steps: media() }).await.unwrap();
    let is_durable =
        |durable: &Durable| durable.generations.get(&0).is_some_and(|known| known.position > 0);
    let waiting = publication.durable.wait_for(is_durable);
    let waiting = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    drop(waiting.expect("nothing is recorded").unwrap());
    publication
}

/// The recordings folder as a crash leaves it in the middle of a source's session.
async fn crashed() -> tempfile::TempDir {
    let [running, crashed] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    std::fs::write(running.path().join(CLAIM), "").unwrap();
    let _publication = record(&recorder(running.path()), "s-1").await;
    std::fs::write(crashed.path().join(CLAIM), "").unwrap();
    let [from, to] = [&running, &crashed].map(|folder| folder.path().join("source_door"));
    std::fs::create_dir(&to).unwrap();
    for entry in std::fs::read_dir(&from).unwrap() {
        let name = entry.unwrap().file_name();
        std::fs::copy(from.join(&name), to.join(&name)).unwrap();
    }
    crashed
}

#[tokio::test]
async fn a_source_records_before_the_library_is_read_and_is_not_taken_for_what_a_crash_left() {
    let folder = crashed().await;
    let recorder_of = || recorder(folder.path());
    let later = recorder_of();
    // The time in its journal's name is that of the earlier one.
    let mut publication = record(&later, "s-2").await;
    let scan = |is_own: &(dyn Fn(&Path) -> bool + Sync)| {
        let found = recorder_of().library.scan(&Filesystem::default(), is_own);
        let mut found: Vec<_> = found.into_iter().map(|found| found.session).collect();
        found.sort();
        found
    };
    assert_eq!(scan(&|_| false), ["s-1", "s-2"]);
    assert_eq!(scan(&|path| later.active.is_own(path)), ["s-1"]);
    // Nor is one that is over before it is looked at.
    publication.feed.send(Feed::Finish(Ending::Stopped)).await.unwrap();
    publication.durable.wait_for(|durable| durable.finished.is_some()).await.unwrap();
    assert_eq!(scan(&|path| later.active.is_own(path)), ["s-1"]);
    later.recover(|_| true).await;
    let sessions = ["s-1", "s-2"].map(|id| later.library.session(id).unwrap());
    assert_eq!(sessions.map(|session| session.files.len()), [1, 1]);
    // The one that a crash left is over, and what followed it is told; the other one ended by itself.
    let journals = std::fs::read_dir(folder.path().join("source_door")).unwrap();
    let journals = journals.map(|entry| entry.unwrap().path());
    let journals = journals.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl"));
    for journal in journals {
        let text = std::fs::read_to_string(journal).unwrap();
        let count = |word: &str| text.matches(word).count();
        let is_crashed = text.contains("\"s-1\"");
        let wanted = if is_crashed { [1, 1, 0] } else { [1, 0, 1] };
        let stopped = [r#""event":"stop""#, "\"lost\"", "\"stopped\""];
        assert_eq!(stopped.map(count), wanted, "{text}");
    }
}
