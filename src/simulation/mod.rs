//! The recorder, the sessions and the protocol, as they are, in a world whose time, network, disk
//! and devices follow a seed.
//!
//! `LOCALCAMERA_SEEDS=20000 cargo test simulation` tries as many; `LOCALCAMERA_SEED=17` runs one
//! again, and a failing one prints what its disk did last.

mod device;
mod disk;
mod drift;
mod media;
mod network;
mod random;
mod verdict;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

/// Enough to notice a mistake while one works; CI asks for more.
const SEEDS: u64 = 500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

#[test]
fn no_seed_loses_or_doubles_an_acknowledged_sample() {
    if let Some(seed) = number("LOCALCAMERA_SEED") {
        world::run(seed).unwrap_or_else(|failure| panic!("{failure}"));
        return;
    }
    let seeds = number("LOCALCAMERA_SEEDS").unwrap_or(SEEDS);
    let first = number("LOCALCAMERA_FIRST_SEED").unwrap_or(0);
    let next = AtomicU64::new(first);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    world::run(seed).unwrap_or_else(|failure| panic!("{failure}"));
                }
            });
        }
    });
}
