//! The ingest protocol over requests (`docs/protocol.md`).

use utoipa::PartialSchema;
use utoipa::openapi::Required;

use super::super::super::rule::Rule;
use super::super::ingest::{Opened, Said};
use super::operation::{Operation, bytes, json};

pub(super) fn operations() -> Vec<Operation> {
    let path = "/api/ingest/{connection}";
    let of_one = |operation: Operation| {
        operation.refuses(404, "there is no such connection; it may have ended")
    };
    let busy = |operation: Operation| {
        operation
            .refuses(409, "another request has taken this one's place")
            .refuses(410, "the connection has ended")
    };
    vec![
        Operation::post(
            "openIngest",
            "/api/ingest",
            Rule::Hello,
            "Opens a localcamera.v1 connection",
        )
        .answers(201, json::<Opened>(), "the connection")
        .refuses(503, "too many are open"),
        busy(of_one(
            Operation::get("hearIngest", path, Rule::Hello, "What the server says, once it does")
                .query("after", Required::False, u64::schema(), "the last message that came")
                .answers(200, json::<Said>(), "its messages"),
        )),
        busy(of_one(
            Operation::post("sendIngest", path, Rule::Hello, "Brings frames")
                .query("seq", Required::True, u64::schema(), "counts these requests from 0")
                .takes(bytes("application/octet-stream"))
                .answers_nothing(204, "they are taken")
                .refuses(409, "one with a smaller number is missing")
                .refuses(413, "more than 1 MiB, or a frame of more than 256 KiB")
                .refuses(503, "the session takes nothing now"),
        )),
        of_one(
            Operation::delete("endIngest", path, Rule::Hello, "Ends the connection")
                .answers_nothing(204, "it has ended"),
        ),
    ]
}
