//! What was recorded: found, played and taken along.

use utoipa::PartialSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Object, Required};

use super::super::super::rule::Rule;
use super::super::library::{self, MAX_PAGE_SESSIONS, MAX_TEXT_CHARS, calendar, events};
use super::super::sessions::{export, timeline};
use super::operation::{Operation, bytes, json};
use super::parameters::{pattern, text, wall_ms};

/// As the IANA database names them; the server's own where nothing is said.
const ZONE: &str = "^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$";

const DAY: &str = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$";

/// Why there is no zip now.
const BUSY: &str = "other downloads of many files are under way";

pub(super) fn operations() -> Vec<Operation> {
    [finding(), playing(), taking()].into_iter().flatten().collect()
}

fn finding() -> Vec<Operation> {
    let list = Operation::get(
        "listLibrary",
        "/api/library",
        Rule::SignedIn,
        "The recordings, newest first, in pages",
    )
    .query("before_ms", Required::False, wall_ms(), "those alone that began before")
    .query("limit", Required::False, limit(), "how many, at most")
    .query("cursor", Required::False, pattern("^-?[0-9]+:.+$"), "`next` of the page before");
    let days = Operation::get(
        "listDays",
        "/api/library/days",
        Rule::SignedIn,
        "The days on which something was recorded, newest first",
    );
    vec![
        looked_for(list).answers(200, json::<library::LibraryView>(), "a page of them"),
        with_zone(looked_for(days)).answers(200, json::<calendar::Days>(), "the days"),
        Operation::get(
            "listRecordingDevices",
            "/api/library/devices",
            Rule::SignedIn,
            "The devices of which there are recordings",
        )
        .answers(200, json::<calendar::Devices>(), "the devices"),
        Operation::get(
            "watchLibrary",
            "/api/library/events",
            Rule::SignedIn,
            "What changes, as server-sent events without end: `session` with an entry of the list, \
             `removed`, and `complete` when all journals have been read",
        )
        .answers(200, bytes("text/event-stream"), "as it changes")
        .names::<events::Removed>(),
    ]
}

fn playing() -> Vec<Operation> {
    vec![
        Operation::get(
            "getTimeline",
            "/api/sessions/{session}/timeline",
            Rule::OwnOrWatch,
            "What there is of a session when: footage, gaps, marks and what is kept, and how it is played",
        )
        .answers(200, json::<timeline::TimelineView>(), "the timeline")
        .refuses(404, "there is no such session"),
        Operation::get(
            "getReel",
            "/api/sessions/{session}/reels/{reel}/{video}",
            Rule::OwnOrWatch,
            "Files of a session as one, in ranges where asked",
        )
        .query("v", Required::False, pattern("^[0-9]+-[0-9a-f]+$"), "as the timeline has it")
        .answers_in_ranges(&["video/webm", "video/mp4", "audio/webm", "audio/mp4"])
        .refuses(404, "there is none")
        .refuses(410, "the recording has changed since; its timeline has the new address"),
        picture(
            Operation::get(
                "getSessionPicture",
                "/api/sessions/{session}/frame",
                Rule::OwnOrWatch,
                "The last key frame at a wall time",
            )
            .query("wall_ms", Required::True, wall_ms(), "the wall time"),
        ),
        Operation::get(
            "getPlaylist",
            "/api/sessions/{session}/playlist.m3u8",
            Rule::OwnOrWatch,
            "The MP4s of a session for players of HLS",
        )
        .query(
            "from_ms",
            Required::False,
            wall_ms(),
            "where it begins, of a recording of more than a day: the last day unless it is said",
        )
        .answers(200, bytes("application/vnd.apple.mpegurl"), "by ranges into its files")
        .refuses(404, "there is no such session, or no MP4 in it"),
        Operation::get(
            "getInit",
            "/api/sessions/{session}/files/{file}/init.mp4",
            Rule::OwnOrWatch,
            "What a player of HLS must have before a piece of an MP4",
        )
        .answers(200, bytes("video/mp4"), "its initialization section")
        .refuses(404, "there is no such MP4"),
    ]
}

/// What a VP8 frame is as WebP, any other as WebCodecs take it, with headers that say its codec and
/// what the decoder needs; or as JPEG.
fn picture(operation: Operation) -> Operation {
    let jpeg = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["jpeg"]));
    let kinds = ["image/webp", "application/octet-stream", "image/jpeg"];
    operation
        .query("format", Required::False, jpeg.build(), "where it shall be decoded here")
        .answers_one_of(200, kinds.map(bytes), "the picture, or the frame")
        .refuses(404, "there is none then, or it cannot be decoded here")
        .refuses(503, "too many are being decoded")
}

fn taking() -> Vec<Operation> {
    let media = ["video/webm", "video/mp4", "audio/webm", "audio/mp4", "application/zip"];
    let plan = Operation::get(
        "planExport",
        "/api/sessions/{session}/export/plan",
        Rule::OwnOrWatch,
        "What a part of a session would be as files",
    );
    let export = Operation::get(
        "exportSession",
        "/api/sessions/{session}/export",
        Rule::OwnOrWatch,
        "A part of a session as one file, or as a zip where its tracks change",
    );
    let day = Operation::get(
        "exportDay",
        "/api/library/export",
        Rule::OwnOrWatch,
        "The recorded files of a day, with a table of them",
    )
    .query("day", Required::True, pattern(DAY), "such as 2026-11-20")
    .query(
        "devices",
        Required::False,
        String::schema(),
        "these alone, with commas between them",
    );
    let files = Operation::get(
        "exportFiles",
        "/api/library/export/files",
        Rule::OwnOrWatch,
        "Recorded files, with a table of them",
    )
    .query("files", Required::True, String::schema(), "session/file, with commas between them");
    let nothing = "nothing was recorded then, or there is no such file";
    vec![
        within(plan)
            .answers(200, json::<export::Plan>(), "the files and their sizes")
            .refuses(404, "there is no such session"),
        within(export)
            .answers_in_ranges(&media)
            .refuses(404, "there is none, or nothing of it lies in that time")
            .refuses(503, BUSY),
        with_zone(day)
            .answers_in_ranges(&["application/zip"])
            .refuses(404, nothing)
            .refuses(413, "these are too many files")
            .refuses(503, BUSY),
        with_zone(files)
            .answers_in_ranges(&["application/zip"])
            .refuses(404, nothing)
            .refuses(413, "these are too many files")
            .refuses(503, BUSY),
    ]
}

fn looked_for(operation: Operation) -> Operation {
    operation
        .query("device", Required::False, String::schema(), "those of this device alone")
        .query(
            "text",
            Required::False,
            text(0, MAX_TEXT_CHARS).build(),
            "those alone whose title, device or id has it",
        )
}

fn within(operation: Operation) -> Operation {
    let operation = operation
        .query("from_ms", Required::False, wall_ms(), "from this wall time on")
        .query("to_ms", Required::False, wall_ms(), "up to this wall time");
    with_zone(operation)
}

fn with_zone(operation: Operation) -> Operation {
    let about = "the calendar that days and names of files are by, such as Europe/Zurich";
    operation.query("zone", Required::False, pattern(ZONE), about)
}

fn limit() -> Object {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    number.minimum(Some(1)).maximum(Some(MAX_PAGE_SESSIONS)).build()
}
