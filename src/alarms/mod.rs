//! What people must know at once: a recording that has gone silent, a disk that takes no more.
//! `docs/guide/alarms.md`.

mod delivery;
mod notice;
mod queue;
mod rules;
mod targets;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::addresses::Reach;
use crate::clock;
use crate::config;
use crate::library::Library;
use delivery::Courier;
use notice::Notice;
use rules::{Change, Facts, Now, Rules};
use targets::Target;

/// Whoever was away for a moment learns why an alarm is gone; as many as can rise at once.
const MAX_ENDED: usize = 200;

/// Looked at so often; a silence is measured in seconds.
const INTERVAL: Duration = Duration::from_secs(1);

/// Tests reach people, and foreign servers that count them. None takes longer than this.
const BETWEEN_TESTS: Duration = Duration::from_secs(10);

/// Something that is wrong now. It stays the same from its rise to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Alarm {
    /// Of this rise: when the same thing goes wrong again, that is another alarm.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    /// Since when it has been wrong, which is before it was noticed.
    pub(crate) since_ms: i64,
    pub(crate) device: Option<String>,
    /// The device's name for people.
    pub(crate) name: Option<String>,
    pub(crate) session: Option<String>,
    /// One sentence for people.
    pub(crate) message: String,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AlarmKind)]
pub(crate) enum Kind {
    /// A session that nobody has stopped makes nothing durable.
    Silent,
    /// Free space comes close to the reserve.
    DiskLow,
    /// Recording is paused for want of space.
    DiskFull,
    /// The disk refuses for another reason.
    DiskRefused,
}

/// The alarms of the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CurrentAlarms)]
pub(crate) struct Current {
    /// Oldest first.
    alarms: Vec<Alarm>,
    /// Those that have ended lately, newest last.
    ended: Vec<Ended>,
}

impl Current {
    /// How many there are of a kind.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.alarms.iter().filter(|alarm| alarm.kind == kind).count()
    }

    /// Only those of the devices that are wanted. What has ended says nothing of whose it was.
    pub(crate) fn of(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let of_wanted = |alarm: &&Alarm| alarm.device.as_deref().is_some_and(&is_wanted);
        Self {
            alarms: self.alarms.iter().filter(of_wanted).cloned().collect(),
            ended: self.ended.clone(),
        }
    }
}

/// An alarm that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = EndedAlarm)]
pub(crate) struct Ended {
    id: String,
    because: &'static str,
}

/// The alarms of the moment, and word of each change.
pub(crate) type List = watch::Receiver<Arc<Current>>;

/// Why nothing comes of those that the server fetches itself, and what to do, by their ids among
/// those that publish.
pub(crate) type Fetched = Box<dyn Fn() -> HashMap<String, String> + Send + Sync>;

/// Who is told, and what it was made of.
#[derive(Debug, Clone)]
struct Placed {
    target: config::alarms::Target,
    courier: Arc<Courier>,
    /// Ends its delivery.
    stop: CancellationToken,
}

/// Another configuration of the alarms, of which nothing can fail any more.
#[derive(Debug)]
pub(crate) struct Prepared {
    silent: Option<Duration>,
    targets: Vec<Placed>,
}

/// The alarms of this server. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Alarms {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    rules: Mutex<Rules>,
    list: watch::Sender<Arc<Current>>,
    targets: Mutex<Vec<Placed>>,
    /// Ends all of them.
    stop: CancellationToken,
    /// Where people look at this server.
    server: watch::Receiver<Reach>,
    /// When a test was sent last: it reaches people.
    tested: Mutex<Option<Instant>>,
}

/// A target as people see it.
#[derive(Debug)]
pub(crate) struct TargetState {
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// When the last attempt was, and how it went.
    pub(crate) last: Option<Attempt>,
    /// The same of the last test, which says nothing of what waits.
    pub(crate) tested: Option<Attempt>,
}

/// When something was sent, and how that went.
pub(crate) type Attempt = (i64, Result<(), String>);

impl Alarms {
    /// # Errors
    /// When a target cannot be told of anything.
    pub(crate) fn new(config: &config::Alarms, server: watch::Receiver<Reach>) -> Result<Self> {
        let stop = CancellationToken::new();
        let targets = config.targets.iter().map(|target| place(target, &stop));
        let targets = Mutex::new(targets.collect::<Result<_>>()?);
        let run = uuid::Uuid::new_v4().simple().to_string();
        let shared = Shared {
            rules: Mutex::new(Rules::new(config.silent, run[..8].to_owned())),
            list: watch::Sender::new(Arc::default()),
            targets,
            stop,
            server,
            tested: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Looks after the library's recordings, and tells the targets, until the server stops.
    pub(crate) async fn watch(self, library: Library, fetched: Fetched, stop: CancellationToken) {
        let _targets = self.shared.stop.clone().drop_guard();
        self.shared.targets().iter().for_each(Placed::begin);
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let facts = facts(&library, fetched());
            let now = Now { at: Instant::now(), wall_us: clock::now_us() };
            self.shared.change(|rules| rules.judge(&facts, now));
        }
    }

    /// Makes ready what another configuration needs; what stays the same is what is there.
    ///
    /// # Errors
    /// When a target cannot be told of anything.
    pub(crate) fn prepare(&self, config: &config::Alarms) -> Result<Prepared> {
        let mut known = self.shared.targets().clone();
        let targets = config.targets.iter().map(|target| {
            match known.iter().position(|placed| placed.target == *target) {
                Some(at) => Ok(known.swap_remove(at)),
                None => place(target, &self.shared.stop),
            }
        });
        Ok(Prepared { silent: config.silent, targets: targets.collect::<Result<_>>()? })
    }

    /// Goes on with another configuration. What waits for a target goes to the one of its name.
    pub(crate) fn take_over(&self, Prepared { silent, targets }: Prepared) {
        // Nothing is told meanwhile.
        let mut rules = self.shared.rules();
        rules.set_silent(silent);
        let mut known = self.shared.targets();
        let is_in = |all: &[Placed], one: &Placed| {
            all.iter().any(|placed| Arc::ptr_eq(&placed.courier, &one.courier))
        };
        let before = std::mem::replace(&mut *known, targets);
        for old in before.iter().filter(|old| !is_in(&known, old)) {
            old.stop.cancel();
            let heir = known.iter().find(|new| new.target.name == old.target.name);
            if let Some(heir) = heir.filter(|heir| !is_in(&before, heir)) {
                heir.courier.inherit(&old.courier);
            }
        }
        known.iter().filter(|new| !is_in(&before, new)).for_each(Placed::begin);
    }

    /// The alarms of the moment, and word of each change.
    pub(crate) fn list(&self) -> List {
        self.shared.list.subscribe()
    }

    /// For how long a session may make nothing durable, if that is an alarm.
    pub(crate) fn silent(&self) -> Option<Duration> {
        self.shared.rules().silent()
    }

    /// Who is told.
    pub(crate) fn targets(&self) -> Vec<TargetState> {
        self.shared.targets().iter().map(|placed| placed.courier.state()).collect()
    }

    /// Ends an alarm that a person has seen. False when there is none with this id.
    pub(crate) fn dismiss(&self, id: &str) -> bool {
        self.shared.change(|rules| rules.dismiss(id)) > 0
    }

    /// Sends a test to every target.
    ///
    /// # Errors
    /// How long to wait for the next test.
    pub(crate) async fn test(&self) -> Result<Vec<TargetState>, Duration> {
        self.shared.begin_test(Instant::now())?;
        let notice = Notice::test(clock::now_us(), &self.shared.server.borrow().page);
        let targets = self.shared.targets().clone();
        let tests = targets.iter().map(|Placed { courier, .. }| async {
            courier.test(&notice).await;
            courier.state()
        });
        Ok(futures_util::future::join_all(tests).await)
    }
}

impl Placed {
    fn begin(&self) {
        tokio::spawn(Arc::clone(&self.courier).run(self.stop.clone()));
    }
}

fn place(target: &config::alarms::Target, stop: &CancellationToken) -> Result<Placed> {
    let (name, kind) = (target.name.clone(), targets::kind(&target.way));
    let post = Box::new(Target::new(target)?);
    let courier = Arc::new(Courier::new(name, kind, post));
    Ok(Placed { target: target.clone(), courier, stop: stop.child_token() })
}

impl Shared {
    /// Has the rules decide something, and tells everybody. Returns how much has changed.
    fn change<C>(&self, decide: impl FnOnce(&mut Rules) -> C) -> usize
    where
        C: IntoIterator<Item = Change>,
    {
        let mut rules = self.rules();
        let changes: Vec<Change> = decide(&mut rules).into_iter().collect();
        if changes.is_empty() {
            return 0;
        }
        // Still under the lock, so that everybody hears of it in the same order.
        self.list.send_modify(|current| {
            let over = changes.iter().filter_map(Change::ended);
            let mut ended: Vec<Ended> = current.ended.iter().cloned().chain(over).collect();
            ended.drain(..ended.len().saturating_sub(MAX_ENDED));
            *current = Arc::new(Current { alarms: rules.alarms().cloned().collect(), ended });
        });
        let count = changes.len();
        changes.iter().for_each(log);
        for notice in Notice::of(changes, clock::now_us(), &self.server.borrow().page) {
            let notice = Arc::new(notice);
            for Placed { courier, .. } in &*self.targets() {
                courier.send(Arc::clone(&notice));
            }
        }
        count
    }

    /// Whoever asks and does not wait for the answer has tested all the same.
    fn begin_test(&self, now: Instant) -> Result<(), Duration> {
        let mut tested = self.tested.lock().unwrap_or_else(PoisonError::into_inner);
        let since = tested.map(|at| now.saturating_duration_since(at));
        match since.and_then(|since| BETWEEN_TESTS.checked_sub(since)) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *tested = Some(now);
                Ok(())
            }
        }
    }

    /// Locked behind the rules where both are.
    fn targets(&self) -> MutexGuard<'_, Vec<Placed>> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn facts(library: &Library, fetched: HashMap<String, String>) -> Facts {
    let trouble = library.trouble();
    let (sessions, gone) = library.heartbeats().look();
    Facts {
        sessions,
        gone,
        paused: trouble.held().borrow().all.clone(),
        refused: trouble.refused(),
        room: trouble.room(),
        fetched,
    }
}

fn log(change: &Change) {
    match change {
        // Its sentence has the name that a person has given to the device.
        Change::Raised(Alarm { id, kind: Kind::Silent, session, .. }) => {
            let session = session.as_deref().unwrap_or_default();
            tracing::warn!(id, session, "alarm: nothing of a recording has reached the disk");
        }
        Change::Raised(Alarm { id, message, .. }) => tracing::warn!(id, "alarm: {message}"),
        Change::Ended(Alarm { id, .. }, because) => {
            tracing::info!(id, ?because, "the alarm is over");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(tokens: &[(&str, &str)]) -> config::Alarms {
        let target = |(name, token): &(&str, &str)| config::alarms::Target {
            name: (*name).to_owned(),
            ca: None,
            way: config::alarms::Way::Ntfy {
                url: config::alarms::test_url("http://127.0.0.1:1/"),
                authorization: Some(token.parse().unwrap()),
            },
        };
        let silent = Some(Duration::from_secs(tokens.len() as u64));
        config::Alarms { silent, targets: tokens.iter().map(target).collect() }
    }

    #[tokio::test]
    async fn another_configuration_keeps_who_stays_and_what_waits_for_whom() {
        let before = told(&[("a", "1"), ("b", "1")]);
        let alarms = Alarms::new(&before, watch::channel(Reach::default()).1).unwrap();
        let couriers = || alarms.shared.targets().clone();
        let old = couriers();
        let notice = Arc::new(Notice::test(0, "x"));
        old.iter().for_each(|placed| placed.courier.send(Arc::clone(&notice)));
        let next = told(&[("b", "2"), ("a", "1"), ("c", "1")]);
        alarms.take_over(alarms.prepare(&next).unwrap());
        let new = couriers();
        assert_eq!(alarms.silent(), Some(Duration::from_secs(3)));
        assert!(Arc::ptr_eq(&old[0].courier, &new[1].courier) && !old[0].stop.is_cancelled());
        assert!(old[1].stop.is_cancelled());
        let waiting = |placed: &Placed| placed.courier.waiting();
        assert_eq!(new.iter().map(waiting).collect::<Vec<_>>(), [1, 1, 0]);
        assert_eq!(waiting(&old[1]), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_test_that_nobody_waits_for_counts_as_well() {
        let alarms =
            Alarms::new(&config::Alarms::default(), watch::channel(Reach::default()).1).unwrap();
        drop(futures_util::FutureExt::now_or_never(alarms.test()));
        tokio::time::advance(Duration::from_secs(4)).await;
        assert_eq!(alarms.test().await.map(drop), Err(Duration::from_secs(6)));
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(alarms.test().await.is_ok());
    }
}
