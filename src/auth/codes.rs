//! Codes that let browsers in. In memory alone, and pure: time is of a clock that only goes ahead,
//! since a code that is for ten minutes must not come back when the wall clock is set.

use std::collections::HashSet;

use super::book::Holder;
use super::error::Error;
use super::role::{Rights, Role};
use super::secret::{Digits, Hash};

/// With each of them one more of a million guesses is right.
pub(super) const MAX_CODES: usize = 20;

/// A school.
const MAX_USES: u32 = 1_000;

/// A week: until all devices of a site have been unpacked.
const MAX_MINUTES: u32 = 7 * 24 * 60;

/// A hundred guesses in ten minutes find six digits with a chance of 1 in 1,600 in an hour.
const MAX_DIGITS_MINUTES: u32 = 60;

/// Ended ones among them.
const MAX_REMEMBERED: usize = 200;

/// So long a code that has ended is told from one that never was.
const REMEMBERED_MS: u64 = 60 * 60 * 1000;

/// A code that lets browsers in.
#[derive(Debug)]
pub(super) struct Code {
    pub(super) id: String,
    pub(super) rights: Rights,
    /// As whom a browser signs in with it.
    pub(super) user: Option<String>,
    pub(super) uses_left: u32,
    pub(super) ends_at_ms: u64,
    /// The same for people.
    pub(super) ends_ms: i64,
    /// Whether somebody ended it before its time.
    is_withdrawn: bool,
    /// The admin who made it; the server's owner has none to lose.
    maker: Option<Holder>,
    digits: Option<Digits>,
    secret: Hash,
    /// The claims that it was spent for.
    spent: HashSet<Hash>,
}

/// What somebody has shown.
#[derive(Debug, Clone)]
pub(super) enum Shown {
    Digits(Digits),
    Secret(Hash),
}

/// What comes of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Spent {
    /// A use has been taken.
    Now(Grant),
    /// It had been spent for this very claim.
    Before,
    Ended,
    Unknown,
}

/// What a code gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    /// The code's id.
    pub(super) code: String,
    pub(super) rights: Rights,
    pub(super) user: Option<String>,
}

/// A code to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewCode {
    pub(crate) role: Role,
    pub(crate) scope: super::Scope,
    /// As whom a browser signs in with it; then role and scope are the user's.
    pub(crate) user: Option<String>,
    pub(crate) uses: u32,
    pub(crate) minutes: u32,
}

/// The codes that there are.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// The oldest first.
    codes: Vec<Code>,
}

impl Codes {
    /// Makes a code. Its digits are returned, if it has some.
    ///
    /// # Errors
    /// When numbers are out of range, or there are too many codes.
    pub(super) fn add(
        &mut self,
        new: &NewCode,
        maker: Option<Holder>,
        secret: Hash,
        id: String,
        now: (u64, i64),
    ) -> Result<&Code, Error> {
        let (now_ms, wall_ms) = now;
        if !(1..=MAX_USES).contains(&new.uses) {
            return Err(Error::Invalid(format!("uses must be between 1 and {MAX_USES}")));
        }
        if !(1..=MAX_MINUTES).contains(&new.minutes) {
            return Err(Error::Invalid(format!("minutes must be between 1 and {MAX_MINUTES}")));
        }
        self.forget(now_ms);
        if self.live(now_ms).count() >= MAX_CODES {
            return Err(Error::Full { what: "codes", max: MAX_CODES });
        }
        // Six digits can be guessed: what they let in is not everything, and they do not last.
        let has_digits =
            new.role != Role::Admin && new.user.is_none() && new.minutes <= MAX_DIGITS_MINUTES;
        let digits = has_digits.then(|| self.unused_digits());
        let lasts_ms = u64::from(new.minutes) * 60_000;
        self.codes.push(Code {
            id,
            rights: Rights::new(new.role, new.scope.clone()),
            user: new.user.clone(),
            uses_left: new.uses,
            ends_at_ms: now_ms + lasts_ms,
            ends_ms: wall_ms.saturating_add_unsigned(lasts_ms),
            is_withdrawn: false,
            maker,
            digits,
            secret,
            spent: HashSet::new(),
        });
        let last = self.codes.len() - 1;
        Ok(&self.codes[last])
    }

    /// Takes one use for a claim.
    pub(super) fn spend(&mut self, shown: &Shown, claim: &Hash, now_ms: u64) -> Spent {
        self.forget(now_ms);
        // Each is compared, so that the time tells nothing; the newest counts.
        let mut found = None;
        for code in &mut self.codes {
            if code.is(shown) {
                found = Some(code);
            }
        }
        let Some(code) = found else { return Spent::Unknown };
        if code.spent.contains(claim) {
            return Spent::Before;
        }
        if !code.is_live(now_ms) {
            return Spent::Ended;
        }
        code.uses_left -= 1;
        code.spent.insert(claim.clone());
        let Code { id, rights, user, .. } = code;
        Spent::Now(Grant { code: id.clone(), rights: rights.clone(), user: user.clone() })
    }

    /// Nobody has been let in for the use that was taken for a claim.
    pub(super) fn give_back(&mut self, id: &str, claim: &Hash) {
        if let Some(code) = self.codes.iter_mut().find(|code| code.id == id)
            && code.spent.remove(claim)
        {
            code.uses_left += 1;
        }
    }

    /// Ends a code. Says whether there was one.
    pub(super) fn end(&mut self, id: &str, now_ms: u64) -> bool {
        let Some(code) = self.codes.iter_mut().find(|code| code.id == id) else { return false };
        let was_live = code.is_live(now_ms);
        // Also for whoever has spent it and waits for the disk.
        code.is_withdrawn = true;
        code.ends_at_ms = code.ends_at_ms.min(now_ms);
        was_live
    }

    /// Whether whoever has spent a code may still be let in for it.
    pub(super) fn gives(&self, id: &str) -> bool {
        self.codes.iter().any(|code| code.id == id && !code.is_withdrawn)
    }

    /// Ends those that let an admin in.
    pub(super) fn end_admins(&mut self) {
        self.codes.retain(|code| code.rights.role != Role::Admin);
    }

    /// Ends the codes of users who are gone.
    pub(super) fn keep_users(&mut self, is_there: impl Fn(&str) -> bool) {
        self.codes.retain(|code| code.user.as_deref().is_none_or(&is_there));
    }

    /// Ends the codes of admins who are none any more.
    pub(super) fn keep_makers(&mut self, is_admin: impl Fn(&Holder) -> bool) {
        for code in &mut self.codes {
            code.is_withdrawn |= code.maker.as_ref().is_some_and(|maker| !is_admin(maker));
        }
    }

    /// Those that let somebody in.
    pub(super) fn live(&self, now_ms: u64) -> impl Iterator<Item = &Code> {
        self.codes.iter().filter(move |code| code.is_live(now_ms))
    }

    fn unused_digits(&self) -> Digits {
        loop {
            let digits = Digits::random();
            if !self.codes.iter().any(|code| code.is(&Shown::Digits(digits.clone()))) {
                return digits;
            }
        }
    }

    fn forget(&mut self, now_ms: u64) {
        self.codes.retain(|code| now_ms < code.ends_at_ms + REMEMBERED_MS);
        // One code after the other, each spent or ended at once.
        let surplus = self.codes.len().saturating_sub(MAX_REMEMBERED);
        let mut left = surplus;
        self.codes.retain(|code| {
            let goes = left > 0 && !code.is_live(now_ms);
            left -= usize::from(goes);
            !goes
        });
    }
}

impl Code {
    pub(super) fn is_live(&self, now_ms: u64) -> bool {
        self.uses_left > 0 && now_ms < self.ends_at_ms && !self.is_withdrawn
    }

    pub(super) fn digits(&self) -> Option<String> {
        self.digits.as_ref().map(Digits::text)
    }

    fn is(&self, shown: &Shown) -> bool {
        match shown {
            Shown::Digits(digits) => self.digits.as_ref().is_some_and(|own| own.are(digits)),
            Shown::Secret(hash) => self.secret == *hash,
        }
    }
}
