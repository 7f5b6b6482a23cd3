//! What a target is told, in words and as JSON.

use serde::Serialize;

use super::rules::{Because, Change};
use super::{Alarm, Kind};
use crate::clock::{self, WallUs};

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
    Alarm(Change),
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
    alarm: Option<&'a Alarm>,
    because: Option<&'static str>,
}

impl Notice {
    pub(super) fn of(change: Change, at_us: WallUs, server: &str) -> Self {
        Self { event: Event::Alarm(change), at_us, server: server.to_owned() }
    }

    pub(super) fn test(at_us: WallUs, server: &str) -> Self {
        Self { event: Event::Test, at_us, server: server.to_owned() }
    }

    pub(super) fn weight(&self) -> Weight {
        match &self.event {
            Event::Alarm(Change::Raised(_)) => Weight::Alarm,
            Event::Alarm(Change::Ended(..)) => Weight::Ended,
            Event::Test => Weight::Test,
        }
    }

    /// A few words.
    pub(super) fn title(&self) -> String {
        match &self.event {
            Event::Test => "A test of the alarms".to_owned(),
            Event::Alarm(Change::Raised(alarm)) => match alarm.kind {
                Kind::Silent => format!("{} records nothing", who(alarm)),
                Kind::DiskLow => "The server's disk is nearly full".to_owned(),
                Kind::DiskFull => "Recording is paused: the disk is full".to_owned(),
                Kind::DiskRefused => "The server's disk refuses a recording".to_owned(),
            },
            Event::Alarm(Change::Ended(alarm, because)) => match (alarm.kind, because) {
                (Kind::Silent, Because::Durable | Because::Newer) => {
                    format!("{} records again", who(alarm))
                }
                (Kind::Silent, Because::Stopped) => format!("{} was stopped", who(alarm)),
                (Kind::Silent, _) => format!("{}: the alarm was dismissed", who(alarm)),
                (_, Because::Dismissed) => "The alarm of the disk was dismissed".to_owned(),
                (Kind::DiskLow, _) => "There is room on the server's disk again".to_owned(),
                (Kind::DiskFull, _) => "Recording goes on: there is room again".to_owned(),
                (Kind::DiskRefused, _) => "The server's disk takes recordings again".to_owned(),
            },
        }
    }

    /// Whole sentences.
    pub(super) fn text(&self) -> String {
        let at = clock::local_text(self.at_us);
        match &self.event {
            Event::Test => format!("This is a test of {}, sent at {at}. All is well.", self.server),
            Event::Alarm(Change::Raised(alarm)) => alarm.message.clone(),
            Event::Alarm(Change::Ended(alarm, because)) => {
                let how = match because {
                    Because::Durable => "what it records reaches the disk again",
                    Because::Newer => "the device records in a new session",
                    Because::Stopped => "its recording was stopped",
                    Because::Over => "it is well again",
                    Because::Dismissed => "somebody dismissed the alarm",
                };
                let since = clock::local_text(alarm.since_ms.saturating_mul(1000));
                format!("{}: {how}. The alarm was about the time from {since} to {at}.", who(alarm))
            }
        }
    }

    /// Where to look.
    pub(super) fn link(&self) -> String {
        format!("{}/live", self.server)
    }

    /// As programs get it.
    pub(super) fn json(&self) -> Vec<u8> {
        let (alarm, because) = match &self.event {
            Event::Test => (None, None),
            Event::Alarm(Change::Raised(alarm)) => (Some(alarm), None),
            Event::Alarm(Change::Ended(alarm, because)) => (Some(alarm), Some(because.name())),
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
            alarm,
            because,
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl Because {
    fn name(self) -> &'static str {
        match self {
            Self::Durable => "durable",
            Self::Stopped => "stopped",
            Self::Newer => "newer",
            Self::Over => "over",
            Self::Dismissed => "dismissed",
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
        let raised = Notice::of(Change::Raised(alarm()), 31_000_000, "https://a:5001");
        let body: serde_json::Value = serde_json::from_slice(&raised.json()).unwrap();
        assert_eq!(
            body,
            serde_json::json!({
                "event": "raised", "at_ms": 31_000, "server": "https://a:5001",
                "title": "Front door records nothing", "text": "Nothing comes.",
                "alarm": { "id": "run-1", "kind": "silent", "since_ms": 1000, "device": "device-1",
                    "name": "Front door", "session": "s-1", "message": "Nothing comes." },
                "because": null,
            })
        );
        let ended = Change::Ended(alarm(), Because::Durable);
        let ended = Notice::of(ended, 61_000_000, "https://a:5001");
        let body: serde_json::Value = serde_json::from_slice(&ended.json()).unwrap();
        assert_eq!((&body["event"], &body["because"]), (&"ended".into(), &"durable".into()));
        assert_eq!(body["title"], "Front door records again");
    }
}
