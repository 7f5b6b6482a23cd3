//! What an admin may change. The same for the API and the command line.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::book::{Edit, Link, PasswordHash, Token, User};
use super::error::Error;
use super::people::Entry;
use super::role::{Mode, Rights, Role, Scope};
use super::secret::{self, Hash, LINK_PREFIX, Password, TOKEN_PREFIX};
use crate::config::Secret;
use crate::text::{is_within, one_line};

/// A name in a list; longer ones help nobody.
pub(super) const MAX_NAME_CHARS: usize = 100;

/// A site's cameras.
const MAX_SCOPE_NAMES: usize = 200;

/// Stream names and device ids have at most 64 characters.
const MAX_SCOPE_NAME_CHARS: usize = 64;

/// A hundred years.
const MAX_DAYS: u32 = 36_525;

/// A year: a link that is to last is a token.
const MAX_LINK_MINUTES: u32 = 366 * 24 * 60;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// A change by an admin.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Change {
    AddUser {
        name: String,
        role: Role,
        #[serde(default)]
        scope: Scope,
        #[serde(default)]
        password: Option<Password>,
    },
    AlterUser {
        id: String,
        name: String,
        role: Role,
        #[serde(default)]
        scope: Scope,
    },
    RemoveUser {
        id: String,
    },
    /// Browsers that have signed in with the one before stay in.
    SetPassword {
        id: String,
        password: Option<Password>,
    },
    AddToken {
        name: String,
        role: Role,
        #[serde(default)]
        scope: Scope,
        /// For how long; for ever without.
        #[serde(default)]
        days: Option<u32>,
    },
    RevokeToken {
        id: String,
    },
    AddLink {
        /// The streams that it shows.
        scope: BTreeSet<String>,
        minutes: u32,
    },
    RevokeLink {
        id: String,
    },
    AlterBrowser {
        id: String,
        name: String,
        role: Role,
        #[serde(default)]
        scope: Scope,
    },
    RevokeBrowser {
        id: String,
    },
    SetMode {
        mode: Mode,
    },
}

impl Change {
    /// The password that it sets.
    pub(super) fn password(&self) -> Option<&Password> {
        match self {
            Self::AddUser { password, .. } | Self::SetPassword { password, .. } => {
                password.as_ref()
            }
            _ => None,
        }
    }
}

/// What came of a change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Applied {
    /// As it stands in the list now, unless it was removed.
    pub(crate) entry: Option<Entry>,
    /// The secret that was made; nobody can see it again.
    pub(crate) secret: Option<Secret>,
    /// That it holds, but a restart would undo it.
    pub(crate) warning: Option<String>,
}

/// A change, ready to be made.
pub(super) struct Prepared {
    pub(super) edit: Edit,
    /// The entry that it is about.
    pub(super) about: About,
    pub(super) secret: Option<Secret>,
}

/// An entry of the list.
#[derive(Debug, Clone)]
pub(super) enum About {
    User(String),
    Browser(String),
    Token(String),
    Link(String),
    Nothing,
}

/// Puts in what chance, the clock and the hashing of its password decide.
pub(super) fn prepare(
    change: Change,
    hashed: Option<PasswordHash>,
    now_ms: i64,
) -> Result<Prepared, Error> {
    let plain = |edit: Edit, about: About| Prepared { edit, about, secret: None };
    Ok(match change {
        Change::AddUser { name, role, scope, password } => {
            let password = password.and(hashed);
            let user = User {
                id: secret::id(),
                name: self::name(&name)?,
                rights: rights(role, scope)?,
                password,
                created_ms: now_ms,
                last_seen_ms: None,
            };
            let about = About::User(user.id.clone());
            plain(Edit::AddUser(user), about)
        }
        Change::AlterUser { id, name, role, scope } => {
            let (name, rights) = (self::name(&name)?, rights(role, scope)?);
            plain(Edit::AlterUser { id: id.clone(), name, rights }, About::User(id))
        }
        Change::RemoveUser { id } => plain(Edit::RemoveUser(id), About::Nothing),
        Change::SetPassword { id, password } => {
            let password = password.and(hashed);
            plain(Edit::SetPassword { id: id.clone(), password }, About::User(id))
        }
        Change::AddToken { name, role, scope, days } => {
            let text = secret::secret(TOKEN_PREFIX);
            if days.is_some_and(|days| !(1..=MAX_DAYS).contains(&days)) {
                return Err(Error::Invalid(format!("days must be between 1 and {MAX_DAYS}")));
            }
            let token = Token {
                id: secret::id(),
                name: self::name(&name)?,
                rights: rights(role, scope)?,
                sha256: Hash::of(text.reveal()),
                created_ms: now_ms,
                ends_ms: days.map(|days| now_ms.saturating_add(i64::from(days) * DAY_MS)),
                last_seen_ms: None,
            };
            let about = About::Token(token.id.clone());
            Prepared { edit: Edit::AddToken(token), about, secret: Some(text) }
        }
        Change::RevokeToken { id } => plain(Edit::RevokeToken(id), About::Nothing),
        Change::AddLink { scope, minutes } => {
            if scope.is_empty() {
                return Err(Error::Invalid("a link must name the streams it shows".to_owned()));
            }
            if !(1..=MAX_LINK_MINUTES).contains(&minutes) {
                let range = format!("minutes must be between 1 and {MAX_LINK_MINUTES}");
                return Err(Error::Invalid(range));
            }
            let text = secret::secret(LINK_PREFIX);
            let link = Link {
                id: secret::id(),
                rights: rights(Role::Viewer, Scope::Only(scope))?,
                sha256: Hash::of(text.reveal()),
                created_ms: now_ms,
                ends_ms: now_ms.saturating_add(i64::from(minutes) * 60_000),
            };
            let about = About::Link(link.id.clone());
            Prepared { edit: Edit::AddLink(link), about, secret: Some(text) }
        }
        Change::RevokeLink { id } => plain(Edit::RevokeLink(id), About::Nothing),
        Change::AlterBrowser { id, name, role, scope } => {
            let (name, rights) = (self::name(&name)?, rights(role, scope)?);
            plain(Edit::AlterBrowser { id: id.clone(), name, rights }, About::Browser(id))
        }
        Change::RevokeBrowser { id } => plain(Edit::RevokeBrowser(id), About::Nothing),
        Change::SetMode { mode: mode @ (Mode::Paired | Mode::Network) } => {
            plain(Edit::SetMode(mode), About::Nothing)
        }
        Change::SetMode { .. } => {
            return Err(Error::Invalid("the mode is paired or network".to_owned()));
        }
    })
}

/// A name as it stands in lists.
pub(super) fn name(name: &str) -> Result<String, Error> {
    let line = one_line(name);
    match !line.is_empty() && is_within(&line, MAX_NAME_CHARS) {
        true => Ok(line),
        false => {
            Err(Error::Invalid(format!("a name has between 1 and {MAX_NAME_CHARS} characters")))
        }
    }
}

/// Whether a stream, a source or a device can have it as its name or id.
pub(crate) fn is_scope_name(name: &str) -> bool {
    let is_one = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && is_within(name, MAX_SCOPE_NAME_CHARS) && name.chars().all(is_one)
}

/// What somebody is to be given.
pub(super) fn rights(role: Role, scope: Scope) -> Result<Rights, Error> {
    if let Scope::Only(names) = &scope
        && (names.len() > MAX_SCOPE_NAMES || !names.iter().all(|name| is_scope_name(name)))
    {
        return Err(Error::Invalid(format!(
            "a scope is a list of at most {MAX_SCOPE_NAMES} names of streams or ids of devices, of \
             at most {MAX_SCOPE_NAME_CHARS} letters, digits, hyphens and underscores each"
        )));
    }
    // An admin watches everything.
    let scope = if role == Role::Viewer { scope } else { Scope::All };
    Ok(Rights::new(role, scope))
}
