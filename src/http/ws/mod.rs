//! WebSocket endpoints.

pub(super) mod control;
pub(super) mod ingest;
pub(super) mod live;
mod socket;
mod teller;
