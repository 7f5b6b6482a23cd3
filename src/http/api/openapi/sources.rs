//! What the server fetches by itself (`docs/sources.md`).

use super::super::super::rule::Rule;
use super::super::cameras::Attached;
use super::super::sources::{List, Source};
use super::operation::{Operation, json};
use super::schemas::{SourceTest, SourceWish};

pub(super) fn operations() -> Vec<Operation> {
    let admin = Rule::Admin;
    vec![
        Operation::get("/api/cameras", admin, "The cameras that are plugged in").answers(
            200,
            json::<Attached>(),
            "the cameras",
        ),
        Operation::get("/api/sources", Rule::SignedIn, "The sources").answers(
            200,
            json::<List>(),
            "those that whoever asks may see",
        ),
        changed(Operation::post("/api/sources", admin, "Adds a source"))
            .takes_only(json::<SourceWish>())
            .answers(201, json::<Source>(), "the source"),
        Operation::post("/api/sources/test", admin, "What would come of a source, within 20 s")
            .takes_only(json::<SourceWish>())
            .answers(200, json::<SourceTest>(), "what comes, or why nothing does")
            .refuses(503, "other tests are under way"),
        replaced("/api/sources/test"),
        removed("/api/sources/test"),
        replaced("/api/sources/{source}"),
        removed("/api/sources/{source}"),
        told(Operation::post("/api/sources/{source}/pause", admin, "Pauses a source").answers(
            200,
            json::<Source>(),
            "the source",
        )),
        told(
            Operation::post("/api/sources/{source}/resume", admin, "Goes on with a source")
                .answers(200, json::<Source>(), "the source"),
        ),
    ]
}

fn replaced(path: &'static str) -> Operation {
    told(
        Operation::put(path, Rule::Admin, "Puts another source in its place")
            .takes_only(json::<SourceWish>())
            .answers(200, json::<Source>(), "the source"),
    )
}

fn removed(path: &'static str) -> Operation {
    told(
        Operation::delete(path, Rule::Admin, "Removes a source; what was recorded stays")
            .answers_nothing(204, "it is gone"),
    )
}

fn told(operation: Operation) -> Operation {
    changed(operation).refuses(404, "there is no such source")
}

fn changed(operation: Operation) -> Operation {
    operation
        .refuses(409, "it stands in the configuration file, or its name or the room is taken")
        .refuses(500, "it is so until the server ends, and could not be saved")
        .refuses(503, "the server is stopping")
}
