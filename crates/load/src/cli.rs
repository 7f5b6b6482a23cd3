//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::scenario::Scenario;
use crate::standard::Settings;
use crate::subject::Kind;

/// Loads a localcamera server as many browsers would, and checks every sample that it recorded.
#[derive(Debug, Parser)]
#[command(name = "load")]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One run against a server, which is started in a folder of its own
    Run(Run),
    /// The standard set, with what stands beside it
    Standard(Standard),
    /// A bare loop that receives messages and appends them to files, until it is interrupted
    Floor {
        /// With server.crt and server.key
        #[arg(long, value_name = "DIR")]
        certs: PathBuf,
        #[arg(long, value_name = "DIR")]
        recordings: PathBuf,
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// The localcamera program
    #[arg(long, value_name = "FILE")]
    pub(crate) server: PathBuf,
    /// What to load: the server itself, the bare loop, or the Python server
    #[arg(long, default_value = "localcamera", value_parser = kind)]
    subject: Kind,
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    publishers: u32,
    /// Of each publisher
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(32..=100_000))]
    kbps: u64,
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Between two chunks of an encoder
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u64).range(40..=60_000))]
    chunk_ms: u64,
    /// Bare WebSockets without acknowledgements, in place of localcamera.v1
    #[arg(long)]
    raw: bool,
    /// Send this recording again and again, in place of a generated stream
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Viewers by WebSocket, who check each sample and measure how old it is
    #[arg(long, default_value_t = 0, conflicts_with_all = ["raw", "capture"])]
    viewers: usize,
    /// Viewers of single pictures, for which --capture is needed
    #[arg(long, default_value_t = 0, requires = "capture", conflicts_with = "raw")]
    jpeg_viewers: usize,
    /// Kill the server at this second and start it again
    #[arg(long, value_name = "SECOND", conflicts_with = "raw")]
    restart_at: Option<u64>,
    /// Cut all connections at this second
    #[arg(long, value_name = "SECOND", conflicts_with = "raw")]
    away_at: Option<u64>,
    /// For so long; what was recorded meanwhile comes in a burst
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    away_seconds: u64,
    /// Where folders are made and removed
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    pub(crate) folder: PathBuf,
    /// Draw how long acknowledgements took
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Standard {
    /// The localcamera program: a release build
    #[arg(long, value_name = "FILE")]
    server: PathBuf,
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(5..=10_000))]
    publishers: u32,
    /// Of each run
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(4..=3600))]
    seconds: u64,
    /// How often the server and those beside it take turns
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=20))]
    rounds: u8,
    /// A recording of a browser whose pictures can be decoded
    #[arg(long, value_name = "FILE", default_value = "tests/captures/chromium-webm-vp8-opus.bin")]
    capture: PathBuf,
    /// Where folders are made and removed
    #[arg(long, value_name = "DIR", default_value_os_t = std::env::temp_dir())]
    folder: PathBuf,
    /// The document whose section is written anew
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

impl Run {
    pub(crate) fn connections(&self) -> usize {
        self.publishers as usize + self.viewers + self.jpeg_viewers
    }

    /// What cannot be had together.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let is_plain = self.capture.is_none() && self.viewers == 0 && self.restart_at.is_none();
        let is_plain = is_plain && self.away_at.is_none();
        (self.subject != Kind::Localcamera && !is_plain).then_some(
            "bare and python only receive: without --capture, --viewers, --restart-at, --away-at",
        )
    }

    pub(crate) fn scenario(&self) -> Scenario {
        let seconds = Duration::from_secs;
        Scenario {
            title: self.subject.title().to_owned(),
            kind: self.subject,
            // The others know nothing else, and have no viewers.
            is_raw: self.raw || self.subject != Kind::Localcamera,
            publishers: self.publishers as usize,
            kbps: self.kbps,
            length: seconds(self.seconds),
            interval: Duration::from_millis(self.chunk_ms),
            capture: self.capture.clone(),
            viewers: self.viewers,
            picture_viewers: self.jpeg_viewers,
            restart_at: self.restart_at.map(seconds),
            away: self.away_at.map(|at| (seconds(at), seconds(self.away_seconds))),
        }
    }
}

impl Standard {
    pub(crate) fn settings(self) -> Settings {
        Settings {
            server: self.server,
            parent: self.folder,
            publishers: self.publishers as usize,
            length: Duration::from_secs(self.seconds),
            rounds: usize::from(self.rounds),
            capture: self.capture,
            write: self.write,
        }
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    match text {
        "localcamera" => Ok(Kind::Localcamera),
        "bare" => Ok(Kind::Bare),
        "python" => Ok(Kind::Python),
        _ => Err("it is localcamera, bare or python".to_owned()),
    }
}
