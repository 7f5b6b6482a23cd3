//! Who has this computer's name on the network.

use std::collections::HashSet;
use std::net::IpAddr;

/// What may be done with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Nobody has it.
    Free,
    /// This computer's own system announces it (avahi, macOS), or another server here: it leads
    /// here, and is left to them.
    System,
    /// Another device has it.
    Taken,
}

/// What the addresses mean that were given for the name.
pub(super) fn claim(answered: &HashSet<IpAddr>, is_ours: impl Fn(IpAddr) -> bool) -> Claim {
    match answered {
        none if none.is_empty() => Claim::Free,
        some if some.iter().any(|ip| is_ours(*ip)) => Claim::System,
        _ => Claim::Taken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_claimed_only_where_nobody_has_it() {
        let judged = |answered: &[&str]| {
            let answered = answered.iter().map(|ip| ip.parse().unwrap()).collect();
            claim(&answered, |ip| ip.to_string() == "192.168.1.3")
        };
        assert_eq!(judged(&[]), Claim::Free);
        assert_eq!(judged(&["fe80::1", "192.168.1.3"]), Claim::System);
        assert_eq!(judged(&["192.168.1.9"]), Claim::Taken);
    }
}
