//! Whether an answer is one of those that are described.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::Operation;
use super::ask::Answer;

/// The server says them when it cannot now; every other one would be a fault of its own.
const ALLOWED_5XX: [u16; 2] = [503, 507];

pub(super) struct Judge {
    /// All types, each with no member that is not described.
    types: Value,
    /// By the text of the schema.
    validators: RefCell<HashMap<String, Validator>>,
}

impl Judge {
    pub(super) fn new(document: &Value) -> Self {
        let mut types = document["components"]["schemas"].clone();
        let mut parts = BTreeSet::new();
        parts_of_others(&types, &mut parts);
        for (name, schema) in types.as_object_mut().unwrap() {
            strict(schema, !parts.contains(name));
        }
        Self { types: local(&types), validators: RefCell::default() }
    }

    /// Whether an operation may be answered so; else why not.
    pub(super) fn is_described(
        &self,
        operation: &Operation<'_>,
        answer: &Answer,
    ) -> Result<(), String> {
        let status = answer.status;
        if status >= 500 && !ALLOWED_5XX.contains(&status) {
            return Err(format!("{status}: {}", text(answer)));
        }
        let Some(described) = operation.told["responses"].get(status.to_string()) else {
            return Err(format!("{status} is not described: {}", text(answer)));
        };
        let Some(content) = described.get("content") else {
            return match answer.body.is_empty() {
                true => Ok(()),
                false => {
                    Err(format!("{status} has a body that is not described: {}", text(answer)))
                }
            };
        };
        let media = answer.media.as_deref().unwrap_or("no media type");
        let Some(of_media) = content.get(media) else {
            return Err(format!("{status} as {media} is not described: {}", text(answer)));
        };
        match media {
            "application/json" => self.is_valid(&of_media["schema"], answer),
            _ => Ok(()),
        }
    }

    /// Whether it is a no to a method that a path does not take.
    pub(super) fn is_wrong_method(&self, answer: &Answer) -> Result<(), String> {
        if answer.status != 405 || !answer.headers.contains_key("allow") {
            return Err(format!("{} and no header Allow: {}", answer.status, text(answer)));
        }
        self.is_valid(&json!({ "$ref": "#/components/schemas/Refusal" }), answer)
    }

    fn is_valid(&self, schema: &Value, answer: &Answer) -> Result<(), String> {
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| format!("{} is no JSON ({error}): {}", answer.status, text(answer)))?;
        let mut validators = self.validators.borrow_mut();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut whole = local(schema);
            whole["$defs"] = self.types.clone();
            jsonschema::draft202012::new(&whole).expect("a bad schema")
        });
        match validator.iter_errors(&body).next() {
            None => Ok(()),
            Some(error) => Err(format!(
                "{} at {}: {error}: {}",
                answer.status,
                error.instance_path(),
                text(answer)
            )),
        }
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).chars().take(300).collect()
}

/// The types that are a part of others: what is beside them is described there.
fn parts_of_others(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for part in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                let name = part["$ref"].as_str().and_then(|name| name.rsplit('/').next());
                found.extend(name.map(str::to_owned));
            }
            members.values().for_each(|value| parts_of_others(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| parts_of_others(value, found)),
        _ => {}
    }
}

/// Allows no members but those that are described.
fn strict(schema: &mut Value, is_whole: bool) {
    let Value::Object(members) = schema else { return };
    let is_object = members.contains_key("properties") || members.contains_key("allOf");
    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("properties", Value::Object(all)) => each(all),
            ("items", value) => strict(value, true),
            ("oneOf" | "anyOf", Value::Array(all)) => all.iter_mut().for_each(|v| strict(v, true)),
            ("allOf", Value::Array(all)) => all.iter_mut().for_each(|v| strict(v, false)),
            _ => {}
        }
    }
    if is_object && is_whole {
        members.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

fn each(all: &mut Map<String, Value>) {
    all.values_mut().for_each(|value| strict(value, true));
}

/// With types found where a schema of its own has them.
fn local(schema: &Value) -> Value {
    let text = schema.to_string().replace("#/components/schemas/", "#/$defs/");
    serde_json::from_str(&text).unwrap()
}
