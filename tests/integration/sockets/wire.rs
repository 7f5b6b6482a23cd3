//! A WebSocket byte by byte, so that what no client would send can be sent.

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Case;
use super::moves::{End, Script};
use crate::support::PATIENCE;
use crate::support::client::tls;
use crate::support::server::Server;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) struct Wire {
    stream: Box<dyn Stream>,
}

/// What the server says until the end.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// The codes of its close frames.
    pub(super) closes: Vec<u16>,
    /// Its texts.
    pub(super) texts: Vec<String>,
    pub(super) has_ended: bool,
    /// What is no frame of a server.
    pub(super) fault: Option<&'static str>,
}

pub(super) fn handshake(host: &str, case: &Case) -> String {
    let protocol = case.protocol.map(|name| format!("sec-websocket-protocol: {name}\r\n"));
    format!(
        "GET {} HTTP/1.1\r\nhost: {host}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{}\r\n",
        case.address,
        protocol.unwrap_or_default(),
    )
}

impl Wire {
    async fn connect(server: &Server, host: &str, is_plain: bool) -> Self {
        let stream = TcpStream::connect(host).await.unwrap();
        if is_plain {
            return Self { stream: Box::new(stream) };
        }
        let connector = tokio_rustls::TlsConnector::from(tls(server));
        let stream = connector.connect("127.0.0.1".try_into().unwrap(), stream).await.unwrap();
        Self { stream: Box::new(stream) }
    }

    /// The status and the body by which a handshake is refused.
    pub(super) async fn refused(
        server: &Server,
        host: &str,
        is_plain: bool,
        request: &[u8],
    ) -> (u16, Vec<u8>) {
        let mut wire = Self::connect(server, host, is_plain).await;
        wire.stream.write_all(request).await.unwrap();
        wire.stream.flush().await.unwrap();
        let mut answer = Vec::new();
        let reading = wire.stream.read_to_end(&mut answer);
        let _ = tokio::time::timeout(PATIENCE, reading).await.expect("it stays open");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("no answer");
        let body = answer.split_off(end + 4);
        let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
        (status, body)
    }

    pub(super) async fn open(server: &Server, host: &str, is_plain: bool, case: &Case) -> Self {
        let mut wire = Self::connect(server, host, is_plain).await;
        wire.stream.write_all(handshake(host, case).as_bytes()).await.unwrap();
        wire.stream.flush().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let byte = tokio::time::timeout(PATIENCE, wire.stream.read_u8()).await;
            head.push(byte.expect("no answer").expect("it ended"));
        }
        assert!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&head));
        wire
    }

    /// Says all of it while it hears, as browsers do, and hears on until the end.
    pub(super) async fn talk(&mut self, script: &Script) -> Heard {
        let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
        let mut said = Vec::new();
        let saying = async {
            for piece in &script.pieces {
                // A server that has closed takes no more.
                if writer.write_all(piece).await.is_err() || writer.flush().await.is_err() {
                    return;
                }
            }
            if script.end == End::HalfClosed {
                let _ = writer.shutdown().await;
            }
        };
        let hearing = async {
            let mut piece = vec![0; 64 << 10];
            loop {
                match reader.read(&mut piece).await {
                    Ok(0) | Err(_) => return,
                    Ok(count) => said.extend_from_slice(&piece[..count]),
                }
            }
        };
        let both = async { tokio::join!(saying, hearing) };
        let has_ended = tokio::time::timeout(PATIENCE, both).await.is_ok();
        Heard { has_ended, ..read(&said) }
    }
}

/// The frames of a server: whole, not masked, with nothing behind the close.
fn read(mut said: &[u8]) -> Heard {
    let mut heard = Heard::default();
    while let [first, second, rest @ ..] = said {
        if second & 0x80 != 0 || first & 0x70 != 0 {
            heard.fault = Some("a frame of the server is masked, or has bits of extensions");
            return heard;
        }
        let more = match second & 0x7F {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        // A connection may end inside a frame.
        if rest.len() < more {
            return heard;
        }
        let long = rest[..more].iter().fold(0_u64, |sum, &byte| (sum << 8) | u64::from(byte));
        let length = if more == 0 { usize::from(second & 0x7F) } else { long as usize };
        let Some(payload) = rest[more..].get(..length) else { return heard };
        if first & 0x0F == 1 {
            heard.texts.push(String::from_utf8_lossy(payload).into_owned());
        }
        match (first & 0x0F, payload) {
            (0..=2 | 9 | 10, _) if heard.closes.is_empty() => {}
            (8, []) => heard.closes.push(1000),
            (8, [high, low, ..]) => heard.closes.push(u16::from_be_bytes([*high, *low])),
            (0..=2 | 9 | 10, _) => heard.fault = Some("something follows the close"),
            _ => heard.fault = Some("a frame of no known kind"),
        }
        said = &rest[more + length..];
    }
    heard
}
