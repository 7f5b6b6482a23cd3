//! Those who watch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use container::{Demuxer, Event};
use futures_util::StreamExt;
use tokio::time::timeout_at;
use tokio_tungstenite::tungstenite::Message;

use crate::connection::Line;
use crate::media::Generated;
use crate::media::generated::{AUDIO_MS, BEAT_MS, Name, Track};
use crate::publisher::Handed;

/// Between two attempts while the stream is not there yet.
const PAUSE: Duration = Duration::from_millis(200);

/// The init segment, and the group of pictures with which a viewer begins.
const OLD_MESSAGES: u32 = 2;

/// What a viewer saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// From the encoder's hand to the viewer's, for the newest sample of each fragment.
    pub(crate) ages: Vec<Duration>,
    pub(crate) bytes: u64,
    pub(crate) skips: u64,
    /// Samples that are not what was sent.
    pub(crate) altered: u64,
    pub(crate) trouble: Option<String>,
}

/// Watches the generated stream of one publisher until then.
pub(crate) async fn watch(
    line: Line,
    stream: String,
    start: Instant,
    until: Instant,
    handed: Arc<Handed>,
) -> Seen {
    let mut seen = Seen::default();
    let path = format!("/ws/live/{stream}");
    while Instant::now() < until {
        match timeout_at(until.into(), once(&line, &path, start, &handed, &mut seen)).await {
            Err(_elapsed) => seen.trouble = None,
            Ok(Err(error)) => seen.trouble = Some(format!("{error:#}")),
            Ok(Ok(())) => seen.trouble = None,
        }
        if Instant::now() + PAUSE < until {
            tokio::time::sleep(PAUSE).await;
        } else {
            break;
        }
    }
    seen
}

async fn once(
    line: &Line,
    path: &str,
    start: Instant,
    handed: &Handed,
    seen: &mut Seen,
) -> Result<()> {
    let mut socket = line.page(path).await?;
    let (mut demuxer, mut old) = (Demuxer::new(), OLD_MESSAGES);
    while let Some(message) = socket.next().await {
        match message.context("watching")? {
            Message::Text(text) if text.contains("\"init\"") => {
                (demuxer, old) = (Demuxer::new(), OLD_MESSAGES);
            }
            Message::Text(text) => seen.skips += u64::from(text.contains("\"skipped\"")),
            Message::Binary(fragment) => {
                seen.bytes += fragment.len() as u64;
                demuxer.push(fragment);
                let newest = newest(&mut demuxer, &mut seen.altered)?;
                let age = newest.and_then(|name| start.elapsed().checked_sub(at(name, handed)?));
                if old == 0 {
                    seen.ages.extend(age);
                }
                old = old.saturating_sub(1);
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    Ok(())
}

fn newest(demuxer: &mut Demuxer, altered: &mut u64) -> Result<Option<Name>> {
    let mut newest = None;
    while let Some(event) = demuxer.poll()? {
        let Event::Sample(sample) = event else { continue };
        let track = if sample.track == 0 { Track::Video } else { Track::Audio };
        match Generated::name(track, &sample.data) {
            Some(name) => newest = Some(name),
            None => *altered += 1,
        }
    }
    Ok(newest)
}

/// When the sample was handed over, behind the start of the run.
fn at(name: Name, handed: &Handed) -> Option<Duration> {
    let step_ms = match name.track {
        Track::Video => BEAT_MS,
        Track::Audio => AUDIO_MS,
    };
    // A picture ends with the sound of its beat.
    handed.at((name.number + 1) * step_ms)
}
