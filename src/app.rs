//! Every step of starting and stopping, in one place, in the right order.

mod certificate;
mod compat;
mod entrance;
mod folder;
mod invitation;
mod listen;
mod logging;
mod manager;
mod reload;
mod signals;
mod whereabouts;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::access_command;
use crate::addresses::{Host, MediaAddresses, Names, Reach, is_ours};
use crate::alarms::Alarms;
use crate::auth::Access;
use crate::auth::local::Local;
use crate::cameras;
use crate::check;
use crate::config::{self, Config, Task};
use crate::console::{self, Address, Invitation};
use crate::devices::Devices;
use crate::doctor;
use crate::export;
use crate::ffmpeg::{self, Ffmpeg};
use crate::hooks::Hooks;
use crate::http::{self, Authority};
use crate::ingest::Ingest;
use crate::library::Library;
use crate::live::Hub;
use crate::live::Streams;
use crate::live::mpegts::Mpegts;
use crate::live::pictures::Pictures;
use crate::live::playback::{NoPlayback, Playback};
use crate::live::sound::Sounds;
use crate::live::transcoder::Transcoders;
use crate::program;
use crate::push;
use crate::recorder::Recorder;
use crate::reload::Reload;
use crate::retention::Retention;
use crate::sources::{Cameras, Sources};
use crate::split;
use crate::storage::Filesystem;
use crate::tls::{self, Kept, Store};
use crate::vitals::Vitals;
use crate::webrtc::{self, WebRtc};
use certificate::{Keeping, LocalName};
use logging::LOGGED;
use reload::{InUse, Parts, Settings};
use signals::Signals;
use whereabouts::Whereabouts;

/// Finishing a file takes a sync or two; a disk that takes longer than this has stopped
/// answering, and the growing files on it play as they are.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// Connections without a recording get this long to finish a download.
const DRAIN_PATIENCE: Duration = Duration::from_secs(2);

/// The addresses fit into any pipe and onto any screen; who has not taken them by then is not there.
const PRINT_PATIENCE: Duration = Duration::from_secs(2);

/// Runs the program and turns its end into an exit code.
pub(crate) fn main() -> ExitCode {
    let task = config::read();
    // What the doctor finds stands in its report.
    let mut log = logging::start(if matches!(task, Task::Doctor(_)) { "off" } else { LOGGED });
    let mut success = ExitCode::SUCCESS;
    let done = match task {
        Task::Serve(config) => run(&config),
        Task::Push(push) => push::run(&push),
        Task::Split(split) => split::run(&split).map(|ending| success = ending.exit_code()),
        Task::Cameras => cameras::run(),
        Task::Check(check) => {
            check::run(&check, |recordings| folder::claim(recordings, "recordings", 0o755))
        }
        Task::Export(asked) => export::run(&asked).map(|ending| success = ending.exit_code()),
        Task::Access(asked) => {
            access_command::run(asked, |state| folder::claim(state, "state", 0o700))
        }
        Task::Doctor(asked) => doctor::run(asked).map(|code| success = code),
    };
    let code = match done {
        Ok(()) => success,
        Err(error) => {
            log.say(&format!("localcamera: {error:#}"));
            ExitCode::FAILURE
        }
    };
    log.finish();
    code
}

fn run(config: &Config) -> Result<()> {
    // Only fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    raise_file_limit();
    let names = Names::find(&config.lan_ip, config.bind);
    let store = Store::new(config.certs.clone());
    if config.gen_cert {
        return generate(&store, &names);
    }
    for host in &config.lan_ip {
        if let Host::Ip(ip) = host
            && !is_ours(*ip)
        {
            tracing::warn!(%ip, "no network interface has this --lan-ip; that is right only behind a router or in a container that forwards it");
        }
    }
    let _recordings_lock = folder::claim(&config.recordings, "recordings", 0o755)?;
    let _state_lock = folder::claim(&config.state, "state", 0o700)?;
    let kept = certificate::load(config, store, &names)?;
    let listeners = listen::bind(config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let served = runtime.block_on(serve(config, names, listeners, kept));
    // A disk that hangs must not keep the program from ending.
    runtime.shutdown_background();
    served
}

/// A camera takes a connection, a growing file and a journal; the usual soft limit of 1,024 files
/// is there for programs that cannot count higher.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the number of open files stays limited");
    }
}

fn generate(store: &Store, names: &Names) -> Result<()> {
    let made = tls::make(store, names)?;
    for host in &made.left_out {
        tracing::warn!(%host, "the certificate does not name this address, since its authority may not speak for it");
    }
    let all: Vec<String> = names.all().iter().map(ToString::to_string).collect();
    let what = match (made.authority, made.server) {
        (true, _) => "made the certificate authority and the server certificate",
        (false, true) => "renewed the server certificate; devices that trust its authority go on",
        (false, false) => "the certificates are good as they are",
    };
    console::say(&format!("{what}: {}", all.join(", ")));
    Ok(())
}

async fn serve(
    config: &Config,
    names: Names,
    listeners: listen::Listeners,
    kept: Kept,
) -> Result<()> {
    let devices = Devices::load(config.state.clone())?;
    let access = Access::load(&config.state, config.open)?;
    let host = names.first();
    let media_addresses = names.media_addresses(config.bind);
    let whereabouts = Whereabouts::new(config, names, listeners.https.port);
    let reach = whereabouts.reach();
    let alarms = Alarms::new(&config.alarms, reach.clone())?;
    let hooks = Hooks::new(&config.hooks)?;
    let stop = CancellationToken::new();
    let library = Library::new(config.recordings.clone());
    let hooks = hooks.start(&library)?;
    let (hub, recordings) = Hub::new();
    if !Ffmpeg::default().is_there() {
        let advice = ffmpeg::advice();
        tracing::warn!(
            "ffmpeg is not installed: no attached cameras, files and test patterns, no pictures as \
             JPEG or MPEG-TS; everything else works. {advice}"
        );
    }
    let settings = Settings::new(config);
    let recorded = settings.recorder.clone();
    let recorder = Recorder::new(Arc::new(Filesystem::default()), library.clone(), recorded);
    let recovery = recorder.clone();
    let editor = Arc::new(recorder.clone());
    let retention =
        Retention::load(&config.state, config.retention, library.clone(), editor.clone())?;
    let watching = tokio::spawn(recorder.clone().watch_space());
    let recorder = tokio::spawn(recorder.run(recordings));
    let tasks = Arc::from([
        ("the recorder", recorder.abort_handle()),
        ("the watch over free space", watching.abort_handle()),
    ]);
    let vitals = Vitals::new(library.clone(), tasks, stop.clone());

    let streams = hub.streams();
    let doing = manager::keep(streams.clone(), recorder.abort_handle());
    let keeper = devices.clone();
    let keeping = tokio::spawn(async move { keeper.keep().await });
    let keeper = access.clone();
    let keeping_access = tokio::spawn(async move { keeper.keep().await });
    let local = local(config, &access, devices.clone(), reach.clone());
    let sources = Sources::load(
        config.state.clone(),
        config.sources.clone(),
        config.source_files.clone(),
        hub.clone(),
    )?;
    let fetched = sources.clone();
    tokio::spawn(async move { recovery.recover(|device| fetched.has(device)).await });
    let fetched = sources.clone();
    let fetched = Box::new(move || fetched.reasons());
    tokio::spawn(retention.clone().run(stop.clone()));
    tokio::spawn(alarms.clone().watch(library.clone(), fetched, stop.clone()));
    let ingest = Ingest::new(hub, reach.clone(), access.clone(), devices.clone(), stop.clone());
    let board = http::Board::new(devices.clone(), streams.clone(), alarms.list(), sources.clone());
    let transcoders = Transcoders::new(stop.clone());
    let sounds = Sounds::new(transcoders.clone());
    let (reload, reloads) = Reload::new();
    let (playback, media_port) = playback(config, media_addresses, &streams, sounds, &stop);
    let state = http::State {
        access: access.clone(),
        library,
        editor,
        retention: retention.clone(),
        alarms: alarms.clone(),
        playback,
        pictures: Pictures::new(streams.clone(), transcoders.clone(), settings.pictures.clone()),
        mpegts: Mpegts::new(streams.clone(), transcoders.clone(), settings.mpegts.clone()),
        visited: Pictures::new(sources.visited(), transcoders.clone(), settings.pictures.clone()),
        transcoders,
        rtsp_addresses: settings.rtsp_addresses.clone(),
        denied: Arc::default(),
        cameras: Cameras::default(),
        board,
        devices: devices.clone(),
        sources: sources.clone(),
        streams,
        door: ingest.door(),
        connections: http::Connections::default(),
        authority: kept.authority().cloned().map(|authority| Arc::new(Authority::new(authority))),
        https_port: listeners.https.port,
        reach: reach.clone(),
        embed_origins: settings.embed_origins.clone(),
        extras: config.state.join("extras").into(),
        reload: reload.clone(),
        shutdown: stop.clone(),
        vitals,
    };

    let tls = RustlsConfig::from_config(kept.config());
    let mut addresses = Vec::new();
    let handle = Handle::new();
    let hosts = entrance::hosts(config, whereabouts.names());
    hosts.set_of_certificate(kept.own_names());
    let entrance = entrance::entrance(settings.trusted_proxies.clone(), hosts.clone());
    let mut servers = tokio::task::JoinSet::new();
    let pages = http::pages_router(state.clone());
    let socket = listeners.https.socket;
    servers.spawn(http::serve_tls(socket, tls.clone(), pages, handle.clone(), entrance.clone()));
    if let Some(wss) = listeners.wss {
        let url = format!("wss://{host}:{}", wss.port);
        addresses.push(Address { url, purpose: "raw publishers, any path" });
        let raw = http::raw_router(state.clone());
        servers.spawn(http::serve_tls(
            wss.socket,
            tls.clone(),
            raw,
            handle.clone(),
            entrance.clone(),
        ));
    }
    if let Some(plain) = listeners.http {
        let url = format!("http://{host}:{}", plain.port);
        addresses.push(Address { url, purpose: "trust pages, redirect" });
        let trust = http::trust_router(state.clone());
        let entrance = entrance.for_all_names();
        servers.spawn(http::serve_plain(plain.socket, trust, handle.clone(), entrance));
    }
    if let Some(plain) = listeners.proxy {
        let url = format!("http://{}", plain.address);
        addresses.push(Address { url, purpose: "everything, for the reverse proxy alone" });
        let (pages, entrance) = (http::pages_router(state.clone()), entrance.for_proxies());
        servers.spawn(http::serve_plain(plain.socket, pages, handle.clone(), entrance));
    }
    if let Some(port) = media_port {
        let url = format!("udp://{host}:{port}");
        addresses.push(Address { url, purpose: "viewers by WebRTC" });
    }
    for compat in compat::listeners(&config.compat, listeners.compat, &host, &state) {
        addresses.push(compat.address);
        let entrance = entrance.for_old_clients();
        servers.spawn(http::serve_plain(compat.socket, compat.routes, handle.clone(), entrance));
    }
    // The recorder ends when nothing can reach it any more.
    drop(state);
    let parts = Parts {
        settings,
        hosts: hosts.clone(),
        retention,
        alarms,
        hooks: hooks.changer(),
        sources: sources.clone(),
    };
    tokio::spawn(InUse::new(config, parts).run(reloads, stop.clone()));
    // Whoever reads the addresses may send a signal at once.
    let mut signals = Signals::listen().context("cannot wait for signals")?;
    let mut name = LocalName::new(config, listeners.https.port);
    name.announce(&whereabouts).await;
    let mut all = certificate::page_addresses(&reach.borrow());
    all.append(&mut addresses);
    let moved = whereabouts.changed_since_last_time();
    let keeping_names =
        tokio::spawn(Keeping { kept, tls, whereabouts, name, hosts }.run(stop.child_token()));
    let mut invitation = invitation::make(config, &access, &reach.borrow(), listeners.https.port);
    invitation.notes.extend(moved);
    announce(all, invitation).await;
    manager::ready();
    let telling_manager = tokio::spawn(doing);
    tracing::info!(recordings = %config.recordings.display(), access = access.mode().word(), "ready to record");

    tokio::select! {
        () = signals.stop(&reload) => {}
        Some(ended) = servers.join_next() => {
            ended.context("a listener has crashed")?.context("a listener has failed")?;
        }
    }
    tracing::info!("stopping");
    telling_manager.abort();
    manager::stopping();
    stop.cancel();
    watching.abort();
    let finish = async {
        // First, so that nothing more comes of them and their files are finished.
        sources.close().await;
        ingest.finished().await;
        drop(ingest);
        handle.graceful_shutdown(Some(DRAIN_PATIENCE));
        while servers.join_next().await.is_some() {}
        keeping.abort();
        let _ = keeping_names.await;
        devices.close().await;
        keeping_access.abort();
        local.abort();
        // Its socket goes with it.
        let _ = local.await;
        access.close().await;
        recorder.await
    };
    let orderly = async {
        let finished = tokio::time::timeout(STOP_PATIENCE, finish).await;
        // Behind the last files, of which they are told.
        hooks.close().await;
        finished
    };
    let finished = tokio::select! {
        finished = orderly => finished,
        () = signals.end() => {
            bail!("it was told twice to stop, and has ended at once; files that were not finished play, and stay as .part until the next start")
        }
    };
    finished
        .context("some files could not be finished in time; they play, and stay as .part")?
        .context("the recorder has crashed")
}

/// Viewers by WebRTC, and the port they reach it by. Without them everything else goes on.
fn playback(
    config: &Config,
    addresses: MediaAddresses,
    streams: &Streams,
    sounds: Sounds,
    stop: &CancellationToken,
) -> (Arc<dyn Playback>, Option<u16>) {
    let Some(port) = config.webrtc_port else { return (Arc::new(NoPlayback), None) };
    let MediaAddresses { own, forwarded } = addresses;
    let made = webrtc::bind(&own, port).and_then(|sockets| {
        let first = sockets.first().and_then(|socket| socket.local_addr().ok());
        let webrtc = WebRtc::new(streams.clone(), sockets, forwarded, sounds, stop.clone())?;
        Ok((webrtc, first.map(|address| address.port())))
    });
    match made {
        Ok((webrtc, port)) => (Arc::new(webrtc), port),
        Err(error) => {
            tracing::warn!(%error, port, "cannot listen for WebRTC viewers; they watch by WebSocket instead (another port: --webrtc-port)");
            (Arc::new(NoPlayback), None)
        }
    }
}

/// Prints the addresses, for as long as somebody takes them: a terminal that is held, or a pipe that
/// is full, does not keep the server from being stopped.
async fn announce(addresses: Vec<Address>, invitation: Invitation) {
    let printing = tokio::task::spawn_blocking(move || console::announce(&addresses, &invitation));
    if tokio::time::timeout(PRINT_PATIENCE, printing).await.is_err() {
        tracing::warn!("nobody takes the addresses from standard output; the server goes on");
    }
}

/// Answers the server's owner. Without it everything else goes on.
fn local(
    config: &Config,
    access: &Access,
    devices: Devices,
    reach: watch::Receiver<Reach>,
) -> JoinHandle<()> {
    let name_of = Arc::new(move |device: &str| devices.name_of(device));
    let bound = Local::bind(&config.state, access.clone(), reach, name_of);
    if let Err(error) = &bound {
        let command = program::command("user");
        tracing::warn!(%error, "`{command}`, `token` and `device` cannot speak to this server while it runs");
    }
    tokio::spawn(async move {
        if let Ok(local) = bound {
            local.serve().await;
        }
    })
}
