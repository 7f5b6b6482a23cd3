//! What is given holds once it is on the disk; what is taken holds at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::book::{Book, Edit, Holder};
use super::change::{About, prepare};
use super::changes::Basis;
use super::role::Mode;
use super::store::{Disk, text};
use super::{Access, Applied, Change, Entry, Error, Pass, State, people};
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
    writer: Arc<Mutex<()>>,
}

/// Whoever writes has it to the end of the write.
type Turn = OwnedMutexGuard<()>;

/// Who makes a change.
#[derive(Debug, Clone)]
pub(super) enum By {
    /// An admin, for as long as this is not cancelled.
    Admin(CancellationToken),
    /// Whoever goes by themselves.
    Oneself,
    /// Whoever has the server's own files, and can always let themselves in.
    Owner,
}

/// On what something is given, and until when.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) basis: Basis,
    pub(super) deadline: Instant,
    /// Whoever gives it is sent away when this is cancelled.
    pub(super) giver: Option<CancellationToken>,
}

impl Terms {
    /// What nobody gives who could be sent away.
    pub(super) fn new(basis: Basis, deadline: Instant) -> Self {
        Self { basis, deadline, giver: None }
    }
}

impl Saving {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, writer: Arc::default() }
    }

    pub(super) async fn turn(&self) -> Turn {
        Arc::clone(&self.writer).lock_owned().await
    }

    /// Writes a book and hands the turn back. Nobody else writes before it is done, also when
    /// nobody waits for it any more.
    async fn write(&self, turn: Turn, book: Book) -> (Option<Turn>, io::Result<()>) {
        let disk = Arc::clone(&self.disk);
        let write = move || (Some(turn), text(&book).and_then(|text| disk.replace(&text)));
        let written = tokio::task::spawn_blocking(write).await;
        written.unwrap_or_else(|error| (None, Err(io::Error::other(error))))
    }
}

/// What may make a difference between the book and the file.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    /// How often it came to that.
    latest: u64,
    /// So many of them are written.
    written: u64,
}

impl Unwritten {
    /// The file may hold less, or more, than the book. Returns what is to be written then.
    pub(super) fn add(&mut self) -> u64 {
        self.latest += 1;
        self.latest
    }

    fn is_some(&self) -> bool {
        self.written < self.latest
    }

    /// The file holds what the book did at that time.
    fn done(&mut self, up_to: u64) {
        self.written = self.written.max(up_to);
    }
}

impl Access {
    /// Makes a change for an admin.
    ///
    /// # Errors
    /// When it cannot be made, also because the admin is none any more. What it gives has not been
    /// given then; what it takes has been taken if the reason is the disk.
    pub(crate) async fn apply(&self, change: Change, admin: &Pass) -> Result<Applied, Error> {
        self.apply_by(change, By::Admin(admin.revoked().clone())).await
    }

    /// The same for whoever has the server's own files: also the last admin can go.
    ///
    /// # Errors
    /// As above.
    pub(crate) async fn apply_as_owner(&self, change: Change) -> Result<Applied, Error> {
        self.apply_by(change, By::Owner).await
    }

    pub(super) async fn apply_by(&self, change: Change, by: By) -> Result<Applied, Error> {
        let hashed = match change.password() {
            Some(password) => Some(self.shared.passwords.hash(password).await?),
            None => None,
        };
        let prepared = prepare(change, hashed, clock::now_ms())?;
        let access = self.clone();
        let edit = prepared.edit;
        let make = move |deadline| async move { access.make(edit, by, deadline).await };
        let warning = detached(make).await?;
        let entry = self.entry(&prepared.about);
        Ok(Applied { entry, secret: prepared.secret, warning })
    }

    /// Takes at once what the edit takes, and gives what it gives once it is written. Returns a
    /// warning where what was taken could not be written by the deadline.
    pub(super) async fn make(
        &self,
        edit: Edit,
        by: By,
        deadline: Instant,
    ) -> Result<Option<String>, Error> {
        let (takes, gives, terms) = {
            let now_ms = clock::now_ms();
            let mut state = self.lock();
            let mut giver = match &by {
                By::Admin(revoked) if revoked.is_cancelled() => return Err(Error::SentAway),
                By::Admin(revoked) => Some(revoked.clone()),
                By::Oneself | By::Owner => None,
            };
            let mut after = state.book.clone();
            after.apply(&edit, now_ms)?;
            let is_last = state.book.has_admin(now_ms) && !after.has_admin(now_ms);
            if is_last && !matches!(by, By::Owner) && after.mode != Mode::Undecided {
                return Err(Error::LastAdmin);
            }
            let basis = state.changes.add(edit.subject());
            let taken = state.book.meet(&after);
            let (takes, gives) = (taken != state.book, taken != after);
            if takes {
                state.unwritten.add();
                state.hold(taken);
                // Whoever takes from themselves has what the same change gives them.
                giver = giver.filter(|revoked| !revoked.is_cancelled());
            }
            (takes, gives, Terms { basis, deadline, giver })
        };
        if gives {
            let given = self.give(&edit, &terms).await;
            if given.is_err() {
                self.shared.wake.notify_one();
            }
            return match given {
                Err(Error::Storage(error)) if takes => Err(Error::OnlyTaken(error)),
                given => given.map(|()| None),
            };
        }
        if !takes {
            return Ok(None);
        }
        let saved = timeout_at(deadline, self.save()).await.unwrap_or_else(|_| Err(no_answer()));
        let Err(error) = saved else { return Ok(None) };
        self.shared.wake.notify_one();
        tracing::warn!(%error, "what was taken from somebody could not be written; it holds, and is tried again");
        Ok(Some(format!(
            "It holds, but could not be written to the state folder ({error}): a restart of the \
             server would bring it back. The server goes on trying."
        )))
    }

    /// Writes the book with the edit, then has it hold. Nothing comes of it after the deadline, nor
    /// without its basis.
    pub(super) async fn give(&self, edit: &Edit, terms: &Terms) -> Result<(), Error> {
        self.give_or(edit, terms, |_| ()).await
    }

    /// The same. Where nothing comes of it, something is undone before anybody else's turn.
    pub(super) async fn give_or(
        &self,
        edit: &Edit,
        terms: &Terms,
        undo: impl FnOnce(&mut State),
    ) -> Result<(), Error> {
        let (_turn, given) = match timeout_at(terms.deadline, self.shared.saving.turn()).await {
            Ok(turn) => self.give_in_turn(edit, terms, turn).await,
            Err(_) => (None, Err(no_answer().into())),
        };
        if given.is_err() {
            undo(&mut self.lock());
        }
        given
    }

    async fn give_in_turn(
        &self,
        edit: &Edit,
        terms: &Terms,
        turn: Turn,
    ) -> (Option<Turn>, Result<(), Error>) {
        let now_ms = clock::now_ms();
        let (copy, up_to) = {
            let mut state = self.lock();
            match state.with(edit, terms, now_ms) {
                // Until it holds, nobody knows how far it came.
                Ok(copy) => (copy, state.unwritten.add()),
                Err(error) => return (Some(turn), Err(error)),
            }
        };
        let write = self.shared.saving.write(turn, copy);
        let Ok((turn, written)) = timeout_at(terms.deadline, write).await else {
            return (None, Err(no_answer().into()));
        };
        let held = written.map_err(Error::from).and_then(|()| {
            let mut state = self.lock();
            // Meanwhile something may have been taken, or decided otherwise.
            let book = state.with(edit, terms, now_ms)?;
            state.hold(book);
            state.unwritten.done(up_to);
            Ok(())
        });
        (turn, held)
    }

    /// Writes what holds, unless the file has it.
    async fn save(&self) -> io::Result<()> {
        let turn = self.shared.saving.turn().await;
        let (copy, up_to) = {
            let mut state = self.lock();
            if !state.unwritten.is_some() {
                return Ok(());
            }
            state.is_seen = false;
            (state.book.clone(), state.unwritten.latest)
        };
        let (_turn, written) = self.shared.saving.write(turn, copy).await;
        if written.is_ok() {
            self.lock().unwritten.done(up_to);
        }
        written
    }

    /// Ends what has ended, and writes what is not written, until the future is dropped.
    pub(crate) async fn keep(&self) {
        // A disk that does not answer keeps nobody in.
        tokio::join!(self.keep_ends(), self.keep_written());
    }

    async fn keep_ends(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            self.end_what_is_over();
        }
    }

    async fn keep_written(&self) {
        let (mut failed, mut lazily) = (None::<Instant>, Instant::now());
        loop {
            let _ = tokio::time::timeout(TICK, self.shared.wake.notified()).await;
            if lazily.elapsed() >= LAZY_INTERVAL {
                lazily = Instant::now();
                self.lock().want_seen();
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
        self.lock().want_seen();
        if let Err(error) = self.save().await {
            tracing::warn!(%error, "cannot write who may come in; the last changes are undone");
        }
    }

    pub(super) fn end_what_is_over(&self) {
        let now_ms = clock::now_ms();
        let mut state = self.lock();
        let State { book, codes, passes, .. } = &mut *state;
        let is_over = |holder: &Holder| match holder {
            Holder::Browser(id) => book.browsers.get(id).is_none_or(|b| b.has_ended(now_ms)),
            Holder::Token(id) => book.tokens.get(id).is_none_or(|t| t.has_ended(now_ms)),
            Holder::Link(id) => book.links.get(id).is_none_or(|l| l.has_ended(now_ms)),
        };
        passes.end(is_over);
        codes.keep_makers(|maker| !is_over(maker));
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

impl State {
    /// The book with a change, if that still stands on what it stood on.
    fn with(&self, edit: &Edit, terms: &Terms, now_ms: i64) -> Result<Book, Error> {
        if terms.giver.as_ref().is_some_and(CancellationToken::is_cancelled) {
            return Err(Error::SentAway);
        }
        let stands = match &terms.basis {
            Basis::Own => true,
            Basis::Latest(subject, number) => self.changes.is_latest(subject, *number),
            Basis::Code(id) => self.codes.gives(id),
        };
        if !stands {
            return Err(Error::Superseded);
        }
        let mut book = self.book.clone();
        book.apply(edit, now_ms)?;
        Ok(book)
    }

    /// When somebody was last seen is to be written, too.
    fn want_seen(&mut self) {
        if self.is_seen {
            self.unwritten.add();
        }
    }
}

/// Does it to the end, also when whoever asked has gone: what is on the disk must hold. The work is
/// told when it must have answered.
pub(super) async fn detached<T, E, W>(work: impl FnOnce(Instant) -> W) -> Result<T, E>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    W: Future<Output = Result<T, E>> + Send + 'static,
{
    let done = tokio::spawn(work(Instant::now() + PATIENCE)).await;
    done.unwrap_or_else(|error| Err(Error::from(io::Error::other(error)).into()))
}

fn no_answer() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer")
}
