//! The command line.

use std::net::IpAddr;
use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use super::access::{Access, AccessCommand, DeviceCommand, TokenCommand, UserCommand, Where};
use super::alarms::{Alarms, Section};
use super::file::File;
use super::{
    Again, Check, Config, Doctor, Export, ExportTask, OwnCertificate, Port, ProxyListener, Push,
    Retention, Split, Task, hooks, segment, sources,
};
use crate::addresses::Host;

const HTTPS_PORT: u16 = 5001;
const WSS_PORT: u16 = 8766;
const WEBRTC_PORT: u16 = 5002;
const SEGMENT_SECONDS: f64 = 60.0;

/// Enough to finish what is being written, and for the rest of the computer to go on.
const RESERVE_MB: u64 = 500;

/// Turns any browser on your network into a recording camera that loses nothing.
#[derive(Debug, Parser)]
#[command(version, about, after_help = AFTER_HELP, args_override_self = true)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,

    /// Make or renew the CA and the server certificate for the LAN address, then exit
    #[arg(long)]
    gen_cert: bool,

    #[command(flatten)]
    options: Options,
}

/// What serving is told.
#[derive(Debug, Default, Args)]
struct Options {
    /// Addresses or names for the certificate and the printed URL [default: detected]
    #[arg(long, value_name = "IP or NAME", num_args = 1.., value_delimiter = ',', env = "LOCALCAMERA_LAN_IP")]
    lan_ip: Vec<Host>,

    /// Address to listen on [default: all interfaces]
    #[arg(long, value_name = "IP", env = "LOCALCAMERA_BIND")]
    bind: Option<IpAddr>,

    /// Page, API and WSS [default: 5001]
    #[arg(long, value_name = "PORT", env = "LOCALCAMERA_HTTPS_PORT")]
    https_port: Option<u16>,

    /// A second WSS listener for raw publishers, any path; "none" turns it off [default: 8766]
    #[arg(long, value_name = "PORT", env = "LOCALCAMERA_WSS_PORT")]
    wss_port: Option<Port>,

    /// Plain HTTP: only the trust pages and a redirect [default: none]
    #[arg(long, value_name = "PORT", env = "LOCALCAMERA_HTTP_PORT")]
    http_port: Option<Port>,

    /// Plain HTTP with everything, for a reverse proxy that does HTTPS itself [default: none]
    #[arg(long, value_name = "PORT", env = "LOCALCAMERA_PROXY_PORT")]
    proxy_port: Option<Port>,

    /// Address for --proxy-port [default: 127.0.0.1]
    #[arg(long, value_name = "IP", env = "LOCALCAMERA_PROXY_BIND")]
    proxy_bind: Option<IpAddr>,

    /// One UDP port for WebRTC viewers, or "none" [default: 5002]
    #[arg(long, value_name = "PORT", env = "LOCALCAMERA_WEBRTC_PORT")]
    webrtc_port: Option<Port>,

    /// Where the footage goes [default: recordings]
    #[arg(long, value_name = "DIR", env = "LOCALCAMERA_RECORDINGS")]
    recordings: Option<PathBuf>,

    /// Where the certificates are [default: certs]
    #[arg(long, value_name = "DIR", env = "LOCALCAMERA_CERTS")]
    certs: Option<PathBuf>,

    /// Your own certificate chain in PEM, with --key
    #[arg(long, value_name = "FILE", env = "LOCALCAMERA_CERT")]
    cert: Option<PathBuf>,

    /// The private key of --cert
    #[arg(long, value_name = "FILE", env = "LOCALCAMERA_KEY")]
    key: Option<PathBuf>,

    /// Devices, users, tokens and settings made by page [default: state]
    #[arg(long, value_name = "DIR", env = "LOCALCAMERA_STATE")]
    state: Option<PathBuf>,

    /// Length of the files; fractions allowed [default: 60]
    #[arg(long, value_name = "N", env = "LOCALCAMERA_SEGMENT_SECONDS")]
    segment_seconds: Option<f64>,

    /// Free space to leave on the disk, in megabytes: below it recording pauses [default: 500]
    #[arg(long, value_name = "MB", env = "LOCALCAMERA_RESERVE_MB")]
    reserve_mb: Option<u64>,

    /// How much one device may have on the disk, in megabytes [default: no limit]
    #[arg(long, value_name = "MB", env = "LOCALCAMERA_MAX_DEVICE_MB")]
    max_device_mb: Option<NonZeroU64>,

    /// Configuration file [default: localcamera.toml if present]
    #[arg(long, value_name = "FILE", env = "LOCALCAMERA_CONFIG")]
    config: Option<PathBuf>,

    /// No sign-in: everyone on the network may record and watch
    #[arg(
        long,
        env = "LOCALCAMERA_OPEN",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        value_parser = BoolishValueParser::new()
    )]
    open: Option<bool>,

    /// Tell the network this computer's name, so that NAME.local leads here; false turns it off [default: true]
    #[arg(
        long,
        env = "LOCALCAMERA_MDNS",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        hide_possible_values = true,
        value_parser = BoolishValueParser::new()
    )]
    mdns: Option<bool>,
}

/// Anything but serving.
#[derive(Debug, Subcommand)]
enum Command {
    /// Publish a WebM or MP4 stream from a file or a pipe to a server, losslessly
    Push(Push),
    /// Make files that play of a recording that is broken, in pieces, or whole
    Split(Split),
    /// Verify a recordings folder: files, hashes, journals
    Check {
        /// The folder [default: as when serving]
        #[arg(value_name = "DIR")]
        recordings: Option<PathBuf>,

        /// Make whole what a crash has left
        #[arg(long)]
        repair: bool,
    },
    /// Take a part of a recording along as one file, every sample as it is
    Export(Export),
    /// Say which cameras are plugged into this computer, and what they deliver
    Cameras,
    /// Say what would stop the server here: ports, certificate, addresses, clock, disk, cameras
    #[command(args_override_self = true)]
    Doctor {
        #[command(flatten)]
        options: Options,

        /// Print JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// People who are let in: list, add, change, remove, password, link
    User {
        #[command(flatten)]
        at: Where,
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Programs that are let in: list, add, revoke
    Token {
        #[command(flatten)]
        at: Where,
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Cameras that are let in: list, pair, revoke
    Device {
        #[command(flatten)]
        at: Where,
        #[command(subcommand)]
        command: DeviceCommand,
    },
}

const AFTER_HELP: &str = "Exit code 0 after an orderly stop, 2 for bad usage, 1 otherwise.\n\
    The options with an environment variable can stand in the configuration file, too: docs/config.md.";

pub(super) fn read() -> Task {
    let mut cli = Cli::parse();
    let task = match cli.command.take() {
        Some(Command::Push(push)) => push.checked().map(Task::Push),
        Some(Command::Split(split)) => split.checked().map(Task::Split),
        Some(Command::Cameras) => Ok(Task::Cameras),
        Some(Command::User { at, command }) => access(cli, at, AccessCommand::User(command)),
        Some(Command::Token { at, command }) => access(cli, at, AccessCommand::Token(command)),
        Some(Command::Device { at, command }) => access(cli, at, AccessCommand::Device(command)),
        Some(Command::Check { recordings, repair }) => {
            cli.options.recordings = recordings.or(cli.options.recordings.take());
            without_secrets(cli.options).map(|Config { recordings, segment, .. }| {
                Task::Check(Check { recordings, repair, segment })
            })
        }
        Some(Command::Export(mut asked)) => {
            cli.options.recordings = asked.recordings.take().or(cli.options.recordings.take());
            without_secrets(cli.options)
                .map(|Config { recordings, .. }| Task::Export(ExportTask { asked, recordings }))
        }
        Some(Command::Doctor { options, json }) => Ok(Task::Doctor(doctor(options, json))),
        None => {
            let file = File::read(cli.options.config.as_deref());
            let served = file.and_then(|file| merge(cli.options, file, cli.gen_cert));
            served.map(|config| Task::Serve(Box::new(config)))
        }
    };
    task.unwrap_or_else(|reason| Cli::command().error(ErrorKind::ValueValidation, reason).exit())
}

pub(super) fn file() -> Option<PathBuf> {
    let cli = Cli::try_parse().ok()?;
    File::path(cli.options.config.as_deref())
}

pub(super) fn read_again() -> Result<Again, String> {
    let cli = Cli::try_parse().map_err(|error| error.to_string())?;
    let named = cli.options.config.as_deref();
    let (path, file) = (File::path(named), File::read(named)?);
    let config = Box::new(merge(cli.options, file, false)?);
    Ok(Again { config, file: path })
}

fn doctor(options: Options, json: bool) -> Doctor {
    let file = File::path(options.config.as_deref());
    let read = File::read(options.config.as_deref());
    let config = read.and_then(|file| merge(options, file, false)).map(Box::new);
    Doctor { json, file, config }
}

fn access(cli: Cli, at: Where, command: AccessCommand) -> Result<Task, String> {
    let mut options = cli.options;
    options.state = at.state.or(options.state.take());
    let served = without_secrets(options)?;
    Ok(Task::Access(Access { state: served.state, json: at.json, command }))
}

/// The configuration for whoever only looks for folders: nobody is told of anything, and the
/// secrets for that need not be there.
fn without_secrets(options: Options) -> Result<Config, String> {
    let file = File::read(options.config.as_deref())?;
    merge(options, File { alarms: Section::default(), source: Vec::new(), ..file }, false)
}

fn merge(cli: Options, file: File, gen_cert: bool) -> Result<Config, String> {
    let own_certificate = match (cli.cert.or(file.cert), cli.key.or(file.key)) {
        (Some(certificate), Some(key)) => Some(OwnCertificate { certificate, key }),
        (None, None) => None,
        (Some(_), None) => return Err("cert needs key: name the private key as well".to_owned()),
        (None, Some(_)) => return Err("key needs cert: name the certificate as well".to_owned()),
    };
    let folder = |given: Option<PathBuf>, filed: Option<PathBuf>, default: &str| {
        given.or(filed).unwrap_or_else(|| PathBuf::from(default))
    };
    let proxy_port = cli.proxy_port.or(file.proxy_port).unwrap_or(Port::None).number();
    let proxy = ProxyListener::checked(
        proxy_port,
        cli.proxy_bind.or(file.proxy_bind),
        &file.trusted_proxies,
    )?;
    let seconds = cli.segment_seconds.or(file.segment_seconds).unwrap_or(SEGMENT_SECONDS);
    Ok(Config {
        gen_cert,
        lan_ip: if cli.lan_ip.is_empty() { file.lan_ip } else { cli.lan_ip },
        bind: cli.bind.or(file.bind),
        https_port: cli.https_port.or(file.https_port).unwrap_or(HTTPS_PORT),
        wss_port: cli.wss_port.or(file.wss_port).unwrap_or(Port::Number(WSS_PORT)).number(),
        webrtc_port: cli
            .webrtc_port
            .or(file.webrtc_port)
            .unwrap_or(Port::Number(WEBRTC_PORT))
            .number(),
        http_port: cli.http_port.or(file.http_port).unwrap_or(Port::None).number(),
        recordings: folder(cli.recordings, file.recordings, "recordings"),
        certs: folder(cli.certs, file.certs, "certs"),
        own_certificate,
        state: folder(cli.state, file.state, "state"),
        segment: segment(seconds)?,
        reserve_bytes: cli
            .reserve_mb
            .or(file.reserve_mb)
            .unwrap_or(RESERVE_MB)
            .saturating_mul(1_000_000),
        max_device_bytes: cli
            .max_device_mb
            .or(file.max_device_mb)
            .map(|megabytes| megabytes.get().saturating_mul(1_000_000)),
        retention: file.retention.map(Retention::checked).transpose()?,
        open: cli.open.or(file.open).unwrap_or(false),
        mdns: cli.mdns.or(file.mdns).unwrap_or(true),
        // Nobody is told of anything then: the secrets for that need not be there.
        alarms: if gen_cert { Alarms::default() } else { file.alarms.checked()? },
        hooks: if gen_cert { Vec::new() } else { hooks::checked(file.hook)? },
        sources: if gen_cert { Vec::new() } else { sources::checked(file.source)? },
        source_files: file.source_files.map(absolute).transpose()?,
        embed_origins: file.embed_origins,
        hosts: file.hosts,
        trusted_proxies: file.trusted_proxies,
        proxy,
        pictures: file.pictures.checked()?,
        mpegts: file.mpegts.checked()?,
        compat: file.compat.checked()?,
        rtsp_addresses: file.viewers.rtsp_addresses,
    })
}

/// What is kept of a source is valid in whichever folder the server is started next.
fn absolute(path: PathBuf) -> Result<PathBuf, String> {
    std::path::absolute(&path)
        .map_err(|error| format!("source_files = \"{}\" cannot be used: {error}", path.display()))
}

/// What a file makes of the configuration, with nothing said beside it.
#[cfg(test)]
pub(super) fn of_file(file: &str) -> Result<Config, String> {
    let file = toml::from_str(file).map_err(|error| error.to_string())?;
    merge(Cli::parse_from(["localcamera"]).options, file, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(args: &[&str], file: &str) -> Result<Config, String> {
        let cli = Cli::try_parse_from(["localcamera"].iter().chain(args)).unwrap();
        merge(cli.options, toml::from_str(file).unwrap(), cli.gen_cert)
    }

    #[test]
    fn a_flag_stands_above_the_file_and_the_file_above_the_default() {
        let config =
            config(&["--https-port", "0", "--wss-port", "none"], "https_port = 1\nopen = true")
                .unwrap();
        assert_eq!((config.https_port, config.wss_port), (0, None));
        assert!(config.open);
        assert_eq!(config.recordings, PathBuf::from("recordings"));
    }

    #[test]
    fn what_speaks_without_tls_is_for_proxies_that_are_named_or_on_this_computer() {
        let ours = |config: &Config, ip: &str| {
            let believed = config.trusted_proxies.clone().believed(config.proxy.as_ref());
            believed.contains(ip.parse().unwrap())
        };
        assert!(config(&[], "").unwrap().proxy.is_none());
        assert!(!ours(&config(&[], "").unwrap(), "127.0.0.1"));
        let here = config(&["--proxy-port", "80"], "").unwrap();
        let ProxyListener { bind, port } = here.proxy.clone().unwrap();
        assert_eq!((bind.to_string(), port), ("127.0.0.1".to_owned(), 80));
        assert!(ours(&here, "127.0.0.1") && ours(&here, "::1") && !ours(&here, "10.0.0.1"));
        let open = "proxy_port = 80\nproxy_bind = \"0.0.0.0\"\n";
        let message = config(&[], open).unwrap_err();
        assert!(message.contains("trusted_proxies = ["), "{message}");
        let named = format!("{open}trusted_proxies = [\"10.0.0.1\"]");
        let named = config(&[], &named).unwrap();
        assert!(ours(&named, "10.0.0.1") && !ours(&named, "127.0.0.1"));
        assert!(config(&["--proxy-port", "none"], open).unwrap().proxy.is_none());
    }

    #[test]
    fn the_folder_of_videos_is_the_same_from_everywhere() {
        assert_eq!(config(&[], "").unwrap().source_files, None);
        let files = config(&[], "source_files = \"videos\"").unwrap().source_files;
        assert_eq!(files, Some(std::env::current_dir().unwrap().join("videos")));
    }

    #[test]
    fn a_certificate_is_made_without_the_secrets_of_the_alarms() {
        let file = "[[alarms.targets]]\nkind = \"webhook\"\nurl = { env = \"NO_SUCH_VARIABLE\" }";
        assert!(config(&[], file).unwrap_err().contains("NO_SUCH_VARIABLE"));
        assert!(config(&["--gen-cert"], file).unwrap().alarms.targets.is_empty());
    }

    #[test]
    fn two_sources_do_not_share_a_name() {
        let source = |name: &str, more: &str| {
            format!(
                "[[source]]\nname = \"{name}\"\nkind = \"rtsp\"\naddress = \"rtsp://a/\"\n{more}\n"
            )
        };
        let small = "small_address = \"rtsp://a/2\"";
        assert_eq!(config(&[], &(source("a", small) + &source("b", ""))).unwrap().sources.len(), 2);
        for (one, other) in [("a", "a"), ("a", "a-small")] {
            let message = config(&[], &(source(one, small) + &source(other, ""))).unwrap_err();
            assert!(message.contains("number 2") && message.contains("name ="), "{message}");
        }
        let message = config(&[], &source("a", "small = 1")).unwrap_err();
        assert!(message.contains("number 1 (\"a\"): small is nothing"), "{message}");
    }

    #[test]
    fn the_doctor_is_told_the_same_as_the_server() {
        let args = ["localcamera", "doctor", "--https-port", "7", "--json", "--https-port", "8"];
        let cli = Cli::try_parse_from(args).unwrap();
        let Some(Command::Doctor { options, json }) = cli.command else { panic!("no doctor") };
        let config = merge(options, toml::from_str("wss_port = 9").unwrap(), false).unwrap();
        assert_eq!((config.https_port, config.wss_port, json), (8, Some(9), true));
    }

    #[test]
    fn half_a_certificate_and_endless_files_are_refused() {
        assert!(config(&["--cert", "x"], "").unwrap_err().contains("key"));
        let message = config(&["--segment-seconds", "0"], "").unwrap_err();
        assert!(message.contains("between 0.5 and 3600"), "{message}");
        assert!(config(&["--segment-seconds", "NaN"], "").is_err());
    }
}
