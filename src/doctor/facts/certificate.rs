//! The certificate, its keys, and the folder in which one is made.

use std::path::PathBuf;

use super::super::findings::certificate::Facts;
use super::{disk, mode};
use crate::addresses::Names;
use crate::clock;
use crate::config::Config;
use crate::tls::{Condition, Source, Store};

/// What is there. Blocks.
pub(in super::super) fn gather(config: &Config, names: &Names) -> Facts {
    let now = clock::now();
    let source = match &config.own_certificate {
        Some(own) => Source::Own { certificate: own.certificate.clone(), key: own.key.clone() },
        None => Source::Ours(Store::new(config.certs.clone())),
    };
    let condition = Condition::of(&source, names, now);
    let keys = condition.keys.iter();
    let keys: Vec<(PathBuf, u32)> =
        keys.filter_map(|key| Some((key.clone(), mode(key)?))).collect();
    let is_made = condition.fault.is_none() && (!condition.is_there || condition.is_renewed);
    let folder = match (&config.own_certificate, is_made) {
        (Some(_), _) => None,
        (None, true) => Some(disk::ask("certs", &config.certs)),
        (None, false) => Some(disk::look("certs", &config.certs)),
    };
    let is_loopback = config.bind.is_some_and(|ip| ip.is_loopback());
    Facts { condition, keys, folder, is_address_chosen: names.are_asked_for && !is_loopback, now }
}
