//! What the listeners have to know of who may come, and by which name.

use rustix::process::{Resource, getrlimit};

use crate::addresses::Names;
use crate::config::Config;
use crate::http::{Entrance, Hosts};

pub(super) fn entrance(config: &Config, hosts: Hosts) -> Entrance {
    let max_open_files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    Entrance::new(max_open_files, config.trusted_proxies.clone(), hosts)
}

/// Those that stay for as long as the server runs.
pub(super) fn hosts(config: &Config, names: &Names) -> Hosts {
    let known = names.all().into_iter().chain(config.hosts.iter().cloned());
    Hosts::new(known.map(|host| host.to_string()).chain(names.hostname.clone()))
}
