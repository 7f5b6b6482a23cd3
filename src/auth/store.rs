//! The file in which it is remembered who is let in.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::book::{Book, Browser, Link, Token, User};
use super::role::Mode;
use crate::statefile::{self, Known as KnownFile};

pub(super) const FILE: &str = "access.json";

/// What this version writes. A newer one may keep more than this one would leave.
const VERSION: u32 = 1;

/// All entries that there may be take less than 2 MB.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Why it is not known who is let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotLoaded {
    #[error("cannot read {}; make it readable and its folder writable for this user", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} was written by a newer version of localcamera (v {v}), and would lose what that keeps; start that version, or move the file away: then nobody is let in any more, and the server asks again who may", .path.display())]
    Newer { path: PathBuf, v: u32 },
}

/// The file as a whole. Tests have one that fails.
pub(super) trait Disk: Debug + Send + Sync {
    /// Puts another text into its place, or leaves it as it is. Blocks.
    fn replace(&self, text: &str) -> io::Result<()>;
}

/// The state folder's.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: PathBuf,
}

#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    v: u32,
    mode: Mode,
    is_admin_seen: bool,
    #[serde(default)]
    users: Vec<Value>,
    #[serde(default)]
    browsers: Vec<Value>,
    #[serde(default)]
    tokens: Vec<Value>,
    #[serde(default)]
    links: Vec<Value>,
    #[serde(default)]
    revoked: Vec<Value>,
}

/// What each version's file has.
#[derive(Debug, Deserialize)]
struct Versioned {
    v: u32,
}

/// The file, for whoever only looks at it.
pub(crate) const KNOWN: KnownFile = KnownFile {
    name: FILE,
    version: VERSION,
    max_bytes: MAX_FILE_BYTES,
    is_understood: |text| {
        serde_json::from_str::<Saved>(text).is_ok_and(|saved| saved.mode != Mode::Open)
    },
    loss: "nobody is let in any more, and the server asks again who may",
};

impl Store {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// What was remembered. A file that cannot be understood is put aside; nobody is let in then.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is a newer version's.
    pub(super) fn load(&self) -> Result<Book, NotLoaded> {
        let path = self.folder.join(FILE);
        let unreadable = |source| NotLoaded::Unreadable { path: path.clone(), source };
        let text = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => String::new(),
            Ok(_) => String::from_utf8_lossy(&fs::read(&path).map_err(unreadable)?).into_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Book::default()),
            Err(error) => return Err(unreadable(error)),
        };
        match serde_json::from_str(&text) {
            Ok(Versioned { v }) if v > VERSION => return Err(NotLoaded::Newer { path, v }),
            _ => {}
        }
        // The error of a text that is none may repeat a part of it.
        let saved = serde_json::from_str::<Saved>(&text).ok().filter(|s| s.mode != Mode::Open);
        let Some(saved) = saved else {
            let aside = statefile::put_aside(&self.folder, FILE).map_err(unreadable)?;
            tracing::error!(file = %aside.display(), "the list of who may come in cannot be understood and was put aside: nobody is let in any more, and the server asks again who may");
            return Ok(Book::default());
        };
        let mut lost = 0;
        let book = Book {
            mode: saved.mode,
            is_admin_seen: saved.is_admin_seen,
            users: readable(saved.users, &mut lost, |user: &User| user.id.clone()),
            browsers: readable(saved.browsers, &mut lost, |browser: &Browser| browser.id.clone()),
            tokens: readable(saved.tokens, &mut lost, |token: &Token| token.id.clone()),
            links: readable(saved.links, &mut lost, |link: &Link| link.id.clone()),
            revoked: entries(saved.revoked, &mut lost).collect(),
        };
        if lost > 0 {
            tracing::warn!(file = %path.display(), count = lost, "entries in the list of who may come in cannot be read and are left out; whoever they were for must be let in again");
        }
        Ok(book)
    }
}

impl Disk for Store {
    fn replace(&self, text: &str) -> io::Result<()> {
        statefile::replace(&self.folder, FILE, text)
    }
}

/// The file's text for a book.
///
/// # Errors
/// When it cannot be written as one: the file stays as it is then.
pub(super) fn text(book: &Book) -> io::Result<String> {
    fn values<T: Serialize>(all: impl Iterator<Item = T>) -> serde_json::Result<Vec<Value>> {
        all.map(serde_json::to_value).collect()
    }
    let saved = Saved {
        v: VERSION,
        mode: book.mode,
        is_admin_seen: book.is_admin_seen,
        users: values(book.users.values())?,
        browsers: values(book.browsers.values())?,
        tokens: values(book.tokens.values())?,
        links: values(book.links.values())?,
        revoked: values(book.revoked.iter())?,
    };
    Ok(serde_json::to_string_pretty(&saved)?)
}

fn readable<T: DeserializeOwned>(
    all: Vec<Value>,
    lost: &mut usize,
    id: impl Fn(&T) -> String,
) -> BTreeMap<String, T> {
    entries(all, lost).map(|entry| (id(&entry), entry)).collect()
}

fn entries<T: DeserializeOwned>(all: Vec<Value>, lost: &mut usize) -> impl Iterator<Item = T> {
    all.into_iter().filter_map(move |entry| {
        let entry = serde_json::from_value(entry).ok();
        *lost += usize::from(entry.is_none());
        entry
    })
}
