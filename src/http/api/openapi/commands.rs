//! What a device can be told to do (`docs/control.md`): a choice of the words that
//! `devices::command` reads.

use utoipa::openapi::schema::{
    ArrayBuilder, ObjectBuilder, OneOfBuilder, Schema, SchemaType, Type,
};
use utoipa::openapi::{Object, RefOr};

use super::parameters::text;
use crate::devices::command::{
    GROUPS, MAX_GROUP_CHARS, MAX_GROUPS, MAX_MARK_CHARS, MAX_NAME_CHARS, Word,
};

/// Of all words.
pub(super) fn schema() -> RefOr<Schema> {
    let words = Word::ALL.into_iter().map(of_device);
    words.chain([groups()]).fold(OneOfBuilder::new(), OneOfBuilder::item).into()
}

/// What is carried out at the device. A new word asks here for its value.
fn of_device(word: Word) -> Object {
    let line = |max_chars| text(1, max_chars).pattern(Some(r"[^\p{Cc}\s]"));
    let kinds = SchemaType::from_iter([Type::String, Type::Null]);
    match word {
        Word::Start | Word::Stop => doing(word.name()).build(),
        Word::Mark => {
            let value = line(MAX_MARK_CHARS).schema_type(kinds);
            doing(word.name()).property("value", value).build()
        }
        Word::Name => with_value(word.name(), line(MAX_NAME_CHARS)),
        Word::Camera | Word::Quality => {
            with_value(word.name(), ObjectBuilder::new().schema_type(Type::String))
        }
    }
}

/// What the server keeps of a device.
fn groups() -> Object {
    let name = text(1, MAX_GROUP_CHARS).pattern(Some(r"[^\p{Cc}\s]"));
    with_value(GROUPS, ArrayBuilder::new().items(name).max_items(Some(MAX_GROUPS)))
}

fn doing(word: &str) -> ObjectBuilder {
    let only = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([word]));
    ObjectBuilder::new().title(Some(word)).property("do", only).required("do")
}

fn with_value(word: &str, value: impl Into<RefOr<Schema>>) -> Object {
    doing(word).property("value", value).required("value").build()
}
