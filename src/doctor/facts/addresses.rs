//! This computer's networks, and who has its name there.

use super::super::findings::addresses::{Facts, Interface, LocalName};
use crate::addresses::{Names, last};
use crate::config::Config;
use crate::mdns::{self, Claim};

pub(in super::super) async fn gather(config: &Config, names: &Names) -> Facts {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default().into_iter();
    let interfaces = interfaces.map(|interface| {
        let ip = interface.ip();
        Interface { name: interface.name, ip }
    });
    Facts {
        names: names.clone(),
        port: config.https_port,
        bind: config.bind,
        interfaces: interfaces.collect(),
        last: last::last(&config.state).ok().flatten(),
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
