//! The listeners for clients that cannot be changed.

use std::net::{IpAddr, TcpListener};

use axum::Router;

use super::listen;
use crate::addresses::Host;
use crate::config::Compat;
use crate::console::Address;
use crate::http;

/// A listener and what it answers.
pub(super) struct Listener {
    pub(super) address: Address,
    pub(super) socket: TcpListener,
    pub(super) routes: Router,
}

/// Those that are asked for. `host` is how others reach this computer.
pub(super) fn listeners(
    config: &Compat,
    bound: listen::Compat,
    host: &Host,
    state: &http::State,
) -> Vec<Listener> {
    let host = if config.bind.is_unspecified() { host.clone() } else { Host::Ip(config.bind) };
    let mut listeners = Vec::new();
    let mut add = |scheme: &str, purpose, listen::Listener { socket, port }, routes| {
        let address = Address { url: format!("{scheme}://{host}:{port}"), purpose };
        warn_if_open(config.bind, &address);
        listeners.push(Listener { address, socket, routes });
    };
    if let (Some(fixed), Some(bound)) = (&config.json, bound.json) {
        let routes = http::compat_json_router(state.clone(), fixed.stream.clone());
        add("ws", "JSON frames for older clients", bound, routes);
    }
    if let Some(bound) = bound.jpeg {
        let routes = http::compat_jpeg_router(state.clone());
        add("http", "JPEG frames for older clients", bound, routes);
    }
    if let (Some(fixed), Some(bound)) = (&config.mpegts, bound.mpegts) {
        let routes = http::compat_mpegts_router(state.clone(), fixed.stream.clone());
        add("ws", "MPEG-TS for older clients", bound, routes);
    }
    listeners
}

fn warn_if_open(bind: IpAddr, address: &Address) {
    if !bind.is_loopback() {
        let url = &address.url;
        tracing::warn!(
            "{url} is open to the network without encryption and without a token: everyone there \
             may watch. compat.bind = \"127.0.0.1\" keeps it to this computer"
        );
    }
}
