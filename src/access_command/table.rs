//! What the server has answered, for people and for programs.

use anyhow::Result;
use serde_json::Value;

use crate::clock;
use crate::console;
use crate::text::one_line;

pub(super) fn print_json(value: &Value) -> Result<()> {
    Ok(console::write(&serde_json::to_string_pretty(value)?)?)
}

/// Prints columns, aligned.
pub(super) fn table(entries: &Value, keys: &[&str]) -> Result<()> {
    let rows = entries.as_array().into_iter().flatten();
    let shown = |entry: &Value, key: &str| match (key, entry["role"].as_str()) {
        ("scope", Some("camera")) => "its own".to_owned(),
        _ => cell(key, &entry[key]),
    };
    let cells = |entry: &Value| keys.iter().map(|key| shown(entry, key)).collect::<Vec<_>>();
    for line in columns(keys, rows.map(cells).collect()) {
        console::write(&line)?;
    }
    Ok(())
}

fn columns(keys: &[&str], rows: Vec<Vec<String>>) -> Vec<String> {
    let head = keys.iter().map(|key| key.trim_end_matches("_ms").replace('_', " ").to_uppercase());
    let mut all = vec![head.collect::<Vec<_>>()];
    all.extend(rows);
    let width =
        |column: usize| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..keys.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all.iter().map(line).collect()
}

pub(super) fn cell(key: &str, value: &Value) -> String {
    match value {
        Value::Null if key == "scope" => "everything".to_owned(),
        Value::Null if key == "last_seen_ms" => "never".to_owned(),
        Value::Null => "-".to_owned(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Array(names) => names.iter().map(shown).collect::<Vec<_>>().join(","),
        value if key.ends_with("_ms") => time(value),
        value => shown(value),
    }
}

pub(super) fn time(ms: &Value) -> String {
    clock::local_text(ms.as_i64().unwrap_or_default().saturating_mul(1000))
}

/// What others have named must not reach a terminal's controls.
pub(super) fn shown(value: &Value) -> String {
    one_line(&text_of(value))
}

pub(super) fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_names_are_plain() {
        let row = |name: &str| vec![cell("name", &Value::from(name)), cell("scope", &Value::Null)];
        let lines = columns(&["name", "scope"], vec![row("a\u{1b}[31m"), row("front door")]);
        assert_eq!(
            lines,
            ["NAME        SCOPE", "a [31m      everything", "front door  everything"]
        );
        assert_eq!(cell("last_seen_ms", &Value::Null), "never");
        assert!(cell("ends_ms", &Value::from(0)).starts_with("19"));
    }
}
