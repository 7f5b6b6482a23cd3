//! Reads what this user may of a firewall's rules.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::super::findings::firewall::{
    Facts, Firewall, Needed, Zones, default_zone, is_on, lets_all_in,
};
use super::super::findings::ports::Transport;
use super::proc::runs;
use crate::config::Config;

pub(in super::super) async fn gather(config: &Config) -> Facts {
    let needs =
        |transport, port: Option<u16>| port.filter(|port| *port != 0).map(|port| (transport, port));
    let needed: Vec<Needed> = [
        needs(Transport::Tcp, Some(config.https_port)),
        needs(Transport::Tcp, config.http_port),
        needs(Transport::Udp, config.webrtc_port),
    ]
    .into_iter()
    .flatten()
    .collect();
    let is_for_others = !config.bind.is_some_and(|ip| ip.is_loopback());
    let is_root = rustix::process::geteuid().is_root();
    let firewall = if is_for_others { find().await } else { None };
    Facts { is_for_others, needed, firewall, is_root }
}

async fn find() -> Option<Firewall> {
    let of_files = tokio::task::spawn_blocking(of_files).await.ok().flatten();
    if of_files.is_some() {
        return of_files;
    }
    let mut nft = tokio::process::Command::new("nft");
    nft.args(["list", "ruleset"]).stdin(Stdio::null()).kill_on_drop(true);
    let listed = nft.output().await.ok().filter(|output| output.status.success())?;
    let rules = String::from_utf8_lossy(&listed.stdout).into_owned();
    (!rules.trim().is_empty()).then_some(Firewall::Nft { rules })
}

fn of_files() -> Option<Firewall> {
    if is_on(&fs::read_to_string("/etc/ufw/ufw.conf").unwrap_or_default()) {
        let defaults = fs::read_to_string("/etc/default/ufw").unwrap_or_default();
        let rules = fs::read_to_string("/etc/ufw/user.rules").ok();
        return Some(Firewall::Ufw { rules, lets_all_in: lets_all_in(&defaults) });
    }
    let zones = || zones(Path::new("/etc/firewalld"), Path::new("/usr/lib/firewalld"));
    runs("firewalld").then(|| Firewall::Firewalld { zones: zones() })
}

/// What somebody has set goes before what was installed.
fn zones(set: &Path, installed: &Path) -> Option<Zones> {
    let settings = match fs::read_to_string(set.join("firewalld.conf")) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.ok()?,
    };
    let file = format!("zones/{}.xml", default_zone(&settings));
    let default = match fs::read_to_string(set.join(&file)) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::read_to_string(installed.join(&file)).ok()?
        }
        read => read.ok()?,
    };
    let mut others =
        xml_files(&set.join("zones")).into_iter().filter(|path| *path != set.join(&file));
    let is_bound = |path: PathBuf| {
        // One that cannot be read may be.
        let text = fs::read_to_string(path).ok();
        text.is_none_or(|text| text.contains("<interface") || text.contains("<source"))
    };
    let is_more = others.any(is_bound)
        || !xml_files(&set.join("policies")).is_empty()
        || set.join("direct.xml").exists();
    Some(Zones { default, is_more })
}

/// Editors and firewalld itself leave others beside them (`public.xml.old`).
fn xml_files(folder: &Path) -> Vec<PathBuf> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    all.filter(|path| path.extension().is_some_and(|extension| extension == "xml")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_zone_is_read_where_somebody_has_set_it_or_else_as_installed() {
        let folder = tempfile::tempdir().unwrap();
        let (set, installed) = (folder.path().join("etc"), folder.path().join("lib"));
        for root in [&set, &installed] {
            fs::create_dir_all(root.join("zones")).unwrap();
        }
        let read = || zones(&set, &installed);
        assert_eq!(read(), None);
        fs::write(installed.join("zones/public.xml"), "installed").unwrap();
        fs::write(set.join("zones/public.xml.old"), "<interface").unwrap();
        let zones = |default: &str, is_more| Some(Zones { default: default.to_owned(), is_more });
        assert_eq!(read(), zones("installed", false));
        fs::write(set.join("zones/public.xml"), "set").unwrap();
        assert_eq!(read(), zones("set", false));
        fs::write(set.join("firewalld.conf"), "DefaultZone=home").unwrap();
        fs::write(installed.join("zones/home.xml"), "home").unwrap();
        assert_eq!(read(), zones("home", false));
        fs::write(set.join("zones/public.xml"), "<interface name=\"eth0\"/>").unwrap();
        assert_eq!(read(), zones("home", true));
    }
}
