//! Where the description says that something ends: what is just within is taken, and what is just
//! beyond is not.

use serde_json::{Value, json};

use super::judge::Judge;
use super::make::Maker;

/// A body, what is particular about it, and whether it is still as it is described.
pub(super) struct Variant {
    pub(super) body: Value,
    pub(super) what: String,
    pub(super) is_good: bool,
}

/// Longer than what a body may hold is refused as such.
const MANY: u64 = 2000;

/// Something that no pattern allows, and nothing else is wrong with.
const ODD: [&str; 5] = ["", " ", "\u{1}", "Ä Ö", "x"];

/// All of a body that is as it is described.
pub(super) fn of(maker: &Maker<'_>, judge: &Judge, schema: &Value, body: &Value) -> Vec<Variant> {
    let mut all = Vec::new();
    for (body, what) in values(maker, judge, schema, body) {
        let is_good = judge.is_one(schema, &body);
        all.push(Variant { body, what, is_good });
    }
    all
}

/// Other values in its place, and those with something else inside of it.
fn values(maker: &Maker<'_>, judge: &Judge, schema: &Value, value: &Value) -> Vec<(Value, String)> {
    let schema = maker.resolved(schema);
    for choice in ["oneOf", "anyOf"] {
        if let Some(all) = schema[choice].as_array() {
            let own = all.iter().find(|one| judge.is_one(one, value)).expect("none of them");
            return values(maker, judge, own, value);
        }
    }
    let mut all = ends(&schema, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let told = &schema["properties"][name];
                for (other, what) in values(maker, judge, told, member) {
                    let mut changed = members.clone();
                    changed.insert(name.clone(), other);
                    all.push((changed.into(), format!("{name}{what}")));
                }
                let mut fewer = members.clone();
                fewer.remove(name);
                all.push((fewer.into(), format!("no {name}")));
            }
            if schema["additionalProperties"] == false {
                let mut more = members.clone();
                more.insert("nobody_knows_it".to_owned(), json!(1));
                all.push((more.into(), "one more member".to_owned()));
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (other, what) in values(maker, judge, &schema["items"], &items[0]) {
                all.push((json!([other]), format!("[]{what}")));
            }
        }
        _ => {}
    }
    all
}

/// At the ends of what a schema allows, and behind them.
fn ends(schema: &Value, value: &Value) -> Vec<(Value, String)> {
    let mut all: Vec<Value> = Vec::new();
    for (end, beyond) in [("minimum", -1.0), ("maximum", 1.0)] {
        if let Some(end) = schema[end].as_f64() {
            let is_whole = value.is_u64() || value.is_i64();
            let number = |number: f64| if is_whole { json!(number as i64) } else { json!(number) };
            all.extend([number(end), number(end + beyond)]);
        }
    }
    if value.is_string() {
        for end in ["minLength", "maxLength"] {
            if let Some(end) = schema[end].as_u64().filter(|end| *end < MANY) {
                all.push("x".repeat(end as usize).into());
                all.push("x".repeat((end + 1) as usize).into());
                all.push("x".repeat(end.saturating_sub(1) as usize).into());
            }
        }
        if schema["pattern"].is_string() {
            all.extend(ODD.map(Value::from));
        }
        if schema["enum"].is_array() {
            all.push("no such word".into());
        }
    }
    for choice in schema["enum"].as_array().into_iter().flatten() {
        all.push(choice.clone());
    }
    if let Some(items) = value.as_array() {
        for end in ["minItems", "maxItems"] {
            let Some(end) = schema[end].as_u64() else { continue };
            for count in [end.saturating_sub(1), end, end + 1] {
                // Each is another one, where a set is meant.
                let each = |index| match &items[0] {
                    Value::String(text) if schema["items"]["minLength"].is_u64() => {
                        json!(format!("{}{index}", &text[..1]))
                    }
                    other => other.clone(),
                };
                all.push((0..count).map(each).collect());
            }
        }
    }
    all.push(json!(1));
    all.push(json!([[]]));
    let what =
        |value: &Value| format!(" = {}", value.to_string().chars().take(60).collect::<String>());
    all.into_iter().map(|value| (value.clone(), what(&value))).collect()
}
