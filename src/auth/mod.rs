//! Who gets in ([ADR 17](../../docs/adr/0017-who-gets-in.md)): browsers, users, programs and
//! links, what each may, and how they come in and go. Knows no HTTP.

mod attempts;
mod book;
mod change;
mod changes;
mod codes;
mod entering;
mod error;
pub(crate) mod local;
mod pass;
mod passes;
mod password;
pub(crate) mod people;
mod role;
mod saving;
mod secret;
mod store;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock;
use crate::config::Secret;
use attempts::Attempts;
use book::{Book, DeviceKey, Holder};
pub(crate) use change::{Applied, Change, is_scope_name};
use changes::{Changes, Subject};
use codes::Codes;
pub(crate) use codes::NewCode;
pub(crate) use entering::{LetIn, Redeem};
pub(crate) use error::{Error, Refused, TokenRefused};
use pass::Common;
pub(crate) use pass::{Pass, Who};
use passes::Passes;
use password::Passwords;
pub(crate) use people::{Entry, People};
pub(crate) use role::{Mode, Role, Scope};
use saving::{Saving, Unwritten};
use secret::Hash;
pub(crate) use secret::Password;
use store::{Disk, Store};
pub(crate) use store::{KNOWN as FILE, NotLoaded};

/// Everything about who gets in. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Whether the server was started with `--open`.
    is_open: bool,
    state: Mutex<State>,
    saving: Saving,
    passwords: Passwords,
    /// Something is to be written soon.
    wake: Notify,
    began: Instant,
}

#[derive(Debug)]
struct State {
    book: Book,
    codes: Codes,
    /// At six digits.
    guesses: Attempts,
    sign_ins: Attempts,
    passes: Passes,
    changes: Changes,
    unwritten: Unwritten,
    /// Whether the file lacks when somebody was last seen.
    is_seen: bool,
}

/// A code that was made.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    pub(crate) id: String,
    /// Six digits to be typed, unless it is too mighty for that, or lasts too long.
    pub(crate) digits: Option<Secret>,
    /// The same, for a QR code or a link.
    pub(crate) secret: Secret,
    pub(crate) ends_ms: i64,
}

/// Whether a device that says hello may record.
#[derive(Debug, Clone)]
pub(crate) enum Admission {
    Admitted(Pass),
    NotPaired,
    /// It was let in once.
    Revoked,
}

impl Access {
    /// What the state folder remembers. `is_open`: everyone may do everything, whatever it says.
    ///
    /// # Errors
    /// When its file is there and cannot be read, or is a newer version's.
    pub(crate) fn load(state: &Path, is_open: bool) -> Result<Self, NotLoaded> {
        let store = Store::new(state.to_owned());
        let book = store.load()?;
        Ok(Self::new(book, Arc::new(store), is_open))
    }

    /// One that lets everyone do everything, and writes nothing.
    #[cfg(test)]
    pub(crate) fn open() -> Self {
        Self::new(Book::default(), Arc::new(Store::new(std::path::PathBuf::new())), true)
    }

    fn new(book: Book, disk: Arc<dyn Disk>, is_open: bool) -> Self {
        let state = State {
            book,
            codes: Codes::default(),
            guesses: Attempts::of_digits(),
            sign_ins: Attempts::of_passwords(),
            passes: Passes::default(),
            changes: Changes::default(),
            unwritten: Unwritten::default(),
            is_seen: false,
        };
        let shared = Shared {
            is_open,
            state: Mutex::new(state),
            saving: Saving::new(disk),
            passwords: Passwords::default(),
            wake: Notify::new(),
            began: Instant::now(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Who is let in without having been let in by somebody.
    pub(crate) fn mode(&self) -> Mode {
        match self.shared.is_open {
            true => Mode::Open,
            false => self.lock().book.mode,
        }
    }

    /// Whether a browser on the server's own computer may decide: nobody has yet, or whoever did
    /// has not come back with a cookie.
    pub(crate) fn needs_first_decision(&self) -> bool {
        !self.shared.is_open && self.lock().book.needs_first_decision()
    }

    /// Whether some user can sign in with a password.
    pub(crate) fn has_passwords(&self) -> bool {
        self.lock().book.users.values().any(|user| user.password.is_some())
    }

    /// What nobody in particular may.
    pub(crate) fn everyone(&self) -> Pass {
        let state = self.lock();
        let who = match self.common(&state) {
            Common::Nothing => return Pass::nobody(),
            Common::RecordAndWatch => Who::Everyone,
            Common::Everything => Who::Open,
        };
        Pass::new(who, None, self.common(&state), None, state.passes.everyone())
    }

    /// Who has a cookie, seen at `from`.
    pub(crate) fn by_cookie(&self, cookie: &str, from: IpAddr) -> Option<Pass> {
        let now_ms = clock::now_ms();
        let mut state = self.lock();
        let browser = state.book.by_cookie(&Hash::of(cookie))?;
        if browser.has_ended(now_ms) {
            return None;
        }
        let id = browser.id.clone();
        let pass = self.browser_pass(&mut state, &id)?;
        state.see(&id, Some(from), now_ms);
        let claim = state.book.browsers.get_mut(&id).and_then(|browser| browser.claim.take());
        if claim.is_some() {
            // The answer has come: nobody needs another cookie for it, after a crash neither.
            state.unwritten.add();
            self.shared.wake.notify_one();
        }
        if pass.role() == Some(Role::Admin) && !state.book.is_admin_seen {
            // Takes the first decision from everybody else. Whoever came by a link need not make it.
            state.book.is_admin_seen = true;
            if state.book.mode == Mode::Undecided {
                state.book.mode = Mode::Paired;
            }
            state.unwritten.add();
            self.shared.wake.notify_one();
        }
        Some(pass)
    }

    /// Who has a token or a link.
    ///
    /// # Errors
    /// When it opens nothing.
    pub(crate) fn by_token(&self, text: &str) -> Result<Pass, TokenRefused> {
        let now_ms = clock::now_ms();
        let hash = Hash::of(text);
        let mut state = self.lock();
        let common = match self.shared.is_open {
            true => Common::Everything,
            false => Common::Nothing,
        };
        let State { book, passes, is_seen, .. } = &mut *state;
        if let Some(token) = book.tokens.values_mut().find(|token| token.sha256 == hash) {
            if token.has_ended(now_ms) {
                return Err(TokenRefused::Ended);
            }
            token.last_seen_ms = Some(now_ms);
            *is_seen = true;
            let who = Who::Token { id: token.id.clone(), name: token.name.clone() };
            let switch = passes.of(Holder::Token(token.id.clone()));
            return Ok(Pass::new(who, Some(token.rights.clone()), common, None, switch));
        }
        let link = book.links.values().find(|link| link.sha256 == hash);
        let link = link.ok_or(TokenRefused::Unknown)?;
        if link.has_ended(now_ms) {
            return Err(TokenRefused::Ended);
        }
        let switch = passes.of(Holder::Link(link.id.clone()));
        let who = Who::Link { id: link.id.clone() };
        Ok(Pass::new(who, Some(link.rights.clone()), common, None, switch))
    }

    /// Whether a device that says hello with its key may record.
    pub(crate) fn by_key(&self, device: &str, key: Option<&str>) -> Admission {
        if self.shared.is_open {
            return Admission::Admitted(self.everyone());
        }
        let now_ms = clock::now_ms();
        let mut state = self.lock();
        let shown = key.map(|key| DeviceKey::new(device, key));
        if let Some(shown) = &shown
            && state.book.revoked.contains(shown)
        {
            return Admission::Revoked;
        }
        let Some(browser) = state.book.by_device(device) else {
            drop(state);
            let everyone = self.everyone();
            return match everyone.may_publish() {
                true => Admission::Admitted(everyone),
                false => Admission::NotPaired,
            };
        };
        if browser.device != shown || browser.has_ended(now_ms) {
            return Admission::NotPaired;
        }
        let id = browser.id.clone();
        match self.browser_pass(&mut state, &id) {
            Some(pass) if pass.may_publish() => {
                state.see(&id, None, now_ms);
                Admission::Admitted(pass)
            }
            _ => Admission::Revoked,
        }
    }

    /// Whether somebody has been let in who records under this id, so that only its key is it.
    pub(crate) fn knows_device(&self, device: &str) -> bool {
        let book = &self.lock().book;
        book.by_device(device).is_some() || book.revoked.iter().any(|known| known.device == device)
    }

    /// Everybody who is let in, for admins.
    pub(crate) fn people(&self) -> People {
        let (mode, now_ms) = (self.mode(), self.now_ms());
        let state = self.lock();
        People::new(mode, &state.book, state.codes.live(now_ms))
    }

    /// Makes a code that lets browsers in, until its maker is no admin any more.
    ///
    /// # Errors
    /// When numbers are out of range, or there are too many codes.
    pub(crate) fn new_code(&self, new: NewCode, maker: Option<&Pass>) -> Result<Code, Error> {
        let rights = change::rights(new.role, new.scope)?;
        let mut new = NewCode { scope: rights.scope, ..new };
        let now = (self.now_ms(), clock::now_ms());
        let revoked = maker.map(|pass| pass.revoked().clone());
        let maker = maker.filter(|_| !self.shared.is_open).and_then(|pass| match pass.who() {
            Who::Browser { id, .. } => Some(Holder::Browser(id.clone())),
            Who::Token { id, .. } => Some(Holder::Token(id.clone())),
            _ => None,
        });
        let mut state = self.lock();
        if revoked.is_some_and(|revoked| revoked.is_cancelled()) {
            return Err(Error::SentAway);
        }
        if let Some(id) = &new.user {
            let unknown = || Error::Unknown { what: "user", id: id.clone() };
            let rights = &state.book.users.get(id).ok_or_else(unknown)?.rights;
            (new.role, new.scope) = (rights.role, rights.scope.clone());
        }
        let text = secret::secret("");
        let code = state.codes.add(&new, maker, Hash::of(text.reveal()), secret::id(), now)?;
        let code = Code {
            id: code.id.clone(),
            digits: code.digits().map(Secret::from),
            secret: text,
            ends_ms: code.ends_ms,
        };
        Ok(code)
    }

    /// Ends a code. Says whether there was one.
    pub(crate) fn end_code(&self, id: &str) -> bool {
        let now_ms = self.now_ms();
        self.lock().codes.end(id, now_ms)
    }

    fn common(&self, state: &State) -> Common {
        match state.book.mode {
            _ if self.shared.is_open => Common::Everything,
            Mode::Network => Common::RecordAndWatch,
            _ => Common::Nothing,
        }
    }

    fn browser_pass(&self, state: &mut State, id: &str) -> Option<Pass> {
        let common = self.common(state);
        let browser = state.book.browsers.get(id)?;
        let rights = state.book.browser_rights(browser)?.clone();
        let user = browser.user.as_ref().and_then(|user| state.book.users.get(user));
        let person = user.map(|user| user.name.clone());
        let who = Who::Browser { id: id.to_owned(), name: browser.name.clone(), person };
        let device = browser.device.as_ref().map(|device| device.device.clone());
        let switch = state.passes.of(Holder::Browser(id.to_owned()));
        Some(Pass::new(who, Some(rights), common, device, switch))
    }

    /// Of a clock that only goes ahead.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.shared.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn see(&mut self, browser: &str, from: Option<IpAddr>, now_ms: i64) {
        self.book.see_browser(browser, from, now_ms);
        self.is_seen = true;
    }

    /// Another book holds from now on.
    fn hold(&mut self, book: Book) {
        let before = std::mem::replace(&mut self.book, book);
        self.passes.settle(&before, &self.book);
        let Book { users, browsers, .. } = &self.book;
        let rights = |maker: &Holder| self.book.rights(maker);
        self.codes.keep_makers(|maker| rights(maker).is_some_and(|own| own.role == Role::Admin));
        self.codes.keep_users(|user| users.contains_key(user));
        self.changes.keep(|subject| match subject {
            Subject::Mode => true,
            Subject::Rights(id) => users.contains_key(id) || browsers.contains_key(id),
            Subject::Password(id) => users.contains_key(id),
        });
    }
}
