//! TLS handshakes under way: whoever begins many and ends none loses the oldest.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::tally::Tally;
use crate::config::{InForce, TrustedProxies};
use crate::metrics::{self, Refused};

/// As many as computers behind one router begin at once when the power is back: each takes a few
/// round trips.
const MAX_OF_ADDRESS: usize = 128;

/// Some 16 KiB each, while they last.
const MAX_HANDSHAKES: usize = 1024;

/// Those of a listener, in the order in which they began.
#[derive(Debug, Clone, Default)]
pub(super) struct Handshakes(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Others come in under their addresses.
    proxies: InForce<TrustedProxies>,
    under_way: Mutex<UnderWay>,
    cut: Tally,
}

#[derive(Debug, Default)]
struct UnderWay {
    begun: u64,
    of: BTreeMap<u64, (IpAddr, CancellationToken)>,
}

/// One of them, until it is over.
#[derive(Debug)]
pub(super) struct Handshake {
    handshakes: Handshakes,
    number: u64,
}

impl Handshakes {
    pub(super) fn new(proxies: InForce<TrustedProxies>) -> Self {
        Self(Arc::new(Inner { proxies, ..Inner::default() }))
    }

    /// Counts one. Where there are too many, the oldest of its address is cut, or the oldest of
    /// all: that is hardly one that is about to end.
    pub(super) fn begin(&self, address: IpAddr, cut: CancellationToken) -> Handshake {
        let address = address.to_canonical();
        let max =
            if self.0.proxies.get().contains(address) { MAX_HANDSHAKES } else { MAX_OF_ADDRESS };
        let (number, oldest) = self.under_way().begin(address, cut, max);
        if let Some((of, oldest)) = oldest {
            oldest.cancel();
            metrics::REFUSED.add(Refused::Handshakes, 1);
            if let Some(count) = self.0.cut.count() {
                tracing::warn!(address = %of, count, "connections were closed: too many were there that did not get on with TLS");
            }
        }
        Handshake { handshakes: self.clone(), number }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.0.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    fn begin(
        &mut self,
        address: IpAddr,
        cut: CancellationToken,
        max_of_address: usize,
    ) -> (u64, Option<(IpAddr, CancellationToken)>) {
        let number = self.begun;
        self.begun += 1;
        let mut same = self.of.iter().filter(|(_, (of, _))| *of == address).map(|(key, _)| *key);
        let oldest_of_address = same.next();
        let of_address = usize::from(oldest_of_address.is_some()) + same.count();
        let oldest = if of_address >= max_of_address {
            oldest_of_address.and_then(|key| self.of.remove(&key))
        } else if self.of.len() >= MAX_HANDSHAKES {
            self.of.pop_first().map(|(_, oldest)| oldest)
        } else {
            None
        };
        self.of.insert(number, (address, cut));
        (number, oldest)
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.handshakes.under_way().of.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(index: usize) -> IpAddr {
        std::net::Ipv4Addr::from_bits(u32::try_from(index).unwrap()).into()
    }

    #[test]
    fn who_begins_many_loses_the_oldest_of_its_own() {
        let handshakes = Handshakes::default();
        let other = CancellationToken::new();
        let _other = handshakes.begin(ip(1), other.clone());
        let all: Vec<_> = (0..=MAX_OF_ADDRESS).map(|_| CancellationToken::new()).collect();
        let held: Vec<_> = all.iter().map(|cut| handshakes.begin(ip(2), cut.clone())).collect();
        let cut: Vec<_> = all.iter().map(CancellationToken::is_cancelled).collect();
        assert!(cut[0] && !cut[1..].contains(&true), "{cut:?}");
        assert!(!other.is_cancelled());
        drop(held);
        assert_eq!(handshakes.under_way().of.len(), 1);
    }

    #[test]
    fn who_has_many_addresses_loses_them_too() {
        let handshakes = Handshakes::default();
        let all: Vec<_> = (0..MAX_HANDSHAKES + 2).map(|_| CancellationToken::new()).collect();
        let begin =
            |(index, cut): (usize, &CancellationToken)| handshakes.begin(ip(index), cut.clone());
        let _held: Vec<_> = all.iter().enumerate().map(begin).collect();
        let cut = all.iter().filter(|cut| cut.is_cancelled()).count();
        assert_eq!((cut, all[0].is_cancelled(), all[1].is_cancelled()), (2, true, true));
    }
}
