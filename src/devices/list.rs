//! The list of devices, as everybody is told it.

use serde::Serialize;

use super::registry::{Known, Registry};
use super::report::{Control, Report, State};

/// A device as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Device {
    pub(crate) device: String,
    pub(crate) name: String,
    groups: Vec<String>,
    online: bool,
    last_seen_ms: i64,
    #[serde(flatten)]
    report: Report,
    stream: Option<String>,
}

/// A device whose media comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publisher {
    pub(crate) device: String,
    pub(crate) name: String,
    pub(crate) session: String,
    pub(crate) since_ms: i64,
    pub(crate) stream: String,
    pub(crate) is_away: bool,
}

impl Publisher {
    /// What there is to say of a device that says nothing itself.
    fn report(&self) -> Report {
        Report {
            state: State::Recording,
            since_ms: Some(self.since_ms),
            session: Some(self.session.clone()),
            ..nothing()
        }
    }
}

fn nothing() -> Report {
    Report {
        control: Control::None,
        can: Vec::new(),
        state: State::Idle,
        since_ms: None,
        session: None,
        why: None,
        camera: None,
        cameras: Vec::new(),
        quality: None,
        qualities: Vec::new(),
    }
}

/// Everyone who is known or publishes, by id.
pub(super) fn list(registry: &Registry, publishers: &[Publisher]) -> Vec<Device> {
    let known = registry.iter().map(|(device, known)| of_known(device, known, publishers));
    let unknown = publishers.iter().filter(|publisher| registry.get(&publisher.device).is_none());
    let mut all: Vec<Device> = known.chain(unknown.map(of_publisher)).collect();
    // A device that records in two pages has two streams. The sort keeps their order.
    all.sort_by(|a, b| a.device.cmp(&b.device));
    all.dedup_by(|later, earlier| later.device == earlier.device);
    all
}

fn of_known(device: &str, known: &Known, publishers: &[Publisher]) -> Device {
    let report = known.online.as_ref().map(|online| online.report.clone());
    let session = report.as_ref().and_then(|report| report.session.as_ref());
    let own = || publishers.iter().filter(|publisher| publisher.device == device);
    let of_session = own().find(|publisher| Some(&publisher.session) == session);
    let publisher = of_session.or_else(|| own().next());
    let is_publishing = publisher.is_some_and(|publisher| !publisher.is_away);
    Device {
        device: device.to_owned(),
        name: known.name.clone(),
        groups: known.groups.clone(),
        online: report.is_some() || is_publishing,
        last_seen_ms: known.last_seen_ms,
        report: report.or_else(|| publisher.map(Publisher::report)).unwrap_or_else(nothing),
        stream: publisher.map(|publisher| publisher.stream.clone()),
    }
}

fn of_publisher(publisher: &Publisher) -> Device {
    Device {
        device: publisher.device.clone(),
        name: publisher.name.clone(),
        groups: Vec::new(),
        online: !publisher.is_away,
        last_seen_ms: publisher.since_ms,
        report: publisher.report(),
        stream: Some(publisher.stream.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::devices::report::{Said, tests::message};

    fn publisher(device: &str, session: &str) -> Publisher {
        Publisher {
            device: device.to_owned(),
            name: "Pipe".to_owned(),
            session: session.to_owned(),
            since_ms: 5,
            stream: format!("{device}-{session}"),
            is_away: false,
        }
    }

    #[test]
    fn who_only_publishes_is_listed_and_nobody_twice() {
        let mut registry = Registry::default();
        let mut recording = message("device-b");
        recording["session"] = json!("s-2");
        recording["state"] = json!("recording");
        registry.hear(Said::parse(recording).unwrap(), 1, false, 3).unwrap();
        let mut publishers = [
            publisher("device-a", "s-0"),
            publisher("device-b", "s-1"),
            publisher("device-b", "s-2"),
        ];
        let all = serde_json::to_value(list(&registry, &publishers)).unwrap();
        let expected = json!([
            { "device": "device-a", "name": "Pipe", "groups": [], "online": true,
              "last_seen_ms": 5, "control": "none", "can": [], "state": "recording",
              "since_ms": 5, "session": "s-0", "why": null, "camera": null, "cameras": [],
              "quality": null, "qualities": [], "stream": "device-a-s-0" },
            { "device": "device-b", "name": "Front door", "groups": [], "online": true,
              "last_seen_ms": 3, "control": "allowed",
              "can": ["start", "stop", "mark", "camera", "quality", "name"],
              "state": "recording", "since_ms": null, "session": "s-2", "why": null,
              "camera": "front", "quality": "auto", "qualities": ["auto", "low"],
              "cameras": [{ "id": "front", "label": "Front camera" }, { "id": "back", "label": "" }],
              "stream": "device-b-s-2" },
        ]);
        assert_eq!(all, expected);
        // Without its control connection it is what its media says.
        registry.leave("device-b", 1, 4);
        let all = serde_json::to_value(list(&registry, &publishers)).unwrap();
        assert_eq!((&all[1]["online"], &all[1]["session"]), (&json!(true), &json!("s-1")));
        for publisher in &mut publishers {
            publisher.is_away = true;
        }
        let all = serde_json::to_value(list(&registry, &publishers)).unwrap();
        assert_eq!((&all[0]["online"], &all[1]["online"]), (&json!(false), &json!(false)));
        let all = serde_json::to_value(list(&registry, &[])).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 1);
        assert_eq!((&all[0]["state"], &all[0]["stream"]), (&json!("idle"), &json!(null)));
    }
}
