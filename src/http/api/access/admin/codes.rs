//! Codes that let browsers in.

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::super::super::State;
use super::super::super::super::authenticate::Holder;
use super::super::super::super::error::{ApiError, Path};
use super::super::super::super::place::Place;
use super::super::Small;
use super::super::wish::ScopeWish;
use crate::auth::local::pair_url;
use crate::auth::{NewCode, Role, Scope};

/// A person at a second device takes less.
const MINUTES: u32 = 10;

/// In pixels; a phone held at arm's length reads it.
const QR_SIZE: u32 = 200;

/// What an admin asks for.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewCode)]
pub(in super::super::super::super) struct Wanted {
    role: Role,
    #[serde(default)]
    #[schema(value_type = ScopeWish)]
    scope: Scope,
    /// 1 unless it is said.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    uses: Option<u32>,
    /// Up to a week; 10 unless it is said.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 10_080)]
    minutes: Option<u32>,
}

/// A code, and the ways to hand it over.
#[derive(Serialize, ToSchema)]
#[schema(as = MadeCode)]
pub(in super::super::super::super) struct Made {
    id: String,
    /// `null` for what six digits are too weak for.
    digits: Option<String>,
    secret: String,
    url: String,
    qr_svg: Option<String>,
    ends_ms: i64,
}

/// `POST /api/access/codes`
pub(in super::super::super::super) async fn add(
    Shared(state): Shared<State>,
    Holder(pass): Holder,
    uri: Uri,
    headers: HeaderMap,
    Small(Wanted { role, scope, uses, minutes }): Small<Wanted>,
) -> Result<Response, ApiError> {
    let (uses, minutes) = (uses.unwrap_or(1), minutes.unwrap_or(MINUTES));
    let new = NewCode { role, scope, user: None, uses, minutes };
    let code = state.access.new_code(new, Some(&pass))?;
    let page = Place::of(&state, &uri, &headers).page;
    let url = pair_url(&page, code.secret.reveal());
    let told = Made {
        id: code.id,
        digits: code.digits.as_ref().map(|digits| digits.reveal().to_owned()),
        secret: code.secret.reveal().to_owned(),
        qr_svg: picture(&url),
        url,
        ends_ms: code.ends_ms,
    };
    Ok((StatusCode::CREATED, Json(told)).into_response())
}

/// `DELETE /api/access/codes/{id}`
pub(in super::super::super::super) async fn end(
    Shared(state): Shared<State>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    match state.access.end_code(&id) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(ApiError::not_found("there is no such code; it may have ended")),
    }
}

/// The address for cameras of phones. `None` where it is too long for one, which none is.
fn picture(url: &str) -> Option<String> {
    let code = QrCode::new(url).ok()?;
    Some(code.render::<svg::Color<'_>>().min_dimensions(QR_SIZE, QR_SIZE).build())
}
