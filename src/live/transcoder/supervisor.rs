//! Starts ffmpeg for what comes of a stream, and again when it fails.

use std::sync::Arc;
use std::time::Instant;

use super::super::{Delivery, Format, Told, Viewer};
use super::Job;
use super::input::Source;
use super::progress::Pauses;
use super::run::{self, Ended};
use super::status::{State, Status};
use crate::clock::WallUs;
use crate::ffmpeg::Ffmpeg;

/// Works until the stream is over.
pub(super) async fn run<J: Job>(ffmpeg: &Ffmpeg, job: &J, status: &Status, mut viewer: Viewer) {
    let mut pauses = Pauses::default();
    let mut next = None;
    // The wall time of ffmpeg's time zero: its times go on from one run to the next.
    let mut zero_us: Option<WallUs> = None;
    loop {
        let format = match next.take() {
            Some(format) => format,
            None => match next_format(&mut viewer).await {
                Some(format) => format,
                None => return,
            },
        };
        // Another generation may have what this one has not.
        let Some(source) = job.track(&format).map(|index| Source::of(&format, index)) else {
            status.is(State::Waiting);
            continue;
        };
        status.is(State::Starting);
        let began = Instant::now();
        match run::run(ffmpeg, job, status, source, &mut zero_us, &mut viewer).await {
            Ended::Other(format) => next = Some(format),
            Ended::Over => return,
            Ended::Failed(reason) => {
                let pause = pauses.after(began.elapsed());
                let again_in_s = pause.as_secs();
                status.failed(&format!("{reason}; started again in {again_in_s} s"));
                let (stream, format) = (status.stream(), status.format());
                tracing::warn!(stream, format, again_in_s, "a transcoder has failed: {reason}");
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
