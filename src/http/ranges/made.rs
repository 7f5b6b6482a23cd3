//! What is put together from recorded files: reels and archives.

use std::io;
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use axum::http::HeaderValue;
use bytes::Bytes;
use quick_cache::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::error::ApiError;
use super::{About, Entity};
use crate::library::archive::Archive;
use crate::library::reels::{Made, Reading};

/// A reel, or a part of one.
#[derive(Debug)]
pub(in crate::http) struct Reel {
    reading: Reading,
    about: About,
    content_type: HeaderValue,
}

/// A zip reads all of its files for their checksums, on threads that recordings need, too: so many at
/// once keep a disk busy.
const ZIPS: usize = 4;

static ZIP_TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(ZIPS)));

/// Zips whose checksums are remembered, for whoever goes on with a download.
const KNOWN_ZIPS: usize = 4;

static KNOWN: LazyLock<Cache<String, Arc<Archive>>> = LazyLock::new(|| Cache::new(KNOWN_ZIPS));

/// A zip, as long as somebody reads it.
#[derive(Debug)]
pub(in crate::http) struct Zip {
    archive: Arc<Archive>,
    about: About,
    _turn: OwnedSemaphorePermit,
}

impl Reel {
    pub(in crate::http) fn new(made: Arc<Made>) -> io::Result<Self> {
        let about = About::new(made.bytes(), made.tag(), made.modified(), SystemTime::now())?;
        let content_type = HeaderValue::from_str(made.content_type()).map_err(io::Error::other)?;
        Ok(Self { reading: Reading::new(made), about, content_type })
    }
}

impl Zip {
    /// # Errors
    /// When so many are being read already ([`io::ErrorKind::WouldBlock`]).
    pub(in crate::http) fn new(archive: Arc<Archive>) -> io::Result<Self> {
        let turn = Arc::clone(&ZIP_TURNS).try_acquire_owned();
        let turn = turn.map_err(|_| io::Error::from(io::ErrorKind::WouldBlock))?;
        let known = KNOWN.get(archive.tag());
        let archive = known.unwrap_or_else(|| {
            KNOWN.insert(archive.tag().to_owned(), Arc::clone(&archive));
            archive
        });
        let about =
            About::new(archive.bytes(), archive.tag(), archive.modified(), SystemTime::now())?;
        Ok(Self { archive, about, _turn: turn })
    }

    /// What is said where there is none.
    pub(in crate::http) fn refused(error: &io::Error) -> ApiError {
        match error.kind() {
            io::ErrorKind::WouldBlock => ApiError::unavailable(
                "other downloads of many files are under way; try again when one of them is done",
            ),
            _ => ApiError::internal(format!("cannot read it: {error}")),
        }
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

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        self.archive.read(at, max_bytes)
    }
}
