//! What is deleted by itself, if somebody wants that (`docs/guide/retention.md`).
//!
//! Deciding is `plan.rs`; everything that is deleted goes by the library's [`Editor`], with a line in
//! the journal of its session.

mod age;
mod measure;
mod plan;
mod relief;
mod rules;
mod stock;
mod store;
mod sweep;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::{self, WallUs};
use crate::config::Retention as Chosen;
use crate::library::editing::Editor;
use crate::library::{Library, Room};
use measure::{Measured, days_that_fit, measure};
use plan::plan;
use relief::Relief;
use stock::Stock;
use store::Remembered;
pub(crate) use store::{KNOWN as FILE, NotLoaded};

/// What a page has chosen, as a server on this state folder would load it. Blocks.
///
/// # Errors
/// When it cannot be read.
#[cfg(test)]
pub(crate) fn look(folder: &Path) -> Result<(), NotLoaded> {
    store::load(folder).map(drop)
}

/// What is deleted by itself. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Retention(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    library: Library,
    editor: Arc<dyn Editor>,
    /// The state folder.
    folder: PathBuf,
    state: Mutex<State>,
    /// One at a time writes the file.
    saving: tokio::sync::Mutex<()>,
    changed: Notify,
    began: Instant,
    began_us: WallUs,
}

#[derive(Debug, Default)]
struct State {
    chosen: Chosen,
    /// Whether the configuration file decides.
    is_from_file: bool,
    /// What a page had chosen, also where the configuration file decides.
    by_page: Chosen,
    /// Where the clock of ageing was when it was looked at last, and how far behind the server's.
    aged_us: Option<WallUs>,
    behind_us: i64,
    /// As of the last look.
    measured: Measured,
    relief: Relief,
    /// Rules that nobody was shown beforehand delete nothing until then.
    held_until: Option<Instant>,
}

/// Why something else is not chosen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotSet {
    #[error(
        "[retention] of the configuration file says what is deleted; change it there, or take the section away, and have the server read it again (SIGHUP)"
    )]
    FromFile,
    #[error("{0}")]
    NotAllowed(String),
    #[error("what that would delete could not be reckoned: {0}")]
    Failed(String),
    #[error("it could not be saved, and is as it was: {0}")]
    NotSaved(io::Error),
}

/// What the rules would delete now, and for how long there is room with them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Outlook {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
    /// Where the newest of them ends.
    pub(crate) until_us: Option<WallUs>,
    /// What the rules ask for beyond what may be deleted.
    pub(crate) missing_bytes: u64,
    pub(crate) days_that_fit: Option<f64>,
    /// All there is.
    pub(crate) footage_bytes: u64,
    /// Of that what nothing deletes by itself.
    pub(crate) safe_bytes: u64,
    pub(crate) bytes_per_day: Option<f64>,
    pub(crate) room: Option<Room>,
    /// Recording pauses before anything is deleted for want of space.
    pub(crate) is_below_pause: bool,
    /// Deleting for want of space has brought none lately.
    pub(crate) frees_nothing: bool,
}

impl Retention {
    /// As the configuration file says, or else as a page has chosen. Blocks.
    ///
    /// # Errors
    /// When what was chosen cannot be read.
    pub(crate) fn load(
        folder: &Path,
        from_file: Option<Chosen>,
        library: Library,
        editor: Arc<dyn Editor>,
    ) -> Result<Self, NotLoaded> {
        let Remembered { rules, clock_us } = store::load(folder)?;
        let chosen = from_file.unwrap_or(rules);
        // Without rules nobody has kept the clock.
        let aged_us = clock_us.filter(|_| chosen != Chosen::default());
        let state = State {
            chosen,
            is_from_file: from_file.is_some(),
            by_page: rules,
            aged_us,
            ..State::default()
        };
        Ok(Self(Arc::new(Inner {
            library,
            editor,
            folder: folder.to_owned(),
            state: Mutex::new(state),
            saving: tokio::sync::Mutex::default(),
            changed: Notify::new(),
            began: Instant::now(),
            began_us: clock::now_us(),
        })))
    }

    /// What was chosen.
    pub(crate) fn chosen(&self) -> Chosen {
        self.state().chosen
    }

    /// Whether the configuration file decides.
    pub(crate) fn is_from_file(&self) -> bool {
        self.state().is_from_file
    }

    /// Has the configuration file decide from now on as it says, or no longer.
    pub(crate) async fn take_over(&self, from_file: Option<Chosen>) {
        // What a page chooses at the same time is saved before or refused behind.
        let _one = self.0.saving.lock().await;
        let mut state = self.state();
        state.is_from_file = from_file.is_some();
        let chosen = from_file.unwrap_or(state.by_page);
        if chosen != state.chosen {
            state.chosen = chosen;
            state.held_until = Some(Instant::now() + sweep::SECOND_CHANCE);
            tracing::warn!(
                rules = ?chosen,
                from = if state.is_from_file { "file" } else { "page" },
                "other rules say what is deleted from now on; they begin in {} minutes",
                sweep::SECOND_CHANCE.as_secs() / 60
            );
        }
        drop(state);
        self.0.changed.notify_one();
    }

    /// Chooses something else. It holds once it is saved.
    ///
    /// # Errors
    /// When it is not for a page to say, not allowed, or could not be saved; then all is as it was.
    pub(crate) async fn choose(&self, chosen: Chosen) -> Result<(), NotSet> {
        let checked = chosen.checked();
        let _one = self.0.saving.lock().await;
        if self.is_from_file() {
            return Err(NotSet::FromFile);
        }
        let chosen = checked.map_err(NotSet::NotAllowed)?;
        let clock_us = self.state().aged_us;
        self.save(Remembered { rules: chosen, clock_us }).await.map_err(NotSet::NotSaved)?;
        let mut state = self.state();
        (state.chosen, state.by_page) = (chosen, chosen);
        drop(state);
        self.0.changed.notify_one();
        Ok(())
    }

    /// What these rules would delete now.
    ///
    /// # Errors
    /// When they are not allowed.
    pub(crate) async fn outlook(&self, chosen: Chosen) -> Result<Outlook, NotSet> {
        let chosen = chosen.checked().map_err(NotSet::NotAllowed)?;
        let (library, behind_us) = (self.0.library.clone(), self.state().behind_us);
        let swept_us = self.swept_us(clock::now_us());
        let frees_nothing = !self.state().relief.is_hoped_for(self.0.began.elapsed());
        let looking = move || {
            let outlook = outlook(&library, &chosen, (clock::now_us(), swept_us), behind_us);
            Outlook { frees_nothing, ..outlook }
        };
        let looked = tokio::task::spawn_blocking(looking).await;
        looked.map_err(|error| NotSet::Failed(error.to_string()))
    }

    async fn save(&self, remembered: Remembered) -> io::Result<()> {
        let folder = self.0.folder.clone();
        let saving = tokio::task::spawn_blocking(move || store::save(&folder, remembered));
        saving.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outlook(
    library: &Library,
    chosen: &Chosen,
    (now_us, swept_us): (WallUs, WallUs),
    behind_us: i64,
) -> Outlook {
    let stock = Stock::of(library, swept_us);
    let measured = measure(&stock.footage, now_us);
    let room = library.trouble().room();
    let freed_bytes = stock.waiting_bytes;
    let rules = rules::rules(chosen, &measured, room, freed_bytes);
    let plan = plan(&rules, &stock.footage, now_us.saturating_sub(behind_us));
    let sum = |wanted: &dyn Fn(bool) -> bool| {
        let such = stock.footage.iter().filter(|file| wanted(file.is_safe));
        such.map(|file| file.bytes).fold(0, u64::saturating_add)
    };
    Outlook {
        files: plan.files.len(),
        bytes: plan.bytes,
        until_us: plan.until_us,
        missing_bytes: plan.missing_bytes,
        days_that_fit: days_that_fit(chosen, &measured, &stock.footage, room, freed_bytes),
        footage_bytes: sum(&|_| true),
        safe_bytes: sum(&|is_safe| is_safe),
        bytes_per_day: Some(measured.bytes_per_day).filter(|bytes| *bytes > 0.0),
        room,
        is_below_pause: rules::is_below_pause(chosen, &measured, room),
        frees_nothing: false,
    }
}

#[cfg(test)]
mod tests;
