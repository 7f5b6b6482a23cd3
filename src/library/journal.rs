//! The lines of a session journal (`docs/recordings.md`).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use container::{Checkpoint, ResumePoint};
use serde::{Deserialize, Serialize};

/// The version that every line carries.
const VERSION: u32 = 1;

/// What a line of this version begins with: its time, and the event.
const BEFORE_AT: &[u8] = br#"{"v":1,"at":""#;
const AT_BYTES: usize = "2026-11-20T11:06:42.009Z".len();
const BEHIND_AT: &[u8] = br#"","#;
const SEGMENT: &[u8] = br#""event":"segment","#;
const REPLACED: &[u8] = br#""event":"replaced","#;

/// The reason of a [`Event::Stop`] behind which nothing more comes.
pub(crate) const STOPPED: &str = "stopped";

/// The reason of a [`Event::Stop`] behind which the device may still come back.
pub(crate) const TIMED_OUT: &str = "timed_out";

/// The reason of a [`Event::Stop`] behind which nothing more comes either, although nobody has
/// stopped the recording: a raw publisher's connection broke off.
pub(crate) const LOST: &str = "lost";

/// The reason of a [`Event::Deleted`] that a person wanted.
pub(crate) const BY_HAND: &str = "by_hand";

/// Whether nothing more comes behind a [`Event::Stop`] with this reason.
pub(crate) fn is_over(reason: &str) -> bool {
    [STOPPED, LOST].contains(&reason)
}

/// One line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    v: u32,
    /// When it was written, RFC 3339 in UTC with milliseconds.
    at: String,
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// All that is known of a line of another version.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// The session begins.
    Session {
        session: String,
        device: String,
        name: String,
        client: String,
        address: String,
        start_us: i64,
    },
    /// A generation's init segment has arrived.
    Generation {
        generation: u32,
        mime: String,
        reason: String,
        /// Wall time of media time zero.
        anchor_us: i64,
        /// The init segment in base64.
        init: String,
    },
    /// From `media_us` of the generation's media on, wall time counts from `wall_us`.
    Anchor { generation: u32, media_us: i64, wall_us: i64 },
    /// A file is finished.
    Segment(Segment),
    /// A finished file has given way to its longer self.
    Replaced(Segment),
    /// Everything of a generation that will ever be recorded is in its files.
    GenerationEnd {
        generation: u32,
        /// Length of its stream.
        bytes: u64,
        /// Why the rest of it could not be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// The device has come back after the session was put aside, or after a restart.
    Resumed { address: String },
    /// Wall time without media.
    Gap {
        start_us: i64,
        end_us: i64,
        reason: String,
        detail: Option<String>,
        /// When it began on the device's own clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device_ms: Option<i64>,
    },
    /// Something that happened on the device at one moment.
    Mark {
        at_us: i64,
        kind: String,
        generation: Option<u32>,
        detail: Option<String>,
        /// When it happened on the device's own clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        device_ms: Option<i64>,
    },
    /// The session is over.
    Stop { reason: String },
    /// A person has given the session a name of its own, or taken it away.
    Name { title: Option<String>, by: String },
    /// What lies in this time is not deleted.
    Keep { start_us: i64, end_us: i64, by: String },
    /// What lies in this time is not kept any more.
    Release { start_us: i64, end_us: i64, by: String },
    /// Files are not part of the session any more.
    Deleted(Deleted),
    /// A deletion is taken back.
    Restored { deletion: String, by: String },
    /// An event of a newer version.
    #[serde(other)]
    Unknown,
}

/// A finished file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Segment {
    #[serde(deserialize_with = "plain_name")]
    pub(crate) file: String,
    pub(crate) generation: u32,
    /// Wall time of its first sample.
    pub(crate) start_us: i64,
    pub(crate) duration_us: i64,
    pub(crate) bytes: u64,
    pub(crate) tracks: Vec<Track>,
    pub(crate) sha256: String,
    /// From where the stream goes on should the file be gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resume: Option<Resume>,
}

/// Files that are removed, at `until_us` at the earliest. Until then they can be had back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deleted {
    /// What was deleted at once has one id, in all the sessions that it touched.
    pub(crate) deletion: String,
    pub(crate) files: Vec<String>,
    pub(crate) bytes: u64,
    /// From the first of them to the last.
    pub(crate) start_us: i64,
    pub(crate) end_us: i64,
    pub(crate) until_us: i64,
    pub(crate) by: String,
    /// [`BY_HAND`], or the rule of retention.
    pub(crate) reason: String,
}

/// Where a generation's stream goes on behind a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Resume {
    /// CRC-32 of the init segment that the parser had read.
    pub(crate) init_crc: u32,
    position: u64,
    /// Samples of each track behind the position that are in files.
    already: Vec<u32>,
    /// The parser's state in base64.
    state: String,
}

impl Resume {
    /// Where the stream that began with the init segment of this checksum goes on.
    pub(crate) fn new(init_crc: u32, checkpoint: &Checkpoint) -> Self {
        let Checkpoint { resume, already } = checkpoint;
        let state = STANDARD.encode(&resume.state);
        Self { init_crc, position: resume.position, already: already.clone(), state }
    }

    /// `None` when the line is damaged.
    pub(crate) fn checkpoint(&self) -> Option<Checkpoint> {
        let state = STANDARD.decode(&self.state).ok()?;
        let resume = ResumePoint { position: self.position, state: state.into() };
        Some(Checkpoint { resume, already: self.already.clone() })
    }
}

/// A track of a finished file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Track {
    pub(crate) kind: TrackKind,
    pub(crate) codec: String,
    pub(crate) samples: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) width: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) height: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) sample_rate: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) channels: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrackKind {
    Video,
    Audio,
}

/// A name that stays inside its folder: journals come from other machines, too.
fn plain_name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    match name.starts_with("video_") && name.bytes().all(allowed) {
        true => Ok(name),
        false => Err(serde::de::Error::custom("a file's name leaves its folder")),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl Line {
    /// A line written at `at`.
    pub(crate) fn new(at: DateTime<Utc>, event: Event) -> Self {
        Self { v: VERSION, at: at.to_rfc3339_opts(SecondsFormat::Millis, true), event }
    }

    /// The line as it stands in the file, with its line feed.
    pub(crate) fn to_text(&self) -> String {
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// When it was written, in microseconds since 1970.
    pub(crate) fn at_us(&self) -> Option<i64> {
        DateTime::parse_from_rfc3339(&self.at).ok().map(|at| at.timestamp_micros())
    }

    /// Whether a newer version of the program has written it, in whose words there may be more than
    /// this one understands.
    pub(crate) fn is_newer(&self) -> bool {
        self.v > VERSION
    }

    /// Reads a journal. A line that is torn or not understood is passed over.
    pub(crate) fn read_all(text: &[u8]) -> impl Iterator<Item = Self> + '_ {
        text.split(|&byte| byte == b'\n').filter_map(Self::read)
    }

    fn read(line: &[u8]) -> Option<Self> {
        // Nearly all lines of a library are of files, and read several times as fast as what they
        // are instead of as any event. One in other words is read as that.
        let known = Self::read_file(line).or_else(|| serde_json::from_slice(line).ok());
        // What a newer version means by a word of this one is not known, but that it was there is.
        known.or_else(|| {
            let Versioned { v } = serde_json::from_slice(line).ok()?;
            (v > VERSION).then(|| Self { v, at: String::new(), event: Event::Unknown })
        })
    }

    fn read_file(line: &[u8]) -> Option<Self> {
        let (at, behind) = line.strip_prefix(BEFORE_AT)?.split_at_checked(AT_BYTES)?;
        let behind = behind.strip_prefix(BEHIND_AT)?;
        let event = if behind.starts_with(SEGMENT) {
            Event::Segment(serde_json::from_slice(line).ok()?)
        } else if behind.starts_with(REPLACED) {
            Event::Replaced(serde_json::from_slice(line).ok()?)
        } else {
            return None;
        };
        let at = str::from_utf8(at).ok()?.to_owned();
        Some(Self { v: VERSION, at, event })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_version_event_and_time() {
        let stop = Event::Stop { reason: "stopped".to_owned() };
        let line = Line::new(DateTime::UNIX_EPOCH, stop).to_text();
        assert_eq!(
            line,
            "{\"v\":1,\"at\":\"1970-01-01T00:00:00.000Z\",\"event\":\"stop\",\"reason\":\"stopped\"}\n"
        );
    }

    #[test]
    fn a_files_line_is_read_the_same_however_it_is_written() {
        let members =
            r#""file":"video_1.webm","generation":3,"start_us":5,"duration_us":7,"bytes":11,
            "tracks":[{"kind":"video","codec":"V_VP8","samples":9,"new":{"event":"segment"}}],
            "sha256":"x","tomorrow":[1]"#
                .replace('\n', "");
        for event in ["segment", "replaced"] {
            let at = "2026-11-20T11:06:42.009Z";
            let ours = format!(r#"{{"v":1,"at":"{at}","event":"{event}",{members}}}"#);
            assert!(Line::read_file(ours.as_bytes()).is_some());
            let others = format!(r#"{{ "event": "{event}", {members}, "at": "{at}", "v": 1 }}"#);
            let read = |text: &str| Line::read_all(text.as_bytes()).next().unwrap();
            let (ours, others) = (read(&ours), read(&others));
            assert_eq!(ours.event, others.event);
            assert_eq!(ours.to_text(), others.to_text());
        }
        // An event inside of another one.
        let odd = r#"{"v":1,"at":"x","y":{"event":"segment","file":"video_1.webm"},"event":"stop","reason":"a"}"#;
        let read = Line::read_all(odd.as_bytes()).next().unwrap();
        assert_eq!(read.event, Event::Stop { reason: "a".to_owned() });
        let torn = r#"{"v":1,"at":"2026-11-20T11:06:42.009Z","event":"segment","file":"video_1"#;
        assert_eq!(Line::read_all(torn.as_bytes()).count(), 0);
    }

    #[test]
    fn a_file_of_another_folder_is_not_believed() {
        let line = |file: &str| {
            format!(
                r#"{{"v":1,"at":"x","event":"segment","file":"{file}","generation":0,"start_us":0,
                "duration_us":1,"bytes":1,"tracks":[],"sha256":"x"}}"#
            )
            .replace('\n', "")
        };
        assert_eq!(Line::read_all(line("video_1.webm").as_bytes()).count(), 1);
        for file in ["../../certs/ca.key", "video_/../x", "ca.key", "video_/x"] {
            assert_eq!(Line::read_all(line(file).as_bytes()).count(), 0, "{file}");
        }
    }

    #[test]
    fn torn_and_unknown_lines_hide_no_other() {
        let text = b"{\"v\":1,\"at\":\"x\",\"event\":\"tomorrow\",\"y\":1}\n\
            garbage\n\
            {\"v\":1,\"at\":\"x\",\"event\":\"stop\",\"reason\":\"stopped\"}\n\
            {\"v\":1,\"at\":\"x\",\"event\":\"sto";
        let events: Vec<Event> = Line::read_all(text).map(|line| line.event).collect();
        assert_eq!(events, [Event::Unknown, Event::Stop { reason: "stopped".to_owned() }]);
    }
}
