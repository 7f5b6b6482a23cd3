//! Every change to the book.

use std::collections::HashSet;
use std::net::IpAddr;

use super::{Book, Browser, DeviceKey, Link, Mode, PasswordHash, Token, User};
use crate::auth::change::MAX_NAME_CHARS;
use crate::auth::changes::Subject;
use crate::auth::error::Error;
use crate::auth::role::{Rights, Role};
use crate::auth::secret::Hash;
use crate::text::cut;

/// More people than a site has that keeps its users here.
const MAX_USERS: usize = 500;

/// A thousand devices are remembered; each may have been let in anew.
const MAX_BROWSERS: usize = 2_000;

const MAX_TOKENS: usize = 500;

/// A page for each of many visitors makes its own.
const MAX_LINKS: usize = 1_000;

/// As many as devices are remembered; the oldest are forgotten, and told `not_paired` then.
const MAX_REVOKED: usize = 1_000;

/// A change with everything in it that chance or the clock decide, so that it is the same whenever
/// it is made.
#[derive(Debug, Clone)]
pub(in crate::auth) enum Edit {
    /// The first decision.
    Decide {
        mode: Mode,
        browser: Browser,
    },
    LetIn(Browser),
    /// Another cookie for a browser whose page has got no answer.
    Renew {
        browser: String,
        cookie: Hash,
    },
    Register {
        browser: String,
        device: DeviceKey,
    },
    RemoveBrowser(String),
    /// Takes it from its device as well, which is told.
    RevokeBrowser(String),
    AlterBrowser {
        id: String,
        name: String,
        rights: Rights,
    },
    AddUser(User),
    AlterUser {
        id: String,
        name: String,
        rights: Rights,
    },
    RemoveUser(String),
    SetPassword {
        id: String,
        password: Option<PasswordHash>,
    },
    AddToken(Token),
    RevokeToken(String),
    AddLink(Link),
    RevokeLink(String),
    SetMode(Mode),
}

impl Edit {
    /// What it sets to something else, where another change may set it, too.
    pub(in crate::auth) fn subject(&self) -> Option<Subject> {
        match self {
            Self::Decide { .. } | Self::SetMode(_) => Some(Subject::Mode),
            Self::AlterBrowser { id, .. } | Self::AlterUser { id, .. } => {
                Some(Subject::Rights(id.clone()))
            }
            Self::SetPassword { id, .. } => Some(Subject::Password(id.clone())),
            // An entry that comes, or goes for good.
            _ => None,
        }
    }
}

fn is_same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// What is told of an entry that is not there.
fn unknown(what: &'static str, id: &str) -> Error {
    Error::Unknown { what, id: id.to_owned() }
}

impl Book {
    /// Makes the change, or changes nothing.
    ///
    /// # Errors
    /// When what it is about is not there, or there is no room.
    pub(in crate::auth) fn apply(&mut self, edit: &Edit, now_ms: i64) -> Result<(), Error> {
        match edit {
            Edit::Decide { mode, browser } => {
                if !self.needs_first_decision() {
                    return Err(Error::Decided);
                }
                // Whose answer was lost, and who has not asked again.
                self.browsers.retain(|_, b| !b.is_first || b.last_seen_ms.is_some());
                self.let_in(browser, now_ms)?;
                self.mode = *mode;
            }
            Edit::LetIn(browser) => self.let_in(browser, now_ms)?,
            Edit::Renew { browser, cookie } => self.browser(browser)?.cookie = cookie.clone(),
            Edit::Register { browser, device } => {
                self.check_device(device)?;
                self.revoked.retain(|revoked| revoked != device);
                self.browsers.retain(|id, b| id == browser || b.device.as_ref() != Some(device));
                self.browser(browser)?.device = Some(device.clone());
            }
            Edit::RemoveBrowser(id) => {
                self.browsers.remove(id).ok_or_else(|| unknown("browser", id))?;
            }
            Edit::RevokeBrowser(id) => {
                let browser = self.browsers.remove(id).ok_or_else(|| unknown("browser", id))?;
                self.remember_revoked(browser);
            }
            Edit::AlterBrowser { id, name, rights } => {
                let known = self.browsers.get(id).ok_or_else(|| unknown("browser", id))?;
                let is_users = known.user.is_some();
                if is_users && self.browser_rights(known) != Some(rights) {
                    return Err(Error::OfUser);
                }
                let browser = self.browser(id)?;
                browser.name.clone_from(name);
                if !is_users {
                    browser.rights.clone_from(rights);
                }
            }
            Edit::AddUser(user) => {
                self.check_name(&user.name, &user.id)?;
                check_room(self.users.len(), MAX_USERS, "users")?;
                self.users.insert(user.id.clone(), user.clone());
            }
            Edit::AlterUser { id, name, rights } => {
                self.check_name(name, id)?;
                let user = self.user(id)?;
                user.name.clone_from(name);
                user.rights.clone_from(rights);
            }
            Edit::RemoveUser(id) => {
                self.users.remove(id).ok_or_else(|| unknown("user", id))?;
                let is_theirs = |browser: &Browser| browser.user.as_ref() == Some(id);
                let theirs: Vec<_> = self.browsers.extract_if(.., |_, b| is_theirs(b)).collect();
                theirs.into_iter().for_each(|(_, browser)| self.remember_revoked(browser));
            }
            Edit::SetPassword { id, password } => self.user(id)?.password.clone_from(password),
            Edit::AddToken(token) => {
                // One is revoked by its name. One that has ended gives way.
                let is_called_so = |known: &Token| is_same_name(&known.name, &token.name);
                self.tokens.retain(|_, known| !(is_called_so(known) && known.has_ended(now_ms)));
                if self.tokens.values().any(is_called_so) {
                    return Err(Error::NameTaken { what: "token", name: token.name.clone() });
                }
                if self.tokens.len() >= MAX_TOKENS {
                    self.tokens.retain(|_, token| !token.has_ended(now_ms));
                }
                check_room(self.tokens.len(), MAX_TOKENS, "tokens")?;
                self.tokens.insert(token.id.clone(), token.clone());
            }
            Edit::RevokeToken(id) => {
                self.tokens.remove(id).ok_or_else(|| unknown("token", id))?;
            }
            Edit::AddLink(link) => {
                if self.links.len() >= MAX_LINKS {
                    self.links.retain(|_, link| !link.has_ended(now_ms));
                }
                check_room(self.links.len(), MAX_LINKS, "links")?;
                self.links.insert(link.id.clone(), link.clone());
            }
            Edit::RevokeLink(id) => {
                self.links.remove(id).ok_or_else(|| unknown("link", id))?;
            }
            Edit::SetMode(mode) => self.mode = *mode,
        }
        Ok(())
    }

    /// Somebody has shown a browser's cookie, or its device's key.
    pub(in crate::auth) fn see_browser(&mut self, id: &str, from: Option<IpAddr>, now_ms: i64) {
        let Some(browser) = self.browsers.get_mut(id) else { return };
        // A clock that was ahead, or is behind, takes nothing back.
        browser.last_seen_ms = browser.last_seen_ms.max(Some(now_ms));
        browser.last_from = from.or(browser.last_from);
        if let Some(user) = browser.user.as_ref().and_then(|user| self.users.get_mut(user)) {
            user.last_seen_ms = user.last_seen_ms.max(Some(now_ms));
        }
    }

    fn let_in(&mut self, browser: &Browser, now_ms: i64) -> Result<(), Error> {
        if let Some(user) = &browser.user
            && !self.users.contains_key(user)
        {
            return Err(unknown("user", user));
        }
        if let Some(device) = &browser.device {
            self.check_device(device)?;
            self.revoked.retain(|revoked| revoked != device);
            self.leave_device(device, browser);
        }
        if self.browsers.len() >= MAX_BROWSERS {
            self.browsers.retain(|_, browser| !browser.has_ended(now_ms));
        }
        check_room(self.browsers.len(), MAX_BROWSERS, "browsers")?;
        let name = self.name_apart(&browser.name);
        self.browsers.insert(browser.id.clone(), Browser { name, ..browser.clone() });
        Ok(())
    }

    /// Browsers of a kind call themselves alike: one that comes later gets a number, until a person
    /// gives it a name.
    fn name_apart(&self, name: &str) -> String {
        let names: HashSet<String> =
            self.browsers.values().map(|b| b.name.to_lowercase()).collect();
        let numbered = (2..).map(|number| {
            let end = format!(" {number}");
            format!("{}{end}", cut(name, MAX_NAME_CHARS - end.chars().count()))
        });
        std::iter::once(name.to_owned())
            .chain(numbered)
            .find(|name| !names.contains(&name.to_lowercase()))
            .unwrap_or_default()
    }

    /// The same browser has come back without its cookie. An admin's who follows the link for a
    /// camera stays an admin's.
    fn leave_device(&mut self, device: &DeviceKey, to: &Browser) {
        let is_admins = |rights: Option<&Rights>| rights.is_some_and(|r| r.role == Role::Admin);
        let gives_less = !is_admins(self.browser_rights(to));
        let has = |other: &Browser| other.device.as_ref() == Some(device);
        let stay: Vec<String> = self
            .browsers
            .values()
            .filter(|other| has(other) && gives_less && is_admins(self.browser_rights(other)))
            .map(|other| other.id.clone())
            .collect();
        self.browsers.retain(|id, other| !has(other) || stay.contains(id));
        for id in stay {
            if let Some(other) = self.browsers.get_mut(&id) {
                other.device = None;
            }
        }
    }

    /// Whoever has another key for a device's id is not that device.
    pub(in crate::auth) fn check_device(&self, device: &DeviceKey) -> Result<(), Error> {
        let is_it = |known: &&DeviceKey| known.device == device.device;
        let known = self.browsers.values().filter_map(|browser| browser.device.as_ref());
        // One that was taken off keeps its id.
        let mut known = known.chain(&self.revoked).filter(is_it);
        match known.all(|known| known == device) {
            true => Ok(()),
            false => Err(Error::NotYours),
        }
    }

    fn check_name(&self, name: &str, id: &str) -> Result<(), Error> {
        match self.user_named(name).is_none_or(|user| user.id == id) {
            true => Ok(()),
            false => Err(Error::NameTaken { what: "user", name: name.to_owned() }),
        }
    }

    fn remember_revoked(&mut self, browser: Browser) {
        let Some(device) = browser.device else { return };
        if self.revoked.len() >= MAX_REVOKED {
            self.revoked.pop_front();
        }
        self.revoked.push_back(device);
    }

    fn browser(&mut self, id: &str) -> Result<&mut Browser, Error> {
        self.browsers.get_mut(id).ok_or_else(|| unknown("browser", id))
    }

    fn user(&mut self, id: &str) -> Result<&mut User, Error> {
        self.users.get_mut(id).ok_or_else(|| unknown("user", id))
    }
}

fn check_room(there: usize, max: usize, what: &'static str) -> Result<(), Error> {
    match there < max {
        true => Ok(()),
        false => Err(Error::Full { what, max }),
    }
}
