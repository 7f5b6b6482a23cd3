//! What the service manager is told, where one has started the program and asks (`sd_notify(3)`):
//! systemd, and whatever speaks as it does.

use std::collections::HashSet;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use crate::live::{State, Streams};

/// How old what people read in `systemctl status` may be.
const STATUS_INTERVAL: Duration = Duration::from_secs(10);

/// It answers: what waits for it may begin.
pub(super) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is read again; [`ready`] says that it has been.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "cannot tell the service manager of the reload"),
    }
}

/// It ends, as soon as its files are finished.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping, NotifyState::Status("finishing the files")]);
}

/// Tells the manager, for as long as this goes on, that the server does its work, and of how many.
/// Once it does not, nothing more is told: the manager's watchdog ends the process and starts it
/// anew.
pub(super) async fn keep(streams: Streams, recorder: AbortHandle) {
    if std::env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    // Its locks are those that every camera and every viewer waits for.
    let look = move || (!recorder.is_finished()).then(|| recording(&streams));
    keep_telling(sd_notify::watchdog_enabled(), look, |states| notify(&states)).await;
}

async fn keep_telling<L, T>(watchdog: Option<Duration>, look: L, tell: T)
where
    L: Fn() -> Option<usize> + Clone + Send + 'static,
    T: Fn(Vec<NotifyState<'_>>),
{
    let mut ticks = tokio::time::interval(pause(watchdog));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut said = None;
    loop {
        ticks.tick().await;
        // By whichever of the runtime's threads is free, as everything that is served.
        let look = look.clone();
        let Ok(Some(count)) = tokio::spawn(async move { look() }).await else {
            tracing::error!(
                "nothing is recorded any more: the recorder has ended. Restart the server"
            );
            return;
        };
        let (words, is_new) = (words(count), said.replace(count) != Some(count));
        let mut states = Vec::new();
        states.extend(watchdog.is_some().then_some(NotifyState::Watchdog));
        states.extend(is_new.then_some(NotifyState::Status(&words)));
        // From here: the threads that wait for the disk may all be waiting for one that hangs, which
        // no new start would mend.
        if !states.is_empty() {
            tell(states);
        }
    }
}

/// Two of three may be lost, or late.
fn pause(watchdog: Option<Duration>) -> Duration {
    let third = watchdog.map_or(STATUS_INTERVAL, |watchdog| watchdog / 3);
    third.clamp(Duration::from_millis(1), STATUS_INTERVAL)
}

/// How many are being recorded.
fn recording(streams: &Streams) -> usize {
    let list = streams.list().into_iter();
    let recorded = list.filter(|stream| !stream.session.is_empty());
    let here = recorded.filter(|stream| stream.state != State::Away);
    here.map(|stream| (stream.device, stream.session)).collect::<HashSet<_>>().len()
}

fn words(count: usize) -> String {
    match count {
        0 => "nothing records".to_owned(),
        1 => "1 camera records".to_owned(),
        count => format!("{count} cameras record"),
    }
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell the service manager how the server is; it may take it for one that hangs, and start it anew");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Mutex};

    use super::*;

    const WATCHDOG: Duration = Duration::from_secs(3);

    /// What is told within so many thirds of the watchdog's time, where `look` finds that.
    async fn told(
        thirds: u32,
        watchdog: Option<Duration>,
        look: impl Fn() -> Option<usize> + Clone + Send + 'static,
    ) -> Vec<String> {
        let all = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&all);
        let keeping = keep_telling(watchdog, look, move |states| {
            heard.lock().unwrap().extend(states.iter().map(ToString::to_string));
        });
        let _ = tokio::time::timeout(WATCHDOG / 3 * thirds + WATCHDOG / 6, keeping).await;
        std::mem::take(&mut *all.lock().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_watchdog_hears_three_times_in_its_time_and_people_when_something_changes() {
        let looks = Arc::new(AtomicUsize::new(0));
        let look = move || Some(looks.fetch_add(1, Ordering::Relaxed) / 2);
        let all = told(3, Some(WATCHDOG), look).await;
        let ping = "WATCHDOG=1";
        let wanted = [ping, "STATUS=nothing records", ping, ping, "STATUS=1 camera records", ping];
        assert_eq!(all, wanted);
        assert_eq!(told(9, None, || Some(2)).await, ["STATUS=2 cameras record"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_records_no_more_is_silent() {
        let looks = Arc::new(AtomicUsize::new(0));
        let look = move || (looks.fetch_add(1, Ordering::Relaxed) < 2).then_some(0);
        let all = told(9, Some(WATCHDOG), look).await;
        assert_eq!(all.iter().filter(|said| *said == "WATCHDOG=1").count(), 2, "{all:?}");
    }
}
