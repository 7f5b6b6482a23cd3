//! Whether an answer is one of those that are described.

use std::cell::RefCell;
use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::Operation;
use super::ask::Answer;

/// The server says them when it cannot now; every other one would be a fault of its own.
const ALLOWED_5XX: [u16; 2] = [503, 507];

/// Behind the name of a type as it is inside of another.
const PART: &str = ".part";

pub(super) struct Judge {
    /// All types, each with no member that is not described, and as parts of others.
    types: Value,
    /// By the text of the schema.
    validators: RefCell<HashMap<String, Validator>>,
}

impl Judge {
    pub(super) fn new(document: &Value) -> Self {
        let known = document["components"]["schemas"].as_object().unwrap();
        let mut types = Map::new();
        for (name, schema) in known {
            let (mut whole, mut part) = (schema.clone(), schema.clone());
            strict(&mut whole, true);
            strict(&mut part, false);
            types.insert(name.clone(), whole);
            types.insert(format!("{name}{PART}"), part);
        }
        Self { types: local(&types.into()), validators: RefCell::default() }
    }

    /// Whether a value is what a schema of the document describes.
    pub(super) fn is_one(&self, schema: &Value, value: &Value) -> bool {
        self.with(schema, |validator| validator.is_valid(value))
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
        self.with(schema, |validator| match validator.iter_errors(&body).next() {
            None => Ok(()),
            Some(error) => Err(format!(
                "{} at {}: {error}: {}",
                answer.status,
                error.instance_path(),
                text(answer)
            )),
        })
    }

    fn with<T>(&self, schema: &Value, judged: impl FnOnce(&Validator) -> T) -> T {
        let mut validators = self.validators.borrow_mut();
        let validator = validators.entry(schema.to_string()).or_insert_with(|| {
            let mut whole = schema.clone();
            strict(&mut whole, true);
            let mut whole = local(&whole);
            whole["$defs"] = self.types.clone();
            jsonschema::draft202012::new(&whole).expect("a bad schema")
        });
        judged(validator)
    }
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.body).chars().take(300).collect()
}

/// Allows no members but those that are described. What is beside a part is described where the
/// whole is.
fn strict(schema: &mut Value, is_whole: bool) {
    let Value::Object(members) = schema else { return };
    let is_object = members.contains_key("properties") || members.contains_key("allOf");
    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("properties", Value::Object(all)) => all.values_mut().for_each(|v| strict(v, true)),
            ("items" | "additionalProperties", value) => strict(value, true),
            ("oneOf" | "anyOf", Value::Array(all)) => {
                all.iter_mut().for_each(|v| strict(v, is_whole));
            }
            ("allOf", Value::Array(all)) => all.iter_mut().for_each(|v| strict(v, false)),
            ("$ref", Value::String(name)) if !is_whole => name.push_str(PART),
            _ => {}
        }
    }
    if is_object && is_whole {
        members.insert("unevaluatedProperties".to_owned(), false.into());
    }
}

/// With types found where a schema of its own has them.
fn local(schema: &Value) -> Value {
    let text = schema.to_string().replace("#/components/schemas/", "#/$defs/");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_member_that_is_not_described_is_wrong_wherever_its_type_stands() {
    let types = json!({
        "User": {
            "type": "object",
            "required": ["id"],
            "properties": { "id": { "type": "string" }, "of": { "$ref": "#/components/schemas/Of" } },
        },
        "Of": { "type": "object", "properties": { "a": { "type": "integer" } } },
        "Changed": {
            "allOf": [
                { "$ref": "#/components/schemas/User" },
                { "type": "object", "properties": { "warning": { "type": "string" } } },
            ],
        },
        "People": {
            "type": "object",
            "properties": {
                "users": { "type": "array", "items": { "$ref": "#/components/schemas/User" } },
            },
        },
    });
    let judge = Judge::new(&json!({ "components": { "schemas": types } }));
    let is = |name: &str, value: Value| {
        judge.is_one(&json!({ "$ref": format!("#/components/schemas/{name}") }), &value)
    };
    assert!(is("Changed", json!({ "id": "a", "of": { "a": 1 }, "warning": "w" })));
    assert!(!is("Changed", json!({ "id": "a", "secret": 1 })));
    assert!(!is("Changed", json!({ "id": "a", "of": { "a": 1, "secret": 1 } })));
    assert!(is("People", json!({ "users": [{ "id": "a" }] })));
    assert!(!is("People", json!({ "users": [{ "id": "a", "secret": 1 }] })));
    assert!(!is("User", json!({ "id": "a", "warning": "w" })));
}
