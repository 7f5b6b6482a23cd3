//! An argument of a command, with placeholders for what has happened.

/// What a placeholder may stand for: the members of the events, `docs/guide/hooks.md`.
pub(crate) const FIELDS: [&str; 22] = [
    "event",
    "at",
    "session",
    "device",
    "name",
    "folder",
    "file",
    "path",
    "generation",
    "start_ms",
    "end_ms",
    "duration_ms",
    "bytes",
    "sha256",
    "replaced",
    "resumed",
    "files",
    "reason",
    "detail",
    "state",
    "free_bytes",
    "reserve_bytes",
];

/// An argument.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(&'static str),
}

impl Template {
    /// Reads an argument. `{word}` is a placeholder, `{{word}}` stands for `{word}`, and any other
    /// brace for itself: much that programs are told is written with braces.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find('{') {
            plain.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(word) = braced(rest, "{{", "}}") {
                plain.push('{');
                plain.push_str(word);
                plain.push('}');
                rest = &rest[word.len() + 4..];
            } else if let Some(word) = braced(rest, "{", "}") {
                let field = FIELDS.into_iter().find(|field| *field == word);
                let field = field.ok_or_else(|| {
                    format!(
                        "command: {{{word}}} is no placeholder; there are {}. Write {{{{{word}}}}} \
                         where the braces are meant",
                        FIELDS.map(|field| format!("{{{field}}}")).join(" ")
                    )
                })?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Field(field));
                rest = &rest[word.len() + 2..];
            } else {
                plain.push('{');
                rest = &rest[1..];
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    pub(super) fn has_fields(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Field(_)))
    }

    /// The argument; what a placeholder has no value for is nothing.
    pub(crate) fn filled(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(field) => value(field).unwrap_or_default(),
        };
        self.0.iter().map(part).collect()
    }
}

/// The word between braces with which the text begins.
fn braced<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(open)?;
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let end = rest.bytes().position(|byte| !is_word(byte))?;
    (end > 0 && rest[end..].starts_with(close)).then(|| &rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> String {
        let value = |field: &str| match field {
            "path" => Some("/a/{name} b.webm".to_owned()),
            "name" => Some("$(reboot)".to_owned()),
            _ => None,
        };
        Template::parse(text).unwrap().filled(value)
    }

    #[test]
    fn placeholders_are_filled_once_and_other_braces_stay() {
        assert_eq!(filled("{path}"), "/a/{name} b.webm");
        assert_eq!(filled("--from={path}:{name}."), "--from=/a/{name} b.webm:$(reboot).");
        assert_eq!(filled("[{sha256}]"), "[]");
        assert_eq!(filled("{{path}}"), "{path}");
        assert_eq!(filled("{print $1}"), "{print $1}");
        assert_eq!(filled(r#"{"a":{"b":{}}}"#), r#"{"a":{"b":{}}}"#);
        assert_eq!(filled("{"), "{");
        assert_eq!(filled("{{{path}"), "{{/a/{name} b.webm");
        assert_eq!(filled("é{path"), "é{path");
        assert_eq!(filled(""), "");
    }

    #[test]
    fn a_word_that_is_no_placeholder_is_named_with_those_there_are() {
        let message = Template::parse("a {pathh}").err().unwrap();
        let words = ["{pathh}", "{path}", "{sha256}", "{{pathh}}"];
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}
