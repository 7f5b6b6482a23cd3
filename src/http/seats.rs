//! How many connections there are, in all and of each remote address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tally::Tally;
use crate::addresses::network_of;
use crate::config::{InForce, TrustedProxies};
use crate::metrics::{self, Present, Refused};

/// Eight times the largest scale that there are budgets for (1,000 who record and as many who
/// watch), at some 40 KiB each.
const MAX_CONNECTIONS: usize = 8192;

/// Of the files that the process may have open, one in so many is a connection: each that records
/// has a file that grows and a journal beside it, and a file that is being finished.
const FILES_PER_CONNECTION: u64 = 4;

/// Behind the router of a school everybody has one address: fifty browsers, each with eight
/// connections, fit.
const MAX_OF_ADDRESS: usize = 512;

/// A home has a /64 for all of its devices (RFC 6177), and so has each of them for itself.
const MAX_OF_NETWORK: usize = 4 * MAX_OF_ADDRESS;

/// The connections of all listeners.
#[derive(Debug, Clone)]
pub(crate) struct Seats(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max: usize,
    /// Others come in under their addresses.
    proxies: InForce<TrustedProxies>,
    taken: Mutex<Taken>,
    refused: Tally,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of_address: HashMap<IpAddr, usize>,
    /// The first address of each IPv6 network.
    of_network: HashMap<Ipv6Addr, usize>,
}

/// One connection, for as long as it is there.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Seats,
    address: IpAddr,
    _present: Present,
}

/// Why there is no room for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    Server,
    Address,
    Network,
}

impl From<Full> for Refused {
    fn from(full: Full) -> Self {
        match full {
            Full::Server => Self::Full,
            Full::Address => Self::AddressFull,
            Full::Network => Self::NetworkFull,
        }
    }
}

impl Seats {
    /// As many as a process with so many open files may have.
    pub(super) fn new(max_open_files: u64, proxies: InForce<TrustedProxies>) -> Self {
        let of_files = usize::try_from(max_open_files / FILES_PER_CONNECTION);
        let max = of_files.unwrap_or(usize::MAX).min(MAX_CONNECTIONS);
        let (taken, refused) = (Mutex::default(), Tally::default());
        Self(Arc::new(Inner { max, proxies, taken, refused }))
    }

    /// Counts a connection of that address; `None` when there are too many, which the log says.
    pub(super) fn take(&self, address: IpAddr) -> Option<Seat> {
        let address = address.to_canonical();
        let is_limited = !self.0.proxies.get().contains(address);
        let taken = self.taken().take(address, self.0.max, is_limited);
        match taken {
            Ok(()) => {
                let _present = metrics::CONNECTIONS.enter();
                Some(Seat { seats: self.clone(), address, _present })
            }
            Err(full) => {
                metrics::REFUSED.add(full.into(), 1);
                if let Some(count) = self.0.refused.count() {
                    self.say(full, address, count);
                }
                None
            }
        }
    }

    fn say(&self, full: Full, address: IpAddr, count: u64) {
        match full {
            Full::Server => tracing::warn!(
                %address, count, max = self.0.max,
                "connections were refused: no more may be open at once"
            ),
            Full::Address => tracing::warn!(
                %address, count, max = MAX_OF_ADDRESS,
                "connections were refused: this address has as many as one may have. If it is a reverse proxy, name it in trusted_proxies of the configuration file"
            ),
            Full::Network => tracing::warn!(
                %address, count, max = MAX_OF_NETWORK,
                "connections were refused: the /64 of this address has as many as one may have"
            ),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.0.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn of(&self, address: IpAddr) -> usize {
        self.taken().of_address.get(&address).copied().unwrap_or(0)
    }
}

impl Taken {
    fn take(&mut self, address: IpAddr, max: usize, is_limited: bool) -> Result<(), Full> {
        if self.all >= max {
            return Err(Full::Server);
        }
        let of_address = self.of_address.get(&address).copied().unwrap_or(0);
        if is_limited && of_address >= MAX_OF_ADDRESS {
            return Err(Full::Address);
        }
        if let Some(network) = network(address) {
            let of_network = self.of_network.entry(network).or_default();
            if is_limited && *of_network >= MAX_OF_NETWORK {
                return Err(Full::Network);
            }
            *of_network += 1;
        }
        self.of_address.insert(address, of_address + 1);
        self.all += 1;
        Ok(())
    }

    fn leave(&mut self, address: IpAddr) {
        self.all -= 1;
        one_less(&mut self.of_address, address);
        if let Some(network) = network(address) {
            one_less(&mut self.of_network, network);
        }
    }
}

fn one_less<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

/// The /64 of an IPv6 address.
fn network(address: IpAddr) -> Option<Ipv6Addr> {
    match address {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => Some(network_of(ip)),
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken().leave(self.address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seats(max_open_files: u64) -> Seats {
        let proxies = toml::from_str::<HashMap<String, TrustedProxies>>("p = [\"10.9.0.0/16\"]");
        Seats::new(max_open_files, proxies.unwrap().remove("p").unwrap().into())
    }

    #[test]
    fn one_address_leaves_room_for_the_others() {
        let seats = seats(1 << 20);
        let held: Vec<_> =
            (0..MAX_OF_ADDRESS).map(|_| seats.take(ip("192.168.1.9")).unwrap()).collect();
        assert!(seats.take(ip("192.168.1.9")).is_none());
        assert!(seats.take(ip("::ffff:192.168.1.9")).is_none(), "the same, in other words");
        assert!(seats.take(ip("192.168.1.10")).is_some());
        drop(held);
        assert!(seats.take(ip("192.168.1.9")).is_some());
        assert!(seats.taken().of_address.is_empty(), "nothing is kept of who has gone");
    }

    #[test]
    fn a_network_that_makes_up_addresses_leaves_room_for_the_others() {
        let seats = seats(1 << 20);
        let address = |index: usize| ip(&format!("fd00:1::{index:x}"));
        let held: Vec<_> =
            (0..MAX_OF_NETWORK).map(|index| seats.take(address(index)).unwrap()).collect();
        assert!(seats.take(address(MAX_OF_NETWORK)).is_none());
        assert!(seats.take(ip("fd00:2::1")).is_some());
        assert!(seats.take(ip("192.168.1.10")).is_some());
        drop(held);
        assert!(seats.take(address(MAX_OF_NETWORK)).is_some());
        assert!(seats.taken().of_network.is_empty());
    }

    #[test]
    fn recordings_keep_files_to_be_opened_and_a_proxy_brings_many() {
        let seats = seats(4000);
        let held: Vec<_> = (0..1000).map(|_| seats.take(ip("10.9.1.1")).unwrap()).collect();
        assert!(seats.take(ip("192.168.1.10")).is_none());
        drop(held);
        assert!(seats.take(ip("192.168.1.10")).is_some());
    }
}
