//! `/api/configuration`: the file of the server, read again.

use axum::Json;
use axum::extract::State as Shared;

use super::super::State;
use super::super::error::ApiError;
use crate::reload::{NotReloaded, Reloaded};

/// Whoever is told to come again does not have to wait for longer: a source that is let go takes
/// so long.
const RETRY_AFTER_S: u64 = 5;

/// `POST /api/configuration/reload`
pub(in super::super) async fn reload(
    Shared(state): Shared<State>,
) -> Result<Json<Reloaded>, ApiError> {
    let reloaded = state.reload.ask().await;
    reloaded.map(Json).map_err(|error| match error {
        NotReloaded::Faulty(_) => ApiError::conflict(format!(
            "the configuration is refused, and all goes on as it was: {error}"
        )),
        NotReloaded::Busy => ApiError::too_many(error.to_string(), RETRY_AFTER_S),
        NotReloaded::Stopping => ApiError::unavailable(error.to_string()),
    })
}
