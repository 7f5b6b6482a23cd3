//! Origins whose pages may show a camera in a frame.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// `https://intranet.example` or `http://192.168.1.9:8080`: a scheme, a host, perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    /// Only what cannot mean anything else inside a Content-Security-Policy.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not = || {
            format!(
                "embed_origins: `{text}` is not allowed: an origin is `https://` or `http://`, a \
                 host name or IPv4 address, and perhaps a port, as in `https://intranet.example` \
                 (no path, no `/` at the end)"
            )
        };
        let lower = text.to_ascii_lowercase();
        let rest = ["https://", "http://"].iter().find_map(|scheme| lower.strip_prefix(scheme));
        let rest = rest.ok_or_else(not)?;
        let (host, port) = rest.split_once(':').map_or((rest, None), |(h, port)| (h, Some(port)));
        let is_label = |label: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
            !label.is_empty() && label.len() <= 63 && label.chars().all(allowed)
        };
        let is_host = host.len() <= 253 && host.split('.').all(is_label);
        let is_port = port.is_none_or(|port| {
            port.starts_with(|c: char| c.is_ascii_digit())
                && port.parse::<u16>().is_ok_and(|port| port > 0)
        });
        if is_host && is_port { Ok(Self(lower)) } else { Err(not()) }
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        let told = |text: &str| text.parse::<Origin>().map(|origin| origin.to_string());
        assert_eq!(told("https://Intranet.Example").unwrap(), "https://intranet.example");
        assert_eq!(told("http://192.168.1.9:8080").unwrap(), "http://192.168.1.9:8080");
    }

    #[test]
    fn nothing_gets_into_the_policy_but_an_origin() {
        for text in [
            "",
            "*",
            "https://",
            "https://*",
            "intranet.example",
            "https://a/",
            "https://a/b",
            "https://a;script-src *",
            "https://a b",
            "https://a,b",
            "https://u@a",
            "ftp://a",
            "https://a:",
            "https://a:0",
            "https://a:+1",
            "https://a:70000",
            "https://a..b",
            "https://[::1]",
            "'none'",
            "null",
        ] {
            let message = text.parse::<Origin>().unwrap_err();
            assert!(message.contains("embed_origins") && message.contains(text), "{message}");
        }
    }
}
