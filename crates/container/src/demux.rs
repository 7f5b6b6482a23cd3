//! From a stream of either family to events.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::byte_queue::ByteQueue;
use crate::error::{Damage, Error, ErrorKind, Fault};
use crate::refine::Refiner;
use crate::sample::{Event, Found, Init, Track};
use crate::{fmp4, webm};

/// Enough bytes to tell the families apart.
const SIGNATURE_BYTES: usize = 8;

/// A push parser for MediaRecorder streams: WebM, Matroska and fragmented MP4, told apart by the
/// first bytes. The pieces pushed can begin and end anywhere.
#[derive(Debug)]
pub struct Demuxer {
    input: ByteQueue,
    format: Format,
    refiner: Refiner,
    events: VecDeque<Event>,
    failed: Option<Error>,
}

#[derive(Debug)]
enum Format {
    Unknown,
    Webm(webm::demux::Demuxer),
    Mp4(fmp4::demux::Demuxer),
}

/// A position in a stream at which parsing can begin again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResumePoint {
    /// Bytes from the start of the stream. Every sample with a byte before it was handed out.
    pub position: u64,
    /// The parser's state there; opaque, some tens of bytes.
    pub state: Vec<u8>,
}

impl Default for Demuxer {
    fn default() -> Self {
        Self::new()
    }
}

impl Demuxer {
    /// A parser at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self {
            input: ByteQueue::default(),
            format: Format::Unknown,
            refiner: Refiner::new(&[]),
            events: VecDeque::new(),
            failed: None,
        }
    }

    /// A parser that goes on at `point` of the stream that began with `init` ([`crate::Init::bytes`]),
    /// when its `tracks` have become what they are now.
    ///
    /// # Errors
    /// When `init` is not an init segment or `point` was not made by this parser.
    pub fn resume(init: &Bytes, point: &ResumePoint, tracks: &[Track]) -> Result<Self, Error> {
        let mut demuxer = Self::new();
        demuxer.push(init.clone());
        while demuxer.poll()?.is_some() {}
        let restored = match &mut demuxer.format {
            Format::Unknown => Err(Fault::malformed("init segment")),
            Format::Webm(webm) => {
                webm.restore(point.position, &point.state).map(|()| webm.tracks())
            }
            Format::Mp4(mp4) => mp4.restore(point.position, &point.state).map(|()| mp4.tracks()),
        };
        let restored = restored.map_err(|fault| fault.at(point.position))?;
        let refiner = Refiner::resume(restored, tracks);
        demuxer.refiner = refiner;
        demuxer.input = ByteQueue::default();
        demuxer.input.set_position(point.position);
        Ok(demuxer)
    }

    /// Reads an init segment again ([`crate::Init::bytes`]).
    ///
    /// # Errors
    /// When it is none.
    pub fn read_init(init: &Bytes) -> Result<Init, Error> {
        let mut demuxer = Self::new();
        demuxer.push(init.clone());
        while let Some(event) = demuxer.poll()? {
            if let Event::Init(init) = event {
                return Ok(Arc::unwrap_or_clone(init));
            }
        }
        let read = match &mut demuxer.format {
            // Only the first cluster says that a WebM header is over.
            Format::Webm(webm) => webm.complete_header(),
            Format::Unknown | Format::Mp4(_) => Ok(None),
        };
        let read = read.and_then(|init| init.ok_or(Fault::malformed("init segment")));
        read.map_err(|fault| fault.at(0))
    }

    /// Adds the next bytes of the stream.
    pub fn push(&mut self, bytes: Bytes) {
        self.input.push(bytes);
    }

    /// The next event, or `None` until more bytes are pushed.
    ///
    /// # Errors
    /// When the stream cannot be read on; the same error from then on.
    pub fn poll(&mut self) -> Result<Option<Event>, Error> {
        if let Some(event) = self.events.pop_front() {
            return Ok(Some(event));
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let step = self.step();
        if let Err(error) = &step {
            self.failed = Some(error.clone());
        }
        step?;
        Ok(self.events.pop_front())
    }

    /// The last place at which parsing can begin again: in front of the event that [`Self::poll`]
    /// returned last, or behind everything when it returned `None`. `None` before the init
    /// segment is complete.
    #[must_use]
    pub fn resume_point(&self) -> Option<ResumePoint> {
        let boundary = match &self.format {
            Format::Unknown => None,
            Format::Webm(webm) => webm.boundary(),
            Format::Mp4(mp4) => mp4.boundary(),
        };
        boundary.map(|(position, state)| ResumePoint { position, state })
    }

    /// What had to be left out of the stream, oldest first; [`Self::poll`] has gone on behind it.
    ///
    /// A damaged block or fragment costs itself. Where even its end cannot be told, everything up
    /// to the next cluster or fragment is left out. What cannot be read on after that, and a
    /// damaged header, is an error of [`Self::poll`].
    pub fn damage(&mut self) -> Option<Damage> {
        match &mut self.format {
            Format::Unknown => None,
            Format::Webm(webm) => webm.damages.take(),
            Format::Mp4(mp4) => mp4.damages.take(),
        }
    }

    /// Bytes that were pushed and belong to nothing complete: what is lost if the stream ends here.
    #[must_use]
    pub fn incomplete_bytes(&self) -> u64 {
        let received = self.input.position() + self.input.len() as u64;
        let complete = match &self.format {
            Format::Unknown => 0,
            Format::Webm(webm) => webm.complete_to(),
            Format::Mp4(mp4) => mp4.complete_to(),
        };
        received - complete
    }

    fn step(&mut self) -> Result<(), Error> {
        if let Format::Unknown = self.format {
            let mut signature = [0; SIGNATURE_BYTES];
            if self.input.peek(&mut signature) < SIGNATURE_BYTES {
                return Ok(());
            }
            self.format = recognise(&signature)?;
        }
        let found = match &mut self.format {
            Format::Unknown => None,
            Format::Webm(webm) => webm.poll(&mut self.input)?,
            Format::Mp4(mp4) => mp4.poll(&mut self.input)?,
        };
        match found {
            None => {}
            Some(Found::Init(init)) => {
                self.refiner = Refiner::new(&init.tracks);
                self.events.push_back(Event::Init(Arc::new(init)));
            }
            Some(Found::Sample(sample)) => self.refiner.push(sample, &mut self.events),
        }
        Ok(())
    }
}

fn recognise(signature: &[u8; SIGNATURE_BYTES]) -> Result<Format, Error> {
    if signature.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
        return Ok(Format::Webm(webm::demux::Demuxer::new()));
    }
    let first_boxes = [
        b"ftyp", b"styp", b"moov", b"free", b"skip", b"wide", b"mdat", b"sidx", b"moof", b"emsg",
        b"prft", b"uuid", b"pdin", b"meta",
    ];
    if first_boxes.iter().any(|kind| signature.ends_with(*kind)) {
        return Ok(Format::Mp4(fmp4::demux::Demuxer::new()));
    }
    Err(Error::new(ErrorKind::NotMedia, 0, "the first bytes"))
}
