//! Changing recordings, and what is deleted by itself (`docs/recordings.md`).

use utoipa::PartialSchema;
use utoipa::openapi::Required;

use super::super::super::rule::Rule;
use super::super::{deletions, editing, retention};
use super::operation::{Operation, json};
use super::parameters::count;
use crate::config::Retention as Rules;

/// What cannot be said before.
const UNREAD: &str = "the recordings are still being read";

pub(super) fn operations() -> Vec<Operation> {
    [of_session(), deleting(), by_itself()].into_iter().flatten().collect()
}

fn of_session() -> Vec<Operation> {
    let admin = Rule::Admin;
    let (title, kept) = ("/api/sessions/{session}/title", "/api/sessions/{session}/kept");
    let (span, marks) = ("/api/sessions/{session}/kept/{span}", "/api/sessions/{session}/marks");
    vec![
        written(
            Operation::put("nameSession", title, admin, "Gives a recording a name of its own")
                .takes_only(json::<editing::Title>())
                .answers_nothing(204, "it has that name"),
        ),
        within(written(
            Operation::post("keepSession", kept, admin, "Keeps a time of a recording")
                .takes_only(json::<editing::Span>())
                .answers(201, json::<editing::Held>(), "what is kept: as much as there is"),
        )),
        written(
            Operation::delete("releaseSession", span, admin, "Keeps that time no more")
                .answers_nothing(204, "it is not kept any more")
                .refuses(400, "it is no time")
                .refuses(404, "no such time is kept"),
        ),
        within(written(
            Operation::post("markSession", marks, admin, "Marks a moment of a recording")
                .takes_only(json::<editing::Mark>())
                .answers_nothing(201, "it is marked"),
        )),
    ]
}

fn deleting() -> Vec<Operation> {
    let admin = Rule::Admin;
    let (all, one) = ("/api/library/deletions", "/api/library/deletions/{deletion}");
    vec![
        Operation::get("listDeletions", all, admin, "What was deleted, the newest first")
            .query("before_ms", Required::False, i64::schema(), "what is older than that")
            .query("limit", Required::False, count(1, 200), "so many, at least")
            .answers(200, json::<deletions::List>(), "a line for each deletion"),
        written(
            Operation::post("deleteRecordings", all, admin, "Deletes recordings, or some files")
                .takes_only(json::<deletions::Wanted>())
                .answers(202, json::<deletions::Deleted>(), "they are no part of the library")
                .refuses(404, "there is no such file")
                .refuses(409, "some of it is kept, or grows, and nothing is deleted")
                .refuses(409, "there are no files"),
        ),
        written(
            Operation::delete("undoDeletion", one, admin, "Takes a deletion back")
                .answers_nothing(204, "everything is there again")
                .refuses(404, "there is no such deletion")
                .refuses(410, "the files are removed"),
        ),
    ]
}

fn by_itself() -> Vec<Operation> {
    let admin = Rule::Admin;
    let (all, plan) = ("/api/library/retention", "/api/library/retention/plan");
    vec![
        Operation::get("getRetention", all, admin, "What is deleted by itself")
            .answers(200, json::<retention::View>(), "the rules, and what they would delete now")
            .refuses(503, UNREAD),
        Operation::put("setRetention", all, admin, "Says what is deleted by itself from now on")
            .takes_only(json::<Rules>())
            .answers(200, json::<retention::View>(), "the rules, and what they delete now")
            .refuses(409, "the configuration file decides")
            .refuses(503, UNREAD)
            .refuses(507, "it could not be saved, and is as it was"),
        Operation::post("planRetention", plan, admin, "What these rules would delete now")
            .takes_only(json::<Rules>())
            .answers(200, json::<retention::Plan>(), "what they would delete, and what fits")
            .refuses(503, UNREAD),
    ]
}

/// What adds a line to the journal of a recording.
fn written(operation: Operation) -> Operation {
    operation
        .refuses(404, "there is no such recording")
        .refuses(409, "a newer version has written the recording")
        .refuses(410, "its journal has been moved away")
        .refuses(503, "the recordings are still being read")
        .refuses(507, "the disk does not take it, and nothing is changed")
}

fn within(operation: Operation) -> Operation {
    operation.refuses(409, "nothing is recorded at that time")
}
