//! localcamera turns any browser on the network into a recording camera that loses nothing.

mod access_command;
mod addresses;
mod alarms;
mod app;
mod auth;
mod authorities;
mod cameras;
mod check;
mod clock;
mod config;
mod console;
mod devices;
mod doctor;
mod export;
mod ffmpeg;
mod hooks;
mod http;
mod ingest;
mod interruption;
mod library;
mod live;
mod mdns;
mod metrics;
mod outgoing;
mod program;
mod progress;
mod push;
mod recorder;
mod reload;
mod retention;
#[cfg(test)]
mod simulation;
mod sources;
mod split;
mod statefile;
mod storage;
mod text;
mod tls;
mod vitals;
mod webrtc;

/// Gives back to the system what a crowd of viewers or devices has needed, which the system's own
/// keeps for ever.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    app::main()
}
