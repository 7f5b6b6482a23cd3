//! The lists that everybody is told, made once for all.

mod sheet;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::stream::{BoxStream, StreamExt, select_all, unfold};
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::api::devices::publishers;
use super::api::sources::{self, Source};
use super::api::streams::{self, Stream};
use super::sight::{Seen, sees_device};
use crate::alarms;
use crate::auth::Pass;
use crate::devices::{Device, Devices};
use crate::live::Streams;
use crate::sources::Sources;
pub(super) use sheet::Sheet;

/// A burst of changes is one.
const SETTLE: Duration = Duration::from_millis(50);

/// Numbers such as bitrates are told this often.
const NUMBERS_INTERVAL: Duration = Duration::from_secs(1);

/// A list of many devices; all of it goes to everybody whenever one of them changes.
const LARGE_BYTES: usize = 64 << 10;

/// Between two tellings of such a list.
const LARGE_INTERVAL: Duration = Duration::from_secs(1);

/// A list and each of its changes, for one who is told.
pub(super) type Told<T> = watch::Receiver<Arc<Sheet<T>>>;

/// The lists as they are at the moment. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    streams: Told<StreamList>,
    devices: Told<DeviceList>,
    alarms: Told<alarms::Current>,
    sources: Told<SourceList>,
}

/// The streams that are live.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct StreamList {
    streams: Vec<Stream>,
}

/// The devices that are known or publish.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct DeviceList {
    devices: Vec<Device>,
}

/// What the server fetches by itself.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct SourceList {
    sources: Vec<Source>,
}

impl Seen for StreamList {
    fn seen_by(&self, pass: &Pass) -> Self {
        Self { streams: self.streams.seen_by(pass) }
    }
}

impl Seen for DeviceList {
    fn seen_by(&self, pass: &Pass) -> Self {
        let seen = self.devices.iter().filter(|device| sees_device(pass, device));
        Self { devices: seen.cloned().collect() }
    }
}

impl Seen for SourceList {
    fn seen_by(&self, pass: &Pass) -> Self {
        Self { sources: self.sources.seen_by(pass) }
    }
}

impl Board {
    /// Keeps the lists until nobody is left to read them.
    pub(crate) fn new(
        devices: Devices,
        live: Streams,
        alarms: alarms::List,
        fetched: Sources,
    ) -> Self {
        let of_streams = [changes(live.changes()), numbers()];
        let of_devices = [changes(devices.changes()), changes(live.changes())];
        let of_alarms = [changes(alarms.clone())];
        let of_sources = [changes(fetched.changes())];
        let published = live.clone();
        Self {
            streams: keep("streams", of_streams, move || {
                Arc::new(StreamList { streams: streams::list(&live) })
            }),
            devices: keep("devices", of_devices, move || {
                Arc::new(DeviceList { devices: devices.list(&publishers(&published)) })
            }),
            alarms: keep("alarms", of_alarms, move || Arc::clone(&alarms.borrow())),
            sources: keep("sources", of_sources, move || {
                Arc::new(SourceList { sources: sources::list(&fetched) })
            }),
        }
    }

    pub(super) fn streams(&self) -> Told<StreamList> {
        self.streams.clone()
    }

    pub(super) fn devices(&self) -> Told<DeviceList> {
        self.devices.clone()
    }

    pub(super) fn sources(&self) -> Told<SourceList> {
        self.sources.clone()
    }

    pub(super) fn alarms(&self) -> Told<alarms::Current> {
        self.alarms.clone()
    }
}

/// Makes a list anew whenever something may have changed.
fn keep<T>(
    kind: &'static str,
    changes: impl IntoIterator<Item = BoxStream<'static, ()>>,
    now: impl Fn() -> Arc<T> + Send + 'static,
) -> Told<T>
where
    T: PartialEq + Serialize + Send + Sync + 'static,
{
    let mut changes = select_all(changes);
    let (sender, told) = watch::channel(Arc::new(Sheet::new(kind, now())));
    tokio::spawn(async move {
        let mut earliest = Instant::now();
        loop {
            tokio::select! {
                Some(()) = changes.next() => {}
                () = sender.closed() => return,
                else => return,
            }
            tokio::time::sleep_until(earliest.max(Instant::now() + SETTLE)).await;
            // What has happened meanwhile is in the list that is made now.
            while let Some(Some(())) = changes.next().now_or_never() {}
            let list = now();
            if sender.borrow().is(&list) {
                continue;
            }
            let sheet = Sheet::new(kind, list);
            let is_large = sheet.text().len() > LARGE_BYTES;
            earliest = Instant::now() + if is_large { LARGE_INTERVAL } else { Duration::ZERO };
            sender.send_replace(Arc::new(sheet));
        }
    });
    told
}

/// Each change of something, as far as they are not the same moment's.
fn changes<T: Send + Sync + 'static>(of: watch::Receiver<T>) -> BoxStream<'static, ()> {
    unfold(of, async |mut of| of.changed().await.ok().map(|()| ((), of))).boxed()
}

fn numbers() -> BoxStream<'static, ()> {
    let mut interval = tokio::time::interval(NUMBERS_INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    unfold(interval, async |mut interval| {
        interval.tick().await;
        Some(((), interval))
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::devices::{Link, Said};

    fn say(link: &mut Link, device: &str, why: &str) {
        let labels = |number: usize| json!({ "id": number.to_string(), "label": "x".repeat(180) });
        let message = json!({
            "type": "device", "device": device, "key": "a-key-of-the-device", "control": "allowed",
            "state": "blocked", "why": why, "cameras": (0..16).map(labels).collect::<Vec<_>>(),
        });
        link.hear(Said::parse(message).unwrap(), Vec::new).unwrap();
    }

    fn board() -> (Board, Devices, [Link; 25], tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let devices = Devices::load(folder.path().to_owned()).unwrap();
        let links = std::array::from_fn(|_| devices.connect([127, 0, 0, 1].into()));
        let alarms = watch::channel(Arc::default()).1;
        let (hub, _) = crate::live::Hub::new();
        let sources = Sources::load(folder.path().to_owned(), Vec::new(), None, hub).unwrap();
        let board = Board::new(devices.clone(), Streams::default(), alarms, sources);
        (board, devices, links, folder)
    }

    #[tokio::test(start_paused = true)]
    async fn everybody_is_told_the_same_text() {
        let (board, _devices, mut links, _folder) = board();
        let (mut one, mut other) = (board.devices(), board.devices());
        say(&mut links[0], "device-1", "tap");
        one.changed().await.unwrap();
        other.changed().await.unwrap();
        let text = one.borrow().text();
        assert_eq!(text.as_ptr(), other.borrow().text().as_ptr());
        let told: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&told["type"], &told["devices"][0]["why"]), (&json!("devices"), &json!("tap")));
        // Who comes later is told of the time by then.
        tokio::time::advance(Duration::from_secs(5)).await;
        let later = board.devices().borrow().text();
        assert_ne!(text.as_ptr(), later.as_ptr());
        assert_eq!(later.as_ptr(), one.borrow().text().as_ptr());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_list_is_told_once_a_second() {
        let (board, _devices, mut links, _folder) = board();
        let mut told = board.devices();
        let mut count_while = async |links: &mut [Link]| {
            let (mut count, mut interval) = (0, tokio::time::interval(Duration::from_millis(100)));
            for round in 0..50 {
                interval.tick().await;
                for (number, link) in links.iter_mut().enumerate() {
                    say(link, &format!("device-{number}"), &format!("round-{round}"));
                }
                count += usize::from(told.has_changed().unwrap());
                told.mark_unchanged();
            }
            count
        };
        assert!(count_while(&mut links[..1]).await >= 45);
        let count = count_while(&mut links).await;
        assert!((4..=6).contains(&count), "{count}");
    }
}
