//! What somebody may do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What kind of thing somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Publishes, and sees its own sessions.
    Camera,
    /// Watches what its scope names.
    Viewer,
    /// Does everything.
    Admin,
}

impl Role {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Viewer => "viewer",
            Self::Admin => "admin",
        }
    }
}

/// What of all there is to watch. In JSON `null` or a list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Option<BTreeSet<String>>", into = "Option<BTreeSet<String>>")]
pub(crate) enum Scope {
    #[default]
    All,
    /// Names of streams and of sources, ids of devices.
    Only(BTreeSet<String>),
}

impl Scope {
    /// Nothing at all.
    pub(super) fn nothing() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether it names the stream or the device.
    pub(crate) fn names(&self, stream: &str, device: Option<&str>) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => {
                names.contains(stream) || device.is_some_and(|device| names.contains(device))
            }
        }
    }

    fn is_within(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::All) => true,
            (Self::All, Self::Only(_)) => false,
            (Self::Only(names), Self::Only(others)) => names.is_subset(others),
        }
    }

    fn meet(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, scope) | (scope, Self::All) => scope.clone(),
            (Self::Only(names), Self::Only(others)) => Self::Only(names & others),
        }
    }
}

impl utoipa::PartialSchema for Scope {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        Option::<BTreeSet<String>>::schema()
    }
}

impl ToSchema for Scope {}

impl From<Option<BTreeSet<String>>> for Scope {
    fn from(names: Option<BTreeSet<String>>) -> Self {
        names.map_or(Self::All, Self::Only)
    }
}

impl From<Scope> for Option<BTreeSet<String>> {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => None,
            Scope::Only(names) => Some(names),
        }
    }
}

/// Role and scope, as one thing to compare.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rights {
    pub(crate) role: Role,
    pub(crate) scope: Scope,
}

impl Rights {
    pub(super) fn new(role: Role, scope: Scope) -> Self {
        Self { role, scope }
    }

    /// Whether nothing is allowed here that is not allowed there.
    pub(super) fn are_within(&self, others: &Self) -> bool {
        match (self.role, others.role) {
            (_, Role::Admin) | (Role::Camera, Role::Camera) => true,
            (Role::Viewer, Role::Viewer) => self.scope.is_within(&others.scope),
            // Nothing is within everything.
            (Role::Viewer, Role::Camera) => self.scope == Scope::nothing(),
            _ => false,
        }
    }

    /// What both allow.
    pub(super) fn meet(&self, others: &Self) -> Self {
        match (self.role, others.role) {
            _ if self.are_within(others) => self.clone(),
            _ if others.are_within(self) => others.clone(),
            (Role::Viewer, Role::Viewer) => Self::new(Role::Viewer, self.scope.meet(&others.scope)),
            // A camera watches nothing, a viewer publishes nothing.
            _ => Self::new(Role::Viewer, Scope::nothing()),
        }
    }
}

/// Who is let in without having been let in by somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// Nobody has said yet; nobody is let in.
    Undecided,
    /// Only who was let in.
    Paired,
    /// Everyone who reaches the server may record and watch.
    Network,
    /// Everyone may do everything. Never stored.
    Open,
}

impl Mode {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Paired => "paired",
            Self::Network => "network",
            Self::Open => "open",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(names: &[&str]) -> Scope {
        Scope::Only(names.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn what_two_allow_is_within_both() {
        let all = [
            Rights::new(Role::Admin, Scope::All),
            Rights::new(Role::Admin, only(&["a"])),
            Rights::new(Role::Camera, Scope::All),
            Rights::new(Role::Viewer, Scope::All),
            Rights::new(Role::Viewer, only(&["a", "b"])),
            Rights::new(Role::Viewer, only(&["b", "c"])),
            Rights::new(Role::Viewer, only(&[])),
        ];
        for one in &all {
            assert!(one.are_within(one));
            for other in &all {
                let both = one.meet(other);
                assert!(both.are_within(one) && both.are_within(other), "{one:?} {other:?}");
                assert_eq!(one.are_within(other), both.are_within(one) && one.are_within(&both));
            }
        }
        assert_eq!(all[4].meet(&all[5]).scope, only(&["b"]));
        assert!(!all[2].are_within(&all[3]) && !all[3].are_within(&all[2]));
    }

    #[test]
    fn a_scope_is_null_or_a_list() {
        assert_eq!(serde_json::to_string(&Scope::All).unwrap(), "null");
        assert_eq!(serde_json::to_string(&only(&["a"])).unwrap(), "[\"a\"]");
        assert_eq!(serde_json::from_str::<Scope>("null").unwrap(), Scope::All);
        assert_eq!(serde_json::from_str::<Scope>("[\"b\",\"a\"]").unwrap(), only(&["a", "b"]));
        assert!(only(&["a"]).names("a", None) && only(&["d"]).names("x", Some("d")));
        assert!(!only(&["a"]).names("b", Some("c")));
    }
}
