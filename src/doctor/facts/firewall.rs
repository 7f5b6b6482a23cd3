//! Reads what this user may of a firewall's rules.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use super::super::findings::firewall::{Facts, Firewall, Needed};
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
    if is_ufw_on(&fs::read_to_string("/etc/ufw/ufw.conf").unwrap_or_default()) {
        return Some(Firewall::Ufw { rules: fs::read_to_string("/etc/ufw/user.rules").ok() });
    }
    if runs("firewalld") {
        return Some(Firewall::Firewalld { zones: zones(Path::new("/etc/firewalld/zones")) });
    }
    let mut nft = tokio::process::Command::new("nft");
    nft.args(["list", "ruleset"]).stdin(Stdio::null()).kill_on_drop(true);
    let listed = nft.output().await.ok().filter(|output| output.status.success())?;
    let rules = String::from_utf8_lossy(&listed.stdout).into_owned();
    (!rules.trim().is_empty()).then_some(Firewall::Nft { rules })
}

fn is_ufw_on(settings: &str) -> bool {
    settings.lines().any(|line| line.trim().eq_ignore_ascii_case("enabled=yes"))
}

/// The texts of all zones that somebody has changed; the others open no port of ours.
fn zones(folder: &Path) -> Option<String> {
    let all = fs::read_dir(folder).ok()?.flatten();
    all.map(|entry| fs::read_to_string(entry.path()).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ufw_is_on_where_its_settings_say_so() {
        assert!(is_ufw_on("# comment\nENABLED=yes\nLOGLEVEL=low"));
        assert!(!is_ufw_on("ENABLED=no") && !is_ufw_on("# ENABLED=yes") && !is_ufw_on(""));
    }
}
