//! The ingest protocol over requests (`docs/protocol.md`).

use utoipa::openapi::Required;

use super::super::super::rule::Rule;
use super::super::ingest::{Opened, Said};
use super::operation::{Operation, json, media};

pub(super) fn operations() -> Vec<Operation> {
    let path = "/api/ingest/{connection}";
    let of_one = |operation: Operation| {
        operation.refuses(404, "there is no such connection; it may have ended")
    };
    let busy = |operation: Operation| {
        operation
            .refuses(409, "another request has taken this one's place, or one is missing")
            .refuses(410, "the connection has ended")
    };
    vec![
        Operation::post("/api/ingest", Rule::Hello, "Opens a connection for localcamera.v1")
            .answers(201, json::<Opened>(), "the connection")
            .refuses(503, "too many are open"),
        busy(of_one(
            Operation::get(path, Rule::Hello, "What the server has to say, once it has")
                .query::<Option<u64>>("after", Required::False, "the last message that came")
                .answers(200, json::<Said>(), "its messages"),
        )),
        busy(of_one(
            Operation::post(path, Rule::Hello, "Brings frames")
                .query::<u64>("seq", Required::True, "counts these requests from 0")
                .takes(media("application/octet-stream"))
                .answers_nothing(204, "they are taken")
                .refuses(413, "more than 1 MiB, or a frame of more than 256 KiB")
                .refuses(503, "the session takes nothing now"),
        )),
        of_one(
            Operation::delete(path, Rule::Hello, "Ends the connection")
                .answers_nothing(204, "it has ended"),
        ),
    ]
}
