//! Every byte of a stream is handed out, tells of what is, or is named as damage: whatever bit is
//! wrong, nothing goes without a word.

use std::collections::HashMap;

use bytes::Bytes;
use container::{Demuxer, Event};

use crate::writers::sources::capture;
use crate::writers::webm::{Blocks, Clusters, Length};
use crate::writers::{Expected, mp4, webm};

#[derive(Debug, Default)]
struct Account {
    samples: Vec<Bytes>,
    damage_bytes: u64,
    is_damaged: bool,
}

impl Account {
    fn handed_bytes(&self) -> u64 {
        self.samples.iter().map(|sample| sample.len() as u64).sum()
    }

    fn take(&mut self, demuxer: &mut Demuxer) {
        while let Some(event) = demuxer.poll().unwrap() {
            if let Event::Sample(sample) = event {
                self.samples.push(sample.data);
            }
        }
        for damage in std::iter::from_fn(|| demuxer.damage()) {
            self.is_damaged = true;
            self.damage_bytes += damage.bytes;
        }
    }
}

fn read(stream: &[u8]) -> Account {
    let mut demuxer = Demuxer::salvaging();
    let mut account = Account::default();
    demuxer.push(Bytes::copy_from_slice(stream));
    account.take(&mut demuxer);
    demuxer.end();
    account.take(&mut demuxer);
    account
}

fn count<'a>(samples: impl Iterator<Item = &'a Bytes>) -> HashMap<&'a [u8], usize> {
    let mut counts = HashMap::new();
    samples.for_each(|sample| *counts.entry(&sample[..]).or_default() += 1);
    counts
}

/// One bit after the other of what is not a sample, each `step`th.
fn assert_nothing_goes_silently(name: &str, stream: &[u8], expected: &[Expected], step: usize) {
    let whole = read(stream);
    assert!(!whole.is_damaged, "{name}");
    let wanted = count(expected.iter().map(|sample| &sample.data));
    assert_eq!(count(whole.samples.iter()), wanted, "{name}");
    let structure_bytes = stream.len() as u64 - whole.handed_bytes();
    let mut is_structure = vec![true; stream.len()];
    let mut from = 0;
    for sample in expected {
        let mut windows = stream[from..].windows(sample.data.len());
        let at = from + windows.position(|window| window == sample.data).unwrap();
        from = at + sample.data.len();
        is_structure[at..from].fill(false);
    }
    let structure = (0..stream.len()).filter(|&at| is_structure[at]);
    let bits = structure.flat_map(|at| (0..8).map(move |bit| (at, bit)));
    let (mut flips, mut silent) = (0, Vec::new());
    for (at, bit) in bits.step_by(step) {
        let mut bytes = stream.to_vec();
        bytes[at] ^= 1 << bit;
        let account = read(&bytes);
        flips += 1;
        let found = count(account.samples.iter());
        let is_lossy = wanted.iter().any(|(sample, n)| found.get(sample).unwrap_or(&0) < n);
        let told = account.handed_bytes() + account.damage_bytes;
        let passed = (stream.len() as u64).checked_sub(told);
        let passed = passed.unwrap_or_else(|| panic!("{name}: {at} {bit}: more than there is"));
        // What goes without a word is no more than what tells of nothing in a good stream.
        if is_lossy && !account.is_damaged || passed > structure_bytes {
            silent.push((at, bit, account.samples.len(), passed.saturating_sub(structure_bytes)));
        }
    }
    assert!(flips > 500, "{name}: {flips}");
    assert!(silent.is_empty(), "{name}: {} of {flips}: {silent:?}", silent.len());
}

#[test]
fn no_bit_of_a_webm_takes_samples_away_silently() {
    let source = capture("chromium-webm-vp8-opus", 2.0);
    for (name, style) in [
        ("chromium", webm::Style { clusters: Clusters::EveryMs(400), ..webm::Style::chromium() }),
        (
            "groups in clusters of known size",
            webm::Style {
                clusters: Clusters::EveryMs(400),
                cluster: Length::Known,
                blocks: Blocks::Groups,
                ..webm::Style::chromium()
            },
        ),
    ] {
        let stream = webm::write(&source, &style);
        let expected = stream.expected.clone().unwrap().remove(0);
        assert_nothing_goes_silently(name, &stream.bytes, &expected, 7);
    }
}

#[test]
fn no_bit_of_a_fragmented_mp4_takes_samples_away_silently() {
    for (name, style) in [
        ("webkit-mp4-h264-aac", mp4::Style::safari()),
        ("chromium-mp4-h264-opus", mp4::Style::chromium()),
    ] {
        let style = mp4::Style { fragments: mp4::Fragments::EveryMs(400), ..style };
        let stream = mp4::write(&capture(name, 2.0), &style);
        let expected = stream.expected.clone().unwrap().remove(0);
        assert_nothing_goes_silently(name, &stream.bytes, &expected, 17);
    }
}
