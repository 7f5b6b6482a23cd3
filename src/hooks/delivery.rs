//! One hook's events, one after the other, in the order in which they happened.

use std::sync::Arc;

use anyhow::Result;
use axum::http::{HeaderName, HeaderValue};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use super::command::Command;
use super::event::Event;
use crate::config;
use crate::config::hooks::{On, Way};
use crate::outgoing::{Address, authorities_for, pause};

/// A hundred cameras finish so many files in ten minutes: a hook that is further behind does not
/// catch up. Together these take about a megabyte.
pub(super) const MAX_WAITING: usize = 1000;

/// With the pauses between them these are half a minute: a server that restarts is back by then.
const MAX_ATTEMPTS: u32 = 5;

/// A hook as it is configured.
#[derive(Debug)]
pub(super) struct Hook {
    configured: config::Hook,
    how: How,
}

#[derive(Debug)]
enum How {
    Run(Command),
    Post(Box<Address>, Vec<(HeaderName, HeaderValue)>),
}

/// What has come of an event.
enum Told {
    Well,
    Failed(String),
    /// The server stops.
    Stopped,
}

/// Where events wait for a hook.
pub(super) struct Inbox {
    hook: Arc<Hook>,
    sender: mpsc::Sender<Arc<Event>>,
    /// How many have found no place since the last one that did.
    lost: u64,
}

impl Inbox {
    pub(super) fn new(hook: Arc<Hook>, sender: mpsc::Sender<Arc<Event>>) -> Self {
        Self { hook, sender, lost: 0 }
    }

    /// Whether it is of a hook that is configured the same.
    pub(super) fn is_of(&self, hook: &Hook) -> bool {
        self.hook.configured == hook.configured
    }

    pub(super) fn wants(&self, on: On, event: &Event) -> bool {
        self.hook.wants(on, event)
    }

    /// Puts an event behind those that wait, where there is a place.
    pub(super) fn put(&mut self, event: Arc<Event>) {
        let name = &self.hook.configured.name;
        match self.sender.try_send(event) {
            Err(TrySendError::Full(_)) => {
                if self.lost == 0 {
                    tracing::error!(hook = %name, waiting = MAX_WAITING, "a hook is too slow for what happens: until it has caught up it is not told of what is more than waits already");
                }
                self.lost += 1;
            }
            // Only one that has caught up: a line for each that finds a place says nothing.
            Ok(()) if self.lost > 0 && self.sender.capacity() >= MAX_WAITING / 2 => self.say_lost(),
            Ok(()) | Err(TrySendError::Closed(_)) => {}
        }
    }

    fn say_lost(&mut self) {
        let lost = std::mem::take(&mut self.lost);
        tracing::warn!(hook = %self.hook.configured.name, lost, "of so many events a slow hook was not told");
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        if self.lost > 0 {
            self.say_lost();
        }
    }
}

impl Hook {
    /// # Errors
    /// When there is no authority by which to know its address.
    pub(super) fn new(configured: &config::Hook) -> Result<Self> {
        let config::Hook { name, way, .. } = configured;
        let how = match way.clone() {
            Way::Command { program, arguments } => How::Run(Command { program, arguments }),
            Way::Url { url, headers, ca } => {
                let authorities = match url.is_encrypted() || ca.is_some() {
                    true => authorities_for(&format!("the hook {name:?}"), ca.as_deref())?,
                    false => Vec::new(),
                };
                How::Post(Box::new(Address::new(url.0, &authorities)), headers)
            }
        };
        Ok(Self { configured: configured.clone(), how })
    }

    pub(super) fn warn_of_what_is_missing(&self) {
        if let How::Run(command) = &self.how
            && !command.is_there()
        {
            let (name, program) = (&self.configured.name, command.program.display());
            tracing::warn!(hook = %name, %program, "there is no such program to run for this hook; it is looked for again with each event");
        }
    }

    pub(super) fn wants(&self, on: On, event: &Event) -> bool {
        let config::Hook { on: waited_for, device, .. } = &self.configured;
        waited_for.contains(&on) && device.as_ref().is_none_or(|device| event.is_of(device))
    }

    /// Tells what waits until nothing more comes, or `stop` ends it.
    pub(super) async fn work(
        self: Arc<Self>,
        mut waiting: mpsc::Receiver<Arc<Event>>,
        stop: CancellationToken,
    ) {
        let (name, timeout) = (&self.configured.name, self.configured.timeout);
        let mut has_failed = false;
        while let Some(event) = waiting.recv().await {
            let what = event.event;
            let told = match &self.how {
                How::Run(command) => command.run(&event, timeout, &stop).await.into(),
                How::Post(address, headers) => {
                    let posting = self.post(address, headers, &event, &mut has_failed);
                    stop.run_until_cancelled(posting).await.unwrap_or(Told::Stopped)
                }
            };
            match told {
                Told::Well => {}
                Told::Failed(error) => {
                    tracing::warn!(hook = %name, event = what, error, "a hook has failed");
                }
                Told::Stopped => {
                    let left = 1 + waiting.len();
                    tracing::warn!(hook = %name, left, "the server stops; of so many events its hook was not told to the end");
                    return;
                }
            }
        }
    }

    /// Posts until it is taken, a few times at most.
    async fn post(
        &self,
        address: &Address,
        headers: &[(HeaderName, HeaderValue)],
        event: &Event,
        has_failed: &mut bool,
    ) -> Told {
        let config::Hook { name, timeout, .. } = &self.configured;
        let mut failures = 0;
        loop {
            let posting = address.post_json(headers, event.json());
            let posted = tokio::time::timeout(*timeout, posting).await;
            let late = |_| Err(format!("no answer within {} s", timeout.as_secs()).into());
            let Err(failure) = posted.unwrap_or_else(late) else {
                if std::mem::take(has_failed) {
                    tracing::info!(hook = %name, "events reach the hook's address again");
                }
                return Told::Well;
            };
            let error = failure.message;
            if failure.is_permanent || failures + 1 >= MAX_ATTEMPTS {
                *has_failed = true;
                return Told::Failed(error);
            }
            if !std::mem::replace(has_failed, true) {
                tracing::warn!(hook = %name, event = event.event, error, "an event could not be told; it is tried again");
            }
            tokio::time::sleep(pause(failures)).await;
            failures += 1;
        }
    }
}

impl From<Option<Result<(), String>>> for Told {
    fn from(run: Option<Result<(), String>>) -> Self {
        match run {
            Some(Ok(())) => Self::Well,
            Some(Err(error)) => Self::Failed(error),
            None => Self::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::super::samples;
    use super::*;
    use crate::library::What;

    fn hook(on: &[On], device: Option<&str>) -> Arc<Hook> {
        let command = Command { program: PathBuf::from("/bin/true"), arguments: Vec::new() };
        let configured = config::Hook {
            name: "archive".to_owned(),
            on: on.to_vec(),
            device: device.map(str::to_owned),
            timeout: Duration::from_secs(1),
            way: Way::Command { program: command.program.clone(), arguments: Vec::new() },
        };
        Arc::new(Hook { configured, how: How::Run(command) })
    }

    fn event(what: What) -> (On, Arc<Event>) {
        let (on, event) = Event::of(&samples::news(what), Path::new("/srv"));
        (on, Arc::new(event))
    }

    #[test]
    fn a_hook_gets_what_it_waits_for_of_the_device_that_it_names() {
        let wants = |hook: &Hook, what: What| {
            let (on, event) = event(what);
            hook.wants(on, &event)
        };
        let files = hook(&[On::SegmentFinished], None);
        assert!(wants(&files, samples::segment()) && !wants(&files, samples::gap()));
        let ends = hook(&[On::Gap, On::SessionEnded, On::Disk], Some("Front door"));
        assert!(wants(&ends, samples::gap()) && wants(&ends, samples::ended()));
        assert!(!wants(&ends, samples::segment()));
        // What is of no device concerns all.
        assert!(ends.wants(On::Disk, &Event::of_disk(0, "low", None, None)));
        assert!(!wants(&hook(&[On::Gap], Some("Yard")), samples::gap()));
    }

    #[test]
    fn what_does_not_fit_is_counted_and_what_waits_stays_in_order() {
        let (sender, mut waiting) = mpsc::channel(MAX_WAITING);
        let mut inbox = Inbox::new(hook(&[On::Gap], None), sender);
        let numbered =
            |number: i64| event(What::Started { start_us: number * 1000, is_resumed: false }).1;
        let extra = 7;
        for number in 0..MAX_WAITING as i64 + extra {
            inbox.put(numbered(number));
        }
        assert_eq!(inbox.lost, extra as u64);
        // Not with the first place that is free, but when it has caught up.
        assert_eq!(*waiting.try_recv().unwrap(), *numbered(0));
        inbox.put(numbered(-1));
        assert_eq!(inbox.lost, extra as u64);
        for number in 1..=MAX_WAITING as i64 / 2 + 1 {
            assert_eq!(*waiting.try_recv().unwrap(), *numbered(number));
        }
        inbox.put(numbered(-2));
        assert_eq!(inbox.lost, 0);
    }
}
