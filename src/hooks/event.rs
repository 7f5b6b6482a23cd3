//! What a hook is told: the same members as JSON, as placeholders and in the environment.

use std::path::Path;

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value;

use crate::clock::{self, WallUs};
use crate::config::hooks::On;
use crate::library::{News, Room, SOURCE, What};

/// What the members are called in the environment, in capitals behind this.
const BEFORE: &str = "LOCALCAMERA_";

/// Where the server keeps its state stands under `LOCALCAMERA_STATE`, of which a command that calls
/// this program must hear nothing else.
const DISK_STATE: &str = "LOCALCAMERA_DISK_STATE";

/// Something that has happened; `docs/guide/hooks.md`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Event {
    pub(super) event: &'static str,
    at: String,
    #[serde(flatten)]
    members: Members,
}

/// What is known of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Members {
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    free_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reserve_bytes: Option<u64>,
}

impl Event {
    fn new(on: On, at_us: WallUs, members: Members) -> Self {
        let at = clock::from_us(at_us).to_rfc3339_opts(SecondsFormat::Millis, true);
        Self { event: on.word(), at, members }
    }

    /// What the library tells. `root` is the recordings folder, absolute.
    pub(super) fn of(news: &News, root: &Path) -> (On, Self) {
        let folder = &news.folder;
        let ms = |wall_us: WallUs| Some(wall_us.div_euclid(1000));
        let known = Members {
            session: Some(news.session.clone()),
            device: Some(news.device.clone()),
            name: Some(news.name.clone()),
            folder: Some(folder.clone()),
            ..Members::default()
        };
        let (on, members) = match &news.what {
            What::Started { start_us, is_resumed } => {
                let resumed = Some(*is_resumed);
                (On::SessionStarted, Members { start_ms: ms(*start_us), resumed, ..known })
            }
            What::Segment { segment, is_replacing } => {
                let path = root.join(folder).join(&segment.file);
                let end_us = segment.start_us.saturating_add(segment.duration_us);
                let members = Members {
                    file: Some(segment.file.clone()),
                    path: Some(path.to_string_lossy().into_owned()),
                    generation: Some(segment.generation),
                    start_ms: ms(segment.start_us),
                    end_ms: ms(end_us),
                    duration_ms: ms(segment.duration_us),
                    bytes: Some(segment.bytes),
                    sha256: Some(segment.sha256.clone()),
                    replaced: Some(*is_replacing),
                    ..known
                };
                (On::SegmentFinished, members)
            }
            What::Gap { start_us, end_us, reason, detail } => {
                let members = Members {
                    start_ms: ms(*start_us),
                    end_ms: ms(*end_us),
                    reason: Some(reason.clone()),
                    detail: detail.clone(),
                    ..known
                };
                (On::Gap, members)
            }
            What::Ended { reason, start_us, end_us, files, bytes } => {
                let members = Members {
                    start_ms: ms(*start_us),
                    end_ms: end_us.and_then(ms),
                    reason: Some(reason.clone()),
                    files: Some(*files),
                    bytes: Some(*bytes),
                    ..known
                };
                (On::SessionEnded, members)
            }
        };
        (on, Self::new(on, news.at_us, members))
    }

    /// The disk has another state than before.
    pub(super) fn of_disk(
        at_us: WallUs,
        state: &'static str,
        reason: Option<String>,
        room: Option<Room>,
    ) -> Self {
        let members = Members {
            state: Some(state),
            reason,
            free_bytes: room.map(|room| room.free_bytes),
            reserve_bytes: room.map(|room| room.reserve_bytes),
            ..Members::default()
        };
        Self::new(On::Disk, at_us, members)
    }

    /// Whether it is of this device, by its name or id. What is of none concerns all.
    pub(super) fn is_of(&self, wanted: &str) -> bool {
        let Members { device: Some(device), name, .. } = &self.members else { return true };
        let wanted = wanted.to_lowercase();
        [Some(device.as_str()), device.strip_prefix(SOURCE), name.as_deref()]
            .into_iter()
            .flatten()
            .any(|known| known.to_lowercase() == wanted)
    }

    /// The event for programs.
    pub(super) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Its members as texts.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        let Ok(Value::Object(members)) = serde_json::to_value(self) else { return Vec::new() };
        let text = |value: Value| match value {
            // No argument and no variable can hold a zero.
            Value::String(text) => text.replace('\0', ""),
            other => other.to_string(),
        };
        members.into_iter().map(|(name, value)| (name, text(value))).collect()
    }
}

/// What a member is called in the environment.
pub(super) fn variable(member: &str) -> String {
    match member {
        "state" => DISK_STATE.to_owned(),
        _ => format!("{BEFORE}{}", member.to_ascii_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::config::hooks::FIELDS;

    fn json(what: What) -> Value {
        let (_, event) = Event::of(&samples::news(what), Path::new("/srv/recordings"));
        serde_json::from_slice(&event.json()).unwrap()
    }

    #[test]
    fn each_event_has_its_members() {
        assert_eq!(
            json(samples::segment()),
            serde_json::json!({
                "event": "segment_finished", "at": "1970-01-01T00:00:01.500Z", "session": "s-1",
                "device": "tablet", "name": "Front door", "folder": "client_1",
                "file": "video_1.webm", "path": "/srv/recordings/client_1/video_1.webm",
                "generation": 2, "start_ms": 1000, "end_ms": 1250, "duration_ms": 250,
                "bytes": 11, "sha256": "abc", "replaced": false,
            })
        );
        let ended = json(samples::ended());
        assert_eq!(
            (&ended["event"], &ended["reason"]),
            (&"session_ended".into(), &"stopped".into())
        );
        assert_eq!((&ended["files"], &ended["bytes"]), (&2.into(), &22.into()));
        assert_eq!((&ended["start_ms"], &ended["end_ms"]), (&1000.into(), &2000.into()));
        let started = json(What::Started { start_us: 1_000_000, is_resumed: true });
        assert_eq!(
            (&started["event"], &started["resumed"]),
            (&"session_started".into(), &true.into())
        );
        let gap = json(samples::gap());
        assert_eq!((&gap["event"], &gap["reason"]), (&"gap".into(), &"muted".into()));
        assert!(gap.get("detail").is_none(), "{gap}");
        let room = Room { free_bytes: 5, reserve_bytes: 7 };
        let disk = Event::of_disk(0, "low", Some("why".to_owned()), Some(room));
        let disk = serde_json::to_value(disk).unwrap();
        assert_eq!((&disk["state"], &disk["free_bytes"]), (&"low".into(), &5.into()));
    }

    #[test]
    fn every_member_can_be_a_placeholder_and_the_other_way_round() {
        let full = Members {
            session: Some(String::new()),
            device: Some(String::new()),
            name: Some(String::new()),
            folder: Some(String::new()),
            file: Some(String::new()),
            path: Some(String::new()),
            generation: Some(0),
            start_ms: Some(0),
            end_ms: Some(0),
            duration_ms: Some(0),
            bytes: Some(0),
            sha256: Some(String::new()),
            replaced: Some(true),
            resumed: Some(true),
            files: Some(0),
            reason: Some(String::new()),
            detail: Some(String::new()),
            state: Some(""),
            free_bytes: Some(0),
            reserve_bytes: Some(0),
        };
        let texts = Event::new(On::Gap, 0, full).texts();
        let mut members: Vec<&str> = texts.iter().map(|(name, _)| name.as_str()).collect();
        let mut fields = FIELDS;
        members.sort_unstable();
        fields.sort_unstable();
        assert_eq!(members, fields);
    }

    #[test]
    fn a_device_is_known_by_its_name_and_its_id() {
        let (_, event) = Event::of(&samples::news(samples::gap()), Path::new("/"));
        assert!(event.is_of("front DOOR") && event.is_of("tablet"));
        assert!(!event.is_of("Front") && !event.is_of("door"));
        let mut source = samples::news(samples::gap());
        source.device = "source:yard".to_owned();
        assert!(Event::of(&source, Path::new("/")).1.is_of("yard"));
        assert!(Event::of_disk(0, "ok", None, None).is_of("tablet"));
    }
}
