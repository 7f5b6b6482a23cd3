//! Answers in ranges, with conditions, and such that go on where they broke off (RFC 9110, sections
//! 13 and 14): of files, and of what is put together from them.

mod file;
mod made;
mod wanted;

use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream, StreamExt};
use headers::{HeaderMapExt, LastModified};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::error::ApiError;
pub(super) use file::File;
pub(super) use made::{Reel, Small, Zip, refused};
pub(super) use wanted::About;
use wanted::{Wanted, wanted};

/// Read at once: some 20 ms of a gigabit, and as much in memory for each who downloads.
const PIECE_BYTES: u64 = 256 << 10;

/// What is asked for in ranges.
pub(super) trait Entity: Send + Sync + 'static {
    fn about(&self) -> &About;

    fn content_type(&self) -> HeaderValue;

    /// Goes on with what must be known before the bytes from there on can be read; `true` when it is.
    /// Blocks for a moment.
    fn prepare(&self, _at: u64, _max_bytes: usize) -> io::Result<bool> {
        Ok(true)
    }

    /// Some of its bytes from there, at most so many, at least one. Blocks.
    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes>;

    /// Whoever reads waits for one of these.
    fn turns(&self) -> &'static Semaphore {
        &TURNS
    }
}

/// Recordings are written on threads that those who read need, too: a disk has no use for more
/// readers at once, and leaves the others to them.
const READERS: usize = 32;

static TURNS: Semaphore = Semaphore::const_new(READERS);

/// Runs what blocks when it is its turn, which lasts as long as the work: that goes on when nobody
/// waits for it any more.
async fn in_turn<T: Send + 'static>(
    turns: &'static Semaphore,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let turn = turns.acquire().await.map_err(io::Error::other)?;
    let working = spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    working.await.map_err(io::Error::other)
}

/// The answer to a GET or HEAD with these headers.
pub(super) fn answer<E: Entity>(entity: &Arc<E>, method: &Method, headers: &HeaderMap) -> Response {
    let about = entity.about();
    let wanted = wanted(method, headers, about);
    let status = match &wanted {
        Wanted::All => StatusCode::OK,
        Wanted::One(_) | Wanted::Several(_) => StatusCode::PARTIAL_CONTENT,
        Wanted::NotModified => StatusCode::NOT_MODIFIED,
        Wanted::Changed => return labelled(changed().into_response(), about),
        Wanted::Nothing => {
            let mut response = no_such_range().into_response();
            let length = format!("bytes */{}", about.bytes);
            response.headers_mut().insert(CONTENT_RANGE, ascii(&length));
            return labelled(response, about);
        }
    };
    let (content_type, bytes, body) = match wanted {
        Wanted::One(range) => {
            let length = range.end - range.start;
            (entity.content_type(), length, Some((vec![(Bytes::new(), range)], Bytes::new())))
        }
        Wanted::Several(ranges) => {
            let (content_type, parts, end) = parts(&ranges, about.bytes, &entity.content_type());
            let length =
                |(head, range): &(Bytes, Range<u64>)| head.len() as u64 + (range.end - range.start);
            let bytes = parts.iter().map(length).sum::<u64>() + end.len() as u64;
            (content_type, bytes, Some((parts, end)))
        }
        Wanted::NotModified => (entity.content_type(), 0, None),
        _ => {
            let parts = vec![(Bytes::new(), 0..about.bytes)];
            (entity.content_type(), about.bytes, Some((parts, Bytes::new())))
        }
    };
    let mut response = status.into_response();
    let fields = response.headers_mut();
    if let Some((parts, end)) = body {
        fields.insert(CONTENT_TYPE, content_type);
        fields.insert(CONTENT_LENGTH, HeaderValue::from(bytes));
        if let [(head, range)] = &parts[..]
            && head.is_empty()
            && status == StatusCode::PARTIAL_CONTENT
        {
            fields.insert(CONTENT_RANGE, content_range(range, about.bytes));
        }
        *response.body_mut() = Body::from_stream(read(Arc::clone(entity), parts, end));
    }
    if status == StatusCode::NOT_MODIFIED {
        // A body that is known to be empty would be told as a length of zero.
        *response.body_mut() = Body::from_stream(stream::empty::<io::Result<Bytes>>());
    }
    labelled(response, about)
}

/// The same answer, to be saved under a name (RFC 6266, RFC 8187).
pub(super) fn named(mut response: Response, name: &str) -> Response {
    if response.status().is_success() {
        let plain = |c: char| match c {
            ' '..='~' if c != '"' && c != '\\' => c,
            _ => '_',
        };
        let ascii_name: String = name.chars().map(plain).collect();
        let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let disposition =
            format!("attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{encoded}");
        response.headers_mut().insert(CONTENT_DISPOSITION, ascii(&disposition));
    }
    response
}

/// With what tells it apart from what was there before.
fn labelled(mut response: Response, about: &About) -> Response {
    let fields = response.headers_mut();
    fields.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Players ask for one range after the other.
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    fields.typed_insert(about.etag.clone());
    fields.typed_insert(LastModified::from(about.modified));
    response
}

/// The head of each part, and what stands behind the last (RFC 9110 section 14.6).
fn parts(
    ranges: &[Range<u64>],
    bytes: u64,
    content_type: &HeaderValue,
) -> (HeaderValue, Vec<(Bytes, Range<u64>)>, Bytes) {
    // Nothing that is in the media by chance.
    let boundary = uuid::Uuid::new_v4().simple().to_string();
    let inner = content_type.to_str().unwrap_or("application/octet-stream");
    let part = |range: &Range<u64>| {
        let (first, last) = (range.start, range.end - 1);
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {inner}\r\nContent-Range: bytes {first}-{last}/{bytes}\r\n\r\n"
        );
        (Bytes::from(head), range.clone())
    };
    let end = format!("\r\n--{boundary}--\r\n");
    let content_type = ascii(&format!("multipart/byteranges; boundary={boundary}"));
    (content_type, ranges.iter().map(part).collect(), Bytes::from(end))
}

/// The parts one after the other, read as they are taken.
fn read<E: Entity>(
    entity: Arc<E>,
    parts: Vec<(Bytes, Range<u64>)>,
    end: Bytes,
) -> impl Stream<Item = io::Result<Bytes>> {
    let each = stream::iter(parts).flat_map(move |(head, range)| {
        let head = stream::iter((!head.is_empty()).then_some(Ok(head)));
        head.chain(range_of(Arc::clone(&entity), range))
    });
    each.chain(stream::iter((!end.is_empty()).then_some(Ok(end))))
}

fn range_of<E: Entity>(entity: Arc<E>, range: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((entity, range), |(entity, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let max_bytes = PIECE_BYTES.min(range.end - range.start) as usize;
        let turns = entity.turns();
        let mut entity = entity;
        let piece = loop {
            let reading = in_turn(turns, move || {
                let read = entity.prepare(range.start, max_bytes).and_then(|is_ready| {
                    is_ready.then(|| entity.read(range.start, max_bytes)).transpose()
                });
                (entity, read)
            });
            let (back, read) = reading.await?;
            entity = back;
            if let Some(piece) = read? {
                break piece;
            }
        };
        if piece.is_empty() || piece.len() > max_bytes {
            // Its length was told: whoever waits for the rest sees that it breaks off.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let rest = range.start + piece.len() as u64..range.end;
        Ok(Some((piece, (entity, rest))))
    })
}

fn content_range(range: &Range<u64>, bytes: u64) -> HeaderValue {
    ascii(&format!("bytes {}-{}/{bytes}", range.start, range.end - 1))
}

/// A header's value of characters that it may have.
fn ascii(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn no_such_range() -> ApiError {
    ApiError::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "bad_range",
        "the file has no such range; Content-Range says how long it is".to_owned(),
    )
}

fn changed() -> ApiError {
    ApiError::new(
        StatusCode::PRECONDITION_FAILED,
        "changed",
        "the file is another one than what If-Match or If-Unmodified-Since names".to_owned(),
    )
}

#[cfg(test)]
mod tests;
