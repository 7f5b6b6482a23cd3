//! The engine beside copying memory: `cargo bench -p container --bench engine`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot go on must stop, loudly"
)]

mod support;

use std::sync::LazyLock;

use divan::Bencher;
use divan::counter::BytesCount;
use support::captures;
use support::splitting::{Purpose, split};
use support::streams::{self, Stream};

/// Some 260 megabytes, more than any cache holds.
const SECONDS: i64 = 840;

static WEBM: LazyLock<Stream> = LazyLock::new(|| streams::webm(SECONDS));
static MP4: LazyLock<Stream> = LazyLock::new(|| streams::mp4(SECONDS));

fn main() {
    divan::main();
}

#[divan::bench]
fn copy_memory(bencher: Bencher<'_, '_>) {
    let mut copy = vec![1; WEBM.bytes as usize];
    bencher.counter(BytesCount::new(WEBM.bytes)).bench_local(|| {
        let mut rest = &mut copy[..];
        for chunk in &WEBM.chunks {
            let (to, after) = rest.split_at_mut(chunk.len());
            to.copy_from_slice(chunk);
            rest = after;
        }
    });
}

#[divan::bench(args = [Purpose::Split, Purpose::Record])]
fn webm(bencher: Bencher<'_, '_>, purpose: Purpose) {
    engine(bencher, &WEBM, purpose);
}

#[divan::bench(args = [Purpose::Split, Purpose::Record])]
fn mp4(bencher: Bencher<'_, '_>, purpose: Purpose) {
    engine(bencher, &MP4, purpose);
}

/// What a damaged stream costs: nearly all of it is looked through for a place to go on.
#[divan::bench(args = ["webm", "mp4"])]
fn search(bencher: Bencher<'_, '_>, container: &str) {
    let stream = match container {
        "webm" => streams::webm(10),
        _ => streams::mp4(10),
    };
    let stream = streams::damaged(stream);
    let bytes = BytesCount::new(stream.bytes);
    bencher.counter(bytes).with_inputs(|| stream.chunks.clone()).bench_values(|chunks| {
        let written = split(chunks, Purpose::Split);
        let most = stream.samples / 3..=stream.samples;
        assert!(most.contains(&written.samples), "{} of {}", written.samples, stream.samples);
    });
}

fn engine(bencher: Bencher<'_, '_>, stream: &Stream, purpose: Purpose) {
    let bytes = BytesCount::new(stream.bytes);
    bencher.counter(bytes).with_inputs(|| stream.chunks.clone()).bench_values(|chunks| {
        let written = split(chunks, purpose);
        assert_eq!(written.samples, stream.samples);
        assert!(written.bytes > stream.bytes * 99 / 100);
    });
}
