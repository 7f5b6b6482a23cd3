//! What ends when something is taken: a switch for everybody who has a pass.

use std::collections::HashMap;

use tokio_util::sync::CancellationToken;

use super::book::{Book, Holder};
use super::role::{Mode, Role};

/// The passes that were handed out. Never more than the book has entries.
#[derive(Debug, Default)]
pub(super) struct Passes {
    everyone: CancellationToken,
    of: HashMap<Holder, CancellationToken>,
}

impl Passes {
    pub(super) fn everyone(&self) -> CancellationToken {
        self.everyone.clone()
    }

    pub(super) fn of(&mut self, holder: Holder) -> CancellationToken {
        self.of.entry(holder).or_default().clone()
    }

    /// Another book holds: ends the passes of those who may less than before.
    pub(super) fn settle(&mut self, before: &Book, after: &Book) {
        let is_stricter = before.mode == Mode::Network && after.mode != Mode::Network;
        if is_stricter {
            std::mem::take(&mut self.everyone).cancel();
        }
        self.of.retain(|holder, switch| {
            let stays = match (before.rights(holder), after.rights(holder)) {
                // What everyone might do, their browsers could do as well.
                (_, Some(now))
                    if is_stricter
                        && matches!(holder, Holder::Browser(_))
                        && now.role != Role::Admin =>
                {
                    false
                }
                (Some(then), Some(now)) => then.are_within(now),
                _ => false,
            };
            if !stays {
                switch.cancel();
            }
            stays
        });
    }

    /// Ends the passes of whoever is over.
    pub(super) fn end(&mut self, is_over: impl Fn(&Holder) -> bool) {
        self.of.retain(|holder, switch| {
            let goes = is_over(holder);
            if goes {
                switch.cancel();
            }
            !goes
        });
    }
}
