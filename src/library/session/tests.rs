use super::*;
use crate::library::editing::{self, Refusal, Wish};

const JOURNAL: &str = r#"{"v":1,"at":"2026-11-20T08:00:00.000Z","event":"session","session":"s","device":"d","name":"Door","client":"x","address":"x","start_us":0}
{"v":1,"at":"2026-11-20T08:01:00.000Z","event":"segment","file":"video_1.webm","generation":0,"start_us":0,"duration_us":60000000,"bytes":10,"tracks":[],"sha256":"x"}
{"v":1,"at":"2026-11-20T08:02:00.000Z","event":"segment","file":"video_2.webm","generation":0,"start_us":60000000,"duration_us":60000000,"bytes":20,"tracks":[],"sha256":"x"}
{"v":1,"at":"2026-11-20T08:02:01.000Z","event":"generation_end","generation":0,"bytes":99}
{"v":1,"at":"2026-11-20T08:03:00.000Z","event":"segment","file":"video_3.webm","generation":1,"start_us":130000000,"duration_us":60000000,"bytes":30,"tracks":[],"sha256":"x"}
{"v":1,"at":"2026-11-20T08:03:00.000Z","event":"gap","start_us":120000000,"end_us":130000000,"reason":"hidden","detail":null}
"#;

const MINUTE_US: i64 = 60_000_000;

fn session(more: &str) -> Session {
    let journal = JournalPlace { folder: "client_1".to_owned(), name: "s.jsonl".to_owned() };
    let mut session = Session::new("s".to_owned(), journal);
    let text = format!("{JOURNAL}{more}");
    Line::read_all(text.as_bytes()).for_each(|line| session.apply(&line));
    session
}

fn apply(session: &mut Session, decide: editing::Decide) -> Result<(), Refusal> {
    for event in decide(session)? {
        // As it is read again after a restart.
        let text = Line::new(chrono::DateTime::UNIX_EPOCH, event).to_text();
        Line::read_all(text.as_bytes()).for_each(|line| session.apply(&line));
    }
    Ok(())
}

fn delete(files: Option<&[&str]>, is_running: bool) -> editing::Decide {
    let files = files.map(|files| files.iter().map(|&file| file.to_owned()).collect());
    let wish = Wish::by_hand("d-1".to_owned(), "Ann".to_owned(), 500);
    editing::delete(files, move |_| is_running, wish)
}

fn names(session: &Session) -> Vec<&str> {
    session.files.iter().map(|file| &*file.name).collect()
}

#[test]
fn what_is_deleted_waits_and_comes_back() {
    let mut session = session("");
    let before = session.files.clone();
    apply(&mut session, delete(Some(&["video_1.webm", "video_3.webm"]), false)).unwrap();
    assert_eq!(names(&session), ["video_2.webm"]);
    let deletion = session.deletions.get("d-1").unwrap();
    assert_eq!((deletion.files, deletion.bytes, &*deletion.by), (2, 40, "Ann"));
    assert_eq!((deletion.start_us, deletion.end_us), (0, 190_000_000));
    assert_eq!(session.deletions.due(499, None).count(), 0);
    assert_eq!(session.deletions.due(500, None).count(), 2);
    apply(&mut session, editing::restore("d-1".to_owned(), "Ann".to_owned())).unwrap();
    assert_eq!(session.files, before);
    assert_eq!(session.deletions.iter().count(), 0);
}

#[test]
fn what_is_removed_does_not_come_back_and_stays_as_a_dated_line() {
    let mut session = session("");
    apply(&mut session, delete(None, false)).unwrap();
    session.deletions.retain(i64::MAX, |_| false);
    let restored = apply(&mut session, editing::restore("d-1".to_owned(), "Ann".to_owned()));
    assert_eq!(restored, Err(Refusal::Over));
    assert_eq!((names(&session).len(), session.deletions.iter().count()), (0, 1));
}

#[test]
fn what_its_device_has_gone_on_with_does_not_keep_the_rest_from_coming_back() {
    let mut session = session("");
    apply(&mut session, delete(None, false)).unwrap();
    let longer = r#"{"v":1,"at":"x","event":"replaced","file":"video_3.webm","generation":1,"start_us":130000000,"duration_us":61000000,"bytes":31,"tracks":[],"sha256":"x"}"#;
    Line::read_all(longer.as_bytes()).for_each(|line| session.apply(&line));
    assert_eq!(names(&session), ["video_3.webm"]);
    apply(&mut session, editing::restore("d-1".to_owned(), "Ann".to_owned())).unwrap();
    assert_eq!(names(&session), ["video_1.webm", "video_2.webm", "video_3.webm"]);
    assert_eq!(session.file("video_3.webm").unwrap().bytes, 31, "as it is now");
}

#[test]
fn what_is_deleted_is_not_kept_before_it_is_taken_back() {
    let mut session = session("");
    apply(&mut session, delete(Some(&["video_2.webm"]), false)).unwrap();
    let all = || editing::keep(0, 190_000_000, "Bob".to_owned());
    let refused = apply(&mut session, all());
    assert_eq!(refused, Err(Refusal::Deleted { deletion: "d-1".to_owned() }));
    // Beside it, and once it is gone for good.
    apply(&mut session, editing::keep(0, 1, "Bob".to_owned())).unwrap();
    session.deletions.retain(i64::MAX, |_| false);
    apply(&mut session, all()).unwrap();
}

#[test]
fn kept_and_growing_files_are_not_deleted() {
    let mut session = session("");
    apply(&mut session, editing::keep(-5, 1, "Ann".to_owned())).unwrap();
    let kept: Vec<_> = session.kept.iter().map(|kept| (kept.start_us, kept.end_us)).collect();
    assert_eq!(kept, [(0, 1000)], "no more than there is, in whole milliseconds");
    let refused = apply(&mut session, delete(None, false));
    assert_eq!(refused, Err(Refusal::Kept { file: "video_1.webm".to_owned() }));
    apply(&mut session, delete(Some(&["video_2.webm"]), true)).unwrap();
    let refused = apply(&mut session, delete(Some(&["video_3.webm"]), true));
    assert_eq!(refused, Err(Refusal::Growing { file: "video_3.webm".to_owned() }));
    apply(&mut session, editing::release(0, 1, "Ann".to_owned())).unwrap();
    apply(&mut session, delete(None, false)).unwrap();
    assert_eq!(names(&session).len(), 0);
}

#[test]
fn the_last_file_of_a_generation_is_provisional_until_that_ends() {
    let provisional = |more: &str| session(more).provisional().len();
    assert_eq!(session("").provisional().into_iter().collect::<Vec<_>>(), ["video_3.webm"]);
    let ended = r#"{"v":1,"at":"x","event":"generation_end","generation":1,"bytes":9}"#;
    assert_eq!(provisional(ended), 0);
    assert_eq!(provisional(r#"{"v":1,"at":"x","event":"stop","reason":"stopped"}"#), 0);
    assert_eq!(provisional(r#"{"v":1,"at":"x","event":"stop","reason":"timed_out"}"#), 1);
}

#[test]
fn a_file_that_goes_on_after_its_deletion_is_there_again() {
    let mut session = session("");
    apply(&mut session, delete(Some(&["video_3.webm"]), false)).unwrap();
    let longer = r#"{"v":1,"at":"x","event":"replaced","file":"video_3.webm","generation":1,"start_us":130000000,"duration_us":61000000,"bytes":31,"tracks":[],"sha256":"x"}"#;
    Line::read_all(longer.as_bytes()).for_each(|line| session.apply(&line));
    assert_eq!(session.file("video_3.webm").unwrap().bytes, 31);
    assert_eq!(session.deletions.due(i64::MAX, None).count(), 0, "it would be removed");
}

#[test]
fn a_journal_of_a_newer_version_is_read_and_not_changed() {
    let newer = session(r#"{"v":2,"at":"x","event":"tomorrow"}"#);
    assert!(newer.is_newer);
    assert_eq!(editing::deletable(&newer, None, false), Err(Refusal::Newer));
    let other_members = r#"{"v":2,"at":"x","event":"keep","spans":[[0,1]]}"#;
    assert!(session(other_members).is_newer, "a word of this version, too");
}

#[test]
fn marks_and_names_are_remembered_and_gaps_are_known() {
    let mut session = session("");
    let gap = &session.gaps[0];
    assert_eq!((gap.start_us, gap.end_us, &*gap.reason), (2 * MINUTE_US, 130_000_000, "hidden"));
    apply(&mut session, editing::mark(MINUTE_US, Some("he falls".to_owned()))).unwrap();
    assert_eq!(session.marks[0].detail.as_deref(), Some("he falls"));
    let outside = apply(&mut session, editing::mark(191_000_000, None));
    assert_eq!(outside, Err(Refusal::Outside));
    let name = |title: Option<&str>| editing::name(title.map(str::to_owned), "Ann".to_owned());
    apply(&mut session, name(Some("Match"))).unwrap();
    assert_eq!(session.title.as_deref(), Some("Match"));
    assert!(name(Some("Match"))(&session).unwrap().is_empty(), "nothing new is no line");
    apply(&mut session, name(None)).unwrap();
    assert_eq!(session.title, None);
}

proptest::proptest! {
    /// Whatever was recorded when, and whoever tells the end of a microsecond's millisecond how.
    #[test]
    fn what_is_kept_by_milliseconds_is_released_by_them(
        start_us in -2_000_i64..200_000_000,
        length_us in 1_i64..300_000_000,
        is_told_up: bool,
    ) {
        let mut session = session("");
        let start_ms = start_us.div_euclid(1000);
        let keep = editing::keep(start_ms * 1000, start_us + length_us, "Ann".to_owned());
        if apply(&mut session, keep).is_ok() {
            let kept = session.kept.iter().next().unwrap().clone();
            proptest::prop_assert_eq!((kept.start_us % 1000, kept.end_us % 1000), (0, 0));
            let told = (kept.start_us / 1000, kept.end_us / 1000);
            let release = editing::release(told.0, told.1, "Ann".to_owned());
            proptest::prop_assert_eq!(apply(&mut session, release), Ok(()));
            proptest::prop_assert!(session.kept.is_empty());
        }
        // One that another program has written, in microseconds.
        session.kept.keep(start_us, start_us + length_us, "x");
        let end_us = start_us + length_us;
        let end_ms = if is_told_up { -(-end_us).div_euclid(1000) } else { end_us.div_euclid(1000) };
        let release = editing::release(start_ms, end_ms, "Ann".to_owned());
        proptest::prop_assert_eq!(apply(&mut session, release), Ok(()));
    }
}
