//! The address of a server, as people write it.

use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::addresses::Host;

/// Where a server listens unless told otherwise.
const SERVER_PORT: u16 = 5001;

/// What an address with a scheme and without a port means everywhere else.
const HTTPS_PORT: u16 = 443;

const INGEST_PATH: &str = "/ws/ingest";

/// The server that takes a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) host: Host,
    pub(crate) port: u16,
    /// Where a proxy has put the server, without a slash at its end.
    prefix: String,
}

impl Destination {
    /// The endpoint that takes recordings.
    pub(crate) fn endpoint(&self) -> String {
        format!("wss://{}:{}{}{INGEST_PATH}", self.host, self.port, self.prefix)
    }

    /// A name for a folder of this server's own.
    pub(crate) fn folder_name(&self) -> String {
        let host = self.host.to_string().replace(['[', ']'], "").replace(':', "-");
        format!("{host}_{}", self.port)
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "https://{}:{}{}", self.host, self.port, self.prefix)
    }
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (default_port, rest) = match text.split_once("://") {
            Some(("https" | "wss", rest)) => (HTTPS_PORT, rest),
            Some(("http" | "ws", rest)) => {
                return Err(format!(
                    "recordings travel encrypted only; write https://{rest} with the port of the \
                     capture page"
                ));
            }
            Some((scheme, _)) => return Err(format!("{scheme}:// is neither https:// nor wss://")),
            None => (SERVER_PORT, text),
        };
        let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let is_plain = |c: char| c.is_ascii_graphic() && !"?#\"<>\\^`{|}".contains(c);
        if place.contains('@') || !path.chars().all(is_plain) {
            return Err("it must be a host, a port and perhaps a path".to_owned());
        }
        let (host, port) = host_and_port(place)?;
        let path = path.trim_end_matches('/');
        Ok(Self {
            host: host.parse()?,
            port: port.unwrap_or(default_port),
            prefix: path.strip_suffix(INGEST_PATH).unwrap_or(path).to_owned(),
        })
    }
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), String> {
    // Without brackets, the last group of an IPv6 address looks like a port.
    if place.parse::<Ipv6Addr>().is_ok() {
        return Ok((place, None));
    }
    let behind_brackets = place.rfind(']').unwrap_or(0);
    let Some(colon) = place[behind_brackets..].find(':') else { return Ok((place, None)) };
    let (host, port) = place.split_at(behind_brackets + colon);
    match port[1..].parse() {
        Ok(port) if port > 0 => Ok((host, Some(port))),
        _ => Err(format!("`{}` is no port", &port[1..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_write_it() {
        for (text, endpoint) in [
            ("https://192.168.1.3:5001", "wss://192.168.1.3:5001/ws/ingest"),
            ("https://192.168.1.3:5001/", "wss://192.168.1.3:5001/ws/ingest"),
            ("wss://bench.local:8000/ws/ingest", "wss://bench.local:8000/ws/ingest"),
            ("https://cameras.example/lab/", "wss://cameras.example:443/lab/ws/ingest"),
            ("bench.local", "wss://bench.local:5001/ws/ingest"),
            ("192.168.1.3:7000", "wss://192.168.1.3:7000/ws/ingest"),
            ("fd00::1", "wss://[fd00::1]:5001/ws/ingest"),
            ("[fd00::1]:7000", "wss://[fd00::1]:7000/ws/ingest"),
        ] {
            assert_eq!(text.parse::<Destination>().unwrap().endpoint(), endpoint, "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_in_words() {
        for (text, word) in [
            ("http://192.168.1.3:5001", "https://192.168.1.3:5001"),
            ("rtsp://192.168.1.3", "rtsp"),
            ("https://name:secret@host", "host"),
            ("https://host:port", "port"),
            ("https://host:0", "port"),
            ("https://host/?token=1", "host"),
            ("two words", "host"),
            ("", "host"),
        ] {
            let reason = text.parse::<Destination>().unwrap_err();
            assert!(reason.contains(word), "{text}: {reason}");
        }
    }

    #[test]
    fn a_folder_name_holds_no_surprises() {
        let name = |text: &str| text.parse::<Destination>().unwrap().folder_name();
        assert_eq!(name("https://192.168.1.3:5001"), "192.168.1.3_5001");
        assert_eq!(name("[fd00::1]:7000"), "fd00--1_7000");
    }
}
