//! By which names the server answers, whom it takes a request to come from, and what browsers may
//! do with its answers.

use crate::support::captures;
use crate::support::client::{Client, hello_message};
use crate::support::files::segments;
use crate::support::http::request;
use crate::support::server::Server;

#[tokio::test]
async fn only_who_asks_for_this_server_is_answered() {
    let server = Server::configured("hosts = [\"cam.example.com\"]", &[]);
    let port = server.https.rsplit(':').next().unwrap();
    for name in ["127.0.0.1", "[::1]", "localhost", "tablet.local", "cam.example.com"] {
        let host = format!("{name}:{port}");
        let answer = request(&server, "GET", "/health", &[("host", &host)], b"").await;
        assert_eq!(answer.status, 200, "{host}");
    }
    // A site that has made its own name lead here.
    for path in ["/health", "/", "/api/streams", "/web/lib/request.js", "/nowhere"] {
        let host = format!("rebound.example:{port}");
        let answer = request(&server, "GET", path, &[("host", &host)], b"").await;
        assert_eq!(answer.status, 421, "{path}");
        let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("hosts = [\"rebound.example\"]"), "{message}");
    }
    let two = [("host", "127.0.0.1"), ("host", "rebound.example")];
    assert_eq!(request(&server, "GET", "/", &two, b"").await.status, 400);
}

/// Where the recording of a publisher went for which this was said.
async fn folder_of(config: &str, said: &str) -> String {
    let server = Server::configured(config, &[]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut client = Client::forwarded(&server, &format!("{}/ws/ingest", server.https), said).await;
    client.text(hello_message("session-1")).await;
    assert_eq!(client.receive().await["type"], "welcome");
    let ending = crate::v1::record(&mut client, &capture).await;
    assert_eq!(ending.close_code(), Some(1000));
    let file = segments(&server.recordings()).pop().unwrap();
    let folder = file.parent().unwrap().file_name().unwrap().to_str().unwrap();
    // The port is that of the connection.
    let (folder, port) = folder.rsplit_once('_').unwrap();
    assert_ne!(port.parse::<u16>().unwrap(), 0);
    folder.to_owned()
}

#[tokio::test]
async fn a_proxy_that_is_trusted_says_who_publishes_and_nobody_else_does() {
    let trusted = "trusted_proxies = [\"127.0.0.1\"]";
    assert_eq!(folder_of(trusted, "192.0.2.1, 192.168.1.20").await, "client_192.168.1.20");
    assert_eq!(folder_of("", "192.168.1.20").await, "client_127.0.0.1");
    let others = "trusted_proxies = [\"10.0.0.0/8\"]";
    assert_eq!(folder_of(others, "192.168.1.20").await, "client_127.0.0.1");
}

#[tokio::test]
async fn browsers_keep_nothing_of_the_api_and_show_nothing_to_other_sites() {
    let server = Server::start(&[]);
    for path in ["/api/streams", "/api/devices", "/api/nothing", "/health", "/api/alarms"] {
        let answer = request(&server, "GET", path, &[], b"").await;
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    for path in ["/", "/devices", "/api/streams", "/web/lib/request.js"] {
        let answer = request(&server, "GET", path, &[], b"").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe"), "{policy}");
    }
    // A page of one of the server's other addresses delivers here.
    let origin = [("origin", "https://192.0.2.1:5001")];
    let answer = request(&server, "POST", "/api/ingest", &origin, b"").await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (201, Some("*")));
}
