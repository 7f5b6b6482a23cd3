//! The file that is shipped as documentation, the table of the document and the program say the same.

use std::collections::{BTreeMap, BTreeSet};

use super::cli::of_file;
use super::file::File;
use super::keys::{AT_ONCE, NEXT_START};

const FILE: &str = include_str!("../../examples/localcamera.toml");
const DOCUMENT: &str = include_str!("../../docs/config.md");

/// Sections whose keys are all in the file. Of lists the documents of their own have the keys.
const SECTIONS: [&str; 6] = ["pictures", "mpegts", "compat", "viewers", "retention", "alarms"];

/// Keys of a section that hold more of them.
const NESTED: [&str; 2] = ["streams", "targets"];

/// The file with those lines in force that begin so.
fn in_force(marks: &[&str]) -> String {
    let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let line = |line: &'static str| {
        let rest = marks.iter().find_map(|mark| line.strip_prefix(mark));
        let is_setting = |rest: &&str| {
            rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(key, _)| is_key(key))
        };
        rest.filter(is_setting).unwrap_or(line)
    };
    FILE.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// All keys of the file with what stands there, sections' by `section.key`.
fn settings(text: &str) -> BTreeMap<String, toml::Value> {
    let mut found = BTreeMap::new();
    for (key, value) in toml::from_str::<toml::Table>(text).unwrap() {
        match value {
            toml::Value::Table(section) => {
                let keys = section.into_iter().filter(|(inner, _)| !NESTED.contains(&&**inner));
                found.extend(keys.map(|(inner, value)| (format!("{key}.{inner}"), value)));
            }
            toml::Value::Array(list) if list.iter().all(toml::Value::is_table) => {}
            value => {
                found.insert(key, value);
            }
        }
    }
    found
}

/// The keys that the program takes, as it lists them to whoever mistypes one.
fn taken() -> BTreeSet<String> {
    let listed = |section: Option<&str>| -> Vec<String> {
        let header = section.map_or(String::new(), |section| format!("[{section}]\n"));
        let error = toml::from_str::<File>(&format!("{header}no_such_key = 1")).unwrap_err();
        let (_, expected) = error.message().split_once("expected ").unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let lists = ["hook", "source"];
    let top = listed(None).into_iter();
    let top = top.filter(|key| !SECTIONS.contains(&&**key) && !lists.contains(&&**key));
    let mut all: BTreeSet<String> = top.collect();
    for section in SECTIONS {
        let keys = listed(Some(section)).into_iter().filter(|key| !NESTED.contains(&&**key));
        all.extend(keys.map(|key| format!("{section}.{key}")));
    }
    all
}

/// The keys of the document's tables, with their defaults.
fn documented() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for row in DOCUMENT.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let (keys, defaults) = match cells[..] {
            [_, _, _, keys, default, _, _] => (keys, default),
            [_, keys, default, _, _] => (keys, default),
            _ => continue,
        };
        let keys: Vec<&str> = keys.split('`').skip(1).step_by(2).collect();
        let plain = defaults.replace('`', "");
        let several: Vec<&str> = plain.split(", ").collect();
        let mut section = "";
        for (at, key) in keys.iter().enumerate().filter(|(_, key)| !key.starts_with('[')) {
            let key = match key.strip_prefix('.') {
                Some(inner) => format!("{section}.{inner}"),
                None => (*key).to_owned(),
            };
            section = keys[0].split_once('.').map_or("", |(section, _)| section);
            let default = if several.len() == keys.len() { several[at] } else { &*plain };
            found.insert(key, default.trim_matches('"').to_owned());
        }
    }
    found
}

#[test]
fn as_it_is_and_with_its_defaults_in_force_it_changes_nothing() {
    let without = format!("{:?}", of_file("").unwrap());
    assert_eq!(format!("{:?}", of_file(FILE).unwrap()), without);
    let defaults = in_force(&["#"]);
    assert_eq!(settings(&defaults).len(), 27, "{defaults}");
    assert_eq!(format!("{:?}", of_file(&defaults).unwrap()), without);
}

#[test]
fn it_has_every_key_that_the_program_takes() {
    let all = in_force(&["# ", "#"]);
    toml::from_str::<File>(&all).unwrap();
    let keys: BTreeSet<String> = settings(&all).into_keys().collect();
    assert_eq!(keys, taken());
}

#[test]
fn of_every_key_it_is_decided_when_it_is_taken_over_and_the_document_says_so() {
    // What the lists have as a whole, beside the keys of the tables.
    let whole =
        ["retention", "alarms.targets", "hook", "source", "pictures.streams", "mpegts.streams"];
    let wanted: BTreeSet<String> = taken().into_iter().chain(whole.map(str::to_owned)).collect();
    let names = |keys: &[(&'static str, _)]| keys.iter().map(|(name, _)| *name).collect::<Vec<_>>();
    let (at_once, next_start) = (names(AT_ONCE), names(NEXT_START));
    let decided: Vec<String> =
        at_once.iter().chain(&next_start).map(|name| (*name).to_owned()).collect();
    let distinct: BTreeSet<String> = decided.iter().cloned().collect();
    assert_eq!(distinct.len(), decided.len(), "a key is there twice");
    assert_eq!(distinct, wanted);
    for (words, keys) in [("Taken over at once", at_once), ("With the next start", next_start)] {
        let line = DOCUMENT.lines().find(|line| line.starts_with(&format!("| {words}")));
        let line = line.unwrap_or_else(|| panic!("docs/config.md has no row that begins: {words}"));
        let said: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        assert_eq!(said, keys, "{words}");
    }
}

#[test]
fn the_document_has_the_same_keys_and_defaults() {
    let documented = documented();
    assert_eq!(documented.keys().cloned().collect::<BTreeSet<_>>(), taken());
    for (key, value) in settings(&in_force(&["#"])) {
        let wanted = match value {
            toml::Value::String(text) => text,
            toml::Value::Float(number) => number.to_string(),
            other => other.to_string(),
        };
        assert_eq!(documented[&key], wanted, "{key}");
    }
}
