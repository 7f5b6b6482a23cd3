//! Who asks, and what they may.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::role::{Rights, Role, Scope};

/// On what somebody's rights stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    Nobody,
    /// Anybody on the network, in the mode that lets them.
    Everyone,
    /// Anybody, since the server was started with `--open`.
    Open,
    Browser {
        id: String,
        name: String,
        /// The name of the user as whom it has signed in.
        person: Option<String>,
    },
    Token {
        id: String,
        name: String,
    },
    Link {
        id: String,
    },
}

/// Who asks, and what they may. Clones are the same pass.
#[derive(Debug, Clone)]
pub(crate) struct Pass(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    who: Who,
    /// What was given to them.
    own: Option<Rights>,
    /// Whether they may also do what everyone may.
    common: Common,
    device: Option<String>,
    revoked: CancellationToken,
}

/// What everyone may, whoever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Common {
    Nothing,
    /// Record and watch.
    RecordAndWatch,
    Everything,
}

impl Pass {
    pub(super) fn new(
        who: Who,
        own: Option<Rights>,
        common: Common,
        device: Option<String>,
        revoked: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner { who, own, common, device, revoked }))
    }

    /// That of nobody: it opens nothing, and is never taken.
    pub(crate) fn nobody() -> Self {
        Self::new(Who::Nobody, None, Common::Nothing, None, CancellationToken::new())
    }

    pub(crate) fn who(&self) -> &Who {
        &self.0.who
    }

    /// The role that was given to them, if any was.
    pub(crate) fn role(&self) -> Option<Role> {
        self.0.own.as_ref().map(|rights| rights.role)
    }

    /// The scope that was given to them.
    pub(crate) fn scope(&self) -> &Scope {
        self.0.own.as_ref().map_or(&Scope::All, |rights| &rights.scope)
    }

    /// Whether they may do everything.
    pub(crate) fn is_admin(&self) -> bool {
        self.0.common == Common::Everything || self.role() == Some(Role::Admin)
    }

    /// Whether they may record.
    pub(crate) fn may_publish(&self) -> bool {
        self.0.common != Common::Nothing || matches!(self.role(), Some(Role::Camera | Role::Admin))
    }

    /// Whether they may watch a stream, which `device` publishes or has recorded.
    pub(crate) fn may_watch(&self, stream: &str, device: Option<&str>) -> bool {
        if self.watches_all() {
            return true;
        }
        match &self.0.own {
            Some(Rights { role: Role::Viewer, scope }) => scope.names(stream, device),
            Some(Rights { role: Role::Camera, .. }) => device.is_some() && self.device() == device,
            _ => false,
        }
    }

    /// Whether there is nothing that they may not watch.
    pub(crate) fn watches_all(&self) -> bool {
        let own = || match &self.0.own {
            Some(Rights { role: Role::Viewer, scope }) => *scope == Scope::All,
            _ => self.is_admin(),
        };
        self.0.common != Common::Nothing || own()
    }

    /// The id of the device that they record with.
    pub(crate) fn device(&self) -> Option<&str> {
        self.0.device.as_deref()
    }

    /// Cancelled when what the pass stands on is taken, gets less, or ends. Whoever is still there
    /// then asks for another pass.
    pub(crate) fn revoked(&self) -> &CancellationToken {
        &self.0.revoked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(role: Role, scope: &[&str], common: Common) -> Pass {
        let names = scope.iter().map(|&name| name.to_owned()).collect();
        let scope = if scope.is_empty() { Scope::All } else { Scope::Only(names) };
        let who = Who::Browser { id: "b".to_owned(), name: "B".to_owned(), person: None };
        let own = Some(Rights::new(role, scope));
        Pass::new(who, own, common, Some("device-1".to_owned()), CancellationToken::new())
    }

    /// Admin, publish, all, stream "door" of nobody, stream "x" of the own device, of another.
    fn may(pass: &Pass) -> [bool; 6] {
        [
            pass.is_admin(),
            pass.may_publish(),
            pass.watches_all(),
            pass.may_watch("door", None),
            pass.may_watch("x", Some("device-1")),
            pass.may_watch("x", Some("device-2")),
        ]
    }

    #[test]
    fn what_each_may() {
        let (y, n) = (true, false);
        let nothing = Common::Nothing;
        assert_eq!(may(&Pass::nobody()), [n; 6]);
        assert_eq!(may(&pass(Role::Admin, &[], nothing)), [y; 6]);
        assert_eq!(may(&pass(Role::Admin, &["door"], nothing)), [y; 6]);
        assert_eq!(may(&pass(Role::Camera, &[], nothing)), [n, y, n, n, y, n]);
        assert_eq!(may(&pass(Role::Viewer, &[], nothing)), [n, n, y, y, y, y]);
        assert_eq!(may(&pass(Role::Viewer, &["door"], nothing)), [n, n, n, y, n, n]);
        assert_eq!(may(&pass(Role::Viewer, &["device-2"], nothing)), [n, n, n, n, n, y]);
        let everyone = Common::RecordAndWatch;
        assert_eq!(may(&pass(Role::Viewer, &["door"], everyone)), [n, y, y, y, y, y]);
        assert_eq!(may(&pass(Role::Camera, &[], Common::Everything)), [y; 6]);
    }
}
