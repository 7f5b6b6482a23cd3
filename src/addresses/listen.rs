//! Where connections are taken.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

/// Takes connections at one address, or at all.
///
/// # Errors
/// When the system does not allow it.
pub(crate) fn listen(ip: Option<IpAddr>, port: u16) -> io::Result<TcpListener> {
    let any = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
    match TcpListener::bind(SocketAddr::new(ip.unwrap_or(any), port)) {
        // A system without IPv6 listens on all IPv4 addresses.
        Err(_) if ip.is_none() => TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)),
        bound => bound,
    }
}
