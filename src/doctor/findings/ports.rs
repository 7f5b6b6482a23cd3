//! The ports that the configuration names.

use std::fmt;

use super::super::finding::{Check, Finding};
use super::list;
use super::state::Running;

/// What travels over a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Transport {
    Tcp,
    Udp,
}

/// A program that has a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Holder {
    pub(in super::super) pid: u32,
    pub(in super::super) name: String,
}

impl Holder {
    /// Whether it is another of this program.
    fn is_localcamera(&self) -> bool {
        self.name == env!("CARGO_PKG_NAME")
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// What came of trying it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    Free,
    /// With those who can be seen to have it.
    Taken(Vec<Holder>),
    /// The address is not this computer's.
    NotHere,
    Forbidden,
    Failed(String),
}

/// A port, tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Port {
    pub(in super::super) transport: Transport,
    pub(in super::super) number: u16,
    /// The address to listen on; all where there is none.
    pub(in super::super) at: Option<std::net::IpAddr>,
    /// What it is for.
    pub(in super::super) purpose: &'static str,
    /// What it is set by, as it is followed by a port.
    pub(in super::super) setting: &'static str,
    pub(in super::super) outcome: Outcome,
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = match self.transport {
            Transport::Tcp => "TCP",
            Transport::Udp => "UDP",
        };
        match self.number {
            0 => write!(f, "any {transport} port"),
            number => write!(f, "{transport} {number}"),
        }
    }
}

/// `own`: the process that asks.
pub(in super::super) fn judge(ports: &[Port], server: Option<&Running>, own: u32) -> Vec<Finding> {
    let server_pid = server.and_then(|server| server.pid);
    let is_ours = |port: &Port| match &port.outcome {
        Outcome::Taken(holders) => holders.iter().any(|holder| Some(holder.pid) == server_pid),
        _ => false,
    };
    let free = ports.iter().filter(|port| port.outcome == Outcome::Free);
    let (free, ours) = (list(free), list(ports.iter().filter(|port| is_ours(port))));
    let mut findings = Vec::new();
    if !ours.is_empty() {
        findings
            .push(Finding::ok(Check::Ports, format!("{ours} held by the server that runs here")));
    }
    if !free.is_empty() {
        findings.push(Finding::ok(Check::Ports, format!("{free} free")));
    }
    let bad = ports.iter().filter(|port| !is_ours(port));
    findings.extend(bad.filter_map(|port| fault(port, server.is_some(), own)));
    findings
}

fn fault(port: &Port, is_running: bool, own: u32) -> Option<Finding> {
    let Port { setting, purpose, .. } = port;
    let other = format!("choose another with {setting} PORT");
    let (message, advice) = match &port.outcome {
        Outcome::Free => return None,
        Outcome::Taken(holders) if holders.iter().any(|holder| holder.pid == own) => (
            format!("{port} ({purpose}) is asked for twice"),
            format!("Give each listener a port of its own: {other}"),
        ),
        Outcome::Taken(holders) if holders.is_empty() && is_running => {
            return Some(Finding::advice(
                Check::Ports,
                format!("{port} ({purpose}) is in use, and this user may not see by whom"),
                "A server runs here, which most likely has it; ask again as the user it runs as, \
                 or as root",
            ));
        }
        Outcome::Taken(holders) if holders.iter().any(Holder::is_localcamera) => {
            let message = format!("{port} ({purpose}) is taken by {}", list(holders));
            return Some(Finding::advice(
                Check::Ports,
                message,
                format!(
                    "A localcamera runs here with another state folder: ask there, or with its \
                     --state DIR; for a second one beside it, {other}"
                ),
            ));
        }
        Outcome::Taken(holders) => {
            let by = match &holders[..] {
                [] => "another program".to_owned(),
                some => list(some),
            };
            (format!("{port} ({purpose}) is taken by {by}"), format!("Stop it, or {other}"))
        }
        Outcome::NotHere => {
            let at = port.at.map(|ip| ip.to_string()).unwrap_or_default();
            let setting = if setting.starts_with("--") { "--bind" } else { "compat.bind" };
            (
                format!(
                    "{at}, at which {port} ({purpose}) is to be, is not an address of this computer"
                ),
                format!("Leave {setting} away, or name an address that `ip addr` shows"),
            )
        }
        Outcome::Forbidden => (
            format!("this user may not listen on {port} ({purpose})"),
            format!("Choose one above 1023 with {setting} PORT"),
        ),
        Outcome::Failed(reason) => (
            format!("{port} ({purpose}) cannot be listened on: {reason}"),
            format!("Where the reason cannot be helped, {other}"),
        ),
    };
    // Without WebRTC viewers watch by WebSocket.
    Some(match port.transport {
        Transport::Tcp => Finding::problem(Check::Ports, message, advice),
        Transport::Udp => Finding::advice(
            Check::Ports,
            message,
            format!("{advice}; until then viewers watch by WebSocket"),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    fn port(transport: Transport, number: u16, outcome: Outcome) -> Port {
        let (purpose, setting) = ("page", "--https-port");
        Port { transport, number, at: None, purpose, setting, outcome }
    }

    fn taken(pids: &[u32]) -> Outcome {
        let holder = |pid: &u32| Holder { pid: *pid, name: "nginx".to_owned() };
        Outcome::Taken(pids.iter().map(holder).collect())
    }

    fn judged(outcome: Outcome, server: Option<Option<u32>>) -> Finding {
        let server = server.map(|pid| Running { pid });
        judge(&[port(Transport::Tcp, 5001, outcome)], server.as_ref(), 99).remove(0)
    }

    #[test]
    fn a_port_is_free_ours_or_somebody_elses() {
        assert_eq!(judged(Outcome::Free, None).message, "TCP 5001 free");
        let ours = judged(taken(&[7]), Some(Some(7)));
        assert_eq!(
            (ours.verdict, &*ours.message),
            (Verdict::Ok, "TCP 5001 held by the server that runs here")
        );
        let theirs = judged(taken(&[8]), Some(Some(7)));
        assert_eq!(theirs.verdict, Verdict::Problem);
        assert!(theirs.message.contains("nginx (process 8)"), "{theirs:?}");
        assert!(theirs.advice.unwrap().contains("--https-port PORT"));
        let holders = vec![Holder { pid: 8, name: "localcamera".to_owned() }];
        let second = judged(Outcome::Taken(holders), None);
        assert_eq!(second.verdict, Verdict::Advice);
        assert!(second.advice.unwrap().contains("--state DIR"));
        assert_eq!(judged(taken(&[]), None).verdict, Verdict::Problem);
        assert_eq!(judged(taken(&[]), Some(None)).verdict, Verdict::Advice);
        assert!(judged(taken(&[99]), None).message.contains("twice"));
    }

    #[test]
    fn viewers_by_webrtc_have_another_way() {
        let udp = judge(&[port(Transport::Udp, 5002, taken(&[8]))], None, 99).remove(0);
        assert_eq!(udp.verdict, Verdict::Advice);
        assert!(udp.advice.unwrap().contains("WebSocket"));
    }

    #[test]
    fn what_the_system_refuses_is_named() {
        let forbidden = judged(Outcome::Forbidden, None);
        assert!(forbidden.advice.unwrap().contains("above 1023"));
        let mut elsewhere = port(Transport::Tcp, 5001, Outcome::NotHere);
        elsewhere.at = Some("198.51.100.7".parse().unwrap());
        let said = judge(&[elsewhere], None, 99).remove(0);
        assert!(said.message.starts_with("198.51.100.7, at which TCP 5001"), "{said:?}");
        assert!(said.advice.unwrap().contains("--bind"));
    }
}
