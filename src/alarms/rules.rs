//! When an alarm rises and when it ends. No clock, no IO: facts and the time come from outside.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use tokio::time::Instant;

use super::{Alarm, Kind};
use crate::clock::{self, WallUs};
use crate::library::{DISK_CALM, Gone, Heartbeat, Newest, Room};

/// A hundred silent cameras are one fault, which the hundred say as well as a thousand.
const MAX_SILENT: usize = 100;

/// So many more of sessions that have never recorded anything: whoever says hello and no more takes
/// no camera's place.
const MAX_SILENT_EMPTY: usize = 20;

const MEGABYTE: u64 = 1_000_000;

/// How the server is doing.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) sessions: Vec<Heartbeat>,
    /// Why others are no longer among them, by device and session.
    pub(super) gone: HashMap<(String, String), Gone>,
    /// Why no media is taken, while none is.
    pub(super) paused: Option<String>,
    /// What the disk refuses, by session.
    pub(super) refused: BTreeMap<String, String>,
    pub(super) room: Option<Room>,
    /// Why nothing comes of those that the server fetches itself, by device.
    pub(super) fetched: HashMap<String, String>,
}

/// The time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now {
    /// By a clock that nobody sets.
    pub(super) at: Instant,
    pub(super) wall_us: WallUs,
}

/// What has become of an alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Raised(Alarm),
    Ended(Alarm, Because),
}

/// Why an alarm has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Because {
    /// Something became durable again.
    Durable,
    /// The session was stopped.
    Stopped,
    /// A newer session of the same device records.
    Newer,
    /// Its device went away before anything was recorded.
    Empty,
    /// There are too many sessions to look after all of them.
    Crowded,
    /// The disk is well again.
    Over,
    /// A person has seen it.
    Dismissed,
}

/// What an alarm is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Cause {
    /// A device's session.
    Silent(String, String),
    Disk(Kind),
}

#[derive(Debug)]
struct Raised {
    cause: Cause,
    /// The session's last sign of life before it rose.
    heard: Option<Instant>,
    /// Whether the session had ever recorded anything.
    has_recorded: bool,
    alarm: Alarm,
}

/// The alarms, and what was decided about them.
#[derive(Debug)]
pub(super) struct Rules {
    /// For how long a session may make nothing durable.
    silent: Option<Duration>,
    /// Apart from those of other runs of the server.
    prefix: String,
    count: u64,
    raised: Vec<Raised>,
    /// What a person wants to hear of no more, until it rises anew: with a silent session's last
    /// sign of life.
    dismissed: HashMap<Cause, Option<Instant>>,
    /// When recording was seen to be paused last.
    paused_at: Option<Instant>,
    refused_at: Option<Instant>,
}

impl Rules {
    pub(super) fn new(silent: Option<Duration>, prefix: String) -> Self {
        Self {
            silent,
            prefix,
            count: 0,
            raised: Vec::new(),
            dismissed: HashMap::new(),
            paused_at: None,
            refused_at: None,
        }
    }

    /// For how long a session may make nothing durable, if that is an alarm.
    pub(super) fn silent(&self) -> Option<Duration> {
        self.silent
    }

    /// Judges silence by another measure from now on. What has risen by the one before ends as it
    /// would have.
    pub(super) fn set_silent(&mut self, silent: Option<Duration>) {
        self.silent = silent;
    }

    /// The alarms of the moment, oldest first.
    pub(super) fn alarms(&self) -> impl Iterator<Item = &Alarm> {
        self.raised.iter().map(|raised| &raised.alarm)
    }

    /// What has changed since it was asked last.
    pub(super) fn judge(&mut self, facts: &Facts, now: Now) -> Vec<Change> {
        if facts.paused.is_some() {
            self.paused_at = Some(now.at);
        }
        if !facts.refused.is_empty() {
            self.refused_at = Some(now.at);
        }
        let mut changes = self.judge_disk(facts, now);
        changes.extend(self.judge_sessions(facts, now));
        changes
    }

    /// A person has seen an alarm.
    pub(super) fn dismiss(&mut self, id: &str) -> Option<Change> {
        let at = self.raised.iter().position(|raised| raised.alarm.id == id)?;
        let Raised { cause, heard, alarm, .. } = self.raised.remove(at);
        self.dismissed.insert(cause, heard);
        Some(Change::Ended(alarm, Because::Dismissed))
    }

    fn judge_disk(&mut self, facts: &Facts, now: Now) -> Vec<Change> {
        let is_full = facts.paused.is_some();
        let is_low = facts.room.is_some_and(|room| {
            let is_raised = self.is_known(&Cause::Disk(Kind::DiskLow));
            // While recording is paused, that is what there is to say.
            (is_raised || !is_full) && room.is_low(is_raised)
        });
        let is_recent = |at: Instant| now.at.duration_since(at) < DISK_CALM;
        let refusal = facts.refused.values().next();
        let conditions = [
            (Kind::DiskLow, is_low, is_low, facts.room.map(low)),
            (Kind::DiskFull, is_full, is_full, facts.paused.as_deref().map(full)),
            (
                Kind::DiskRefused,
                refusal.is_some(),
                self.refused_at.is_some_and(is_recent),
                refusal.map(|reason| refused(reason)),
            ),
        ];
        let mut changes = Vec::new();
        for (kind, is_wrong, stays, message) in conditions {
            let cause = Cause::Disk(kind);
            if !is_wrong && !stays {
                self.dismissed.remove(&cause);
                changes.extend(self.end(&cause, Because::Over));
            } else if let Some(message) = message.filter(|_| is_wrong && !self.is_known(&cause)) {
                let alarm = Alarm {
                    id: self.next_id(),
                    kind,
                    since_ms: now.wall_us / 1000,
                    device: None,
                    name: None,
                    session: None,
                    message,
                };
                changes.push(self.raise(Raised { cause, heard: None, has_recorded: false, alarm }));
            }
        }
        changes
    }

    fn judge_sessions(&mut self, facts: &Facts, now: Now) -> Vec<Change> {
        let recorded = facts.sessions.iter().filter(|session| session.has_beaten);
        let newest: Newest<'_> =
            recorded.map(|session| (session.publisher(), session.started_us)).collect();
        let is_followed = |session: &Heartbeat| {
            let newest_us = newest.of(session.publisher());
            newest_us.is_some_and(|newest_us| session.is_followed_by(newest_us))
        };
        let by_cause: HashMap<Cause, &Heartbeat> =
            facts.sessions.iter().map(|session| (Cause::of(session), session)).collect();
        let over: Vec<(Cause, Because)> = self
            .raised
            .iter()
            .filter(|raised| matches!(raised.cause, Cause::Silent(..)))
            .filter_map(|raised| {
                let because = match by_cause.get(&raised.cause) {
                    None => raised.cause.gone(facts),
                    Some(session) if Some(session.heard) != raised.heard => Because::Durable,
                    Some(session) if is_followed(session) => Because::Newer,
                    Some(_) => return None,
                };
                Some((raised.cause.clone(), because))
            })
            .collect();
        let mut changes: Vec<Change> =
            over.iter().filter_map(|(cause, because)| self.end(cause, *because)).collect();
        self.dismissed.retain(|cause, heard| match cause {
            Cause::Silent(..) => {
                by_cause.get(cause).is_some_and(|session| Some(session.heard) == *heard)
            }
            Cause::Disk(_) => true,
        });
        changes.extend(self.raise_silent(facts, now, is_followed));
        changes
    }

    fn raise_silent(
        &mut self,
        facts: &Facts,
        now: Now,
        is_followed: impl Fn(&Heartbeat) -> bool,
    ) -> Vec<Change> {
        let Some(silent) = self.silent.filter(|_| facts.paused.is_none()) else {
            return Vec::new();
        };
        let known: HashSet<&Cause> = self.raised.iter().map(|raised| &raised.cause).collect();
        let is_silent = |session: &&Heartbeat| {
            // What devices held during a pause takes them a while to bring.
            let heard = self.paused_at.map_or(session.heard, |at| at.max(session.heard));
            now.at.saturating_duration_since(heard) >= silent
                // The disk is what is wrong then, and there is an alarm for it.
                && !facts.refused.contains_key(&session.session)
                && !is_followed(session)
        };
        let is_news = |session: &&Heartbeat| {
            let cause = Cause::of(session);
            !known.contains(&cause) && !self.dismissed.contains_key(&cause)
        };
        let mut rising: Vec<&Heartbeat> =
            facts.sessions.iter().filter(is_silent).filter(is_news).collect();
        rising.sort_by_key(|session| (!session.has_recorded, session.heard, session.started_us));
        let room = |has_recorded: bool, max: usize| {
            let silent = |raised: &&Raised| matches!(raised.cause, Cause::Silent(..));
            let alike = self.raised.iter().filter(silent);
            max.saturating_sub(alike.filter(|raised| raised.has_recorded == has_recorded).count())
        };
        let mut rooms = [room(false, MAX_SILENT_EMPTY), room(true, MAX_SILENT)];
        rising.retain(|session| {
            let room = &mut rooms[usize::from(session.has_recorded)];
            let has_room = *room > 0;
            *room = room.saturating_sub(1);
            has_room
        });
        let mut changes = Vec::new();
        for session in rising {
            let alarm = Alarm {
                id: self.next_id(),
                kind: Kind::Silent,
                since_ms: session.heard_us / 1000,
                device: Some(session.device.clone()),
                name: Some(session.name.clone()),
                session: Some(session.session.clone()),
                message: quiet(session, facts.fetched.get(&session.device)),
            };
            let (cause, heard) = (Cause::of(session), Some(session.heard));
            let has_recorded = session.has_recorded;
            changes.push(self.raise(Raised { cause, heard, has_recorded, alarm }));
        }
        changes
    }

    fn is_known(&self, cause: &Cause) -> bool {
        self.dismissed.contains_key(cause) || self.raised.iter().any(|known| known.cause == *cause)
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        format!("{}-{}", self.prefix, self.count)
    }

    fn raise(&mut self, raised: Raised) -> Change {
        let alarm = raised.alarm.clone();
        self.raised.push(raised);
        Change::Raised(alarm)
    }

    fn end(&mut self, cause: &Cause, because: Because) -> Option<Change> {
        let at = self.raised.iter().position(|raised| raised.cause == *cause)?;
        Some(Change::Ended(self.raised.remove(at).alarm, because))
    }
}

impl Cause {
    fn of(session: &Heartbeat) -> Self {
        Self::Silent(session.device.clone(), session.session.clone())
    }

    /// Why nobody looks after its session any more.
    fn gone(&self, facts: &Facts) -> Because {
        let Self::Silent(device, session) = self else { return Because::Over };
        match facts.gone.get(&(device.clone(), session.clone())) {
            Some(Gone::Stopped) => Because::Stopped,
            Some(Gone::Followed) => Because::Newer,
            Some(Gone::Empty) => Because::Empty,
            Some(Gone::Crowded) | None => Because::Crowded,
        }
    }
}

fn quiet(session: &Heartbeat, fetched: Option<&String>) -> String {
    let (name, since) = (&session.name, clock::local_text(session.heard_us));
    if let Some(why) = fetched {
        return format!(
            "Nothing of the camera {name} has reached the server's disk since {since}: {why}. How \
             it is doing now stands on /devices."
        );
    }
    format!(
        "Nothing of what {name} records has reached the server's disk since {since}: see whether \
         its page is open, records and reaches the server."
    )
}

fn low(room: Room) -> String {
    let mb = |bytes: u64| bytes.div_ceil(MEGABYTE);
    format!(
        "Only {} MB are free on the server's disk: make room, since recording pauses when there \
         are less than {} MB.",
        mb(room.free_bytes),
        mb(room.reserve_bytes)
    )
}

fn full(reason: &str) -> String {
    format!("Recording is paused until there is room: {reason}.")
}

fn refused(reason: &str) -> String {
    format!("The server's disk does not take a recording: {reason}.")
}

#[cfg(test)]
mod tests;
