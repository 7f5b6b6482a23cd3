//! What is put together from recorded files: reels and archives.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use axum::http::HeaderValue;
use bytes::Bytes;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;

use super::{About, Entity, in_turn};
use crate::library::archive::{Archive, Checksums};
use crate::library::reels::{Made, Reading};

/// A reel, or a part of one.
#[derive(Debug)]
pub(in crate::http) struct Reel {
    reading: Reading,
    about: About,
    content_type: HeaderValue,
}

/// A zip reads all of an entry for its checksum: so many at once keep a disk busy.
const ZIPS: usize = 4;

static ZIP_TURNS: Semaphore = Semaphore::const_new(ZIPS);

/// Zips whose checksums are remembered, for whoever goes on with a download: less than a megabyte
/// each.
const KNOWN_ZIPS: usize = 16;

static KNOWN: LazyLock<Cache<String, Checksums>> = LazyLock::new(|| Cache::new(KNOWN_ZIPS));

/// Files that are taken along together.
#[derive(Debug)]
pub(in crate::http) struct Zip {
    archive: Archive,
    about: About,
}

impl Reel {
    pub(in crate::http) fn new(made: Arc<Made>) -> io::Result<Self> {
        let outline = made.outline();
        let about = About::new(outline.bytes, outline.tag(), outline.modified, SystemTime::now())?;
        let content_type =
            HeaderValue::from_str(&outline.content_type).map_err(io::Error::other)?;
        Ok(Self { reading: Reading::new(made), about, content_type })
    }
}

impl Zip {
    /// Made of what is looked up in its turn: there may be a hundred thousand files.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(in crate::http) async fn new(
        make: impl FnOnce() -> io::Result<Archive> + Send + 'static,
    ) -> io::Result<Self> {
        let archive = in_turn(&ZIP_TURNS, make).await??;
        let archive = match KNOWN.get(archive.tag()) {
            Some(checksums) => archive.knowing(checksums),
            None => {
                KNOWN.insert(archive.tag().to_owned(), Arc::clone(archive.checksums()));
                archive
            }
        };
        let about =
            About::new(archive.bytes(), archive.tag(), archive.modified(), SystemTime::now())?;
        Ok(Self { archive, about })
    }
}

/// What is in memory.
#[derive(Debug)]
pub(in crate::http) struct Small {
    bytes: Bytes,
    about: About,
    content_type: &'static str,
}

impl Small {
    pub(in crate::http) fn new(bytes: Bytes, content_type: &'static str) -> io::Result<Self> {
        let tag = format!("{:08x}", crc32fast::hash(&bytes));
        let (begin, now) = (SystemTime::UNIX_EPOCH, SystemTime::now());
        let about = About::new(bytes.len() as u64, &tag, begin, now)?;
        Ok(Self { bytes, about, content_type })
    }
}

impl Entity for Small {
    fn about(&self) -> &About {
        &self.about
    }

    fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static(self.content_type)
    }

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        let from = usize::try_from(at).unwrap_or(usize::MAX).min(self.bytes.len());
        let to = from.saturating_add(max_bytes).min(self.bytes.len());
        Ok(self.bytes.slice(from..to))
    }
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

    fn turns(&self) -> &'static Semaphore {
        &ZIP_TURNS
    }

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        self.archive.read(at, max_bytes)
    }
}
