//! What every connection and every request passes, whichever listener it comes to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::body;
use super::error::ApiError;
use super::forwarded;
use super::handshakes::Handshakes;
use super::hosts::Hosts;
use super::listener::Peer;
use super::proxied;
use super::rates::Rates;
use super::seats::Seats;
use super::tally::Tally;
use crate::config::{InForce, TrustedProxies};
use crate::metrics::{self, Refused};

/// What the listeners share.
#[derive(Debug, Clone)]
pub(crate) struct Entrance {
    pub(super) seats: Seats,
    rates: Rates,
    proxies: InForce<TrustedProxies>,
    hosts: Hosts,
    checks: Checks,
    /// Of a listener where reverse proxies ask without TLS: who else came.
    others: Option<Arc<Tally>>,
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
    pub(crate) fn new(max_open_files: u64, proxies: InForce<TrustedProxies>, hosts: Hosts) -> Self {
        let seats = Seats::new(max_open_files, proxies.clone());
        let rates = Rates::new(proxies.clone());
        Self { seats, rates, proxies, hosts, checks: Checks::Everybody, others: None }
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

    /// For a listener where reverse proxies ask without TLS, and nobody else.
    pub(crate) fn for_proxies(&self) -> Self {
        Self { others: Some(Arc::default()), ..self.clone() }
    }

    /// What a proxy says of a request is so from here on.
    fn by_proxy(&self, from: IpAddr, request: &mut Request) -> Result<(), ApiError> {
        let Some(others) = &self.others else { return Ok(()) };
        if self.proxies.get().contains(from.to_canonical()) {
            return proxied::settle(request, &self.hosts);
        }
        if let Some(count) = others.count() {
            tracing::warn!(address = %from.to_canonical(), count, "requests to proxy_port were refused: their address is not in trusted_proxies");
        }
        Err(ApiError::forbidden(
            "only this server's reverse proxies may ask here; if this is one, its address belongs \
             into trusted_proxies of the configuration file",
        ))
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
    let is_here = peer.as_ref().is_some_and(|peer| peer.address.ip().to_canonical().is_loopback());
    let unread = peer.as_ref().map(|peer| peer.unread.clone()).unwrap_or_default();
    let mut request = request.map(|body| body::in_time(body, unread));
    let asked = peer.as_ref().map(|peer| peer.asked.clone());
    if let Some(peer) = peer {
        if let Err(error) = entrance.by_proxy(peer.address.ip(), &mut request) {
            return error.into_response();
        }
        let client =
            forwarded::client(peer.address.ip(), request.headers(), &entrance.proxies.get());
        if let Err(error) = entrance.rates.count(client) {
            return error.into_response();
        }
        let address = SocketAddr::new(client, peer.address.port());
        let is_proxy = entrance.others.is_some();
        request.extensions_mut().insert(ConnectInfo(Peer { address, is_proxy, ..peer }));
    }
    let is_checked = match entrance.checks {
        Checks::Everybody => true,
        Checks::Network => !is_here,
        Checks::Nobody => false,
    };
    if is_checked && let Err(error) = entrance.hosts.check(&request) {
        metrics::REFUSED.add(Refused::Host, 1);
        return error.into_response();
    }
    if let Some(asked) = asked {
        asked.cancel();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::body::Body;
    use axum::http::header::RETRY_AFTER;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn who_asks_too_much_is_told_so_behind_a_proxy_too_and_nobody_else() {
        let proxies = toml::from_str::<HashMap<String, TrustedProxies>>("p = [\"10.9.0.1\"]");
        let proxies = proxies.unwrap().remove("p").unwrap();
        let entrance = Entrance::new(1 << 20, proxies.into(), Hosts::default());
        let routes = entrance.before(Router::new().route("/", get(|| async { "here" })));
        let ask = async |client: &str| {
            let mut request = Request::new(Body::empty());
            request.headers_mut().insert("host", "127.0.0.1".parse().unwrap());
            request.headers_mut().insert("x-forwarded-for", client.parse().unwrap());
            let proxy = Peer::at("10.9.0.1:50000".parse().unwrap());
            request.extensions_mut().insert(ConnectInfo(proxy));
            routes.clone().oneshot(request).await.unwrap()
        };
        let mut answered = 0;
        let refused = loop {
            let answer = ask("192.168.1.9").await;
            if answer.status() != 200 {
                break answer;
            }
            answered += 1;
            assert!(answered < 100_000, "nothing stops it");
        };
        assert_eq!(refused.status(), 429);
        let wait_s: u32 = refused.headers()[RETRY_AFTER].to_str().unwrap().parse().unwrap();
        assert!((1..=2).contains(&wait_s), "{wait_s}");
        assert_eq!(ask("192.168.1.10").await.status(), 200);
    }
}
