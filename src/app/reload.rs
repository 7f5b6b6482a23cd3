//! Takes a configuration over that was read again by a running server (`docs/adr/0020`).

use std::path::PathBuf;

use tokio_util::sync::CancellationToken;

use super::{entrance, manager};
use crate::alarms::Alarms;
use crate::config::{self, Again, Changes, Config, InForce};
use crate::config::{Mpegts, Origin, Pictures, RtspAddresses, TrustedProxies};
use crate::hooks::{Changer, Hooks};
use crate::http::Hosts;
use crate::recorder;
use crate::reload::{NotReloaded, Reloaded, Waiting};
use crate::retention::Retention;
use crate::sources::Sources;

/// What is only looked at by those who use it.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) recorder: InForce<recorder::Settings>,
    pub(super) pictures: InForce<Pictures>,
    pub(super) mpegts: InForce<Mpegts>,
    pub(super) rtsp_addresses: InForce<RtspAddresses>,
    pub(super) embed_origins: InForce<Vec<Origin>>,
    pub(super) trusted_proxies: InForce<TrustedProxies>,
}

/// What acts on its part of the configuration.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) settings: Settings,
    pub(super) hosts: Hosts,
    pub(super) retention: Retention,
    pub(super) alarms: Alarms,
    pub(super) hooks: Changer,
    pub(super) sources: Sources,
}

/// The configuration of a running server.
#[derive(Debug)]
pub(super) struct InUse {
    /// Its listeners and folders are of this one.
    started: Config,
    /// And everything else of this one.
    last: Config,
    file: Option<PathBuf>,
    parts: Parts,
}

impl Settings {
    pub(super) fn new(config: &Config) -> Self {
        let config = config.clone();
        Self {
            recorder: of_recorder(&config).into(),
            pictures: config.pictures.into(),
            mpegts: config.mpegts.into(),
            rtsp_addresses: config.rtsp_addresses.into(),
            embed_origins: config.embed_origins.into(),
            trusted_proxies: config.trusted_proxies.believed(config.proxy.as_ref()).into(),
        }
    }

    /// Of a server that was started with `started`, and listens as that says.
    fn take_over(&self, config: &Config, started: &Config) {
        let config = config.clone();
        self.recorder.set(of_recorder(&config));
        self.pictures.set(config.pictures);
        self.mpegts.set(config.mpegts);
        self.rtsp_addresses.set(config.rtsp_addresses);
        self.embed_origins.set(config.embed_origins);
        self.trusted_proxies.set(config.trusted_proxies.believed(started.proxy.as_ref()));
    }
}

impl InUse {
    /// `config` is what the server was started with.
    pub(super) fn new(config: &Config, parts: Parts) -> Self {
        let file = config::file();
        Self { started: config.clone(), last: config.clone(), file, parts }
    }

    /// Reads the configuration again for all who ask, one after the other, until the server stops.
    pub(super) async fn run(mut self, mut waiting: Waiting, stop: CancellationToken) {
        while let Some(Some(asked)) = stop.run_until_cancelled(waiting.recv()).await {
            manager::reloading();
            let outcome = self.read_again().await;
            manager::ready();
            match &outcome {
                Ok(reloaded) => tracing::info!("{reloaded}"),
                Err(error) => tracing::error!(
                    "the configuration was read again and is refused, and all goes on as it was: {error}"
                ),
            }
            // Who has gone meanwhile finds it in the log.
            let _ = asked.send(outcome);
        }
    }

    async fn read_again(&mut self) -> Result<Reloaded, NotReloaded> {
        // The file, and those with secrets, may be on a disk that hangs.
        let read = tokio::task::spawn_blocking(|| {
            let again = config::read_again()?;
            let is_empty = |file: &PathBuf| std::fs::metadata(file).is_ok_and(|it| it.len() == 0);
            let is_empty = again.file.as_ref().is_some_and(is_empty);
            Ok((again, is_empty))
        });
        let read = read.await.map_err(|error| NotReloaded::Faulty(error.to_string()))?;
        let (Again { config, file }, is_empty) = read.map_err(NotReloaded::Faulty)?;
        if let Some(before) = &self.file
            && (file.is_none() || is_empty)
        {
            // As it is for a moment while an editor writes it, or for good on a full disk.
            return Err(NotReloaded::Faulty(format!(
                "there is no {0} any more, or nothing in it; for the defaults leave a comment in {0}",
                before.display()
            )));
        }
        let changes = Changes::of(&self.started, &self.last, &config);
        self.take_over(&config).await.map_err(NotReloaded::Faulty)?;
        (self.last, self.file) = (*config, file);
        let file = self.file.as_ref().map(|file| file.display().to_string());
        Ok(Reloaded::new(file, changes))
    }

    /// All of it or nothing: what can be refused stands in front.
    async fn take_over(&self, config: &Config) -> Result<(), String> {
        let Parts { settings, hosts, retention, alarms, hooks, sources } = &self.parts;
        let prepared = alarms.prepare(&config.alarms).map_err(|error| format!("{error:#}"))?;
        let others = Hooks::new(&config.hooks).map_err(|error| format!("{error:#}"))?;
        let specs = sources.take_over(config.sources.clone()).await;
        specs.map_err(|error| format!("source: {error}"))?;
        settings.take_over(config, &self.started);
        entrance::set_configured(hosts, config);
        alarms.take_over(prepared);
        hooks.take_over(others).await;
        retention.take_over(config.retention).await;
        Ok(())
    }
}

/// How files come about by a configuration.
fn of_recorder(config: &Config) -> recorder::Settings {
    recorder::Settings {
        segment: config.segment,
        reserve_bytes: config.reserve_bytes,
        max_device_bytes: config.max_device_bytes,
    }
}
