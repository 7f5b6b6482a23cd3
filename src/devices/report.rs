//! What a device says of itself.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::command::Word;
use crate::text::{is_device_id, is_device_key, is_within, one_line};

/// Phones have up to six cameras, and each setting a handful of choices.
const MAX_CHOICES: usize = 16;

/// The names that systems give their cameras stay below this.
const MAX_TEXT_CHARS: usize = 200;

/// Ids are made by programs; those of browsers' cameras have up to 64 characters.
const MAX_ID_CHARS: usize = 64;

/// Everybody is told everything that all devices say of themselves. Six cameras with names in
/// Chinese, and every quality there is, take half of this.
const MAX_REPORT_BYTES: usize = 4 << 10;

/// Whether a device lets itself be controlled. It decides that itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeviceControl)]
pub(crate) enum Control {
    None,
    /// The person at the device is asked.
    Ask,
    Allowed,
}

/// What a device is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DeviceState)]
pub(crate) enum State {
    Idle,
    Starting,
    Recording,
    Stopping,
    Blocked,
}

/// One of a device's cameras.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeviceCamera)]
pub(crate) struct Camera {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) label: String,
}

/// What a device says of itself, and anew whenever something of it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeviceReport)]
pub(crate) struct Report {
    pub(crate) control: Control,
    #[serde(default, deserialize_with = "words")]
    pub(crate) can: Vec<Word>,
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) since_ms: Option<i64>,
    #[serde(default)]
    pub(crate) session: Option<String>,
    #[serde(default)]
    pub(crate) why: Option<String>,
    #[serde(default)]
    pub(crate) camera: Option<String>,
    #[serde(default)]
    pub(crate) cameras: Vec<Camera>,
    #[serde(default)]
    pub(crate) quality: Option<String>,
    #[serde(default)]
    pub(crate) qualities: Vec<String>,
}

/// A device's key, as the server remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyHash(pub(super) String);

/// A message of the type `device`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(super) device: String,
    pub(super) key: KeyHash,
    pub(super) name: String,
    pub(super) report: Report,
}

#[derive(Deserialize)]
struct Message {
    device: String,
    key: String,
    #[serde(default)]
    name: String,
    #[serde(flatten)]
    report: Report,
}

/// Commands that this version does not know are passed over.
fn words<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Word>, D::Error> {
    let all = Vec::<Value>::deserialize(deserializer)?;
    let mut words = Vec::new();
    for word in all.iter().filter_map(|word| Word::of(word.as_str()?)) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Ok(words)
}

impl KeyHash {
    /// From the key's SHA-256, as small hexadecimal digits.
    pub(crate) fn new(sha256: String) -> Self {
        Self(sha256)
    }

    pub(super) fn of(key: &str) -> Self {
        Self(hex::encode(digest(&SHA256, key.as_bytes())))
    }

    /// Takes as long whether it is the same or not.
    pub(super) fn is(&self, other: &Self) -> bool {
        let (own, other) = (self.0.as_bytes(), other.0.as_bytes());
        aws_lc_rs::constant_time::verify_slices_are_equal(own, other).is_ok()
    }
}

impl Said {
    /// Of which device it is said.
    pub(crate) fn device(&self) -> &str {
        &self.device
    }

    /// Reads the message.
    ///
    /// # Errors
    /// When a member is missing, of the wrong kind or beyond its bounds, in a sentence. Never
    /// holds the key.
    pub(crate) fn parse(message: Value) -> Result<Self, String> {
        let message: Message = serde_json::from_value(message).map_err(|error| {
            let reason = crate::text::cut(&error.to_string(), MAX_TEXT_CHARS);
            format!("the device message cannot be read: {reason}")
        })?;
        let Message { device, key, name, mut report } = message;
        if !is_device_id(&device) {
            return Err("device must be 8 to 64 of A-Z a-z 0-9 _ -".to_owned());
        }
        if !is_device_key(&key) {
            return Err("key must be 16 to 128 ASCII characters without spaces".to_owned());
        }
        report.check(&name)?;
        for camera in &mut report.cameras {
            camera.label = one_line(&camera.label);
        }
        if serde_json::to_vec(&report).is_ok_and(|json| json.len() > MAX_REPORT_BYTES) {
            let sentence = "what the device says of itself takes more than 4 KiB; shorten the lists or the labels in them";
            return Err(sentence.to_owned());
        }
        let name = Some(one_line(&name)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| device.clone());
        Ok(Self { key: KeyHash::of(&key), device, name, report })
    }
}

impl Report {
    fn check(&self, name: &str) -> Result<(), String> {
        for (list, length) in [("cameras", self.cameras.len()), ("qualities", self.qualities.len())]
        {
            if length > MAX_CHOICES {
                return Err(format!("{list} has at most {MAX_CHOICES} members"));
            }
        }
        let optional = [
            ("session", &self.session),
            ("why", &self.why),
            ("camera", &self.camera),
            ("quality", &self.quality),
        ];
        let optional = optional.into_iter().filter_map(|(what, text)| Some((what, text.as_ref()?)));
        let ids = optional
            .chain(self.cameras.iter().map(|camera| ("cameras", &camera.id)))
            .chain(self.qualities.iter().map(|quality| ("qualities", quality)));
        for (what, id) in ids {
            if !is_within(id, MAX_ID_CHARS) || one_line(id) != *id {
                return Err(format!(
                    "{what} must be one line of at most {MAX_ID_CHARS} characters"
                ));
            }
        }
        let labels = self.cameras.iter().map(|camera| ("cameras", camera.label.as_str()));
        for (what, text) in labels.chain([("name", name)]) {
            if !is_within(text, MAX_TEXT_CHARS) {
                return Err(format!("a text in {what} has more than {MAX_TEXT_CHARS} characters"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    pub(in super::super) fn message(device: &str) -> Value {
        json!({
            "type": "device", "device": device, "key": "a key of sixteen".replace(' ', "-"),
            "name": "Front door", "client": "test/1", "control": "allowed",
            "can": ["start", "stop", "mark", "camera", "quality", "name", "dance", "stop"],
            "state": "idle", "camera": "front", "quality": "auto",
            "cameras": [{ "id": "front", "label": "Front\ncamera" }, { "id": "back" }],
            "qualities": ["auto", "low"],
        })
    }

    fn with(member: &str, value: Value) -> Value {
        let mut message = message("device-1");
        message[member] = value;
        message
    }

    #[test]
    fn a_message_is_read_and_what_is_not_known_passed_over() {
        let said = Said::parse(message("device-1")).unwrap();
        assert_eq!((&*said.device, &*said.name), ("device-1", "Front door"));
        assert_eq!(said.report.can.len(), 6);
        assert_eq!(said.report.cameras[0].label, "Front camera");
        assert_eq!(said.key.0.len(), 64);
        assert_eq!(Said::parse(with("name", json!(" \n"))).unwrap().name, "device-1");
    }

    #[test]
    fn what_is_beyond_the_bounds_is_named() {
        let long = "x".repeat(201);
        let camera = json!({ "id": "a", "label": "b" });
        for (member, value, named) in [
            ("device", json!("a b"), "device"),
            ("key", json!("short"), "key"),
            ("key", Value::Null, "device message"),
            ("name", json!(long), "name"),
            ("state", json!("asleep"), "asleep"),
            ("control", json!(true), "device message"),
            ("cameras", json!(vec![camera; 17]), "cameras"),
            ("cameras", json!([{ "id": "x".repeat(65) }]), "cameras"),
            ("cameras", json!([{ "id": "x", "label": long }]), "cameras"),
            ("cameras", json!(vec![json!({ "id": "x", "label": "長".repeat(100) }); 16]), "4 KiB"),
            ("qualities", json!(["a\nb"]), "qualities"),
            ("session", json!("s-1\u{202e}"), "session"),
            ("cameras", json!(5), "device message"),
            ("qualities", json!(vec!["low"; 17]), "qualities"),
            ("why", json!("x".repeat(65)), "why"),
            ("since_ms", json!(1e300), "device message"),
        ] {
            let reason = Said::parse(with(member, value)).unwrap_err();
            assert!(reason.contains(named) && reason.len() < 300, "{member}: {reason}");
        }
    }
}
