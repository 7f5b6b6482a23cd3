//! HTTP and WebSocket: pages, API, and the doors for publishers.

mod acceptor;
mod api;
mod assets;
mod authenticate;
mod authorize;
mod board;
mod body;
mod compat;
mod connection;
mod entrance;
mod error;
mod extras;
mod forwarded;
mod handshakes;
mod headers;
mod hosts;
mod listener;
mod origin;
mod own_computer;
mod pages;
mod place;
mod proxied;
mod ranges;
mod rates;
mod router;
mod routes;
mod rule;
mod seats;
mod service_worker;
mod sight;
mod tally;
mod ws;

use std::path::Path;
use std::sync::{Arc, Mutex};

use rustls::pki_types::CertificateDer;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::addresses::Reach;
use crate::alarms::Alarms;
use crate::auth::Access;
use crate::config::{InForce, Origin, RtspAddresses};
use crate::devices::Devices;
use crate::library::Library;
use crate::library::editing::Editor;
use crate::live::Streams;
use crate::live::mpegts::Mpegts;
use crate::live::pictures::Pictures;
use crate::live::playback::Playback;
use crate::live::socket::Door;
use crate::live::transcoder::Transcoders;
use crate::reload::Reload;
use crate::retention::Retention;
use crate::sources::{Cameras, Sources};
use crate::vitals::Vitals;
pub(crate) use api::ingest::Connections;
pub(crate) use board::Board;
pub(crate) use entrance::Entrance;
pub(crate) use hosts::Hosts;
pub(crate) use listener::{serve_plain, serve_tls};
use pages::profile;
pub(crate) use router::{
    compat_jpeg_router, compat_json_router, compat_mpegts_router, pages_router, raw_router,
    trust_router,
};
pub(crate) use ws::address::Denied;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct State {
    /// Who gets in.
    pub(crate) access: Access,
    pub(crate) library: Library,
    /// By which people change recordings.
    pub(crate) editor: Arc<dyn Editor>,
    /// What is deleted by itself.
    pub(crate) retention: Retention,
    pub(crate) alarms: Alarms,
    /// What is live.
    pub(crate) streams: Streams,
    pub(crate) pictures: Pictures,
    pub(crate) mpegts: Mpegts,
    pub(crate) transcoders: Transcoders,
    /// Of what viewers have opened by its address, and which addresses they may.
    pub(crate) visited: Pictures,
    pub(crate) rtsp_addresses: InForce<RtspAddresses>,
    pub(crate) denied: Arc<Mutex<Denied>>,
    pub(crate) cameras: Cameras,
    pub(crate) devices: Devices,
    pub(crate) sources: Sources,
    /// The list of devices for all who are told.
    pub(crate) board: Board,
    pub(crate) playback: Arc<dyn Playback>,
    pub(crate) door: Door,
    /// Publishers that come by requests.
    pub(crate) connections: Connections,
    /// The server's own authority, unless the user brought a certificate.
    pub(crate) authority: Option<Arc<Authority>>,
    pub(crate) https_port: u16,
    /// Where others find this server.
    pub(crate) reach: watch::Receiver<Reach>,
    /// Whose pages may show a camera in a frame, beside the server's own.
    pub(crate) embed_origins: InForce<Vec<Origin>>,
    /// Where whoever runs the server puts programs of others that a page can use.
    pub(crate) extras: Arc<Path>,
    /// By which the configuration is read again.
    pub(crate) reload: Reload,
    pub(crate) shutdown: CancellationToken,
    /// Whether the server can record.
    pub(crate) vitals: Vitals,
}

/// The certificate authority as devices download it.
#[derive(Debug)]
pub(crate) struct Authority {
    certificate: Vec<u8>,
    mobileconfig: String,
    fingerprint: String,
}

impl Authority {
    /// Prepares what is downloaded of it.
    pub(crate) fn new(certificate: CertificateDer<'static>) -> Self {
        Self {
            mobileconfig: profile::mobileconfig(&certificate),
            fingerprint: profile::fingerprint(&certificate),
            certificate: certificate.to_vec(),
        }
    }
}
