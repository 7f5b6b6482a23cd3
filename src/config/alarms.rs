//! `[alarms]` of the configuration file: what is an alarm, and who is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, Uri};
use lettre::message::Mailbox;
use serde::Deserialize;

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

/// Longer names fill a phone's screen.
const MAX_NAME_CHARS: usize = 80;

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
#[derive(Debug, Clone, Default)]
pub(crate) struct Alarms {
    /// For how long a session may make nothing durable; `None` for ever.
    pub(crate) silent: Option<Duration>,
    pub(crate) targets: Vec<Target>,
}

/// Who is told.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) name: String,
    /// The authority that issued its certificate, unless the system knows it.
    pub(crate) ca: Option<PathBuf>,
    pub(crate) way: Way,
}

/// How it is told.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    Webhook { url: Url, headers: Vec<(HeaderName, HeaderValue)> },
    Ntfy { url: Url, authorization: Option<HeaderValue> },
    Email(Box<Email>),
}

/// An address of which only the host may be shown: its path is often all that protects it.
#[derive(Clone)]
pub(crate) struct Url(pub(crate) Uri);

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Url({}, …)", self.0.host().unwrap_or_default())
    }
}

/// A mail server, and what it is given.
#[derive(Debug, Clone)]
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
            Some(name) => named(name)?,
            None => unnamed(&self.kind, others),
        };
        let ca = self.ca.take();
        let way = match self.kind.as_str() {
            "webhook" => {
                let url = url(self.url.take())?;
                let headers = self.headers.take().unwrap_or_default().into_iter();
                let headers = headers.map(header).collect::<Result<_, _>>()?;
                Way::Webhook { url, headers }
            }
            "ntfy" => {
                let url = url(self.url.take())?;
                if url.0.path().trim_matches('/').is_empty() {
                    return Err(
                        "url must end with the topic, as in https://ntfy.sh/my-topic".to_owned()
                    );
                }
                let token = self.token.take().map(|token| value("token", token, "Bearer "));
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

fn named(name: String) -> Result<String, String> {
    let is_good = (1..=MAX_NAME_CHARS).contains(&name.trim().chars().count())
        && !name.contains(char::is_control);
    is_good
        .then_some(name)
        .ok_or_else(|| format!("name must be a line of 1 to {MAX_NAME_CHARS} characters"))
}

/// Its kind, with a number where there are several.
fn unnamed(kind: &str, others: &[Target]) -> String {
    let is_free = |name: &String| others.iter().all(|other| other.name != *name);
    let numbered = (2..).map(|number| format!("{kind} {number}"));
    std::iter::once(kind.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// The message does not repeat the address, which may be secret.
fn url(source: Option<Source>) -> Result<Url, String> {
    let text = source.ok_or("it needs url")?.fetch().map_err(|error| format!("url: {error}"))?;
    let uri: Option<Uri> = text.reveal().parse().ok();
    let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    let Some(uri) =
        uri.filter(|uri| is_web(uri) && uri.host().is_some_and(|host| !host.is_empty()))
    else {
        return Err("url must be an address such as https://example.com/path".to_owned());
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("url must hold no user name and password; a header or token does it".to_owned());
    }
    Ok(Url(uri))
}

fn header((name, source): (String, Source)) -> Result<(HeaderName, HeaderValue), String> {
    let parsed: HeaderName =
        name.parse().map_err(|_| format!("headers: {name:?} is no name of a header"))?;
    if [CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING].contains(&parsed) {
        return Err(format!("headers: {name} is not free to choose"));
    }
    let value = value(&format!("headers: {name}"), source, "")?;
    Ok((parsed, value))
}

fn value(key: &str, source: Source, before: &str) -> Result<HeaderValue, String> {
    let secret = source.fetch().map_err(|error| format!("{key}: {error}"))?;
    let wrong = || format!("{key}: it must be printable ASCII");
    let text = format!("{before}{}", secret.reveal());
    let mut value: HeaderValue = text.parse().map_err(|_| wrong())?;
    if !text.is_ascii() {
        return Err(wrong());
    }
    value.set_sensitive(true);
    Ok(value)
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
mod tests;
