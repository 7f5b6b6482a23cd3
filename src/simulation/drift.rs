//! An encoder whose clock is not the device's.

use std::collections::BTreeMap;

use super::device::{Device, session};
use super::media::{self, Stamp, Stream};
use super::random::Random;
use super::verdict::{self, Journal};
use super::world::{START_MS, World};
use crate::clock;
use crate::recorder::wall::Mapping;

/// The encoder's seconds are longer by so much.
const PARTS_PER_MILLION: i64 = 400;

/// What makes half a minute of a capture last a good hour.
const STRETCH: u32 = 150;

#[test]
fn a_slow_encoder_is_followed_across_a_crash() {
    for seed in 0..4 {
        let mut random = Random(seed);
        let mut stream = Stream::stretched(STRETCH, 0, 0, &mut random);
        for (at_ms, _) in &mut stream.pieces {
            *at_ms += *at_ms * PARTS_PER_MILLION / 1_000_000;
        }
        let length_ms = stream.pieces.last().unwrap().0;
        let device = Device::with(stream, START_MS, &mut random);
        let mut world = World::quiet(vec![device], random);
        let crash_ms = START_MS + length_ms * 2 / 3;
        let mut has_crashed = false;
        while !world.devices[0].is_done {
            if !has_crashed && world.now_ms > crash_ms {
                has_crashed = true;
                world.disk.crash_after(1);
            }
            world.tick().unwrap();
            assert!(world.now_ms < START_MS + 2 * length_ms, "it never came to its end");
        }
        clock::simulate(None);
        verdict::complete(&world.disk, &world.devices).unwrap();
        let files = world.disk.snapshot();
        let journal = Journal::of(&files, &session(0)).unwrap();
        let stream = &world.devices[0].generations[0].bytes;
        let times: BTreeMap<Stamp, i64> = media::samples(stream).into_iter().collect();
        let uncorrected = Mapping::new(START_MS * 1000);
        let mut worst_us = [0, 0];
        for (path, segment) in &journal.segments {
            let found = media::file_samples(&files[path]);
            let Some(media_us) = found.iter().map(|(stamp, _)| times[stamp] / 1000).min() else {
                continue;
            };
            let true_us = START_MS * 1000 + media_us + media_us * PARTS_PER_MILLION / 1_000_000;
            let errors =
                [segment.start_us, uncorrected.wall_us(media_us)].map(|us| (us - true_us).abs());
            worst_us = [worst_us[0].max(errors[0]), worst_us[1].max(errors[1])];
        }
        let [corrected_us, uncorrected_us] = worst_us;
        assert!(
            corrected_us * 2 < uncorrected_us,
            "seed {seed}: {corrected_us} of {uncorrected_us} µs"
        );
    }
}
