//! Looks again and again whether something is to be deleted or removed.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::age::follow;
use super::plan::{Plan, Rule, plan};
use super::relief::Deleting;
use super::rules;
use super::stock::{Batch, Stock};
use super::store::Remembered;
use super::{Retention, measure};
use crate::clock::{self, WallUs};
use crate::library::editing::{self, EditError, Wish};
use crate::library::{Change, Room};
use crate::metrics::{self, Removal};

/// Who it was, in the journal.
const BY: &str = "retention";

/// What is deleted is removed soon after it can no longer be had back, and free space is watched:
/// a hundred devices at full speed write less than a gigabyte in this time.
const INTERVAL: Duration = Duration::from_secs(60);

/// So often all rules are applied: each time costs a line in the journal of a session, which stays,
/// and footage that is kept for days need not go to the minute.
const BETWEEN_PLANS: Duration = Duration::from_secs(3600);

/// Free space is measured every two seconds: until it has been, what was just removed would be
/// asked for once more.
const SETTLING: Duration = Duration::from_secs(5);

/// Who was told that the disk had failed in the middle of a deletion finds it made, perhaps, when the
/// server starts again: for as long as any, it can be taken back then.
pub(super) const SECOND_CHANCE: Duration = Duration::from_secs(300);

/// Files that are removed at once: whoever goes on with a session of the same folder waits for it.
const MAX_FILES: usize = 100;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Swept {
    pub(super) files: usize,
    pub(super) bytes: u64,
}

impl Swept {
    fn add(&mut self, (files, bytes): (usize, u64)) {
        self.files += files;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Retention {
    /// Deletes what is to be deleted, until the server stops. Nothing is before all journals have
    /// been read: what is kept stands in them.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let running = async {
            self.library_is_complete().await;
            let mut planned: Option<Instant> = None;
            let mut looked = Instant::now();
            loop {
                let (now_us, now) = (clock::now_us(), Instant::now());
                self.age(now_us, now.duration_since(looked)).await;
                looked = now;
                if self.is_sweeping() && self.remove_due(now_us).await.files > 0 {
                    // What came free must be seen before anything else is deleted for room.
                    tokio::time::sleep(SETTLING).await;
                }
                let is_time = planned.is_none_or(|at| now.duration_since(at) >= BETWEEN_PLANS);
                let is_short = self.is_short();
                if !is_short {
                    self.state().relief.forget();
                }
                let is_hoped_for = self.is_hoped_for();
                let is_held = self.state().held_until.is_some_and(|until| now < until);
                if !is_held && (is_time || (is_short && is_hoped_for)) {
                    let before = self.0.library.trouble().room();
                    let swept = self.expire(now_us).await;
                    planned = Some(now);
                    tokio::time::sleep(SETTLING).await;
                    if is_short && is_hoped_for {
                        self.learn(before, swept, now.elapsed());
                    }
                }
                tokio::select! {
                    () = tokio::time::sleep(INTERVAL) => {}
                    () = self.0.changed.notified() => planned = None,
                }
            }
        };
        // What is under way at the disk ends there; the journal says what is left to do.
        stop.run_until_cancelled(running).await;
    }

    async fn library_is_complete(&self) {
        let mut changes = self.0.library.changes().listen();
        while !self.0.library.is_complete() {
            // Of many changes at once some are not told.
            let _: Result<Change, _> = changes.recv().await;
        }
    }

    /// The clock by which footage ages goes on.
    pub(super) async fn age(&self, now_us: WallUs, elapsed: Duration) {
        let elapsed_us = i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX);
        let known_us = self.state().aged_us;
        let known_us = match known_us {
            Some(known_us) => known_us,
            // What was recorded by a clock that has leapt began behind the leap.
            None => self.stock(now_us).await.newest_us(self.0.began_us).unwrap_or(now_us),
        };
        let aged_us = follow(known_us, now_us, elapsed_us);
        let behind_us = now_us.saturating_sub(aged_us);
        let is_news = {
            let mut state = self.state();
            let is_news = (behind_us > 0) != (state.behind_us > 0);
            state.aged_us = Some(aged_us);
            state.behind_us = behind_us;
            is_news && state.chosen.max_age_days.is_some()
        };
        if is_news && behind_us > 0 {
            let hours = behind_us / 3_600_000_000;
            tracing::warn!(
                hours,
                "the clock is far ahead of what was recorded last: footage gets old only slowly \
                 until that is caught up"
            );
        }
    }

    /// Removes what was deleted, and can no longer be had back, from the disk.
    pub(super) async fn remove_due(&self, now_us: WallUs) -> Swept {
        let mut swept = Swept::default();
        for place in self.0.library.due(now_us) {
            loop {
                match self.0.editor.sweep(place.clone(), now_us, None).await {
                    Ok((0, _)) => break,
                    Ok(removed) => swept.add(removed),
                    Err(error) => {
                        let session = &place.session;
                        tracing::debug!(session, %error, "what is deleted waits on the disk");
                        break;
                    }
                }
            }
        }
        count(Removal::People, swept);
        if swept.files > 0 {
            let Swept { files, bytes } = swept;
            tracing::info!(files, bytes, "what was deleted is removed from the disk");
        }
        swept
    }

    /// Until when what was deleted should be gone: nothing should, before the first sweep.
    pub(super) fn swept_us(&self, now_us: WallUs) -> WallUs {
        if self.is_sweeping() { now_us } else { WallUs::MIN }
    }

    /// Whether the disk has less free than shall be.
    pub(super) fn is_short(&self) -> bool {
        let (chosen, measured) = {
            let state = self.state();
            (state.chosen, state.measured)
        };
        let room = self.0.library.trouble().room();
        rules::rules(&chosen, &measured, room, 0).wanted_bytes > 0
    }

    /// Whether deleting for the sake of room may bring some.
    fn is_hoped_for(&self) -> bool {
        self.state().relief.is_hoped_for(self.0.began.elapsed())
    }

    /// Remembers whether a deletion has brought room in that time.
    fn learn(&self, before: Option<Room>, swept: Swept, elapsed: Duration) {
        let after = self.0.library.trouble().room();
        let is_news = {
            let mut state = self.state();
            let written_bytes = (state.measured.busy_bytes_per_s * elapsed.as_secs_f64()) as u64;
            let deleting = Deleting { before, after, removed_bytes: swept.bytes, written_bytes };
            state.relief.learn(deleting, self.0.began.elapsed())
        };
        if is_news {
            tracing::error!(
                "deleting the oldest footage gives the disk no room: snapshots or copies hold on to it, \
                 or something else fills the disk; nothing more is deleted for that until tomorrow, \
                 or until there is room"
            );
        }
    }

    /// Deletes and removes what the rules ask for.
    pub(super) async fn expire(&self, now_us: WallUs) -> Swept {
        let mut swept = Swept::default();
        let (chosen, behind_us) = {
            let state = self.state();
            (state.chosen, state.behind_us)
        };
        let stock = self.stock(now_us).await;
        let measured = measure(&stock.footage, now_us);
        self.state().measured = measured;
        if chosen == Default::default() {
            return swept;
        }
        let room = self.0.library.trouble().room();
        let mut rules = rules::rules(&chosen, &measured, room, stock.waiting_bytes);
        if !self.is_hoped_for() {
            rules.wanted_bytes = 0;
        }
        let age_us = now_us.saturating_sub(behind_us);
        let planning = move || {
            let plan = plan(&rules, &stock.footage, age_us);
            (stock.batches(&plan, MAX_FILES), plan)
        };
        let Ok((batches, plan)) = tokio::task::spawn_blocking(planning).await else { return swept };
        let ids = Ids::default();
        for batch in batches {
            // Whoever corrects a rule stops what it does.
            if self.state().chosen != chosen {
                break;
            }
            swept.add(self.expire_batch(batch, &ids, now_us).await);
        }
        count(Removal::Retention, swept);
        self.remember().await;
        tell(&plan, swept);
        swept
    }

    async fn expire_batch(&self, batch: Batch, ids: &Ids, now_us: WallUs) -> (usize, u64) {
        let Batch { place, rule, files } = batch;
        let deletion = ids.of(rule);
        let wish = Wish {
            deletion: deletion.clone(),
            by: BY.to_owned(),
            reason: rule.word().to_owned(),
            until_us: now_us,
        };
        let told = |error: EditError| {
            let session = &place.session;
            tracing::warn!(session, %error, "what retention would delete of a recording stays for now");
        };
        let editor = &self.0.editor;
        if let Err(error) = editor.edit(place.clone(), editing::expire(files, wish)).await {
            told(error);
            return (0, 0);
        }
        editor.sweep(place.clone(), now_us, Some(deletion)).await.unwrap_or_else(|error| {
            told(error);
            (0, 0)
        })
    }

    /// After a restart, footage is as old as it was.
    async fn remember(&self) {
        let _one = self.0.saving.lock().await;
        let (rules, clock_us) = {
            let state = self.state();
            (state.by_page, state.aged_us)
        };
        if let Err(error) = self.save(Remembered { rules, clock_us }).await {
            tracing::warn!(%error, "cannot remember how old footage is");
        }
    }

    /// Whether what is overdue is removed by now.
    fn is_sweeping(&self) -> bool {
        self.0.began.elapsed() >= SECOND_CHANCE
    }

    async fn stock(&self, now_us: WallUs) -> Stock {
        let (library, swept_us) = (self.0.library.clone(), self.swept_us(now_us));
        let looking = tokio::task::spawn_blocking(move || Stock::of(&library, swept_us));
        looking.await.unwrap_or_default()
    }
}

/// One deletion for each rule.
#[derive(Debug, Default)]
struct Ids(std::sync::OnceLock<String>);

impl Ids {
    fn of(&self, rule: Rule) -> String {
        format!("{}-{}", self.0.get_or_init(editing::deletion_id), rule.word())
    }
}

fn count(removal: Removal, Swept { files, bytes }: Swept) {
    metrics::REMOVED_FILES.add(removal, files as u64);
    metrics::REMOVED_BYTES.add(removal, bytes);
}

fn tell(plan: &Plan, swept: Swept) {
    let Swept { files, bytes } = swept;
    if files > 0 {
        let until = plan.until_us.map(clock::local_text).unwrap_or_default();
        tracing::info!(files, bytes, %until, "the oldest footage is deleted, as retention asks");
    }
    if plan.missing_bytes > 0 {
        let bytes = plan.missing_bytes;
        tracing::warn!(
            bytes,
            "retention asks for more than may be deleted: the rest is kept, growing, or waits for \
             its device"
        );
    }
}
