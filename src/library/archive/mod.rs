//! Files that are taken along together: a zip that is read in any order.

mod checksum;
mod layout;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;

use super::reels::{Portion, Reading, Stamp, read_at};
use crate::clock::zone::Zone;
use checksum::Checksum;
pub(crate) use layout::Entry;
use layout::{Layout, Span};

/// An entry's name, path, place and checksum.
const ENTRY_BYTES: u64 = 512;

/// As much of a digest as no two archives share.
const TAG_BYTES: usize = 12;

/// What an entry holds.
#[derive(Debug)]
pub(crate) enum Content {
    /// These bytes.
    Made(Bytes),
    /// A reel, or a part of one.
    Reel(Portion),
    /// A file as it is.
    File { path: PathBuf, stamp: Stamp },
}

/// A zip, by reference. The checksum of an entry is made when it is first needed: right in front of
/// the entry, whose bytes are then in memory.
#[derive(Debug)]
pub(crate) struct Archive {
    layout: Layout,
    contents: Vec<Content>,
    checksums: Checksums,
    tag: String,
    modified: SystemTime,
    open: Mutex<Option<(usize, Open)>>,
}

/// Of each entry, once it is known.
pub(crate) type Checksums = Arc<[Checksum]>;

/// What is read of an entry.
#[derive(Debug, Clone)]
enum Open {
    File(Arc<fs::File>),
    Reel(Arc<Reading>),
}

impl Content {
    /// A file as it is now. Blocks.
    pub(crate) fn file(path: PathBuf) -> io::Result<(Self, u64)> {
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let stamp = Stamp::of(&metadata);
        Ok((Self::File { path, stamp }, metadata.len()))
    }

    /// When it changed last, where it is a file.
    pub(crate) fn modified(&self) -> SystemTime {
        match self {
            Self::File { stamp, .. } => stamp.modified(),
            Self::Reel(portion) => portion.outline.modified,
            Self::Made(_) => SystemTime::UNIX_EPOCH,
        }
    }

    fn tag(&self) -> String {
        match self {
            Self::Made(bytes) => format!("{:08x}", crc32fast::hash(bytes)),
            Self::Reel(portion) => portion.outline.tag().to_owned(),
            Self::File { path, stamp } => format!("{} {stamp:?}", path.display()),
        }
    }
}

impl Archive {
    /// Of entries whose names are as they shall be. `modified`: when the newest of them changed.
    pub(crate) fn new(entries: Vec<(Entry, Content)>, modified: SystemTime, zone: Zone) -> Self {
        let mut digest = Context::new(&SHA256);
        for (entry, content) in &entries {
            digest.update(format!("{entry:?} {}\n", content.tag()).as_bytes());
        }
        digest.update(format!("{zone:?}").as_bytes());
        let (entries, contents): (Vec<Entry>, Vec<Content>) = entries.into_iter().unzip();
        Self {
            layout: Layout::new(entries, zone),
            checksums: contents.iter().map(|_| Checksum::default()).collect(),
            contents,
            tag: hex::encode(&digest.finish().as_ref()[..TAG_BYTES]),
            modified,
            open: Mutex::new(None),
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.layout.bytes()
    }

    /// What tells it from every other one.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    pub(crate) fn modified(&self) -> SystemTime {
        self.modified
    }

    /// What was found out of its entries.
    pub(crate) fn checksums(&self) -> &Checksums {
        &self.checksums
    }

    /// About how much memory it holds.
    pub(crate) fn weight_bytes(&self) -> u64 {
        let made = self.contents.iter().map(|content| match content {
            Content::Made(bytes) => bytes.len() as u64,
            Content::Reel(portion) => portion.weight_bytes(),
            Content::File { .. } => 0,
        });
        self.contents.len() as u64 * ENTRY_BYTES + made.sum::<u64>()
    }

    /// With what was found out of another one that is the same.
    pub(crate) fn knowing(self, checksums: Checksums) -> Self {
        match checksums.len() == self.contents.len() {
            true => Self { checksums, ..self },
            false => self,
        }
    }

    /// Some of the bytes from there on, at most so many; none at the end. Blocks.
    ///
    /// # Errors
    /// When a file is gone or is another one.
    pub(crate) fn read(&self, at: u64, max_bytes: usize) -> io::Result<Bytes> {
        match self.layout.span(at, max_bytes as u64) {
            None => Ok(Bytes::new()),
            Some(Span::Header { entry, part }) => {
                let header = self.layout.header(entry, self.crc(entry)?);
                Ok(Bytes::from(header).slice(part))
            }
            Some(Span::Content { entry, range }) => {
                self.content(entry, range.start, (range.end - range.start) as usize)
            }
            Some(Span::Directory { part }) => {
                let crcs: io::Result<Vec<u32>> =
                    (0..self.contents.len()).map(|entry| self.crc(entry)).collect();
                Ok(Bytes::from(self.layout.directory(&crcs?)).slice(part))
            }
        }
    }

    /// Goes on with what must be known before the bytes from there on can be read; `true` when it is.
    /// Blocks for some tenths of a second.
    ///
    /// # Errors
    /// When a file is gone or is another one.
    pub(crate) fn prepare(&self, at: u64, max_bytes: usize) -> io::Result<bool> {
        match self.layout.span(at, max_bytes as u64) {
            None | Some(Span::Content { .. }) => Ok(true),
            Some(Span::Header { entry, .. }) => Ok(self.step(entry)?.is_some()),
            Some(Span::Directory { .. }) => {
                for entry in 0..self.contents.len() {
                    if self.step(entry)?.is_none() {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    fn step(&self, entry: usize) -> io::Result<Option<u32>> {
        self.checksums[entry].step(|at, bytes| self.content(entry, at, bytes))
    }

    fn crc(&self, entry: usize) -> io::Result<u32> {
        loop {
            if let Some(crc) = self.step(entry)? {
                return Ok(crc);
            }
        }
    }

    fn content(&self, entry: usize, at: u64, bytes: usize) -> io::Result<Bytes> {
        if let Content::Made(all) = &self.contents[entry] {
            let from = (at as usize).min(all.len());
            return Ok(all.slice(from..all.len().min(from + bytes)));
        }
        match self.opened(entry)? {
            Open::File(file) => read_at(&file, at, bytes),
            Open::Reel(reading) => reading.read(at, bytes),
        }
    }

    /// One entry at a time is open: they are read one behind the other.
    fn opened(&self, entry: usize) -> io::Result<Open> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, open)) = &*open
            && *known == entry
        {
            return Ok(open.clone());
        }
        // What was open is given back before the next one takes its memory.
        *open = None;
        let opened = match &self.contents[entry] {
            Content::Made(_) => return Err(io::ErrorKind::InvalidInput.into()),
            Content::File { path, stamp } => Open::File(Arc::new(stamp.open(path)?)),
            Content::Reel(portion) => Open::Reel(Arc::new(Reading::new(portion.made()?))),
        };
        *open = Some((entry, opened.clone()));
        Ok(opened)
    }
}

#[cfg(test)]
mod tests;
