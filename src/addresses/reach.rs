//! Under which addresses the server is reached at the moment, and whether they have changed.

use super::Names;

/// What others are told of the server's addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// The page, for people.
    pub(crate) page: String,
    /// Every origin under which other devices may reach the server.
    pub(crate) origins: Vec<String>,
}

impl Reach {
    /// At these names, on this port.
    pub(crate) fn new(names: &Names, port: u16) -> Self {
        Self { page: format!("https://{}:{port}", names.first()), origins: names.origins(port) }
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
}
