//! What can be known of a firewall on this computer without changing it.

mod firewalld;
mod nft;
mod ufw;

use super::super::finding::{Check, Finding};
use super::list;
use super::ports::Transport;

pub(in super::super) use firewalld::{Zones, default_zone};
pub(in super::super) use ufw::{is_on, lets_all_in};

/// A port that devices must reach.
pub(in super::super) type Needed = (Transport, u16);

/// What a firewall says, as far as this user may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Firewall {
    /// It is on; its rules, where they can be read.
    Ufw { rules: Option<String>, lets_all_in: bool },
    /// It runs; what it is told, where that can be read.
    Firewalld { zones: Option<Zones> },
    /// The rules of the kernel, which only root reads.
    Nft { rules: String },
}

/// Whether a port is reached from everywhere. Where rules say more than is understood here it is
/// not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Open,
    Closed,
    Unknown,
}

#[derive(Debug, Clone)]
pub(in super::super) struct Facts {
    /// Whether others are to reach the server at all.
    pub(in super::super) is_for_others: bool,
    pub(in super::super) needed: Vec<Needed>,
    pub(in super::super) firewall: Option<Firewall>,
    pub(in super::super) is_root: bool,
}

pub(in super::super) fn judge(facts: &Facts) -> Finding {
    let ok = |message: &str| Finding::ok(Check::Firewall, message);
    if !facts.is_for_others {
        return ok("nothing has to be let in: the server listens to this computer alone");
    }
    if cfg!(target_os = "macos") {
        return ok(
            "macOS asks at the first start whether localcamera may accept connections: allow it",
        );
    }
    if cfg!(windows) {
        return ok("Windows asks at the first start: allow private networks");
    }
    let Some(firewall) = &facts.firewall else {
        return match facts.is_root {
            true => ok("none that keeps devices out was found"),
            false => ok("neither ufw nor firewalld is on (only root sees more)"),
        };
    };
    let of = |answer| {
        let ports = facts.needed.iter().filter(move |port| lets_in(firewall, **port) == answer);
        ports.copied().collect::<Vec<Needed>>()
    };
    let (closed, unknown) = (of(Answer::Closed), of(Answer::Unknown));
    let ports: Vec<Needed> = closed.iter().chain(&unknown).copied().collect();
    if ports.is_empty() {
        return ok("its rules let the server's ports in");
    }
    let is_read = !matches!(
        firewall,
        Firewall::Ufw { rules: None, .. } | Firewall::Firewalld { zones: None }
    );
    let (name, how) = match firewall {
        Firewall::Ufw { .. } => {
            ("ufw", each(&ports, |t, port| format!("sudo ufw allow {port}/{t}")))
        }
        Firewall::Firewalld { .. } => (
            "firewalld",
            each(&ports, |t, port| format!("sudo firewall-cmd --permanent --add-port={port}/{t}"))
                + " && sudo firewall-cmd --reload",
        ),
        Firewall::Nft { .. } => (
            "nftables",
            each(&ports, |t, port| format!("{t} dport {port} accept"))
                + ", as rules of its input chain",
        ),
    };
    let advice = |message, how| Finding::advice(Check::Firewall, message, how);
    if !is_read {
        let ports = shown(&ports);
        return advice(
            format!("{name} is on, and only root may read whether it lets {ports} in"),
            format!("Where tablets do not reach the server: {how}"),
        );
    }
    let of_others = format!("whether it lets {} in from everywhere is not known", shown(&unknown));
    match (&closed[..], &unknown[..]) {
        ([], _) => advice(
            format!("{name} is on, and {of_others}"),
            format!("Where tablets do not reach the server: {how}"),
        ),
        (closed, unknown) => {
            let of_others = match unknown {
                [] => String::new(),
                _ => format!("; {of_others}"),
            };
            advice(
                format!(
                    "{name} is on, and no rule was found that lets {} in: tablets may not reach \
                     the server{of_others}",
                    shown(closed)
                ),
                format!("Let your own network in: {how}"),
            )
        }
    }
}

fn shown(ports: &[Needed]) -> String {
    list(ports.iter().map(|(transport, port)| format!("{} {port}", upper(*transport))))
}

fn lower(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    }
}

fn upper(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    }
}

fn each(ports: &[Needed], words: impl Fn(&str, u16) -> String) -> String {
    let all: Vec<String> =
        ports.iter().map(|(transport, port)| words(lower(*transport), *port)).collect();
    all.join(" && ")
}

fn lets_in(firewall: &Firewall, (transport, port): Needed) -> Answer {
    let transport = lower(transport);
    match firewall {
        Firewall::Ufw { rules: Some(rules), lets_all_in } => {
            ufw::judge(rules, *lets_all_in, transport, port)
        }
        Firewall::Firewalld { zones: Some(zones) } => firewalld::judge(zones, transport, port),
        Firewall::Nft { rules } => nft::judge(rules, transport, port),
        Firewall::Ufw { rules: None, .. } | Firewall::Firewalld { zones: None } => Answer::Unknown,
    }
}

/// Whether a list of ports and ranges has one: `22,5000:5010`, `5000-5010`.
fn holds(ports: &str, port: u16) -> bool {
    ports.split(',').any(|part| {
        let (first, last) = part.split_once([':', '-']).unwrap_or((part, part));
        let range = first.trim().parse::<u16>().ok().zip(last.trim().parse::<u16>().ok());
        range.is_some_and(|(first, last)| (first..=last).contains(&port))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    fn judged(firewall: Option<Firewall>) -> Finding {
        let needed = vec![(Transport::Tcp, 5001), (Transport::Udp, 5002)];
        judge(&Facts { is_for_others: true, needed, firewall, is_root: true })
    }

    fn ufw(rules: Option<&str>) -> Option<Firewall> {
        Some(Firewall::Ufw { rules: rules.map(str::to_owned), lets_all_in: false })
    }

    fn nft(rules: &str) -> Option<Firewall> {
        let head = "table inet filter {\n chain input {\n";
        let hook = "  type filter hook input priority filter; policy drop;\n";
        Some(Firewall::Nft { rules: format!("{head}{hook}{rules}\n }}\n}}") })
    }

    #[test]
    fn rules_that_let_the_ports_in_are_found() {
        let rules = "### tuple ### allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in\n\
                     ### tuple ### allow any 5000:5010 0.0.0.0/0 any 0.0.0.0/0 in\n";
        let zone =
            "<zone><port protocol=\"tcp\" port=\"5001\"/><port port=\"5002\" protocol=\"udp\"/>";
        let zones = Zones { default: zone.to_owned(), is_more: false };
        for firewall in [
            ufw(Some(rules)),
            Some(Firewall::Firewalld { zones: Some(zones) }),
            nft("tcp dport { 22, 5001 } accept\n udp dport 5000-5005 accept"),
            None,
        ] {
            let found = judged(firewall);
            assert_eq!(found.verdict, Verdict::Ok, "{found:?}");
        }
    }

    #[test]
    fn what_keeps_devices_out_or_is_not_known_is_said_with_what_opens_it() {
        let deny = "### tuple ### deny tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in\n";
        let own = "### tuple ### allow any 5001:5002 0.0.0.0/0 any 192.168.1.0/24 in\n";
        let none = Zones { default: String::new(), is_more: false };
        for (firewall, message, advice) in [
            (
                ufw(Some(deny)),
                "lets TCP 5001, UDP 5002 in",
                "sudo ufw allow 5001/tcp && sudo ufw allow 5002/udp",
            ),
            (ufw(Some(own)), "not known", "sudo ufw allow 5001/tcp"),
            (ufw(None), "only root", "sudo ufw allow 5001/tcp"),
            (Some(Firewall::Firewalld { zones: None }), "only root", "--add-port=5002/udp"),
            (
                Some(Firewall::Firewalld { zones: Some(none) }),
                "no rule was found",
                "--add-port=5002/udp",
            ),
            (
                nft("udp dport 5002 ip saddr 10.0.0.0/8 accept"),
                "lets TCP 5001 in: tablets may not reach the server; whether it lets UDP 5002",
                "tcp dport 5001 accept && udp dport 5002 accept",
            ),
        ] {
            let found = judged(firewall);
            assert_eq!(found.verdict, Verdict::Advice, "{found:?}");
            assert!(found.message.contains(message), "{found:?}");
            assert!(found.advice.as_ref().unwrap().contains(advice), "{found:?}");
        }
    }

    #[test]
    fn ports_are_single_or_ranges() {
        assert!(holds("22,5000:5010", 5001) && holds("5000-5010", 5001) && holds("5001", 5001));
        assert!(!holds("50", 5001) && !holds("any", 5001) && !holds("5002:5010", 5001));
    }
}
