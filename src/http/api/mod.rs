//! The JSON API.

pub(super) mod access;
pub(super) mod alarms;
pub(super) mod cameras;
pub(super) mod check;
pub(super) mod configuration;
pub(super) mod deletions;
pub(super) mod devices;
pub(super) mod editing;
pub(super) mod files;
pub(super) mod health;
pub(super) mod ingest;
pub(super) mod library;
pub(super) mod metrics;
pub(super) mod openapi;
pub(super) mod pictures;
pub(super) mod retention;
pub(super) mod sessions;
pub(super) mod sources;
pub(super) mod streams;
pub(super) mod transcoders;
pub(super) mod whep;
