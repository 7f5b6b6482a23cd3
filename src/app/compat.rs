//! The listeners for clients that cannot be changed.

use std::net::{IpAddr, TcpListener};

use axum::Router;

use super::listen;
use crate::addresses::Host;
use crate::config::sources::Name;
use crate::config::{Compat, Fixed};
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
    let mut add =
        |scheme: &str, purpose, listen::Listener { socket, port, .. }, routes, needs_token| {
            let address = Address { url: format!("{scheme}://{host}:{port}"), purpose };
            match (needs_token, config.bind.is_loopback()) {
                (false, _) => tracing::warn!("{}", warning(config.bind, &address.url)),
                (true, false) => tracing::warn!("{}", in_clear(&address.url)),
                (true, true) => {}
            }
            listeners.push(Listener { address, socket, routes });
        };
    for (key, fixed) in [("json_stream", &config.json), ("mpegts_stream", &config.mpegts)] {
        if let Some(Fixed { stream, .. }) = fixed
            && !is_known(stream, state)
        {
            tracing::warn!(
                "compat.{key} = \"{stream}\" names no source, and no device that was ever here; its clients see nothing until something is live by that name (GET /api/streams has the names)"
            );
        }
    }
    if let (Some(fixed), Some(bound)) = (&config.json, bound.json) {
        let needs_token = fixed.needs_token;
        let routes = http::compat_json_router(state.clone(), fixed.stream.clone(), needs_token);
        add("ws", "JSON frames for older clients", bound, routes, needs_token);
    }
    if let Some(bound) = bound.jpeg {
        let needs_token = config.jpeg_needs_token;
        let routes = http::compat_jpeg_router(state.clone(), needs_token);
        add("http", "JPEG frames for older clients", bound, routes, needs_token);
    }
    if let (Some(fixed), Some(bound)) = (&config.mpegts, bound.mpegts) {
        let needs_token = fixed.needs_token;
        let routes = http::compat_mpegts_router(state.clone(), fixed.stream.clone(), needs_token);
        add("ws", "MPEG-TS for older clients", bound, routes, needs_token);
    }
    listeners
}

/// Whether something is or was called so: a device that comes later may be meant, and a typing error
/// looks the same.
fn is_known(stream: &Name, state: &http::State) -> bool {
    let mut sources = state.sources.list().into_iter();
    sources.any(|source| source.spec.stream_names().any(|name| name == *stream))
        || state.devices.list(&[]).iter().any(|device| device.device == stream.as_str())
}

/// Who may watch by a listener.
fn warning(bind: IpAddr, url: &str) -> String {
    // Browsers let all pages connect to the computer that they run on.
    let pages = "every web page open in a browser on this computer can read it, of whichever site";
    if bind.is_loopback() {
        return format!("{url} has no token: {pages}");
    }
    format!(
        "{url} is open to the network without encryption and without a token: everyone there may \
         watch, and {pages}. compat.bind = \"127.0.0.1\" keeps it to this computer"
    )
}

/// What a token does not help against.
fn in_clear(url: &str) -> String {
    format!(
        "{url} is open to the network without encryption: whoever listens there sees the pictures \
         and the tokens. compat.bind = \"127.0.0.1\" keeps it to this computer"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_watch_is_said_wherever_it_listens() {
        let said = |bind: &str| warning(bind.parse().unwrap(), "ws://a:8765");
        for bind in ["127.0.0.1", "::1", "0.0.0.0", "192.168.1.3"] {
            let said = said(bind);
            assert!(said.starts_with("ws://a:8765 ") && said.contains("every web page"), "{said}");
        }
        assert!(said("0.0.0.0").contains("everyone there may watch"));
        assert!(!said("127.0.0.1").contains("network"));
    }
}
