//! Who gets in (`docs/access.md`).

use super::super::super::rule::Rule;
use super::super::access::admin::codes::{Made, Wanted};
use super::super::access::admin::{Named, NewLink, NewMode, NewPassword, NewToken, NewUser};
use super::super::access::{First, Pair, SignIn, Told};
use super::operation::{Operation, json};
use super::schemas::{ChangedBrowser, ChangedUser, MadeLink, MadeToken, Warned};
use crate::auth::people::People;

pub(super) fn operations() -> Vec<Operation> {
    [getting_in(), codes_and_mode(), users(), secrets()].into_iter().flatten().collect()
}

fn getting_in() -> Vec<Operation> {
    let let_in = |operation: Operation| {
        operation
            .answers(200, json::<Told>(), "the same as by GET, with a cookie")
            .refuses(409, "not now")
            .refuses(507, "it could not be saved")
    };
    let by_secret = |operation: Operation| {
        let_in(operation)
            .refuses(403, "it is wrong, or another site's page asks")
            .refuses(429, "too many attempts; Retry-After says when to come again")
    };
    vec![
        Operation::get("/api/access", Rule::Public, "Who asks, as the server sees it").answers(
            200,
            json::<Told>(),
            "who asks",
        ),
        let_in(
            Operation::post("/api/access/first", Rule::FirstDecision, "Decides who gets in")
                .takes_only(json::<First>()),
        ),
        by_secret(
            Operation::post("/api/access/pair", Rule::Public, "Lets a browser in by a code")
                .takes_only(json::<Pair>())
                .refuses(410, "the code has ended"),
        ),
        by_secret(
            Operation::post("/api/access/sign-in", Rule::Public, "Lets a browser in by a password")
                .takes_only(json::<SignIn>()),
        ),
        Operation::post("/api/access/sign-out", Rule::SignedIn, "Ends the cookie")
            .answers_nothing(204, "it is gone")
            .answers(200, json::<Warned>(), "it is gone, and may come back")
            .refuses(409, "nobody who lets others in would be left"),
    ]
}

fn codes_and_mode() -> Vec<Operation> {
    vec![
        Operation::get("/api/access/people", Rule::Admin, "Everybody who is let in").answers(
            200,
            json::<People>(),
            "never a secret",
        ),
        taken(Operation::put("/api/access/mode", Rule::Admin, "Changes who gets in"))
            .takes_only(json::<NewMode>()),
        Operation::post("/api/access/codes", Rule::Admin, "Makes a code that lets a browser in")
            .takes_only(json::<Wanted>())
            .answers(201, json::<Made>(), "the code")
            .refuses(409, "there are too many"),
        Operation::delete("/api/access/codes/{id}", Rule::Admin, "Ends a code")
            .answers_nothing(204, "it has ended")
            .refuses(404, "there is none"),
    ]
}

fn users() -> Vec<Operation> {
    let user = |operation: Operation| given(operation, 200, json::<ChangedUser>());
    vec![
        given(
            Operation::post("/api/access/users", Rule::Admin, "Adds a user")
                .takes_only(json::<NewUser>()),
            201,
            json::<ChangedUser>(),
        ),
        user(
            Operation::put("/api/access/users/{id}", Rule::Admin, "Changes a user")
                .takes_only(json::<Named>()),
        ),
        taken(Operation::delete("/api/access/users/{id}", Rule::Admin, "Removes a user")),
        user(
            Operation::put("/api/access/users/{id}/password", Rule::Admin, "Sets a password")
                .takes_only(json::<NewPassword>()),
        ),
    ]
}

fn secrets() -> Vec<Operation> {
    vec![
        given(
            Operation::post("/api/access/tokens", Rule::Admin, "Makes a token for a program")
                .takes_only(json::<NewToken>())
                .refuses(409, "a token has that name already"),
            201,
            json::<MadeToken>(),
        ),
        taken(Operation::delete("/api/access/tokens/{id}", Rule::Admin, "Revokes a token")),
        given(
            Operation::post("/api/access/links", Rule::Admin, "Makes a link to some streams")
                .takes_only(json::<NewLink>()),
            201,
            json::<MadeLink>(),
        ),
        taken(Operation::delete("/api/access/links/{id}", Rule::Admin, "Revokes a link")),
        given(
            Operation::put("/api/access/browsers/{id}", Rule::Admin, "Changes a browser")
                .takes_only(json::<Named>()),
            200,
            json::<ChangedBrowser>(),
        ),
        taken(Operation::delete("/api/access/browsers/{id}", Rule::Admin, "Revokes a browser")),
    ]
}

/// What gives somebody something is done once it is saved.
fn given(operation: Operation, status: u16, entry: super::operation::Content) -> Operation {
    changes(operation.answers(status, entry, "the entry"))
}

/// What takes something is done at once.
fn taken(operation: Operation) -> Operation {
    changes(operation.answers_nothing(204, "it is done").answers(
        200,
        json::<Warned>(),
        "it is done, and could not be saved",
    ))
}

fn changes(operation: Operation) -> Operation {
    operation
        .refuses(404, "there is no such entry")
        .refuses(409, "nobody who lets others in would be left, or it is taken, or too many")
        .refuses(507, "it could not be saved, and is not done")
}
