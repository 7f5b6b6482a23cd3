//! What can be asked for of who gets in, as the description of the API has it. That it is what
//! `auth` takes, the tests of the description say.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Object, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

const MAX_SCOPE_NAMES: usize = 200;
const MAX_SCOPE_NAME_CHARS: usize = 64;

/// A mode that somebody chooses.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only describes")]
pub(super) enum ChosenMode {
    Paired,
    Network,
}

/// What somebody shall watch: `null` for everything, or names.
pub(super) struct ScopeWish;

/// What a link shall show.
pub(super) struct LinkScope;

/// The name of a stream or a source, or the id of a device.
fn name() -> Object {
    let name = ObjectBuilder::new().schema_type(Type::String);
    let name = name.min_length(Some(1)).max_length(Some(MAX_SCOPE_NAME_CHARS));
    name.pattern(Some("^[A-Za-z0-9_-]*$")).build()
}

impl PartialSchema for ScopeWish {
    fn schema() -> RefOr<Schema> {
        let kinds = SchemaType::from_iter([Type::Array, Type::Null]);
        let names = ArrayBuilder::new().schema_type(kinds).items(name());
        names.max_items(Some(MAX_SCOPE_NAMES)).into()
    }
}

impl ToSchema for ScopeWish {}

impl PartialSchema for LinkScope {
    fn schema() -> RefOr<Schema> {
        let names = ArrayBuilder::new().items(name());
        names.min_items(Some(1)).max_items(Some(MAX_SCOPE_NAMES)).into()
    }
}

impl ToSchema for LinkScope {}
