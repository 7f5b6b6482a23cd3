//! What is wrong with files and journals is said of them, and nothing else suffers.

use std::fs;

use super::{SHORT, json_of, packets, record_all, saved};
use crate::support::files::{listing, segments};
use crate::support::server::Server;

#[tokio::test]
async fn faulty_files_are_listed_with_their_fault_and_the_others_play() {
    let server = Server::start(&SHORT);
    let vp8 = ("chromium-webm-vp8-opus", 0);
    record_all(&server, "session-1", &[vp8, ("chromium-webm-vp8-opus", 60_000)]).await;
    record_all(&server, "session-2", &[vp8]).await;
    let files = segments(&server.recordings());
    let of = |session: &str| {
        let folder = listing(&server.recordings()).into_iter().find(|path| {
            let is_journal = path.extension().is_some_and(|extension| extension == "jsonl");
            is_journal && fs::read_to_string(path).unwrap().contains(&format!("\"{session}\""))
        });
        let folder = folder.unwrap().parent().unwrap().to_owned();
        files.iter().filter(|file| file.starts_with(&folder)).cloned().collect::<Vec<_>>()
    };
    let (own, other) = (of("session-1"), of("session-2"));
    assert!(own.len() > 5 && !other.is_empty(), "{files:?}");
    fs::remove_file(&own[0]).unwrap();
    fs::write(&own[1], b"").unwrap();
    let content = fs::read(&own[2]).unwrap();
    fs::write(&own[2], &content[..content.len() / 2]).unwrap();
    fs::write(&own[3], vec![b'x'; content.len() * 4]).unwrap();
    let foreign = own[0].with_file_name("holiday.mp4");
    fs::write(&foreign, b"nobody asked for it").unwrap();
    let timeline = json_of(&server, "/api/sessions/session-1/timeline").await;
    let told = timeline["files"].as_array().unwrap();
    let faults: Vec<_> = told.iter().map(|file| file["fault"].as_str().unwrap_or("")).collect();
    assert_eq!(faults[..4], ["missing", "empty", "truncated", "damaged"], "{timeline}");
    assert!(faults[4..].iter().all(|fault| fault.is_empty()), "{faults:?}");
    assert_eq!(told.len(), own.len(), "what is foreign is not listed");
    let gaps = timeline["gaps"].as_array().unwrap().iter();
    let lost: Vec<_> = gaps.map(|gap| gap["reason"].as_str().unwrap()).collect();
    let wanted = ["file_missing", "file_damaged", "file_damaged", "file_damaged"];
    assert!(lost.starts_with(&wanted), "{lost:?}");
    let url = timeline["reels"][0]["url"].as_str().unwrap();
    let whole = saved(&server, url, "whole").await;
    let parts: Vec<String> = own[4..].iter().flat_map(|file| packets(file, "0:v:0")).collect();
    assert!(packets(&whole, "0:v:0") == parts, "the others are not what plays");
    let plan = json_of(&server, "/api/sessions/session-1/export/plan").await;
    let left_out = plan["left_out"].as_array().unwrap();
    let left_out: Vec<_> = left_out.iter().map(|one| one["fault"].as_str().unwrap()).collect();
    assert_eq!(left_out, ["missing", "empty", "truncated", "damaged"], "{plan}");
    let path = "/api/sessions/session-1/export";
    let answer = crate::support::http::request(&server, "HEAD", path, &[], b"").await;
    assert_eq!(answer.header("localcamera-left-out"), Some("4"));
    let (code, said) = super::exporting::export(&server, &["session-1"]);
    assert_eq!(code, Some(3), "{said}");
    assert_eq!(said.matches("left out").count(), 4, "{said}");
    let untouched = json_of(&server, "/api/sessions/session-2/timeline").await;
    assert!(untouched["files"].as_array().unwrap().iter().all(|file| file["fault"].is_null()));
    // After a restart the list says so, too.
    server.interrupt();
    let (_, _, folder) = server.wait();
    let server = Server::start_in(folder, &SHORT);
    let list = json_of(&server, "/api/library").await;
    let faults = |session: &str| {
        let all = list["sessions"].as_array().unwrap();
        all.iter().find(|entry| entry["session"] == session).unwrap()["faults"].clone()
    };
    assert_eq!((faults("session-1"), faults("session-2")), (1.into(), 0.into()), "{list}");
}

#[tokio::test]
async fn a_journal_of_a_newer_version_is_listed_and_plays() {
    let server = Server::start(&[]);
    record_all(&server, "session-1", &[("chromium-webm-vp8-opus", 0)]).await;
    record_all(&server, "session-2", &[("chromium-webm-vp8-opus", 0)]).await;
    server.interrupt();
    let (_, _, folder) = server.wait();
    let recordings = folder.path().join("recordings");
    let journals = listing(&recordings).into_iter();
    let journals = journals.filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
    let newer = journals
        .into_iter()
        .find(|path| fs::read_to_string(path).unwrap().contains("\"session-1\""));
    let newer = newer.unwrap();
    let mut text = fs::read_to_string(&newer).unwrap();
    text.push_str("{\"v\":2,\"at\":\"2030-01-01T00:00:00.000Z\",\"event\":\"tomorrow\"}\n");
    fs::write(&newer, &text).unwrap();
    let server = Server::start_in(folder, &[]);
    let list = json_of(&server, "/api/library").await;
    let entry = |session: &str| {
        let all = list["sessions"].as_array().unwrap();
        all.iter().find(|entry| entry["session"] == session).unwrap().clone()
    };
    assert_eq!(
        (&entry("session-1")["faults"], &entry("session-2")["faults"]),
        (&1.into(), &0.into())
    );
    let timeline = json_of(&server, "/api/sessions/session-1/timeline").await;
    let url = timeline["reels"][0]["url"].as_str().unwrap();
    assert!(packets(&saved(&server, url, "whole").await, "0:v:0").len() > 100);
    server.interrupt();
    server.wait();
}
