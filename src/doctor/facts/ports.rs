//! Tries the ports that the server would take, all at the same time, and lets go of them.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, TcpListener, UdpSocket};

use super::super::findings::ports::{Outcome, Port, Transport};
use super::proc::holders;
use crate::addresses::{Names, listen};
use crate::config::{Config, Fixed};
use crate::webrtc;

/// What is held while the other ports are tried, so that one that is asked for twice is noticed.
#[derive(Default)]
struct Held {
    listeners: Vec<TcpListener>,
    sockets: Vec<UdpSocket>,
}

/// The ports of the configuration. Blocks.
pub(in super::super) fn gather(config: &Config, names: &Names) -> Vec<Port> {
    let port_of = |fixed: &Option<Fixed>| fixed.as_ref().map(|fixed| fixed.port);
    let compat = &config.compat;
    let (bind, at) = (config.bind, Some(compat.bind));
    let proxy = config.proxy.as_ref();
    let asked = [
        (Some(config.https_port), bind, "page, API and WSS", "--https-port"),
        (config.wss_port, bind, "raw publishers", "--wss-port"),
        (config.http_port, bind, "trust pages without TLS", "--http-port"),
        (
            proxy.map(|proxy| proxy.port),
            proxy.map(|proxy| proxy.bind),
            "everything, for a reverse proxy",
            "--proxy-port",
        ),
        (port_of(&compat.json), at, "JSON frames for older clients", "compat.json_port ="),
        (compat.jpeg_port, at, "JPEG frames for older clients", "compat.jpeg_port ="),
        (port_of(&compat.mpegts), at, "MPEG-TS for older clients", "compat.mpegts_port ="),
    ];
    let mut held = Held::default();
    let mut ports = Vec::new();
    for (number, at, purpose, setting) in asked {
        let Some(number) = number else { continue };
        let tried = listen(at, number).map(|listener| held.listeners.push(listener));
        let outcome = outcome(tried, Transport::Tcp, number);
        ports.push(Port { transport: Transport::Tcp, number, at, purpose, setting, outcome });
    }
    if let Some(number) = config.webrtc_port {
        ports.push(media(number, names.media_addresses(bind).own, &mut held));
    }
    ports
}

/// One of its addresses is enough for the server.
fn media(number: u16, ips: Vec<IpAddr>, held: &mut Held) -> Port {
    let tried = webrtc::bind(&ips, number).map(|sockets| held.sockets.extend(sockets));
    let (purpose, setting) = ("viewers by WebRTC", "--webrtc-port");
    let outcome = outcome(tried, Transport::Udp, number);
    let at = ips.first().copied();
    Port { transport: Transport::Udp, number, at, purpose, setting, outcome }
}

fn outcome(tried: io::Result<()>, transport: Transport, port: u16) -> Outcome {
    match tried {
        Ok(()) => Outcome::Free,
        Err(error) => match error.kind() {
            ErrorKind::AddrInUse => Outcome::Taken(holders(transport, port)),
            ErrorKind::AddrNotAvailable => Outcome::NotHere,
            ErrorKind::PermissionDenied => Outcome::Forbidden,
            _ => Outcome::Failed(error.to_string()),
        },
    }
}
