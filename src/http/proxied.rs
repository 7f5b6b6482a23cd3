//! What a reverse proxy that does TLS says of a request: by which host it was asked, and whether by
//! TLS.

use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::error::ApiError;
use super::hosts::Hosts;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Makes of a proxy's request what its client has asked: the host that the proxy was asked by is
/// the request's own from here on, in links, for cookies and for whose page asks.
///
/// # Errors
/// When the client has come to the proxy without TLS, or by a name that is not the server's.
pub(super) fn settle(request: &mut Request, hosts: &Hosts) -> Result<(), ApiError> {
    // The name that the proxy asks by counts as well: a proxy that passes on what clients say of
    // the other one would let any site be taken for this one.
    hosts.check(request)?;
    if let Some(host) = last(request.headers(), &X_FORWARDED_HOST)? {
        let host = host
            .parse::<Authority>()
            .ok()
            .and_then(|host| HeaderValue::try_from(host.as_str()).ok());
        let host = host.ok_or_else(|| ApiError::bad_request("X-Forwarded-Host is no host"))?;
        request.headers_mut().insert(HOST, host);
        hosts.check(request)?;
    }
    let scheme = last(request.headers(), &X_FORWARDED_PROTO)?.map(str::to_ascii_lowercase);
    match scheme.as_deref() {
        // Proxies name a WebSocket's in their own ways, and some say nothing.
        None | Some("https" | "wss") => Ok(()),
        Some(_) => Err(ApiError::forbidden(
            "the reverse proxy says that this has come to it without HTTPS (X-Forwarded-Proto): \
             browsers neither record nor sign in then. Open the address with https://, and let the \
             proxy lead there",
        )),
    }
}

/// What the proxy nearest to the server says: each adds at the end.
fn last<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, ApiError> {
    let Some(said) = headers.get_all(name).iter().next_back() else { return Ok(None) };
    let said = said.to_str().map_err(|_| ApiError::bad_request("a proxy's header is no text"))?;
    Ok(said.rsplit(',').next().map(str::trim).filter(|said| !said.is_empty()))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    /// The host of a request that came so, or the status it is refused by.
    fn settled(host: &str, headers: &[(&HeaderName, &str)]) -> Result<String, u16> {
        let hosts = Hosts::new(["cam.example.com".to_owned()]);
        let mut request = Request::builder().uri("/").header(HOST, host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        settle(&mut request, &hosts).map_err(|error| error.status().as_u16())?;
        Ok(request.headers()[HOST].to_str().unwrap().to_owned())
    }

    #[test]
    fn the_host_is_the_one_that_the_proxy_was_asked_by() {
        let said = "cam.example.com";
        assert_eq!(settled(said, &[]).unwrap(), said);
        assert_eq!(settled("127.0.0.1:5080", &[(&X_FORWARDED_HOST, said)]).unwrap(), said);
        let added = "made.up.local, cam.example.com";
        assert_eq!(settled("127.0.0.1:5080", &[(&X_FORWARDED_HOST, added)]).unwrap(), said);
        let two = [(&X_FORWARDED_HOST, "made-up.local"), (&X_FORWARDED_HOST, said)];
        assert_eq!(settled("127.0.0.1:5080", &two).unwrap(), said);
    }

    #[test]
    fn names_of_others_are_refused_wherever_they_stand() {
        assert_eq!(settled("evil.example", &[]), Err(421));
        let known = [(&X_FORWARDED_HOST, "cam.example.com")];
        assert_eq!(settled("evil.example", &known), Err(421), "its page says this by itself");
        assert_eq!(settled("127.0.0.1", &[(&X_FORWARDED_HOST, "evil.example")]), Err(421));
        assert_eq!(settled("127.0.0.1", &[(&X_FORWARDED_HOST, "two words")]), Err(400));
    }

    #[test]
    fn what_came_to_the_proxy_without_tls_is_refused() {
        let by = |scheme: &str| settled("127.0.0.1", &[(&X_FORWARDED_PROTO, scheme)]);
        for scheme in ["https", "HTTPS", "wss", "http, https"] {
            assert!(by(scheme).is_ok(), "{scheme}");
        }
        for scheme in ["http", "ws", "https, http", "nonsense"] {
            assert_eq!(by(scheme), Err(403), "{scheme}");
        }
    }
}
