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
