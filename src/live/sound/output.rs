//! What ffmpeg writes, as packets with the times that they have there.

use bytes::Bytes;
use container::{Demuxer, Event, Track};

/// Takes packets out of ffmpeg's WebM.
#[derive(Debug)]
pub(super) struct Output {
    demuxer: Demuxer,
    track: Option<Track>,
}

impl Default for Output {
    fn default() -> Self {
        Self { demuxer: Demuxer::new(), track: None }
    }
}

impl Output {
    /// The next packets, each with its time in nanoseconds.
    ///
    /// # Errors
    /// When ffmpeg has written something else.
    pub(super) fn take(&mut self, bytes: Bytes) -> Result<Vec<(i64, Bytes)>, container::Error> {
        self.demuxer.push(bytes);
        let mut packets = Vec::new();
        while let Some(event) = self.demuxer.poll()? {
            match event {
                Event::Init(init) => self.track = init.tracks.first().cloned(),
                Event::Sample(sample) => {
                    let Some(track) = &self.track else { continue };
                    // The encoder's own delay is in the file's header, and taken off here. Some
                    // versions of ffmpeg have taken it off already: 6.5 ms, which nobody hears.
                    let at_ns = track.to_nanos(sample.pts);
                    // One that is kept must not keep all that was read with it.
                    packets.push((at_ns, Bytes::copy_from_slice(&sample.data)));
                }
                Event::Config { .. } => {}
            }
        }
        Ok(packets)
    }
}
