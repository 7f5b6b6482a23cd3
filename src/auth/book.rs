//! Everything about who is let in that outlasts the server, and every change to it. Pure.

mod edit;
mod meet;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::role::{Mode, Rights, Role};
use super::secret::Hash;
pub(super) use edit::Edit;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The first second of 2026, in which this program began to be.
const FIRST_MS: i64 = 1_767_225_600_000;

/// Browsers keep no cookie longer (RFC 6265bis).
pub(super) const COOKIE_DAYS: i64 = 400;

/// A page that has got no answer asks again within this.
const CLAIM_MS: i64 = 10 * 60 * 1000;

/// Everybody who is let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Book {
    pub(super) mode: Mode,
    /// Whether an admin's cookie has been shown to the server. Until then the first decision is
    /// open.
    pub(super) is_admin_seen: bool,
    pub(super) users: BTreeMap<String, User>,
    pub(super) browsers: BTreeMap<String, Browser>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) links: BTreeMap<String, Link>,
    /// Devices that were revoked, the newest last, so that they can be told why.
    pub(super) revoked: VecDeque<DeviceKey>,
}

impl Default for Book {
    fn default() -> Self {
        Self {
            mode: Mode::Undecided,
            is_admin_seen: false,
            users: BTreeMap::new(),
            browsers: BTreeMap::new(),
            tokens: BTreeMap::new(),
            links: BTreeMap::new(),
            revoked: VecDeque::new(),
        }
    }
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) rights: Rights,
    #[serde(default)]
    pub(super) password: Option<PasswordHash>,
    pub(super) created_ms: i64,
    #[serde(default)]
    pub(super) last_seen_ms: Option<i64>,
}

/// What is kept of a password: argon2id, in the PHC format.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct PasswordHash(pub(super) String);

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A browser that was let in, and keeps a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Browser {
    pub(super) id: String,
    pub(super) name: String,
    /// What was given to it; a user's has the user's instead.
    #[serde(flatten)]
    pub(super) rights: Rights,
    /// The id of the user as whom it has signed in.
    #[serde(default)]
    pub(super) user: Option<String>,
    /// What it records with.
    #[serde(default)]
    pub(super) device: Option<DeviceKey>,
    pub(super) cookie: Hash,
    /// How it is known if the answer with the cookie was lost.
    #[serde(default)]
    pub(super) claim: Option<Hash>,
    /// Whether it came by the first decision.
    #[serde(default)]
    pub(super) is_first: bool,
    pub(super) created_ms: i64,
    #[serde(default)]
    pub(super) last_seen_ms: Option<i64>,
    #[serde(default)]
    pub(super) last_from: Option<IpAddr>,
}

impl Browser {
    /// Whether its cookie has ended.
    pub(super) fn has_ended(&self, now_ms: i64) -> bool {
        let seen_ms = self.last_seen_ms.unwrap_or(self.created_ms);
        // A clock that stood before this program was there was wrong, and says nothing.
        seen_ms > FIRST_MS && now_ms.saturating_sub(seen_ms) > COOKIE_DAYS * DAY_MS
    }
}

/// A device's id, and what its hellos are known by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DeviceKey {
    pub(super) device: String,
    pub(super) key_sha256: Hash,
}

impl DeviceKey {
    pub(super) fn new(device: &str, key: &str) -> Self {
        Self { device: device.to_owned(), key_sha256: Hash::of(key) }
    }
}

/// A program's way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(flatten)]
    pub(super) rights: Rights,
    pub(super) sha256: Hash,
    pub(super) created_ms: i64,
    #[serde(default)]
    pub(super) ends_ms: Option<i64>,
    #[serde(default)]
    pub(super) last_seen_ms: Option<i64>,
}

impl Token {
    pub(super) fn has_ended(&self, now_ms: i64) -> bool {
        self.ends_ms.is_some_and(|ends_ms| ends_ms <= now_ms)
    }
}

/// Shows streams to whoever has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) id: String,
    #[serde(flatten)]
    pub(super) rights: Rights,
    pub(super) sha256: Hash,
    pub(super) created_ms: i64,
    pub(super) ends_ms: i64,
}

impl Link {
    pub(super) fn has_ended(&self, now_ms: i64) -> bool {
        self.ends_ms <= now_ms
    }
}

/// Whose rights can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Browser(String),
    Token(String),
    Link(String),
}

impl Book {
    /// What somebody may, who may have gone. That something has ended is not known here.
    pub(super) fn rights(&self, holder: &Holder) -> Option<&Rights> {
        match holder {
            Holder::Browser(id) => self.browser_rights(self.browsers.get(id)?),
            Holder::Token(id) => self.tokens.get(id).map(|token| &token.rights),
            Holder::Link(id) => self.links.get(id).map(|link| &link.rights),
        }
    }

    /// A user's browser has the user's rights.
    pub(super) fn browser_rights<'a>(&'a self, browser: &'a Browser) -> Option<&'a Rights> {
        match &browser.user {
            Some(user) => self.users.get(user).map(|user| &user.rights),
            None => Some(&browser.rights),
        }
    }

    pub(super) fn by_cookie(&self, cookie: &Hash) -> Option<&Browser> {
        self.browsers.values().find(|browser| browser.cookie == *cookie)
    }

    /// The browser whose page has made this claim and may have got no answer.
    pub(super) fn by_claim(&self, claim: &Hash, now_ms: i64) -> Option<&Browser> {
        let is_young =
            |made_ms: i64| now_ms.saturating_sub(made_ms).unsigned_abs() <= CLAIM_MS.unsigned_abs();
        self.browsers
            .values()
            .find(|browser| browser.claim.as_ref() == Some(claim) && is_young(browser.created_ms))
    }

    /// The browser that records with a device.
    pub(super) fn by_device(&self, device: &str) -> Option<&Browser> {
        let is_it = |browser: &&Browser| {
            browser.device.as_ref().is_some_and(|known| known.device == device)
        };
        self.browsers.values().find(is_it)
    }

    /// Names are compared as people read them.
    pub(super) fn user_named(&self, name: &str) -> Option<&User> {
        let name = name.trim().to_lowercase();
        self.users.values().find(|user| user.name.to_lowercase() == name)
    }

    /// Whether no admin has shown a cookie yet: nobody has decided, or the answer was lost.
    pub(super) fn needs_first_decision(&self) -> bool {
        !self.is_admin_seen
    }

    /// People who can let others in: admins' browsers, and users who can sign in as one.
    pub(super) fn has_admin(&self, now_ms: i64) -> bool {
        let may = |rights: &Rights| rights.role == Role::Admin;
        let browsers = self.browsers.values().filter(|browser| !browser.has_ended(now_ms));
        browsers.filter_map(|browser| self.browser_rights(browser)).any(may)
            || self.users.values().any(|user| user.password.is_some() && may(&user.rights))
    }
}
