//! Who is let in, as admins see it. Never a secret, nor what is kept of one.

use std::net::IpAddr;

use serde::Serialize;
use utoipa::ToSchema;

use super::book::{self, Book};
use super::codes;
use super::role::{Mode, Role, Scope};

/// Everybody who is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct People {
    pub(crate) mode: Mode,
    pub(crate) users: Vec<User>,
    pub(crate) browsers: Vec<Browser>,
    pub(crate) tokens: Vec<Token>,
    pub(crate) links: Vec<Link>,
    pub(crate) codes: Vec<Code>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum Entry {
    User(User),
    Browser(Browser),
    Token(Token),
    Link(Link),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) scope: Scope,
    /// Whether they have one.
    pub(crate) password: bool,
    pub(crate) created_ms: i64,
    pub(crate) last_seen_ms: Option<i64>,
}

impl People {
    /// Says of each browser that records what its device is called.
    pub(crate) fn name_devices(&mut self, name_of: impl Fn(&str) -> Option<String>) {
        for browser in &mut self.browsers {
            browser.device_name = browser.device.as_deref().and_then(&name_of);
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Browser {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) scope: Scope,
    pub(crate) user: Option<String>,
    pub(crate) device: Option<String>,
    /// What its device is called where it is seen: what the device calls itself, which may be
    /// another name than the one under which the browser was let in. Whoever knows that sets it.
    pub(crate) device_name: Option<String>,
    pub(crate) created_ms: i64,
    pub(crate) last_seen_ms: Option<i64>,
    #[schema(value_type = Option<String>)]
    pub(crate) last_from: Option<IpAddr>,
    /// Whether it is the one that asks; whoever knows that sets it.
    pub(crate) here: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) scope: Scope,
    pub(crate) created_ms: i64,
    pub(crate) ends_ms: Option<i64>,
    pub(crate) last_seen_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) scope: Scope,
    pub(crate) ends_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Code {
    pub(crate) id: String,
    pub(crate) role: Role,
    pub(crate) uses_left: u32,
    pub(crate) ends_ms: i64,
}

impl People {
    pub(super) fn new<'a>(
        mode: Mode,
        book: &Book,
        codes: impl Iterator<Item = &'a codes::Code>,
    ) -> Self {
        let browsers = book.browsers.values().filter_map(|browser| self::browser(book, browser));
        Self {
            mode,
            users: book.users.values().map(User::from).collect(),
            browsers: browsers.collect(),
            tokens: book.tokens.values().map(Token::from).collect(),
            links: book.links.values().map(Link::from).collect(),
            codes: codes.map(Code::from).collect(),
        }
    }
}

/// A browser as it stands in the list.
pub(super) fn browser(book: &Book, browser: &book::Browser) -> Option<Browser> {
    let rights = book.browser_rights(browser)?;
    Some(Browser {
        id: browser.id.clone(),
        name: browser.name.clone(),
        role: rights.role,
        scope: rights.scope.clone(),
        user: browser.user.clone(),
        device: browser.device.as_ref().map(|device| device.device.clone()),
        created_ms: browser.created_ms,
        last_seen_ms: browser.last_seen_ms,
        last_from: browser.last_from,
        here: false,
        device_name: None,
    })
}

impl From<&book::User> for User {
    fn from(user: &book::User) -> Self {
        Self {
            id: user.id.clone(),
            name: user.name.clone(),
            role: user.rights.role,
            scope: user.rights.scope.clone(),
            password: user.password.is_some(),
            created_ms: user.created_ms,
            last_seen_ms: user.last_seen_ms,
        }
    }
}

impl From<&book::Token> for Token {
    fn from(token: &book::Token) -> Self {
        Self {
            id: token.id.clone(),
            name: token.name.clone(),
            role: token.rights.role,
            scope: token.rights.scope.clone(),
            created_ms: token.created_ms,
            ends_ms: token.ends_ms,
            last_seen_ms: token.last_seen_ms,
        }
    }
}

impl From<&book::Link> for Link {
    fn from(link: &book::Link) -> Self {
        Self { id: link.id.clone(), scope: link.rights.scope.clone(), ends_ms: link.ends_ms }
    }
}

impl From<&codes::Code> for Code {
    fn from(code: &codes::Code) -> Self {
        Self {
            id: code.id.clone(),
            role: code.rights.role,
            uses_left: code.uses_left,
            ends_ms: code.ends_ms,
        }
    }
}
