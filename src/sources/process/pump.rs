//! What one ffmpeg delivers, on its way to the recorder and to viewers.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::super::failure::Failure;
use super::super::intake::Intake;
use super::reason::Way;
use crate::ffmpeg::{Fetching, Parts, Words};
use crate::metrics;

/// A camera is opened and looked at within seconds, one on the network within ten or so.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// A camera that delivers nothing for this long has stopped, and does not say so.
const SILENCE: Duration = Duration::from_secs(10);

/// What was looked at before the first byte was written comes at once. The newest of it is of
/// now, so the stream's place on the wall clock is told by it.
const SETTLING: Duration = Duration::from_millis(300);

/// What settles is not larger: some seconds of a camera with 20 Mbit/s.
const MAX_SETTLING_BYTES: usize = 8 << 20;

/// The output is read in pieces of at most this.
const READ_BYTES: usize = 64 << 10;

/// What has closed its output says why at once, or never.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a run of ffmpeg was over.
pub(super) enum End {
    /// It gave nothing for this long.
    Silent(Duration),
    /// What it gave is not wanted.
    Refused(Failure),
    Exited {
        words: Words,
        way: Way,
        /// Whether anything came before.
        has_delivered: bool,
    },
}

/// Hands on what ffmpeg delivers until that ends: the stream from its output, and a camera's JPEGs
/// from `pictures`.
pub(super) async fn pump(
    fetching: Fetching,
    mut pictures: Option<UnixStream>,
    mut words: Words,
    intake: &mut Intake,
) -> End {
    let _present = metrics::FFMPEG.enter();
    let Fetching { mut child, mut output, complaints, input: _input } = fetching;
    let mut complaints = Some(complaints);
    let (mut stream, mut heard, mut seen) = (BytesMut::new(), BytesMut::new(), BytesMut::new());
    let mut parts = Some(Parts::default());
    let mut last = Instant::now();
    let mut settles_at = None;
    loop {
        for buffer in [&mut stream, &mut heard, &mut seen] {
            buffer.reserve(READ_BYTES);
        }
        let patience = if settles_at.is_some() { SILENCE } else { START_PATIENCE };
        let is_settling = !stream.is_empty();
        tokio::select! {
            read = output.read_buf(&mut stream) => {
                if !matches!(read, Ok(1..)) {
                    break;
                }
                last = Instant::now();
                let settles_at = *settles_at.get_or_insert(last + SETTLING);
                if last < settles_at && stream.len() < MAX_SETTLING_BYTES {
                    continue;
                }
            }
            () = sleep_until(settles_at), if is_settling => {}
            read = read_some(&mut pictures, &mut seen) => {
                match read {
                    Some(bytes) => show(&mut parts, &bytes, intake),
                    None => pictures = None,
                }
                continue;
            }
            read = read_some(&mut complaints, &mut heard) => {
                match read {
                    Some(bytes) => words.push(&bytes),
                    None => complaints = None,
                }
                continue;
            }
            () = tokio::time::sleep_until(last + patience) => return End::Silent(patience),
        }
        if let Err(over) = intake.push(stream.split().freeze()).await {
            return End::Refused(over.into());
        }
        // A disk that makes it wait is no silence of the camera's.
        last = Instant::now();
    }
    let has_delivered = settles_at.is_some();
    if !stream.is_empty()
        && let Err(over) = intake.push(stream.freeze()).await
    {
        return End::Refused(over.into());
    }
    let rest = async {
        while complaints.is_some() {
            match read_some(&mut complaints, &mut heard).await {
                Some(bytes) => words.push(&bytes),
                None => complaints = None,
            }
        }
        child.wait().await
    };
    let exited = tokio::time::timeout(LAST_WORDS, rest).await;
    words.end();
    let way = match exited {
        Ok(Ok(status)) if status.success() => Way::Orderly,
        Ok(Ok(status)) => status.signal().map_or(Way::Failed, Way::Killed),
        Ok(Err(_)) | Err(_) => Way::Failed,
    };
    End::Exited { words, way, has_delivered }
}

/// What came; `None` when nothing more does. It waits for ever when there is nothing to read from.
async fn read_some(
    pipe: &mut Option<impl AsyncRead + Unpin>,
    buffer: &mut BytesMut,
) -> Option<Bytes> {
    match pipe {
        Some(pipe) => {
            let read = pipe.read_buf(buffer).await;
            matches!(read, Ok(1..)).then(|| buffer.split().freeze())
        }
        None => std::future::pending().await,
    }
}

/// What is not understood is read on all the same: ffmpeg would end with its second output.
fn show(parts: &mut Option<Parts>, bytes: &[u8], intake: &Intake) {
    let Some(understood) = parts else { return };
    understood.push(bytes);
    loop {
        match understood.next() {
            Ok(Some(jpeg)) => intake.picture(jpeg),
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, "a camera's own pictures are not shown as they are");
                *parts = None;
                return;
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
