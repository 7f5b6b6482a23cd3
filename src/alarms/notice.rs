//! What a target is told, in words and as JSON.

use serde::Serialize;

use super::rules::{Because, Change};
use super::{Alarm, Ended, Kind};
use crate::clock::{self, WallUs};

/// Of several alarms in one message so many are named: some targets take a few kilobytes at most.
const MAX_NAMED: usize = 10;

/// One message to a target.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    event: Event,
    at_us: WallUs,
    /// Where people look.
    server: String,
}

#[derive(Debug, Clone)]
enum Event {
    /// What has changed at once, of one kind and for one reason. Never empty.
    Raised(Vec<Alarm>),
    Ended(Vec<Alarm>, Because),
    Test,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Alarm,
    Ended,
    Test,
}

/// The notice as programs get it; `docs/guide/alarms.md`.
#[derive(Debug, Serialize)]
struct Body<'a> {
    event: &'static str,
    at_ms: i64,
    server: &'a str,
    title: &'a str,
    /// The member that chat programs show.
    text: &'a str,
    alarms: &'a [Alarm],
    because: Option<&'static str>,
}

impl Notice {
    /// What has changed at once: a hundred cameras behind one access point are one message.
    pub(super) fn of(changes: Vec<Change>, at_us: WallUs, server: &str) -> Vec<Self> {
        let mut events: Vec<Event> = Vec::new();
        for change in changes {
            let (alarm, because) = match change {
                Change::Raised(alarm) => (alarm, None),
                Change::Ended(alarm, because) => (alarm, Some(because)),
            };
            let alike = events.iter_mut().find_map(|event| {
                match event {
                    Event::Raised(alarms) if because.is_none() => Some(alarms),
                    Event::Ended(alarms, why) if because == Some(*why) => Some(alarms),
                    _ => None,
                }
                .filter(|alarms| alarms.iter().all(|known| known.kind == alarm.kind))
            });
            match (alike, because) {
                (Some(alarms), _) => alarms.push(alarm),
                (None, None) => events.push(Event::Raised(vec![alarm])),
                (None, Some(because)) => events.push(Event::Ended(vec![alarm], because)),
            }
        }
        let notice = |event| Self { event, at_us, server: server.to_owned() };
        events.into_iter().map(notice).collect()
    }

    pub(super) fn test(at_us: WallUs, server: &str) -> Self {
        Self { event: Event::Test, at_us, server: server.to_owned() }
    }

    pub(super) fn weight(&self) -> Weight {
        match &self.event {
            Event::Raised(_) => Weight::Alarm,
            Event::Ended(..) => Weight::Ended,
            Event::Test => Weight::Test,
        }
    }

    /// The alarms that it tells of.
    pub(super) fn alarms(&self) -> &[Alarm] {
        match &self.event {
            Event::Raised(alarms) | Event::Ended(alarms, _) => alarms,
            Event::Test => &[],
        }
    }

    /// The same without some of its alarms; `None` when nothing is left to tell.
    pub(super) fn without(&self, is_unwanted: impl Fn(&Alarm) -> bool) -> Option<Self> {
        let mut rest = self.clone();
        match &mut rest.event {
            Event::Raised(alarms) | Event::Ended(alarms, _) => {
                alarms.retain(|alarm| !is_unwanted(alarm));
                (!alarms.is_empty()).then_some(rest)
            }
            Event::Test => Some(rest),
        }
    }

    /// A few words.
    pub(super) fn title(&self) -> String {
        let Some(alarm) = self.alarms().first() else { return "A test of the alarms".to_owned() };
        let (kind, who) = (alarm.kind, self.who());
        let is_one = self.alarms().len() == 1;
        let words = |one: &str, more: &str| format!("{who} {}", if is_one { one } else { more });
        match &self.event {
            Event::Test | Event::Raised(_) => match kind {
                Kind::Silent => words("records nothing", "record nothing"),
                Kind::DiskLow => "The server's disk is nearly full".to_owned(),
                Kind::DiskFull => "Recording is paused: the disk is full".to_owned(),
                Kind::DiskRefused => "The server's disk refuses a recording".to_owned(),
            },
            Event::Ended(_, because) => match (kind, because) {
                (Kind::Silent, Because::Durable | Because::Newer) => {
                    words("records again", "record again")
                }
                (Kind::Silent, Because::Stopped) => words("was stopped", "were stopped"),
                (Kind::Silent, Because::Empty) => words("went away", "went away"),
                (Kind::Silent, Because::Crowded) => {
                    words("is no longer looked after", "are no longer looked after")
                }
                (Kind::Silent, _) => format!("{who}: the alarm was dismissed"),
                (_, Because::Dismissed) => "The alarm of the disk was dismissed".to_owned(),
                (Kind::DiskLow, _) => "There is room on the server's disk again".to_owned(),
                (Kind::DiskFull, _) => "Recording goes on: there is room again".to_owned(),
                (Kind::DiskRefused, _) => "The server's disk takes recordings again".to_owned(),
            },
        }
    }

    /// Whole sentences, a line for each alarm.
    pub(super) fn text(&self) -> String {
        let at = clock::local_text(self.at_us);
        let sentence = |alarm: &Alarm| match &self.event {
            Event::Ended(_, because) => {
                let since = clock::local_text(alarm.since_ms.saturating_mul(1000));
                let (who, how) = (who(alarm), because.sentence());
                format!("{who}: {how}. The alarm was about the time from {since} to {at}.")
            }
            Event::Raised(_) | Event::Test => alarm.message.clone(),
        };
        let alarms = self.alarms();
        if alarms.is_empty() {
            return format!("This is a test of {}, sent at {at}. All is well.", self.server);
        }
        let mut lines: Vec<String> = alarms.iter().take(MAX_NAMED).map(sentence).collect();
        if let Some(more) = alarms.len().checked_sub(MAX_NAMED).filter(|&more| more > 0) {
            lines.push(format!("And {more} more: see the server's page."));
        }
        lines.join("\n")
    }

    /// The first alarm's device, and how many others.
    fn who(&self) -> String {
        let first = self.alarms().first().map_or("", |alarm| who(alarm));
        match self.alarms().len().saturating_sub(1) {
            0 => first.to_owned(),
            1 => format!("{first} and another one"),
            others => format!("{first} and {others} others"),
        }
    }

    /// Where to look.
    pub(super) fn link(&self) -> String {
        format!("{}/live", self.server)
    }

    /// As programs get it.
    pub(super) fn json(&self) -> Vec<u8> {
        let because = match &self.event {
            Event::Ended(_, because) => Some(because.name()),
            Event::Raised(_) | Event::Test => None,
        };
        let body = Body {
            event: match self.weight() {
                Weight::Alarm => "raised",
                Weight::Ended => "ended",
                Weight::Test => "test",
            },
            at_ms: self.at_us / 1000,
            server: &self.server,
            title: &self.title(),
            text: &self.text(),
            alarms: self.alarms(),
            because,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl Change {
    /// Which alarm is over, if one is.
    pub(super) fn ended(&self) -> Option<Ended> {
        match self {
            Self::Raised(_) => None,
            Self::Ended(alarm, because) => {
                Some(Ended { id: alarm.id.clone(), because: because.name() })
            }
        }
    }
}

impl Because {
    fn name(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Stopped => "stopped",
            Self::Newer => "newer",
            Self::Empty => "empty",
            Self::Crowded => "crowded",
            Self::Over => "over",
            Self::Dismissed => "dismissed",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Durable => "what it records reaches the disk again",
            Self::Newer => "the device records in a new session",
            Self::Stopped => "its recording was stopped",
            Self::Empty => "its device went away before anything was recorded",
            Self::Crowded => {
                "it is no longer looked after, because too many recordings have not been stopped"
            }
            Self::Over => "it is well again",
            Self::Dismissed => "somebody dismissed the alarm",
        }
    }
}

fn who(alarm: &Alarm) -> &str {
    alarm.name.as_deref().unwrap_or("The server's disk")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm() -> Alarm {
        Alarm {
            id: "run-1".to_owned(),
            kind: Kind::Silent,
            since_ms: 1000,
            device: Some("device-1".to_owned()),
            name: Some("Front door".to_owned()),
            session: Some("s-1".to_owned()),
            message: "Nothing comes.".to_owned(),
        }
    }

    #[test]
    fn programs_get_the_alarm_and_people_its_words() {
        let notice = |change| Notice::of(vec![change], 31_000_000, "https://a:5001").remove(0);
        let raised = notice(Change::Raised(alarm()));
        let body: serde_json::Value = serde_json::from_slice(&raised.json()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "event": "raised", "at_ms": 31_000, "server": "https://a:5001",
                "title": "Front door records nothing", "text": "Nothing comes.",
                "alarms": [{ "id": "run-1", "kind": "silent", "since_ms": 1000,
                    "device": "device-1", "name": "Front door", "session": "s-1",
                    "message": "Nothing comes." }],
                "because": null,
            })
        );
        let ended = notice(Change::Ended(alarm(), Because::Durable));
        let body: serde_json::Value = serde_json::from_slice(&ended.json()).unwrap();
        assert_eq!((&body["event"], &body["because"]), (&"ended".into(), &"durable".into()));
        assert_eq!(body["title"], "Front door records again");
    }

    #[test]
    fn what_changes_at_once_is_one_message_for_each_kind_and_reason() {
        let numbered = |number: usize| Alarm { id: number.to_string(), ..alarm() };
        let low = Alarm { kind: Kind::DiskLow, name: None, ..alarm() };
        let mut changes: Vec<Change> = (0..100).map(|n| Change::Raised(numbered(n))).collect();
        changes.insert(50, Change::Raised(low));
        changes.push(Change::Ended(numbered(200), Because::Durable));
        changes.push(Change::Ended(numbered(201), Because::Stopped));
        changes.push(Change::Ended(numbered(202), Because::Durable));
        let notices = Notice::of(changes, 0, "https://a:5001");
        let titles: Vec<_> = notices.iter().map(Notice::title).collect();
        assert_eq!(
            titles,
            [
                "Front door and 99 others record nothing",
                "The server's disk is nearly full",
                "Front door and another one record again",
                "Front door was stopped",
            ]
        );
        assert_eq!(notices[0].alarms().len(), 100);
        let text = notices[0].text();
        assert_eq!(text.lines().count(), MAX_NAMED + 1, "{text}");
        assert!(text.ends_with("And 90 more: see the server's page."), "{text}");
    }
}
