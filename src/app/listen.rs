//! The sockets, bound before anything else begins.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::{Context, Result, anyhow, bail};

use crate::addresses;
use crate::config::{self, Config, Fixed};

/// A bound socket and its real port.
#[derive(Debug)]
pub(super) struct Listener {
    pub(super) socket: TcpListener,
    pub(super) address: SocketAddr,
    pub(super) port: u16,
}

/// The listeners that the configuration asks for.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) https: Listener,
    pub(super) wss: Option<Listener>,
    pub(super) http: Option<Listener>,
    pub(super) proxy: Option<Listener>,
    pub(super) compat: Compat,
}

/// Those for clients that cannot be changed.
#[derive(Debug)]
pub(super) struct Compat {
    pub(super) json: Option<Listener>,
    pub(super) jpeg: Option<Listener>,
    pub(super) mpegts: Option<Listener>,
}

/// What a listener is set by, for whoever has to set it in another way.
#[derive(Debug, Clone, Copy)]
struct Setting {
    /// What is followed by a port.
    port: &'static str,
    bind: &'static str,
}

impl Setting {
    const fn flag(port: &'static str) -> Self {
        Self { port, bind: "leave --bind away to listen on all of them" }
    }

    const fn proxy() -> Self {
        let bind = "leave --proxy-bind away to listen for a proxy on this computer";
        Self { port: "--proxy-port", bind }
    }

    const fn compat(port: &'static str) -> Self {
        Self { port, bind: "leave compat.bind away to listen for programs on this computer" }
    }
}

pub(super) fn bind(config: &Config) -> Result<Listeners> {
    if config.wss_port == Some(config.https_port) && config.https_port != 0 {
        bail!(
            "--https-port and --wss-port are both {}; choose another for one of them",
            config.https_port
        );
    }
    let optional = |port: Option<u16>, flag| {
        port.map(|port| listen(config.bind, port, Setting::flag(flag))).transpose()
    };
    Ok(Listeners {
        https: listen(config.bind, config.https_port, Setting::flag("--https-port"))?,
        wss: optional(config.wss_port, "--wss-port")?,
        http: optional(config.http_port, "--http-port")?,
        proxy: (config.proxy.as_ref())
            .map(|proxy| listen(Some(proxy.bind), proxy.port, Setting::proxy()))
            .transpose()?,
        compat: bind_compat(&config.compat)?,
    })
}

fn bind_compat(compat: &config::Compat) -> Result<Compat> {
    let optional = |port: Option<u16>, key| {
        port.map(|port| listen(Some(compat.bind), port, Setting::compat(key))).transpose()
    };
    let port_of = |fixed: &Option<Fixed>| fixed.as_ref().map(|fixed| fixed.port);
    Ok(Compat {
        json: optional(port_of(&compat.json), "compat.json_port =")?,
        jpeg: optional(compat.jpeg_port, "compat.jpeg_port =")?,
        mpegts: optional(port_of(&compat.mpegts), "compat.mpegts_port =")?,
    })
}

fn listen(ip: Option<IpAddr>, port: u16, setting: Setting) -> Result<Listener> {
    let bound = addresses::listen(ip, port);
    let socket = bound.map_err(|error| explain(error, ip, port, setting))?;
    socket.set_nonblocking(true).context("cannot prepare a socket")?;
    let address = socket.local_addr().context("cannot read a socket's address")?;
    Ok(Listener { socket, address, port: address.port() })
}

fn explain(
    error: std::io::Error,
    ip: Option<IpAddr>,
    port: u16,
    Setting { port: key, bind }: Setting,
) -> anyhow::Error {
    let at = ip.map_or_else(|| "all addresses".to_owned(), |ip| ip.to_string());
    match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "port {port} is in use by another program; stop it, or choose another with {key} PORT"
        ),
        ErrorKind::AddrNotAvailable => {
            anyhow!("{at} is not an address of this computer; {bind}")
        }
        ErrorKind::PermissionDenied => anyhow!(
            "this user may not listen on port {port}; choose one above 1023 with {key} PORT"
        ),
        _ => anyhow!(error).context(format!("cannot listen on {at}, port {port} ({key})")),
    }
}
