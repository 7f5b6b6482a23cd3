//! What ffmpeg writes, as packets with the times that the stream gave them.

use bytes::Bytes;
use container::{Demuxer, Event, Track};

use super::Packet;
use crate::clock::WallUs;

/// Takes packets out of ffmpeg's WebM.
#[derive(Debug)]
pub(super) struct Output {
    demuxer: Demuxer,
    track: Option<Track>,
    anchor_us: WallUs,
}

impl Output {
    pub(super) fn new(anchor_us: WallUs) -> Self {
        Self { demuxer: Demuxer::new(), track: None, anchor_us }
    }

    /// The next packets; `origin_ns` is the media time that was zero for ffmpeg.
    ///
    /// # Errors
    /// When ffmpeg has written something else.
    pub(super) fn take(
        &mut self,
        bytes: Bytes,
        origin_ns: i64,
    ) -> Result<Vec<Packet>, container::Error> {
        self.demuxer.push(bytes);
        let mut packets = Vec::new();
        while let Some(event) = self.demuxer.poll()? {
            match event {
                Event::Init(init) => self.track = init.tracks.first().cloned(),
                Event::Sample(sample) => {
                    let Some(track) = &self.track else { continue };
                    // The encoder's own delay is in the file's header, and taken off here. Some
                    // versions of ffmpeg have taken it off already: 6.5 ms, which nobody hears.
                    let at_ns = track.to_nanos(sample.pts) + origin_ns;
                    // One that is kept must not keep all that was read with it.
                    let data = Bytes::copy_from_slice(&sample.data);
                    packets.push(Packet { anchor_us: self.anchor_us, at_ns, data });
                }
                Event::Config { .. } => {}
            }
        }
        Ok(packets)
    }
}
