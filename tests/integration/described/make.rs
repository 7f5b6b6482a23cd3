//! Requests that an operation takes, and such as it does not, made from its description.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::Operation;
use super::ask::Request;
use super::judge::Judge;
use crate::support::access::claim;
use crate::support::random::Random;
use crate::support::requests::frame;

/// Deeper than any description goes.
const MAX_DEPTH: usize = 8;

/// More than any route takes but the one for offers. Of a larger one a client may still be writing
/// when the answer comes and the connection ends.
const MANY_BYTES: usize = 40_000;

/// What nobody names anything.
const ODD_TEXTS: [&str; 10] =
    ["", " ", "nothing", "null", "-1", "../../etc/passwd", "\0", "ü☃𝄞", "%00", "\u{202e}a\r\nb: c"];

/// What may stand in a path as it is.
const ODD_PARTS: [&str; 6] = ["nothing", "%FF%FE", "..%2F..%2Fca.key", "%00", "test", "%E2%98%83"];

/// Texts of which at least one is what each pattern of the description asks for.
const TEXTS: [&str; 9] = [
    "name-1",
    "session-over/nothing",
    "some text",
    "160x120",
    "mon-fri 08:00-18:00",
    "rtsp://127.0.0.1:1/nothing",
    "default",
    "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk",
    "",
];

pub(super) struct Maker<'a> {
    random: Random,
    types: Value,
    known: BTreeMap<String, Vec<String>>,
    judge: &'a Judge,
    /// Whether objects have all that they can have.
    is_whole: bool,
}

/// What an operation needs to succeed that no description can give.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// For the braces of its path.
    pub(super) parts: BTreeMap<&'static str, String>,
    /// Behind the question mark.
    pub(super) query: Option<String>,
    /// In the body.
    pub(super) members: Map<String, Value>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(
        random: Random,
        document: &Value,
        judge: &'a Judge,
        known: BTreeMap<String, Vec<String>>,
    ) -> Self {
        let types = document["components"]["schemas"].clone();
        Self { random, types, known, judge, is_whole: false }
    }

    /// One as it is described, in everything.
    pub(super) fn good(
        &mut self,
        operation: &Operation<'_>,
        token: Option<&str>,
        needs: &Needs,
    ) -> Request {
        let content = &operation.told["requestBody"]["content"];
        let body = match content.as_object().and_then(|all| all.iter().next()) {
            None => None,
            Some((media, told)) if media == "application/json" => {
                let mut body = self.valid(&told["schema"], "", 0);
                body.as_object_mut().unwrap().extend(needs.members.clone());
                assert!(self.judge.is_one(&told["schema"], &body), "{body} is not as described");
                Some((media.clone(), body.to_string().into_bytes()))
            }
            Some((media, _)) => Some((media.clone(), frame(0, b"{\"type\":\"hello\"}"))),
        };
        self.with_body(operation, token, needs, body)
    }

    /// The same with a body of the test's own.
    pub(super) fn with_body(
        &mut self,
        operation: &Operation<'_>,
        token: Option<&str>,
        needs: &Needs,
        body: Option<(String, Vec<u8>)>,
    ) -> Request {
        let parts = operation.path.split('/').map(|part| {
            let name = part.strip_prefix('{').and_then(|part| part.strip_suffix('}'));
            name.map_or(part, |name| match needs.parts.get(name) {
                Some(value) => value,
                None => self.known.get(name).and_then(|known| known.first()).expect("a part"),
            })
        });
        let mut address = parts.collect::<Vec<_>>().join("/");
        let mut query: Vec<String> = needs.query.iter().cloned().collect();
        for parameter in operation.told["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "query" && needs.query.is_none() && self.random.once_in(2) {
                let name = parameter["name"].as_str().unwrap();
                let value = self.valid(&parameter["schema"], name, 0);
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                query.push(format!("{name}={}", utf8_percent_encode(&text, NON_ALPHANUMERIC)));
            }
        }
        if !query.is_empty() {
            address = format!("{address}?{}", query.join("&"));
        }
        let mut headers = Vec::new();
        headers.extend(token.map(|token| ("authorization", format!("Bearer {token}"))));
        let (media, body) = body.unzip();
        headers.extend(media.map(|media| ("content-type", media)));
        let method = operation.method.clone();
        Request { method, address, headers, body: body.unwrap_or_default() }
    }

    /// Bodies with all that they can have: one for each choice.
    pub(super) fn whole(&mut self, schema: &Value) -> Vec<(Value, Value)> {
        self.is_whole = true;
        let choices = schema["oneOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
        let bodies = choices.into_iter().map(|choice| {
            let body = self.valid(&choice, "", 0);
            (choice, body)
        });
        let bodies = bodies.collect();
        self.is_whole = false;
        bodies
    }

    /// The schema behind a name.
    pub(super) fn resolved(&self, schema: &Value) -> Value {
        match schema["$ref"].as_str() {
            Some(name) => self.types[name.rsplit('/').next().unwrap()].clone(),
            None => schema.clone(),
        }
    }

    pub(super) fn request(&mut self, operation: &Operation<'_>, token: Option<&str>) -> Request {
        let mut address = self.address(operation.path);
        let mut query = self.query(&operation.told["parameters"]);
        let mut headers = Vec::new();
        match token {
            Some(token) if self.random.once_in(3) => query.push(format!("token={token}")),
            Some(token) => headers.push(("authorization", format!("Bearer {token}"))),
            None => {}
        }
        if !query.is_empty() {
            address = format!("{address}?{}", query.join("&"));
        }
        if operation.path.ends_with("/{file}")
            || operation.path.ends_with("/{video}")
            || operation.path.contains("/export")
        {
            let ranges = [
                "bytes=0-99",
                "bytes=0-9,50-59",
                "bytes=-5",
                "bytes=99999999999-",
                "bytes=5-1",
                "lines=1",
            ];
            headers.push(("range", (*self.random.pick(&ranges)).to_owned()));
            if self.random.once_in(4) {
                let past = "Sat, 01 Jan 2000 00:00:00 GMT".to_owned();
                let names = ["if-unmodified-since", "if-modified-since"];
                headers.push((*self.random.pick(&names), past));
            }
        }
        let (kind, body) = self.body(&operation.told["requestBody"]["content"]);
        headers.extend(kind.map(|kind| ("content-type", kind)));
        Request { method: operation.method.clone(), address, headers, body }
    }

    /// A path with something for its braces.
    pub(super) fn address(&mut self, path: &str) -> String {
        let parts: Vec<String> = path.split('/').map(|part| self.part(part)).collect();
        parts.join("/")
    }

    fn part(&mut self, part: &str) -> String {
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            return part.to_owned();
        };
        match self.known.get(name) {
            Some(known) if !self.random.once_in(3) => self.random.pick(known).clone(),
            _ if self.random.once_in(6) => "x".repeat(3000),
            _ => (*self.random.pick(&ODD_PARTS)).to_owned(),
        }
    }

    fn query(&mut self, parameters: &Value) -> Vec<String> {
        let mut query = Vec::new();
        for parameter in parameters.as_array().into_iter().flatten() {
            if parameter["in"] != "query" || self.random.once_in(3) {
                continue;
            }
            let name = parameter["name"].as_str().unwrap();
            let value = match self.random.once_in(2) {
                true => self.valid(&parameter["schema"], name, 0),
                false => json!(*self.random.pick(&ODD_TEXTS)),
            };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let pair = format!("{name}={}", utf8_percent_encode(&text, NON_ALPHANUMERIC));
            if self.random.once_in(8) {
                query.push(pair.clone());
            }
            query.push(pair);
        }
        query
    }

    /// A body, mostly of the media type that is asked for.
    fn body(&mut self, content: &Value) -> (Option<String>, Vec<u8>) {
        let Some((media, told)) = content.as_object().and_then(|all| all.iter().next()) else {
            return (None, Vec::new());
        };
        let kind = match self.random.below(12) {
            0 => None,
            1 => Some("text/plain".to_owned()),
            2 => Some(format!("{media}; charset=utf-8")),
            _ => Some(media.clone()),
        };
        let body = match (media.as_str(), self.random.below(10)) {
            (_, 0) => Vec::new(),
            (_, 1) => vec![b'x'; MANY_BYTES],
            (_, 2) => {
                let length = self.random.below(200);
                self.random.bytes(length)
            }
            ("application/json", 3..=5) => self.broken(&told["schema"]).to_string().into_bytes(),
            ("application/json", _) => self.valid(&told["schema"], "", 0).to_string().into_bytes(),
            ("application/sdp", _) => {
                b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n".to_vec()
            }
            _ => frame(0, b"{\"type\":\"hello\"}"),
        };
        (kind, body)
    }

    /// What a schema describes.
    fn valid(&mut self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            return Value::Null;
        }
        if schema["$ref"].is_string() {
            let of_type = self.resolved(schema);
            return self.valid(&of_type, name, depth + 1);
        }
        for choice in ["oneOf", "anyOf", "enum"] {
            if let Some(all) = schema[choice].as_array() {
                let is_some = |one: &&Value| !one.is_null() && one["type"] != "null";
                let one = match all.iter().find(is_some) {
                    Some(one) if self.is_whole => one.clone(),
                    _ => self.random.pick(all).clone(),
                };
                return match choice {
                    "enum" => one,
                    _ => self.valid(&one, name, depth + 1),
                };
            }
        }
        if let Some(all) = schema["allOf"].as_array() {
            let mut whole = Map::new();
            for part in all {
                if let Value::Object(members) = self.valid(part, name, depth + 1) {
                    whole.extend(members);
                }
            }
            return whole.into();
        }
        let kind = match &schema["type"] {
            Value::String(kind) => kind.clone(),
            Value::Array(kinds) => {
                let some: Vec<_> = kinds.iter().filter(|kind| *kind != "null").collect();
                let kind =
                    if self.is_whole { some[some.len() - 1] } else { self.random.pick(kinds) };
                kind.as_str().unwrap().to_owned()
            }
            _ => (*self.random.pick(&["string", "boolean", "null", "integer"])).to_owned(),
        };
        match kind.as_str() {
            "object" => self.object(schema, depth),
            "array" => {
                let fewest = schema["minItems"].as_u64().unwrap_or(0) as usize;
                let fewest = fewest.max(usize::from(self.is_whole));
                let count = fewest + self.random.below(3);
                (0..count).map(|_| self.valid(&schema["items"], name, depth + 1)).collect()
            }
            "string" => self.text(schema, name).into(),
            "boolean" => self.random.once_in(2).into(),
            "integer" => self.integer(schema).into(),
            "number" => json!(schema["minimum"].as_f64().unwrap_or(0.0) + 1.5),
            _ => Value::Null,
        }
    }

    /// One of its ends, or between them.
    fn integer(&mut self, schema: &Value) -> u64 {
        let (least, most) = (schema["minimum"].as_u64().unwrap_or(0), schema["maximum"].as_u64());
        let between = least + self.random.next() % 50;
        match (self.random.below(4), most) {
            (0, _) => least,
            (1, Some(most)) => most,
            _ => most.map_or(between, |most| between.min(most)),
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let mut whole = Map::new();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            if self.is_whole || required.contains(&json!(name)) || self.random.once_in(2) {
                let value = self.valid(member, name, depth + 1);
                whole.insert(name.clone(), value);
            }
        }
        if whole.contains_key("kind") {
            // What is added makes no work for the processor.
            whole.insert("paused".to_owned(), true.into());
        }
        whole.into()
    }

    /// A text for a member of this name. What it could lead to is on this computer.
    fn text(&mut self, schema: &Value, name: &str) -> String {
        let fitting = match name {
            "claim" => claim(*self.random.pick(&['a', 'b', 'c'])),
            "address" | "small_address" => "rtsp://127.0.0.1:1/nothing".to_owned(),
            "device" => "/dev/nothing".to_owned(),
            "zone" => "Europe/Zurich".to_owned(),
            "day" => "2026-11-20".to_owned(),
            "cursor" => "0:nothing".to_owned(),
            "v" => "1-0af3".to_owned(),
            "path" => "nothing.mp4".to_owned(),
            "password" => "long enough".to_owned(),
            "id" | "key" => "k".repeat(43),
            "source" | "name" | "user" => format!("name-{}", self.random.below(1000)),
            _ => String::new(),
        };
        let is_bounded = ["pattern", "minLength", "maxLength"].iter().any(|k| !schema[k].is_null());
        if !fitting.is_empty() && self.judge.is_one(schema, &json!(fitting)) {
            return fitting;
        }
        if !is_bounded {
            return (*self.random.pick(&ODD_TEXTS)).to_owned();
        }
        let fit = TEXTS.iter().filter(|text| self.judge.is_one(schema, &json!(text)));
        let fit: Vec<_> = fit.collect();
        assert!(!fit.is_empty(), "TEXTS has none for {schema}");
        (**self.random.pick(&fit)).to_owned()
    }

    /// The same with something wrong in it.
    fn broken(&mut self, schema: &Value) -> Value {
        let mut value = self.valid(schema, "", 0);
        let odd = [
            json!(null),
            json!([]),
            json!({}),
            json!(-1),
            json!(1e300),
            json!(u64::MAX),
            json!(true),
            json!("x".repeat(3000)),
            json!(ODD_TEXTS[self.random.below(ODD_TEXTS.len())]),
            json!([[[[[[]]]]]]),
        ];
        let other = self.random.pick(&odd).clone();
        let Value::Object(members) = &mut value else { return other };
        let names: Vec<String> = members.keys().cloned().collect();
        let Some(name) = names.get(self.random.below(names.len().max(1))) else { return other };
        match self.random.below(5) {
            0 => return other,
            1 => drop(members.remove(name)),
            2 => drop(members.insert("nobody_knows_it".to_owned(), other)),
            _ => drop(members.insert(name.clone(), other)),
        }
        value
    }
}
