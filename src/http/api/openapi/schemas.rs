//! What goes over the wire without a type of its own in the program.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::streams::{Audio, Video};
use crate::auth::people::{Browser, User};
use crate::devices::Device;

/// Why something is not done.
#[derive(Serialize, ToSchema)]
pub(super) struct Refusal {
    error: Reason,
}

#[derive(Serialize, ToSchema)]
struct Reason {
    /// For programs.
    code: String,
    /// A sentence for people.
    message: String,
}

/// The list of devices, as `/ws/control` tells it.
#[derive(Serialize, ToSchema)]
pub(super) struct Devices {
    /// `devices`
    r#type: String,
    now_ms: i64,
    devices: Vec<Device>,
}

/// That a command was carried out.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    ok: bool,
}

/// What would come of a source: its tracks, or why nothing comes.
#[derive(Serialize, ToSchema)]
pub(super) struct SourceTest {
    #[serde(flatten)]
    main: Found,
    /// The same of its smaller picture.
    small: Option<Found>,
}

#[derive(Serialize, ToSchema)]
struct Found {
    ok: bool,
    video: Option<Video>,
    audio: Option<Audio>,
    code: Option<String>,
    message: Option<String>,
}

/// A user after a change.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangedUser {
    #[serde(flatten)]
    entry: User,
    /// Why it may not outlast the server's end.
    warning: Option<String>,
}

/// A browser after a change.
#[derive(Serialize, ToSchema)]
pub(super) struct ChangedBrowser {
    #[serde(flatten)]
    entry: Browser,
    /// Why it may not outlast the server's end.
    warning: Option<String>,
}

/// A new token, which is told once.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeToken {
    #[serde(flatten)]
    entry: crate::auth::people::Token,
    token: String,
    warning: Option<String>,
}

/// A new link, which is told once.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeLink {
    #[serde(flatten)]
    entry: crate::auth::people::Link,
    url: String,
    warning: Option<String>,
}

/// What was taken is taken, and may come back with the server's next start.
#[derive(Serialize, ToSchema)]
pub(super) struct Warned {
    warning: String,
}
