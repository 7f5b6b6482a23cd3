//! The list of devices, as everybody is told it.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::registry::{Known, Registry};
use super::report::{Control, KeyHash, Report, Said, State};

/// A device as it is listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ListedDevice)]
pub(crate) struct Device {
    pub(crate) device: String,
    pub(crate) name: String,
    groups: Vec<String>,
    online: bool,
    last_seen_ms: i64,
    #[serde(flatten)]
    report: Report,
    pub(crate) stream: Option<String>,
}

/// A device whose media comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Publisher {
    pub(crate) device: String,
    /// The key that it has shown.
    pub(crate) key: Option<KeyHash>,
    pub(crate) name: String,
    pub(crate) session: String,
    pub(crate) since_ms: i64,
    pub(crate) stream: String,
    pub(crate) is_away: bool,
}

impl Publisher {
    /// Whether it has shown this key.
    pub(super) fn has_shown(&self, key: &KeyHash) -> bool {
        self.key.as_ref().is_some_and(|shown| shown.is(key))
    }

    /// Whether it is the device that speaks here, and has shown another key.
    pub(super) fn contradicts(&self, said: &Said) -> bool {
        self.device == said.device && self.key.is_some() && !self.has_shown(&said.key)
    }

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

/// Everyone who is known or publishes, by id. A publisher is the device that is known when it
/// has shown its key.
pub(super) fn list(registry: &Registry, publishers: &[Publisher]) -> Vec<Device> {
    let mut by_device: HashMap<&str, Vec<&Publisher>> = HashMap::new();
    for publisher in publishers.iter().filter(|publisher| registry.is_one(publisher)) {
        by_device.entry(&publisher.device).or_default().push(publisher);
    }
    let own = |device: &String| by_device.get(device.as_str()).map_or(&[][..], Vec::as_slice);
    let known = registry.iter().map(|(device, known)| of_known(device, known, own(device)));
    let unknown = publishers.iter().filter(|publisher| registry.get(&publisher.device).is_none());
    let mut all: Vec<Device> = known.chain(unknown.map(of_publisher)).collect();
    // A device that records in two pages has two streams. The sort keeps their order.
    all.sort_by(|a, b| a.device.cmp(&b.device));
    all.dedup_by(|later, earlier| later.device == earlier.device);
    all
}

fn of_known(device: &str, known: &Known, own: &[&Publisher]) -> Device {
    let report = known.online.as_ref().map(|online| online.report.clone());
    let session = report.as_ref().and_then(|report| report.session.as_ref());
    let of_session = own.iter().find(|publisher| Some(&publisher.session) == session);
    let publisher = of_session.or_else(|| own.first()).copied();
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
pub(super) mod tests {
    use serde_json::json;

    use super::*;
    use crate::devices::registry::tests::by;
    use crate::devices::report::tests::message;

    pub(in super::super) fn publisher(device: &str, session: &str) -> Publisher {
        Publisher {
            device: device.to_owned(),
            key: None,
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
        registry.hear(Said::parse(recording).unwrap(), by(1, false), 3).unwrap();
        let key = Some(registry.get("device-b").unwrap().key.clone());
        let mut publishers = [
            publisher("device-a", "s-0"),
            Publisher { key: key.clone(), ..publisher("device-b", "s-1") },
            Publisher { key, ..publisher("device-b", "s-2") },
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

    #[test]
    fn a_stream_without_the_devices_key_is_not_its_own() {
        let mut registry = Registry::default();
        let said = || Said::parse(message("device-b")).unwrap();
        let other =
            Publisher { key: Some(KeyHash::new("ab".repeat(32))), ..publisher("device-b", "s-1") };
        let anybody = publisher("device-b", "s-1");
        assert!(other.contradicts(&said()) && !anybody.contradicts(&said()));
        registry.hear(said(), by(1, false), 3).unwrap();
        registry.leave("device-b", 1, 4);
        for publisher in [anybody, other] {
            let all = serde_json::to_value(list(&registry, &[publisher])).unwrap();
            assert_eq!(all.as_array().unwrap().len(), 1);
            for (member, value) in
                [("online", json!(false)), ("stream", json!(null)), ("session", json!(null))]
            {
                assert_eq!(all[0][member], value, "{member}");
            }
        }
    }
}
