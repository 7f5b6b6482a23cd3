//! The script that keeps the capture page on the device.

use std::borrow::Cow;
use std::sync::LazyLock;

use aws_lc_rs::digest::{Context, SHA256, digest};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use super::{assets, pages};

struct Script {
    content: Vec<u8>,
    sha256: [u8; 32],
}

/// Put together once. A browser takes a worker that differs for a new one, which fetches every
/// file again.
static SCRIPT: LazyLock<Option<Script>> = LazyLock::new(|| {
    let worker = assets::content("service-worker.js")?;
    let pages: Vec<String> = pages::captures().collect();
    let content = with_build(&assets::all(), &pages, &worker);
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(digest(&SHA256, &content).as_ref());
    Some(Script { content, sha256 })
});

/// `GET /service-worker.js`. It lies at the root because it serves the whole origin.
pub(super) async fn script(headers: HeaderMap) -> Response {
    match &*SCRIPT {
        Some(Script { content, sha256 }) => {
            assets::answer(&headers, "text/javascript", *sha256, Cow::Borrowed(content))
        }
        None => ApiError::not_found("this server has no service worker").into_response(),
    }
}

/// The worker behind a line that names all files, and a build that no other page has.
fn with_build(files: &[(String, [u8; 32])], pages: &[String], worker: &[u8]) -> Vec<u8> {
    let mut hash = Context::new(&SHA256);
    for (path, sha256) in files {
        hash.update(path.as_bytes());
        hash.update(sha256);
    }
    for page in pages {
        hash.update(page.as_bytes());
    }
    let digits = hex::encode(&hash.finish().as_ref()[..8]);
    let paths: Vec<String> = files.iter().map(|(path, _)| format!("/web/{path}")).collect();
    let about = serde_json::json!({
        "build": format!("{}-{digits}", env!("CARGO_PKG_VERSION")), "files": paths,
    });
    let line = format!("self.localcamera = {about};\n");
    [line.as_bytes(), worker].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_page_is_another_build() {
        let file = |path: &str, hash: u8| (path.to_owned(), [hash; 32]);
        let files = [file("a.js", 1), file("b.css", 2)];
        let page = ["<html>".to_owned()];
        let script = with_build(&files, &page, b"(() => {})();");
        assert_eq!(script, with_build(&files, &page, b"(() => {})();"));
        let text = String::from_utf8(script.clone()).unwrap();
        let (line, rest) = text.split_once('\n').unwrap();
        assert_eq!(rest, "(() => {})();");
        let about = line.strip_prefix("self.localcamera = ").unwrap().strip_suffix(';').unwrap();
        let about: serde_json::Value = serde_json::from_str(about).unwrap();
        assert_eq!(about["files"], serde_json::json!(["/web/a.js", "/web/b.css"]));
        let (version, digits) = about["build"].as_str().unwrap().rsplit_once('-').unwrap();
        assert_eq!((version, digits.len()), (env!("CARGO_PKG_VERSION"), 16));
        let changes = [
            with_build(&[file("a.js", 9), file("b.css", 2)], &page, b"(() => {})();"),
            with_build(&[file("a.js", 1), file("c.css", 2)], &page, b"(() => {})();"),
            with_build(&files, &["<html lang>".to_owned()], b"(() => {})();"),
        ];
        assert!(changes.iter().all(|changed| *changed != script));
    }

    #[test]
    fn the_page_is_the_same_bytes_each_time() {
        assert!(pages::captures().all(|page| page.contains("</html>")));
        assert_eq!(pages::captures().collect::<Vec<_>>(), pages::captures().collect::<Vec<_>>());
    }
}
