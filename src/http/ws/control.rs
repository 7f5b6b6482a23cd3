//! `/ws/control`: what there is and how it is doing, for programs and pages; devices that say how
//! they are; commands to them (`docs/control.md`).

mod commanding;
mod telling;

use axum::extract::{ConnectInfo, State as Shared};
use axum::response::Response;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::super::State;
use super::super::api::devices::publishers;
use super::super::authenticate::Holder;
use super::super::error::ApiError;
use super::super::listener::Peer;
use super::socket::Fault;
use super::teller::{self, Gone, Heard, Teller, Upgrade};
use crate::auth::Pass;
use crate::devices::{Link, Said, ToDevice};
use crate::live::Streams;
use commanding::Commanding;
use telling::{News, Telling};

/// A device with the longest lists stays below this.
const MAX_MESSAGE_BYTES: usize = 64 << 10;

pub(in super::super) async fn control(
    Shared(state): Shared<State>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Holder(pass): Holder,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let mut conversation = Conversation {
        link: state.devices.connect(peer.address.ip()),
        streams: state.streams.clone(),
        commanding: Commanding::new(state.devices, state.streams, state.sources, peer.address.ip()),
        telling: Telling::new(&state.board, pass.clone()),
        pass,
        was_refused: false,
        shutdown: state.shutdown.clone(),
    };
    teller::open_to_hear(upgrade, state.shutdown, MAX_MESSAGE_BYTES, async move |mut teller| {
        conversation.run(&mut teller).await
    })
}

/// One connection. While something is being said to it nothing more is heard, so that whoever
/// does not listen gives no more commands either.
struct Conversation {
    link: Link,
    streams: Streams,
    commanding: Commanding,
    telling: Telling,
    pass: Pass,
    /// Whether a device was refused here; one such line in the log is enough.
    was_refused: bool,
    shutdown: CancellationToken,
}

enum Wake {
    News(News),
    Order(Option<ToDevice>),
    Results(Vec<Value>),
    Heard(Heard),
    Shutdown,
}

impl Conversation {
    async fn run(&mut self, teller: &mut Teller) -> Result<(), Gone> {
        loop {
            let wake = tokio::select! {
                () = self.shutdown.cancelled() => Wake::Shutdown,
                news = self.telling.next() => Wake::News(news),
                order = self.link.next() => Wake::Order(order),
                results = self.commanding.next() => Wake::Results(results),
                heard = teller.hear() => Wake::Heard(heard?),
            };
            match wake {
                Wake::News(news) => self.telling.tell(news, teller).await?,
                Wake::Order(Some(order)) => teller.say(&order.message()).await?,
                Wake::Order(None) => {
                    let sentence = "the same device has connected a second time and goes on there";
                    teller.say(&error("taken_over", sentence)).await?;
                }
                Wake::Results(results) => say_all(teller, &results).await?,
                Wake::Heard(Heard::Text(text)) => {
                    let answers = self.hear(&text);
                    say_all(teller, &answers).await?;
                }
                Wake::Heard(Heard::Binary) => {
                    teller.say(&bad("messages are texts; this one is binary")).await?;
                }
                Wake::Heard(Heard::Broken(fault)) => {
                    let sentence = match fault {
                        Fault::TooLarge => "a message is larger than 64 KiB",
                        fault => fault.sentence(),
                    };
                    teller.say(&bad(sentence)).await?;
                    return teller.close_on_sender(fault.code(), sentence).await;
                }
                Wake::Shutdown => return teller.close(1012, "the server is stopping").await,
            }
        }
    }

    /// Takes a message; what is to be said to it at once.
    fn hear(&mut self, text: &str) -> Vec<Value> {
        let message: Map<String, Value> = match serde_json::from_str(text) {
            Ok(message) => message,
            Err(_) => return vec![bad("a message is a JSON object with a type")],
        };
        let Some(kind) = message.get("type").and_then(Value::as_str) else {
            return vec![bad("a message is a JSON object with a type")];
        };
        match kind {
            "device" => self.device(message).err().into_iter().collect(),
            "result" => self.link.answered(&message).map_err(bad).err().into_iter().collect(),
            "command" if !self.pass.is_admin() => self.commanding.forbid(&message),
            "command" => self.commanding.begin(&message),
            // Something newer.
            _ => Vec::new(),
        }
    }

    fn device(&mut self, message: Map<String, Value>) -> Result<(), Value> {
        let said = Said::parse(message.into()).map_err(|sentence| bad(&sentence))?;
        if !may_speak_for(&self.pass, said.device()) {
            return Err(error("forbidden", "you may not speak for this device"));
        }
        self.link.hear(said, || publishers(&self.streams)).map_err(|refused| {
            if !std::mem::replace(&mut self.was_refused, true) {
                let from = self.commanding.from();
                tracing::warn!(%from, reason = %refused, "a device's control connection is refused");
            }
            error(refused.code(), &refused.to_string())
        })
    }
}

/// Whether somebody is the device, or may be any.
fn may_speak_for(pass: &Pass, device: &str) -> bool {
    let is_another = pass.device().is_some_and(|own| own != device);
    pass.may_publish() && (pass.watches_all() || !is_another)
}

async fn say_all(teller: &mut Teller, messages: &[Value]) -> Result<(), Gone> {
    for message in messages {
        teller.say(message).await?;
    }
    Ok(())
}

fn error(code: &str, message: &str) -> Value {
    json!({ "type": "error", "code": code, "message": message })
}

fn bad(sentence: &str) -> Value {
    error("bad_message", sentence)
}
