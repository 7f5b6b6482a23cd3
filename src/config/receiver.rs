//! Where messages go by HTTP, as alarms and hooks name it: address, headers, token, and a name for
//! people.

use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderName, HeaderValue, Uri};

use super::secret::Source;

/// Longer names fill a phone's screen.
const MAX_NAME_CHARS: usize = 80;

/// An address of which only the host may be shown: its path is often all that protects it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Url(pub(crate) Uri);

impl Url {
    /// Who is there has to prove that it is.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }
}

impl std::fmt::Debug for Url {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Url({}, …)", self.0.host().unwrap_or_default())
    }
}

/// A name for people.
pub(super) fn named(name: String) -> Result<String, String> {
    let is_good = (1..=MAX_NAME_CHARS).contains(&name.trim().chars().count())
        && !name.contains(char::is_control);
    is_good
        .then_some(name)
        .ok_or_else(|| format!("name must be a line of 1 to {MAX_NAME_CHARS} characters"))
}

/// `kind`, with a number where there are several.
pub(super) fn unnamed(kind: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2..).map(|number| format!("{kind} {number}"));
    std::iter::once(kind.to_owned())
        .chain(numbered)
        .find(|name| !is_taken(name))
        .unwrap_or_default()
}

/// The message does not repeat the address, which may be secret.
pub(super) fn url(source: Option<Source>) -> Result<Url, String> {
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

/// A header that is sent along.
pub(super) fn header(
    (name, source): (String, Source),
) -> Result<(HeaderName, HeaderValue), String> {
    let parsed: HeaderName =
        name.parse().map_err(|_| format!("headers: {name:?} is no name of a header"))?;
    if [CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING].contains(&parsed) {
        return Err(format!("headers: {name} is not free to choose"));
    }
    let value = value(&format!("headers: {name}"), source, "")?;
    Ok((parsed, value))
}

/// What is sent as `Authorization` for a token.
pub(super) fn bearer(token: Source) -> Result<HeaderValue, String> {
    value("token", token, "Bearer ")
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
