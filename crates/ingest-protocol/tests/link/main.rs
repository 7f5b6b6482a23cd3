//! A device and a server over a link that fails: whatever happens in between, every byte arrives
//! once and in order, and nothing is freed before it is safe.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop, loudly"
)]

mod device;
mod host;
mod hostile;
mod random;

use std::ops::Range;

use device::Device;
use host::{Counts, Host, Link, Wire};
use random::Random;

const SEEDS: u64 = 2000;
const STEPS: usize = 120;

/// What a device and a server live through, decided by a seed.
struct World {
    random: Random,
    now_ms: i64,
    device: Device,
    host: Host,
    link: Option<Link>,
}

impl World {
    fn new(seed: u64) -> Self {
        let (random, device, host) = (Random::new(seed), Device::new(), Host::default());
        Self { random, now_ms: 1_000_000, device, host, link: None }
    }

    fn step(&mut self, step: usize) {
        match self.random.below(100) {
            0..40 => self.device.capture(&mut self.random, self.now_ms),
            40..60 => self.host.commit(&mut self.random, self.link.as_mut()),
            60..66 => self.cut(),
            66..69 => {
                self.cut();
                self.host.crash();
            }
            69..72 => {
                self.cut();
                self.device.restart();
            }
            72..73 => self.host.give_up(&mut self.random, self.link.as_mut()),
            73 if self.random.one_in(10) => {
                self.cut();
                self.host.lose_everything();
            }
            74..76 if step > STEPS / 2 => self.device.stop(),
            _ => self.now_ms += self.random.below(4000) as i64,
        }
        let (up, down) = (self.random.below(6), self.random.below(6));
        self.carry(up, down, true);
    }

    /// Both ends go on, and the link takes so many messages each way.
    fn carry(&mut self, up: usize, down: usize, is_faulty: bool) {
        if self.link.is_none() && (!is_faulty || self.random.one_in(3)) {
            if self.device.is_over() {
                return;
            }
            self.device.client.connected(self.now_ms);
            self.link = Some(Link::default());
        }
        let can_send_media = !is_faulty || !self.random.one_in(4);
        if !self.device.act(can_send_media, self.now_ms, &self.host, self.link.as_mut()) {
            return self.cut();
        }
        let Some(link) = &mut self.link else { return };
        for _ in 0..up {
            let Some(wire) = link.up.pop_front() else { break };
            if is_faulty && self.random.one_in(8) && !wire.is_hello() {
                self.host.take(wire.clone(), link);
            }
            self.host.take(wire, link);
        }
        for _ in 0..down {
            let Some(text) = link.down.pop_front() else { break };
            if is_faulty && self.random.one_in(8) {
                self.device.client.text(&text, self.now_ms);
            }
            self.device.client.text(&text, self.now_ms);
        }
        self.host.check(&self.device);
    }

    /// The connection ends with whatever is on its way.
    fn cut(&mut self) {
        self.device.client.disconnected();
        self.link = None;
    }

    /// The person presses Stop, and after a while nothing fails any more.
    fn finish(&mut self, seed: u64) {
        self.device.stop();
        for round in 0..20_000 {
            if self.device.is_over() {
                return;
            }
            self.host.commit(&mut self.random, self.link.as_mut());
            self.now_ms += 10;
            if round > 40 {
                self.carry(usize::MAX, usize::MAX, false);
                continue;
            }
            if self.random.one_in(8) {
                self.cut();
            }
            let (up, down) = (self.random.below(40), self.random.below(4));
            self.carry(up, down, true);
        }
        panic!("seed {seed}: the session never ends: {:?}", self.device.client);
    }
}

#[test]
fn every_byte_arrives_once_and_in_order_through_anything() {
    let run = |seeds: Range<u64>| {
        let mut totals = Counts::default();
        for seed in seeds {
            let mut world = World::new(seed);
            for step in 0..STEPS {
                world.step(step);
            }
            world.finish(seed);
            world.host.check_complete(&world.device, seed);
            totals.add(world.host.counts);
        }
        totals
    };
    let mut totals = Counts::default();
    std::thread::scope(|scope| {
        let half = scope.spawn(|| run(0..SEEDS / 2));
        totals.add(run(SEEDS / 2..SEEDS));
        totals.add(half.join().expect("its seeds pass"));
    });
    // The world is as hard as it should be.
    let seeds = SEEDS as usize;
    assert!(totals.hellos > 5 * seeds, "{totals:?}");
    assert!(totals.duplicates > seeds, "{totals:?}");
    assert!(totals.fallen_bytes > 200 * seeds, "{totals:?}");
    assert!(totals.interleaved > 3 * seeds, "{totals:?}");
    assert!(totals.broken > seeds / 20, "{totals:?}");
    assert!(totals.lost > seeds / 20, "{totals:?}");
    assert!(totals.returns > seeds / 20, "{totals:?}");
}

impl Wire {
    fn is_hello(&self) -> bool {
        matches!(self, Self::Text(text) if text.contains(r#""type":"hello""#))
    }
}
