//! Serving on a bound socket.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{AddrListener, Address, Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::acceptor::{Acceptor, PATIENCE};
use super::body::Unread;
use super::connection::Connection;
use super::entrance::Entrance;
use super::tally::Tally;

/// The handshake, and the head of the request.
const FIRST_REQUEST_PATIENCE: Duration = PATIENCE.saturating_mul(2);

/// A page that is watched over bad Wi-Fi may be silent for so long.
const PING_PATIENCE: Duration = Duration::from_secs(20);

/// Browsers send a few kilobytes, and cookies of other programs on the same computer with them.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Browsers send some 20, a chain of proxies a few more.
const MAX_HEADERS: usize = 100;

/// The same for HTTP/2, as it is counted there (RFC 9113 section 6.5.2).
const MAX_HEADER_LIST_BYTES: u32 = 32 << 10;

/// A page that shows every camera asks for that many pictures at once; at least 100 are advised
/// (RFC 9113 section 6.5.2).
const MAX_STREAMS: u32 = 200;

/// Requests taken back before they were looked at (CVE-2023-44487): no browser takes back more at
/// once than a person leaves a page with.
const MAX_RESET_STREAMS: usize = 20;

/// Streams that the peer's mistakes have ended, until the connection is (CVE-2025-8671).
const MAX_ERRED_STREAMS: usize = 100;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Ends the connection at once, with all that is spoken over it. Cancelled, too, when it has
    /// ended by itself.
    pub(crate) cut: CancellationToken,
    /// Cancelled once it has made a request.
    pub(super) asked: CancellationToken,
    /// Whether it has come to the listener for reverse proxies.
    pub(super) is_proxy: bool,
    /// Whether it may still be sending what nobody reads.
    pub(super) unread: Unread,
}

impl Peer {
    pub(super) fn at(address: SocketAddr) -> Self {
        Self {
            address,
            cut: CancellationToken::new(),
            asked: CancellationToken::new(),
            is_proxy: false,
            unread: Unread::default(),
        }
    }

    /// Cuts the connection when it makes no request. What is beneath finds out which HTTP is
    /// spoken, and waits for that without end.
    async fn has_to_ask(self) {
        tokio::select! {
            () = self.asked.cancelled() => {}
            () = self.cut.cancelled() => {}
            () = tokio::time::sleep(FIRST_REQUEST_PATIENCE) => self.cut.cancel(),
        }
    }
}

/// A listener that says in the log when connections cannot be accepted; the server beneath it
/// only waits and tries again.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    entrance: Entrance,
    failed: Tally,
}

impl Address for Peer {
    type Stream = Connection;
    type Listener = Listener;
}

impl AddrListener<Connection, Peer> for Listener {
    /// Sockets are bound before there is a server.
    async fn bind_to(_: Peer) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn accept_stream(&self) -> io::Result<(Connection, Peer)> {
        loop {
            let accepted = self.socket.accept().await.inspect_err(|error| {
                if let Some(count) = self.failed.count() {
                    tracing::warn!(%error, count, "cannot accept connections; trying again");
                }
            });
            let (stream, address) = accepted?;
            let Some(seat) = self.entrance.seats.take(address.ip()) else { continue };
            // Acknowledgements are small and must not wait for more. It fails where the peer has
            // gone already, which whoever reads sees.
            let _ = stream.set_nodelay(true);
            let peer = Peer::at(address);
            tokio::spawn(peer.clone().has_to_ask());
            return Ok((Connection::new(stream, seat, peer.clone()), peer));
        }
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.socket.local_addr().map(Peer::at)
    }
}

impl Connected<Self> for Peer {
    fn connect_info(peer: Self) -> Self {
        peer
    }
}

/// Serves `routes` over TLS until `handle` says stop.
pub(crate) async fn serve_tls(
    socket: std::net::TcpListener,
    tls: RustlsConfig,
    routes: Router,
    handle: Handle<Peer>,
    entrance: Entrance,
) -> io::Result<()> {
    let acceptor = Acceptor::new(RustlsAcceptor::new(tls), entrance.handshakes());
    let routes = entrance.before(routes);
    server(socket, entrance)?
        .acceptor(acceptor)
        .handle(handle)
        .serve(routes.into_make_service_with_connect_info::<Peer>())
        .await
}

/// Whoever holds a connection open without asking for anything, or asks for too much, loses it.
fn server(socket: std::net::TcpListener, entrance: Entrance) -> io::Result<Server<Peer>> {
    let socket = TcpListener::from_std(socket)?;
    let listener = Listener { socket, entrance, failed: Tally::default() };
    let mut server = Server::<Peer>::from_listener(listener);
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PATIENCE)
        .keep_alive_timeout(PING_PATIENCE)
        .max_concurrent_streams(MAX_STREAMS)
        .max_pending_accept_reset_streams(MAX_RESET_STREAMS)
        .max_local_error_reset_streams(MAX_ERRED_STREAMS)
        .max_header_list_size(MAX_HEADER_LIST_BYTES);
    Ok(server)
}

/// Serves `routes` without TLS until `handle` says stop.
pub(crate) async fn serve_plain(
    socket: std::net::TcpListener,
    routes: Router,
    handle: Handle<Peer>,
    entrance: Entrance,
) -> io::Result<()> {
    let routes = entrance.before(routes);
    server(socket, entrance)?
        .handle(handle)
        .serve(routes.into_make_service_with_connect_info::<Peer>())
        .await
}
