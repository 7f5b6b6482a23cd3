//! The whole URL table: what is asked, and by the rule beside it, who may.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use tower_http::cors::CorsLayer;

use super::error::Path;
use super::routes::Routes;
use super::rule::Rule;
use super::{State, api, assets, compat, extras, headers, pages, service_worker, ws};
use crate::config::sources::Name;

/// The main listener: pages, API and WSS.
pub(crate) fn pages_router(state: State) -> Router {
    let framed = headers::framed(framed().with(state.clone()), state.embed_origins.clone());
    headers::secure(main().otherwise(super::error::not_found).with(state)).merge(framed)
}

/// The second listener: raw publishers on any path.
pub(crate) fn raw_router(state: State) -> Router {
    headers::secure(raw().with(state))
}

/// `compat.json_port`: JSON frames of one stream on any path.
pub(crate) fn compat_json_router(state: State, stream: Name, needs_token: bool) -> Router {
    headers::secure(compat_json(stream, needs_token).with(state))
}

/// `compat.jpeg_port`: JPEG frames of the addresses that viewers give.
pub(crate) fn compat_jpeg_router(state: State, needs_token: bool) -> Router {
    headers::secure(compat_jpeg(needs_token).otherwise(super::error::not_found).with(state))
}

/// `compat.mpegts_port`: MPEG-TS of one stream on any path.
pub(crate) fn compat_mpegts_router(state: State, stream: Name, needs_token: bool) -> Router {
    headers::secure(compat_mpegts(stream, needs_token).with(state))
}

/// The plain listener: how to trust the server, and the way to it.
pub(crate) fn trust_router(state: State) -> Router {
    headers::secure(trust().otherwise(super::error::to_https).with(state))
}

/// What the pages of some other origins may show in a frame.
fn framed() -> Routes {
    Routes::new().page("/embed/{stream}", Rule::Watch, pages::embed)
}

fn main() -> Routes {
    Routes::new()
        // To nobody it shows how to sign in.
        .get("/", Rule::Public, pages::capture)
        .page("/devices", Rule::SignedIn, pages::devices)
        .page("/library", Rule::SignedIn, pages::library)
        .page("/live", Rule::SignedIn, pages::live)
        .page("/address", Rule::SignedIn, pages::address)
        .page("/mpegts/{stream}", Rule::Watch, pages::mpegts)
        .page("/selftest", Rule::SignedIn, pages::selftest)
        .get("/extras/{file}", Rule::Public, extras::extra)
        .get("/service-worker.js", Rule::Public, service_worker::script)
        .get("/api/streams", Rule::SignedIn, api::streams::streams)
        .get("/api/devices", Rule::SignedIn, api::devices::devices)
        .get("/api/alarms", Rule::SignedIn, api::alarms::alarms)
        .get("/api/sources", Rule::SignedIn, api::sources::sources)
        .get("/api/cameras", Rule::Admin, api::cameras::cameras)
        .get("/metrics", Rule::Metrics, api::metrics::metrics)
        .get("/api/openapi.json", Rule::Public, api::openapi::document)
        .get("/api/library", Rule::SignedIn, api::library::list)
        .get("/api/library/days", Rule::SignedIn, api::library::calendar::days)
        .get("/api/library/devices", Rule::SignedIn, api::library::calendar::devices)
        .get("/api/library/events", Rule::SignedIn, api::library::events::events)
        .get("/api/library/export", Rule::OwnOrWatch, api::library::take::day)
        .get("/api/library/export/files", Rule::OwnOrWatch, api::library::take::files)
        .get("/api/sessions/{session}", Rule::OwnOrWatch, api::sessions::session)
        .get(
            "/api/sessions/{session}/timeline",
            Rule::OwnOrWatch,
            api::sessions::timeline::timeline,
        )
        .get(
            "/api/sessions/{session}/reels/{reel}/{video}",
            Rule::OwnOrWatch,
            api::sessions::reels::reel,
        )
        .get("/api/sessions/{session}/frame", Rule::OwnOrWatch, api::sessions::frames::frame)
        .get(
            "/api/sessions/{session}/playlist.m3u8",
            Rule::OwnOrWatch,
            api::sessions::hls::playlist,
        )
        .get(
            "/api/sessions/{session}/files/{file}/init.mp4",
            Rule::OwnOrWatch,
            api::sessions::hls::init,
        )
        .get("/api/sessions/{session}/export", Rule::OwnOrWatch, api::sessions::export::export)
        .get("/api/sessions/{session}/export/plan", Rule::OwnOrWatch, api::sessions::export::plan)
        .get("/api/sessions/{session}/check", Rule::OwnOrWatch, api::check::check)
        .get("/api/sessions/{session}/files/{file}", Rule::OwnOrWatch, api::files::file)
        .get("/api/streams/{stream}/snapshot.jpg", Rule::Watch, api::pictures::snapshot)
        .get("/api/streams/{stream}/mjpeg", Rule::Watch, api::pictures::mjpeg)
        .get("/api/streams/{stream}/transcoders", Rule::Watch, api::transcoders::transcoders)
        .socket("/ws/ingest", Rule::HelloOrPublish, ws::ingest::negotiate)
        .socket("/ws/control", Rule::Control, ws::control::control)
        .socket("/ws/live/{stream}", Rule::Watch, ws::live::live)
        .socket("/ws/jpeg/{stream}", Rule::Watch, ws::pictures::jpeg)
        .socket("/ws/json/{stream}", Rule::Watch, ws::pictures::json)
        .socket("/ws/mpegts/{stream}", Rule::Watch, ws::mpegts::mpegts)
        .socket("/ws/stream", Rule::WatchAll, ws::address::of_own_pages)
        .merge(webrtc())
        .merge(commands())
        .merge(editing())
        .merge(sources())
        .merge(access())
        .merge(for_other_origins())
        .merge(trust())
}

fn webrtc() -> Routes {
    let limit = DefaultBodyLimit::max(api::whep::MAX_OFFER_BYTES);
    Routes::new()
        .post("/whep/{stream}", Rule::Watch, api::whep::offer)
        .within(|router| router.layer(limit))
        .delete("/whep/{stream}/{id}", Rule::Watch, api::whep::end)
}

/// What acts on devices and people.
fn commands() -> Routes {
    let limit = DefaultBodyLimit::max(api::devices::MAX_COMMAND_BYTES);
    Routes::new()
        .post("/api/devices/{device}/commands", Rule::Admin, api::devices::command)
        .within(|router| router.layer(limit))
        .post("/api/configuration/reload", Rule::Admin, api::configuration::reload)
        .post("/api/alarms/test", Rule::Admin, api::alarms::test)
        .post("/api/alarms/{id}/dismiss", Rule::Admin, api::alarms::dismiss)
}

fn sources() -> Routes {
    // The name of a source that is that of an action, too.
    let test = || Path("test".to_owned());
    Routes::new()
        .post("/api/sources", Rule::Admin, api::sources::add)
        .post("/api/sources/test", Rule::Admin, api::sources::test)
        .put("/api/sources/test", Rule::Admin, move |state, members| {
            api::sources::replace(state, test(), members)
        })
        .delete("/api/sources/test", Rule::Admin, move |state| api::sources::remove(state, test()))
        .put("/api/sources/{source}", Rule::Admin, api::sources::replace)
        .delete("/api/sources/{source}", Rule::Admin, api::sources::remove)
        .post("/api/sources/{source}/pause", Rule::Admin, api::sources::pause)
        .post("/api/sources/{source}/resume", Rule::Admin, api::sources::resume)
        .within(|router| router.layer(DefaultBodyLimit::max(api::sources::MAX_SOURCE_BYTES)))
}

/// What is changed of recordings, and what is deleted of them.
fn editing() -> Routes {
    use api::{deletions, editing, retention};
    let of_session = Routes::new()
        .put("/api/sessions/{session}/title", Rule::Admin, editing::name)
        .post("/api/sessions/{session}/kept", Rule::Admin, editing::keep)
        .delete("/api/sessions/{session}/kept/{span}", Rule::Admin, editing::release)
        .post("/api/sessions/{session}/marks", Rule::Admin, editing::mark)
        .within(|router| router.layer(DefaultBodyLimit::max(editing::MAX_EDIT_BYTES)));
    let deletions = Routes::new()
        .get("/api/library/deletions", Rule::Admin, deletions::deletions)
        .post("/api/library/deletions", Rule::Admin, deletions::delete)
        .delete("/api/library/deletions/{deletion}", Rule::Admin, deletions::undo)
        .within(|router| router.layer(DefaultBodyLimit::max(deletions::MAX_DELETION_BYTES)));
    let retention = Routes::new()
        .get("/api/library/retention", Rule::Admin, retention::retention)
        .put("/api/library/retention", Rule::Admin, retention::choose)
        .post("/api/library/retention/plan", Rule::Admin, retention::plan)
        .within(|router| router.layer(DefaultBodyLimit::max(retention::MAX_RULES_BYTES)));
    of_session.merge(deletions).merge(retention)
}

/// Who gets in.
fn access() -> Routes {
    use api::access::{self, admin};
    Routes::new()
        .get("/api/access", Rule::Public, access::about)
        .post("/api/access/first", Rule::FirstDecision, access::first)
        .post("/api/access/pair", Rule::Public, access::pair)
        .post("/api/access/sign-in", Rule::Public, access::sign_in)
        .post("/api/access/sign-out", Rule::SignedIn, access::sign_out)
        .get("/api/access/people", Rule::Admin, admin::people)
        .put("/api/access/mode", Rule::Admin, admin::set_mode)
        .post("/api/access/codes", Rule::Admin, admin::codes::add)
        .delete("/api/access/codes/{id}", Rule::Admin, admin::codes::end)
        .post("/api/access/users", Rule::Admin, admin::add_user)
        .put("/api/access/users/{id}", Rule::Admin, admin::change_user)
        .delete("/api/access/users/{id}", Rule::Admin, admin::remove_user)
        .put("/api/access/users/{id}/password", Rule::Admin, admin::set_password)
        .post("/api/access/tokens", Rule::Admin, admin::add_token)
        .delete("/api/access/tokens/{id}", Rule::Admin, admin::revoke_token)
        .post("/api/access/links", Rule::Admin, admin::add_link)
        .delete("/api/access/links/{id}", Rule::Admin, admin::revoke_link)
        .put("/api/access/browsers/{id}", Rule::Admin, admin::change_browser)
        .delete("/api/access/browsers/{id}", Rule::Admin, admin::revoke_browser)
}

/// What the page of another address of this server uses.
fn for_other_origins() -> Routes {
    Routes::new()
        .get("/health", Rule::Public, api::health::health)
        .post("/api/ingest", Rule::Hello, api::ingest::open)
        .get("/api/ingest/{connection}", Rule::Hello, api::ingest::get)
        .post("/api/ingest/{connection}", Rule::Hello, api::ingest::post)
        .delete("/api/ingest/{connection}", Rule::Hello, api::ingest::delete)
        .within(|router| router.layer(headers::from_anywhere()))
}

fn trust() -> Routes {
    Routes::new()
        .get("/trust", Rule::Public, pages::trust)
        .get("/ca.crt", Rule::Public, pages::authority::certificate)
        .get("/ca.mobileconfig", Rule::Public, pages::authority::mobileconfig)
        .get("/web/{*path}", Rule::Public, assets::asset)
}

fn raw() -> Routes {
    Routes::new().socket_on_any_path(Rule::Publish, ws::ingest::raw)
}

fn compat_json(stream: Name, needs_token: bool) -> Routes {
    let rule = Rule::Compat { needs_token };
    Routes::new().socket_on_any_path(rule, move |state, holder, wish, upgrade| {
        ws::compat::json(state, ws::compat::Wanted { stream, needs_token }, holder, wish, upgrade)
    })
}

fn compat_jpeg(needs_token: bool) -> Routes {
    Routes::new()
        .get("/", Rule::Public, compat::status)
        .within(|router| router.layer(CorsLayer::very_permissive()))
        .socket("/ws/stream", Rule::Compat { needs_token }, move |state, holder, uri, upgrade| {
            ws::address::of_all_pages(state, needs_token, holder, uri, upgrade)
        })
}

fn compat_mpegts(stream: Name, needs_token: bool) -> Routes {
    let rule = Rule::Compat { needs_token };
    Routes::new().socket_on_any_path(rule, move |state, holder, upgrade| {
        ws::compat::mpegts(state, ws::compat::Wanted { stream, needs_token }, holder, upgrade)
    })
}

#[cfg(test)]
mod tests;
