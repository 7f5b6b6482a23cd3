//! The configuration file.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

use super::alarms::{self, Section};
use super::{
    Origin, Port, Retention, TrustedProxies, compat, hooks, mpegts, pictures, rtsp_addresses,
};
use crate::addresses::Host;

/// Where the file is looked for unless one is named.
const DEFAULT_PATH: &str = "localcamera.toml";

/// The keys of the file; each is the flag of the same name, where there is one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default, deserialize_with = "hosts")]
    pub(super) lan_ip: Vec<Host>,
    pub(super) bind: Option<IpAddr>,
    pub(super) https_port: Option<u16>,
    #[serde(default, deserialize_with = "port")]
    pub(super) wss_port: Option<Port>,
    #[serde(default, deserialize_with = "port")]
    pub(super) http_port: Option<Port>,
    #[serde(default, deserialize_with = "port")]
    pub(super) webrtc_port: Option<Port>,
    pub(super) recordings: Option<PathBuf>,
    pub(super) certs: Option<PathBuf>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) state: Option<PathBuf>,
    pub(super) segment_seconds: Option<f64>,
    pub(super) reserve_mb: Option<u64>,
    pub(super) max_device_mb: Option<NonZeroU64>,
    pub(super) retention: Option<Retention>,
    pub(super) open: Option<bool>,
    pub(super) mdns: Option<bool>,
    #[serde(default)]
    pub(super) alarms: Section,
    #[serde(default)]
    pub(super) hook: Vec<hooks::Entry>,
    pub(super) source_files: Option<PathBuf>,
    #[serde(default)]
    pub(super) embed_origins: Vec<Origin>,
    #[serde(default, deserialize_with = "hosts")]
    pub(super) hosts: Vec<Host>,
    #[serde(default)]
    pub(super) trusted_proxies: TrustedProxies,
    #[serde(default, deserialize_with = "port")]
    pub(super) proxy_port: Option<Port>,
    pub(super) proxy_bind: Option<IpAddr>,
    #[serde(default)]
    pub(super) pictures: pictures::Section,
    #[serde(default)]
    pub(super) mpegts: mpegts::Section,
    #[serde(default)]
    pub(super) compat: compat::Section,
    #[serde(default)]
    pub(super) viewers: rtsp_addresses::Section,
    /// Checked one by one, with words of their own.
    #[serde(default)]
    pub(super) source: Vec<toml::Table>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Host>, D::Error> {
    let texts = match OneOrMore::deserialize(deserializer)? {
        OneOrMore::One(text) => vec![text],
        OneOrMore::More(texts) => texts,
    };
    let parsed = texts.iter().map(|text| text.parse()).collect::<Result<_, String>>();
    parsed.map_err(serde::de::Error::custom)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrWord {
    Number(u16),
    Word(String),
}

pub(super) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Port>, D::Error> {
    match NumberOrWord::deserialize(deserializer) {
        Ok(NumberOrWord::Number(port)) => Ok(Some(Port::Number(port))),
        Ok(NumberOrWord::Word(word)) => word.parse().map(Some).map_err(serde::de::Error::custom),
        Err(_) => Err(serde::de::Error::custom("a port is a number from 0 to 65535 or \"none\"")),
    }
}

impl File {
    /// The file that is read, if there is one: what is named must be there.
    pub(super) fn path(named: Option<&Path>) -> Option<PathBuf> {
        let default = Path::new(DEFAULT_PATH);
        named.or_else(|| default.exists().then_some(default)).map(Path::to_owned)
    }

    /// Reads the file named, or the default one if it is there.
    pub(super) fn read(named: Option<&Path>) -> Result<Self, String> {
        let path = named.unwrap_or(Path::new(DEFAULT_PATH));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => {
                return Ok(Self::default());
            }
            Err(error) => return Err(format!("cannot read {}: {error}", path.display())),
        };
        toml::from_str(&text).map_err(|error| invalid(path, &text, &error))
    }
}

/// What is wrong, and where. The line itself is not repeated, nor what stands under `[alarms]`,
/// `[[hook]]` and `[[source]]`: it may be a secret.
fn invalid(path: &Path, text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| 1 + before.matches('\n').count());
    let until_there = before.map_or(text, |before| {
        let rest = text.get(before.len()..).unwrap_or_default();
        let end = before.len() + rest.find('\n').unwrap_or(rest.len());
        text.get(..end).unwrap_or(text)
    });
    let may_be_secret =
        ["alarms", "hook", "source"].iter().any(|section| until_there.contains(section));
    let what = match may_be_secret {
        true => without_value(error.message(), until_there),
        false => error.message().to_owned(),
    };
    format!("{}, line {line}, is not valid: {what}", path.display())
}

/// Serde repeats a value of the wrong type or range; only what is expected is passed on of that.
fn without_value(message: &str, until_there: &str) -> String {
    if !["invalid type: ", "invalid value: ", "invalid length "]
        .iter()
        .any(|p| message.starts_with(p))
    {
        return message.to_owned();
    }
    let last_line = until_there.lines().next_back().unwrap_or_default();
    let key = last_line.split('=').next().unwrap_or_default().trim();
    // Only a key that is known is one for sure.
    let is_known = key
        .split('.')
        .map(str::trim)
        .all(|part| alarms::KEYS.contains(&part) || hooks::KEYS.contains(&part));
    let key = if is_known { key } else { "a value" };
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("{key} is of the wrong kind, expected {expected}"),
        None => format!("{key} is of the wrong kind"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_addresses_are_written_as_people_write_them() {
        let file: File = toml::from_str(
            "lan_ip = \"192.168.1.3\"\nwss_port = \"none\"\nhttp_port = 80\nopen = true",
        )
        .unwrap();
        assert_eq!(file.lan_ip, ["192.168.1.3".parse().unwrap()]);
        assert_eq!(file.wss_port, Some(Port::None));
        assert_eq!(file.http_port, Some(Port::Number(80)));
    }

    #[test]
    fn a_line_that_may_hold_a_secret_is_not_repeated() {
        let text = "https_port = 1\n[[alarms.targets]]\nkind = \"email\"\npassword = 4711";
        let error = toml::from_str::<File>(text).unwrap_err();
        let message = invalid(Path::new("a.toml"), text, &error);
        assert!(message.starts_with("a.toml, line ") && message.contains("secret"), "{message}");
        assert!(!message.contains("4711"), "{message}");
    }

    #[test]
    fn what_stands_under_alarms_is_not_repeated() {
        let said = |text: &str| {
            let error = toml::from_str::<File>(text).unwrap_err();
            let message = invalid(Path::new("a.toml"), text, &error);
            assert!(!message.contains("s3cret"), "{message}");
            message
        };
        let target = "[[alarms.targets]]\nkind = \"webhook\"\n";
        let headers = said(&format!("{target}headers = \"Bearer s3cret, expected s3cret\"\n"));
        assert!(
            headers.starts_with("a.toml, line 3, ") && headers.contains("headers"),
            "{headers}"
        );
        let targets = said("open = true\n[alarms]\ntargets = \"https://ntfy.sh/s3cret\"");
        assert!(
            targets.starts_with("a.toml, line 3, ") && targets.contains("targets"),
            "{targets}"
        );
        assert!(targets.contains("expected a sequence"), "{targets}");
        assert!(said("alarms = \"s3cret\"").contains("line 1"));
        assert!(said("alarms.targets = \"s3cret\"").contains("alarms.targets"));
        said(&format!("{target}headers = [\n  \"s3cret = s3cret\",\n]"));
        said("[alarms]\nsilent_seconds = \"s3cret\"");
        said("[alarms]\ntargets = [\"s3cret\"]");
        said(&format!("{target}url = \"a\"\nto = {{ s3cret = 1 }}"));
        // Elsewhere it helps.
        let error = toml::from_str::<File>("bind = 7").unwrap_err();
        assert!(invalid(Path::new("a.toml"), "bind = 7", &error).contains('7'));
    }

    #[test]
    fn what_stands_under_a_source_is_not_repeated() {
        for text in
            ["source = \"s3cret\"", "[[source]]\nname = \"a\"\n[source.password]\nx = s3cret"]
        {
            let error = toml::from_str::<File>(text).unwrap_err();
            let message = invalid(Path::new("a.toml"), text, &error);
            assert!(
                message.starts_with("a.toml, line ") && !message.contains("s3cret"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_wrong_key_or_value_is_named() {
        let message = |text: &str| toml::from_str::<File>(text).unwrap_err().to_string();
        assert!(message("https_prot = 1").contains("https_prot"));
        assert!(message("wss_port = \"off\"").contains("none"));
        assert!(message("lan_ip = [\"not an ip\"]").contains("not an ip"));
        let message = message("embed_origins = [\"https://a/b\"]");
        assert!(message.contains("https://a/b") && message.contains("no path"), "{message}");
    }
}
