//! What the listeners have to know of who may come, and by which name.

use rustix::process::{Resource, getrlimit};

use crate::addresses::Names;
use crate::config::Config;
use crate::http::{Entrance, Hosts};
use crate::tls;

pub(super) fn entrance(config: &Config, names: &Names) -> Entrance {
    let own = config.own_certificate.iter().flat_map(|own| tls::names(&own.certificate));
    let known = names.all().into_iter().chain(config.hosts.iter().cloned());
    let known = known.map(|host| host.to_string()).chain(names.hostname.clone()).chain(own);
    let max_open_files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    Entrance::new(max_open_files, config.trusted_proxies.clone(), Hosts::new(known))
}
