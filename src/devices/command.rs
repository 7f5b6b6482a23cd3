//! Commands, and what comes of them.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::report::Report;
use crate::text::{cut, is_within, one_line};

/// A controller's own id of a command.
const MAX_ID_CHARS: usize = 64;

/// Fits into one line of a list.
pub(crate) const MAX_NAME_CHARS: usize = 80;

/// What stands beside a mark is a remark, no report.
pub(crate) const MAX_MARK_CHARS: usize = 200;

/// A device is in a place and of a kind; nobody needs more.
pub(crate) const MAX_GROUPS: usize = 8;
pub(crate) const MAX_GROUP_CHARS: usize = 40;

/// What the server keeps of a device, and no device is asked for.
pub(crate) const GROUPS: &str = "groups";

/// A sentence for a person.
const MAX_SENTENCE_CHARS: usize = 200;

/// What can be done at a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CommandWord)]
pub(crate) enum Word {
    Start,
    Stop,
    Mark,
    Camera,
    Quality,
    Name,
}

/// What shall be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// At the device.
    Device(Word, Option<String>),
    /// The server keeps a device's groups.
    Groups(Vec<String>),
}

/// Whom a command is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Device(String),
    Group(String),
    All,
}

/// A controller's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) to: Target,
    pub(crate) order: Order,
}

/// Why a command was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    UnknownDevice,
    UnknownGroup,
    Offline,
    /// The device says no.
    NotAllowed,
    /// Whoever asks may give no commands.
    Forbidden,
    NoAnswer,
    Unsupported,
    Busy,
    Failed,
    BadCommand,
}

/// The same with a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) message: String,
}

/// What a device says to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The person at the device is being asked.
    Asking(String),
    Over(Result<(), Refusal>),
}

impl Code {
    /// As it stands in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UnknownDevice => "unknown_device",
            Self::UnknownGroup => "unknown_group",
            Self::Offline => "offline",
            Self::NotAllowed => "not_allowed",
            Self::Forbidden => "forbidden",
            Self::NoAnswer => "no_answer",
            Self::Unsupported => "unsupported",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::BadCommand => "bad_command",
        }
    }

    /// Of those that a device may give as its reason.
    fn of_device(name: &str) -> Option<Self> {
        let own = [Self::NotAllowed, Self::NoAnswer, Self::Unsupported, Self::Busy, Self::Failed];
        own.into_iter().find(|code| code.name() == name)
    }

    /// The refusal with this code.
    pub(crate) fn because(self, message: impl Into<String>) -> Refusal {
        Refusal { code: self, message: message.into() }
    }
}

impl Word {
    pub(crate) const ALL: [Self; 6] =
        [Self::Start, Self::Stop, Self::Mark, Self::Camera, Self::Quality, Self::Name];

    /// As it stands in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Mark => "mark",
            Self::Camera => "camera",
            Self::Quality => "quality",
            Self::Name => "name",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.name() == name)
    }
}

/// The id of a controller's message, with which it is answered.
pub(crate) fn id_of(message: &Map<String, Value>) -> Option<&str> {
    let id = message.get("id")?.as_str()?;
    (!id.is_empty() && is_within(id, MAX_ID_CHARS)).then_some(id)
}

impl Command {
    /// Reads a controller's command.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence.
    pub(crate) fn parse(message: &Map<String, Value>) -> Result<Self, Refusal> {
        let bad = |sentence: &str| Code::BadCommand.because(sentence);
        let to = match message.get("to") {
            Some(Value::String(device)) => Target::Device(device.clone()),
            Some(Value::Object(many)) => match (many.get("group"), many.get("all")) {
                (Some(Value::String(group)), None) => Target::Group(group.clone()),
                (None, Some(Value::Bool(true))) => Target::All,
                _ => return Err(bad("to is a device, {\"group\":name} or {\"all\":true}")),
            },
            _ => return Err(bad("to is a device, {\"group\":name} or {\"all\":true}")),
        };
        Ok(Self { to, order: Order::parse(message)? })
    }
}

impl Order {
    /// Reads `do` and `value`.
    ///
    /// # Errors
    /// What is wrong with them, in a sentence.
    pub(crate) fn parse(message: &Map<String, Value>) -> Result<Self, Refusal> {
        let bad = |sentence: String| Code::BadCommand.because(sentence);
        let value = message.get("value").unwrap_or(&Value::Null);
        let name = message.get("do").and_then(Value::as_str).unwrap_or_default();
        if name == GROUPS {
            return Ok(Self::Groups(groups(value).map_err(bad)?));
        }
        let Some(word) = Word::of(name) else {
            let all = "do is one of start, stop, mark, camera, quality, name, groups";
            return Err(bad(all.to_owned()));
        };
        let line = value.as_str().map(one_line).filter(|line| !line.is_empty());
        let value = match word {
            Word::Start | Word::Stop => None,
            Word::Mark if value.is_null() => None,
            Word::Mark => Some(bounded(line, "a mark's label", MAX_MARK_CHARS).map_err(bad)?),
            Word::Name => Some(bounded(line, "a name", MAX_NAME_CHARS).map_err(bad)?),
            // An id is what it is, to the letter; the device's lists say which there are.
            Word::Camera | Word::Quality => match value.as_str() {
                Some(id) => Some(id.to_owned()),
                None => return Err(bad(format!("{name} needs an id in value"))),
            },
        };
        Ok(Self::Device(word, value))
    }

    /// Whether a device that says this of itself can do it.
    pub(super) fn check(&self, device: &str, report: &Report) -> Result<(), Refusal> {
        let Self::Device(word, value) = self else { return Ok(()) };
        if !report.can.contains(word) {
            let sentence = format!("{device} cannot do that ({})", word.name());
            return Err(Code::Unsupported.because(sentence));
        }
        let value = value.as_deref().unwrap_or_default();
        let has = match word {
            Word::Camera => report.cameras.iter().any(|camera| camera.id == value),
            Word::Quality => report.qualities.iter().any(|quality| quality == value),
            _ => true,
        };
        if has {
            return Ok(());
        }
        let (word, value) = (word.name(), cut(&one_line(value), MAX_NAME_CHARS));
        Err(Code::Unsupported.because(format!("{device} has no {word} \"{value}\"")))
    }
}

fn bounded(line: Option<String>, what: &str, max_chars: usize) -> Result<String, String> {
    let line = line.filter(|line| is_within(line, max_chars));
    line.ok_or_else(|| format!("{what} is a text of 1 to {max_chars} characters"))
}

/// The names of groups, each once.
pub(super) fn groups(value: &Value) -> Result<Vec<String>, String> {
    let sentence = || {
        format!(
            "groups is a list of at most {MAX_GROUPS} names of 1 to {MAX_GROUP_CHARS} characters"
        )
    };
    let names = value.as_array().filter(|names| names.len() <= MAX_GROUPS).ok_or_else(sentence)?;
    let mut groups: Vec<String> = Vec::new();
    for name in names {
        let name = name.as_str().map(one_line).filter(|name| !name.is_empty());
        let name = bounded(name, "a group", MAX_GROUP_CHARS).map_err(|_| sentence())?;
        if !groups.contains(&name) {
            groups.push(name);
        }
    }
    Ok(groups)
}

impl Answer {
    /// Reads a device's message of the type `result`.
    pub(crate) fn parse(device: &str, message: &Map<String, Value>) -> Option<Self> {
        let text = |member: &str| message.get(member).and_then(Value::as_str);
        let sentence = text("message").map(|text| cut(&one_line(text), MAX_SENTENCE_CHARS));
        let sentence = sentence.filter(|text| !text.is_empty());
        match message.get("ok")? {
            Value::Bool(true) => Some(Self::Over(Ok(()))),
            Value::Bool(false) => {
                let code = text("code").and_then(Code::of_device).unwrap_or(Code::Failed);
                let said = || format!("{device} refused, and said no more");
                Some(Self::Over(Err(code.because(sentence.unwrap_or_else(said)))))
            }
            Value::Null => {
                let said = || format!("the person at {device} is being asked");
                Some(Self::Asking(sentence.unwrap_or_else(said)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::devices::report::{Said, tests::message};

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    fn parse(value: Value) -> Result<Command, Refusal> {
        Command::parse(&object(value))
    }

    #[test]
    fn commands_are_read() {
        let command = parse(json!({ "to": "device-1", "do": "start", "value": 1 })).unwrap();
        assert_eq!(command.to, Target::Device("device-1".to_owned()));
        assert_eq!(command.order, Order::Device(Word::Start, None));
        let command = parse(json!({ "to": { "group": "hall" }, "do": "mark" })).unwrap();
        assert_eq!(command.to, Target::Group("hall".to_owned()));
        assert_eq!(command.order, Order::Device(Word::Mark, None));
        let groups = json!({ "to": { "all": true }, "do": "groups", "value": ["a ", "a", "b"] });
        let command = parse(groups).unwrap();
        assert_eq!(command.to, Target::All);
        assert_eq!(command.order, Order::Groups(vec!["a".to_owned(), "b".to_owned()]));
    }

    #[test]
    fn commands_beyond_the_bounds_are_refused() {
        for value in [
            json!({ "do": "start" }),
            json!({ "to": {}, "do": "start" }),
            json!({ "to": { "all": false }, "do": "start" }),
            json!({ "to": { "all": true, "group": "a" }, "do": "start" }),
            json!({ "to": "device-1" }),
            json!({ "to": "device-1", "do": "dance" }),
            json!({ "to": "device-1", "do": "name" }),
            json!({ "to": "device-1", "do": "name", "value": " " }),
            json!({ "to": "device-1", "do": "name", "value": "x".repeat(81) }),
            json!({ "to": "device-1", "do": "mark", "value": 5 }),
            json!({ "to": "device-1", "do": "camera" }),
            json!({ "to": "device-1", "do": "groups", "value": "hall" }),
            json!({ "to": "device-1", "do": "groups", "value": ["x".repeat(41)] }),
            json!({ "to": "device-1", "do": "groups", "value": [""] }),
            json!({ "to": "device-1", "do": "groups", "value": vec!["a"; 9] }),
        ] {
            assert_eq!(parse(value.clone()).unwrap_err().code, Code::BadCommand, "{value}");
        }
        assert_eq!(id_of(&object(json!({ "id": "x".repeat(65) }))), None);
        assert_eq!(id_of(&object(json!({ "id": "" }))), None);
        assert_eq!(id_of(&object(json!({ "id": "1" }))), Some("1"));
    }

    #[test]
    fn what_a_device_cannot_do_is_known_beforehand() {
        let mut report = Said::parse(message("device-1")).unwrap().report;
        let of = |word: Word, value: &str| Order::Device(word, Some(value.to_owned()));
        let code = |order: Order, report: &Report| order.check("d", report).map_err(|r| r.code);
        assert_eq!(code(of(Word::Camera, "back"), &report), Ok(()));
        assert_eq!(code(of(Word::Camera, "side"), &report), Err(Code::Unsupported));
        assert_eq!(code(of(Word::Quality, "4k"), &report), Err(Code::Unsupported));
        report.can.clear();
        assert_eq!(code(Order::Device(Word::Stop, None), &report), Err(Code::Unsupported));
        assert_eq!(code(Order::Groups(Vec::new()), &report), Ok(()));
    }

    #[test]
    fn a_devices_answer_is_bounded() {
        let answer = |value: Value| Answer::parse("device-1", &object(value));
        assert_eq!(answer(json!({ "ok": true })), Some(Answer::Over(Ok(()))));
        let refused = json!({ "ok": false, "code": "offline", "message": "y".repeat(1000) });
        let Some(Answer::Over(Err(refusal))) = answer(refused) else { panic!() };
        assert_eq!((refusal.code, refusal.message.len()), (Code::Failed, 200));
        assert!(matches!(answer(json!({ "ok": null, "code": "asking" })), Some(Answer::Asking(_))));
        assert_eq!(answer(json!({ "ok": 1 })), None);
        assert_eq!(answer(json!({})), None);
    }
}
