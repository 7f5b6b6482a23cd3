//! WebSocket endpoints.

pub(super) mod address;
pub(super) mod compat;
pub(super) mod control;
pub(super) mod ingest;
pub(super) mod live;
pub(super) mod mpegts;
pub(super) mod pictures;
mod socket;
mod teller;
