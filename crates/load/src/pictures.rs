//! Those who look at single pictures. The stream must be one that can be decoded.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::StreamExt;
use tokio::time::timeout_at;
use tokio_tungstenite::tungstenite::Message;

use crate::connection::Line;

/// Between two attempts while the stream is not there yet.
const PAUSE: Duration = Duration::from_millis(500);

/// What a JPEG begins with.
const START_OF_IMAGE: [u8; 2] = [0xFF, 0xD8];

/// What came.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) pictures: u64,
    pub(crate) bytes: u64,
    pub(crate) longest_pause: Duration,
    pub(crate) trouble: Option<String>,
}

/// Looks until then.
pub(crate) async fn look(line: Line, stream: String, until: Instant) -> Shown {
    let mut shown = Shown::default();
    let path = format!("/ws/jpeg/{stream}");
    while Instant::now() + PAUSE < until {
        match timeout_at(until.into(), once(&line, &path, &mut shown)).await {
            Err(_elapsed) => shown.trouble = None,
            Ok(Err(error)) => shown.trouble = Some(format!("{error:#}")),
            Ok(Ok(())) => shown.trouble = None,
        }
        tokio::time::sleep(PAUSE).await;
    }
    if shown.pictures == 0 && shown.trouble.is_none() {
        shown.trouble = Some(format!("no picture of {stream} came"));
    }
    shown
}

async fn once(line: &Line, path: &str, shown: &mut Shown) -> Result<()> {
    let mut socket = line.page(path).await?;
    let mut last: Option<Instant> = None;
    while let Some(message) = socket.next().await {
        let Message::Binary(picture) = message? else { continue };
        ensure!(picture.starts_with(&START_OF_IMAGE), "what came is no JPEG");
        shown.pictures += 1;
        shown.bytes += picture.len() as u64;
        let pause = last.map(|last| last.elapsed()).unwrap_or_default();
        shown.longest_pause = shown.longest_pause.max(pause);
        last = Some(Instant::now());
    }
    Ok(())
}
