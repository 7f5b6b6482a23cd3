//! Where devices find this server.

use std::net::IpAddr;

use super::super::finding::{Check, Finding};
use super::list;
use crate::addresses::{Host, Names, is_bridge};

/// What names of interfaces begin with that lead into a private network far away.
const TUNNELS: [&str; 6] = ["tun", "tap", "wg", "tailscale", "ppp", "zt"];

/// Who has this computer's name on the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum LocalName {
    /// It is not to be told, or there is nobody to tell.
    Unused,
    Free,
    /// It leads here already.
    Ours,
    Taken,
    /// It could not be asked.
    Unknown,
}

/// An address and the interface that has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Interface {
    pub(in super::super) name: String,
    pub(in super::super) ip: IpAddr,
}

impl Interface {
    fn is_tunnel(&self) -> bool {
        TUNNELS.iter().any(|tunnel| self.name.starts_with(tunnel))
    }
}

/// Where the server is reached.
#[derive(Debug, Clone)]
pub(in super::super) struct Facts {
    pub(in super::super) names: Names,
    pub(in super::super) port: u16,
    pub(in super::super) bind: Option<IpAddr>,
    pub(in super::super) interfaces: Vec<Interface>,
    /// At which address it was last.
    pub(in super::super) last: Option<String>,
    /// Whether this is a container, which may have a network of its own.
    pub(in super::super) is_container: bool,
    pub(in super::super) local_name: LocalName,
}

pub(in super::super) fn judge(facts: &Facts) -> Vec<Finding> {
    let Facts { names, port, bind, .. } = facts;
    let mut shown = vec![names.first()];
    if facts.local_name == LocalName::Ours || facts.local_name == LocalName::Free {
        shown.extend(names.local_name().filter(|name| *name != names.first()));
    }
    let urls = list(shown.iter().map(|host| match port {
        0 => format!("https://{host}"),
        port => format!("https://{host}:{port}"),
    }));
    let mut findings = vec![Finding::ok(Check::Addresses, urls)];
    let is_chosen = names.are_asked_for || bind.is_some_and(|ip| !ip.is_unspecified());
    findings.extend(if is_chosen { chosen(facts) } else { found(facts) });
    if facts.local_name == LocalName::Taken
        && let Some(name) = names.local_name()
    {
        findings.push(Finding::advice(
            Check::Addresses,
            format!("another device on this network is called {name}"),
            "Give this computer another name, or use its address",
        ));
    }
    findings
}

/// Addresses that somebody named.
fn chosen(facts: &Facts) -> Vec<Finding> {
    let Facts { names, bind, interfaces, .. } = facts;
    let is_ours = |ip: &IpAddr| interfaces.iter().any(|interface| interface.ip == *ip);
    let mut findings = Vec::new();
    let foreign: Vec<IpAddr> = names.ips().filter(|ip| !is_ours(ip)).collect();
    if names.are_asked_for && !foreign.is_empty() {
        findings.push(Finding::advice(
            Check::Addresses,
            format!("no network interface of this computer has {}, which --lan-ip names", list(&foreign)),
            "That is right only behind a router or in a container that forwards it; otherwise leave \
             --lan-ip away",
        ));
    }
    let is_local = |host: &Host| match host {
        Host::Ip(ip) => ip.is_loopback(),
        Host::Name(name) => name == "localhost",
    };
    if bind.is_some_and(|ip| ip.is_loopback()) {
        findings.push(Finding::advice(
            Check::Addresses,
            "--bind keeps the server to this computer: no tablet reaches it",
            "Leave --bind away, unless a reverse proxy stands in front",
        ));
    } else if names.hosts.iter().all(is_local) {
        findings.push(Finding::advice(
            Check::Addresses,
            format!("{} leads every device to itself", list(&names.hosts)),
            "Name this computer's address on your network with --lan-ip, or leave --lan-ip away",
        ));
    }
    findings
}

/// Addresses of this computer's networks.
fn found(facts: &Facts) -> Vec<Finding> {
    let Facts { names, interfaces, last, is_container, .. } = facts;
    let ips: Vec<IpAddr> = names.ips().collect();
    if ips.iter().all(IpAddr::is_loopback) {
        return vec![Finding::problem(
            Check::Addresses,
            "this computer is on no network, so that no tablet reaches it",
            "Plug in the cable or join the Wi-Fi; a running server notices by itself",
        )];
    }
    let mut findings = Vec::new();
    let is_elsewhere = |last: &&String| !names.hosts.iter().any(|host| host.to_string() == **last);
    if let Some(last) = last.as_ref().filter(is_elsewhere) {
        findings.push(Finding::advice(
            Check::Addresses,
            format!(
                "the address has changed: it is {} now, and was {last} when the server ran last",
                names.first()
            ),
            "Open the pages at the new one; and so that it stays the same, reserve an address for \
             this computer in the router (its settings for DHCP)",
        ));
    }
    if *is_container {
        findings.push(Finding::advice(
            Check::Addresses,
            format!("this is a container: unless it shares its host's network, {} is the container's own address, which no tablet reaches", names.first()),
            "Name the host's address with --lan-ip",
        ));
    }
    let interface_of = |ip: &IpAddr| interfaces.iter().find(|interface| interface.ip == *ip);
    if ips.len() > 1 {
        let all = ips.iter().map(|ip| match interface_of(ip) {
            Some(interface) => format!("{ip} ({})", interface.name),
            None => ip.to_string(),
        });
        findings.push(Finding::advice(
            Check::Addresses,
            format!("this computer has several addresses: {}", list(all)),
            "Where tablets do not reach the first one, choose the one of their network with --lan-ip",
        ));
    }
    let first = ips.first().and_then(interface_of);
    if let Some(interface) =
        first.filter(|interface| interface.is_tunnel() || is_bridge(&interface.name))
    {
        findings.push(Finding::advice(
            Check::Addresses,
            format!(
                "the first address, {}, is that of {}, which looks like a VPN or a container's network",
                interface.ip, interface.name
            ),
            "Choose the address of your own network with --lan-ip",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    fn facts(hosts: &[(&str, &str)]) -> Facts {
        let hosts_of = hosts.iter().map(|(_, host)| host.parse().unwrap());
        let interface = |(name, ip): &(&str, &str)| Interface {
            name: (*name).to_owned(),
            ip: ip.parse().unwrap(),
        };
        Facts {
            names: Names {
                hosts: hosts_of.collect(),
                are_asked_for: false,
                hostname: Some("bench".to_owned()),
            },
            port: 5001,
            bind: None,
            interfaces: hosts.iter().map(interface).collect(),
            last: None,
            is_container: false,
            local_name: LocalName::Free,
        }
    }

    fn bad(facts: &Facts) -> Vec<(Verdict, String)> {
        let found = judge(facts).into_iter().filter(|found| found.verdict != Verdict::Ok);
        found.map(|finding| (finding.verdict, finding.message)).collect()
    }

    #[test]
    fn one_address_on_a_network_is_all_that_is_needed() {
        let facts = facts(&[("eth0", "192.168.1.3")]);
        assert_eq!(bad(&facts), []);
        let said = &judge(&facts)[0].message;
        assert_eq!(said, "https://192.168.1.3:5001, https://bench.local:5001");
    }

    #[test]
    fn what_keeps_tablets_away_is_said() {
        let none = bad(&facts(&[("lo", "127.0.0.1")]));
        assert!(matches!(&none[..], [(Verdict::Problem, said)] if said.contains("no network")));
        let two = bad(&facts(&[("wg0", "10.9.0.2"), ("eth0", "192.168.1.3")]));
        let [several, tunnel] = &two[..] else { panic!("{two:?}") };
        assert!(several.1.contains("10.9.0.2 (wg0), 192.168.1.3 (eth0)"), "{several:?}");
        assert!(tunnel.1.contains("VPN"), "{tunnel:?}");
        let mut taken = facts(&[("eth0", "192.168.1.3")]);
        taken.local_name = LocalName::Taken;
        assert!(bad(&taken)[0].1.contains("bench.local"));
    }

    #[test]
    fn an_address_that_has_changed_is_to_be_reserved() {
        let mut facts = facts(&[("eth0", "192.168.1.3")]);
        facts.last = Some("192.168.1.3".to_owned());
        assert_eq!(bad(&facts), []);
        facts.last = Some("192.168.1.7".to_owned());
        let said = judge(&facts).remove(1);
        assert!(said.message.contains("192.168.1.7") && said.advice.unwrap().contains("router"));
    }

    #[test]
    fn the_address_of_a_container_is_not_its_hosts() {
        let mut facts = facts(&[("eth0", "172.17.0.2")]);
        facts.is_container = true;
        assert!(bad(&facts)[0].1.contains("172.17.0.2 is the container's own"));
        facts.names.are_asked_for = true;
        assert_eq!(bad(&facts), []);
    }

    #[test]
    fn addresses_that_were_named_are_compared_with_those_there_are() {
        let mut facts = facts(&[("eth0", "192.168.1.3")]);
        facts.names.are_asked_for = true;
        assert_eq!(bad(&facts), []);
        facts.interfaces.clear();
        assert!(bad(&facts)[0].1.contains("192.168.1.3, which --lan-ip names"));
        facts.names.hosts = vec!["localhost".parse().unwrap()];
        assert!(bad(&facts)[0].1.contains("to itself"));
        facts.bind = Some("127.0.0.1".parse().unwrap());
        assert!(bad(&facts)[0].1.contains("--bind"));
    }
}
