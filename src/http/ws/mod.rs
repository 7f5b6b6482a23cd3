//! WebSocket endpoints.

pub(super) mod ingest;
mod socket;
