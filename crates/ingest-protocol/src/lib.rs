//! The conversation `localcamera.v1` without IO: `docs/protocol.md` as code.
//!
//! [`Server`] takes the messages of one connection and says what to do with them; whoever owns
//! the socket and the session does it. [`Client`] is the other end, over all connections of a
//! session. Nothing here reads a clock.

mod chunk;
pub mod client;
mod message;
mod server;

pub use chunk::{CHUNK_HEADER_BYTES, Chunk};
pub use client::{Client, ClientOutput};
pub use message::{
    ClockMessage, DeviceMessage, ErrorCode, EventMessage, GenerationEnd, GenerationMessage, Held,
    Hello, Limits, Position, ServerMessage, SummaryFile,
};
pub use server::{Output, Server};

/// The WebSocket subprotocol that names this version.
pub const SUBPROTOCOL: &str = "localcamera.v1";

/// The largest message either side sends. Small enough that control messages never wait long
/// behind media on a slow uplink.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;
