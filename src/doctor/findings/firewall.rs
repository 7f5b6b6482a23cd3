//! What can be known of a firewall on this computer without changing it.

use super::super::finding::{Check, Finding};
use super::list;
use super::ports::Transport;

/// A port that devices must reach.
pub(in super::super) type Needed = (Transport, u16);

/// What a firewall says, as far as this user may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Firewall {
    /// It is on; its rules, where they can be read.
    Ufw { rules: Option<String> },
    /// It runs; the opened ports of its zones, where they can be read.
    Firewalld { zones: Option<String> },
    /// The rules of the kernel, which only root reads.
    Nft { rules: String },
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
    let closed: Vec<Needed> =
        facts.needed.iter().filter(|port| !lets_in(firewall, **port)).copied().collect();
    if closed.is_empty() {
        return ok("its rules let the server's ports in");
    }
    let ports =
        list(closed.iter().map(|(transport, port)| format!("{} {port}", upper(*transport))));
    let is_read =
        !matches!(firewall, Firewall::Ufw { rules: None } | Firewall::Firewalld { zones: None });
    let (name, how) = match firewall {
        Firewall::Ufw { .. } => {
            ("ufw", each(&closed, |t, port| format!("sudo ufw allow {port}/{t}")))
        }
        Firewall::Firewalld { .. } => (
            "firewalld",
            each(&closed, |t, port| format!("sudo firewall-cmd --permanent --add-port={port}/{t}"))
                + " && sudo firewall-cmd --reload",
        ),
        Firewall::Nft { .. } => (
            "nftables",
            each(&closed, |t, port| format!("{t} dport {port} accept"))
                + ", as rules of its input chain",
        ),
    };
    match is_read {
        true => Finding::advice(
            Check::Firewall,
            format!(
                "{name} is on, and no rule was found that lets {ports} in: tablets may not reach the server"
            ),
            format!("Let your own network in: {how}"),
        ),
        false => Finding::advice(
            Check::Firewall,
            format!("{name} is on, and only root may read whether it lets {ports} in"),
            format!("Where tablets do not reach the server: {how}"),
        ),
    }
}

fn upper(transport: Transport) -> &'static str {
    match transport {
        Transport::Tcp => "TCP",
        Transport::Udp => "UDP",
    }
}

fn each(ports: &[Needed], words: impl Fn(&str, u16) -> String) -> String {
    let all: Vec<String> = ports
        .iter()
        .map(|(transport, port)| words(&upper(*transport).to_lowercase(), *port))
        .collect();
    all.join(" && ")
}

/// Whether a rule says so that is easily understood.
fn lets_in(firewall: &Firewall, (transport, port): Needed) -> bool {
    let transport = upper(transport).to_lowercase();
    match firewall {
        // ### tuple ### allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in
        Firewall::Ufw { rules: Some(rules) } => rules.lines().any(|line| {
            let Some(rule) = line.strip_prefix("### tuple ### ") else { return false };
            let words: Vec<&str> = rule.split_whitespace().collect();
            let is_allowed = words.first().is_some_and(|word| ["allow", "limit"].contains(word));
            let is_its = words.get(1).is_some_and(|word| *word == "any" || *word == transport);
            let ports = words.get(2).copied().unwrap_or_default();
            is_allowed && is_its && (ports == "any" || holds(ports, port))
        }),
        // <port protocol="tcp" port="5001"/>
        Firewall::Firewalld { zones: Some(zones) } => zones.split('<').any(|tag| {
            let attribute = |name: &str| {
                let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
                rest.split('"').next()
            };
            tag.starts_with("port ")
                && attribute("protocol") == Some(&transport)
                && attribute("port").is_some_and(|ports| holds(ports, port))
        }),
        Firewall::Ufw { rules: None } | Firewall::Firewalld { zones: None } => false,
        Firewall::Nft { rules } => {
            !drops_by_default(rules)
                || rules.lines().any(|line| {
                    let ports = line.split_once(&format!("{transport} dport "));
                    let ports = ports.or_else(|| line.split_once("th dport "));
                    ports.is_some_and(|(_, rest)| {
                        let words = rest.replace(['{', '}'], " ");
                        let is_accepted = rest.contains("accept");
                        is_accepted && words.split([' ', ',']).any(|word| holds(word, port))
                    })
                })
        }
    }
}

/// Whether a chain of what comes in drops what no rule accepts.
fn drops_by_default(rules: &str) -> bool {
    let mut heads = rules.lines().filter(|line| line.contains("hook input"));
    heads.any(|line| line.contains("policy drop"))
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

    #[test]
    fn rules_that_let_the_ports_in_are_found() {
        let ufw = "### tuple ### allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in\n\
                   ### tuple ### allow any 5000:5010 0.0.0.0/0 any 0.0.0.0/0 in\n";
        let zones =
            "<zone><port protocol=\"tcp\" port=\"5001\"/><port port=\"5002\" protocol=\"udp\"/>";
        let nft = "chain input {\n type filter hook input priority filter; policy drop;\n \
                   tcp dport { 22, 5001 } accept\n udp dport 5000-5005 accept\n}";
        for firewall in [
            Firewall::Ufw { rules: Some(ufw.to_owned()) },
            Firewall::Firewalld { zones: Some(zones.to_owned()) },
            Firewall::Nft { rules: nft.to_owned() },
            Firewall::Nft { rules: "type filter hook input priority 0; policy accept;".to_owned() },
        ] {
            let found = judged(Some(firewall));
            assert_eq!(found.verdict, Verdict::Ok, "{found:?}");
        }
        assert_eq!(judged(None).verdict, Verdict::Ok);
    }

    #[test]
    fn a_firewall_that_keeps_devices_out_is_said_with_what_opens_it() {
        let ufw = "### tuple ### deny tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in\n";
        let drops =
            "hook input priority 0; policy drop;\n tcp dport 5001 drop\n tcp dport 50 accept";
        for (firewall, advice) in [
            (
                Firewall::Ufw { rules: Some(ufw.to_owned()) },
                "sudo ufw allow 5001/tcp && sudo ufw allow 5002/udp",
            ),
            (Firewall::Ufw { rules: None }, "sudo ufw allow 5001/tcp"),
            (Firewall::Firewalld { zones: Some(String::new()) }, "--add-port=5002/udp"),
            (Firewall::Nft { rules: drops.to_owned() }, "tcp dport 5001 accept"),
        ] {
            let found = judged(Some(firewall));
            assert_eq!(found.verdict, Verdict::Advice, "{found:?}");
            assert!(found.advice.as_ref().unwrap().contains(advice), "{found:?}");
        }
    }
}
