//! What is sent of a source (`docs/sources.md`): each kind has members of its own, and no others
//! are taken. That it is what `config::sources` takes, the tests of the description say.

use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Object, RefOr};

use super::parameters::NAME;

const MAX_TITLE_CHARS: usize = 80;
const MAX_TEXT_CHARS: usize = 1024;
const MAX_HOURS: usize = 32;
const FRAMES_PER_SECOND: (f64, f64) = (0.5, 240.0);
const BITRATES_KBPS: (u32, u32) = (50, 100_000);

/// `WIDTHxHEIGHT`
const SIZE: &str = "^[0-9]{2,4}x[0-9]{2,4}$";

/// As ALSA names microphones.
const MICROPHONE: &str = "^(default|sysdefault|pulse|pipewire|\
                          (hw|plughw|sysdefault|dsnoop):[A-Za-z0-9_=,-]+)$";

/// `mon-fri 08:00-18:00`, `sat,sun` or `07:30-24:00`; that a time ends when it begins is said where
/// it is so.
fn hours() -> String {
    let day = "(mon|tue|wed|thu|fri|sat|sun)";
    let days = format!("{day}(-{day})?(,{day}(-{day})?)*");
    let times = "([01]?[0-9]|2[0-3]):[0-5][0-9]-(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)";
    format!("^({days}|({days} )?{times})$")
}

/// Whether a source has to be named in the body, or is named in the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    InBody,
    InPath,
}

/// One of the kinds. `null` is as good as nothing.
pub(super) fn schema(named: Named) -> RefOr<Schema> {
    let (rtsp, with_login) = (rtsp(named).build(), with_login(rtsp(named)));
    let kinds = [rtsp, with_login, camera(named), file(named), pattern(named)];
    kinds.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item).into()
}

fn rtsp(named: Named) -> ObjectBuilder {
    let source = kind("rtsp", named).property("address", address([Type::String]));
    source
        .required("address")
        .property("small_address", address(OR_NULL))
        .property("transport", words(["tcp", "udp"]))
        .property("sound", flag())
}

/// There is no password without a user.
fn with_login(rtsp: ObjectBuilder) -> Object {
    let password = of(OR_NULL).max_length(Some(MAX_TEXT_CHARS)).pattern(Some(r"^\P{Cc}*$"));
    let user = line().schema_type(Type::String);
    let source = rtsp.title(Some("rtsp with a login")).property("user", user).required("user");
    source.property("password", password).build()
}

fn camera(named: Named) -> Object {
    let words = of([Type::Boolean, Type::String, Type::Null]).pattern(Some(MICROPHONE));
    pictures(kind("camera", named)).property("device", line()).property("sound", words).build()
}

fn file(named: Named) -> Object {
    let path = line().schema_type(Type::String);
    kind("file", named).property("path", path).required("path").property("sound", flag()).build()
}

fn pattern(named: Named) -> Object {
    pictures(kind("pattern", named)).property("sound", flag()).build()
}

/// What all kinds have.
fn kind(word: &str, named: Named) -> ObjectBuilder {
    let only = of([Type::String]).enum_values(Some([word]));
    let name = of([Type::String]).pattern(Some(NAME));
    let title = line().max_length(Some(MAX_TITLE_CHARS));
    let hours = of([Type::String]).pattern(Some(hours()));
    let kinds = SchemaType::from_iter([Type::Array, Type::Null]);
    let hours = ArrayBuilder::new().schema_type(kinds).items(hours).max_items(Some(MAX_HOURS));
    let source = ObjectBuilder::new()
        .title(Some(word))
        .property("kind", only)
        .required("kind")
        .property("source", name)
        .property("name", title)
        .property("record", flag())
        .property("hours", hours)
        .property("paused", flag())
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
    match named {
        Named::InBody => source.required("source"),
        // Where it is said all the same, it is the one of the path.
        Named::InPath => source,
    }
}

fn pictures(source: ObjectBuilder) -> ObjectBuilder {
    let rate = of([Type::Number, Type::Null]);
    let rate = rate.minimum(Some(FRAMES_PER_SECOND.0)).maximum(Some(FRAMES_PER_SECOND.1));
    let bitrate = of([Type::Integer, Type::Null]);
    let bitrate = bitrate.minimum(Some(BITRATES_KBPS.0)).maximum(Some(BITRATES_KBPS.1));
    let size = of(OR_NULL).pattern(Some(SIZE)).description(Some("from 16x16 to 7680x4320"));
    source
        .property("size", size)
        .property("frames_per_second", rate)
        .property("bitrate_kbps", bitrate)
}

const OR_NULL: [Type; 2] = [Type::String, Type::Null];

fn of<const N: usize>(types: [Type; N]) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::from_iter(types))
}

/// One line of text that is more than blanks.
fn line() -> ObjectBuilder {
    let text = of(OR_NULL).min_length(Some(1)).max_length(Some(MAX_TEXT_CHARS));
    text.pattern(Some(r"^\P{Cc}*[^\p{Cc}\s]\P{Cc}*$"))
}

fn address<const N: usize>(types: [Type; N]) -> ObjectBuilder {
    of(types).pattern(Some("^rtsps?://"))
}

fn flag() -> ObjectBuilder {
    of([Type::Boolean, Type::Null])
}

fn words<const N: usize>(words: [&str; N]) -> ObjectBuilder {
    let null = std::iter::once(serde_json::Value::Null);
    let all = words.into_iter().map(serde_json::Value::from).chain(null);
    of(OR_NULL).enum_values(Some(all))
}
