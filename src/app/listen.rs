//! The sockets, bound before anything else begins.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result, anyhow, bail};

use crate::config::Config;

/// A bound socket and its real port.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) port: u16,
}

/// The listeners that the configuration asks for.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) https: Listener,
    pub(super) wss: Option<Listener>,
    pub(super) http: Option<Listener>,
}

pub(super) fn bind(config: &Config) -> Result<Listeners> {
    if config.wss_port == Some(config.https_port) && config.https_port != 0 {
        bail!(
            "--https-port and --wss-port are both {}; choose another for one of them",
            config.https_port
        );
    }
    let optional =
        |port: Option<u16>, flag| port.map(|port| listen(config.bind, port, flag)).transpose();
    Ok(Listeners {
        https: listen(config.bind, config.https_port, "--https-port")?,
        wss: optional(config.wss_port, "--wss-port")?,
        http: optional(config.http_port, "--http-port")?,
    })
}

fn listen(ip: Option<IpAddr>, port: u16, flag: &str) -> Result<Listener> {
    let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    let bound = match TcpListener::bind(SocketAddr::new(ip.unwrap_or(any), port)) {
        // A system without IPv6 listens on all IPv4 addresses.
        Err(_) if ip.is_none() => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)),
        bound => bound,
    };
    let socket = bound.map_err(|error| explain(error, ip, port, flag))?;
    socket.set_nonblocking(true).context("cannot prepare a socket")?;
    let port = socket.local_addr().context("cannot read a socket's address")?.port();
    Ok(Listener { socket, port })
}

fn explain(error: std::io::Error, ip: Option<IpAddr>, port: u16, flag: &str) -> anyhow::Error {
    let at = ip.map_or_else(|| "all addresses".to_owned(), |ip| ip.to_string());
    match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "port {port} is in use by another program; stop it, or choose another with {flag} PORT"
        ),
        ErrorKind::AddrNotAvailable => anyhow!(
            "{at} is not an address of this computer; leave --bind away to listen on all of them"
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "this user may not listen on port {port}; choose one above 1023 with {flag} PORT"
        ),
        _ => anyhow!(error).context(format!("cannot listen on {at}, port {port} ({flag})")),
    }
}
