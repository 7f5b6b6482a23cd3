//! Streams of a usual size and the whole way through the engine, for the measurements.
#![allow(dead_code, reason = "neither of the measurements uses all of it")]

#[path = "../../../../tests/support/captures.rs"]
pub(crate) mod captures;
pub(crate) mod splitting;
pub(crate) mod streams;
#[path = "../../tests/engine/writers/mod.rs"]
mod writers;
