//! How many new devices an address may bring.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::addresses::network_of;

/// A classroom that unpacks its tablets behind one address; whoever makes up ids needs hours to
/// fill the list.
const MAX_PER_MINUTE: u32 = 30;

const MINUTE_MS: i64 = 60_000;

/// Who has come within a minute. There are never more than the list has room for.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    began_ms: i64,
    by_address: HashMap<IpAddr, u32>,
}

impl Newcomers {
    /// Whether another new device may come from there.
    pub(super) fn may_come(&mut self, from: IpAddr, now_ms: i64) -> bool {
        // Also when the clock was set back.
        if !(0..MINUTE_MS).contains(&now_ms.saturating_sub(self.began_ms)) {
            self.began_ms = now_ms;
            self.by_address.clear();
        }
        self.by_address.get(&home(from)).is_none_or(|&count| count < MAX_PER_MINUTE)
    }

    /// It has come.
    pub(super) fn has_come(&mut self, from: IpAddr) {
        *self.by_address.entry(home(from)).or_default() += 1;
    }
}

/// A computer has a whole IPv6 network to choose addresses from.
fn home(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => network_of(address).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_one_address_and_a_minute_is_over() {
        let mut newcomers = Newcomers::default();
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for number in 0..MAX_PER_MINUTE {
            let from = address(&format!("fd00::1:{number}"));
            assert!(newcomers.may_come(from, 100));
            newcomers.has_come(from);
        }
        assert!(!newcomers.may_come(address("fd00::2"), 100));
        assert!(newcomers.may_come(address("fd00:0:0:1::2"), 100));
        assert!(newcomers.may_come(address("192.168.1.7"), 100));
        assert!(newcomers.may_come(address("fd00::2"), -1), "the clock was set back");
    }
}
