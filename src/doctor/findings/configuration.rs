//! What the configuration says that somebody should know.

use std::path::Path;

use super::super::finding::{Check, Finding};
use crate::config::{Compat, Config, Fixed};

/// A configuration with which the server would not start.
pub(in super::super) fn broken(reason: &str) -> Finding {
    Finding::problem(
        Check::Configuration,
        reason,
        "Mend it (docs/config.md has every key); the server does not start before that, and \
         nothing else was looked at",
    )
}

pub(in super::super) fn judge(file: Option<&Path>, config: &Config) -> Vec<Finding> {
    let read = match file {
        Some(file) => file.display().to_string(),
        None => "no file, which is fine".to_owned(),
    };
    let sources = match config.sources.len() {
        0 => String::new(),
        count => format!(", sources: {count}"),
    };
    let mut findings = vec![Finding::ok(Check::Configuration, format!("{read}{sources}"))];
    if config.open {
        findings.push(Finding::advice(
            Check::Configuration,
            "sign-in is turned off (--open): everyone who reaches this server may record and watch",
            "Where others are on the network, start it without --open and decide on its page who \
             gets in",
        ));
    }
    findings.extend(in_clear(&config.compat));
    findings
}

/// Listeners without encryption that others reach.
fn in_clear(compat: &Compat) -> Vec<Finding> {
    if compat.bind.is_loopback() {
        return Vec::new();
    }
    let token = |fixed: &Option<Fixed>| fixed.as_ref().map(|fixed| fixed.needs_token);
    let listeners = [
        ("json", token(&compat.json)),
        ("jpeg", compat.jpeg_port.map(|_| compat.jpeg_needs_token)),
        ("mpegts", token(&compat.mpegts)),
    ];
    let open = listeners.into_iter().filter(|(_, needs_token)| needs_token.is_some());
    open.map(|(name, needs_token)| {
        let who = match needs_token {
            Some(true) => "whoever listens there sees its pictures and its tokens",
            _ => "everyone there may watch",
        };
        Finding::advice(
            Check::Configuration,
            format!("compat.{name}_port is open to the network without encryption: {who}"),
            "Set compat.bind = \"127.0.0.1\" to keep it to this computer",
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    #[test]
    fn what_is_open_to_the_network_in_clear_is_said() {
        let fixed = Fixed { port: 1, stream: "door".parse().unwrap(), needs_token: true };
        let mut compat = Compat { json: Some(fixed), jpeg_port: Some(2), ..Compat::default() };
        assert_eq!(in_clear(&compat), []);
        compat.bind = "0.0.0.0".parse().unwrap();
        let said = in_clear(&compat);
        assert_eq!(said.len(), 2);
        assert!(said[0].message.contains("tokens") && said[1].message.contains("may watch"));
        assert_eq!(broken("line 3").verdict, Verdict::Problem);
    }
}
