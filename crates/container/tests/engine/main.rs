//! The engine from the outside: streams in, files out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop, loudly"
)]

mod bare;
#[path = "../../../../tests/support/captures.rs"]
mod captures;
mod damage;
mod dialects;
mod finishing;
mod live;
mod properties;
mod reopening;
mod segmenting;
mod support;
