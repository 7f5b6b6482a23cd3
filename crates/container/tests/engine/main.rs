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
mod configurations;
mod cutting;
mod damage;
mod dialects;
mod finishing;
mod generated;
mod live;
mod matrix;
mod properties;
mod reopening;
mod resynchronising;
mod segmenting;
mod support;
mod writers;
