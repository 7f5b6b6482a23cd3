//! What is put together from recorded files: reels and archives.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::HeaderValue;
use bytes::Bytes;
use quick_cache::sync::Cache;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::error::ApiError;
use super::{About, Entity, in_turn};
use crate::library::archive::{Archive, Checksums};
use crate::library::reels::{Made, Reading};

/// A reel, or a part of one.
#[derive(Debug)]
pub(in crate::http) struct Reel {
    reading: Reading,
    about: About,
    content_type: HeaderValue,
    /// Of what nobody else can share.
    _memory: Option<SemaphorePermit<'static>>,
}

/// What those who take recordings along hold in memory, slow as they may be.
const MAX_MEMORY_MB: usize = 512;

static MEMORY_MB: Semaphore = Semaphore::const_new(MAX_MEMORY_MB);

/// A reel that is played is remembered for all who play it; a longer one each reader has for itself.
const SHARED_BYTES: u64 = 12 << 20;

fn memory(bytes: u64) -> io::Result<SemaphorePermit<'static>> {
    let megabytes = u32::try_from(bytes >> 20).unwrap_or(u32::MAX).saturating_add(1);
    let all = u32::try_from(MAX_MEMORY_MB).unwrap_or(u32::MAX);
    MEMORY_MB
        .try_acquire_many(megabytes.min(all))
        .map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))
}

/// What is said where there is none, or it cannot be read.
pub(in crate::http) fn refused(error: &io::Error) -> ApiError {
    match error.kind() {
        io::ErrorKind::WouldBlock => ApiError::unavailable(
            "too many long recordings are being downloaded; try again when some of that is done",
        ),
        _ => ApiError::internal(format!("cannot read it: {error}")),
    }
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
    _memory: SemaphorePermit<'static>,
}

impl Reel {
    pub(in crate::http) fn new(made: Arc<Made>) -> io::Result<Self> {
        let outline = made.outline();
        let about = About::new(outline.bytes, outline.tag(), outline.modified, SystemTime::now())?;
        let content_type =
            HeaderValue::from_str(&outline.content_type).map_err(io::Error::other)?;
        let weight_bytes = made.weight_bytes();
        let memory = (weight_bytes > SHARED_BYTES).then(|| memory(weight_bytes)).transpose()?;
        Ok(Self { reading: Reading::new(made), about, content_type, _memory: memory })
    }
}

impl Zip {
    /// Made of what is looked up in its turn: there may be a hundred thousand files.
    ///
    /// # Errors
    /// When it cannot be made, or others hold too much already ([`io::ErrorKind::WouldBlock`]).
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
        let memory = memory(archive.weight_bytes())?;
        Ok(Self { archive, about, _memory: memory })
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
    pub(in crate::http) fn new(
        bytes: Bytes,
        content_type: &'static str,
        modified: SystemTime,
    ) -> io::Result<Self> {
        let tag = hex::encode(digest(&SHA256, &bytes));
        let about = About::new(bytes.len() as u64, &tag, modified, SystemTime::now())?;
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

    fn prepare(&self, at: u64, max_bytes: usize) -> io::Result<bool> {
        self.archive.prepare(at, max_bytes)
    }

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        self.archive.read(at, max_bytes)
    }
}
