//! A file as it is.

use std::fs;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::http::HeaderValue;
use bytes::Bytes;

use super::{About, Entity, TURNS, in_turn};

/// A file on the disk, as it was when it was opened.
#[derive(Debug)]
pub(in crate::http) struct File {
    file: fs::File,
    about: About,
    content_type: HeaderValue,
}

impl File {
    /// Opens it.
    pub(in crate::http) async fn open(path: PathBuf) -> io::Result<Self> {
        in_turn(&TURNS, move || Self::open_now(&path)).await?
    }

    fn open_now(path: &Path) -> io::Result<Self> {
        let file = fs::File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::NotFound, "it is no file"));
        }
        // A file that takes another one's place has another number, and one that grows another
        // length and time.
        let (seconds, nanoseconds) = (metadata.mtime(), metadata.mtime_nsec());
        let tag = format!("{:x}-{:x}-{seconds:x}.{nanoseconds:x}", metadata.ino(), metadata.len());
        let now = SystemTime::now();
        let about = About::new(metadata.len(), &tag, metadata.modified()?, now)?;
        let mime = mime_guess::from_path(path).first_or_octet_stream();
        let content_type = HeaderValue::from_str(mime.as_ref()).map_err(io::Error::other)?;
        Ok(Self { file, about, content_type })
    }
}

impl Entity for File {
    fn about(&self) -> &About {
        &self.about
    }

    fn content_type(&self) -> HeaderValue {
        self.content_type.clone()
    }

    fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        let mut piece = vec![0; max_bytes];
        let count = self.file.read_at(&mut piece, at)?;
        piece.truncate(count);
        Ok(piece.into())
    }
}
