//! A bare WebSocket that sends what its encoder hands over, as a page without this project's code
//! would. There is no acknowledgement.

use anyhow::{Result, bail};
use futures_util::{SinkExt, StreamExt};
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::{Outcome, Plan, Publisher};
use crate::connection::Socket;
use crate::media::{Media, Reached};

/// Sends to the end of the plan over a connection that is there already.
pub(crate) async fn run(publisher: Publisher, plan: Plan, mut socket: Socket) -> Outcome {
    let mut outcome = Outcome { number: publisher.number, ..Outcome::default() };
    if let Err(error) = send(&publisher, &plan, &mut socket, &mut outcome).await {
        outcome.trouble = Some(format!("{error:#}"));
    }
    outcome
}

async fn send(
    publisher: &Publisher,
    plan: &Plan,
    socket: &mut Socket,
    outcome: &mut Outcome,
) -> Result<()> {
    let mut from = Reached::default();
    for chunk in 0..plan.chunks() {
        let due = plan.due(publisher.number, chunk).into();
        tokio::select! {
            () = sleep_until(due) => {}
            // Pings are answered on the way.
            why = heard(socket) => bail!("the server ended it: {why}"),
        }
        publisher.handed.now(chunk, plan.start);
        let to = publisher.media.reached(plan.media_ms(chunk));
        let message = between(&publisher.media, from, to);
        outcome.sent_bytes += message.len() as u64;
        timeout(plan.patience, socket.send(Message::binary(message))).await??;
        outcome.media_ms = plan.media_ms(chunk);
        from = to;
    }
    timeout(plan.patience, async {
        socket.close(None).await?;
        while let Some(Ok(_)) = socket.next().await {}
        anyhow::Ok(())
    })
    .await?
}

/// What an encoder hands over from one time to another; a generation follows the one before.
fn between(media: &Media, mut from: Reached, to: Reached) -> Vec<u8> {
    let mut message = Vec::new();
    while from.generation < to.generation {
        let rest = media.generation_bytes() - from.bytes;
        media.read(from.bytes, rest as usize, &mut message);
        from = Reached { generation: from.generation + 1, bytes: 0 };
    }
    media.read(from.bytes, (to.bytes - from.bytes) as usize, &mut message);
    message
}

/// Why the connection is over, once it is.
async fn heard(socket: &mut Socket) -> String {
    loop {
        match socket.next().await {
            Some(Ok(Message::Close(close))) => return format!("{close:?}"),
            Some(Ok(Message::Text(text))) => return text.to_string(),
            Some(Ok(_)) => {}
            Some(Err(error)) => return error.to_string(),
            None => return "the connection was closed".to_owned(),
        }
    }
}
