//! Whether a request comes from a page of this server.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

/// Refuses what another site's page has a browser ask. Programs name no origin.
pub(super) async fn own_pages_only(request: Request, next: Next) -> Response {
    match is_foreign(request.headers()) {
        true => {
            ApiError::forbidden("only this server's own pages may ask for that").into_response()
        }
        false => next.run(request).await,
    }
}

/// Ports of the same host count as own.
fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let origin: Option<Uri> = text(origin).and_then(|origin| origin.parse().ok());
    let host = headers.get(HOST).and_then(text);
    let host = host.and_then(|host| format!("https://{host}/").parse::<Uri>().ok());
    let (origin, host) = (origin.as_ref().and_then(Uri::host), host.as_ref().and_then(Uri::host));
    // A page without an origin of its own says `null`.
    origin.is_none() || origin != host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_same_host_and_programs_may_ask() {
        let ask = |origin: Option<&str>, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            !is_foreign(&headers)
        };
        assert!(ask(None, "192.168.1.3:5001"));
        assert!(ask(Some("https://192.168.1.3:5001"), "192.168.1.3:5001"));
        assert!(ask(Some("https://192.168.1.3"), "192.168.1.3:5001"));
        assert!(ask(Some("https://[fe80::1]:5001"), "[fe80::1]:5001"));
        assert!(!ask(Some("https://evil.example"), "192.168.1.3:5001"));
        assert!(!ask(Some("null"), "192.168.1.3:5001"));
    }
}
