//! The pages, one template each.

pub(super) mod authority;
mod language;
pub(super) mod profile;

use askama::Template;
use axum::extract::{Query, State as Shared};
use axum::http::header::{CACHE_CONTROL, HOST, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::State;
use super::authenticate::Holder;
use super::error::Path;
use super::sight::sees_stream_named;
use language::Language;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The query that chooses a page's language.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    lang: Option<String>,
}

impl Choice {
    /// The language asked for, else the browser's.
    fn language(&self, headers: &HeaderMap) -> Language {
        Language::choose(self.lang.as_deref(), headers)
    }
}

macro_rules! page {
    ($name:ident, $path:literal $(, $field:ident)*) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name {
            lang: &'static str,
            strings_json: &'static str,
            version: &'static str,
            language: Language,
            $($field: String,)*
        }

        impl $name {
            fn new(language: Language $(, $field: String)*) -> Self {
                Self {
                    lang: language.tag(),
                    strings_json: language.json(),
                    version: VERSION,
                    language,
                    $($field,)*
                }
            }

            fn t(&self, key: &str) -> &'static str {
                self.language.text(key)
            }
        }
    };
}

page!(Address, "address.html");
page!(Capture, "capture.html");
page!(Devices, "devices.html");
page!(Embed, "embed.html", stream);
page!(Library, "library.html");
page!(Live, "live.html");
page!(MpegTs, "mpegts.html", stream);
page!(SelfTest, "selftest.html");
page!(SignIn, "sign-in.html");
page!(Trust, "trust.html", host, ca_fingerprint);

/// `GET /`
pub(super) async fn capture(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    render(&Capture::new(choice.language(&headers)))
}

/// The capture page in each language, for those who must know when it changes.
pub(super) fn captures() -> impl Iterator<Item = String> {
    Language::ALL.into_iter().map(|language| Capture::new(language).render().unwrap_or_default())
}

/// `GET /live`
pub(super) async fn live(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    render(&Live::new(choice.language(&headers)))
}

/// `GET /library`
pub(super) async fn library(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    render(&Library::new(choice.language(&headers)))
}

/// `GET /devices`
pub(super) async fn devices(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    render(&Devices::new(choice.language(&headers)))
}

/// `GET /embed/{stream}`: a player for other pages' frames. A stream may come later; a name that no
/// stream can have, or that is not for whoever asks, is said to be none.
pub(super) async fn embed(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(stream): Path<String>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Response {
    let language = choice.language(&headers);
    if is_stream_name(&stream) && sees_stream_named(&state, &pass, &stream) {
        return render(&Embed::new(language, stream));
    }
    (StatusCode::NOT_FOUND, render(&Embed::new(language, String::new()))).into_response()
}

/// `GET /address`: a camera's picture by its address. The address stands behind `#`, which
/// browsers keep to themselves.
pub(super) async fn address(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    render(&Address::new(choice.language(&headers)))
}

/// `GET /mpegts/{stream}`: MPEG-TS in JSMpeg.
pub(super) async fn mpegts(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    Path(stream): Path<String>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Response {
    let language = choice.language(&headers);
    if is_stream_name(&stream) && sees_stream_named(&state, &pass, &stream) {
        return render(&MpegTs::new(language, stream));
    }
    (StatusCode::NOT_FOUND, render(&MpegTs::new(language, String::new()))).into_response()
}

/// As streams are named: `[a-z0-9-]{1,64}`.
fn is_stream_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(allowed)
}

/// `GET /selftest`
pub(super) async fn selftest(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    render(&SelfTest::new(choice.language(&headers)))
}

/// What nobody gets instead of a page: it shows how to come in, and then goes on to the page.
pub(super) fn sign_in(uri: &Uri, headers: &HeaderMap) -> Response {
    let choice = Query::<Choice>::try_from_uri(uri).map(|Query(choice)| choice);
    let language = choice.unwrap_or(Choice { lang: None }).language(headers);
    let mut page = render(&SignIn::new(language));
    *page.status_mut() = StatusCode::UNAUTHORIZED;
    // In the browser's cache it would stand for the page itself.
    page.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page
}

/// `GET /trust`
pub(super) async fn trust(
    Shared(state): Shared<State>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Response {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let fingerprint = state.authority.map_or_else(String::new, |a| a.fingerprint.clone());
    render(&Trust::new(choice.language(&headers), host.to_owned(), fingerprint))
}

fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let headers = [(CACHE_CONTROL, "no-cache"), (VARY, "Accept-Language")];
            (headers, Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "cannot render a page");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
