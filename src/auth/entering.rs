//! Getting in and out.

use std::net::IpAddr;

use tokio::time::{Instant, timeout_at};

use super::attempts::Pause;
use super::book::{Browser, DeviceKey, Edit};
use super::change;
use super::changes::{Basis, Subject};
use super::codes::{Shown, Spent};
use super::role::{Mode, Rights, Role, Scope};
use super::saving::{By, Terms, detached};
use super::secret::{self, Digits, Hash, Password};
use super::{Access, Error, Pass, Refused, State, Who};
use crate::clock;
use crate::config::Secret;
use crate::text::{is_device_id, is_device_key};

/// Somebody who was let in.
#[derive(Debug)]
pub(crate) struct LetIn {
    /// For the browser alone; nobody can see it again.
    pub(crate) cookie: Secret,
    pub(crate) pass: Pass,
}

/// A code that somebody shows.
#[derive(Debug, Clone)]
pub(crate) struct Redeem {
    /// Six digits, or the long secret of a QR code or a link.
    pub(crate) code: Secret,
    /// 256 bits that the page has made, and keeps until it is in.
    pub(crate) claim: Secret,
    /// What the browser is called in lists.
    pub(crate) name: String,
    /// The id and the key that it records with.
    pub(crate) device: Option<(String, Secret)>,
    /// Whether a device has recorded under this id that has another key, and may not have been let
    /// in by itself.
    pub(crate) is_anothers: bool,
    pub(crate) from: IpAddr,
}

/// A browser that is about to be let in.
struct Comer {
    claim: Hash,
    name: String,
    device: Option<DeviceKey>,
    is_anothers: bool,
    from: IpAddr,
}

impl Access {
    /// The first decision. The caller has made sure that the browser is on the server's own
    /// computer.
    ///
    /// # Errors
    /// When it was made already, or cannot be written.
    pub(crate) async fn decide_first(
        &self,
        mode: Mode,
        claim: &str,
        name: &str,
        from: IpAddr,
    ) -> Result<LetIn, Refused> {
        if !matches!(mode, Mode::Paired | Mode::Network) {
            return Err(Error::Invalid("the mode is paired or network".to_owned()).into());
        }
        let claim = claimed(&["first", mode.word()], claim)?;
        let comer =
            Comer { claim, name: change::name(name)?, device: None, is_anothers: false, from };
        let access = self.clone();
        detached(move |deadline| async move {
            if let Some(again) = access.again(&comer.claim, deadline).await {
                return again;
            }
            if !access.needs_first_decision() {
                return Err(Refused::NotNow);
            }
            let (mut browser, cookie) = comer.browser(Rights::new(Role::Admin, Scope::All), None);
            browser.is_first = true;
            let id = browser.id.clone();
            let edit = Edit::Decide { mode, browser };
            let basis = access.lock().changes.add(edit.subject());
            match access.give(&edit, &Terms::new(basis, deadline)).await {
                Ok(()) => {
                    // The link that the terminal shows is for who has no browser there.
                    access.lock().codes.end_admins();
                    access.let_in(&id, cookie)
                }
                Err(Error::Decided) => Err(Refused::NotNow),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }

    /// Lets a browser in by a code.
    ///
    /// # Errors
    /// When the code is not right, or it cannot be written. It is not spent then.
    pub(crate) async fn redeem(&self, redeem: Redeem) -> Result<LetIn, Refused> {
        let Redeem { code, claim, name, device, is_anothers, from } = redeem;
        let code = code.reveal().trim();
        let (shown, word) = match Digits::read(code) {
            Some(digits) => (Shown::Digits(digits.clone()), digits.text()),
            None => (Shown::Secret(Hash::of(code)), code.to_owned()),
        };
        let claim = claimed(&["code", &word], claim.reveal())?;
        let device = device.map(|(device, key)| device_key(&device, key.reveal())).transpose()?;
        let comer = Comer { claim, name: change::name(&name)?, device, is_anothers, from };
        let access = self.clone();
        detached(move |deadline| async move { access.redeem_shown(shown, comer, deadline).await })
            .await
    }

    async fn redeem_shown(
        &self,
        shown: Shown,
        comer: Comer,
        deadline: Instant,
    ) -> Result<LetIn, Refused> {
        let mut is_second_look = false;
        let grant = loop {
            if let Some(again) = self.again(&comer.claim, deadline).await {
                return again;
            }
            match self.spend(&shown, &comer)? {
                Spent::Now(grant) => break grant,
                // The same request is being answered on another connection.
                Spent::Before if !is_second_look => {
                    is_second_look = true;
                    // It has its answer by then, and the use is given back or spent.
                    let _ = timeout_at(deadline, self.shared.saving.turn()).await;
                }
                // Whom it let in has gone, or was sent away.
                Spent::Before | Spent::Ended => return Err(Refused::Ended),
                Spent::Unknown => return Err(Refused::Wrong),
            }
        };
        let (browser, cookie) = comer.browser(grant.rights, grant.user);
        let id = browser.id.clone();
        let give_back = |state: &mut State| state.codes.give_back(&grant.code, &comer.claim);
        let terms = Terms::new(Basis::Code(grant.code.clone()), deadline);
        match self.give_or(&Edit::LetIn(browser), &terms, give_back).await {
            Ok(()) => self.let_in(&id, cookie),
            // Somebody ended the code meanwhile.
            Err(Error::Superseded) => Err(Refused::Ended),
            Err(error) => Err(error.into()),
        }
    }

    /// Judges a code and counts the failure, in one step.
    fn spend(&self, shown: &Shown, comer: &Comer) -> Result<Spent, Refused> {
        let now_ms = self.now_ms();
        let mut state = self.lock();
        let is_guessable = matches!(shown, Shown::Digits(_));
        if is_guessable {
            state.guesses.check(comer.from, now_ms)?;
        }
        let spent = state.codes.spend(shown, &comer.claim, now_ms);
        if is_guessable && matches!(spent, Spent::Ended | Spent::Unknown) {
            state.guesses.fail(comer.from, now_ms);
        }
        // Whoever has no code does not learn which devices there are.
        if let (Spent::Now(grant), Some(device)) = (&spent, &comer.device) {
            let checked = match comer.is_anothers {
                true => Err(Error::NotYours),
                false => state.book.check_device(device),
            };
            if let Err(error) = checked {
                state.codes.give_back(&grant.code, &comer.claim);
                return Err(error.into());
            }
        }
        Ok(spent)
    }

    /// Lets a browser in as a user.
    ///
    /// # Errors
    /// When name or password are not right, or it cannot be written.
    pub(crate) async fn sign_in(
        &self,
        user: &str,
        password: &Password,
        claim: &str,
        name: &str,
        from: IpAddr,
    ) -> Result<LetIn, Refused> {
        let (user, kept) = {
            let state = self.lock();
            let user = state.book.user_named(user);
            (user.map(|user| user.id.clone()), user.and_then(|user| user.password.clone()))
        };
        let claim = claimed(&["user", user.as_deref().unwrap_or_default()], claim)?;
        let comer =
            Comer { claim, name: change::name(name)?, device: None, is_anothers: false, from };
        // Counted before it is judged, which takes its time: many at once are no more.
        {
            let now_ms = self.now_ms();
            let mut state = self.lock();
            let checked = state.sign_ins.check(from, now_ms);
            checked.map_err(|Pause { retry_after_s }| Refused::TooManySignIns { retry_after_s })?;
            state.sign_ins.fail(from, now_ms);
        }
        let is_it = self.shared.passwords.is(password, kept.clone()).await;
        let user = user.filter(|_| is_it).ok_or(Refused::WrongPassword)?;
        self.lock().sign_ins.forgive(from);
        let access = self.clone();
        detached(move |deadline| async move {
            if let Some(again) = access.again(&comer.claim, deadline).await {
                return again;
            }
            let (rights, basis) = {
                let state = access.lock();
                let user = state.book.users.get(&user);
                // It may have been changed meanwhile.
                let user =
                    user.filter(|user| user.password == kept).ok_or(Refused::WrongPassword)?;
                let password = Subject::Password(user.id.clone());
                (user.rights.clone(), state.changes.look(password))
            };
            let (browser, cookie) = comer.browser(rights, Some(user));
            let id = browser.id.clone();
            access.give(&Edit::LetIn(browser), &Terms::new(basis, deadline)).await.map_err(
                |error| match error {
                    // The user has another password, or is gone.
                    Error::Superseded | Error::Unknown { .. } => Refused::WrongPassword,
                    error => error.into(),
                },
            )?;
            access.let_in(&id, cookie)
        })
        .await
    }

    /// A browser goes, and does not come back by its cookie or its key. Others have nothing to
    /// lose.
    ///
    /// # Errors
    /// When nobody who lets others in would be left.
    pub(crate) async fn sign_out(&self, pass: &Pass) -> Result<Option<String>, Error> {
        let Who::Browser { id, .. } = pass.who() else { return Ok(None) };
        let (access, id) = (self.clone(), id.clone());
        detached(move |deadline| async move {
            match access.make(Edit::RemoveBrowser(id), By::Oneself, deadline).await {
                Err(Error::Unknown { .. }) => Ok(None),
                made => made,
            }
        })
        .await
    }

    /// The first hello of a browser that was let in without one: from now on it is known by its
    /// key as well.
    ///
    /// # Errors
    /// When another browser records under the id, or it cannot be written.
    pub(crate) async fn register_device(
        &self,
        pass: &Pass,
        device: &str,
        key: &str,
    ) -> Result<(), Error> {
        let Who::Browser { id, .. } = pass.who() else { return Ok(()) };
        let device = device_key(device, key)?;
        let known = self.lock().book.browsers.get(id).and_then(|browser| browser.device.clone());
        if known.as_ref() == Some(&device) {
            return Ok(());
        }
        let (access, browser) = (self.clone(), id.clone());
        let register = Edit::Register { browser, device };
        detached(move |deadline| async move {
            access.give(&register, &Terms::new(Basis::Own, deadline)).await
        })
        .await
    }

    /// Another cookie for the browser whose page has made this claim already, and has got no answer.
    async fn again(&self, claim: &Hash, deadline: Instant) -> Option<Result<LetIn, Refused>> {
        let id = self.lock().book.by_claim(claim, clock::now_ms())?.id.clone();
        let cookie = secret::secret("");
        let renew = Edit::Renew { browser: id.clone(), cookie: Hash::of(cookie.reveal()) };
        Some(match self.give(&renew, &Terms::new(Basis::Own, deadline)).await {
            Ok(()) => self.let_in(&id, cookie),
            // It has been shut out meanwhile.
            Err(Error::Unknown { .. }) => Err(Refused::Ended),
            Err(error) => Err(error.into()),
        })
    }

    fn let_in(&self, id: &str, cookie: Secret) -> Result<LetIn, Refused> {
        let pass = self.browser_pass(&mut self.lock(), id);
        // It may have been revoked meanwhile.
        pass.map(|pass| LetIn { cookie, pass }).ok_or(Refused::Ended)
    }
}

impl Comer {
    /// As it goes into the book, and its cookie.
    fn browser(&self, rights: Rights, user: Option<String>) -> (Browser, Secret) {
        let cookie = secret::secret("");
        let browser = Browser {
            id: secret::id(),
            name: self.name.clone(),
            rights,
            user,
            device: self.device.clone(),
            cookie: Hash::of(cookie.reveal()),
            claim: Some(self.claim.clone()),
            is_first: false,
            created_ms: clock::now_ms(),
            last_seen_ms: None,
            last_from: Some(self.from.to_canonical()),
        };
        (browser, cookie)
    }
}

impl From<Pause> for Refused {
    fn from(Pause { retry_after_s }: Pause) -> Self {
        Self::TooMany { retry_after_s }
    }
}

/// What is kept of a device.
fn device_key(device: &str, key: &str) -> Result<DeviceKey, Error> {
    if !is_device_id(device) {
        let sentence = "a device's id must be 8 to 64 of A-Z a-z 0-9 _ -";
        return Err(Error::Invalid(sentence.to_owned()));
    }
    if !is_device_key(key) {
        let sentence = "a device's key must be 16 to 128 ASCII characters without spaces";
        return Err(Error::Invalid(sentence.to_owned()));
    }
    Ok(DeviceKey::new(device, key))
}

/// What is kept of a claim. It stands for what it was made for alone.
fn claimed(what: &[&str], claim: &str) -> Result<Hash, Refused> {
    match secret::is_claim(claim) {
        true => Ok(Hash::of_all(&[what, &[claim]].concat())),
        false => Err(Refused::BadClaim),
    }
}
