//! Entries that somebody may mean by a name.

use serde_json::Value;

use super::table::{cell, shown};

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
    let line = |entry: &&Value| {
        let known = ["device", "last_from"].into_iter().filter(|key| !entry[*key].is_null());
        let known = known.map(|key| format!("{} {}", key.replace("last_", ""), shown(&entry[key])));
        let seen = format!("last seen {}", cell("last_seen_ms", &entry["last_seen_ms"]));
        let parts: Vec<String> = known.chain([seen]).collect();
        format!("  {}  {}", shown(&entry["id"]), parts.join(", "))
    };
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}
