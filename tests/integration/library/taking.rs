//! What people take along: parts of sessions, and days.

use std::path::Path;
use std::process::Command;

use super::{SHORT, called, duration_s, json_of, packets, record_all, saved, start_ms};
use crate::support::client::get;
use crate::support::files::segments;
use crate::support::http::request;
use crate::support::server::Server;

/// Names and sizes in a zip, whose sums are right, by Python's reader.
fn unzipped(zip: &Path, into: &Path) -> Vec<String> {
    let script = "import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\n\
        z.extractall(sys.argv[2])\nprint('\\n'.join(z.namelist()))";
    let judged = Command::new("python3").args(["-c", script]).args([zip, into]).output().unwrap();
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    String::from_utf8(judged.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_part_over_several_files_is_one_file_with_its_samples() {
    for (capture, extension) in
        [("chromium-webm-vp8-opus", "webm"), ("chromium-mp4-h264-opus", "mp4")]
    {
        let server = Server::start(&SHORT);
        record_all(&server, "session-1", &[(capture, 0)]).await;
        let files = segments(&server.recordings());
        let all: Vec<String> = files.iter().flat_map(|file| packets(file, "0:v:0")).collect();
        let begins_ms = start_ms(&server, "session-1").await;
        let (from_ms, to_ms) = (begins_ms + 2500, begins_ms + 5000);
        let query = format!("from_ms={from_ms}&to_ms={to_ms}&zone=UTC");
        let plan = json_of(&server, &format!("/api/sessions/session-1/export/plan?{query}")).await;
        let planned = &plan["files"][0];
        assert_eq!((plan["is_zip"].as_bool(), plan["files"][1].is_null()), (Some(false), true));
        let name = planned["name"].as_str().unwrap();
        let starts_ms = planned["start_ms"].as_i64().unwrap();
        assert_eq!(name, format!("Bench 3 {}.{extension}", called(starts_ms).1));
        assert!(starts_ms <= from_ms && from_ms - starts_ms < 2100, "{starts_ms} {from_ms}");
        let path = format!("/api/sessions/session-1/export?{query}");
        let part = saved(&server, &path, &format!("part.{extension}")).await;
        assert_eq!(Some(std::fs::metadata(&part).unwrap().len()), planned["bytes"].as_u64());
        // What it holds is a part of all there is, without a hole, and begins with a key frame.
        let of_part = packets(&part, "0:v:0");
        let at = all.iter().position(|packet| *packet == of_part[0]).expect("its first picture");
        assert!(all[at..at + of_part.len()] == of_part[..], "{capture}");
        let preroll_ms = planned["preroll_ms"].as_i64().unwrap();
        let shown_ms = duration_s(&part) * 1000.0 - preroll_ms as f64;
        // A WebM ends with the group of pictures in which the end lies.
        let longest_ms = if extension == "webm" { 2500.0 + 2100.0 } else { 2600.0 };
        assert!((2400.0..longest_ms).contains(&shown_ms), "{capture}: {shown_ms}");
        assert_eq!(preroll_ms == 0, extension == "mp4", "{capture}: {preroll_ms}");
        let answer = request(&server, "HEAD", &path, &[], b"").await;
        let named = answer.header("content-disposition").unwrap().to_owned();
        assert!(named.contains(&format!("filename=\"{name}\"")), "{named}");
        let told = answer.header("localcamera-preroll-ms").unwrap().to_owned();
        assert_eq!(told, preroll_ms.to_string());
    }
}

#[tokio::test]
async fn a_download_goes_on_where_it_broke_off() {
    let server = Server::start(&SHORT);
    let generations = [("chromium-webm-vp8-opus", 0), ("chromium-mp4-h264-opus", 60_000)];
    record_all(&server, "session-1", &generations).await;
    let url = format!("https://{}/api/sessions/session-1/export", server.https);
    let (status, whole) = get(&server, "/api/sessions/session-1/export").await;
    assert_eq!(status, 200);
    let part = server.folder.path().join("part.zip");
    for kept in [1, 40, whole.len() / 2, whole.len() - 10] {
        std::fs::write(&part, &whole[..kept]).unwrap();
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "30", "--continue-at", "-"]);
        curl.arg("--cacert").arg(server.folder.path().join("certs/ca.crt"));
        let done = curl.arg("--output").arg(&part).arg(&url).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        assert!(std::fs::read(&part).unwrap() == whole, "from {kept}");
    }
    let into = server.folder.path().join("unzipped");
    let names = unzipped(&part, &into);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].ends_with(".webm") && names[1].ends_with(".mp4"), "{names:?}");
    let files = segments(&server.recordings());
    for name in &names {
        let extension = Path::new(name).extension();
        let of_kind = files.iter().filter(|file| file.extension() == extension);
        let parts: Vec<String> = of_kind.flat_map(|file| packets(file, "0:v:0")).collect();
        assert!(packets(&into.join(name), "0:v:0") == parts, "{name}");
    }
}

#[tokio::test]
async fn a_day_is_a_zip_of_its_files_with_a_table() {
    let server = Server::start(&SHORT);
    record_all(&server, "session-1", &[("chromium-webm-vp8-opus", 0)]).await;
    record_all(&server, "session-2", &[("chromium-mp4-h264-opus", 0)]).await;
    let files = segments(&server.recordings());
    let (day, time) = called(start_ms(&server, "session-1").await);
    let zip = saved(&server, &format!("/api/library/export?day={day}&zone=UTC"), "day.zip").await;
    let into = server.folder.path().join("unzipped");
    let names = unzipped(&zip, &into);
    assert_eq!(names.len(), files.len() + 1, "{names:?}");
    assert_eq!(names[0], "index.csv");
    assert!(
        names[1].starts_with(&format!("Bench 3/Bench 3 {}", &time[..time.len() - 1])),
        "{names:?}"
    );
    let table = std::fs::read_to_string(into.join("index.csv")).unwrap();
    assert_eq!(table.lines().count(), files.len() + 1, "{table}");
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        let recorded = server.recordings().join(columns[8]);
        let taken = std::fs::read(into.join(columns[0])).unwrap();
        assert!(taken == std::fs::read(&recorded).unwrap(), "{line}");
    }
    let (status, _) = get(&server, "/api/library/export?day=2001-01-01&zone=UTC").await;
    assert_eq!(status, 404);
    let file = files[0].file_name().unwrap().to_str().unwrap();
    let session = json_of(&server, "/api/sessions/session-1").await;
    let owner = if session["files"].to_string().contains(file) { "session-1" } else { "session-2" };
    let one = format!("/api/library/export/files?files={owner}/{file}");
    let zip = saved(&server, &one, "one.zip").await;
    assert_eq!(unzipped(&zip, &server.folder.path().join("one")).len(), 2);
    let (status, _) = get(&server, "/api/library/export/files?files=session-1/../../x").await;
    assert_eq!(status, 404);
}
