//! How many requests an address makes, so that one leaves the others their time.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::error::ApiError;
use super::tally::Tally;
use crate::addresses::home_of;
use crate::config::{InForce, TrustedProxies};
use crate::metrics::{self, Refused};

/// Behind the router of a school everybody has one address: fifty browsers, each with the ten
/// requests a second of one that records by requests and looks at pictures. They take the server
/// some 5 % of a core.
const PER_SECOND: NonZeroU32 = NonZeroU32::new(500).unwrap();

/// The same fifty open a page of a hundred files at once.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(5000).unwrap();

/// How many requests come between two looks at which addresses are quiet again.
const BETWEEN_LOOKS: u64 = 4096;

type Limiter<C> =
    RateLimiter<IpAddr, HashMapStateStore<IpAddr>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// The requests of all listeners. A WebSocket is one, whatever it carries.
#[derive(Debug, Clone)]
pub(super) struct Rates<C: Clock = MonotonicClock>(Arc<Inner<C>>);

#[derive(Debug)]
struct Inner<C: Clock> {
    clock: C,
    limiter: Limiter<C>,
    /// Those who come by them have addresses of their own.
    proxies: InForce<TrustedProxies>,
    asked: AtomicU64,
    refused: Tally,
}

impl Rates {
    pub(super) fn new(proxies: InForce<TrustedProxies>) -> Self {
        Self::by(MonotonicClock, proxies)
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn by(clock: C, proxies: InForce<TrustedProxies>) -> Self {
        let quota = Quota::per_second(PER_SECOND).allow_burst(AT_ONCE);
        let limiter = RateLimiter::new(quota, HashMapStateStore::default(), clock.clone());
        let (asked, refused) = (AtomicU64::default(), Tally::default());
        Self(Arc::new(Inner { clock, limiter, proxies, asked, refused }))
    }

    /// Counts a request of that address.
    ///
    /// # Errors
    /// When there are too many, which the log says.
    pub(super) fn count(&self, address: IpAddr) -> Result<(), ApiError> {
        let address = address.to_canonical();
        let Inner { clock, limiter, proxies, asked, refused } = &*self.0;
        if proxies.get().contains(address) {
            return Ok(());
        }
        if asked.fetch_add(1, Ordering::Relaxed) % BETWEEN_LOOKS == BETWEEN_LOOKS - 1 {
            limiter.retain_recent();
        }
        let Err(not_until) = limiter.check_key(&home_of(address)) else { return Ok(()) };
        metrics::REFUSED.add(Refused::Rate, 1);
        if let Some(count) = refused.count() {
            tracing::warn!(
                %address, count, per_second = PER_SECOND,
                "requests were refused: this address makes more than one may. If it is a reverse proxy, name it in trusted_proxies of the configuration file"
            );
        }
        let wait = not_until.wait_time_from(clock.now());
        Err(ApiError::too_many(
            "more requests come from this address than the server answers; come again later",
            wait.as_secs().saturating_add(1),
        ))
    }

    #[cfg(test)]
    fn known(&self) -> usize {
        self.0.limiter.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::Duration;

    use axum::http::StatusCode;
    use governor::clock::FakeRelativeClock;

    use super::*;

    /// Its time stands still until the clock is told otherwise.
    fn rates() -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
        let proxies = toml::from_str::<HashMap<String, TrustedProxies>>("p = [\"10.9.0.0/16\"]");
        let clock = FakeRelativeClock::default();
        (Rates::by(clock.clone(), proxies.unwrap().remove("p").unwrap().into()), clock)
    }

    /// How many of these are answered one after the other, until one is not.
    fn answered(rates: &Rates<FakeRelativeClock>, from: impl Fn(u32) -> String, max: u32) -> u32 {
        let is_refused = |number: &u32| rates.count(from(*number).parse().unwrap()).is_err();
        (0..max).find(is_refused).unwrap_or(max)
    }

    const MOST: u32 = 4 * AT_ONCE.get();

    #[test]
    fn one_address_leaves_the_others_their_time() {
        let (rates, clock) = rates();
        let loud = |_| "192.168.1.9".to_owned();
        assert_eq!(answered(&rates, loud, MOST), AT_ONCE.get());
        assert_eq!(answered(&rates, |_| "192.168.1.10".to_owned(), 100), 100);
        let refusal = rates.count("::ffff:192.168.1.9".parse().unwrap()).unwrap_err();
        assert_eq!(refusal.status(), StatusCode::TOO_MANY_REQUESTS);
        clock.advance(Duration::from_secs(1));
        assert_eq!(answered(&rates, loud, MOST), PER_SECOND.get());
    }

    #[test]
    fn who_has_a_whole_network_is_one() {
        let (rates, _) = rates();
        let one_network = |number| format!("2001:db8::{number:x}");
        assert_eq!(answered(&rates, one_network, MOST), AT_ONCE.get());
        assert_eq!(answered(&rates, |number| format!("fd00::{number:x}"), MOST), MOST);
    }

    #[test]
    fn a_proxy_is_not_counted_and_who_is_quiet_not_remembered() {
        let (rates, clock) = rates();
        assert_eq!(answered(&rates, |_| "10.9.1.1".to_owned(), MOST), MOST);
        assert_eq!(rates.known(), 0);
        let address = |number: u32| format!("10.8.{}.{}", number >> 8 & 255, number & 255);
        let many = u32::try_from(BETWEEN_LOOKS).unwrap() - 1;
        assert_eq!(answered(&rates, address, many), many);
        assert_eq!(rates.known(), many as usize);
        clock.advance(Duration::from_secs(1));
        assert_eq!(answered(&rates, |_| "10.7.1.1".to_owned(), 1), 1);
        assert!(rates.known() <= 1, "{}", rates.known());
    }
}
