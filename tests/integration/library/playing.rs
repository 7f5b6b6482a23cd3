//! Single pictures, and playlists for players of HLS. Judged by ffmpeg.

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{SHORT, json_of, packets, record_all, saved, start_ms};
use crate::support::access::ask;
use crate::support::client::get;
use crate::support::files::segments;
use crate::support::http::request;
use crate::support::server::Server;

/// The first picture of a file at a time, as decoded.
fn decoded(file: &Path, at_s: f64) -> String {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-ss", &at_s.to_string(), "-i"]).arg(file);
    command.args(["-map", "0:v:0", "-frames:v", "1", "-pix_fmt", "yuv420p", "-f", "framemd5", "-"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().rfind(|line| !line.starts_with('#')).unwrap();
    last.rsplit(',').next().unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_picture_is_the_key_frame_of_its_time() {
    let server = Server::start(&SHORT);
    record_all(&server, "session-webm", &[("chromium-webm-vp8-opus", 0)]).await;
    record_all(&server, "session-mp4", &[("chromium-mp4-h264-opus", 0)]).await;
    let files = segments(&server.recordings());
    for session in ["session-webm", "session-mp4"] {
        let told = json_of(&server, &format!("/api/sessions/{session}")).await;
        for told in &told["files"].as_array().unwrap()[..3] {
            let name = told["file"].as_str().unwrap();
            let file = files.iter().find(|file| file.ends_with(name)).unwrap();
            let at_ms = told["start_ms"].as_i64().unwrap() + 400;
            let path = format!("/api/sessions/{session}/frame?wall_ms={at_ms}");
            let answer = request(&server, "GET", &path, &[], b"").await;
            assert_eq!(answer.status, 200, "{answer:?}");
            if session == "session-webm" {
                assert_eq!(answer.header("content-type"), Some("image/webp"));
                let still = server.folder.path().join("still.webp");
                std::fs::write(&still, &answer.body).unwrap();
                assert_eq!(decoded(&still, 0.0), decoded(file, 0.0), "{name}");
            } else {
                assert_eq!(answer.header("localcamera-codec").unwrap()[..5], *"avc1.");
                assert!(answer.header("localcamera-config").is_some_and(|it| it.len() > 20));
                // The samples of a file are in the order in which they are decoded.
                let content = std::fs::read(file).unwrap();
                let is_there =
                    content.windows(answer.body.len()).any(|part| part == &answer.body[..]);
                assert!(is_there && answer.body.len() > 500, "{name}");
            }
            let jpeg = saved(&server, &format!("{path}&format=jpeg"), "still.jpg").await;
            let probed = Command::new("ffprobe")
                .args(["-v", "error", "-show_entries", "stream=codec_name,width", "-of", "csv=p=0"])
                .arg(&jpeg)
                .output()
                .unwrap();
            assert_eq!(String::from_utf8_lossy(&probed.stdout).trim(), "mjpeg,320");
        }
        // The very first millisecond is that of a file that begins inside it.
        let first_ms = start_ms(&server, session).await;
        let first = format!("/api/sessions/{session}/frame?wall_ms={first_ms}");
        let answer = request(&server, "GET", &first, &[], b"").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("cache-control"), Some("private, max-age=3600"));
        for wall_ms in [0, 99_999_999_999_999_i64] {
            let path = format!("/api/sessions/{session}/frame?wall_ms={wall_ms}");
            assert_eq!(get(&server, &path).await.0, 404, "{wall_ms}");
        }
    }
}

#[tokio::test]
async fn an_address_stays_good_when_what_was_in_front_of_it_is_gone() {
    let server = Server::start(&SHORT);
    let generations = [("chromium-webm-vp8-opus", 0), ("chromium-mp4-h264-opus", 60_000)];
    record_all(&server, "session-1", &generations).await;
    let timeline = json_of(&server, "/api/sessions/session-1/timeline").await;
    let [first, second] = &timeline["reels"].as_array().unwrap()[..] else { panic!("{timeline}") };
    let (first, second) = (first["url"].as_str().unwrap(), second["url"].as_str().unwrap());
    let before = get(&server, second).await;
    assert_eq!(before.0, 200);
    let files = timeline["files"].as_array().unwrap().iter();
    let names = files.map(|file| format!("session-1/{}", file["file"].as_str().unwrap()));
    let of_first: Vec<String> = names.filter(|name| name.ends_with(".webm")).collect();
    let wish = json!({ "files": of_first });
    let deleted = ask(&server, "POST", "/api/library/deletions", None, &wish).await;
    assert_eq!(deleted.status, 202, "{deleted:?}");
    let timeline = json_of(&server, "/api/sessions/session-1/timeline").await;
    assert_eq!(timeline["reels"][0]["container"], "mp4");
    assert!(get(&server, second).await == before);
    assert_eq!(get(&server, first).await.0, 410);
}

#[tokio::test]
async fn a_playlist_plays_all_that_was_recorded() {
    let server = Server::start(&SHORT);
    let mp4 = "chromium-mp4-h264-opus";
    record_all(&server, "session-1", &[(mp4, 0), (mp4, 60_000)]).await;
    let path = "/api/sessions/session-1/playlist.m3u8";
    let (status, playlist) = get(&server, path).await;
    let playlist = String::from_utf8(playlist).unwrap();
    assert_eq!(status, 200, "{playlist}");
    assert!(playlist.starts_with("#EXTM3U\n") && playlist.ends_with("#EXT-X-ENDLIST\n"));
    // As ffmpeg speaks TLS, and with our authority alone.
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-tls_verify", "1", "-ca_file"]);
    command.arg(server.folder.path().join("certs/ca.crt"));
    command.args(["-i", &format!("https://{}{path}", server.https), "-map", "0:v:0", "-c", "copy"]);
    let output = command.args(["-f", "framehash", "-hash", "md5", "-"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let sums = |line: &str| line.rsplit(',').next().unwrap().trim().to_owned();
    let played: Vec<String> =
        text.lines().filter(|line| !line.starts_with('#')).map(sums).collect();
    let files = segments(&server.recordings());
    let recorded: Vec<String> = files.iter().flat_map(|file| packets(file, "0:v:0")).collect();
    assert!(played == recorded, "{} of {}", played.len(), recorded.len());
    record_all(&server, "session-2", &[("chromium-webm-vp8-opus", 0)]).await;
    assert_eq!(get(&server, "/api/sessions/session-2/playlist.m3u8").await.0, 404);
}
