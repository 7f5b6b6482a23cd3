//! The whole URL table.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path};
use axum::middleware::from_fn;
use axum::routing::{any, delete, get, post, put};
use tower_http::cors::CorsLayer;

use super::{State, api, assets, compat, extras, headers, origin, pages, service_worker, ws};
use crate::config::sources::Name;

/// The main listener: pages, API and WSS.
pub(crate) fn pages_router(state: State) -> Router {
    let limit = DefaultBodyLimit::max(api::whep::MAX_OFFER_BYTES);
    let offer = post(api::whep::offer).layer(limit);
    let framed = Router::new().route("/embed/{stream}", get(pages::embed));
    let framed = headers::framed(framed.with_state(state.clone()), &state.embed_origins);
    let routes = Router::new()
        .route("/", get(pages::capture))
        .route("/devices", get(pages::devices))
        .route("/live", get(pages::live))
        .route("/address", get(pages::address))
        .route("/mpegts/{stream}", get(pages::mpegts))
        .route("/extras/{file}", get(extras::extra))
        .route("/selftest", get(pages::selftest))
        .route("/service-worker.js", get(service_worker::script))
        .route("/api/sessions/{session}", get(api::sessions::session))
        .route("/api/sessions/{session}/check", get(api::check::check))
        .route("/api/sessions/{session}/files/{file}", get(api::files::file))
        .route("/api/streams", get(api::streams::streams))
        .route("/api/devices", get(api::devices::devices))
        .route("/api/alarms", get(api::alarms::alarms))
        .route("/api/sources", get(api::sources::sources))
        .route("/api/cameras", get(api::cameras::cameras))
        .route("/ws/ingest", any(ws::ingest::negotiate))
        .route("/ws/live/{stream}", any(ws::live::live))
        .route("/ws/control", any(ws::control::control))
        .route("/api/streams/{stream}/snapshot.jpg", get(api::pictures::snapshot))
        .route("/api/streams/{stream}/mjpeg", get(api::pictures::mjpeg))
        .route("/api/streams/{stream}/transcoders", get(api::transcoders::transcoders))
        .route("/ws/jpeg/{stream}", any(ws::pictures::jpeg))
        .route("/whep/{stream}", offer)
        .route("/whep/{stream}/{id}", delete(api::whep::end))
        .route("/ws/json/{stream}", any(ws::pictures::json))
        .route("/ws/mpegts/{stream}", any(ws::mpegts::mpegts))
        .route("/ws/stream", any(ws::address::of_own_pages))
        .merge(routes_for_own_pages())
        .merge(routes_for_other_origins())
        .merge(trust_routes())
        .fallback(super::error::not_found)
        .with_state(state);
    headers::secure(routes).merge(framed)
}

/// The second listener: raw publishers on any path.
pub(crate) fn raw_router(state: State) -> Router {
    headers::secure(Router::new().fallback(any(ws::ingest::raw)).with_state(state))
}

/// `compat.json_port`: JSON frames of one stream on any path.
pub(crate) fn compat_json_router(state: State, stream: Name) -> Router {
    let json = any(move |state, wish, upgrade| ws::compat::json(state, stream, wish, upgrade));
    headers::secure(Router::new().fallback(json).with_state(state))
}

/// `compat.jpeg_port`: JPEG frames of the addresses that viewers give.
pub(crate) fn compat_jpeg_router(state: State) -> Router {
    let routes = Router::new()
        .route("/", get(compat::status).layer(CorsLayer::very_permissive()))
        .route("/ws/stream", any(ws::address::of_all_pages))
        .fallback(super::error::not_found)
        .with_state(state);
    headers::secure(routes)
}

/// `compat.mpegts_port`: MPEG-TS of one stream on any path.
pub(crate) fn compat_mpegts_router(state: State, stream: Name) -> Router {
    let mpegts = any(move |state, upgrade| ws::compat::mpegts(state, stream, upgrade));
    headers::secure(Router::new().fallback(mpegts).with_state(state))
}

/// The plain listener: how to trust the server, and the way to it.
pub(crate) fn trust_router(state: State) -> Router {
    let routes = trust_routes().fallback(super::error::to_https).with_state(state);
    headers::secure(routes)
}

/// The name of a source that is that of an action, too.
fn test() -> Path<String> {
    Path("test".to_owned())
}

/// What acts on devices and people.
fn routes_for_own_pages() -> Router<State> {
    let limit = DefaultBodyLimit::max(api::devices::MAX_COMMAND_BYTES);
    let sources = Router::new()
        .route("/api/sources", post(api::sources::add))
        // Also a source may have that name.
        .route(
            "/api/sources/test",
            post(api::sources::test)
                .put(|state, members| api::sources::replace(state, test(), members))
                .delete(|state| api::sources::remove(state, test())),
        )
        .route("/api/sources/{source}", put(api::sources::replace).delete(api::sources::remove))
        .route("/api/sources/{source}/pause", post(api::sources::pause))
        .route("/api/sources/{source}/resume", post(api::sources::resume))
        .layer(DefaultBodyLimit::max(api::sources::MAX_SOURCE_BYTES));
    Router::new()
        .merge(sources)
        .route("/api/devices/{device}/commands", post(api::devices::command).layer(limit))
        .route("/api/alarms/test", post(api::alarms::test))
        .route("/api/alarms/{id}/dismiss", post(api::alarms::dismiss))
        .layer(from_fn(origin::own_pages_only))
}

/// What the page of another address of this server uses.
fn routes_for_other_origins() -> Router<State> {
    let talk = get(api::ingest::get).post(api::ingest::post).delete(api::ingest::delete);
    Router::new()
        .route("/health", get(api::health::health))
        .route("/api/ingest", post(api::ingest::open))
        .route("/api/ingest/{connection}", talk)
        .layer(headers::from_anywhere())
}

fn trust_routes() -> Router<State> {
    Router::new()
        .route("/trust", get(pages::trust))
        .route("/ca.crt", get(pages::authority::certificate))
        .route("/ca.mobileconfig", get(pages::authority::mobileconfig))
        .route("/web/{*path}", get(assets::asset))
}
