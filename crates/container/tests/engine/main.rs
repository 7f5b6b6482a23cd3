//! The engine from the outside: streams in, files out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop, loudly"
)]

mod accounting;
mod bare;
#[path = "../../../../tests/support/captures.rs"]
mod captures;
mod clamping;
mod clocks;
mod concatenating;
mod configurations;
mod cutting;
mod damage;
mod dialects;
mod finishing;
mod fragments;
mod generated;
mod headers;
mod hostile;
mod interleaving;
mod live;
mod matrix;
mod open_groups;
mod presentation;
mod progressive;
mod properties;
mod reels;
mod reopening;
mod resynchronising;
mod salvaging;
mod segmenting;
mod support;
mod writers;
