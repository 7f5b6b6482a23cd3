//! What the program is told: flags, then `LOCALCAMERA_*`, then the file, then the defaults.

mod access;
pub(crate) mod alarms;
mod cli;
mod compat;
mod destination;
#[cfg(test)]
mod documented;
mod export;
mod file;
pub(crate) mod hooks;
mod in_force;
mod keys;
mod mpegts;
mod origin;
mod per_stream;
mod pictures;
mod proxies;
mod push;
mod receiver;
mod retention;
mod rtsp_addresses;
mod secret;
pub(crate) mod sources;
mod split;
mod wall_time;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::addresses::Host;
pub(crate) use access::{Access, AccessCommand, DeviceCommand, TokenCommand, UserCommand};
pub(crate) use alarms::Alarms;
pub(crate) use compat::{Compat, Fixed};
pub(crate) use destination::Destination;
pub(crate) use export::Export;
pub(crate) use hooks::Hook;
pub(crate) use in_force::InForce;
pub(crate) use keys::Changes;
pub(crate) use mpegts::{Mpegts, MpegtsSettings};
pub(crate) use origin::Origin;
pub(crate) use pictures::{MIN_FRAMES_PER_SECOND, Pictures, PicturesSettings};
pub(crate) use proxies::{ProxyListener, TrustedProxies};
pub(crate) use push::{Input, Push, Token};
pub(crate) use retention::Retention;
pub(crate) use rtsp_addresses::{RTSP_PORT, RtspAddresses, Target, ends_in_number};
pub(crate) use secret::Secret;
pub(crate) use split::Split;
pub(crate) use wall_time::WallTime;

/// Segments shorter than this are more headers than media.
const MIN_SEGMENT: Duration = Duration::from_millis(500);

/// An hour: beyond it an MP4's index outgrows what is kept in memory for it.
const MAX_SEGMENT: Duration = Duration::from_secs(3600);

/// What the program is to do.
#[derive(Debug)]
pub(crate) enum Task {
    Serve(Box<Config>),
    Push(Push),
    Split(Split),
    Check(Check),
    Export(ExportTask),
    /// Say which cameras are plugged in.
    Cameras,
    /// List, add or send away people, programs and devices.
    Access(Access),
    /// Say what would stop the server here.
    Doctor(Doctor),
}

/// What the doctor looks at.
#[derive(Debug)]
pub(crate) struct Doctor {
    pub(crate) json: bool,
    /// The configuration file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// As the server would have it, or why it would not start with it.
    pub(crate) config: Result<Box<Config>, String>,
}

/// A part of a recording to be taken along.
#[derive(Debug)]
pub(crate) struct ExportTask {
    pub(crate) asked: Export,
    pub(crate) recordings: PathBuf,
}

/// A recordings folder to be verified.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) recordings: PathBuf,
    pub(crate) repair: bool,
    /// Length of the segments: how much room their indexes were given.
    pub(crate) segment: Duration,
}

/// Everything that serving needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) gen_cert: bool,
    pub(crate) lan_ip: Vec<Host>,
    pub(crate) bind: Option<IpAddr>,
    pub(crate) https_port: u16,
    /// The second WSS listener, unless turned off.
    pub(crate) wss_port: Option<u16>,
    /// UDP, for viewers by WebRTC.
    pub(crate) webrtc_port: Option<u16>,
    /// The plain HTTP listener for the trust pages, if turned on.
    pub(crate) http_port: Option<u16>,
    pub(crate) recordings: PathBuf,
    pub(crate) certs: PathBuf,
    pub(crate) own_certificate: Option<OwnCertificate>,
    pub(crate) state: PathBuf,
    pub(crate) segment: Duration,
    /// Free space below which no media is taken.
    pub(crate) reserve_bytes: u64,
    /// A device that has as much on the disk delivers nothing more.
    pub(crate) max_device_bytes: Option<u64>,
    /// What is deleted by itself, where the file says so.
    pub(crate) retention: Option<Retention>,
    pub(crate) open: bool,
    /// Whether the network is told this computer's name.
    pub(crate) mdns: bool,
    pub(crate) alarms: Alarms,
    /// What is run or told when something happens to recordings.
    pub(crate) hooks: Vec<Hook>,
    /// What the server fetches by itself.
    pub(crate) sources: Vec<sources::Spec>,
    /// The folder out of which pages may have files played.
    pub(crate) source_files: Option<PathBuf>,
    /// Whose pages may show a camera in a frame.
    pub(crate) embed_origins: Vec<Origin>,
    /// More names by which the server is asked.
    pub(crate) hosts: Vec<Host>,
    /// Reverse proxies in front of it.
    pub(crate) trusted_proxies: TrustedProxies,
    /// Where a reverse proxy that does TLS itself asks without.
    pub(crate) proxy: Option<ProxyListener>,
    /// What viewers of single pictures get.
    pub(crate) pictures: Pictures,
    /// What viewers by JSMpeg get.
    pub(crate) mpegts: Mpegts,
    /// Listeners for clients that cannot be changed.
    pub(crate) compat: Compat,
    /// What viewers may have opened by its address.
    pub(crate) rtsp_addresses: RtspAddresses,
}

/// The configuration, read once more.
#[derive(Debug)]
pub(crate) struct Again {
    pub(crate) config: Box<Config>,
    /// The configuration file, if there is one.
    pub(crate) file: Option<PathBuf>,
}

/// A certificate that the user brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnCertificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// A port, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    None,
    Number(u16),
}

impl Port {
    fn number(self) -> Option<u16> {
        match self {
            Self::None => None,
            Self::Number(port) => Some(port),
        }
    }
}

impl std::str::FromStr for Port {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            _ => text
                .parse()
                .map(Self::Number)
                .map_err(|_| "a port is a number from 0 to 65535 or \"none\"".to_owned()),
        }
    }
}

/// Reads flags, environment and file. Ends the process with exit code 2, and the reason, when a
/// value is not allowed.
pub(crate) fn read() -> Task {
    cli::read()
}

/// The configuration file that is read, if there is one.
pub(crate) fn file() -> Option<PathBuf> {
    cli::file()
}

/// Reads the same again, for a server that runs: the flags that it was started with, its
/// environment, and the file as it is now.
///
/// # Errors
/// With the key, the value and what is allowed, when a value is not.
pub(crate) fn read_again() -> Result<Again, String> {
    cli::read_again()
}

fn segment(seconds: f64) -> Result<Duration, String> {
    let allowed = MIN_SEGMENT.as_secs_f64()..=MAX_SEGMENT.as_secs_f64();
    if !allowed.contains(&seconds) {
        return Err(format!(
            "segment-seconds = {seconds} is not allowed: it must be between {} and {}",
            allowed.start(),
            allowed.end()
        ));
    }
    Ok(Duration::from_secs_f64(seconds))
}
