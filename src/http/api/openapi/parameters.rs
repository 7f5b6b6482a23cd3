//! What stands in the braces of paths and behind the question mark.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Object, Required};

/// As names of streams and sources are (`docs/sources.md`).
pub(super) const NAME: &str = "^[a-z0-9-]{1,64}$";

/// As a device's own id is (`docs/protocol.md`).
const DEVICE_ID: &str = "^[A-Za-z0-9_-]{8,64}$";

/// A text of a pattern.
pub(super) fn pattern(pattern: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

/// A text of so many characters.
pub(super) fn text(min_chars: usize, max_chars: usize) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.min_length(Some(min_chars)).max_length(Some(max_chars))
}

/// Pictures a second.
pub(super) fn rate() -> Object {
    ObjectBuilder::new().schema_type(Type::Number).exclusive_minimum(Some(0)).build()
}

/// How many, or which one of many.
pub(super) fn number() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).build()
}

/// A wall time.
pub(super) fn wall_ms() -> Object {
    ObjectBuilder::new().schema_type(Type::Integer).build()
}

/// How many of something.
pub(super) fn count(least: u32, most: u32) -> Object {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    number.minimum(Some(least)).maximum(Some(most)).build()
}

/// Of a JPEG.
pub(super) fn quality() -> Object {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    number.minimum(Some(0)).maximum(Some(100)).build()
}

/// What a name in braces stands for. One that is not here has no description, which a test sees.
pub(super) fn of_path(name: &str) -> Parameter {
    let any = ObjectBuilder::new().schema_type(Type::String).build();
    let (schema, description) = match name {
        "stream" => (pattern(NAME), "a stream, as GET /api/streams names it"),
        "source" => (pattern(NAME), "a source, as GET /api/sources names it"),
        "device" => (pattern(DEVICE_ID), "a device, as GET /api/devices names it"),
        "session" => (any, "a session, as GET /api/streams and a device's summary name it"),
        "file" => (any, "a file, as GET /api/sessions/{session} names it"),
        "reel" => (number(), "a reel, as the session's timeline numbers them"),
        "video" => {
            (pattern("^video\\.(webm|mp4)$"), "the file, as the session's timeline names it")
        }
        "span" => (pattern("^[0-9]+-[0-9]+$"), "a time that is kept, as START-END in milliseconds"),
        "deletion" => (any, "a deletion, as GET /api/library/deletions names it"),
        "connection" => (any, "a connection, as POST /api/ingest has named it"),
        "id" => (any, "the id of the entry, as its list or the answer that made it has it"),
        _ => (any, ""),
    };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}
