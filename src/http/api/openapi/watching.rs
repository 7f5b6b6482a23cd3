//! What is there, how it is doing, and its pictures.

use utoipa::PartialSchema;
use utoipa::openapi::Required;

use super::super::super::rule::Rule;
use super::super::health::Health;
use super::super::{alarms, check, sessions, streams, transcoders};
use super::operation::{Content, Operation, any_json, bytes, json, one_json, text};
use super::schemas::{Devices, Done};
use super::{commands, parameters};
use crate::reload::Reloaded;

pub(super) fn operations() -> Vec<Operation> {
    [state(), recordings(), pictures(), commands()].into_iter().flatten().collect()
}

fn state() -> Vec<Operation> {
    vec![
        Operation::get("getHealth", "/health", Rule::Public, "Whether the server can record")
            .answers(200, json::<Health>(), "it can")
            .answers(503, json::<Health>(), "it cannot, and why"),
        Operation::get("getDescription", "/api/openapi.json", Rule::Public, "This description")
            .answers(200, any_json(), "OpenAPI 3.1"),
        Operation::get("listStreams", "/api/streams", Rule::SignedIn, "What is live").answers(
            200,
            json::<streams::List>(),
            "those that whoever asks may watch",
        ),
        Operation::get(
            "listTranscoders",
            "/api/streams/{stream}/transcoders",
            Rule::Watch,
            "What is made of a stream, by which process",
        )
        .answers(200, json::<transcoders::List>(), "the processes")
        .refuses(404, "there is no such stream"),
        Operation::get("listDevices", "/api/devices", Rule::SignedIn, "The devices").answers(
            200,
            json::<Devices>(),
            "those that whoever asks may see",
        ),
        Operation::get("listAlarms", "/api/alarms", Rule::SignedIn, "What is wrong now").answers(
            200,
            json::<alarms::View>(),
            "the alarms, and for those who see everything whom they reach",
        ),
    ]
}

fn recordings() -> Vec<Operation> {
    let file = Operation::get(
        "getFile",
        "/api/sessions/{session}/files/{file}",
        Rule::OwnOrWatch,
        "A recorded file, in ranges where asked",
    )
    .query("download", Required::False, String::schema(), "given: to be saved, not played");
    vec![
        Operation::get(
            "getSession",
            "/api/sessions/{session}",
            Rule::OwnOrWatch,
            "A session and its files",
        )
        .answers(200, json::<sessions::SessionView>(), "the session")
        .refuses(404, "there is none"),
        Operation::get(
            "checkSession",
            "/api/sessions/{session}/check",
            Rule::OwnOrWatch,
            "Reads a session's files again and judges them",
        )
        .answers(200, json::<check::CheckView>(), "what was found")
        .refuses(404, "there is none"),
        file.answers_in_ranges(&["video/webm", "video/mp4"]).refuses(404, "there is none"),
    ]
}

fn pictures() -> Vec<Operation> {
    let picture = |id, path, summary, content: Content| {
        let (fps, quality) = (parameters::rate(), parameters::quality());
        Operation::get(id, path, Rule::Watch, summary)
            .query("fps", Required::False, fps, "pictures a second, at most")
            .query("quality", Required::False, quality, "as JPEG programs count")
            .answers(200, content, "as they come")
            .refuses(404, "there is no such stream, or it has no picture")
            .refuses(503, "none comes now")
    };
    let [snapshot, mjpeg] = ["/api/streams/{stream}/snapshot.jpg", "/api/streams/{stream}/mjpeg"];
    vec![
        picture("getSnapshot", snapshot, "The next picture", bytes("image/jpeg")),
        picture("getMjpeg", mjpeg, "Pictures without end", bytes("multipart/x-mixed-replace")),
        Operation::post("watchByWebRtc", "/whep/{stream}", Rule::Watch, "Watches by WebRTC (WHEP)")
            .takes_only(text("application/sdp"))
            .answers(201, text("application/sdp"), "the answer; Location ends it")
            .refuses(404, "there is no such stream")
            .refuses(406, "the offer cannot play it")
            .refuses(503, "not now"),
        Operation::delete(
            "endByWebRtc",
            "/whep/{stream}/{id}",
            Rule::Watch,
            "Ends a viewer by WebRTC",
        )
        .answers_nothing(200, "it has ended")
        .refuses(404, "there is none"),
    ]
}

fn commands() -> Vec<Operation> {
    vec![
        Operation::post(
            "commandDevice",
            "/api/devices/{device}/commands",
            Rule::Admin,
            "A command to a device; answered when it is over",
        )
        .takes(one_json(commands::schema()))
        .answers(200, json::<Done>(), "it was carried out")
        .refuses(404, "there is no such device")
        .refuses(409, "it is not there, or does something else")
        .refuses(422, "it cannot do that")
        .refuses(502, "it has tried and failed")
        .refuses(503, "the server is stopping")
        .refuses(504, "it did not answer"),
        Operation::post(
            "reloadConfiguration",
            "/api/configuration/reload",
            Rule::Admin,
            "Reads the configuration again; recordings and connections go on",
        )
        .answers(200, json::<Reloaded>(), "what has changed, and what does with the next start")
        .refuses(409, "something in it is not allowed, and all goes on as it was")
        .refuses(429, "it is being read already")
        .refuses(503, "the server is stopping"),
        Operation::post("testAlarms", "/api/alarms/test", Rule::Admin, "Tells everybody as a test")
            .answers(200, json::<alarms::Tested>(), "whom it has reached")
            .refuses(409, "the last test was a moment ago"),
        Operation::post(
            "dismissAlarm",
            "/api/alarms/{id}/dismiss",
            Rule::Admin,
            "Dismisses an alarm",
        )
        .answers_nothing(204, "it is gone")
        .refuses(404, "there is none"),
    ]
}
