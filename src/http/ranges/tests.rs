use std::time::Duration;

use axum::http::header::{ETAG, IF_RANGE, RANGE};

use super::*;

/// Whose bytes say where they stand; it breaks off where it is told to.
struct Numbers {
    about: About,
    breaks_off_at: u64,
}

impl Entity for Numbers {
    fn about(&self) -> &About {
        &self.about
    }

    fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static("video/mp4")
    }

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        let end = (at + max_bytes as u64).min(self.breaks_off_at.max(at));
        Ok((at..end).map(|at| (at % 251) as u8).collect())
    }
}

fn numbers(bytes: u64) -> Arc<Numbers> {
    let modified = std::time::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let etag = "\"numbers\"".parse().unwrap();
    let about = About { bytes, etag, modified, is_settled: true };
    Arc::new(Numbers { about, breaks_off_at: bytes })
}

fn expected(range: Range<u64>) -> Vec<u8> {
    range.map(|at| (at % 251) as u8).collect()
}

async fn ask(entity: &Arc<Numbers>, range: &str) -> (Response, Vec<u8>) {
    let mut headers = HeaderMap::new();
    headers.insert(RANGE, range.parse().unwrap());
    let mut response = answer(entity, &Method::GET, &headers);
    let body = std::mem::take(response.body_mut());
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    (response, body)
}

#[tokio::test]
async fn what_is_longer_than_a_piece_comes_whole_and_in_order() {
    let bytes = 3 * PIECE_BYTES + 7;
    let entity = numbers(bytes);
    let (response, body) = ask(&entity, "bytes=1-").await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(response.headers()[CONTENT_RANGE], format!("bytes 1-{}/{bytes}", bytes - 1));
    assert_eq!(response.headers()[CONTENT_LENGTH], (bytes - 1).to_string());
    assert_eq!(body, expected(1..bytes));
    let whole = answer(&entity, &Method::GET, &HeaderMap::new());
    assert_eq!((whole.status(), whole.headers().get(CONTENT_RANGE)), (StatusCode::OK, None));
    let whole = axum::body::to_bytes(whole.into_body(), usize::MAX).await.unwrap();
    assert_eq!(whole, expected(0..bytes));
}

#[tokio::test]
async fn several_ranges_are_parts_that_say_where_they_are_from() {
    let entity = numbers(10_000);
    let (response, body) = ask(&entity, "bytes=0-9,5000-5004").await;
    assert_eq!(response.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(response.headers()[CONTENT_LENGTH], body.len().to_string());
    let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let mut wanted = Vec::new();
    for (said, range) in [("0-9", 0..10), ("5000-5004", 5000..5005)] {
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes {said}/10000\r\n\r\n"
        );
        wanted.extend(head.into_bytes());
        wanted.extend(expected(range));
    }
    wanted.extend(format!("\r\n--{boundary}--\r\n").into_bytes());
    assert_eq!(body, wanted);
}

#[tokio::test]
async fn what_became_shorter_meanwhile_breaks_off() {
    let Numbers { about, .. } = Arc::into_inner(numbers(1000)).unwrap();
    let entity = Arc::new(Numbers { about, breaks_off_at: 600 });
    let whole = answer(&entity, &Method::GET, &HeaderMap::new());
    assert_eq!(whole.headers()[CONTENT_LENGTH], "1000");
    assert!(axum::body::to_bytes(whole.into_body(), usize::MAX).await.is_err());
}

#[tokio::test]
async fn every_answer_says_what_it_is_of() {
    let entity = numbers(1000);
    for (name, value, status) in [
        (RANGE, "bytes=0-9", 206),
        (RANGE, "bytes=2000-", 416),
        (axum::http::header::IF_NONE_MATCH, "\"numbers\"", 304),
        (axum::http::header::IF_MATCH, "\"others\"", 412),
        (IF_RANGE, "\"others\"", 200),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let response = answer(&entity, &Method::GET, &headers);
        assert_eq!(response.status(), status, "{value}");
        assert_eq!(response.headers()[ETAG], "\"numbers\"", "{value}");
        assert_eq!(response.headers()[ACCEPT_RANGES], "bytes", "{value}");
        if status == 416 {
            assert_eq!(response.headers()[CONTENT_RANGE], "bytes */1000");
        }
        if status == 304 {
            // It says nothing of a length (RFC 9110 section 8.6).
            assert_eq!(axum::body::HttpBody::size_hint(response.body()).exact(), None);
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
            assert!(body.is_empty());
        }
    }
}
