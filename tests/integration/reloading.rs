//! The configuration is read again, and nothing that goes on is stopped for it.

use serde_json::{Value, json};

use crate::support::captures::{self, judge};
use crate::support::client::Client;
use crate::support::files::{eventually, segments};
use crate::support::http::{Answer, request};
use crate::support::server::{Server, configure};
use crate::support::sources::sources;
use crate::support::told::Web;

/// Looked for in everything that the server says.
const SECRET: &str = "s3cret-token";

fn log(server: &Server) -> String {
    std::fs::read_to_string(server.folder.path().join("log")).unwrap()
}

/// A server with this in its configuration file, and its log in its folder.
fn start(config: &str) -> Server {
    Server::logging("localcamera=info", tempfile::tempdir().unwrap(), config, &[])
}

/// Has the file be as it says, and asks for it to be read again.
async fn reload(server: &Server, config: &str) -> Answer {
    configure(server.folder.path(), config);
    request(server, "POST", "/api/configuration/reload", &[], b"").await
}

async fn get(server: &Server, path: &str) -> Value {
    request(server, "GET", path, &[], b"").await.json()
}

async fn status_as(server: &Server, host: &str) -> u16 {
    request(server, "GET", "/health", &[("host", host)], b"").await.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_on_across_a_reload_and_the_changed_keys_act() {
    let mut web = Web::listen().await;
    let server = start("[alarms]\nsilent_seconds = 60\n");
    let capture = captures::named("chromium-webm-vp8-opus");
    let (mut device, _) = Client::hello(&server, "session-1").await;
    device.generation(0, &capture.mime).await;
    let chunks = capture.chunks();
    let (first, rest) = chunks.split_at(chunks.len() / 2);
    let mut position = 0;
    for chunk in first {
        device.chunk(0, position, chunk).await;
        position += chunk.len() as u64;
    }
    assert_eq!(status_as(&server, "cam.example").await, 421);

    // A flag stands above the file also now: of the port nothing changes.
    let config = format!(
        "segment_seconds = 1\nhosts = [\"cam.example\"]\nembed_origins = [\"https://a.example\"]\n\
         https_port = 7\nhttp_port = 0\n\
         [retention]\nmax_age_days = 30\n[alarms]\nsilent_seconds = 7\n\
         [[source]]\nname = \"door\"\nkind = \"rtsp\"\naddress = \"rtsp://127.0.0.1:1/\"\npaused = true\n\
         [[hook]]\non = [\"session_ended\"]\nurl = \"http://{}/\"\ntoken = \"{SECRET}\"\n",
        web.address
    );
    configure(server.folder.path(), &config);
    server.hang_up();
    let line = eventually(|| {
        let log = log(&server);
        log.lines().find(|line| line.contains("was read again")).map(str::to_owned)
    });
    let line = line.await;
    for key in ["segment_seconds", "retention.max_age_days", "hook", "source", "hosts"] {
        assert!(line.contains(key), "{key}: {line}");
    }
    assert!(line.contains("with the next start of the server changes http_port"), "{line}");
    assert!(!line.contains("https_port") && !line.contains("lan_ip"), "{line}");

    assert_eq!(status_as(&server, "cam.example").await, 200);
    let framed = request(&server, "GET", "/embed/door", &[], b"").await;
    assert!(framed.header("content-security-policy").unwrap().contains("https://a.example"));
    let retention = get(&server, "/api/library/retention").await;
    assert_eq!(
        (&retention["from"], &retention["max_age_days"]),
        (&json!("file"), &json!(30.0)),
        "{retention}"
    );
    assert_eq!(get(&server, "/api/alarms").await["silent_seconds"], 7);
    assert_eq!(sources(&server).await.len(), 1);

    // On the same connection, as if nothing had been.
    for chunk in rest {
        device.chunk(0, position, chunk).await;
        position += chunk.len() as u64;
    }
    assert_eq!(position, capture.stream.len() as u64);
    let generations = json!([{ "generation": 0, "bytes": position }]);
    device.text(json!({ "type": "stop", "generations": generations })).await;
    let ending = device.ending().await;
    assert_eq!(ending.of_type("summary").len(), 1, "{ending:?}");
    let files = segments(&server.recordings());
    assert_eq!(files.len(), 1, "{files:?}");
    judge(&capture, &files, "60");
    let told = web.next().await;
    assert_eq!(
        (told.json()["session"].as_str(), told.header("authorization")),
        (Some("session-1"), &*format!("Bearer {SECRET}"))
    );

    // Whoever begins now has shorter files.
    let (mut device, _) = Client::hello(&server, "session-2").await;
    let ending = crate::v1::record(&mut device, &capture).await;
    assert_eq!(ending.of_type("summary").len(), 1, "{ending:?}");
    assert!(segments(&server.recordings()).len() >= 4, "{:?}", segments(&server.recordings()));

    // What waits is said again, what was taken over is not; and what is no longer there ends.
    let again = reload(&server, &config).await;
    assert_eq!(
        again.json(),
        json!({ "file": "localcamera.toml", "changed": [], "waiting": ["http_port"] })
    );
    let empty = reload(&server, "# Everything as it comes.\n").await.json();
    assert_eq!(empty["waiting"], json!([]), "{empty}");
    assert_eq!(sources(&server).await.len(), 0);
    assert_eq!(get(&server, "/api/library/retention").await["from"], "page");
    assert_eq!(status_as(&server, "cam.example").await, 421);
    assert!(!log(&server).contains(SECRET));
}

#[tokio::test]
async fn a_faulty_file_is_refused_as_a_whole_in_words() {
    let before = "[alarms]\nsilent_seconds = 7\n";
    let server = start(before);
    let target =
        "[[alarms.targets]]\nkind = \"webhook\"\nurl = \"https://a.example/\"\nca = \"none.crt\"\n";
    let page = json!({
        "source": "yard", "kind": "rtsp", "address": "rtsp://127.0.0.1:1/", "paused": true,
    })
    .to_string();
    let added = request(
        &server,
        "POST",
        "/api/sources",
        &[("content-type", "application/json")],
        page.as_bytes(),
    );
    assert_eq!(added.await.status / 100, 2);
    let yard = "[[source]]\nname = \"yard\"\nkind = \"rtsp\"\naddress = \"rtsp://127.0.0.1:2/\"\n";
    for (more, words) in [
        ("[pictures]\nquality = 300\n", vec!["localcamera.toml, line 5"]),
        (
            "[pictures]\nquality = 99\n",
            vec!["pictures.quality = 99 is not allowed", "between 0 and 95"],
        ),
        ("[alarm]\n", vec!["localcamera.toml, line", "unknown field `alarm`"]),
        // What is found out only when it is taken over.
        (target, vec!["none.crt"]),
        (yard, vec!["a stream of the source yard has that name"]),
    ] {
        let answer = reload(
            &server,
            &format!("hosts = [\"cam.example\"]\n[alarms]\nsilent_seconds = 9\n{more}"),
        )
        .await;
        let said = answer.json()["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert_eq!(answer.status, 409, "{said}");
        assert!(said.contains("all goes on as it was"), "{said}");
        for words in words {
            assert!(said.contains(words), "{words}: {said}");
        }
        assert_eq!(get(&server, "/api/alarms").await["silent_seconds"], 7, "{more}");
        assert_eq!(status_as(&server, "cam.example").await, 421, "{more}");
    }
    eventually(|| (log(&server).matches("is refused").count() == 5).then_some(())).await;
    // By a signal nobody waits for, it is said in the log.
    server.hang_up();
    eventually(|| (log(&server).matches("is refused").count() == 6).then_some(())).await;
    let nothing = reload(&server, "").await;
    assert_eq!(nothing.status, 409, "an editor may be about to write it");
    std::fs::remove_file(server.folder.path().join("localcamera.toml")).unwrap();
    let gone = request(&server, "POST", "/api/configuration/reload", &[], b"").await;
    assert_eq!(gone.status, 409);
    assert!(
        gone.json()["error"]["message"].as_str().unwrap().contains("there is no localcamera.toml")
    );
    assert_eq!(get(&server, "/api/alarms").await["silent_seconds"], 7);
    let well = reload(&server, "[alarms]\nsilent_seconds = 9\n").await;
    assert_eq!(well.json()["changed"], json!(["alarms.silent_seconds"]));
    assert_eq!(get(&server, "/api/alarms").await["silent_seconds"], 9);
}
