//! One ffmpeg that turns one live stream into JPEGs.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use container::Container;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::watch;

use super::parts::Parts;
use super::{Format, Picture, Quality};
use crate::clock;
use crate::ffmpeg::{Ffmpeg, Running};
use crate::live::{Delivery, Told, Viewer};

/// Nobody looks at more of JPEGs; who wants motion takes the stream itself.
const MAX_PICTURES_PER_SECOND: &str = "10";

/// 8K; what claims to be larger is not decoded.
const MAX_PIXELS: &str = "35389440";

/// Every output of ffmpeg is read in pieces of this.
const READ_BYTES: usize = 64 << 10;

/// A decoder that failed is tried again after this long.
const PAUSE: Duration = Duration::from_secs(1);

/// Decodes until the stream is over.
pub(super) async fn run(
    ffmpeg: &Ffmpeg,
    quality: Quality,
    mut viewer: Viewer,
    pictures: &watch::Sender<Option<Picture>>,
) {
    let mut format = None;
    loop {
        let begun = match format.take() {
            Some(begun) => Some(begun),
            None => next_format(&mut viewer).await,
        };
        let Some(begun) = begun else { return };
        match begin(ffmpeg, quality, &begun) {
            Ok(mut running) => {
                let reading = read(&mut running.output, pictures);
                tokio::select! {
                    next = feed(&mut running.input, begun.init.clone(), &mut viewer) => match next {
                        Fed::Format(next) => format = Some(next),
                        Fed::Over => return,
                        Fed::Broken => {}
                    },
                    () = reading => {}
                }
            }
            Err(error) => tracing::warn!(%error, "cannot start ffmpeg"),
        }
        if format.is_none() {
            // What it could not decode it is not asked to decode again at once.
            tokio::time::sleep(PAUSE).await;
            viewer = viewer.again();
        }
    }
}

/// How the decoder was fed until now.
enum Fed {
    /// Another init segment needs another decoder.
    Format(Arc<Format>),
    Over,
    /// The decoder takes no more.
    Broken,
}

fn begin(ffmpeg: &Ffmpeg, quality: Quality, format: &Format) -> io::Result<Running> {
    let container = match format.container {
        Container::Webm => "matroska",
        Container::Mp4 => "mp4",
    };
    let mut arguments = Vec::new();
    // The header says all; frames that wait to be probed, or for other threads, are late.
    arguments.extend(["-analyzeduration", "0", "-probesize", "32"]);
    arguments.extend(["-max_pixels", MAX_PIXELS]);
    arguments.extend(["-flags", "low_delay", "-threads", "1", "-f", container, "-i", "pipe:0"]);
    arguments.extend(["-an", "-fps_mode", "vfr", "-fpsmax", MAX_PICTURES_PER_SECOND]);
    arguments.extend(["-c:v", "mjpeg", "-q:v", quality.scale()]);
    arguments.extend(["-flush_packets", "1", "-f", "mpjpeg", "pipe:1"]);
    ffmpeg.start(arguments, false)
}

async fn next_format(viewer: &mut Viewer) -> Option<Arc<Format>> {
    loop {
        match viewer.next() {
            Told::Delivery(Delivery::Format(format)) => return Some(format),
            Told::Delivery(_) => {}
            Told::Over => return None,
            Told::Nothing => viewer.changed().await,
        }
    }
}

/// A decoder that is slower than the stream makes this wait, and the viewer skip.
async fn feed(input: &mut ChildStdin, init: Bytes, viewer: &mut Viewer) -> Fed {
    if input.write_all(&init).await.is_err() {
        return Fed::Broken;
    }
    loop {
        match viewer.next() {
            Told::Delivery(Delivery::Format(format)) => return Fed::Format(format),
            Told::Delivery(Delivery::Fragment(piece)) => {
                if input.write_all(&piece.bytes).await.is_err() || input.flush().await.is_err() {
                    return Fed::Broken;
                }
            }
            Told::Delivery(Delivery::Skipped(_)) => {}
            Told::Over => return Fed::Over,
            Told::Nothing => viewer.changed().await,
        }
    }
}

async fn read(output: &mut ChildStdout, pictures: &watch::Sender<Option<Picture>>) {
    let mut parts = Parts::default();
    let mut buffer = vec![0; READ_BYTES];
    while let Ok(read @ 1..) = output.read(&mut buffer).await {
        parts.push(&buffer[..read]);
        loop {
            match parts.next() {
                Ok(Some(jpeg)) => {
                    pictures.send_replace(Some(Picture { jpeg, at_us: clock::now_us() }));
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "a decoder is given up");
                    return;
                }
            }
        }
    }
}
