//! One picture of a piece of media, as JPEG.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;

use super::{Ffmpeg, Running};

/// A picture is decoded in far less; a machine that is busy with recordings takes longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Recording comes first, and one after the other is fast enough for whoever looks.
static TURN: Semaphore = Semaphore::const_new(1);

/// Larger than any small picture.
const MAX_JPEG_BYTES: u64 = 2 << 20;

impl Ffmpeg {
    /// The first picture of a file that is in memory, no wider than that.
    ///
    /// # Errors
    /// When it cannot be decoded, or not in time.
    pub(crate) async fn still(&self, media: Bytes, width: u32) -> io::Result<Bytes> {
        let _turn = TURN.acquire().await.map_err(io::Error::other)?;
        let scale = format!("scale='min({width},iw)':-2");
        let arguments = [
            "-nostdin",
            "-hide_banner",
            "-loglevel",
            "error",
            "-i",
            "pipe:0",
            "-an",
            "-frames:v",
            "1",
            "-vf",
            &scale,
            "-q:v",
            "5",
            "-f",
            "mjpeg",
            "pipe:1",
        ];
        let Running { mut child, mut input, output, complaints } = self.start(arguments)?;
        // Nobody reads what it complains of; a pipe that is full would stop it.
        drop(complaints);
        let mut jpeg = Vec::new();
        let mut output = output.take(MAX_JPEG_BYTES);
        let converting = async {
            let giving = async {
                // It has its picture, and reads no further.
                let _ = input.write_all(&media).await;
                drop(input);
            };
            let (read, ()) = tokio::join!(output.read_to_end(&mut jpeg), giving);
            read?;
            child.wait().await
        };
        let ended = tokio::time::timeout(PATIENCE, converting).await;
        let status = ended.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        match status.success() && !jpeg.is_empty() {
            true => Ok(jpeg.into()),
            false => Err(io::Error::other("ffmpeg cannot decode it")),
        }
    }
}
