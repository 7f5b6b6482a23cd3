//! What every connection and every request passes, whichever listener it comes to.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::body;
use super::forwarded;
use super::handshakes::Handshakes;
use super::hosts::Hosts;
use super::listener::Peer;
use super::seats::Seats;
use crate::config::TrustedProxies;

/// What the listeners share.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(super) seats: Seats,
    proxies: TrustedProxies,
    hosts: Hosts,
    checks: Checks,
}

/// Of whom the name is checked that the server is asked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Checks {
    Everybody,
    /// But for programs on this computer.
    Network,
    Nobody,
}

impl Entrance {
    /// Of a process that may have so many files open.
    pub(crate) fn new(max_open_files: u64, proxies: TrustedProxies, hosts: Hosts) -> Self {
        let seats = Seats::new(max_open_files, proxies.clone());
        Self { seats, proxies, hosts, checks: Checks::Everybody }
    }

    /// For a listener that shows the same to everybody and knows nobody. Whoever comes by a wrong
    /// name is led to the listener that says so.
    pub(crate) fn for_all_names(&self) -> Self {
        Self { checks: Checks::Nobody, ..self.clone() }
    }

    /// For a listener whose clients on this computer may say what they like.
    pub(crate) fn for_old_clients(&self) -> Self {
        Self { checks: Checks::Network, ..self.clone() }
    }

    pub(super) fn handshakes(&self) -> Handshakes {
        Handshakes::new(self.proxies.clone())
    }

    /// The routes behind it.
    pub(super) fn before(&self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self.clone(), enter))
    }
}

async fn enter(State(entrance): State<Entrance>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|info| info.0.clone());
    let is_checked = match entrance.checks {
        Checks::Everybody => true,
        Checks::Network => {
            !peer.as_ref().is_some_and(|peer| peer.address.ip().to_canonical().is_loopback())
        }
        Checks::Nobody => false,
    };
    let unread = peer.as_ref().map(|peer| peer.unread.clone()).unwrap_or_default();
    let mut request = request.map(|body| body::in_time(body, unread));
    if is_checked && let Err(error) = entrance.hosts.check(&request) {
        return error.into_response();
    }
    if let Some(peer) = peer {
        peer.asked.cancel();
        let client = forwarded::client(peer.address.ip(), request.headers(), &entrance.proxies);
        let address = SocketAddr::new(client, peer.address.port());
        request.extensions_mut().insert(ConnectInfo(Peer { address, ..peer }));
    }
    next.run(request).await
}
