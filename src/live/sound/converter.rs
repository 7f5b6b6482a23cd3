//! One ffmpeg that turns one live stream's sound into Opus.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::broadcast;

use super::Packet;
use super::input::{Input, Source};
use super::output::Output;
use super::progress::{Pauses, Progress};
use crate::ffmpeg::{Ffmpeg, Running};
use crate::live::{Delivery, Format, Told, Viewer};

/// What waits for ffmpeg, beside its pipe; with more of it the viewer is not asked, and skips.
const MAX_WAITING_BYTES: usize = 256 << 10;

/// ffmpeg's output is read in pieces of at most this.
const READ_BYTES: usize = 16 << 10;

/// Of what ffmpeg complains of, so much is kept for the log.
const MAX_COMPLAINT_BYTES: usize = 400;

/// What has closed its output says why at once, or never.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Speech is clear with it, and music decent (RFC 7587 section 3.1.1).
const MONO_BPS: &str = "48k";
const STEREO_BPS: &str = "96k";

/// How a run of ffmpeg ended.
enum Ended {
    /// What follows is of another kind, or of other times.
    Other(Arc<Format>),
    /// The stream is over.
    Over,
    Failed(String),
}

/// Converts until the stream is over.
pub(super) async fn run(
    ffmpeg: &Ffmpeg,
    name: &str,
    mut viewer: Viewer,
    packets: &broadcast::Sender<Packet>,
) {
    let mut pauses = Pauses::default();
    let mut next = None;
    loop {
        let format = match next.take() {
            Some(format) => format,
            None => match next_format(&mut viewer).await {
                Some(format) => format,
                None => return,
            },
        };
        // Another generation may need no conversion, or have no sound.
        let Some(source) = Source::of(&format) else { continue };
        let began = Instant::now();
        match convert(ffmpeg, source, &mut viewer, packets).await {
            Ended::Other(format) => next = Some(format),
            Ended::Over => return,
            Ended::Failed(reason) => {
                let pause = pauses.after(began.elapsed());
                tracing::warn!(
                    stream = name,
                    again_in_s = pause.as_secs(),
                    "ffmpeg does not convert the sound to Opus, WebRTC viewers hear nothing: {reason}"
                );
                tokio::time::sleep(pause).await;
                viewer = viewer.again();
            }
        }
    }
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

fn arguments(source: &Source) -> Vec<&'static str> {
    // The header says all; what waits to be probed is late.
    let mut arguments = vec!["-fflags", "nobuffer", "-analyzeduration", "0", "-probesize", "32"];
    arguments.extend(["-flags", "low_delay", "-threads", "1", "-f", source.demuxer()]);
    // Times stay as they are, also where the sound has holes.
    arguments.extend(["-i", "pipe:0", "-copyts", "-map", "0:a:0"]);
    let is_mono = source.track.channels == 1;
    let (channels, bps) = if is_mono { ("1", MONO_BPS) } else { ("2", STEREO_BPS) };
    arguments.extend(["-ac", channels, "-ar", "48000", "-c:a", "libopus", "-b:a", bps]);
    arguments.extend(["-frame_duration", "20"]);
    // Each packet leaves in a cluster of its own as soon as the next one is there.
    arguments.extend(["-f", "webm", "-live", "1", "-cluster_size_limit", "0"]);
    arguments.extend(["-flush_packets", "1", "pipe:1"]);
    arguments
}

/// Runs ffmpeg once.
async fn convert(
    ffmpeg: &Ffmpeg,
    source: Source,
    viewer: &mut Viewer,
    packets: &broadcast::Sender<Packet>,
) -> Ended {
    let running = match ffmpeg.start(arguments(&source), true) {
        Ok(running) => running,
        Err(error) => return Ended::Failed(format!("cannot start it: {error}")),
    };
    let mut run = Run {
        input: Input::new(source.clone()),
        output: Output::new(source.anchor_us),
        source,
        progress: Progress::default(),
        began: Instant::now(),
        waiting: BytesMut::new(),
        skipped_ms: 0,
    };
    let ended = run.serve(running, viewer, packets).await;
    if run.skipped_ms > 0 {
        tracing::debug!(ms = run.skipped_ms, "ffmpeg was too slow for the sound");
    }
    ended
}

struct Run {
    source: Source,
    input: Input,
    output: Output,
    progress: Progress,
    began: Instant,
    /// What ffmpeg has not taken yet.
    waiting: BytesMut,
    skipped_ms: i64,
}

impl Run {
    async fn serve(
        &mut self,
        running: Running,
        viewer: &mut Viewer,
        packets: &broadcast::Sender<Packet>,
    ) -> Ended {
        let Running { mut input, mut output, mut complaints, child: _child } = running;
        let mut complaint = BytesMut::new();
        let mut heard = BytesMut::new();
        loop {
            if self.waiting.len() < MAX_WAITING_BYTES
                && let Some(ended) = self.take(viewer)
            {
                return ended;
            }
            heard.reserve(READ_BYTES);
            let deadline = self.progress.deadline().map(|at| self.began + at);
            tokio::select! {
                read = output.read_buf(&mut heard) => match read {
                    Ok(1..) => match self.heard(heard.split().freeze()) {
                        Ok(all) => all.into_iter().for_each(|packet| {
                            // Nobody may listen just now.
                            let _ = packets.send(packet);
                        }),
                        Err(error) => return Ended::Failed(format!("its output is not understood: {error}")),
                    },
                    Ok(0) | Err(_) => {
                        // What it had to say is there by now.
                        if let Some(mut complaints) = complaints {
                            let last = complaints.read_buf(&mut complaint);
                            let _ = tokio::time::timeout(LAST_WORDS, last).await;
                        }
                        return Ended::Failed(in_words(&complaint));
                    }
                },
                written = input.write_buf(&mut self.waiting), if self.waiting.has_remaining() => {
                    // Its end is read from its output.
                    if written.is_err() {
                        self.waiting.clear();
                    }
                }
                read = listen(&mut complaints, &mut complaint) => match read {
                    Ok(1..) => complaint.truncate(MAX_COMPLAINT_BYTES),
                    Ok(0) | Err(_) => complaints = None,
                },
                () = viewer.changed(), if self.waiting.len() < MAX_WAITING_BYTES => {}
                () = sleep_until(deadline) => {
                    return Ended::Failed("it takes sound and gives none back".to_owned());
                }
            }
        }
    }

    /// Takes what is new of the stream. Something when this run is over.
    fn take(&mut self, viewer: &mut Viewer) -> Option<Ended> {
        loop {
            match viewer.next() {
                Told::Delivery(Delivery::Format(format)) => {
                    // A picture of another size changes nothing here.
                    if Source::of(&format).as_ref() != Some(&self.source) {
                        return Some(Ended::Other(format));
                    }
                }
                Told::Delivery(Delivery::Skipped(ms)) => self.skipped_ms += ms,
                Told::Delivery(Delivery::Fragment(piece)) => {
                    match self.input.take(&piece.samples) {
                        Ok(bytes) => self.waiting.extend_from_slice(&bytes.unwrap_or_default()),
                        Err(error) => return Some(Ended::Failed(error.to_string())),
                    }
                    if let Some(newest_ns) = self.input.newest_ns() {
                        self.progress.fed(newest_ns, self.began.elapsed());
                    }
                    if self.waiting.len() >= MAX_WAITING_BYTES {
                        return None;
                    }
                }
                Told::Over => return Some(Ended::Over),
                Told::Nothing => return None,
            }
        }
    }

    fn heard(&mut self, bytes: Bytes) -> Result<Vec<Packet>, container::Error> {
        let packets = self.output.take(bytes, self.input.origin_ns())?;
        if let Some(last) = packets.last() {
            self.progress.came(last.at_ns, self.began.elapsed());
        }
        Ok(packets)
    }
}

/// Reads what ffmpeg complains of; never, when it does not any more.
async fn listen(
    complaints: &mut Option<tokio::process::ChildStderr>,
    complaint: &mut BytesMut,
) -> std::io::Result<usize> {
    match complaints {
        Some(complaints) => complaints.read_buf(complaint).await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Why ffmpeg has ended, as far as it said.
fn in_words(complaint: &[u8]) -> String {
    let text = String::from_utf8_lossy(complaint);
    match text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => format!("it ended: {}", line.trim()),
        None => "it ended without a word".to_owned(),
    }
}
