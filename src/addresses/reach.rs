//! Under which addresses the server is reached at the moment, and whether they have changed.

use super::{Host, Names};

/// What others are told of the server's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The page, for people: by the computer's name where the network knows it, since that one
    /// stays; unless somebody chose an address.
    pub(crate) page: String,
    /// Another address of it, for who cannot open the first one.
    pub(crate) beside: Option<String>,
    /// Every origin under which other devices may reach the server.
    pub(crate) origins: Vec<String>,
    /// The name by which the network knows this computer.
    pub(crate) local: Option<Host>,
}

impl Reach {
    /// At these names, on this port, as far as the network knows no other.
    pub(crate) fn new(names: &Names, port: u16) -> Self {
        Self::of(names, None, port)
    }

    fn of(names: &Names, local: Option<Host>, port: u16) -> Self {
        // As browsers write it.
        let shown_port = if port == 443 { String::new() } else { format!(":{port}") };
        let page = |host: &Host| format!("https://{host}{shown_port}");
        let first = page(&names.first());
        let by_name = local.as_ref().map(page).filter(|by_name| *by_name != first);
        let (page, beside) = match by_name {
            Some(by_name) if !names.are_asked_for => (by_name, Some(first)),
            by_name => (first, by_name),
        };
        Self { page, beside, origins: names.origins(port), local }
    }

    /// Where people find the page, the address to open first in front.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.page).chain(&self.beside)
    }

    /// The network knows this name of the computer, or none.
    pub(crate) fn is_known_as(&mut self, name: Option<&Host>, names: &Names, port: u16) {
        *self = Self::of(names, name.cloned(), port);
    }

    /// The same at other names.
    pub(crate) fn moves(&mut self, names: &Names, port: u16) {
        *self = Self::of(names, self.local.take(), port);
    }
}

/// The names that are to be used after `found` was found, if they are others than those `known`.
///
/// A computer that is on no network for a moment keeps its names: it comes back with them, or with
/// new ones.
pub(crate) fn moved(known: &Names, found: Names) -> Option<Names> {
    let is_on_a_network = found.ips().any(|ip| !ip.is_loopback());
    (is_on_a_network && *known != found).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(hosts: &[&str]) -> Names {
        Names {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            are_asked_for: false,
            hostname: Some("bench".to_owned()),
        }
    }

    #[test]
    fn an_address_changes_when_there_is_another_one_and_not_when_there_is_none() {
        let known = names(&["192.168.1.3"]);
        assert_eq!(moved(&known, known.clone()), None);
        assert_eq!(moved(&known, names(&["127.0.0.1"])), None);
        for other in
            [&["192.168.1.7"][..], &["10.0.0.2", "192.168.1.3"], &["192.168.1.3", "10.0.0.2"]]
        {
            assert_eq!(moved(&known, names(other)), Some(names(other)), "{other:?}");
        }
        assert_eq!(moved(&names(&["127.0.0.1"]), known.clone()), Some(known));
    }

    #[test]
    fn people_open_the_first_address() {
        let reach = Reach::new(&names(&["192.168.1.3", "10.0.0.2"]), 5001);
        assert_eq!(reach.page, "https://192.168.1.3:5001");
        assert_eq!(reach.origins.len(), 3);
    }

    #[test]
    fn the_name_that_stays_stands_in_front_unless_somebody_chose_one() {
        let bench = "bench.local".parse::<Host>().unwrap();
        let (here, there) = (names(&["192.168.1.3"]), names(&["192.168.1.7"]));
        let mut reach = Reach::new(&here, 5001);
        assert_eq!(reach.pages().collect::<Vec<_>>(), ["https://192.168.1.3:5001"]);
        reach.is_known_as(Some(&bench), &here, 5001);
        let pages: Vec<_> = reach.pages().collect();
        assert_eq!(pages, ["https://bench.local:5001", "https://192.168.1.3:5001"]);
        // Until the network has been told anew.
        reach.moves(&there, 5001);
        let pages: Vec<_> = reach.pages().collect();
        assert_eq!(pages, ["https://bench.local:5001", "https://192.168.1.7:5001"]);
        reach.is_known_as(None, &there, 5001);
        assert_eq!(reach.pages().collect::<Vec<_>>(), ["https://192.168.1.7:5001"]);
        let chosen = |host: &str| Names { are_asked_for: true, ..names(&[host]) };
        let mut reach = Reach::new(&chosen("cam.example"), 443);
        reach.is_known_as(Some(&bench), &chosen("cam.example"), 443);
        let pages: Vec<_> = reach.pages().collect();
        assert_eq!(pages, ["https://cam.example", "https://bench.local"]);
        reach.is_known_as(Some(&bench), &chosen("bench.local"), 443);
        assert_eq!(reach.pages().collect::<Vec<_>>(), ["https://bench.local"]);
    }
}
