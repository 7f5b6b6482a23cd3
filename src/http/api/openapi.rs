//! `GET /api/openapi.json`: what there is to ask, for programs that make clients or tests of it.
//!
//! Each operation states the rule of its route. That they are the routes and rules of the table, a
//! test says.

mod access;
mod changing;
mod commands;
mod delivering;
mod library;
mod operation;
mod parameters;
mod schemas;
mod sources;
#[cfg(test)]
mod tests;
mod watching;
mod wishes;

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use bytes::Bytes;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::super::authenticate::COOKIE_NAME;
#[cfg(test)]
use super::super::rule::Rule;
use operation::Operation;
use schemas::Refusal;

const TITLE: &str = "localcamera";

const ABOUT: &str = "Who may ask what is `x-rule` of each operation, in the words of \
    docs/access.md, and `x-roles` those with whom it can be: a viewer within its scope, a camera \
    for what is its own. WebSockets are described in docs/protocol.md, docs/live.md and \
    docs/control.md.";

/// What the routes are about, by the word they stand under.
const TAGS: [(&str, &str); 12] = [
    ("server", "How the server is doing, and this description"),
    ("access", "Who gets in (docs/access.md)"),
    ("alarms", "What is wrong (docs/guide/alarms.md)"),
    ("cameras", "What is plugged into the server"),
    ("configuration", "What the server was told (docs/config.md)"),
    ("devices", "Browsers and programs that record (docs/control.md)"),
    ("ingest", "Delivering a recording by requests (docs/protocol.md)"),
    ("library", "What was recorded (docs/recordings.md, docs/guide/retention.md)"),
    ("sessions", "Recordings (docs/recordings.md)"),
    ("sources", "What the server fetches by itself (docs/sources.md)"),
    ("streams", "What is live (docs/live.md)"),
    ("whep", "Watching by WebRTC (docs/live.md)"),
];

/// It is the same for as long as the program runs.
static DOCUMENT: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::to_vec(&description()).unwrap_or_default().into());

/// `GET /api/openapi.json`
pub(in super::super) async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT.clone())
}

/// How and by whom what is described can be asked: method, path, rule.
#[cfg(test)]
pub(in super::super) fn described() -> Vec<(String, &'static str, Rule)> {
    let method = |operation: &Operation| {
        let word = serde_json::to_value(&operation.method).unwrap_or_default();
        word.as_str().unwrap_or_default().to_ascii_uppercase()
    };
    operations()
        .iter()
        .map(|operation| (method(operation), operation.path, operation.rule))
        .collect()
}

/// Everything that is described.
fn operations() -> Vec<Operation> {
    let all = [
        watching::operations(),
        library::operations(),
        changing::operations(),
        delivering::operations(),
        sources::operations(),
        access::operations(),
    ];
    all.into_iter().flatten().collect()
}

fn description() -> OpenApi {
    let info = InfoBuilder::new()
        .title(TITLE)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .build();
    let cookie = ApiKey::Cookie(ApiKeyValue::new(COOKIE_NAME));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    let token = ApiKey::Query(ApiKeyValue::with_description("token", "where no header can be set"));
    let mut components = ComponentsBuilder::new()
        .security_scheme("cookie", SecurityScheme::ApiKey(cookie))
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("token", SecurityScheme::ApiKey(token))
        .schema(Refusal::name(), Refusal::schema());
    let mut paths = PathsBuilder::new();
    for operation in operations() {
        components = components.schemas_from_iter(operation.schemas());
        let (path, item) = operation.item();
        paths = paths.path(path, item);
    }
    let tags =
        TAGS.map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build());
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(tags))
        .paths(paths)
        .components(Some(components.build()))
        .security(Some(shown()))
        .build()
}

/// How whoever asks can show who that is.
fn shown() -> [SecurityRequirement; 3] {
    ["cookie", "bearer", "token"].map(|name| SecurityRequirement::new::<_, _, &str>(name, []))
}
