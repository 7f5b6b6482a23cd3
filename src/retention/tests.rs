//! The real recorder on a folder of its own, with a clock that the test sets.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::sweep::SECOND_CHANCE;
use super::*;
use crate::library::Room;
use crate::library::editing::{self, EditError, Place, Refusal, Wish};
use crate::recorder::{self, CLAIM, Recorder};
use crate::storage::Filesystem;

const MINUTE_US: i64 = 60_000_000;
const DAY_US: i64 = 1440 * MINUTE_US;

/// When the first file of the first session begins: in 2026.
const START_US: WallUs = 1_780_000_000_000_000;

/// A gigabyte in a rule is a thousandth of that many bytes here, so that a file has few.
const FILE_BYTES: usize = 250_000;

struct World {
    folder: tempfile::TempDir,
}

/// A server on it.
struct Life {
    retention: Retention,
    library: Library,
    recorder: Recorder,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("recordings/client_1")).unwrap();
        std::fs::create_dir(folder.path().join("state")).unwrap();
        std::fs::write(folder.path().join("recordings").join(CLAIM), "").unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("recordings/client_1").join(name)
    }

    /// A session with files of a minute, and what its journal says behind them.
    fn session(&self, id: &str, device: &str, start_us: WallUs, files: i64, more: &str) {
        let mut journal = format!(
            r#"{{"v":1,"at":"2026-11-20T08:00:00.000Z","event":"session","session":"{id}","device":"{device}","name":"Door","client":"x","address":"x","start_us":{start_us}}}"#
        );
        journal.push('\n');
        for number in 0..files {
            let (name, at_us) = (file(id, number), start_us + number * MINUTE_US);
            journal += &format!(
                r#"{{"v":1,"at":"2026-11-20T08:00:00.000Z","event":"segment","file":"{name}","generation":0,"start_us":{at_us},"duration_us":{MINUTE_US},"bytes":{FILE_BYTES},"tracks":[],"sha256":"x"}}"#
            );
            journal.push('\n');
            std::fs::write(self.path(&name), vec![number as u8; FILE_BYTES]).unwrap();
        }
        journal += more;
        std::fs::write(self.path(&format!("session_{id}.jsonl")), journal).unwrap();
    }

    fn start(&self, chosen: Chosen) -> Life {
        let library = Library::new(self.folder.path().join("recordings"));
        let settings = recorder::Settings {
            segment: Duration::from_secs(60),
            reserve_bytes: 0,
            max_device_bytes: None,
        };
        let recorder = Recorder::new(Arc::new(Filesystem::default()), library.clone(), settings);
        let editor = Arc::new(recorder.clone());
        let state = self.folder.path().join("state");
        let retention = Retention::load(&state, Some(chosen), library.clone(), editor).unwrap();
        Life { retention, library, recorder }
    }

    /// One that has read its library.
    async fn started(&self, chosen: Chosen) -> Life {
        let life = self.start(chosen);
        life.recorder.recover(|_| false).await;
        life
    }

    /// The names of all media, as they lie in the folder.
    fn media(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("")).unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.starts_with("video_")).collect();
        names.sort();
        names
    }

    fn lines(&self, session: &str, event: &str) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.path(&format!("session_{session}.jsonl"))).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.filter(|line: &serde_json::Value| line["event"] == event).collect()
    }
}

impl Life {
    fn place(&self, session: &str) -> Place {
        self.library.place(&self.library.session(session).unwrap())
    }

    async fn delete(&self, session: &str, until_us: WallUs) -> Result<(), EditError> {
        let wish = Wish::by_hand("d-1".to_owned(), "Ann".to_owned(), until_us);
        let decide = editing::delete(None, |_| false, wish);
        self.retention.0.editor.edit(self.place(session), decide).await.map(drop)
    }

    async fn undo(&self, session: &str) -> Result<(), EditError> {
        let decide = editing::restore("d-1".to_owned(), "Ann".to_owned());
        self.retention.0.editor.edit(self.place(session), decide).await.map(drop)
    }
}

fn file(session: &str, number: i64) -> String {
    format!("video_{session}_{number}.webm")
}

const STOPPED: &str = "{\"v\":1,\"at\":\"x\",\"event\":\"stop\",\"reason\":\"stopped\"}\n";
const AWAY: &str = "{\"v\":1,\"at\":\"x\",\"event\":\"stop\",\"reason\":\"timed_out\"}\n";

fn total(files: f64) -> Chosen {
    Chosen { max_total_gb: Some(files * FILE_BYTES as f64 / 1e9), ..Chosen::default() }
}

#[tokio::test]
async fn what_was_deleted_can_be_had_back_until_it_is_swept() {
    let world = World::new();
    world.session("a", "one", START_US, 2, STOPPED);
    let life = world.started(Chosen::default()).await;
    let all = world.media();
    let now_us = START_US + DAY_US;
    life.delete("a", now_us).await.unwrap();
    assert!(life.library.session("a").unwrap().files.is_empty());
    assert_eq!(life.retention.remove_due(now_us - 1).await.files, 0);
    assert_eq!(world.media(), all);
    life.undo("a").await.unwrap();
    assert_eq!(life.library.session("a").unwrap().files.len(), 2);
    assert_eq!(life.retention.remove_due(now_us).await.files, 0);
    assert_eq!(world.media(), all, "what was taken back is removed");

    life.delete("a", now_us).await.unwrap();
    let swept = life.retention.remove_due(now_us).await;
    assert_eq!((swept.files, swept.bytes), (2, 2 * FILE_BYTES as u64));
    assert_eq!(world.media(), [] as [&str; 0]);
    let late = life.undo("a").await.unwrap_err();
    assert!(matches!(late, EditError::Refused(Refusal::Over)), "{late}");
    assert_eq!(world.lines("a", "deleted").len(), 2, "the line stays");
}

#[tokio::test]
async fn what_a_crash_has_left_between_the_line_and_the_removal_is_removed_at_the_next_start() {
    let world = World::new();
    world.session("a", "one", START_US, 3, STOPPED);
    std::fs::write(world.path("video_orphan.webm"), "nobody's").unwrap();
    let now_us = START_US + DAY_US;
    world.started(Chosen::default()).await.delete("a", now_us).await.unwrap();
    // Of a removal that was under way, one is gone.
    std::fs::remove_file(world.path(&file("a", 1))).unwrap();
    let life = world.started(Chosen::default()).await;
    assert!(life.library.session("a").unwrap().files.is_empty());
    assert_eq!(life.retention.remove_due(now_us - 1).await.files, 0);
    assert_eq!(life.retention.remove_due(now_us).await.files, 2);
    assert_eq!(world.media(), ["video_orphan.webm"]);
    assert_eq!(life.retention.remove_due(now_us).await.files, 0);
}

#[tokio::test]
async fn more_than_one_turn_removes_is_removed_all_the_same() {
    let world = World::new();
    world.session("a", "one", START_US, 230, STOPPED);
    let life = world.started(total(5.0)).await;
    assert_eq!(life.retention.expire(START_US + DAY_US).await.files, 225);
    assert_eq!(world.media().len(), 5);
    assert_eq!(world.lines("a", "deleted").len(), 3);
    life.delete("a", 0).await.unwrap();
    assert_eq!(life.retention.remove_due(1).await.files, 5);
}

#[tokio::test]
async fn the_oldest_go_and_nothing_that_is_kept_growing_waiting_or_foreign() {
    let world = World::new();
    let kept_us = (START_US + MINUTE_US, START_US + MINUTE_US + 1);
    let keep = format!(
        "{{\"v\":1,\"at\":\"x\",\"event\":\"keep\",\"start_us\":{},\"end_us\":{},\"by\":\"Ann\"}}\n{STOPPED}",
        kept_us.0, kept_us.1
    );
    world.session("a", "one", START_US, 3, &keep);
    world.session("b", "two", START_US + 10 * MINUTE_US, 3, AWAY);
    world.session("c", "three", START_US + 20 * MINUTE_US, 2, "");
    world.session("d", "four", START_US + 30 * MINUTE_US, 2, STOPPED);
    world.session("e", "five", 5 * MINUTE_US, 2, STOPPED);
    world.session("f", "six", START_US, 2, "{\"v\":2,\"at\":\"x\",\"event\":\"tomorrow\"}\n");
    for foreign in ["video_orphan.webm", "notes.txt"] {
        std::fs::write(world.path(foreign), "somebody's").unwrap();
    }
    // Of fourteen files, all but three.
    let now_us = START_US + DAY_US;
    let life = world.started(total(11.0)).await;
    let growing = world.path("video_b_9.webm.part");
    std::fs::write(&growing, "as while it records").unwrap();
    let shown = outlook(&life.library, &life.retention.chosen(), (now_us, now_us), 0);
    assert_eq!((shown.files, shown.bytes), (3, 3 * FILE_BYTES as u64));
    assert_eq!(shown.until_us, Some(START_US + 11 * MINUTE_US));
    let before = world.media();
    let swept = life.retention.expire(now_us).await;
    assert_eq!((swept.files, swept.bytes), (shown.files, shown.bytes));
    let gone: Vec<_> = before.into_iter().filter(|name| !world.media().contains(name)).collect();
    assert_eq!(gone, [file("a", 0), file("a", 2), file("b", 0)]);
    let line = &world.lines("a", "deleted")[0];
    assert_eq!((&line["reason"], &line["by"]), (&"max_total".into(), &"retention".into()));
    assert_eq!(line["files"], serde_json::json!([file("a", 0), file("a", 2)]));
    assert_eq!(life.retention.expire(now_us).await.files, 0, "no more than it must");

    // And when it asks for everything, what is safe is left.
    std::fs::remove_file(growing).expect("what grows was deleted");
    let life = world.started(total(0.0)).await;
    life.retention.expire(now_us).await;
    let safe = [
        file("a", 1),
        file("b", 2),
        file("c", 1),
        file("e", 0),
        file("e", 1),
        file("f", 0),
        file("f", 1),
        "video_orphan.webm".to_owned(),
    ];
    assert_eq!(world.media(), safe);
    assert!(world.path("notes.txt").exists());
}

#[tokio::test]
async fn what_was_kept_since_the_plan_was_made_stays() {
    let world = World::new();
    world.session("a", "one", START_US, 2, STOPPED);
    let life = world.started(total(0.0)).await;
    let keep = editing::keep(START_US, START_US + 1, "Ann".to_owned());
    let editor = &life.retention.0.editor;
    editor.edit(life.place("a"), keep).await.unwrap();
    let names = vec![file("a", 0), file("a", 1), file("a", 7)];
    let wish = Wish::by_hand("d-2".to_owned(), "retention".to_owned(), 0);
    let session = editor.edit(life.place("a"), editing::expire(names, wish)).await.unwrap();
    let left: Vec<_> = session.files.iter().map(|file| file.name.to_string()).collect();
    assert_eq!(left, [file("a", 0)]);
}

#[tokio::test]
async fn free_space_is_made_once_it_is_measured_and_counts_what_is_deleted_already() {
    let world = World::new();
    world.session("a", "one", START_US, 8, STOPPED);
    world.session("b", "two", START_US - DAY_US, 2, STOPPED);
    let reserve = Chosen { reserve_gb: Some(0.001), ..Chosen::default() };
    let life = world.started(reserve).await;
    let now_us = START_US + DAY_US;
    assert_eq!(life.retention.expire(now_us).await.files, 0, "nobody knows how much is free");
    life.delete("b", now_us + 1).await.unwrap();
    // 1.1 MB less what is free and what two files make free: 0.3 MB.
    let measured = |free_bytes| Room { free_bytes, reserve_bytes: 0 };
    life.library.trouble().measured(measured(300_000));
    assert!(life.retention.is_short());
    assert_eq!(life.retention.expire(now_us).await.files, 2);
    assert_eq!(world.lines("a", "deleted")[0]["reason"], "free_space");
    life.library.trouble().measured(measured(1_000_000));
    assert!(!life.retention.is_short());
}

#[tokio::test]
async fn what_the_disk_does_not_give_up_is_not_counted_as_room_to_come() {
    let world = World::new();
    world.session("a", "one", START_US, 8, STOPPED);
    world.session("b", "two", START_US - DAY_US, 2, STOPPED);
    let reserve = Chosen { reserve_gb: Some(0.001), ..Chosen::default() };
    let life = world.started(reserve).await;
    let now_us = START_US + DAY_US;
    life.delete("b", now_us - 1).await.unwrap();
    // Due, and not swept yet: 1.1 MB less what is free, and what is about to come.
    life.library.trouble().measured(Room { free_bytes: 700_000, reserve_bytes: 0 });
    assert_eq!(life.retention.expire(now_us).await.files, 0);
    // Long swept, and still there.
    tokio::time::pause();
    tokio::time::advance(SECOND_CHANCE).await;
    life.library.trouble().measured(Room { free_bytes: 700_000, reserve_bytes: 0 });
    assert_eq!(life.retention.expire(now_us).await.files, 2);
}

#[tokio::test]
async fn what_is_kept_is_not_removed_by_a_copy_of_its_journal() {
    let world = World::new();
    world.session("a", "one", START_US, 2, STOPPED);
    let journal = world.path("session_a.jsonl");
    std::fs::copy(&journal, world.path("session_a-old.jsonl")).unwrap();
    let life = world.started(total(0.0)).await;
    let keep = editing::keep(START_US, START_US + 1, "Ann".to_owned());
    life.retention.0.editor.edit(life.place("a"), keep).await.unwrap();
    let now_us = START_US + DAY_US;
    life.retention.expire(now_us).await;
    life.retention.remove_due(now_us).await;
    assert_eq!(world.media(), [file("a", 0)]);
}

#[tokio::test]
async fn a_clock_that_leaps_ahead_deletes_little_also_after_a_restart() {
    let world = World::new();
    world.session("a", "one", START_US, 5, STOPPED);
    let aged = Chosen { max_age_days: Some(30.0), ..Chosen::default() };
    let now_us = START_US + DAY_US;
    let life = world.started(aged).await;
    life.retention.age(now_us, Duration::ZERO).await;
    assert_eq!(life.retention.expire(now_us).await.files, 0);
    let hour = Duration::from_secs(3600);
    let leapt_us = now_us + 3650 * DAY_US;
    life.retention.age(leapt_us, hour).await;
    assert_eq!(life.retention.expire(leapt_us).await.files, 0, "the leap is believed");
    drop(life);
    let life = world.started(aged).await;
    life.retention.age(leapt_us, Duration::ZERO).await;
    assert_eq!(life.retention.expire(leapt_us).await.files, 0, "the restart believes the leap");
    // It was not a leap: so much time went by.
    life.retention.age(now_us + 31 * DAY_US, 24 * 31 * hour).await;
    assert_eq!(life.retention.expire(now_us + 31 * DAY_US).await.files, 5);
    assert_eq!(world.lines("a", "deleted")[0]["reason"], "max_age");
}

#[tokio::test]
async fn nothing_is_deleted_before_all_journals_are_read() {
    let world = World::new();
    world.session("a", "one", START_US, 2, STOPPED);
    let life = world.start(total(0.0));
    let stop = CancellationToken::new();
    let running = tokio::spawn(life.retention.clone().run(stop.clone()));
    tokio::task::yield_now().await;
    assert_eq!(world.media().len(), 2);
    assert!(!life.library.is_complete());
    life.recorder.recover(|_| false).await;
    let gone = async {
        while !world.media().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("nothing was deleted");
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn what_is_chosen_holds_after_a_restart_and_not_where_the_file_decides() {
    let world = World::new();
    let life = world.start(Chosen::default());
    assert!(matches!(life.retention.choose(total(4.0)).await, Err(NotSet::FromFile)));
    let state = world.folder.path().join("state");
    let load = |state: &Path, from_file| {
        let editor = Arc::new(life.recorder.clone());
        Retention::load(state, from_file, life.library.clone(), editor).unwrap()
    };
    let rules = Chosen { max_age_days: Some(30.0), ..Chosen::default() };
    let retention = load(&state, None);
    assert!(matches!(retention.choose(total(-1.0)).await, Err(NotSet::NotAllowed(_))));
    assert_eq!(retention.chosen(), Chosen::default());
    retention.choose(rules).await.unwrap();
    assert_eq!(load(&state, None).chosen(), rules);
    assert_eq!(load(&state, Some(Chosen::default())).chosen(), Chosen::default());
    // What cannot be saved is not so.
    std::fs::create_dir(state.join("retention.json.new")).unwrap();
    assert!(matches!(retention.choose(total(4.0)).await, Err(NotSet::NotSaved(_))));
    assert_eq!(retention.chosen(), rules);
}
