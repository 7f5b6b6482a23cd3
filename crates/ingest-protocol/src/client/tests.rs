//! What is not in `vectors/`: the other end settles it differently, or need not.

use super::*;
use crate::message::ErrorCode;

const SESSION: &str = "session-0001";

fn identity() -> Identity {
    Identity {
        device: "device-0001".to_owned(),
        key: None,
        name: "Bench".to_owned(),
        session: SESSION.to_owned(),
        started_ms: 1000,
        client: "test/1".to_owned(),
    }
}

fn start() -> GenerationStart {
    let (mime, reason) = ("video/webm".to_owned(), "start".to_owned());
    GenerationStart { mime, started_ms: 1200, offset_ms: None, reason }
}

fn drain(client: &mut Client, now_ms: i64) -> Vec<ClientOutput> {
    std::iter::from_fn(|| client.poll(true, now_ms)).collect()
}

/// A connection, and the welcome of a server with these positions.
fn reconnect(client: &mut Client, positions: &str, credit_bytes: u64) -> Vec<ClientOutput> {
    client.disconnected();
    client.connected(1000);
    drain(client, 1000);
    let text = format!(
        r#"{{"type":"welcome","positions":[{positions}],"limits":{{"credit_bytes":{credit_bytes}}}}}"#
    );
    client.text(&text, 1000);
    drain(client, 1000)
}

/// One generation with so many bytes, and a server that knows nothing yet.
fn recording(bytes: u64, credit_bytes: u64) -> Client {
    let mut client = Client::new(identity());
    let generation = client.begin(start());
    client.appended(generation, bytes);
    reconnect(&mut client, "", credit_bytes);
    client
}

fn forgotten(outputs: &[ClientOutput]) -> Vec<(u32, u64)> {
    let forgotten = outputs.iter().filter_map(|output| match output {
        ClientOutput::Forget { generation, below } => Some((*generation, *below)),
        _ => None,
    });
    forgotten.collect()
}

fn chunks(outputs: &[ClientOutput]) -> Vec<(u32, u64, usize)> {
    let chunks = outputs.iter().filter_map(|output| match output {
        ClientOutput::Chunk { generation, position, length } => {
            Some((*generation, *position, *length))
        }
        _ => None,
    });
    chunks.collect()
}

fn refused(outputs: &[ClientOutput]) -> Vec<(u32, ErrorCode)> {
    let refused = outputs.iter().filter_map(|output| match output {
        ClientOutput::Refused { generation, code, .. } => Some((*generation, *code)),
        _ => None,
    });
    refused.collect()
}

#[test]
fn what_was_never_sent_is_never_forgotten() {
    let mut client = recording(1000, 300);
    client.text(r#"{"type":"ack","generation":0,"received":900,"durable":900}"#, 1000);
    assert_eq!(forgotten(&drain(&mut client, 1000)), [(0, 300)]);
}

#[test]
fn a_durable_position_beyond_the_received_one_is_not_believed() {
    let mut client = recording(1000, 1000);
    let outputs = reconnect(&mut client, r#"{"generation":0,"received":40,"durable":900}"#, 1000);
    assert_eq!(forgotten(&outputs), [(0, 40)]);
    assert_eq!(chunks(&outputs), [(0, 40, 960)]);
}

#[test]
fn a_generation_that_the_server_has_more_of_does_not_go_on() {
    let mut client = recording(100, 1000);
    let outputs = reconnect(&mut client, r#"{"generation":0,"received":150,"durable":0}"#, 1000);
    assert_eq!(refused(&outputs), [(0, ErrorCode::BadStream)]);
    assert_eq!(forgotten(&outputs), []);
    assert!(!client.wants(0));
    client.appended(0, 100);
    assert_eq!(chunks(&drain(&mut client, 1000)), []);
}

#[test]
fn a_loss_is_told_once_and_ends_the_generation() {
    let mut client = recording(100, 50);
    client.text(r#"{"type":"ack","generation":0,"received":50,"durable":50}"#, 1000);
    drain(&mut client, 1000);
    assert_eq!(refused(&reconnect(&mut client, "", 50)), [(0, ErrorCode::Lost)]);
    assert!(!client.wants(0));
    let found = r#"{"generation":0,"received":50,"durable":50}"#;
    assert_eq!(chunks(&reconnect(&mut client, found, 50)), [(0, 50, 50)]);
    assert!(!client.wants(0));
    assert_eq!(refused(&reconnect(&mut client, "", 50)), []);
}

#[test]
fn acknowledgements_before_the_welcome_mean_nothing() {
    let mut client = recording(100, 100);
    client.disconnected();
    client.connected(1000);
    drain(&mut client, 1000);
    client.text(r#"{"type":"ack","generation":0,"received":100,"durable":100}"#, 1000);
    assert_eq!(drain(&mut client, 1000), []);
    assert_eq!(client.view().durable_bytes, 0);
}

#[test]
fn a_summary_frees_only_what_has_arrived() {
    let mut client = recording(100, 40);
    client.text(r#"{"type":"ack","generation":0,"received":40,"durable":10}"#, 1000);
    drain(&mut client, 1000);
    client.text(r#"{"type":"summary"}"#, 1000);
    let outputs = drain(&mut client, 1000);
    assert_eq!(forgotten(&outputs), []);
    assert_eq!(outputs, [ClientOutput::Over(Over::Finished(Summary::default()))]);
    assert_eq!(client.view().durable_bytes, 10);
    assert!(!client.wants(0));
}

#[test]
fn a_summary_says_what_became_of_the_session() {
    let mut client = recording(10, 100);
    client.stop();
    drain(&mut client, 1000);
    client.text(r#"{"type":"summary","session":"session-9999"}"#, 1000);
    assert_eq!(drain(&mut client, 1000), []);
    let file =
        r#"{"file":"a.webm","url":"/a","generation":0,"start_ms":1,"duration_ms":2,"bytes":3}"#;
    let summary = format!(
        r#"{{"type":"summary","session":"{SESSION}","folder":"f","files":[{file},{{"file":7}}]}}"#
    );
    client.text(&summary, 1000);
    let outputs = drain(&mut client, 1000);
    assert_eq!(forgotten(&outputs), [(0, 10)]);
    let Some(ClientOutput::Over(Over::Finished(summary))) = outputs.last() else {
        panic!("{outputs:?}")
    };
    assert_eq!((summary.folder.as_str(), summary.files.len()), ("f", 1));
    assert_eq!(client.deadline(), None);
}

#[test]
fn a_server_that_answers_for_another_session_is_hung_up_on() {
    let mut client = Client::new(identity());
    client.connected(1000);
    client.text(r#"{"type":"welcome","session":"session-9999"}"#, 1000);
    let outputs = drain(&mut client, 1000);
    assert!(matches!(outputs[..], [ClientOutput::HangUp(_)]), "{outputs:?}");
}

#[test]
fn a_welcome_that_is_not_looked_at_before_the_connection_ends_says_nothing() {
    let mut client = Client::new(identity());
    client.connected(1000);
    client.text(r#"{"type":"welcome"}"#, 1000);
    client.disconnected();
    assert_eq!(drain(&mut client, 1000), []);
}

#[test]
fn an_error_that_ends_the_connection_does_not_wait_for_its_end() {
    for code in ["hole", "bad_message", "shutting_down"] {
        let mut client = recording(10, 100);
        let error = format!(r#"{{"type":"error","code":"{code}","message":"So it is."}}"#);
        client.text(&error, 1000);
        client.appended(0, 10);
        let outputs = drain(&mut client, 1000);
        assert_eq!(outputs, [ClientOutput::HangUp("So it is.".to_owned())], "{code}");
        let position = r#"{"generation":0,"received":10,"durable":0}"#;
        assert_eq!(chunks(&reconnect(&mut client, position, 100)), [(0, 10, 10)]);
    }
}

#[test]
fn limits_that_leave_no_room_for_a_byte_are_not_believed() {
    let mut client = Client::new(identity());
    client.begin(start());
    client.appended(0, 10);
    client.connected(1000);
    client.text(r#"{"type":"welcome","limits":{"message_bytes":16}}"#, 1000);
    assert_eq!(chunks(&drain(&mut client, 1000)), [(0, 0, 10)]);
}

#[test]
fn a_clock_reading_that_comes_too_late_is_not_sent() {
    let mut client = recording(3 << 20, 8 << 20);
    client.clock(0, 10, 2000);
    client.clock(0, 4 << 20, 20_000);
    client.clock(7, 1, 2000);
    assert_eq!(drain(&mut client, 1000), []);
    client.clock(0, 3 << 20, 30_000);
    let outputs = drain(&mut client, 1000);
    assert!(
        matches!(&outputs[..], [ClientOutput::Text(text)] if text.contains(r#""end":3145728"#)),
        "{outputs:?}"
    );
}

#[test]
fn the_difference_of_the_clocks_is_measured_in_the_middle() {
    let mut client = Client::new(identity());
    assert_eq!(client.offset_ms(), None);
    client.connected(1000);
    client.text(r#"{"type":"welcome","now_ms":61500,"retry_ms":700,"addresses":["a",1]}"#, 2000);
    assert_eq!(client.offset_ms(), Some(60_000));
    assert_eq!((client.retry_ms(), client.addresses()), (700, &["a".to_owned()][..]));
}

#[test]
fn a_ping_is_a_sign_of_life() {
    let mut client = recording(10, 100);
    assert_eq!(client.deadline(), Some(16_000));
    client.heard(9000);
    assert_eq!(client.deadline(), Some(24_000));
    client.text(r#"{"type":"ack","generation":0,"received":10,"durable":10}"#, 9500);
    assert_eq!(client.deadline(), None);
}

#[test]
fn the_view_counts_what_is_where() {
    let mut client = recording(100, 60);
    client.text(r#"{"type":"ack","generation":0,"received":30,"durable":20}"#, 1000);
    drain(&mut client, 1000);
    let view = View { total_bytes: 100, sent_bytes: 80, durable_bytes: 20, refused_bytes: 0 };
    assert_eq!(client.view(), view);
    client.text(r#"{"type":"error","code":"bad_stream","generation":0}"#, 1000);
    assert_eq!(client.view(), View { refused_bytes: 80, ..view });
}

#[test]
fn nothing_begins_after_a_stop() {
    let mut client = recording(10, 100);
    client.stop();
    let outputs = drain(&mut client, 1000);
    assert_eq!(outputs.len(), 2);
    client.begin(start());
    client.appended(1, 10);
    assert!(!client.wants(0) && !client.wants(1) && !client.wants(2));
    assert_eq!(drain(&mut client, 1000), []);
    assert_eq!(client.view().total_bytes, 10);
}

#[test]
fn a_day_of_changes_fits_into_a_hello() {
    let left = RestoredGeneration { start: start(), first: 1 << 40, end: 1 << 41, ended: true };
    let mut client = Client::restore(identity(), &vec![left; 9999], Vec::new(), false);
    client.connected(1000);
    let Some(ClientOutput::Text(hello)) = client.poll(true, 1000) else { panic!("no hello") };
    assert!(hello.len() < crate::MAX_MESSAGE_BYTES);
    let position =
        |generation| format!(r#"{{"generation":{generation},"received":{}}}"#, 1u64 << 40);
    let positions: Vec<String> = (0..9999).map(position).collect();
    let outputs = reconnect(&mut client, &positions.join(","), 1000);
    assert_eq!(chunks(&outputs), [(9998, 1 << 40, 1000)]);
}
