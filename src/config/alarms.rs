//! `[alarms]` of the configuration file: what is an alarm, and who is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Uri};
use lettre::message::Mailbox;
use serde::Deserialize;

use super::receiver::{self, Url};
use super::secret::{Secret, Source};

/// A browser hands over what it records up to a few seconds late; below this a recording that is
/// well would be called silent.
const MIN_SILENT_SECONDS: u64 = 5;

/// Who wants to know of a silence after an hour looks at the recordings.
const MAX_SILENT_SECONDS: u64 = 3600;

/// Longer than a device takes to find another access point.
const SILENT_SECONDS: u64 = 30;

/// Each has a queue of its own, and a test waits for all of them.
const MAX_TARGETS: usize = 16;

const SMTPS_PORT: u16 = 465;
const SUBMISSION_PORT: u16 = 587;

/// The keys that the section has, and by which it is reached: these can be named where a value must
/// not be.
pub(super) const KEYS: [&str; 14] = [
    "alarms",
    "silent_seconds",
    "targets",
    "kind",
    "name",
    "ca",
    "url",
    "headers",
    "token",
    "smtp",
    "username",
    "password",
    "from",
    "to",
];

/// What is an alarm, and who is told.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Alarms {
    /// For how long a session may make nothing durable; `None` for ever.
    pub(crate) silent: Option<Duration>,
    pub(crate) targets: Vec<Target>,
}

/// Who is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// The authority that issued its certificate, unless the system knows it.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) way: Way,
}

/// How it is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Way {
    Webhook { url: Url, headers: Vec<(HeaderName, HeaderValue)> },
    Ntfy { url: Url, authorization: Option<HeaderValue> },
    Email(Box<Email>),
}

/// A mail server, and what it is given.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Email {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Encrypted from the first byte, not by STARTTLS.
    pub(crate) is_implicit: bool,
    pub(crate) credentials: Option<(String, Secret)>,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
}

/// The section as it stands in the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    silent_seconds: Option<u64>,
    #[serde(default)]
    targets: Vec<Entry>,
}

/// One of its targets. Which keys belong together depends on `kind`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: String,
    name: Option<String>,
    ca: Option<PathBuf>,
    url: Option<Source>,
    headers: Option<BTreeMap<String, Source>>,
    token: Option<Source>,
    smtp: Option<String>,
    username: Option<String>,
    password: Option<Source>,
    from: Option<String>,
    to: Option<OneOrMore>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl Section {
    /// Checks every value, and fetches the secrets.
    pub(super) fn checked(self) -> Result<Alarms, String> {
        let seconds = self.silent_seconds.unwrap_or(SILENT_SECONDS);
        if seconds != 0 && !(MIN_SILENT_SECONDS..=MAX_SILENT_SECONDS).contains(&seconds) {
            return Err(format!(
                "alarms.silent_seconds = {seconds} is not allowed: it must be between \
                 {MIN_SILENT_SECONDS} and {MAX_SILENT_SECONDS}, or 0 to turn it off"
            ));
        }
        if self.targets.len() > MAX_TARGETS {
            return Err(format!("alarms.targets: more than {MAX_TARGETS} are not allowed"));
        }
        let mut targets: Vec<Target> = Vec::new();
        for (number, entry) in (1..).zip(self.targets) {
            let target = entry.checked(&targets);
            targets
                .push(target.map_err(|error| format!("alarms.targets, number {number}: {error}"))?);
        }
        Ok(Alarms { silent: (seconds != 0).then(|| Duration::from_secs(seconds)), targets })
    }
}

impl Entry {
    fn checked(mut self, others: &[Target]) -> Result<Target, String> {
        let name = match self.name.take() {
            Some(name) => receiver::named(name)?,
            None => {
                receiver::unnamed(&self.kind, |name| others.iter().any(|other| other.name == name))
            }
        };
        let ca = self.ca.take();
        let way = match self.kind.as_str() {
            "webhook" => {
                let url = receiver::url(self.url.take())?;
                let headers = self.headers.take().unwrap_or_default().into_iter();
                let headers = headers.map(receiver::header).collect::<Result<_, _>>()?;
                Way::Webhook { url, headers }
            }
            "ntfy" => {
                let url = receiver::url(self.url.take())?;
                if url.0.path().trim_matches('/').is_empty() {
                    return Err(
                        "url must end with the topic, as in https://ntfy.sh/my-topic".to_owned()
                    );
                }
                let token = self.token.take().map(receiver::bearer);
                Way::Ntfy { url, authorization: token.transpose()? }
            }
            "email" => Way::Email(Box::new(self.email()?)),
            kind => {
                return Err(format!(
                    "kind = {kind:?} is not allowed: it must be webhook, ntfy or email"
                ));
            }
        };
        match self.left() {
            Some(key) => Err(format!("{key} is not for kind = {:?}", self.kind)),
            None => Ok(Target { name, ca, way }),
        }
    }

    fn email(&mut self) -> Result<Email, String> {
        let smtp = self.smtp.take().ok_or("it needs smtp, as in smtps://mail.example.com")?;
        let (host, port, is_implicit) = mail_server(&smtp)?;
        let password = self.password.take().map(Source::fetch).transpose();
        let password = password.map_err(|error| format!("password: {error}"))?;
        let credentials = match (self.username.take(), password) {
            (Some(username), Some(password)) => Some((username, password)),
            (None, None) => None,
            (Some(_), None) => return Err("username needs password".to_owned()),
            (None, Some(_)) => return Err("password needs username".to_owned()),
        };
        let from = self.from.take().ok_or("it needs from, the address that sends")?;
        let to = match self.to.take().ok_or("it needs to, one address or a list")? {
            OneOrMore::One(address) => vec![address],
            OneOrMore::More(addresses) => addresses,
        };
        if to.is_empty() {
            return Err("to names nobody".to_owned());
        }
        let to = to.iter().map(|address| mailbox("to", address)).collect::<Result<_, _>>()?;
        Ok(Email { host, port, is_implicit, credentials, from: mailbox("from", &from)?, to })
    }

    /// A key that the target's kind has no use for.
    fn left(&self) -> Option<&'static str> {
        let keys = [
            ("url", self.url.is_some()),
            ("headers", self.headers.is_some()),
            ("token", self.token.is_some()),
            ("smtp", self.smtp.is_some()),
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("from", self.from.is_some()),
            ("to", self.to.is_some()),
        ];
        keys.into_iter().find_map(|(key, is_left)| is_left.then_some(key))
    }
}

fn mail_server(smtp: &str) -> Result<(String, u16, bool), String> {
    let wrong = || {
        "smtp must be smtps://HOST or smtps://HOST:465, or smtp://HOST:587 for a server with \
         STARTTLS; the user name stands under username"
            .to_owned()
    };
    let uri: Uri = smtp.parse().map_err(|_| wrong())?;
    let (is_implicit, default) = match uri.scheme_str() {
        Some("smtps") => (true, SMTPS_PORT),
        Some("smtp") => (false, SUBMISSION_PORT),
        _ => return Err(wrong()),
    };
    let host = uri.host().unwrap_or_default();
    let has_more = smtp.contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some();
    if host.is_empty() || has_more {
        return Err(wrong());
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((host, uri.port_u16().unwrap_or(default), is_implicit))
}

fn mailbox(key: &str, address: &str) -> Result<Mailbox, String> {
    address.parse().map_err(|_| {
        format!("{key} = {address:?} is not allowed: it must be an address such as a@example.com, or Name <a@example.com>")
    })
}

#[cfg(test)]
pub(crate) fn test_url(text: &str) -> Url {
    Url(text.parse().unwrap_or_default())
}

#[cfg(test)]
mod tests;
