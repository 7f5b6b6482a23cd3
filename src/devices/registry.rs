//! Decides which device is whose, which connection speaks for it, and what is remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::command::{Code, Order, Refusal, Target};
use super::list::Publisher;
use super::newcomers::Newcomers;
use super::report::{KeyHash, Report, Said};

/// More browsers than any one place has; each visit in a private window is another one.
pub(super) const MAX_DEVICES: usize = 1000;

/// A camera that is taken out once a month is still somebody's; what has stayed away for longer
/// makes room for another.
const KEPT_MS: i64 = 30 * 24 * 3_600_000;

/// The devices that are remembered, and what they say of themselves while they are there.
#[derive(Debug, Default)]
pub(super) struct Registry {
    known: BTreeMap<String, Known>,
    newcomers: Newcomers,
}

/// A connection that says it is a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Speaker {
    /// Its number.
    pub(super) connection: u64,
    pub(super) from: IpAddr,
    /// Whether it has spoken for the device before.
    pub(super) is_admitted: bool,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) key: KeyHash,
    pub(super) name: String,
    pub(super) groups: Vec<String>,
    /// When it was last heard of: it came, said something new, or went.
    pub(super) last_seen_ms: i64,
    pub(super) online: Option<Online>,
}

/// A device's control connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Online {
    /// The number of the connection.
    pub(super) connection: u64,
    pub(super) report: Report,
}

/// What a message of a device has changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// Something that is listed.
    pub(super) is_news: bool,
    /// Something that must survive a restart.
    pub(super) is_worth_saving: bool,
    /// The connection that spoke for the device before.
    pub(super) took_over: Option<u64>,
}

/// Why a connection does not speak for a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAdmitted {
    #[error("this device is known with another key; let the page make itself a new id")]
    NotYours,
    #[error("the same device has connected a second time and goes on there")]
    TakenOver,
    #[error(
        "the server remembers as many devices as it can, and takes no new one; whoever runs it can take some out of its devices.json"
    )]
    Full,
    #[error("too many new devices have come from this address; come back in a minute")]
    TooMany,
    #[error("this connection speaks for another device already")]
    Another,
}

impl NotAdmitted {
    /// As it stands in messages.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotYours => "not_yours",
            Self::TakenOver => "taken_over",
            Self::Full | Self::TooMany => "busy",
            Self::Another => "bad_message",
        }
    }
}

impl Registry {
    /// What was remembered by an earlier run; nobody is there yet.
    pub(super) fn new(known: impl IntoIterator<Item = (String, Known)>) -> Self {
        Self { known: known.into_iter().collect(), newcomers: Newcomers::default() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &Known)> {
        self.known.iter()
    }

    pub(super) fn get(&self, device: &str) -> Option<&Known> {
        self.known.get(device)
    }

    /// A device says how it is.
    pub(super) fn hear(
        &mut self,
        said: Said,
        by: Speaker,
        now_ms: i64,
    ) -> Result<Heard, NotAdmitted> {
        let Speaker { connection, from, is_admitted } = by;
        let Said { device, key, name, report } = said;
        let Some(known) = self.known.get_mut(&device) else {
            // It went offline by another connection, and was forgotten since.
            if is_admitted {
                return Err(NotAdmitted::TakenOver);
            }
            if !self.newcomers.may_come(from, now_ms) {
                return Err(NotAdmitted::TooMany);
            }
            if self.known.len() >= MAX_DEVICES && !self.forget_one(now_ms) {
                return Err(NotAdmitted::Full);
            }
            self.newcomers.has_come(from);
            let online = Some(Online { connection, report });
            let known = Known { key, name, groups: Vec::new(), last_seen_ms: now_ms, online };
            self.known.insert(device, known);
            return Ok(Heard { is_news: true, is_worth_saving: true, took_over: None });
        };
        if !known.key.is(&key) {
            return Err(NotAdmitted::NotYours);
        }
        let online = Online { connection, report };
        let other = known.online.as_ref().filter(|before| before.connection != connection);
        let took_over = other.map(|before| before.connection);
        // Otherwise two tabs would take the device from each other for ever.
        if is_admitted && (took_over.is_some() || known.online.is_none()) {
            return Err(NotAdmitted::TakenOver);
        }
        let is_worth_saving = known.name != name;
        let is_same = known.online.as_ref() == Some(&online);
        known.name = name;
        known.online = Some(online);
        if !is_same || is_worth_saving {
            known.last_seen_ms = now_ms;
        }
        Ok(Heard { is_news: !is_same || is_worth_saving, is_worth_saving, took_over })
    }

    /// A connection is gone. Whether the device is offline with it.
    pub(super) fn leave(&mut self, device: &str, connection: u64, now_ms: i64) -> bool {
        let Some(known) = self.known.get_mut(device) else { return false };
        if known.online.as_ref().is_none_or(|online| online.connection != connection) {
            return false;
        }
        known.online = None;
        known.last_seen_ms = now_ms;
        true
    }

    /// Nobody is there any more.
    pub(super) fn all_leave(&mut self, now_ms: i64) {
        for known in self.known.values_mut().filter(|known| known.online.is_some()) {
            known.online = None;
            known.last_seen_ms = now_ms;
        }
    }

    /// Gives a device its groups. Whether anything changed, or `None` for one that is not known.
    pub(super) fn set_groups(&mut self, device: &str, groups: &[String]) -> Option<bool> {
        let known = self.known.get_mut(device)?;
        let is_new = known.groups != groups;
        known.groups = groups.to_vec();
        Some(is_new)
    }

    /// The devices that a command is for. All are those that are online; a group's are its
    /// members, so that whoever is missing is told.
    pub(super) fn resolve(
        &self,
        to: &Target,
        publishers: &[Publisher],
    ) -> Result<Vec<String>, Refusal> {
        let unknown = |what: &str, name: &str, code: Code| {
            let name = crate::text::cut(&crate::text::one_line(name), 64);
            Err(code.because(format!("there is no {what} {name}")))
        };
        let publishes = |device: &String| publishers.iter().any(|own| own.device == *device);
        match to {
            Target::Device(device) if self.known.contains_key(device) || publishes(device) => {
                Ok(vec![device.clone()])
            }
            Target::Device(device) => unknown("device", device, Code::UnknownDevice),
            Target::Group(group) => {
                let of = self.known.iter().filter(|(_, known)| known.groups.contains(group));
                let members: Vec<String> = of.map(|(device, _)| device.clone()).collect();
                if members.is_empty() {
                    return unknown("device in a group", group, Code::UnknownGroup);
                }
                Ok(members)
            }
            Target::All => {
                let connected = self.known.iter().filter(|(_, known)| known.online.is_some());
                let publishing = publishers.iter().filter(|own| !own.is_away && self.is_one(own));
                let all: BTreeSet<&String> = connected
                    .map(|(device, _)| device)
                    .chain(publishing.map(|own| &own.device))
                    .collect();
                Ok(all.into_iter().cloned().collect())
            }
        }
    }

    /// Whether an order can be handed to a device; the connection that takes it.
    pub(super) fn check(&self, device: &str, order: &Order) -> Result<u64, Refusal> {
        let Some(known) = self.known.get(device) else {
            let sentence = "it publishes without a control connection and takes no commands";
            return Err(Code::Unsupported.because(sentence));
        };
        let Some(online) = &known.online else {
            let sentence = format!("{} is not connected", known.name);
            return Err(Code::Offline.because(sentence));
        };
        order.check(&known.name, &online.report)?;
        Ok(online.connection)
    }

    /// Whether a publisher is the device that it says it is, as far as that is known.
    pub(super) fn is_one(&self, publisher: &Publisher) -> bool {
        self.known.get(&publisher.device).is_none_or(|known| publisher.has_shown(&known.key))
    }

    /// Forgets the device that has not been there for longest. One that somebody has put into a
    /// group is no passer-by, and one that was there lately may come back.
    fn forget_one(&mut self, now_ms: i64) -> bool {
        let is_gone = |known: &Known| {
            let away_ms = now_ms.saturating_sub(known.last_seen_ms);
            known.online.is_none() && known.groups.is_empty() && away_ms > KEPT_MS
        };
        let gone = self.known.iter().filter(|(_, known)| is_gone(known));
        let oldest = gone.min_by_key(|(_, known)| known.last_seen_ms);
        let Some(device) = oldest.map(|(device, _)| device.clone()) else { return false };
        self.known.remove(&device).is_some()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::devices::list::tests::publisher;
    use crate::devices::report::tests::message;

    fn said(device: &str) -> Said {
        Said::parse(message(device)).unwrap()
    }

    fn said_with(device: &str, member: &str, value: serde_json::Value) -> Said {
        let mut message = message(device);
        message[member] = value;
        Said::parse(message).unwrap()
    }

    pub(in super::super) fn by(connection: u64, is_admitted: bool) -> Speaker {
        let from = std::net::Ipv4Addr::from(0x0A00_0000 + connection as u32).into();
        Speaker { connection, from, is_admitted }
    }

    fn group(name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    #[test]
    fn a_device_is_whose_key_was_there_first() {
        let mut registry = Registry::default();
        let heard = registry.hear(said("device-1"), by(1, false), 10).unwrap();
        assert_eq!(heard, Heard { is_news: true, is_worth_saving: true, took_over: None });
        let other = said_with("device-1", "key", json!("another-key-of-24-letters"));
        assert_eq!(registry.hear(other, by(2, false), 11), Err(NotAdmitted::NotYours));
        // Nothing new is no news.
        let heard = registry.hear(said("device-1"), by(1, true), 20).unwrap();
        assert_eq!(heard, Heard::default());
        assert_eq!(registry.get("device-1").unwrap().last_seen_ms, 10);
        let recording = said_with("device-1", "state", json!("recording"));
        let heard = registry.hear(recording, by(1, true), 30).unwrap();
        assert_eq!((heard.is_news, heard.is_worth_saving), (true, false));
        assert_eq!(registry.get("device-1").unwrap().last_seen_ms, 30);
    }

    #[test]
    fn the_newer_connection_takes_over_and_keeps_it() {
        let mut registry = Registry::default();
        registry.hear(said("device-1"), by(1, false), 10).unwrap();
        let heard = registry.hear(said("device-1"), by(2, false), 11).unwrap();
        assert_eq!((heard.took_over, heard.is_news), (Some(1), true));
        assert_eq!(registry.hear(said("device-1"), by(1, true), 12), Err(NotAdmitted::TakenOver));
        assert!(!registry.leave("device-1", 1, 13), "the older one takes nothing with it");
        assert!(registry.leave("device-1", 2, 14));
        assert_eq!(registry.hear(said("device-1"), by(1, true), 15), Err(NotAdmitted::TakenOver));
        assert_eq!(registry.get("device-1").unwrap().last_seen_ms, 14);
    }

    #[test]
    fn only_what_is_long_gone_makes_room() {
        let mut registry = Registry::default();
        for number in 0..MAX_DEVICES as u64 {
            let from = by(number, false);
            registry.hear(said(&format!("device-{number}")), from, 0).unwrap();
        }
        for (at_ms, number) in [(5, 7), (7, 8), (6, 9)] {
            assert!(registry.leave(&format!("device-{number}"), number, at_ms));
        }
        registry.set_groups("device-7", &group("hall")).unwrap();
        let mut new = |device: &str, now_ms: i64| {
            let is_new = registry.hear(said(device), by(9999, false), now_ms).map(drop);
            let is_known = |number: u64| registry.get(&format!("device-{number}")).is_some();
            (is_new, [is_known(7), is_known(8), is_known(9)])
        };
        let day_ms = KEPT_MS / 30;
        // A clock that was set is no reason either.
        for now_ms in [-KEPT_MS, 8, 29 * day_ms] {
            assert_eq!(new("device-new", now_ms), (Err(NotAdmitted::Full), [true; 3]));
        }
        assert_eq!(new("device-new", 31 * day_ms), (Ok(()), [true, true, false]));
        assert_eq!(new("device-newer", 31 * day_ms), (Ok(()), [true, false, false]));
        // The one in a group stays, as do those that are there.
        let full = (Err(NotAdmitted::Full), [true, false, false]);
        assert_eq!(new("device-newest", 900 * day_ms), full);
    }

    #[test]
    fn an_address_brings_few_new_devices_in_a_minute() {
        let mut registry = Registry::default();
        let mut new = |device: &str, now_ms: i64| {
            let speaker = Speaker { from: "192.168.1.7".parse().unwrap(), ..by(1, false) };
            registry.hear(said(device), speaker, now_ms).map(drop)
        };
        let came = (0..1000).take_while(|number| new(&format!("device-{number}"), 5).is_ok());
        assert_eq!(came.count(), 30);
        assert_eq!(new("device-new", 6), Err(NotAdmitted::TooMany));
        assert_eq!(new("device-3", 6), Ok(()), "one that is known may come");
        assert_eq!(new("device-new", 60_006), Ok(()));
    }

    #[test]
    fn a_command_finds_its_devices() {
        let mut registry = Registry::default();
        for (number, device) in ["device-a", "device-b", "device-c"].into_iter().enumerate() {
            registry.hear(said(device), by(number as u64, false), 0).unwrap();
        }
        registry.leave("device-c", 2, 1);
        assert_eq!(registry.set_groups("device-b", &group("hall")), Some(true));
        assert_eq!(registry.set_groups("device-c", &group("hall")), Some(true));
        assert_eq!(registry.set_groups("device-c", &group("hall")), Some(false));
        assert_eq!(registry.set_groups("device-d", &group("hall")), None);
        let mut publishers =
            ["device-a", "pushed-1", "pushed-2", "pushed-1"].map(|device| publisher(device, "s-1"));
        publishers[2].is_away = true;
        let found = |to: Target| registry.resolve(&to, &publishers).map_err(|refusal| refusal.code);
        assert_eq!(found(Target::Device("pushed-1".to_owned())), Ok(vec!["pushed-1".to_owned()]));
        let nobody = found(Target::Device("device-d".to_owned()));
        assert_eq!(nobody, Err(Code::UnknownDevice));
        let of_hall = found(Target::Group("hall".to_owned())).unwrap();
        assert_eq!(of_hall, ["device-b", "device-c"]);
        assert_eq!(found(Target::Group("attic".to_owned())), Err(Code::UnknownGroup));
        assert_eq!(found(Target::All).unwrap(), ["device-a", "device-b", "pushed-1"]);

        // One that is known and publishes is online, with its key.
        let key = Some(registry.get("device-c").unwrap().key.clone());
        let away = registry.resolve(&Target::All, &[publisher("device-c", "s-1")]).unwrap();
        assert_eq!(away, ["device-a", "device-b"]);
        let own = Publisher { key, ..publisher("device-c", "s-1") };
        let all = registry.resolve(&Target::All, &[own]).unwrap();
        assert_eq!(all, ["device-a", "device-b", "device-c"]);

        let start = Order::Device(super::super::command::Word::Start, None);
        let check = |device: &str| registry.check(device, &start).map_err(|refusal| refusal.code);
        assert_eq!(check("device-b"), Ok(1));
        assert_eq!(check("device-c"), Err(Code::Offline));
        assert_eq!(check("pushed-1"), Err(Code::Unsupported));
    }
}
