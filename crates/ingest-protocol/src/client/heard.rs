//! What the server says, read as leniently as the protocol asks: unknown members and types are
//! passed over, and what is missing or of another kind counts as nothing.

use serde_json::Value;

use super::Summary;

/// A text message of the server.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Welcome(Welcome),
    Ack {
        generation: u32,
        received: u64,
        durable: u64,
        credit_bytes: Option<u64>,
    },
    Summary(Summary),
    Error {
        code: String,
        message: String,
        generation: Option<u32>,
    },
    /// Of no meaning to this version.
    Unknown,
}

#[derive(Debug, PartialEq)]
pub(super) struct Welcome {
    pub(super) session: Option<String>,
    pub(super) now_ms: Option<i64>,
    pub(super) positions: Vec<Standing>,
    pub(super) message_bytes: Option<u64>,
    pub(super) credit_bytes: Option<u64>,
    pub(super) addresses: Vec<String>,
    pub(super) retry_ms: u64,
}

/// Where a generation stands on the server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    pub(super) generation: u32,
    pub(super) received: u64,
    pub(super) durable: u64,
    pub(super) is_ended: bool,
}

/// Reads a message; an error is a text that is not JSON.
pub(super) fn read(text: &str) -> Result<Heard, serde_json::Error> {
    let message: Value = serde_json::from_str(text)?;
    let heard = match message["type"].as_str() {
        Some("welcome") => Heard::Welcome(welcome(&message)),
        Some("ack") => match standing(&message) {
            Some(Standing { generation, received, durable, .. }) => {
                let credit_bytes = count(&message["credit_bytes"]);
                Heard::Ack { generation, received, durable, credit_bytes }
            }
            None => Heard::Unknown,
        },
        Some("summary") => Heard::Summary(Summary {
            session: text_of(&message["session"]),
            folder: text_of(&message["folder"]),
            files: each(&message["files"], |file| serde_json::from_value(file.clone()).ok()),
        }),
        Some("error") => Heard::Error {
            code: text_of(&message["code"]),
            message: text_of(&message["message"]),
            generation: number(&message["generation"]),
        },
        _ => Heard::Unknown,
    };
    Ok(heard)
}

fn welcome(message: &Value) -> Welcome {
    let limits = &message["limits"];
    Welcome {
        session: message["session"].as_str().map(str::to_owned),
        now_ms: message["now_ms"].as_i64(),
        positions: each(&message["positions"], standing),
        message_bytes: count(&limits["message_bytes"]),
        credit_bytes: count(&limits["credit_bytes"]),
        addresses: each(&message["addresses"], |address| address.as_str().map(str::to_owned)),
        retry_ms: count(&message["retry_ms"]).unwrap_or(0),
    }
}

fn standing(message: &Value) -> Option<Standing> {
    Some(Standing {
        generation: number(&message["generation"])?,
        received: count(&message["received"]).unwrap_or(0),
        durable: count(&message["durable"]).unwrap_or(0),
        is_ended: message["ended"] == true,
    })
}

fn each<T>(list: &Value, read: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    list.as_array().into_iter().flatten().filter_map(read).collect()
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// A number of bytes or milliseconds, which some peers write as `1e6` or let fall below zero.
fn count(value: &Value) -> Option<u64> {
    // The cast saturates.
    value.as_u64().or_else(|| value.as_f64().map(|number| number as u64))
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
