//! Names of folders and files (`docs/recordings.md`).

use std::net::IpAddr;

use crate::clock::{WallUs, from_us};
pub(super) use crate::library::names::{
    DAMAGED, REMADE, REWRITE, SOURCE, finished, growing, is_abandoned, is_growing,
};
use crate::live::feed::Peer;

/// The folder of the connection that began a session, or of the source that it is of.
pub(super) fn folder(peer: &Peer) -> String {
    let peer = match peer {
        Peer::Connection(peer) => peer,
        Peer::Source { name, .. } => return source_folder(name),
    };
    // An IPv4 client of a dual-stack listener is known by its IPv4 address.
    let ip = match peer.ip().to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.to_string().replace(':', "-"),
    };
    format!("client_{ip}_{}", peer.port())
}

/// The folder of a source. Whatever a name is, it stays one folder of the recordings'.
fn source_folder(name: &str) -> String {
    let plain = |c: char| match c {
        'a'..='z' | '0'..='9' | '-' => c,
        _ => '-',
    };
    format!("{SOURCE}{}", name.chars().map(plain).collect::<String>())
}

/// A segment, by the wall time of its first sample. From the second `attempt` on, the name tells
/// it from one of the same time.
pub(super) fn segment(start_us: WallUs, extension: &str, attempt: u32) -> String {
    numbered("video", start_us, extension, attempt)
}

/// A session journal, by the wall time at which the session began.
pub(super) fn journal(start_us: WallUs, attempt: u32) -> String {
    numbered("session", start_us, "jsonl", attempt)
}

fn numbered(kind: &str, at_us: WallUs, extension: &str, attempt: u32) -> String {
    let at = from_us(at_us).format("%Y%m%dT%H%M%S%.3fZ");
    match attempt {
        0 | 1 => format!("{kind}_{at}.{extension}"),
        _ => format!("{kind}_{at}_{attempt}.{extension}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_layout() {
        let at_us = 1_795_163_509_123_000;
        assert_eq!(segment(at_us, "webm", 1), "video_20261120T083149.123Z.webm");
        assert_eq!(segment(at_us, "mp4", 2), "video_20261120T083149.123Z_2.mp4");
        assert_eq!(journal(at_us, 1), "session_20261120T083149.123Z.jsonl");
        let folder = |peer: &str| folder(&Peer::Connection(peer.parse().unwrap()));
        assert_eq!(folder("192.168.1.20:50412"), "client_192.168.1.20_50412");
        assert_eq!(folder("[::ffff:192.168.1.20]:1"), "client_192.168.1.20_1");
        assert_eq!(folder("[fe80::1]:1"), "client_fe80--1_1");
    }

    #[test]
    fn a_sources_name_never_leaves_the_recordings() {
        let folder =
            |name: &str| folder(&Peer::Source { name: name.to_owned(), address: String::new() });
        assert_eq!(folder("door-2"), "source_door-2");
        assert_eq!(folder("../../etc"), "source_------etc");
        assert_eq!(folder("a/b\\c\0"), "source_a-b-c-");
    }
}
