use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::PATIENCE;
use super::client::tls;
use super::server::Server;

/// The answer to a request.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A request over HTTP/1.1, on a connection of its own.
pub(crate) async fn request(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = send(server, method, path, headers, body, body.len()).await;
    let mut answer = Vec::new();
    let reading = async {
        // A peer that ends without a TLS goodbye has said everything all the same.
        while stream.read_buf(&mut answer).await.is_ok_and(|count| count > 0) {
            if is_endless(&answer) {
                break;
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let body = answer.split_off(end + 4);
    let head = String::from_utf8(answer).unwrap();
    Answer { status: head[9..12].parse().unwrap(), head, body }
}

/// Whether an answer has begun that goes on for as long as the server does: its head is all of it.
fn is_endless(answer: &[u8]) -> bool {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n").map(|end| &answer[..end]);
    head.is_some_and(|head| String::from_utf8_lossy(head).contains("text/event-stream"))
}

/// Waits until an answer that goes on and on has said this.
pub(crate) async fn heard(server: &Server, path: &str, words: &str) {
    let mut stream = send(server, "GET", path, &[], b"", 0).await;
    let mut told = Vec::new();
    let hearing = async {
        while !String::from_utf8_lossy(&told).contains(words) {
            let count = stream.read_buf(&mut told).await.unwrap();
            assert!(count > 0, "it ended: {}", String::from_utf8_lossy(&told));
        }
    };
    tokio::time::timeout(PATIENCE, hearing).await.expect("it was not said in time");
}

/// A request with so much of its body. The connection breaks when the result is dropped.
pub(crate) async fn send(
    server: &Server,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    sent_bytes: usize,
) -> TlsStream<TcpStream> {
    let connector = tokio_rustls::TlsConnector::from(tls(server));
    let stream = TcpStream::connect(&server.https).await.unwrap();
    let mut stream = connector.connect("127.0.0.1".try_into().unwrap(), stream).await.unwrap();
    let fields: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let host = match headers.iter().any(|(name, _)| *name == "host") {
        true => String::new(),
        false => format!("host: {}\r\n", server.https),
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\n{host}connection: close\r\ncontent-length: {}\r\n{fields}\r\n",
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A server that has said no already reads no further.
    let _ = stream.write_all(&body[..sent_bytes]).await;
    let _ = stream.flush().await;
    stream
}
