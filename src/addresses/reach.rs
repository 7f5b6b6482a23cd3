//! Under which addresses the server is reached at the moment, and whether they have changed.

use super::{Host, Names};

/// What others are told of the server's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The page, for people. Where nobody chose a name it is a number, which every device can open.
    pub(crate) page: String,
    /// The same by this computer's name, where the network knows it.
    pub(crate) local: Option<String>,
    /// Every origin under which other devices may reach the server.
    pub(crate) origins: Vec<String>,
}

impl Reach {
    /// At these names, on this port.
    pub(crate) fn new(names: &Names, port: u16) -> Self {
        let page = format!("https://{}:{port}", names.first());
        Self { page, local: None, origins: names.origins(port) }
    }

    /// Where people find the page, the address to open first in front.
    pub(crate) fn pages(&self) -> impl Iterator<Item = &String> {
        std::iter::once(&self.page).chain(&self.local)
    }

    /// The network knows this name of the computer, or none.
    pub(crate) fn is_known_as(&mut self, name: Option<&Host>, port: u16) {
        let local = name.map(|name| format!("https://{name}:{port}"));
        self.local = local.filter(|local| *local != self.page);
    }

    /// The same at other names.
    pub(crate) fn moves(&mut self, names: &Names, port: u16) {
        let local = self.local.take();
        *self = Self { local, ..Self::new(names, port) };
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
    fn the_number_stands_in_front_of_the_name_and_a_chosen_name_stands_once() {
        let bench = "bench.local".parse::<Host>().unwrap();
        let mut reach = Reach::new(&names(&["192.168.1.3"]), 5001);
        reach.is_known_as(Some(&bench), 5001);
        let pages: Vec<_> = reach.pages().collect();
        assert_eq!(pages, ["https://192.168.1.3:5001", "https://bench.local:5001"]);
        // Until the network has been told anew.
        reach.moves(&names(&["192.168.1.7"]), 5001);
        let pages: Vec<_> = reach.pages().collect();
        assert_eq!(pages, ["https://192.168.1.7:5001", "https://bench.local:5001"]);
        reach.is_known_as(None, 5001);
        assert_eq!(reach.pages().count(), 1);
        let mut chosen = Reach::new(&names(&["bench.local"]), 443);
        chosen.is_known_as(Some(&bench), 443);
        assert_eq!(chosen.pages().collect::<Vec<_>>(), ["https://bench.local:443"]);
    }
}
