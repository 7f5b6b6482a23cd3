//! Entries that somebody may mean by a name.

use anyhow::{Result, bail};
use serde_json::Value;

use super::table::{shown, time};
use crate::text::one_line;

/// The one that somebody means: by its id, or by a name that no other has.
///
/// # Errors
/// When there is none, or more than one.
pub(super) fn find_one(all: &[Value], what: &str, asked: &str) -> Result<Value> {
    for key in ["id", "device", "device_name", "name"] {
        let mut found = found(all, key, asked);
        match found.len() {
            0 => {}
            1 => return Ok(found.remove(0).clone()),
            _ => bail!(
                "there is more than one {what} named {}: say which by its id:\n{}",
                one_line(asked),
                of_each(&found)
            ),
        }
    }
    bail!("there is no {what} {}; the list has them all", one_line(asked))
}

/// Those that have this under the key, however it is written.
pub(super) fn found<'a>(
    entries: impl IntoIterator<Item = &'a Value>,
    key: &str,
    asked: &str,
) -> Vec<&'a Value> {
    let asked = asked.trim().to_lowercase();
    let is = |entry: &&Value| entry[key].as_str().is_some_and(|text| text.to_lowercase() == asked);
    entries.into_iter().filter(is).collect()
}

/// A line of each, with what tells it apart.
pub(super) fn of_each(entries: &[&Value]) -> String {
    entries.iter().map(|entry| apart(entry)).collect::<Vec<_>>().join("\n")
}

fn apart(entry: &Value) -> String {
    let device =
        entry["device"].as_str().map(|device| format!(", records as {}", one_line(device)));
    let seen = match &entry["last_seen_ms"] {
        Value::Null => "not seen yet".to_owned(),
        seen_ms => format!("last seen {}", time(seen_ms)),
    };
    let from = entry["last_from"].as_str().map(|from| format!(" from {}", one_line(from)));
    let (id, role) = (shown(&entry["id"]), shown(&entry["role"]));
    let (device, from) = (device.unwrap_or_default(), from.unwrap_or_default());
    format!("  {id}  {role}{device}, {seen}{from}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_called_alike_is_told_apart() {
        let camera = json!({
            "id": "b1", "role": "camera", "device": "kq3mz81x", "last_seen_ms": 0,
            "last_from": "192.168.1.9",
        });
        let line = apart(&camera);
        assert!(line.starts_with("  b1  camera, records as kq3mz81x, last seen "), "{line}");
        assert!(line.ends_with(" from 192.168.1.9"), "{line}");
        let never = json!({ "id": "b2", "role": "viewer", "last_seen_ms": null });
        assert_eq!(apart(&never), "  b2  viewer, not seen yet");
    }
}
