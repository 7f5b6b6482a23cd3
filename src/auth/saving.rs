//! What is given holds once it is on the disk; what is taken holds at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;

use super::book::{Book, Edit, Holder};
use super::change::{About, prepare};
use super::role::Mode;
use super::store::{Disk, text};
use super::{Access, Applied, Change, Entry, Error, State, people};
use crate::clock;

/// What has ended is over within this.
const TICK: Duration = Duration::from_secs(1);

/// Between two attempts of what could not be written.
const RETRY: Duration = Duration::from_secs(5);

/// When somebody was last seen may be lost in a crash, by this much.
const LAZY_INTERVAL: Duration = Duration::from_secs(300);

/// A disk that takes longer does not answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Writes the file, once at a time.
#[derive(Debug)]
pub(super) struct Saving {
    disk: Arc<dyn Disk>,
    /// Whoever writes has it to the end of the write.
    writer: Arc<Mutex<()>>,
}

/// Who makes a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Admin,
    /// Whoever has the server's own files, and can always let themselves in.
    Owner,
}

impl Saving {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, writer: Arc::default() }
    }

    pub(super) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.writer).lock_owned().await
    }

    async fn write(&self, book: Book) -> io::Result<()> {
        let disk = Arc::clone(&self.disk);
        let write = move || disk.replace(&text(&book)?);
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)?
    }
}

impl Access {
    /// Makes a change for an admin.
    ///
    /// # Errors
    /// When it cannot be made. What it gives has not been given then; what it takes has been taken
    /// if the reason is the disk.
    pub(crate) async fn apply(&self, change: Change) -> Result<Applied, Error> {
        self.apply_by(change, By::Admin).await
    }

    /// The same for whoever has the server's own files: also the last admin can go.
    ///
    /// # Errors
    /// As above.
    pub(crate) async fn apply_as_owner(&self, change: Change) -> Result<Applied, Error> {
        self.apply_by(change, By::Owner).await
    }

    async fn apply_by(&self, change: Change, by: By) -> Result<Applied, Error> {
        let hashed = match change.password() {
            Some(password) => Some(self.shared.passwords.hash(password).await?),
            None => None,
        };
        let prepared = prepare(change, hashed, clock::now_ms())?;
        let access = self.clone();
        let edit = prepared.edit;
        let warning = detached(async move { access.make(edit, by).await }).await?;
        let entry = self.entry(&prepared.about);
        Ok(Applied { entry, secret: prepared.secret, warning })
    }

    /// Takes at once what the edit takes, and gives what it gives once it is written. Returns a
    /// warning where what was taken could not be written.
    pub(super) async fn make(&self, edit: Edit, by: By) -> Result<Option<String>, Error> {
        let (takes, gives) = {
            let now_ms = clock::now_ms();
            let mut state = self.lock();
            let mut after = state.book.clone();
            after.apply(&edit, now_ms)?;
            let is_last = state.book.has_admin(now_ms) && !after.has_admin(now_ms);
            if is_last && by == By::Admin && after.mode != Mode::Undecided {
                return Err(Error::LastAdmin);
            }
            let taken = state.book.meet(&after);
            let (takes, gives) = (taken != state.book, taken != after);
            if takes {
                state.is_unwritten = true;
                state.hold(taken);
            }
            (takes, gives)
        };
        if gives {
            let given = self.give(&edit).await;
            if given.is_err() {
                self.shared.wake.notify_one();
            }
            return given.map(|()| None);
        }
        if !takes {
            return Ok(None);
        }
        let Err(error) = self.save().await else { return Ok(None) };
        self.shared.wake.notify_one();
        tracing::warn!(%error, "what was taken from somebody could not be written; it holds, and is tried again");
        Ok(Some(format!(
            "It holds, but could not be written to the state folder ({error}): a restart of the \
             server would bring it back. The server goes on trying."
        )))
    }

    /// Writes the book with the edit, then has it hold.
    pub(super) async fn give(&self, edit: &Edit) -> Result<(), Error> {
        self.give_or(edit, |_| ()).await
    }

    /// The same. Where nothing comes of it, something is undone before anybody else's turn.
    pub(super) async fn give_or(
        &self,
        edit: &Edit,
        undo: impl FnOnce(&mut State),
    ) -> Result<(), Error> {
        let _turn = self.shared.saving.turn().await;
        let given = self.give_in_turn(edit).await;
        if given.is_err() {
            undo(&mut self.lock());
        }
        given
    }

    async fn give_in_turn(&self, edit: &Edit) -> Result<(), Error> {
        let now_ms = clock::now_ms();
        let copy = {
            let mut state = self.lock();
            let mut copy = state.book.clone();
            copy.apply(edit, now_ms)?;
            state.is_unwritten = false;
            copy
        };
        let written = self.shared.saving.write(copy).await;
        let mut state = self.lock();
        if let Err(error) = written {
            // Nobody knows how far it came.
            state.is_unwritten = true;
            return Err(Error::Storage(Arc::new(error)));
        }
        // Meanwhile something may have been taken.
        let mut book = state.book.clone();
        if let Err(error) = book.apply(edit, now_ms) {
            state.is_unwritten = true;
            return Err(error);
        }
        state.hold(book);
        Ok(())
    }

    /// Writes what holds, unless the file has it.
    async fn save(&self) -> io::Result<()> {
        let _turn = self.shared.saving.turn().await;
        let copy = {
            let mut state = self.lock();
            if !state.is_unwritten {
                return Ok(());
            }
            (state.is_unwritten, state.is_seen) = (false, false);
            state.book.clone()
        };
        let written = self.shared.saving.write(copy).await;
        if written.is_err() {
            self.lock().is_unwritten = true;
        }
        written
    }

    /// Ends what has ended, and writes what is not written, until the future is dropped.
    pub(crate) async fn keep(&self) {
        let (mut failed, mut lazily) = (None::<Instant>, Instant::now());
        loop {
            let _ = tokio::time::timeout(TICK, self.shared.wake.notified()).await;
            self.end_what_is_over();
            if lazily.elapsed() >= LAZY_INTERVAL {
                lazily = Instant::now();
                let mut state = self.lock();
                state.is_unwritten |= state.is_seen;
            }
            if failed.is_none_or(|at| at.elapsed() >= RETRY) {
                let outcome = self.save().await;
                if let Err(error) = &outcome
                    && failed.is_none()
                {
                    tracing::warn!(%error, "cannot write who may come in; a restart of the server would undo the last changes. It is tried again");
                }
                failed = outcome.is_err().then(Instant::now);
            }
        }
    }

    /// The server ends: writes what is not yet written.
    pub(crate) async fn close(&self) {
        {
            let mut state = self.lock();
            state.is_unwritten |= state.is_seen;
        }
        if let Err(error) = self.save().await {
            tracing::warn!(%error, "cannot write who may come in; the last changes are undone");
        }
    }

    pub(super) fn end_what_is_over(&self) {
        let now_ms = clock::now_ms();
        let mut state = self.lock();
        let State { book, passes, .. } = &mut *state;
        passes.end(|holder| match holder {
            Holder::Browser(id) => book.browsers.get(id).is_none_or(|b| b.has_ended(now_ms)),
            Holder::Token(id) => book.tokens.get(id).is_none_or(|t| t.has_ended(now_ms)),
            Holder::Link(id) => book.links.get(id).is_none_or(|l| l.has_ended(now_ms)),
        });
    }

    fn entry(&self, about: &About) -> Option<Entry> {
        let state = self.lock();
        let book = &state.book;
        Some(match about {
            About::User(id) => Entry::User(book.users.get(id)?.into()),
            About::Browser(id) => Entry::Browser(people::browser(book, book.browsers.get(id)?)?),
            About::Token(id) => Entry::Token(book.tokens.get(id)?.into()),
            About::Link(id) => Entry::Link(book.links.get(id)?.into()),
            About::Nothing => return None,
        })
    }
}

/// Does it to the end, also when whoever asked has gone: what is on the disk must hold.
pub(super) async fn detached<T, E>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let storage = |error: io::Error| Error::Storage(Arc::new(error));
    let done = tokio::time::timeout(PATIENCE, tokio::spawn(work)).await;
    match done {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Err(storage(io::Error::other(error)).into()),
        Err(_) => {
            let error = io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer");
            Err(storage(error).into())
        }
    }
}
