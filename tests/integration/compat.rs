//! Clients that cannot be changed: what they have always sent is taken, and answered as ever.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::live::send;
use crate::support::PATIENCE;
use crate::support::captures::{self, Capture, judge};
use crate::support::client::Client;
use crate::support::files::{eventually, segments};
use crate::support::server::{Server, command, configure, run};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A plain connection of an old client, from a page of some origin, and the subprotocol that it
/// was answered.
pub(crate) async fn connect(
    url: &str,
    headers: &[(&'static str, &str)],
) -> (Socket, Option<String>) {
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let connecting = tokio_tungstenite::connect_async(request);
    let (socket, answer) = tokio::time::timeout(PATIENCE, connecting).await.unwrap().unwrap();
    let protocol = answer.headers().get("sec-websocket-protocol");
    (socket, protocol.map(|protocol| protocol.to_str().unwrap().to_owned()))
}

/// The status with which a connection is refused.
pub(crate) async fn refusal(url: &str) -> u16 {
    let connecting = tokio_tungstenite::connect_async(url);
    match tokio::time::timeout(PATIENCE, connecting).await.unwrap() {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was let in"),
    }
}

/// Reads until the connection is cut, without a goodbye.
pub(crate) async fn cut(socket: &mut Socket) {
    let end = async {
        while let Some(Ok(message)) = socket.next().await {
            assert!(!message.is_close(), "{message}");
        }
    };
    tokio::time::timeout(PATIENCE, end).await.expect("the connection goes on");
}

/// The next message that says something.
pub(crate) async fn next(socket: &mut Socket) -> Message {
    loop {
        let next = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
        match next.unwrap().unwrap() {
            Message::Ping(_) | Message::Pong(_) => {}
            message => return message,
        }
    }
}

pub(crate) async fn next_json(socket: &mut Socket) -> Value {
    serde_json::from_str(next(socket).await.to_text().unwrap()).unwrap()
}

/// Everything until the end: the texts, how many other messages there were, and the close code.
pub(crate) async fn ending(socket: &mut Socket) -> (Vec<Value>, usize, Option<u16>) {
    let (mut texts, mut others) = (Vec::new(), 0);
    loop {
        match next(socket).await {
            Message::Text(text) => texts.push(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => return (texts, others, frame.map(|frame| frame.code.into())),
            _ => others += 1,
        }
    }
}

/// A device that records and is live: `test-device`.
async fn publish(server: &Server, session: &str, capture: &Capture) -> Client {
    let (mut device, welcome) = Client::hello(server, session).await;
    device
        .text(json!({
            "type": "generation", "generation": 0, "mime": capture.mime, "reason": "start",
            "started_ms": welcome["now_ms"], "offset_ms": 0,
        }))
        .await;
    send(&mut device, capture, 0..4).await;
    device
}

async fn stop(mut device: Client, capture: &Capture) {
    let bytes: usize = capture.chunks()[..4].iter().map(|chunk| chunk.len()).sum();
    device
        .text(json!({ "type": "stop", "generations": [{ "generation": 0, "bytes": bytes }] }))
        .await;
    device.ending().await;
}

#[tokio::test]
async fn a_client_of_json_frames_waits_for_its_stream_however_often_it_goes() {
    let server = Server::configured("[compat]\njson_port = 0\njson_stream = \"test-device\"", &[]);
    let url = server.printed("JSON frames");
    assert!(url.starts_with("ws://127.0.0.1:"), "{url}");
    // A page from a file; what it asks for behind the port has never mattered.
    let headers = [("origin", "null"), ("sec-websocket-protocol", "null")];
    let (mut socket, protocol) =
        connect(&format!("{url}/any/path?quality=nonsense"), &headers).await;
    assert_eq!(protocol.as_deref(), Some("null"), "some give up without the answer");
    let capture = captures::named("chromium-webm-vp8-opus");
    let mut told = next_json(&mut socket).await;
    for session in ["session-1", "session-2"] {
        assert_eq!(told["type"], "error", "{told}");
        assert!(told["message"].as_str().unwrap().contains("test-device"), "{told}");
        assert_eq!(told.as_object().unwrap().len(), 2, "{told}");
        let device = publish(&server, session, &capture).await;
        told = next_json(&mut socket).await;
        assert_eq!(told["type"], "image", "{told}");
        assert_eq!(told.as_object().unwrap().len(), 3);
        let engine = &base64::engine::general_purpose::STANDARD;
        let jpeg = base64::Engine::decode(engine, told["data"].as_str().unwrap()).unwrap();
        assert!(jpeg.starts_with(&[0xFF, 0xD8]) && jpeg.ends_with(&[0xFF, 0xD9]));
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let late_s = now.as_secs_f64() - told["timestamp"].as_f64().unwrap();
        assert!((0.0..PATIENCE.as_secs_f64()).contains(&late_s), "{late_s}");
        stop(device, &capture).await;
        // Pictures that were on the way, and then that it is gone.
        while told["type"] == "image" {
            told = next_json(&mut socket).await;
        }
    }
    server.interrupt();
    let (_, _, code) = ending(&mut socket).await;
    assert_eq!(code, Some(1012));
    assert!(server.wait().0.success());
}

#[tokio::test]
async fn a_player_of_mpeg_ts_waits_for_its_stream_too() {
    const PACKET_BYTES: usize = 188;
    let server =
        Server::configured("[compat]\nmpegts_port = 0\nmpegts_stream = \"test-device\"", &[]);
    let url = server.printed("MPEG-TS");
    let headers = [("origin", "null"), ("sec-websocket-protocol", "null")];
    let (mut socket, protocol) = connect(&format!("{url}/"), &headers).await;
    assert_eq!(protocol.as_deref(), Some("null"), "JSMpeg gives up without the answer");
    let capture = captures::named("chromium-webm-vp8-opus");
    for session in ["session-1", "session-2"] {
        let device = publish(&server, session, &capture).await;
        // Nothing else is said before: players take each message for media.
        let Message::Binary(packets) = next(&mut socket).await else { panic!("no packets") };
        assert!(packets.len().is_multiple_of(PACKET_BYTES), "{}", packets.len());
        assert!(packets.chunks(PACKET_BYTES).all(|packet| packet[0] == 0x47));
        stop(device, &capture).await;
    }
}

#[tokio::test]
async fn the_status_of_the_jpeg_listener_is_the_old_one_and_every_page_may_read_it() {
    let server = Server::configured("[compat]\njpeg_port = 0", &[]);
    let url = server.printed("JPEG frames");
    let address = url.strip_prefix("http://").unwrap();
    for origin in ["null", "https://elsewhere.example"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET / HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert_eq!(body, r#"{"status":"ok","message":"Video Streaming Server is running."}"#);
        let head = head.to_ascii_lowercase();
        assert!(head.contains("content-type: application/json"), "{head}");
        assert!(head.contains(&format!("access-control-allow-origin: {origin}")), "{head}");
    }
}

/// Asks for an address from a page of some origin, on the listener for old clients.
async fn refused(server: &str, query: &str) -> String {
    let url = format!("{}/ws/stream?{query}", server.replace("http://", "ws://"));
    let (mut socket, _) = connect(&url, &[("origin", "null")]).await;
    let (texts, others, code) = ending(&mut socket).await;
    assert_eq!((texts.len(), others, code), (1, 0, Some(4404)), "{texts:?}");
    assert_eq!(texts[0].as_object().unwrap().len(), 1, "{texts:?}");
    texts[0]["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_is_opened_that_the_configuration_does_not_allow() {
    // Somebody who would notice.
    let camera = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = camera.local_addr().unwrap().port();
    for allowed in ["", "[viewers]\nrtsp_addresses = [\"rtsp://*\", \"rtsp://10.0.0.0/8\"]\n"] {
        let server = Server::configured(&format!("{allowed}[compat]\njpeg_port = 0"), &[]);
        let old = server.printed("JPEG frames");
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "10.0.0.1@127.0.0.1"] {
            let reason = refused(&old, &format!("rtsp_url=rtsp://{host}:{port}/s3cret")).await;
            assert!(reason.contains("viewers.rtsp_addresses"), "{host}: {reason}");
            assert!(!reason.contains("s3cret"), "{reason}");
        }
        let reason = refused(&old, &format!("rtsp_url=rtsp://2130706433:{port}/")).await;
        assert!(reason.contains("four numbers"), "{reason}");
        assert!(refused(&old, "").await.contains("rtsp_url"));
        // The same on the main listener, for programs.
        let url = format!("{}/ws/stream?rtsp_url=rtsp%3A%2F%2F127.0.0.1:{port}", server.https);
        let ending = Client::connect(&server, &url, None).await.ending().await;
        assert_eq!((ending.texts.len(), ending.close_code()), (1, Some(4404)));
        // And not even asked for by the pages of others.
        let (status, _) = Client::refused(&server, &url, "https://elsewhere.example").await;
        assert_eq!(status, 403);
    }
    let nobody = futures_util::FutureExt::now_or_never(camera.accept());
    assert!(nobody.is_none(), "somebody was called all the same");
}

#[tokio::test]
async fn an_address_where_nobody_answers_is_told_once_and_no_password_is_kept() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let text = "[viewers]\nrtsp_addresses = [\"rtsp://127.0.0.1\"]\n[compat]\njpeg_port = 0";
    configure(folder.path(), text);
    let mut command = command(folder.path());
    command.env("LOCALCAMERA_LOG", "localcamera=trace");
    let server = Server::run(command, folder, &[]);
    let old = server.printed("JPEG frames");
    let query = format!("rtsp_url=rtsp://us3r:s3cret@{gone}/s3cret?x=1&password=s3cret");
    let reason = refused(&old, &query).await;
    assert!(reason.contains(&gone.to_string()) && reason.contains("cannot be"), "{reason}");
    assert!(!reason.contains("s3cret") && !reason.contains("us3r"), "{reason}");
    server.interrupt();
    let (status, said, _) = server.wait();
    assert!(status.success());
    assert!(said.contains(&gone.to_string()), "{said}");
    assert!(!said.contains("s3cret") && !said.contains("us3r"), "{said}");
}

#[tokio::test]
async fn an_older_capture_page_of_another_port_is_recorded() {
    let capture = captures::named("chromium-webm-vp8-opus");
    for origin in ["https://127.0.0.1:8443", "null", "https://elsewhere.example"] {
        let server = Server::start(&[]);
        let mut page = Client::from_origin(&server, &server.wss, origin).await;
        for chunk in capture.chunks() {
            page.binary(chunk).await;
        }
        page.close().await;
        eventually(|| crate::raw::has_stopped(&server).then_some(())).await;
        judge(&capture, &segments(&server.recordings()), "60");
    }
}

#[tokio::test]
async fn listeners_for_old_clients_are_off_and_loud_where_the_network_reaches_them() {
    let open = "[compat]\nbind = \"0.0.0.0\"\njpeg_port = 0";
    for (text, is_open) in [("", false), ("[compat]\njpeg_port = 0", false), (open, true)] {
        let server = Server::configured(text, &[]);
        if !text.is_empty() {
            assert!(server.printed("JPEG frames").starts_with("http://127.0.0.1:"));
        }
        server.interrupt();
        let (status, said, _) = server.wait();
        assert!(status.success(), "{said}");
        assert_eq!(said.contains("without a token"), is_open, "{said}");
    }
}

#[test]
fn a_listener_without_its_stream_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "[compat]\njson_port = 0");
    let (code, said) = run(&mut command(folder.path()));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("json_stream"), "{said}");
}

#[tokio::test]
async fn a_listener_for_old_clients_takes_no_other_requests() {
    let server = Server::configured("[compat]\njson_port = 0\njson_stream = \"door\"", &[]);
    let url = server.printed("JSON frames");
    let mut stream = TcpStream::connect(url.strip_prefix("ws://").unwrap()).await.unwrap();
    let request = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    // And says nothing to a socket that speaks.
    let (mut socket, _) = connect(&url, &[]).await;
    assert_eq!(next_json(&mut socket).await["type"], "error");
    let sent = socket.send(Message::Binary(vec![0; 1 << 20].into())).await;
    let after = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    let is_over = matches!(after, None | Some(Err(_) | Ok(Message::Close(_))));
    assert!(is_over, "{sent:?} {after:?}");
    // A name that nothing has may be a typing error.
    server.interrupt();
    let (_, said, _) = server.wait();
    let told = "compat.json_stream = \"door\" names no source";
    assert_eq!(said.matches(told).count(), 1, "{said}");
}
