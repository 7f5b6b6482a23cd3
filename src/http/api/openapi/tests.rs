//! The description has no loose ends.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

fn document() -> Value {
    serde_json::to_value(description()).unwrap()
}

/// Every `$ref` in it.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_type_that_is_named_is_described() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut all = BTreeSet::new();
    references(&document, &mut all);
    assert!(all.len() > 30, "{all:?}");
    for reference in all {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} is nowhere");
    }
}

#[test]
fn two_types_of_one_name_are_one_type() {
    let mut all: Vec<(String, Value)> = Vec::new();
    for (name, schema) in operations().iter().flat_map(Operation::schemas) {
        let schema = serde_json::to_value(schema).unwrap();
        match all.iter().find(|(other, _)| *other == name) {
            Some((_, other)) => assert_eq!(*other, schema, "two types are named {name}"),
            None => all.push((name, schema)),
        }
    }
}

/// Path, method and what is told of it.
fn told(document: &Value) -> Vec<(String, Value)> {
    let items = document["paths"].as_object().unwrap().iter();
    let operations = items.flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, told)| (format!("{method} {path}"), told.clone()))
    });
    operations.collect()
}

#[test]
fn every_operation_and_every_parameter_says_what_it_is() {
    let document = document();
    let mut ids = BTreeSet::new();
    let mut tags = BTreeSet::new();
    for (name, told) in told(&document) {
        let id = told["operationId"].as_str().unwrap();
        let is_plain = id.chars().all(|c| c.is_ascii_alphanumeric());
        assert!(is_plain && id.starts_with(|c: char| c.is_ascii_lowercase()), "{name}: {id}");
        assert!(ids.insert(id.to_owned()), "{name}: {id} is another's");
        assert!(told["summary"].as_str().is_some_and(|text| text.len() > 5), "{name}");
        tags.insert(told["tags"][0].as_str().unwrap().to_owned());
        for parameter in told["parameters"].as_array().into_iter().flatten() {
            let text = parameter["description"].as_str().unwrap_or_default();
            assert!(text.len() > 5, "{name}: {parameter} has no description");
            assert!(parameter["schema"]["type"].is_string(), "{name}: {parameter}");
        }
        for (status, answer) in told["responses"].as_object().unwrap() {
            let text = answer["description"].as_str().unwrap();
            assert!(text.len() > 3, "{name}: {status}");
        }
    }
    let known: BTreeSet<_> = TAGS.iter().map(|(tag, _)| (*tag).to_owned()).collect();
    assert_eq!(tags, known);
}

#[test]
fn what_one_status_stands_for_is_told_whole() {
    let of = |id: &str, status: &str| {
        let all = told(&document());
        let (_, told) = all.into_iter().find(|(_, told)| told["operationId"] == id).unwrap();
        told["responses"][status]["description"].as_str().unwrap().to_owned()
    };
    let pair = of("pair", "409");
    assert!(pair.contains("too many browsers") && pair.contains("an admin's"), "{pair}");
    let change = of("changeUser", "400");
    assert!(change.contains("path") && change.contains("; or the body"), "{change}");
    // What is said twice stands there once.
    assert_eq!(of("getMjpeg", "400").matches("parameter").count(), 1);
}

#[test]
fn bytes_are_described_by_their_media_type_alone() {
    fn contents(value: &Value, found: &mut Vec<(String, Value)>) {
        if let Some(content) = value["content"].as_object() {
            found.extend(content.iter().map(|(media, of)| (media.clone(), of.clone())));
        }
        value.as_object().into_iter().flat_map(|all| all.values()).for_each(|v| contents(v, found));
    }
    let mut found = Vec::new();
    told(&document()).iter().for_each(|(_, told)| contents(told, &mut found));
    for media in ["application/octet-stream", "image/jpeg", "video/mp4", "video/webm"] {
        assert!(found.iter().any(|(known, _)| known == media), "{media}");
    }
    for (media, of) in found {
        let is_text = ["application/json", "application/sdp"].contains(&media.as_str());
        assert_eq!(of.get("schema").is_some(), is_text, "{media}: {of}");
    }
}

#[test]
fn every_word_that_a_device_knows_is_a_command() {
    use crate::devices::command::{Order, Word};
    let schema = serde_json::to_value(commands::schema()).unwrap();
    let words = schema["oneOf"].as_array().unwrap().iter();
    let words: BTreeSet<String> =
        words.map(|one| one["properties"]["do"]["enum"][0].as_str().unwrap().to_owned()).collect();
    let known = serde_json::to_value(Word::schema()).unwrap();
    let known = known["enum"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    let known: BTreeSet<String> = known.chain(["groups"]).map(str::to_owned).collect();
    assert_eq!(words, known);
    // The sentence that names them names all.
    let told = Order::parse(&serde_json::Map::new()).unwrap_err().message;
    assert!(words.iter().all(|word| told.contains(word.as_str())), "{told}");
}
