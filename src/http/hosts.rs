//! The names by which the server is asked. A page whose site makes its own name lead here (DNS
//! rebinding) asks by that name, and would be taken for one of the server's.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version};

use super::error::ApiError;

/// The names that are the server's; its addresses, `localhost` and `.local` names are so anyway:
/// no site of the internet has those.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts(Arc<Names>);

#[derive(Debug, Default)]
struct Names {
    lasting: BTreeSet<String>,
    configured: RwLock<BTreeSet<String>>,
    of_certificate: RwLock<BTreeSet<String>>,
}

impl Hosts {
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(Names { lasting: lower(names), ..Names::default() }))
    }

    /// Those of the configuration from now on.
    pub(crate) fn set_configured(&self, names: impl IntoIterator<Item = String>) {
        let mut known = self.0.configured.write().unwrap_or_else(PoisonError::into_inner);
        *known = lower(names);
    }

    /// Those of the user's own certificate from now on, where `*` stands for one label.
    pub(crate) fn set_of_certificate(&self, names: impl IntoIterator<Item = String>) {
        let mut known = self.0.of_certificate.write().unwrap_or_else(PoisonError::into_inner);
        *known = lower(names);
    }

    /// Refuses a request that is meant for somebody else.
    pub(super) fn check(&self, request: &Request) -> Result<(), ApiError> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let host = hosts.next();
        if hosts.next().is_some() {
            return Err(ApiError::bad_request("the request has more than one Host"));
        }
        let host = match host.map(|host| host.to_str().map(str::parse::<Authority>)) {
            None => None,
            Some(Ok(Ok(host))) => Some(host),
            Some(_) => return Err(ApiError::bad_request("the Host of the request is no host")),
        };
        // HTTP/2 has the host in the address.
        let authority = request.uri().authority();
        if host.is_none() && authority.is_none() && request.version() > Version::HTTP_10 {
            return Err(ApiError::bad_request("the request names no Host"));
        }
        match host.iter().chain(authority).find(|asked| !self.has(asked)) {
            None => Ok(()),
            Some(asked) => Err(misdirected(asked.host())),
        }
    }

    fn has(&self, asked: &Authority) -> bool {
        // Userinfo has no place here (RFC 9110 section 7.2), and hides who is meant.
        if asked.as_str().contains('@') {
            return false;
        }
        let name = asked.host().trim_end_matches('.').to_ascii_lowercase();
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        if bare.parse::<IpAddr>().is_ok() || name == "localhost" || name.ends_with(".local") {
            return true;
        }
        let wildcard = || name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let certified = self.0.of_certificate.read().unwrap_or_else(PoisonError::into_inner);
        let configured = self.0.configured.read().unwrap_or_else(PoisonError::into_inner);
        let is_known = |name: &String| {
            self.0.lasting.contains(name) || configured.contains(name) || certified.contains(name)
        };
        is_known(&name) || wildcard().is_some_and(|name| is_known(&name))
    }
}

fn lower(names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    names.into_iter().map(|name| name.to_ascii_lowercase()).collect()
}

fn misdirected(asked: &str) -> ApiError {
    let asked: String = asked.chars().take(200).collect();
    ApiError::new(
        StatusCode::MISDIRECTED_REQUEST,
        "misdirected",
        format!(
            "this server is not known as \"{asked}\". Open it by its address; or, if that name is \
             meant to lead here, add hosts = [\"{asked}\"] to its configuration file"
        ),
    )
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn status(version: Version, uri: &str, hosts: &[&str]) -> Option<StatusCode> {
        let known = Hosts::new(["bench".to_owned()]);
        known.set_of_certificate(["before.example".to_owned()]);
        known.set_configured(["once.example".to_owned()]);
        known.set_configured(["Named.Example.com".to_owned()]);
        known.set_of_certificate(["Cam.Example.com", "*.cams.example"].map(str::to_owned));
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        let checked = known.check(&request.body(Body::empty()).unwrap());
        checked.err().map(|error| error.status())
    }

    #[test]
    fn its_own_names_and_addresses_are_answered() {
        for host in [
            "192.168.1.3:5001",
            "[fd00::1]:5001",
            "[fd00::1]",
            "localhost:5001",
            "Bench.local:5001",
            "bench",
            "BENCH:5001",
            "cam.example.com",
            "cam.example.com.",
            "door.cams.example",
            "named.example.com",
        ] {
            assert_eq!(status(Version::HTTP_11, "/", &[host]), None, "{host}");
        }
        assert_eq!(status(Version::HTTP_2, "https://bench:5001/", &[]), None);
        assert_eq!(status(Version::HTTP_10, "/", &[]), None, "no browser asks like that");
    }

    #[test]
    fn a_name_that_leads_here_and_is_not_the_servers_is_refused() {
        let misdirected = Some(StatusCode::MISDIRECTED_REQUEST);
        for host in [
            "evil.example",
            "before.example",
            "once.example",
            "evil.example:5001",
            "192.168.1.3.evil.example",
            "local",
            "xlocalhost",
            "localhost.evil.example",
            "bench.local.evil.example",
            "a.b.cams.example",
            "cams.example",
            "evil@192.168.1.3",
        ] {
            assert_eq!(status(Version::HTTP_11, "/", &[host]), misdirected, "{host}");
        }
        assert_eq!(status(Version::HTTP_2, "https://evil.example/", &[]), misdirected);
        assert_eq!(status(Version::HTTP_2, "https://evil.example/", &["bench"]), misdirected);
        assert_eq!(status(Version::HTTP_11, "http://bench/", &["evil.example"]), misdirected);
    }

    #[test]
    fn a_request_for_nobody_is_refused() {
        let bad = Some(StatusCode::BAD_REQUEST);
        assert_eq!(status(Version::HTTP_11, "/", &[]), bad);
        assert_eq!(status(Version::HTTP_11, "/", &["bench", "evil.example"]), bad);
        assert_eq!(status(Version::HTTP_11, "/", &["two words"]), bad);
    }
}
