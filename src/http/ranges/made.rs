//! What is put together from recorded files: reels and archives.

use std::io;
use std::time::{Duration, SystemTime};

use axum::http::HeaderValue;
use bytes::Bytes;
use headers::ETag;

use super::{About, Entity};
use crate::library::archive::Archive;
use crate::library::reels::{Made, Reading};

/// Dates count whole seconds.
const SETTLED_AFTER: Duration = Duration::from_secs(2);

/// A reel, or a part of one.
#[derive(Debug)]
pub(in crate::http) struct Reel {
    reading: Reading,
    about: About,
    content_type: HeaderValue,
}

/// A zip.
#[derive(Debug)]
pub(in crate::http) struct Zip {
    archive: std::sync::Arc<Archive>,
    about: About,
}

impl Reel {
    pub(in crate::http) fn new(made: std::sync::Arc<Made>) -> io::Result<Self> {
        let about = about(made.bytes(), made.tag(), made.modified())?;
        let content_type = HeaderValue::from_str(made.content_type()).map_err(io::Error::other)?;
        Ok(Self { reading: Reading::new(made), about, content_type })
    }
}

impl Zip {
    pub(in crate::http) fn new(archive: std::sync::Arc<Archive>) -> io::Result<Self> {
        let about = about(archive.bytes(), archive.tag(), archive.modified())?;
        Ok(Self { archive, about })
    }
}

fn about(bytes: u64, tag: &str, modified: SystemTime) -> io::Result<About> {
    let etag = format!("\"{tag}\"").parse::<ETag>().map_err(io::Error::other)?;
    let now = SystemTime::now();
    // Nothing is from the future (RFC 9110 section 8.8.2.1), and dates begin in 1970.
    let modified = modified.max(SystemTime::UNIX_EPOCH).min(now);
    let is_settled = now.duration_since(modified).is_ok_and(|age| age >= SETTLED_AFTER);
    Ok(About { bytes, etag, modified, is_settled })
}

impl Entity for Reel {
    fn about(&self) -> &About {
        &self.about
    }

    fn content_type(&self) -> HeaderValue {
        self.content_type.clone()
    }

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        self.reading.read(at, max_bytes)
    }
}

impl Entity for Zip {
    fn about(&self) -> &About {
        &self.about
    }

    fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static("application/zip")
    }

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        self.archive.read(at, max_bytes)
    }
}
