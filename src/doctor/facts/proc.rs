//! Who has a socket, as far as Linux' `/proc` lets this user see (proc(5)). Elsewhere nobody is
//! found.

use std::collections::BTreeSet;
use std::fs;

use super::super::findings::ports::{Holder, Transport};

/// A socket that takes connections.
const LISTENING: &str = "0A";

/// The programs that have this port, as far as they can be seen.
pub(super) fn holders(transport: Transport, port: u16) -> Vec<Holder> {
    let tables = match transport {
        Transport::Tcp => ["/proc/net/tcp", "/proc/net/tcp6"],
        Transport::Udp => ["/proc/net/udp", "/proc/net/udp6"],
    };
    let mut sockets = BTreeSet::new();
    for table in tables {
        sockets.extend(inodes(&fs::read_to_string(table).unwrap_or_default(), transport, port));
    }
    match sockets.is_empty() {
        true => Vec::new(),
        false => processes().filter_map(|pid| holder(pid, &sockets)).collect(),
    }
}

/// Whether a program of this name runs.
pub(super) fn runs(name: &str) -> bool {
    processes().any(|pid| comm(pid).as_deref() == Some(name))
}

fn processes() -> impl Iterator<Item = u32> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn comm(pid: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(crate::text::one_line(&name))
}

fn holder(pid: u32, sockets: &BTreeSet<String>) -> Option<Holder> {
    let open = fs::read_dir(format!("/proc/{pid}/fd")).ok()?.flatten();
    let mut targets = open.filter_map(|entry| fs::read_link(entry.path()).ok());
    let has_one = targets.any(|target| {
        let target = target.to_string_lossy();
        let socket = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
        socket.is_some_and(|socket| sockets.contains(socket))
    });
    has_one.then(|| Holder { pid, name: comm(pid).unwrap_or_default() })
}

/// The sockets of a table that have a port.
fn inodes(table: &str, transport: Transport, port: u16) -> Vec<String> {
    let rows = table.lines().skip(1).filter_map(|row| {
        let fields: Vec<&str> = row.split_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let (_, local_port) = local.rsplit_once(':')?;
        let is_it = u16::from_str_radix(local_port, 16).ok()? == port;
        let takes = transport == Transport::Udp || *state == LISTENING;
        (is_it && takes).then(|| (*inode).to_owned())
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_sockets_are_found_by_their_port() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 0100007F:1389 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0 100 0 0 10 0\n\
            \x20  1: 0100007F:1389 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4343 1 0 100 0 0 10 0\n\
            \x20  2: garbage\n";
        assert_eq!(inodes(table, Transport::Tcp, 5001), ["4242"]);
        assert_eq!(inodes(table, Transport::Udp, 5001), ["4242", "4343"]);
        assert_eq!(inodes(table, Transport::Tcp, 5002), [] as [&str; 0]);
    }
}
