//! From a stream of either family to events.

use std::sync::Arc;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::blank::{BLANK, is_blank};
use crate::byte_queue::{ByteQueue, Sign};
use crate::error::{Damage, Damages, Error, ErrorKind, Fault, Landmark, Search};
use crate::fmp4::tracks::Defaults;
use crate::notes::Notes;
use crate::refine::Refiner;
use crate::sample::{Event, Found, Init, Sample, Track};
use crate::thrift::Thrift;
use crate::{fmp4, webm};

/// Enough bytes to tell the families apart.
const SIGNATURE_BYTES: usize = 8;

/// The first byte of EBML's id, and those of `moov` and `ftyp`, behind the size.
const SIGN: Sign = Sign([(0, 0x1A), (4, b'm'), (4, b'f')]);

/// A push parser for MediaRecorder streams: WebM, Matroska and fragmented MP4, told apart by the
/// first bytes. The pieces pushed can begin and end anywhere.
#[derive(Debug)]
pub struct Demuxer {
    input: ByteQueue,
    format: Format,
    refiner: Refiner,
    /// Behind the configuration that was handed out last.
    next: Option<Sample>,
    failed: Option<Error>,
    /// What was left out between one header and the next.
    damages: Damages,
    /// Of the streams in front of this one.
    notes: Notes,
    /// Where no stream begins, it is looked for.
    search: Option<Search>,
    landmark: Landmark,
    has_ended: bool,
    thrift: Thrift,
    /// Up to where the stream was weighed by it.
    weighed_to: u64,
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
    /// The parser's state there; opaque.
    pub state: ResumeState,
}

/// Some tens of bytes, one of them for each sample: as many as there mostly are need no allocation.
pub type ResumeState = SmallVec<[u8; 32]>;

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
            next: None,
            failed: None,
            damages: Damages::default(),
            notes: Notes::default(),
            search: None,
            landmark: Landmark::default(),
            has_ended: false,
            thrift: Thrift::default(),
            weighed_to: 0,
        }
    }

    /// A parser of what a crash or a careless program has left, at its start. Nothing is an error
    /// of [`Self::poll`]: what cannot be read on is [damage](Self::damage) up to the next place at
    /// which something begins, be it gigabytes away, and so is what stands in front of the first
    /// header.
    #[must_use]
    pub fn salvaging() -> Self {
        let mut demuxer = Self::new();
        demuxer.damages.is_patient = true;
        demuxer
    }

    /// A parser of the fragments behind a movie, at this offset of the file: the samples that the
    /// movie's index lists itself were read by it.
    pub(crate) fn behind_index(
        tracks: Vec<Track>,
        others: Vec<(u32, Defaults)>,
        next_dts: Vec<i64>,
        at: u64,
    ) -> Self {
        let mut demuxer = Self::salvaging();
        demuxer.input.set_position(at);
        demuxer.refiner = Refiner::new(&tracks);
        let mut mp4 = fmp4::demux::Demuxer::behind_index(tracks, others, next_dts);
        mp4.damages.is_patient = true;
        demuxer.format = Format::Mp4(mp4);
        demuxer
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
            Format::Mp4(mp4) => {
                mp4.set_descriptions(tracks);
                mp4.restore(point.position, &point.state).map(|()| mp4.tracks())
            }
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
        if let Some(sample) = self.next.take() {
            return Ok(Some(Event::Sample(sample)));
        }
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        loop {
            match self.step() {
                Ok(Some(event)) => {
                    if !self.leaves_out(&event) {
                        return Ok(Some(event));
                    }
                }
                Ok(None) if self.has_ended && self.end_format() => {}
                Ok(None) => return Ok(None),
                Err(error) if self.damages.is_patient => self.leave(&error),
                Err(error) => {
                    self.failed = Some(error.clone());
                    return Err(error);
                }
            }
        }
    }

    /// Whether it is a sample of zeros, where such are looked for.
    fn leaves_out(&mut self, event: &Event) -> bool {
        let (true, Event::Sample(sample)) = (self.damages.is_patient, event) else { return false };
        let tracks = match &self.format {
            Format::Unknown => &[],
            Format::Webm(webm) => webm.tracks(),
            Format::Mp4(mp4) => mp4.tracks(),
        };
        let codec = tracks.get(sample.track).map_or("", |track| track.codec.as_str());
        if !is_blank(codec, &sample.data) {
            return false;
        }
        let bytes = sample.data.len() as u64;
        let at = self.input.position().saturating_sub(bytes);
        self.damages.add(Fault::malformed(BLANK).at(at), bytes);
        true
    }

    /// Says that no more bytes will come: [`Self::poll`] gives what can still be had, and what is
    /// not whole becomes damage.
    pub fn end(&mut self) {
        self.has_ended = true;
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
        self.damages.take().or_else(|| self.format.damages()?.take())
    }

    /// What is not handed out, as far as it is known by now. A parser that [resumes](Self::resume)
    /// knows of the header's tracks, and of nothing else in front of its place.
    #[must_use]
    pub fn notes(&self) -> Notes {
        let own = match &self.format {
            Format::Unknown => Notes::default(),
            Format::Webm(webm) => webm.notes,
            Format::Mp4(mp4) => mp4.notes,
        };
        self.notes.and_again(own)
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

    /// Looks for the next header, if that is what is to be done.
    fn find_header(&mut self) -> Result<bool, Error> {
        let Some(search) = self.search else { return Ok(true) };
        if search.go_on(&mut self.input, &mut self.damages, |input| input.seek(SIGN, is_header))? {
            self.search = None;
            self.landmark.note(&self.input);
        }
        Ok(self.search.is_none())
    }

    /// Leaves what cannot be read on for the next header.
    fn leave(&mut self, error: &Error) {
        while let Some(damage) = self.format.damages().and_then(Damages::take) {
            self.damages.add(damage.error, damage.bytes);
        }
        self.landmark.leave(&mut self.input, &mut self.damages, error);
        let fault = Fault { kind: error.kind, element: error.element };
        self.search = Some(Search { fault, from: error.offset });
        self.notes = self.notes();
        self.format = Format::Unknown;
    }

    /// Tells the parser that nothing more comes; whether there is still something to be read.
    fn end_format(&mut self) -> bool {
        match &mut self.format {
            Format::Unknown => {
                let search = self.search.map(|search| search.fault);
                let fault = search.unwrap_or(Fault::truncated("the first bytes"));
                self.damages.add_rest(&mut self.input, fault);
                false
            }
            Format::Webm(webm) => webm.end(&mut self.input),
            Format::Mp4(mp4) => mp4.end(&mut self.input),
        }
    }

    fn step(&mut self) -> Result<Option<Event>, Error> {
        if let Format::Unknown = self.format {
            if !self.find_header()? {
                return Ok(None);
            }
            let mut signature = [0; SIGNATURE_BYTES];
            if self.input.peek(&mut signature) < SIGNATURE_BYTES {
                return Ok(None);
            }
            self.format = recognise(&signature, self.input.position())?;
            if let Some(damages) = self.format.damages() {
                damages.is_patient = self.damages.is_patient;
            }
        }
        let found = match &mut self.format {
            Format::Unknown => None,
            Format::Webm(webm) => webm.poll(&mut self.input)?,
            Format::Mp4(mp4) => mp4.poll(&mut self.input)?,
        };
        Ok(match found {
            None => None,
            Some(Found::Init(init)) => {
                self.refiner = Refiner::new(&init.tracks);
                Some(Event::Init(Arc::new(init)))
            }
            Some(Found::Described(track, config)) => {
                self.refiner.describe(track, &config);
                Some(Event::Config { track, config })
            }
            Some(Found::Sample(mut sample)) => {
                let position = self.input.position();
                self.thrift.pass(position.saturating_sub(self.weighed_to));
                self.weighed_to = position;
                self.thrift.keep(&mut sample.data);
                match self.refiner.refine(&mut sample) {
                    None => Some(Event::Sample(sample)),
                    changed => {
                        self.next = Some(sample);
                        changed
                    }
                }
            }
        })
    }
}

impl Format {
    fn damages(&mut self) -> Option<&mut Damages> {
        match self {
            Self::Unknown => None,
            Self::Webm(webm) => Some(&mut webm.damages),
            Self::Mp4(mp4) => Some(&mut mp4.damages),
        }
    }
}

/// Whether a header of either family begins here.
fn is_header(bytes: &[u8; fmp4::demux::LANDMARK_BYTES]) -> bool {
    fmp4::demux::is_header(bytes) || bytes.first_chunk().is_some_and(webm::demux::is_header)
}

fn recognise(signature: &[u8; SIGNATURE_BYTES], at: u64) -> Result<Format, Error> {
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
    Err(Error::new(ErrorKind::NotMedia, at, "the first bytes"))
}
