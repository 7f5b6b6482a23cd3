//! The address in `?rtsp_url=`, taken apart. What is connected to is put together anew from the
//! parts, so that nothing that comes later can read it in another way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use crate::addresses::Host;
use crate::config::{RTSP_PORT, Target, ends_in_number};
use crate::sources::{Address, Login};

/// What somebody may have done whose address cannot be read.
const SLASHES: Unreadable = "an address is rtsp://USER:PASSWORD@HOST:PORT/PATH; in a user or \
    password, / and ? are written %2F and %3F, and all is encoded once more as a parameter";

const PARAMETER: &str = "rtsp_url=";
const SCHEME: &str = "rtsp://";

/// Longer ones are no camera's.
const MAX_BYTES: usize = 2048;

/// What cannot stand in a path as it is. `%` can: cameras may want their own encoding.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// An RTSP address as somebody gave it.
pub(super) struct Asked {
    host: Host,
    port: u16,
    /// As it goes to the camera, and as it is judged.
    path: String,
    decoded_path: String,
    login: Option<Login>,
}

/// Why it is none, in words that repeat nothing of it: it may hold a password.
pub(super) type Unreadable = &'static str;

impl Asked {
    /// Finds it in what stands behind the question mark.
    pub(super) fn in_query(query: &str) -> Result<Self, Unreadable> {
        let (value, _) = split(query)
            .ok_or("the address of a camera is missing: …/ws/stream?rtsp_url=rtsp%3A%2F%2F…")?;
        // Who encodes nothing means a plus sign by one.
        let value = if is_plain(value) { value.to_owned() } else { value.replace('+', " ") };
        let text = percent_decode_str(&value).decode_utf8();
        read(&text.map_err(|_| "the address is no text (UTF-8)")?)
    }

    pub(super) fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn target(&self) -> Target<'_> {
        Target { host: &self.host, port: self.port, path: &self.decoded_path }
    }

    /// What is connected to, when that address of its host was chosen.
    pub(super) fn at(self, ip: IpAddr) -> Result<(Address, Option<Login>), String> {
        let path = utf8_percent_encode(&self.path, NOT_IN_PATHS);
        let text = format!("{SCHEME}{}:{}{path}", Host::Ip(ip), self.port);
        let (address, _) = Address::parse(&text)?;
        Ok((address, self.login))
    }
}

/// For people and logs: who is let in, and the path, which may hold a password, are left out.
impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{SCHEME}{}:{}", self.host, self.port)
    }
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({self})")
    }
}

/// The address as it stands in the query, and the parameters beside it.
pub(super) fn split(query: &str) -> Option<(&str, String)> {
    let starts = query.match_indices('&').map(|(at, _)| at + 1);
    let start = std::iter::once(0).chain(starts).find(|&at| query[at..].starts_with(PARAMETER))?;
    let (before, value) = (&query[..start], &query[start + PARAMETER.len()..]);
    // Of an address that was not encoded all that follows is part.
    let end = if is_plain(value) { value.len() } else { value.find('&').unwrap_or(value.len()) };
    let (value, after) = value.split_at(end);
    Some((value, format!("{before}{}", after.trim_start_matches('&'))))
}

/// Whether it begins like an address: who encodes one encodes its colon and slashes.
fn is_plain(value: &str) -> bool {
    let scheme = value.get(..value.find("://").unwrap_or(0)).unwrap_or_default();
    scheme.eq_ignore_ascii_case("rtsp") || scheme.eq_ignore_ascii_case("rtsps")
}

fn read(text: &str) -> Result<Asked, Unreadable> {
    let text = text.trim();
    if text.len() > MAX_BYTES || text.contains(char::is_control) {
        return Err("an address is one line of at most 2048 bytes");
    }
    let scheme = text.get(..SCHEME.len()).unwrap_or_default();
    if text.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("rtsps://")) {
        return Err("an encrypted camera (rtsps://) is watched where it is set up as a source");
    }
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err("the address of a camera begins with rtsp://");
    }
    let rest = text.get(SCHEME.len()..).unwrap_or_default();
    let (place, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    // A user or password may hold the sign itself.
    let (login, place) = match place.rsplit_once('@') {
        Some((login, place)) => (login_of(login), place),
        None => (None, place),
    };
    if login.is_none() && path.contains('@') {
        return Err(SLASHES);
    }
    let (host, port) = host_and_port(place)?;
    let decoded_path = decoded_path(path)?;
    let slash = if path.starts_with('?') { "/" } else { "" };
    Ok(Asked { host, port, path: format!("{slash}{path}"), decoded_path, login })
}

fn login_of(text: &str) -> Option<Login> {
    // Whatever was not encoded stays as it is.
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let (user, password) = (decoded(user), decoded(password));
    let is_there = !user.is_empty() || !password.is_empty();
    is_there.then(|| Login { user, password: password.into() })
}

fn host_and_port(place: &str) -> Result<(Host, u16), Unreadable> {
    if let Some(rest) = place.strip_prefix('[') {
        let (ip, rest) = rest.split_once(']').ok_or("a bracket in the address is not closed")?;
        let ip = ip.parse::<Ipv6Addr>().map_err(|_| "in brackets stands an IPv6 address")?;
        let port = rest.strip_prefix(':');
        if port.is_none() && !rest.is_empty() {
            return Err("behind the host of an address stands :PORT or /PATH");
        }
        return Ok((Host::Ip(IpAddr::V6(ip)), port_of(port)?));
    }
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    };
    let port = port_of(port)?;
    if let Ok(ip) = host.parse::<Ipv4Addr>() {
        return Ok((Host::Ip(ip.into()), port));
    }
    if ends_in_number(host) {
        return Err("an IPv4 address is four numbers from 0 to 255, such as 192.168.1.20");
    }
    match host.trim_end_matches('.').parse() {
        Ok(Host::Name(name)) => Ok((Host::Name(name), port)),
        _ => Err(SLASHES),
    }
}

fn port_of(text: Option<&str>) -> Result<u16, Unreadable> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(RTSP_PORT) };
    let is_number = text.chars().all(|c| c.is_ascii_digit());
    let port = text.parse().ok().filter(|port: &u16| is_number && *port > 0);
    port.ok_or(SLASHES)
}

/// The path as it is judged. A camera may follow steps upward, out of what is allowed.
fn decoded_path(text: &str) -> Result<String, Unreadable> {
    let path = percent_decode_str(text).decode_utf8().map_err(|_| "the path is no text (UTF-8)")?;
    let is_step = |part: &str| part == "." || part == "..";
    let before_query = path.split('?').next().unwrap_or_default();
    if before_query.split(['/', '\\']).any(is_step) {
        return Err("the path of an address has no steps such as /../");
    }
    let slash = if path.starts_with('?') { "/" } else { "" };
    Ok(format!("{slash}{path}"))
}

#[cfg(test)]
mod tests;
