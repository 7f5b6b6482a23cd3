//! How one operation is described.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Ref, Schema};
use utoipa::openapi::{HttpMethod, PathItem, RefOr, Required, ResponseBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::super::super::rule::Rule;
use super::parameters;
use super::schemas::Refusal;

/// What can be asked of one route.
pub(super) struct Operation {
    pub(super) method: HttpMethod,
    pub(super) path: &'static str,
    pub(super) rule: Rule,
    told: OperationBuilder,
    /// By status: when it comes, and as what.
    answers: BTreeMap<u16, (Vec<String>, Vec<Content>)>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

/// What a body holds.
pub(super) struct Content {
    media: &'static str,
    /// Bytes have none (OpenAPI 3.1, section 4.8.14.3).
    schema: Option<RefOr<Schema>>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

/// JSON of a type.
pub(super) fn json<T: ToSchema>() -> Content {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    let schema = Ref::from_schema_name(T::name()).into();
    Content { media: "application/json", schema: Some(schema), schemas }
}

/// JSON that has a description of its own.
pub(super) fn any_json() -> Content {
    one_json(Value::schema())
}

/// JSON of a schema that no type has.
pub(super) fn one_json(schema: RefOr<Schema>) -> Content {
    Content { media: "application/json", schema: Some(schema), schemas: Vec::new() }
}

/// Text of a media type.
pub(super) fn text(media: &'static str) -> Content {
    Content { media, schema: Some(String::schema()), schemas: Vec::new() }
}

/// Bytes of a media type.
pub(super) fn bytes(media: &'static str) -> Content {
    Content { media, schema: None, schemas: Vec::new() }
}

impl Operation {
    pub(super) fn get(id: &'static str, path: &'static str, rule: Rule, summary: &str) -> Self {
        Self::new(HttpMethod::Get, id, path, rule, summary)
    }

    pub(super) fn post(id: &'static str, path: &'static str, rule: Rule, summary: &str) -> Self {
        Self::new(HttpMethod::Post, id, path, rule, summary)
    }

    pub(super) fn put(id: &'static str, path: &'static str, rule: Rule, summary: &str) -> Self {
        Self::new(HttpMethod::Put, id, path, rule, summary)
    }

    pub(super) fn delete(id: &'static str, path: &'static str, rule: Rule, summary: &str) -> Self {
        Self::new(HttpMethod::Delete, id, path, rule, summary)
    }

    fn new(
        method: HttpMethod,
        id: &'static str,
        path: &'static str,
        rule: Rule,
        summary: &str,
    ) -> Self {
        let roles = roles(rule);
        let extensions = ExtensionsBuilder::new().add("x-rule", rule.word()).add("x-roles", roles);
        let mut told = OperationBuilder::new()
            .operation_id(Some(id))
            .tag(tag(path))
            .summary(Some(summary))
            .extensions(Some(extensions.build()));
        if matches!(rule, Rule::Public | Rule::FirstDecision | Rule::Hello) {
            told = told.securities(Some([]));
        }
        for part in path.split('/') {
            if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                told = told.parameter(parameters::of_path(name));
            }
        }
        let (answers, schemas) = (BTreeMap::new(), Vec::new());
        let mut described = Self { method, path, rule, told, answers, schemas };
        if path.contains('{') {
            described = described.refuses(400, "the path is no text");
        }
        described = described
            .refuses(421, "the server is not known by the name that it was asked by")
            .refuses(429, "more requests come from this address than the server answers");
        described.refused_by_rule()
    }

    /// What stands behind the question mark.
    pub(super) fn query(
        mut self,
        name: &str,
        required: Required,
        schema: impl Into<RefOr<Schema>>,
        description: &str,
    ) -> Self {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Query)
            .required(required)
            .description(Some(description))
            .schema(Some(schema));
        self.told = self.told.parameter(parameter);
        self.refuses(400, "a parameter is missing or wrong")
    }

    /// What is sent, and that it can be wrong.
    pub(super) fn takes(mut self, content: Content) -> Self {
        self.schemas.extend(content.schemas);
        let schema = ContentBuilder::new().schema(content.schema).build();
        let body = RequestBodyBuilder::new().content(content.media, schema);
        self.told = self.told.request_body(Some(body.required(Some(Required::True)).build()));
        self.refuses(400, "the body is not what is asked for")
    }

    /// The same, judged by its size and media type before it is read.
    pub(super) fn takes_only(self, content: Content) -> Self {
        self.takes(content)
            .refuses(413, "the body is too large")
            .refuses(415, "the body is of another media type")
    }

    /// An answer with a body. What is said of one status more than once counts all of it.
    pub(super) fn answers(self, status: u16, content: Content, description: &str) -> Self {
        self.answers_one_of(status, [content], description)
    }

    /// The same, of one of several media types.
    pub(super) fn answers_one_of(
        mut self,
        status: u16,
        contents: impl IntoIterator<Item = Content>,
        description: &str,
    ) -> Self {
        let (reasons, known) = self.answers.entry(status).or_default();
        if !reasons.iter().any(|reason| reason == description) {
            reasons.push(description.to_owned());
        }
        for content in contents {
            self.schemas.extend(content.schemas.clone());
            known.push(content);
        }
        self
    }

    /// An answer without one.
    pub(super) fn answers_nothing(self, status: u16, description: &str) -> Self {
        self.answers_one_of(status, [], description)
    }

    /// The same of bytes, which can be had in ranges.
    pub(super) fn answers_in_ranges(self, media: &[&'static str]) -> Self {
        let kinds = || media.iter().map(|media| bytes(media));
        self.answers_one_of(200, kinds(), "all of it")
            .answers_one_of(
                206,
                kinds().chain([bytes("multipart/byteranges")]),
                "a part of it, or several",
            )
            .answers_nothing(304, "it is as it was")
            .refuses(412, "it is another one than what If-Match or If-Unmodified-Since names")
            .refuses(416, "it has no such range")
    }

    /// A no.
    pub(super) fn refuses(self, status: u16, description: &str) -> Self {
        self.answers(status, json::<Refusal>(), description)
    }

    fn refused_by_rule(self) -> Self {
        let told = match self.rule {
            Rule::Public | Rule::FirstDecision => self,
            _ => self.refuses(401, "nobody is signed in, or the token is not known"),
        };
        match told.rule {
            Rule::FirstDecision => told.refuses(403, "it is decided on the server's own computer"),
            Rule::Watch | Rule::WatchAll | Rule::Publish | Rule::Admin => {
                told.refuses(403, "the role does not do, or another site's page asks")
            }
            _ => told,
        }
    }

    /// A type that stands in what is described by its media type alone.
    pub(super) fn names<T: ToSchema>(mut self) -> Self {
        self.schemas.extend(json::<T>().schemas);
        self
    }

    /// The types that it names.
    pub(super) fn schemas(&self) -> Vec<(String, RefOr<Schema>)> {
        self.schemas.clone()
    }

    /// As it stands in the description.
    pub(super) fn item(self) -> (&'static str, PathItem) {
        let mut told = self.told;
        for (status, (reasons, contents)) in self.answers {
            let mut answer = ResponseBuilder::new().description(reasons.join("; or "));
            for content in contents {
                let schema = ContentBuilder::new().schema(content.schema).build();
                answer = answer.content(content.media, schema);
            }
            told = told.response(status.to_string(), answer);
        }
        (self.path, PathItem::new(self.method, told))
    }
}

/// Under what a route stands: the first word behind what all have.
fn tag(path: &str) -> &str {
    match path.strip_prefix("/api/").unwrap_or(path).split('/').find(|part| !part.is_empty()) {
        None | Some("health" | "openapi.json") => "server",
        Some(word) => word,
    }
}

/// With which roles a rule can let somebody through. Nobody needs one for what is `public` or said
/// in a hello.
fn roles(rule: Rule) -> Vec<&'static str> {
    match rule {
        Rule::Public | Rule::FirstDecision | Rule::Hello | Rule::HelloOrPublish => Vec::new(),
        Rule::SignedIn | Rule::OwnOrWatch | Rule::Control | Rule::Metrics => {
            vec!["camera", "viewer", "admin"]
        }
        Rule::Publish => vec!["camera", "admin"],
        Rule::Watch | Rule::WatchAll | Rule::Compat { .. } => vec!["viewer", "admin"],
        Rule::Admin => vec!["admin"],
    }
}
