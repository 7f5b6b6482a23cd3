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
            .refuses(409, "there are too many browsers")
            .refuses(410, "whom the same claim has let in is gone again")
            .refuses(507, "it could not be saved, and nobody is let in")
    };
    let by_secret = |operation: Operation| {
        let_in(operation)
            .refuses(403, "it is wrong, or another site's page asks")
            .refuses(429, "too many attempts; Retry-After says when to come again")
    };
    let first = "/api/access/first";
    vec![
        Operation::get("getAccess", "/api/access", Rule::Public, "Who asks, as the server sees it")
            .answers(200, json::<Told>(), "who asks"),
        let_in(
            Operation::post("decideFirst", first, Rule::FirstDecision, "Decides who gets in")
                .takes_only(json::<First>())
                .refuses(409, "it is decided already"),
        ),
        by_secret(
            Operation::post(
                "pair",
                "/api/access/pair",
                Rule::Public,
                "Lets a browser in by a code",
            )
            .takes_only(json::<Pair>())
            .refuses(409, "the browser is an admin's, or the device's id is somebody else's")
            .refuses(410, "the code has ended"),
        ),
        by_secret(
            Operation::post(
                "signIn",
                "/api/access/sign-in",
                Rule::Public,
                "Lets a browser in by a password",
            )
            .takes_only(json::<SignIn>()),
        ),
        last_admin(warned(
            Operation::post("signOut", "/api/access/sign-out", Rule::SignedIn, "Ends the cookie")
                .answers_nothing(204, "it is gone"),
        )),
    ]
}

fn codes_and_mode() -> Vec<Operation> {
    let (codes, mode) = ("/api/access/codes", "/api/access/mode");
    vec![
        Operation::get("listPeople", "/api/access/people", Rule::Admin, "Everybody who is let in")
            .answers(200, json::<People>(), "never a secret"),
        changed(warned(
            Operation::put("setMode", mode, Rule::Admin, "Changes who gets in")
                .takes_only(json::<NewMode>())
                .answers_nothing(204, "it is done"),
        )),
        Operation::post("addCode", codes, Rule::Admin, "Makes a code that lets a browser in")
            .takes_only(json::<Wanted>())
            .answers(201, json::<Made>(), "the code")
            .refuses(409, "there are too many"),
        Operation::delete("endCode", "/api/access/codes/{id}", Rule::Admin, "Ends a code")
            .answers_nothing(204, "it has ended")
            .refuses(404, "there is none"),
    ]
}

fn users() -> Vec<Operation> {
    let (all, one) = ("/api/access/users", "/api/access/users/{id}");
    let password = "/api/access/users/{id}/password";
    let user = |operation: Operation| {
        last_admin(changed(there(operation.answers(200, json::<ChangedUser>(), "the entry"))))
    };
    vec![
        added(
            Operation::post("addUser", all, Rule::Admin, "Adds a user")
                .takes_only(json::<NewUser>())
                .answers(201, json::<ChangedUser>(), "the entry")
                .refuses(409, "the name is taken"),
        ),
        user(
            Operation::put("changeUser", one, Rule::Admin, "Changes a user")
                .takes_only(json::<Named>())
                .refuses(409, "the name is taken"),
        ),
        last_admin(removed(Operation::delete("removeUser", one, Rule::Admin, "Removes a user"))),
        user(
            Operation::put("setPassword", password, Rule::Admin, "Sets a password")
                .takes_only(json::<NewPassword>()),
        ),
    ]
}

fn secrets() -> Vec<Operation> {
    let (tokens, token) = ("/api/access/tokens", "/api/access/tokens/{id}");
    let (links, link) = ("/api/access/links", "/api/access/links/{id}");
    let browser = "/api/access/browsers/{id}";
    let revokes = |id, path, summary| removed(Operation::delete(id, path, Rule::Admin, summary));
    vec![
        added(
            Operation::post("addToken", tokens, Rule::Admin, "Makes a token for a program")
                .takes_only(json::<NewToken>())
                .refuses(409, "a token has that name already")
                .answers(201, json::<MadeToken>(), "the entry, and the token, once"),
        ),
        revokes("revokeToken", token, "Revokes a token"),
        added(
            Operation::post("addLink", links, Rule::Admin, "Makes a link to some streams")
                .takes_only(json::<NewLink>())
                .answers(201, json::<MadeLink>(), "the entry, and its address, once"),
        ),
        revokes("revokeLink", link, "Revokes a link"),
        last_admin(changed(there(
            Operation::put("changeBrowser", browser, Rule::Admin, "Changes a browser")
                .takes_only(json::<Named>())
                .answers(200, json::<ChangedBrowser>(), "the entry")
                .refuses(409, "it is a user's, with whom it changes"),
        ))),
        last_admin(revokes("revokeBrowser", browser, "Revokes a browser")),
    ]
}

/// What gives somebody something is done once it is saved.
fn added(operation: Operation) -> Operation {
    operation
        .refuses(409, "there are too many")
        .refuses(507, "it could not be saved, and is not done")
}

/// What changes something gives, takes, or both.
fn changed(operation: Operation) -> Operation {
    operation.refuses(409, "somebody else has decided otherwise meanwhile").refuses(
        507,
        "it could not be saved: what it takes is taken all the same, what it gives is not given",
    )
}

/// What only takes something is done at once.
fn removed(operation: Operation) -> Operation {
    there(warned(operation.answers_nothing(204, "it is done")))
}

fn warned(operation: Operation) -> Operation {
    operation.answers(200, json::<Warned>(), "it is done, could not be saved, and may come back")
}

fn there(operation: Operation) -> Operation {
    operation.refuses(404, "there is no such entry")
}

fn last_admin(operation: Operation) -> Operation {
    operation.refuses(409, "nobody who lets others in would be left")
}
