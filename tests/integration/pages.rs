//! What browsers are given.

use crate::support::http::request;
use crate::support::server::Server;

#[tokio::test]
async fn the_service_worker_names_every_file_of_the_page() {
    let server = Server::start(&[]);
    let answer = request(&server, "GET", "/service-worker.js", &[], b"").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/javascript"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let (line, worker) = text.split_once('\n').unwrap();
    assert_eq!(
        worker.as_bytes(),
        request(&server, "GET", "/web/service-worker.js", &[], b"").await.body
    );
    let about = line.strip_prefix("self.localcamera = ").unwrap().strip_suffix(';').unwrap();
    let about: serde_json::Value = serde_json::from_str(about).unwrap();
    let files: Vec<&str> =
        about["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    assert!(files.is_sorted() && files.contains(&"/web/capture.js"), "{files:?}");
    assert!(!files.iter().any(|file| file.starts_with("/web/strings")), "{files:?}");
    for file in files {
        assert_eq!(request(&server, "GET", file, &[], b"").await.status, 200, "{file}");
    }
    let etag = answer.header("etag").unwrap();
    let again =
        request(&server, "GET", "/service-worker.js", &[("if-none-match", etag)], b"").await;
    assert_eq!((again.status, again.body.len()), (304, 0));

    // A copy that is kept on a device is compared with the page of the next start.
    let page = request(&server, "GET", "/?lang=zh", &[], b"").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("connect-src 'self' https: wss:;"), "{policy}");
    let other = Server::start(&[]);
    assert_eq!(request(&other, "GET", "/?lang=zh", &[], b"").await.body, page.body);
    assert_eq!(request(&other, "GET", "/service-worker.js", &[], b"").await.body, answer.body);
}

#[tokio::test]
async fn every_page_comes_in_both_languages_and_names_only_files_that_are_there() {
    let server = Server::start(&[]);
    for page in ["/", "/live", "/devices", "/address", "/mpegts/door", "/selftest", "/trust"] {
        for (lang, tag) in [("en", "lang=\"en\""), ("zh", "lang=\"zh-Hans\"")] {
            let path = format!("{page}?lang={lang}");
            let answer = request(&server, "GET", &path, &[], b"").await;
            assert_eq!(answer.status, 200, "{path}");
            let html = String::from_utf8(answer.body).unwrap();
            assert!(html.contains(tag), "{path}");
            let named = html.split(['"', '#']).filter(|part| part.starts_with("/web/"));
            for file in named.collect::<std::collections::BTreeSet<_>>() {
                let status = request(&server, "GET", file, &[], b"").await.status;
                assert_eq!(status, 200, "{path} names {file}");
            }
        }
    }
}

#[tokio::test]
async fn only_the_embedded_player_is_shown_in_frames_and_only_by_those_named() {
    let own = Server::start(&[]);
    let page = request(&own, "GET", "/embed/front-door", &[], b"").await;
    assert_eq!(page.status, 200, "{page:?}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.ends_with("frame-ancestors 'self'"), "{policy}");
    assert_eq!(page.header("x-frame-options"), None);
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(String::from_utf8_lossy(&page.body).contains("data-stream=\"front-door\""));

    let live = request(&own, "GET", "/live", &[], b"").await;
    assert!(live.header("content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
    assert_eq!(live.header("x-frame-options"), Some("DENY"));

    let text = "embed_origins = [\"https://intranet.example\", \"http://192.168.1.9:8080\"]\n";
    let named = Server::configured(text, &[]);
    let page = request(&named, "GET", "/embed/front-door", &[], b"").await;
    let policy = page.header("content-security-policy").unwrap();
    let ancestors = "frame-ancestors 'self' https://intranet.example http://192.168.1.9:8080";
    assert!(policy.ends_with(ancestors), "{policy}");
}

#[tokio::test]
async fn a_name_that_no_camera_can_have_is_a_page_that_says_so() {
    let server = Server::start(&[]);
    let long = "a".repeat(65);
    for name in ["Front-Door", "a_b", "%3Cscript%3E", "a%2Fb", &long] {
        for kind in ["embed", "mpegts"] {
            let page = request(&server, "GET", &format!("/{kind}/{name}"), &[], b"").await;
            assert_eq!(page.status, 404, "{kind} {name}: {page:?}");
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{name}");
            let text = String::from_utf8_lossy(&page.body);
            assert!(text.contains("There is no camera of this name"), "{kind} {name}: {text}");
            assert!(!text.contains(&format!("{kind}.js")), "{kind} {name}: {text}");
        }
    }
}

#[tokio::test]
async fn of_the_folder_for_programs_of_others_one_file_is_given_and_no_other() {
    let server = Server::start(&[]);
    let state = server.folder.path().join("state");
    let ask =
        async |file: &str| request(&server, "GET", &format!("/extras/{file}"), &[], b"").await;
    let missing = ask("jsmpeg.min.js").await;
    assert_eq!(missing.status, 404, "{missing:?}");
    assert!(String::from_utf8_lossy(&missing.body).contains("state folder"), "{missing:?}");

    std::fs::create_dir(state.join("extras")).unwrap();
    std::fs::write(state.join("extras/jsmpeg.min.js"), "var JSMpeg = {};").unwrap();
    std::fs::write(state.join("extras/other.js"), "1").unwrap();
    let there = ask("jsmpeg.min.js").await;
    assert_eq!((there.status, &there.body[..]), (200, &b"var JSMpeg = {};"[..]));
    assert_eq!(there.header("content-type"), Some("text/javascript"));
    assert_eq!(there.header("x-content-type-options"), Some("nosniff"));
    for other in ["other.js", "..%2Fdevices.json", "%2E%2E%2Fdevices.json", "jsmpeg.min.js%00"] {
        assert_eq!(ask(other).await.status, 404, "{other}");
    }
}
