//! Serving on a bound socket.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{AddrListener, Address, Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::acceptor::{Acceptor, PATIENCE};
use super::connection::Connection;
use super::seats::Seats;

/// The other end of a connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Ends the connection at once, with all that is spoken over it. Cancelled, too, when it has
    /// ended by itself.
    pub(crate) cut: CancellationToken,
}

impl Peer {
    fn at(address: SocketAddr) -> Self {
        Self { address, cut: CancellationToken::new() }
    }
}

/// A listener that says in the log when connections cannot be accepted; the server beneath it
/// only waits and tries again.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: TcpListener,
    seats: Seats,
}

impl Address for Peer {
    type Stream = Connection;
    type Listener = Listener;
}

impl AddrListener<Connection, Peer> for Listener {
    async fn bind_to(peer: Peer) -> io::Result<Self> {
        let socket = TcpListener::bind(peer.address).await?;
        Ok(Self { socket, seats: Seats::default() })
    }

    async fn accept_stream(&self) -> io::Result<(Connection, Peer)> {
        let accepted = self.socket.accept().await.inspect_err(|error| {
            tracing::warn!(%error, "cannot accept a connection; trying again");
        });
        let (stream, address) = accepted?;
        // Acknowledgements are small and must not wait for more.
        stream.set_nodelay(true)?;
        let peer = Peer::at(address);
        let seat = self.seats.take(address.ip());
        Ok((Connection::new(stream, seat, peer.cut.clone()), peer))
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
    seats: Seats,
) -> io::Result<()> {
    let acceptor = Acceptor::new(RustlsAcceptor::new(tls));
    let socket = TcpListener::from_std(socket)?;
    with_patience(Server::<Peer>::from_listener(Listener { socket, seats }))
        .acceptor(acceptor)
        .handle(handle)
        .serve(routes.into_make_service_with_connect_info::<Peer>())
        .await
}

/// Whoever holds a connection open without asking for anything loses it.
fn with_patience(mut server: Server<Peer>) -> Server<Peer> {
    let builder = server.http_builder();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PATIENCE);
    server
}

/// Serves `routes` without TLS until `handle` says stop.
pub(crate) async fn serve_plain(
    socket: std::net::TcpListener,
    routes: Router,
    handle: Handle<Peer>,
    seats: Seats,
) -> io::Result<()> {
    let socket = TcpListener::from_std(socket)?;
    with_patience(Server::<Peer>::from_listener(Listener { socket, seats }))
        .handle(handle)
        .serve(routes.into_make_service_with_connect_info::<Peer>())
        .await
}
