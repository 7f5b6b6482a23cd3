//! Who may use a route, as far as that can be said before its handler looks.

use std::fmt;

use crate::auth::{Pass, Role, Who};

/// The rule of a route. What it cannot know (whose session, which stream) the handler asks of the
/// same pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    /// Everybody.
    Public,
    /// A browser on the server's own computer, until an admin has shown a cookie.
    FirstDecision,
    /// Whoever is let in, with any role; lists hold only what the role and scope name.
    SignedIn,
    /// Everybody may connect; the key in the hello says who publishes.
    Hello,
    /// The same for `localcamera.v1`, otherwise as [`Rule::Publish`].
    HelloOrPublish,
    /// Whoever may publish.
    Publish,
    /// Whoever watches, within its scope; a camera its own.
    OwnOrWatch,
    /// Whoever watches, within its scope.
    Watch,
    /// Whoever watches everything.
    WatchAll,
    /// Whoever watches everything, and every token, whatever its role and scope: figures of the
    /// server as a whole, for programs that need not be trusted with more.
    Metrics,
    /// Whoever is let in; commands are for admins.
    Control,
    /// Admins.
    Admin,
    /// As the configuration of the listener says: whoever watches and has a token, or everybody.
    Compat {
        /// `compat.…_require_token`.
        needs_token: bool,
    },
}

/// Why a rule lets somebody not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// Nobody is signed in, or the page that asks is somebody else's.
    Nobody,
    /// Somebody is, whose role or scope does not do.
    Forbidden(&'static str),
}

impl Rule {
    /// All there are, in the order in which they are explained.
    #[cfg(test)]
    pub(super) const ALL: [Self; 14] = [
        Self::Public,
        Self::FirstDecision,
        Self::SignedIn,
        Self::Hello,
        Self::HelloOrPublish,
        Self::Publish,
        Self::OwnOrWatch,
        Self::Watch,
        Self::WatchAll,
        Self::Metrics,
        Self::Control,
        Self::Admin,
        Self::Compat { needs_token: false },
        Self::Compat { needs_token: true },
    ];

    /// The word for it in `docs/access.md`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::FirstDecision => "first-decision",
            Self::SignedIn => "signed-in",
            Self::Hello => "hello",
            Self::HelloOrPublish => "hello-or-publish",
            Self::Publish => "publish",
            Self::OwnOrWatch => "own-or-watch",
            Self::Watch => "watch",
            Self::WatchAll => "watch-all",
            Self::Metrics => "metrics",
            Self::Control => "control",
            Self::Admin => "admin",
            Self::Compat { .. } => "compat",
        }
    }

    /// Whether a request that changes or commands something needs a page of this server's own
    /// where nothing else says whose it is.
    pub(super) fn is_for_own_pages(self) -> bool {
        matches!(self, Self::Control | Self::Admin | Self::WatchAll | Self::Metrics)
    }

    /// Whether somebody may use the route.
    pub(super) fn ask(self, pass: &Pass) -> Result<(), Denied> {
        const WATCHES: &str = "watching is for viewers and admins";
        let watches = pass.watches_all()
            || matches!(pass.role(), Some(Role::Viewer | Role::Admin))
            || matches!(pass.who(), Who::Link { .. });
        let (is_allowed, needed) = match self {
            Self::Public | Self::FirstDecision | Self::Hello | Self::HelloOrPublish => (true, ""),
            Self::Compat { needs_token: false } => (true, ""),
            Self::SignedIn | Self::OwnOrWatch | Self::Control => {
                (!matches!(pass.who(), Who::Nobody), "")
            }
            Self::Publish => (pass.may_publish(), "recording is for cameras and admins"),
            Self::Watch => (watches, WATCHES),
            // These speak without TLS, where a name that is bent leads any site's page here: who is
            // merely on the network shows a secret as well.
            Self::Compat { needs_token: true } => {
                let has_one =
                    matches!(pass.who(), Who::Token { .. } | Who::Link { .. } | Who::Open);
                return match has_one && watches {
                    true => Ok(()),
                    false if has_one => Err(Denied::Forbidden(WATCHES)),
                    false => Err(Denied::Nobody),
                };
            }
            Self::WatchAll => {
                (watches && pass.watches_all(), "this is for those who may watch everything")
            }
            Self::Metrics => (
                matches!(pass.who(), Who::Token { .. }) || pass.watches_all(),
                "the figures are for those who may watch everything, and for tokens",
            ),
            Self::Admin => (pass.is_admin(), "this is for admins"),
        };
        match (is_allowed, pass.who()) {
            (true, _) => Ok(()),
            (false, Who::Nobody) => Err(Denied::Nobody),
            (false, _) => Err(Denied::Forbidden(needed)),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
