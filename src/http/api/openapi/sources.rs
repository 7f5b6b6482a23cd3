//! What the server fetches by itself (`docs/sources.md`).

use super::super::super::rule::Rule;
use super::super::cameras::Attached;
use super::super::sources::{List, Source};
use super::operation::{Content, Operation, json, one_json};
use super::schemas::SourceTest;
use super::wishes::{self, Named};

pub(super) fn operations() -> Vec<Operation> {
    let admin = Rule::Admin;
    let (all, test) = ("/api/sources", "/api/sources/test");
    let paused =
        |operation: Operation| there(saved(operation.answers(200, json::<Source>(), "the source")));
    let (pause, resume) = ("/api/sources/{source}/pause", "/api/sources/{source}/resume");
    vec![
        Operation::get("listCameras", "/api/cameras", admin, "The cameras that are plugged in")
            .answers(200, json::<Attached>(), "the cameras"),
        Operation::get("listSources", all, Rule::SignedIn, "The sources").answers(
            200,
            json::<List>(),
            "those that whoever asks may see",
        ),
        free(saved(
            Operation::post("addSource", all, admin, "Adds a source")
                .takes_only(wish(Named::InBody))
                .answers(201, json::<Source>(), "the source")
                .refuses(409, "there are too many"),
        )),
        Operation::post("testSource", test, admin, "What would come of a source, within 20 s")
            .takes_only(wish(Named::InBody))
            .answers(200, json::<SourceTest>(), "what comes, or why nothing does")
            .refuses(503, "other tests are under way, or the server is stopping"),
        replaced("replaceSourceTest", test),
        removed("removeSourceTest", test),
        replaced("replaceSource", "/api/sources/{source}"),
        removed("removeSource", "/api/sources/{source}"),
        paused(Operation::post("pauseSource", pause, admin, "Pauses a source")),
        paused(Operation::post("resumeSource", resume, admin, "Goes on with a source")),
    ]
}

fn wish(named: Named) -> Content {
    one_json(wishes::schema(named))
}

fn replaced(id: &'static str, path: &'static str) -> Operation {
    of_page(free(there(saved(
        Operation::put(id, path, Rule::Admin, "Puts another source in its place")
            .takes_only(wish(Named::InPath))
            .answers(200, json::<Source>(), "the source"),
    ))))
}

fn removed(id: &'static str, path: &'static str) -> Operation {
    of_page(there(saved(
        Operation::delete(id, path, Rule::Admin, "Removes a source; what was recorded stays")
            .answers_nothing(204, "it is gone"),
    )))
}

fn there(operation: Operation) -> Operation {
    operation.refuses(404, "there is no such source")
}

fn free(operation: Operation) -> Operation {
    operation.refuses(409, "another source, or a device that is live, has its name")
}

fn of_page(operation: Operation) -> Operation {
    operation.refuses(409, "it stands in the configuration file, and is changed there")
}

fn saved(operation: Operation) -> Operation {
    operation
        .refuses(500, "it is so until the server ends, and could not be saved")
        .refuses(503, "the server is stopping")
}
