//! The real binary from the outside: its command line, its sockets, its files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on must stop, loudly"
)]

mod support;

mod access;
mod access_commands;
mod addresses;
mod alarms;
mod attached;
mod certificate;
mod check;
mod compat;
mod control;
mod crash;
mod crowd;
mod deleting;
mod described;
mod doctor;
mod entrance;
mod faults;
mod full_disk;
mod growing;
mod hooks;
mod hostile;
mod https;
mod library;
mod live;
mod metrics;
mod moving;
mod mpegts;
mod network;
mod pages;
mod push;
mod ranges;
mod raw;
mod reloading;
mod resume;
mod reverse_proxy;
mod rtsp;
mod service_manager;
mod sockets;
mod sources;
mod split;
mod starting;
mod stopping;
mod unread_log;
mod v1;
mod viewers;
mod whep;
