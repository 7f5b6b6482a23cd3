//! This computer's networks, and who has its name there.

use std::path::Path;
use std::time::Duration;

use super::super::findings::addresses::{Facts, Interface, LocalName};
use super::super::limit::blocking;
use crate::addresses::{Names, last};
use crate::config::Config;
use crate::mdns::{self, Claim};

/// What is read is small; a disk that hangs is the state folder's matter, and keeps no address from
/// being told.
const PATIENCE: Duration = Duration::from_secs(1);

/// What Docker and Podman leave in every container.
const CONTAINER_MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

pub(in super::super) async fn gather(config: &Config, names: &Names) -> Facts {
    let state = config.state.clone();
    let (interfaces, last, is_container) = tokio::join!(
        blocking(PATIENCE, || if_addrs::get_if_addrs().unwrap_or_default()),
        blocking(PATIENCE, move || last::last(&state).ok().flatten()),
        blocking(PATIENCE, || CONTAINER_MARKS.iter().any(|mark| Path::new(mark).exists())),
    );
    let interfaces = interfaces.unwrap_or_default().into_iter().map(|interface| {
        let ip = interface.ip();
        Interface { name: interface.name, ip }
    });
    Facts {
        names: names.clone(),
        port: config.https_port,
        bind: config.bind,
        interfaces: interfaces.collect(),
        last: last.ok().flatten(),
        is_container: is_container == Ok(true),
        local_name: local_name(config, names).await,
    }
}

async fn local_name(config: &Config, names: &Names) -> LocalName {
    let ips = names.announced_ips(config.bind);
    if !config.mdns || ips.is_empty() {
        return LocalName::Unused;
    }
    match mdns::ask(names, &ips).await {
        Some(Claim::Free) => LocalName::Free,
        Some(Claim::System) => LocalName::Ours,
        Some(Claim::Taken) => LocalName::Taken,
        None => LocalName::Unknown,
    }
}
