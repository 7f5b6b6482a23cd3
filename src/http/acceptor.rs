//! TLS on the page port, and a way back for browsers that came without it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::time::Duration;

use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::connection::Connection;
use super::handshakes::Handshakes;

/// The first byte of every TLS connection: a handshake record (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// A request line and a Host header fit; nothing else of the request matters.
const MAX_REQUEST_BYTES: usize = 4096;

/// A tablet on bad Wi-Fi needs a few round trips; whoever takes longer holds a socket for nothing.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// Accepts TLS. Whoever typed the address without `https://` is sent to the right one.
#[derive(Debug, Clone)]
pub(super) struct Acceptor {
    tls: RustlsAcceptor,
    handshakes: Handshakes,
}

impl Acceptor {
    pub(super) fn new(tls: RustlsAcceptor, handshakes: Handshakes) -> Self {
        Self { tls: tls.handshake_timeout(PATIENCE), handshakes }
    }
}

type TlsStream = <RustlsAcceptor as Accept<Connection, ()>>::Stream;

impl<S: Send + 'static> Accept<Connection, S> for Acceptor {
    type Stream = TlsStream;
    type Service = S;
    type Future = Pin<Box<dyn Future<Output = io::Result<(TlsStream, S)>> + Send>>;

    fn accept(&self, mut stream: Connection, service: S) -> Self::Future {
        let tls = self.tls.clone();
        let peer = stream.peer();
        let under_way = self.handshakes.begin(peer.address.ip(), peer.cut.clone());
        Box::pin(async move {
            let mut first = [0];
            let peeked = tokio::time::timeout(PATIENCE, stream.peek(&mut first)).await;
            if peeked.map_err(|_| io::ErrorKind::TimedOut)?? == 1 && first[0] != TLS_HANDSHAKE {
                let redirecting = tokio::time::timeout(PATIENCE, redirect(&mut stream)).await;
                redirecting.map_err(|_| io::ErrorKind::TimedOut)??;
                return Err(io::ErrorKind::InvalidData.into());
            }
            let accepted = tls.accept(stream, service).await;
            drop(under_way);
            accepted
        })
    }
}

/// Answers a plain request with the same address over TLS.
async fn redirect(stream: &mut Connection) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.windows(4).any(|four| four == b"\r\n\r\n") && request.len() < MAX_REQUEST_BYTES {
        let mut buffer = [0; 1024];
        match stream.read(&mut buffer).await? {
            0 => break,
            n => request.extend_from_slice(&buffer[..n]),
        }
    }
    let answer = match location(&request) {
        Some(location) => format!(
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {location}\r\ncontent-length: 0\r\n\
             connection: close\r\n\r\n"
        ),
        None => {
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
        }
    };
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Where a plain request should have gone. Only what a URL can hold passes into the answer.
fn location(request: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(request).ok()?;
    let mut lines = text.split("\r\n");
    let path = lines.next()?.split(' ').nth(1)?;
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    })?;
    // Userinfo in front of a host looks like a host.
    if host.contains('@') {
        return None;
    }
    let uri: axum::http::Uri = format!("https://{host}{path}").parse().ok()?;
    path.starts_with('/').then(|| uri.to_string())
}

#[cfg(test)]
mod tests {
    use super::location;

    #[test]
    fn a_plain_request_is_led_to_the_same_place_over_tls() {
        let request = b"GET /trust?lang=zh HTTP/1.1\r\nHost: 192.168.1.3:5001\r\n\r\n";
        assert_eq!(location(request).unwrap(), "https://192.168.1.3:5001/trust?lang=zh");
        assert_eq!(location(b"GET / HTTP/1.1\r\n\r\n"), None);
        assert_eq!(location(b"\xFF\xFE"), None);
        assert_eq!(location(b"GET / HTTP/1.1\r\nhost: a@evil\r\n\r\n"), None);
        assert_eq!(location(b"GET evil HTTP/1.1\r\nhost: a\r\n\r\n"), None);
    }
}
