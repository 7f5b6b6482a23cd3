//! Serving on a bound socket.

use std::io;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{AddrListener, Address, Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::net::{TcpListener, TcpStream};

use super::acceptor::{Acceptor, PATIENCE};

/// The other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A listener that says in the log when connections cannot be accepted; the server beneath it
/// only waits and tries again.
#[derive(Debug)]
pub(crate) struct Listener(TcpListener);

impl Address for Peer {
    type Stream = TcpStream;
    type Listener = Listener;
}

impl AddrListener<TcpStream, Peer> for Listener {
    async fn bind_to(peer: Peer) -> io::Result<Self> {
        TcpListener::bind(peer.0).await.map(Self)
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, Peer)> {
        let accepted = self.0.accept().await.inspect_err(|error| {
            tracing::warn!(%error, "cannot accept a connection; trying again");
        });
        let (stream, peer) = accepted?;
        // Acknowledgements are small and must not wait for more.
        stream.set_nodelay(true)?;
        Ok((stream, Peer(peer)))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.0.local_addr().map(Peer)
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
) -> io::Result<()> {
    let acceptor = Acceptor::new(RustlsAcceptor::new(tls));
    with_patience(Server::<Peer>::from_listener(Listener(TcpListener::from_std(socket)?)))
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
) -> io::Result<()> {
    with_patience(Server::<Peer>::from_listener(Listener(TcpListener::from_std(socket)?)))
        .handle(handle)
        .serve(routes.into_make_service_with_connect_info::<Peer>())
        .await
}
