//! The engine from the outside: streams in, files out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on must stop, loudly"
)]

mod captures;
mod damage;
mod finishing;
mod properties;
mod support;
