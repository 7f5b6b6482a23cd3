//! Programs of others that a page can use, where whoever runs the server has put them into the
//! state folder: they are not part of localcamera.

use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use tokio::io::AsyncReadExt;

use super::State;
use super::assets;
use super::error::{ApiError, Path};

/// All that a page asks for: no other file of the folder is shown.
const JSMPEG: &str = "jsmpeg.min.js";

/// Ten times what it has.
const MAX_BYTES: u64 = 2 << 20;

/// `GET /extras/{file}`. It may be put there while the server runs.
pub(super) async fn extra(
    Shared(state): Shared<State>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    if file != JSMPEG {
        return ApiError::not_found("there is no such file").into_response();
    }
    match read(&state.extras.join(JSMPEG)).await {
        Ok(Some(content)) => {
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
            let mut sha256 = [0; 32];
            sha256.copy_from_slice(digest.as_ref());
            assets::answer(&headers, "text/javascript", sha256, content.into())
        }
        Ok(None) => ApiError::not_found(format!(
            "{JSMPEG} in the folder extras of the state folder is larger than 2 MiB: that is not \
             JSMpeg"
        ))
        .into_response(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => ApiError::not_found(format!(
            "JSMpeg is not installed: put it into the state folder as extras/{JSMPEG}"
        ))
        .into_response(),
        Err(error) => {
            tracing::warn!(%error, "cannot read JSMpeg in the state folder");
            ApiError::internal(format!("cannot read extras/{JSMPEG} in the state folder"))
                .into_response()
        }
    }
}

/// The content of a file, unless it is too large.
async fn read(path: &std::path::Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(MAX_BYTES + 1).read_to_end(&mut content).await?;
    Ok((content.len() as u64 <= MAX_BYTES).then_some(content))
}
