//! Where this server is, and what is to be said when that has changed.

use std::net::IpAddr;
use std::path::PathBuf;

use tokio::sync::watch;

use crate::addresses::{Host, Names, Reach, last, moved};
use crate::config::Config;

const ADVICE: &str = "So that it stays the same, reserve an address for this computer in the router \
                      (its settings for DHCP)";

/// The names of a running server, which follow the computer's networks unless somebody chose them.
#[derive(Debug)]
pub(super) struct Whereabouts {
    names: Names,
    follows: bool,
    bind: Option<IpAddr>,
    port: u16,
    state: PathBuf,
    reach: watch::Sender<Reach>,
}

impl Whereabouts {
    pub(super) fn new(config: &Config, names: Names, port: u16) -> Self {
        let bind = config.bind.filter(|ip| !ip.is_unspecified());
        let follows = !names.are_asked_for && bind.is_none();
        let reach = watch::Sender::new(Reach::new(&names, port));
        Self { names, follows, bind, port, state: config.state.clone(), reach }
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The addresses at which the network finds this computer by its name.
    pub(super) fn announced_ips(&self) -> Vec<IpAddr> {
        self.names.announced_ips(self.bind)
    }

    /// The network knows this name of the computer, or none.
    pub(super) fn is_known_as(&self, name: Option<&Host>) {
        self.reach.send_modify(|reach| reach.is_known_as(name, &self.names, self.port));
    }

    /// What others are told of it, now and after each change.
    pub(super) fn reach(&self) -> watch::Receiver<Reach> {
        self.reach.subscribe()
    }

    /// What is to be said where the address is another one than when the server ran last.
    pub(super) fn changed_since_last_time(&self) -> Option<String> {
        if !self.is_somewhere() {
            return None;
        }
        let last = self.last();
        self.keep();
        let last =
            last.filter(|last| !self.names.hosts.iter().any(|host| host.to_string() == *last))?;
        let page = &self.reach.borrow().page;
        let words = format!(
            "This server's address has changed: it is {page} now, and was {last} when it ran last. \
             {ADVICE}."
        );
        tracing::warn!("{words}");
        Some(words)
    }

    /// Looks whether the computer has other addresses than before. Blocks.
    pub(super) fn look(&mut self) -> bool {
        if !self.follows {
            return false;
        }
        let Some(names) = moved(&self.names, Names::find(&[], None)) else { return false };
        let before = std::mem::replace(&mut self.names, names);
        self.reach.send_modify(|reach| reach.moves(&self.names, self.port));
        let (first, now) = (before.first(), self.names.first());
        if first != now {
            let page = &self.reach.borrow().page;
            tracing::warn!(
                "the address of this server has changed from {first} to {now}: it is {page} from now on. {ADVICE}"
            );
        } else {
            let all: Vec<String> = self.names.hosts.iter().map(ToString::to_string).collect();
            tracing::info!("the addresses of this server are {} now", all.join(", "));
        }
        self.keep();
        true
    }

    /// Whether there is an address that a network gave, and that may be another one some day.
    fn is_somewhere(&self) -> bool {
        self.follows && self.names.ips().any(|ip| !ip.is_loopback())
    }

    fn last(&self) -> Option<String> {
        last::last(&self.state).unwrap_or_else(|error| {
            let path = self.state.join(last::FILE);
            tracing::warn!(%error, path = %path.display(), "cannot read at which address the server ran last");
            None
        })
    }

    fn keep(&self) {
        if let Err(error) = last::keep(&self.state, &self.names.first()) {
            let path = self.state.join(last::FILE);
            tracing::warn!(%error, path = %path.display(), "cannot keep the server's address; a change of it is not noticed at the next start");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(state: &std::path::Path, hosts: &[&str]) -> Whereabouts {
        let names = Names {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            are_asked_for: false,
            hostname: None,
        };
        let reach = watch::Sender::new(Reach::new(&names, 5001));
        let state = state.to_owned();
        Whereabouts { names, follows: true, bind: None, port: 5001, state, reach }
    }

    #[test]
    fn an_address_that_is_another_one_than_the_last_time_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        let said = |hosts: &[&str]| at(folder.path(), hosts).changed_since_last_time();
        assert_eq!(said(&["192.168.1.3"]), None);
        assert_eq!(said(&["192.168.1.3"]), None);
        // On no network, which says nothing.
        assert_eq!(said(&["127.0.0.1"]), None);
        // It leads here still.
        assert_eq!(said(&["10.0.0.2", "192.168.1.3"]), None);
        let words = said(&["192.168.1.7"]).unwrap();
        for part in ["https://192.168.1.7:5001", "10.0.0.2", "router"] {
            assert!(words.contains(part), "{words}");
        }
        assert_eq!(said(&["192.168.1.7"]), None);
        std::fs::write(folder.path().join(last::FILE), "garbage").unwrap();
        assert_eq!(said(&["192.168.1.3"]), None);
        assert!(said(&["192.168.1.7"]).is_some());
    }
}
