//! One run of ffmpeg: samples in, bytes out, and a watch on whether the one follows from the
//! other. What it does not take is not waited for by anybody else: the stream's viewer skips.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use container::Sample;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::ChildStderr;

use super::super::{Delivery, Format, Told, Viewer};
use super::input::{Input, Source};
use super::pacer::Pacer;
use super::progress::Progress;
use super::status::Status;
use super::{Job, Reader};
use crate::clock::WallUs;
use crate::ffmpeg::{Ffmpeg, Running};

/// What waits for ffmpeg, beside its pipe; with more of it nothing is added.
const MAX_WAITING_BYTES: usize = 256 << 10;

/// What waits until it is due: some seconds of any tablet's camera. With more of it the viewer is
/// not asked, and skips.
const MAX_HELD_BYTES: usize = 8 << 20;

/// ffmpeg's output is read in pieces of at most this.
const READ_BYTES: usize = 64 << 10;

/// Of a line that ffmpeg complains with, so much is kept.
const MAX_COMPLAINT_BYTES: usize = 400;

/// What has closed its output says why at once, or never.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a run of ffmpeg ended.
pub(super) enum Ended {
    /// What follows is of another kind, or of other times.
    Other(Arc<Format>),
    /// The stream is over.
    Over,
    Failed(String),
}

/// Runs ffmpeg once.
pub(super) async fn run<J: Job>(
    ffmpeg: &Ffmpeg,
    job: &J,
    status: &Status,
    source: Source,
    zero_us: &mut Option<WallUs>,
    viewer: &mut Viewer,
) -> Ended {
    let arguments = [source.arguments(), job.arguments(&source.track)].concat();
    status.note(&format!("ffmpeg {} pipe:1", arguments.join(" ")));
    let running = match ffmpeg.start(arguments.iter().map(String::as_str).chain(["pipe:1"])) {
        Ok(running) => running,
        Err(error) => return Ended::Failed(format!("cannot start ffmpeg: {error}")),
    };
    let mut run = Run {
        job,
        status,
        reader: job.reader(),
        input: Input::new(source, *zero_us),
        pacer: J::IS_PACED.then(Pacer::default),
        is_catching_up: true,
        held: VecDeque::new(),
        held_bytes: 0,
        progress: Progress::default(),
        began: Instant::now(),
        waiting: BytesMut::new(),
        skipped_ms: 0,
    };
    let ended = run.serve(running, viewer).await;
    *zero_us = run.input.zero_us();
    if run.skipped_ms > 0 {
        status.note(&format!("{} ms of the stream were skipped", run.skipped_ms));
    }
    ended
}

struct Run<'a, J: Job> {
    job: &'a J,
    status: &'a Status,
    reader: J::Reader,
    input: Input,
    pacer: Option<Pacer>,
    /// What is there already when it begins, or goes on behind a hole, is not waited with.
    is_catching_up: bool,
    /// Samples that are not due yet.
    held: VecDeque<(Duration, Sample)>,
    held_bytes: usize,
    progress: Progress,
    began: Instant,
    /// What ffmpeg has not taken yet.
    waiting: BytesMut,
    skipped_ms: i64,
}

impl<J: Job> Run<'_, J> {
    async fn serve(&mut self, running: Running, viewer: &mut Viewer) -> Ended {
        let Running { mut input, mut output, complaints, child: _child } = running;
        let mut complaints = Some(complaints);
        let mut said = Complaints::default();
        let mut heard = BytesMut::new();
        loop {
            if !self.is_full()
                && let Some(ended) = self.take(viewer)
            {
                return ended;
            }
            if let Err(error) = self.hand_over() {
                return Ended::Failed(error.to_string());
            }
            let is_full = self.waiting.len() >= MAX_WAITING_BYTES;
            self.progress.full(is_full, self.began.elapsed());
            let deadline = self.progress.deadline().map(|at| self.began + at);
            let due = self.held.front().map(|(due, _)| self.began + *due).filter(|_| !is_full);
            heard.reserve(READ_BYTES);
            tokio::select! {
                read = output.read_buf(&mut heard) => match read {
                    Ok(1..) => if let Err(error) = self.heard(heard.split().freeze()) {
                        return Ended::Failed(format!("its output is not understood: {error}"));
                    },
                    Ok(0) | Err(_) => {
                        // What it had to say is there by now.
                        let _ = tokio::time::timeout(LAST_WORDS, async {
                            while let Ok(1..) = listen(&mut complaints, &mut said.bytes).await {
                                said.lines(self.status);
                            }
                        }).await;
                        return Ended::Failed(said.in_words());
                    }
                },
                written = input.write_buf(&mut self.waiting), if self.waiting.has_remaining() => {
                    // Its end is read from its output.
                    if written.is_err() {
                        self.waiting.clear();
                    }
                }
                read = listen(&mut complaints, &mut said.bytes) => match read {
                    Ok(1..) => said.lines(self.status),
                    Ok(0) | Err(_) => complaints = None,
                },
                () = viewer.changed(), if !self.is_full() => {}
                () = sleep_until(due) => {}
                () = sleep_until(deadline) => {
                    return Ended::Failed("it is fed and gives nothing back".to_owned());
                }
            }
        }
    }

    /// Whether the stream is not asked for more.
    fn is_full(&self) -> bool {
        self.waiting.len() >= MAX_WAITING_BYTES || self.held_bytes >= MAX_HELD_BYTES
    }

    /// Takes what is new of the stream. Something when this run is over.
    fn take(&mut self, viewer: &mut Viewer) -> Option<Ended> {
        loop {
            match viewer.next() {
                Told::Delivery(Delivery::Format(format)) => {
                    // Another size of the picture changes nothing for its sound.
                    let source = self.job.track(&format).map(|index| Source::of(&format, index));
                    if source.as_ref() != Some(self.input.source()) {
                        return Some(Ended::Other(format));
                    }
                }
                Told::Delivery(Delivery::Skipped(ms)) => {
                    self.skipped_ms += ms;
                    self.is_catching_up = true;
                }
                Told::Delivery(Delivery::Fragment(piece)) => {
                    let now = self.began.elapsed();
                    for sample in self.input.own(&piece.samples) {
                        let media_ns = self.input.source().track.to_nanos(sample.dts);
                        let due = match &mut self.pacer {
                            Some(pacer) if !self.is_catching_up => pacer.due(media_ns, now),
                            _ => now,
                        };
                        self.held_bytes += sample.data.len();
                        self.held.push_back((due, sample));
                    }
                    if self.held_bytes >= MAX_HELD_BYTES {
                        return None;
                    }
                }
                Told::Over => return Some(Ended::Over),
                Told::Nothing => {
                    self.is_catching_up = false;
                    return None;
                }
            }
        }
    }

    /// Hands ffmpeg what is due.
    fn hand_over(&mut self) -> Result<(), container::Error> {
        let now = self.began.elapsed();
        while self.waiting.len() < MAX_WAITING_BYTES
            && let Some((_, sample)) = self.held.pop_front_if(|(due, _)| *due <= now)
        {
            self.held_bytes -= sample.data.len();
            let media_ns = self.input.source().track.to_nanos(sample.pts);
            self.waiting.extend_from_slice(&self.input.take(sample)?);
            self.progress.fed(media_ns, now);
        }
        Ok(())
    }

    fn heard(&mut self, bytes: Bytes) -> Result<(), String> {
        let (length, times) = (bytes.len(), self.input.times());
        let made = self.reader.take(bytes, times)?;
        self.status.made(made.packets, length);
        if let Some(newest_ns) = made.newest_ns {
            self.progress.came(times.media_ns(newest_ns), self.began.elapsed());
        }
        Ok(())
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Reads what ffmpeg complains of; never, when it does not any more.
async fn listen(complaints: &mut Option<ChildStderr>, said: &mut BytesMut) -> io::Result<usize> {
    match complaints {
        Some(complaints) => complaints.read_buf(said).await,
        None => std::future::pending().await,
    }
}

/// What ffmpeg complains of.
#[derive(Debug, Default)]
struct Complaints {
    bytes: BytesMut,
    first: Option<String>,
}

impl Complaints {
    /// Notes the lines that are whole.
    fn lines(&mut self, status: &Status) {
        while let Some(end) = self.bytes.iter().position(|&byte| byte == b'\n' || byte == b'\r') {
            let line = self.bytes.split_to(end + 1);
            self.line(&line, status);
        }
        if self.bytes.len() > MAX_COMPLAINT_BYTES {
            let line = self.bytes.split();
            self.line(&line, status);
        }
    }

    fn line(&mut self, line: &[u8], status: &Status) {
        let line = String::from_utf8_lossy(&line[..line.len().min(MAX_COMPLAINT_BYTES)]);
        status.note(&line);
        if !line.trim().is_empty() {
            self.first.get_or_insert_with(|| line.trim().to_owned());
        }
    }

    /// Why ffmpeg has ended, as far as it said.
    fn in_words(&self) -> String {
        match &self.first {
            Some(line) => format!("it ended: {line}"),
            None => "it ended without a word".to_owned(),
        }
    }
}
