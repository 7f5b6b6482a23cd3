//! `[compat]`: listeners without TLS for clients that cannot be changed.

use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use super::Port;
use super::file::port;
use super::sources::Name;

/// Which of them there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compat {
    pub(crate) bind: IpAddr,
    /// JSON frames of one stream.
    pub(crate) json: Option<Fixed>,
    /// JPEG frames of RTSP addresses that viewers name.
    pub(crate) jpeg_port: Option<u16>,
    /// Whether only those get them who have a token.
    pub(crate) jpeg_needs_token: bool,
    /// MPEG-TS of one stream.
    pub(crate) mpegts: Option<Fixed>,
}

/// A listener that has one stream, whatever its clients ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fixed {
    pub(crate) port: u16,
    pub(crate) stream: Name,
    /// Whether only those get it who have a token.
    pub(crate) needs_token: bool,
}

/// The section of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    bind: Option<IpAddr>,
    #[serde(default, deserialize_with = "port")]
    json_port: Option<Port>,
    json_stream: Option<String>,
    #[serde(default)]
    json_require_token: bool,
    #[serde(default, deserialize_with = "port")]
    jpeg_port: Option<Port>,
    #[serde(default)]
    jpeg_require_token: bool,
    #[serde(default, deserialize_with = "port")]
    mpegts_port: Option<Port>,
    mpegts_stream: Option<String>,
    #[serde(default)]
    mpegts_require_token: bool,
}

impl Default for Compat {
    fn default() -> Self {
        Self {
            bind: Ipv4Addr::LOCALHOST.into(),
            json: None,
            jpeg_port: None,
            jpeg_needs_token: false,
            mpegts: None,
        }
    }
}

impl Section {
    pub(super) fn checked(self) -> Result<Compat, String> {
        Ok(Compat {
            bind: self.bind.unwrap_or(Ipv4Addr::LOCALHOST.into()),
            json: fixed("json", self.json_port, self.json_stream, self.json_require_token)?,
            jpeg_port: self.jpeg_port.and_then(Port::number),
            jpeg_needs_token: self.jpeg_require_token,
            mpegts: fixed(
                "mpegts",
                self.mpegts_port,
                self.mpegts_stream,
                self.mpegts_require_token,
            )?,
        })
    }
}

fn fixed(
    name: &str,
    port: Option<Port>,
    stream: Option<String>,
    needs_token: bool,
) -> Result<Option<Fixed>, String> {
    let stream = stream.map(|stream| stream.parse::<Name>()).transpose();
    let stream = stream.map_err(|reason| format!("compat.{name}_stream: {reason}"))?;
    match (port.and_then(Port::number), stream) {
        (None, _) => Ok(None),
        (Some(port), Some(stream)) => Ok(Some(Fixed { port, stream, needs_token })),
        (Some(_), None) => Err(format!(
            "compat.{name}_port needs compat.{name}_stream: the name of the stream that its \
             clients get"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compat(text: &str) -> Result<Compat, String> {
        toml::from_str::<Section>(text).map_err(|error| error.to_string())?.checked()
    }

    #[test]
    fn nothing_is_open_unless_it_is_asked_for_and_then_for_this_computer_alone() {
        assert_eq!(compat("").unwrap(), Compat::default());
        let some =
            "json_port = 0\njson_stream = \"door\"\njpeg_port = 8000\nmpegts_port = \"none\"";
        let compat = compat(some).unwrap();
        assert!(compat.bind.is_loopback());
        let json = Fixed { port: 0, stream: "door".parse().unwrap(), needs_token: false };
        assert_eq!(compat.json, Some(json));
        assert_eq!((compat.jpeg_port, compat.mpegts), (Some(8000), None));
    }

    #[test]
    fn what_is_missing_is_named() {
        for (text, words) in [
            ("json_port = 8765", "compat.json_stream"),
            ("mpegts_port = 8103\njson_stream = \"door\"", "compat.mpegts_stream"),
            ("json_stream = \"Front door\"", "hyphens"),
            ("jpeg_prot = 1", "jpeg_prot"),
        ] {
            let message = compat(text).unwrap_err();
            assert!(message.contains(words), "{text}: {message}");
        }
        let some = "json_port = 0\njson_stream = \"door\"\njson_require_token = true";
        assert!(compat(some).unwrap().json.unwrap().needs_token);
        assert!(compat("jpeg_require_token = true").unwrap().jpeg_needs_token);
    }
}
