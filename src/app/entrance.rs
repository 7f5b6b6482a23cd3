//! What the listeners have to know of who may come, and by which name.

use rustix::process::{Resource, getrlimit};

use crate::addresses::Names;
use crate::config::{Config, InForce, TrustedProxies};
use crate::http::{Entrance, Hosts};

pub(super) fn entrance(proxies: InForce<TrustedProxies>, hosts: Hosts) -> Entrance {
    let max_open_files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    Entrance::new(max_open_files, proxies, hosts)
}

/// Those that stay for as long as the server runs, and those of the configuration.
pub(super) fn hosts(config: &Config, names: &Names) -> Hosts {
    let known = names.all().into_iter().map(|host| host.to_string());
    let hosts = Hosts::new(known.chain(names.hostname.clone()));
    set_configured(&hosts, config);
    hosts
}

/// Those that stand in the configuration.
pub(super) fn set_configured(hosts: &Hosts, config: &Config) {
    hosts.set_configured(config.hosts.iter().map(ToString::to_string));
}
