//! Recorded files as other clients fetch them: in ranges, under conditions, and on from where a
//! download broke off. Judged by curl.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use crate::support::captures;
use crate::support::client::Client;
use crate::support::files::segments;
use crate::support::server::Server;

/// A server with a finished file, where it is and what is in it.
async fn recorded() -> (Server, String, Vec<u8>) {
    let server = Server::start(&[]);
    let capture = captures::named("chromium-mp4-h264-opus");
    let (mut client, _) = Client::hello(&server, "session-1").await;
    crate::v1::record(&mut client, &capture).await;
    let file = segments(&server.recordings()).pop().unwrap();
    let name = file.file_name().unwrap().to_str().unwrap();
    let url = format!("https://{}/api/sessions/session-1/files/{name}", server.https);
    let content = std::fs::read(&file).unwrap();
    // A date is good for a part of it once nothing else can have been there in the same second.
    let a_minute_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let opened = std::fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(a_minute_ago).unwrap();
    (server, url, content)
}

/// What curl has got: the head of its answer and the body.
fn curl(server: &Server, url: &str, args: &[&str]) -> (String, Vec<u8>) {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--include", "--http1.1", "--max-time", "30"]);
    command.arg("--cacert").arg(server.folder.path().join("certs/ca.crt"));
    let output = command.args(args).arg(url).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut answer = output.stdout;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    let body = answer.split_off(end);
    (String::from_utf8(answer).unwrap(), body)
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn status(head: &str) -> u16 {
    head.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn curl_gets_the_ranges_that_it_asks_for() {
    let (server, url, content) = recorded().await;
    let length = content.len();
    let (head, body) = curl(&server, &url, &[]);
    assert_eq!((status(&head), &body), (200, &content));
    assert_eq!(field(&head, "accept-ranges"), Some("bytes"));
    assert_eq!(field(&head, "content-type"), Some("video/mp4"));
    assert!(field(&head, "last-modified").is_some() && field(&head, "etag").is_some(), "{head}");
    let part = |asked: &str, range: Range<usize>| {
        let (head, body) = curl(&server, &url, &["--range", asked]);
        assert_eq!(status(&head), 206, "{asked}: {head}");
        let said = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        assert_eq!(field(&head, "content-range"), Some(said.as_str()), "{asked}");
        assert_eq!(body, content[range], "{asked}");
    };
    part("0-99", 0..100);
    part("100-", 100..length);
    part("-100", length - 100..length);
    part("-99999999", 0..length);
    part("1000-99999999", 1000..length);
    let (head, _) = curl(&server, &url, &["--range", "99999999-"]);
    assert_eq!(status(&head), 416);
    assert_eq!(field(&head, "content-range"), Some(format!("bytes */{length}").as_str()));

    let (head, body) = curl(&server, &url, &["--range", "0-9,5000-5009"]);
    assert_eq!(status(&head), 206);
    let boundary = field(&head, "content-type").unwrap().split_once("boundary=").unwrap().1;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut wanted = String::new();
    for (said, range) in [("0-9", 0..10), ("5000-5009", 5000..5010)] {
        wanted += &format!("\r\n--{boundary}\r\nContent-Type: video/mp4\r\n");
        wanted += &format!("Content-Range: bytes {said}/{length}\r\n\r\n{}", text(&content[range]));
    }
    assert_eq!(text(&body), format!("{wanted}\r\n--{boundary}--\r\n"));
}

#[tokio::test]
async fn a_client_that_has_the_file_or_another_one_is_told() {
    let (server, url, content) = recorded().await;
    let (head, _) = curl(&server, &url, &[]);
    let etag = field(&head, "etag").unwrap().to_owned();
    let modified = field(&head, "last-modified").unwrap().to_owned();
    let ask = |name: &str, value: &str| {
        let header = format!("{name}: {value}");
        let (head, body) = curl(&server, &url, &["--range", "0-9", "--header", &header]);
        (status(&head), body.len())
    };
    assert_eq!(ask("If-Range", &etag), (206, 10));
    assert_eq!(ask("If-Range", "\"another\""), (200, content.len()));
    assert_eq!(ask("If-Range", &modified), (206, 10));
    assert_eq!(ask("If-Range", "Fri, 20 Nov 2020 08:00:00 GMT"), (200, content.len()));
    assert_eq!(ask("If-None-Match", &etag), (304, 0));
    assert_eq!(ask("If-Modified-Since", &modified), (304, 0));
    assert_eq!(ask("If-Match", "\"another\"").0, 412);
    assert_eq!(ask("If-Unmodified-Since", "Fri, 20 Nov 2020 08:00:00 GMT").0, 412);

    let head_alone = curl(&server, &url, &["--head", "--range", "0-9"]);
    assert_eq!((status(&head_alone.0), head_alone.1.len()), (200, 0));
    let length = content.len().to_string();
    assert_eq!(field(&head_alone.0, "content-length"), Some(length.as_str()));
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on() {
    let (server, url, content) = recorded().await;
    let saved = server.folder.path().join("saved.mp4");
    std::fs::write(&saved, &content[..content.len() / 3]).unwrap();
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--continue-at", "-"])
        .arg("--cacert")
        .arg(server.folder.path().join("certs/ca.crt"))
        .arg("--output")
        .args([saved.as_path(), Path::new(&url)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(std::fs::read(&saved).unwrap(), content);
}
