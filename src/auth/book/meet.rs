//! What a change leaves of what was there: the part of it that takes.

use std::collections::BTreeMap;

use super::{Book, Browser, User};

impl Book {
    /// Nothing that is not in both books. Whoever applies it first, and the other book once it is
    /// written, has taken at once and given nothing too early.
    pub(in crate::auth) fn meet(&self, after: &Self) -> Self {
        let users = both(&self.users, &after.users, |before, after| User {
            rights: before.rights.meet(&after.rights),
            // Another password ends the one before.
            password: before.password.clone().filter(|_| before.password == after.password),
            ..before.clone()
        });
        let browsers = both(&self.browsers, &after.browsers, |before, after| Browser {
            rights: before.rights.meet(&after.rights),
            ..before.clone()
        });
        Self {
            mode: self.mode.min(after.mode),
            is_admin_seen: self.is_admin_seen,
            users,
            browsers,
            tokens: both(&self.tokens, &after.tokens, |before, _| before.clone()),
            links: both(&self.links, &after.links, |before, _| before.clone()),
            // Longer is less.
            revoked: match after.revoked.len() >= self.revoked.len() {
                true => after.revoked.clone(),
                false => self.revoked.clone(),
            },
        }
    }
}

fn both<T>(
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    meet: impl Fn(&T, &T) -> T,
) -> BTreeMap<String, T> {
    let common = before.iter().filter_map(|(id, one)| Some((id, one, after.get(id)?)));
    common.map(|(id, one, other)| (id.clone(), meet(one, other))).collect()
}
