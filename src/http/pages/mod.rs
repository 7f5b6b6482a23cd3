//! The pages, one template each.

pub(super) mod authority;
mod language;
pub(super) mod profile;

use askama::Template;
use axum::extract::{Query, State as Shared};
use axum::http::header::{CACHE_CONTROL, HOST, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::State;
use language::Language;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The query that chooses a page's language.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    lang: Option<String>,
}

/// What every template needs.
struct Page {
    language: Language,
}

impl Page {
    fn new(choice: &Choice, headers: &HeaderMap) -> Self {
        Self { language: Language::choose(choice.lang.as_deref(), headers) }
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
            fn t(&self, key: &str) -> &'static str {
                self.language.text(key)
            }
        }
    };
}

page!(Capture, "capture.html");
page!(SelfTest, "selftest.html");
page!(Trust, "trust.html", host, ca_fingerprint);

/// `GET /`
pub(super) async fn capture(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    let Page { language } = Page::new(&choice, &headers);
    render(&Capture {
        lang: language.tag(),
        strings_json: language.json(),
        version: VERSION,
        language,
    })
}

/// `GET /selftest`
pub(super) async fn selftest(Query(choice): Query<Choice>, headers: HeaderMap) -> Response {
    let Page { language } = Page::new(&choice, &headers);
    render(&SelfTest {
        lang: language.tag(),
        strings_json: language.json(),
        version: VERSION,
        language,
    })
}

/// `GET /trust`
pub(super) async fn trust(
    Shared(state): Shared<State>,
    Query(choice): Query<Choice>,
    headers: HeaderMap,
) -> Response {
    let Page { language } = Page::new(&choice, &headers);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    render(&Trust {
        lang: language.tag(),
        strings_json: language.json(),
        version: VERSION,
        language,
        host: host.to_owned(),
        ca_fingerprint: state.authority.map_or_else(String::new, |a| a.fingerprint.clone()),
    })
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
