//! The server's certificate and name while it runs: what is right when it starts need not be right
//! a month later, or on the next network.

use std::time::Duration;

use axum_server::tls_rustls::RustlsConfig;
use tokio::task::spawn_blocking;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::whereabouts::Whereabouts;
use crate::addresses::{Names, Reach};
use crate::clock;
use crate::config::Config;
use crate::console::Address;
use crate::http::Hosts;
use crate::mdns::Announcer;
use crate::metrics;
use crate::tls::{self, Kept, Source, Store};

/// Devices that have lost the server try again every 5 s at most (`web/lib/backoff.js`): an address
/// is theirs as soon as they ask for it. A look reads three small files and the list of interfaces.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Loads the certificate, and makes it first unless the user brought one.
pub(super) fn load(config: &Config, store: Store, names: &Names) -> Result<Kept, tls::Error> {
    let source = match &config.own_certificate {
        Some(own) => Source::Own { certificate: own.certificate.clone(), key: own.key.clone() },
        None => Source::Ours(store),
    };
    Kept::load(source, names, clock::now())
}

/// The addresses of the page for people, the one to open first in front.
pub(super) fn page_addresses(reach: &Reach) -> Vec<Address> {
    let purposes = ["capture page, API and WSS", "the same, where the first one does not open"];
    let pages = reach.pages().cloned().zip(purposes);
    pages.map(|(url, purpose)| Address { url, purpose }).collect()
}

/// What is kept right until the server stops.
pub(super) struct Keeping {
    pub(super) kept: Kept,
    pub(super) tls: RustlsConfig,
    pub(super) whereabouts: Whereabouts,
    pub(super) name: LocalName,
    /// The names by which the server may be asked.
    pub(super) hosts: Hosts,
}

impl Keeping {
    /// Has connections that come after a change get another certificate, and the network know
    /// where this computer is.
    pub(super) async fn run(self, stop: CancellationToken) {
        let Self { mut kept, tls, mut whereabouts, mut name, hosts } = self;
        metrics::CERTIFICATE_ENDS_S.set(kept.ends_s());
        let mut ticks = tokio::time::interval(LOOK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // What was loaded a moment ago is right.
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => break,
            }
            let look = move || {
                let has_moved = whereabouts.look();
                let config = kept.look(whereabouts.names(), clock::now());
                (kept, whereabouts, has_moved, config)
            };
            let (has_moved, config);
            (kept, whereabouts, has_moved, config) = match spawn_blocking(look).await {
                Ok(looked) => looked,
                Err(error) => {
                    tracing::error!(%error, "the certificate is not renewed any more until the server is started again");
                    break;
                }
            };
            if let Some(config) = config {
                // Whoever sees the certificate may ask by its name.
                hosts.set_of_certificate(kept.own_names());
                tls.reload_from_config(config);
                metrics::CERTIFICATE_ENDS_S.set(kept.ends_s());
            }
            if has_moved {
                name.announce(&whereabouts).await;
            }
        }
        name.stop().await;
    }
}

/// The computer's name on the network, where it is told.
pub(super) struct LocalName {
    is_wanted: bool,
    port: u16,
    announcer: Option<Announcer>,
}

impl LocalName {
    pub(super) fn new(config: &Config, port: u16) -> Self {
        Self { is_wanted: config.mdns, port, announcer: None }
    }

    /// Tells the network where this computer is, and others by which name it is found there.
    pub(super) async fn announce(&mut self, whereabouts: &Whereabouts) {
        self.stop().await;
        let ips = whereabouts.announced_ips();
        let is_told = self.is_wanted && !ips.is_empty();
        let Some(mut announcer) = is_told.then(|| Announcer::start(self.port)).flatten() else {
            whereabouts.is_known_as(None);
            return;
        };
        let name = announcer.announce(whereabouts.names(), &ips).await;
        whereabouts.is_known_as(name.as_ref());
        self.announcer = Some(announcer);
    }

    async fn stop(&mut self) {
        if let Some(announcer) = self.announcer.take() {
            announcer.stop().await;
        }
    }
}
