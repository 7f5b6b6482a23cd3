//! Progressive MP4: samples that an index lists and that lie anywhere in the file.

mod blocks;
mod edits;
mod reading;
pub(crate) mod tables;
mod walk;

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;

use crate::blank::{BLANK, is_blank};
use crate::demux::Demuxer;
use crate::error::{Damage, Damages, Error, ErrorKind, Fault};
use crate::fmp4::demux::MAX_SAMPLE_BYTES;
use crate::fmp4::syntax::MAX_HEADER_BYTES;
use crate::fmp4::tracks::{Defaults, read_others};
use crate::notes::Notes;
use crate::refine::Refiner;
use crate::sample::{Container, Event, Init, Track};
use blocks::{Blocks, Missing};
use reading::{Next, Reading};
pub(crate) use walk::MAX_INDEX_BYTES;
use walk::{Walk, Walked};

/// Fragments are read from front to back, in pieces.
const PIECE_BYTES: u64 = 1 << 20;

/// What lies at more places at once than blocks are kept is read again: no recorder makes that, and
/// a file of as many tracks as there may be a few times over.
const MAX_READS: u64 = 16;

/// Reads a progressive MP4 (ISO 14496-12) by seeking: it says which bytes of the file it needs, and
/// hands out the samples in the order of their times, however they lie.
#[derive(Debug)]
pub struct MovieDemuxer {
    state: State,
    file_bytes: u64,
    /// Before where its media lies, fragments apart.
    end: u64,
    /// Where its boxes end, or what of it lies behind them.
    read_to: u64,
    asked: Option<Asked>,
    /// What was asked for last, where it is no block.
    given: Option<(u64, Bytes)>,
    blocks: Blocks,
    readings: Vec<Reading>,
    tracks: Vec<Track>,
    /// Those that are neither audio nor video, for the fragments.
    others: Vec<(u32, Defaults)>,
    refiner: Refiner,
    events: VecDeque<Event>,
    damages: Damages,
    /// Where the index lies, for what is wrong with it.
    index_at: u64,
    handed_bytes: u64,
    /// Blocks that were asked for.
    read_bytes: u64,
    missing_bytes: u64,
    duration_ns: i64,
    notes: Notes,
    /// Whether nothing says where the file begins from which the index counts.
    is_doubted: bool,
    /// Where its first box stands.
    begins_at: u64,
}

/// What a [`MovieDemuxer`] has come to.
#[derive(Debug, Clone, PartialEq)]
pub enum MovieStep {
    /// It goes on with these bytes of the file: [`MovieDemuxer::give`].
    Need {
        /// From the start of the file.
        offset: u64,
        /// How many; all of them lie inside the file.
        bytes: usize,
    },
    /// Something was found, as [`crate::Demuxer::poll`] would find it in a stream.
    Event(Event),
    /// The samples are in fragments: the file is a stream, and [`crate::Demuxer`] reads it.
    Fragmented,
    /// All samples were handed out.
    End {
        /// Where the movie ends; before the end of the file where something else begins.
        offset: u64,
    },
}

#[derive(Debug)]
enum State {
    Walking(Walk),
    /// Whether the media lies where the index says, and whether fragments follow.
    Doubted(bool),
    /// Whether fragments follow.
    Samples(bool),
    /// The fragments, and how far they are read.
    Fragments(Box<Demuxer>, u64),
}

#[derive(Debug, Clone, Copy)]
enum Asked {
    Piece(u64, usize),
    Block(Missing),
}

impl MovieDemuxer {
    /// A reader of a file of so many bytes.
    #[must_use]
    pub fn new(file_bytes: u64) -> Self {
        Self {
            state: State::Walking(Walk::default()),
            file_bytes,
            end: file_bytes,
            read_to: 0,
            asked: None,
            given: None,
            blocks: Blocks::new(file_bytes),
            readings: Vec::new(),
            tracks: Vec::new(),
            others: Vec::new(),
            refiner: Refiner::new(&[]),
            events: VecDeque::new(),
            damages: Damages::default(),
            index_at: 0,
            handed_bytes: 0,
            read_bytes: 0,
            missing_bytes: 0,
            duration_ns: 0,
            notes: Notes::default(),
            is_doubted: false,
            begins_at: 0,
        }
    }

    /// A reader of a file of so many bytes of which only the index was found, at `index_at`: what
    /// stands in front of it cannot be read. It is an error of [`Self::poll`] in front of the first
    /// event unless media begins where the index says, since one that counts from elsewhere would
    /// make samples of any bytes.
    #[must_use]
    pub fn around_index(file_bytes: u64, index_at: u64) -> Self {
        let state = State::Walking(Walk::from(index_at));
        Self { state, is_doubted: true, begins_at: index_at, ..Self::new(file_bytes) }
    }

    /// Where the first box stands that it was read by: zero, but for [`Self::around_index`].
    #[must_use]
    pub fn begins_at(&self) -> u64 {
        self.begins_at
    }

    /// What is next.
    ///
    /// # Errors
    /// When the file has no index that can be read.
    pub fn poll(&mut self) -> Result<MovieStep, Error> {
        loop {
            if !matches!(self.state, State::Doubted(_))
                && let Some(event) = self.events.pop_front()
            {
                return Ok(MovieStep::Event(event));
            }
            if let Some(asked) = self.asked {
                let (offset, bytes) = match asked {
                    Asked::Piece(offset, bytes) => (offset, bytes),
                    Asked::Block(missing) => (missing.offset, missing.bytes),
                };
                return Ok(MovieStep::Need { offset, bytes });
            }
            match &mut self.state {
                State::Walking(walk) => match walk.go_on(self.end, self.given.take())? {
                    Walked::Need(offset, bytes) => self.asked = Some(Asked::Piece(offset, bytes)),
                    Walked::Fragmented => return Ok(MovieStep::Fragmented),
                    Walked::Movie { index, index_at, boxes_end, end, is_continued } => {
                        (self.end, self.read_to) = (end, boxes_end);
                        self.index_at = index_at;
                        let may_continue = self.begin(&index).map_err(|f| f.at(index_at))?;
                        let is_continued = is_continued && may_continue;
                        self.state = match self.is_doubted {
                            true => State::Doubted(is_continued),
                            false => State::Samples(is_continued),
                        };
                    }
                },
                &mut State::Doubted(is_continued) => {
                    if self.believe()? {
                        self.state = State::Samples(is_continued);
                    }
                }
                &mut State::Samples(is_continued) => {
                    if self.sample() {
                        continue;
                    }
                    if !is_continued {
                        return Ok(MovieStep::End { offset: self.read_to });
                    }
                    let tracks = std::mem::take(&mut self.tracks);
                    let others = std::mem::take(&mut self.others);
                    let ends = self.readings.drain(..).map(Reading::into_end_dts).collect();
                    let demuxer = Demuxer::behind_index(tracks, others, ends, self.end);
                    self.state = State::Fragments(Box::new(demuxer), self.end);
                }
                State::Fragments(..) => {
                    if let Some(step) = self.fragments()? {
                        return Ok(step);
                    }
                }
            }
        }
    }

    /// Looks whether a media box begins in front of the first sample. Whether that is known.
    fn believe(&mut self) -> Result<bool, Error> {
        let nexts = self.readings.iter().filter_map(Reading::next);
        let first_at = nexts.map(|next| next.row.offset).min().filter(|&at| at <= self.end);
        let is_elsewhere = || Fault::malformed("moov").at(self.index_at);
        let first_at = first_at.ok_or_else(is_elsewhere)?;
        let from = first_at.saturating_sub(MAX_HEADER_BYTES as u64);
        let Some((_, head)) = self.given.take() else {
            self.asked = Some(Asked::Piece(from, (first_at - from) as usize));
            return Ok(false);
        };
        let media_at = match &head[..] {
            [.., b'm', b'd', b'a', b't'] => first_at.saturating_sub(8),
            [0, 0, 0, 1, b'm', b'd', b'a', b't', ..] => from,
            _ => return Err(is_elsewhere()),
        };
        self.begins_at = self.begins_at.min(media_at);
        Ok(true)
    }

    /// Goes on in the fragments.
    fn fragments(&mut self) -> Result<Option<MovieStep>, Error> {
        let State::Fragments(demuxer, at) = &mut self.state else { return Ok(None) };
        let has_ended = *at >= self.file_bytes;
        if let Some((_, bytes)) = self.given.take() {
            *at += bytes.len() as u64;
            // A file that has become shorter ends here.
            if bytes.is_empty() {
                self.file_bytes = *at;
            }
            demuxer.push(bytes);
        } else if has_ended {
            demuxer.end();
        }
        let event = demuxer.poll()?;
        while let Some(damage) = demuxer.damage() {
            let Error { kind, offset, element } = damage.error;
            if kind == ErrorKind::NotFragmented && element == "ftyp" {
                // A movie of its own, and what was found behind its beginning is in it.
                return Ok(Some(MovieStep::End { offset }));
            }
            self.damages.add(damage.error, damage.bytes);
        }
        match event {
            Some(event) => return Ok(Some(MovieStep::Event(event))),
            None if has_ended => return Ok(Some(MovieStep::End { offset: self.file_bytes })),
            None => {
                let bytes = (self.file_bytes - *at).min(PIECE_BYTES) as usize;
                if bytes > 0 {
                    self.asked = Some(Asked::Piece(*at, bytes));
                }
            }
        }
        Ok(None)
    }

    /// The bytes that [`MovieStep::Need`] asked for. Fewer mean that the file has become shorter.
    pub fn give(&mut self, bytes: Bytes) {
        match self.asked.take() {
            Some(Asked::Piece(offset, wanted)) => {
                if bytes.len() < wanted && !matches!(self.state, State::Fragments(..)) {
                    self.end = offset + bytes.len() as u64;
                }
                self.given = Some((offset, bytes));
            }
            Some(Asked::Block(missing)) => {
                if bytes.len() < missing.bytes {
                    self.end = missing.offset + bytes.len() as u64;
                }
                self.blocks.keep(missing, bytes);
            }
            None => {}
        }
    }

    /// What had to be left out, oldest first.
    pub fn damage(&mut self) -> Option<Damage> {
        self.damages.take()
    }

    /// How long the movie says it is, in nanoseconds; zero until that is known.
    #[must_use]
    pub fn duration_ns(&self) -> i64 {
        self.duration_ns
    }

    /// What is not handed out, as far as it is known by now.
    #[must_use]
    pub fn notes(&self) -> Notes {
        match &self.state {
            State::Fragments(demuxer, _) => self.notes.and_again(demuxer.notes()),
            State::Walking(_) | State::Doubted(_) | State::Samples(_) => self.notes,
        }
    }

    /// Begins with what the index says. Whether fragments may follow.
    fn begin(&mut self, index: &Bytes) -> Result<bool, Fault> {
        let movie = reading::read(index, self.file_bytes)?;
        let beyond = movie.readings.iter().map(Reading::beyond_bytes);
        self.missing_bytes = beyond.fold(0, u64::saturating_add);
        for fault in movie.faults {
            self.damages.add(fault.at(self.index_at), 0);
        }
        if movie.tracks.is_empty() {
            return Err(Fault { kind: ErrorKind::NoTracks, element: "moov" });
        }
        // Where fragments follow it is that of the first part.
        self.duration_ns = if movie.may_continue { 0 } else { movie.duration_ns };
        self.notes = movie.notes;
        self.readings = movie.readings;
        self.tracks.clone_from(&movie.tracks);
        self.others = read_others(index, &movie.tracks);
        self.refiner = Refiner::new(&movie.tracks);
        let (source, output) = (Container::Mp4, Container::Mp4);
        let init = Init { source, output, tracks: movie.tracks, bytes: Bytes::new() };
        self.events.push_back(Event::Init(Arc::new(init)));
        Ok(movie.may_continue)
    }

    /// Queues the sample that is decoded next, or asks for its block. Whether there is one.
    fn sample(&mut self) -> bool {
        let earliest = self.readings.iter().enumerate().filter_map(|(index, reading)| {
            let next = reading.next()?;
            Some((next.at_ns, next.row.offset, index))
        });
        let Some((_, _, index)) = earliest.min() else {
            if self.missing_bytes > 0 {
                let missing = std::mem::take(&mut self.missing_bytes);
                self.damages.add(Fault::truncated("mdat").at(self.end), missing);
            }
            return false;
        };
        let reading = &mut self.readings[index];
        let Some(&Next { row, .. }) = reading.next() else { return false };
        let lies_inside = row.offset.saturating_add(row.size.into()) <= self.end;
        if !lies_inside || row.size > MAX_SAMPLE_BYTES || row.size == 0 {
            if !lies_inside {
                self.missing_bytes = self.missing_bytes.saturating_add(row.size.into());
            } else if row.size > 0 {
                let error = Error::new(ErrorKind::TooLarge, row.offset, "sample");
                self.damages.add(error, row.size.into());
            }
            self.advance(index);
            return true;
        }
        if !reading.has_description(row.description, &self.tracks[index]) {
            let error = Error::new(ErrorKind::UnsupportedCodec, row.offset, "stsd");
            self.damages.add(error, row.size.into());
            self.advance(index);
            return true;
        }
        if self.handed_bytes + u64::from(row.size) > self.end {
            // No recorder names a byte twice; a few that do could fill a disk.
            self.damages.add(Fault::malformed("stsz").at(self.index_at), 0);
            self.readings.iter_mut().for_each(Reading::give_up);
            return true;
        }
        let data = match self.blocks.get(row.offset, row.size) {
            Ok(data) => data,
            Err(missing) => {
                self.read_bytes += missing.bytes as u64;
                if self.read_bytes > self.file_bytes.saturating_mul(MAX_READS) {
                    // A few bytes of the index would cost a block each.
                    self.damages.add(Fault::malformed("stco").at(self.index_at), 0);
                    self.readings.clear();
                    return true;
                }
                self.asked = Some(Asked::Block(missing));
                return true;
            }
        };
        self.handed_bytes += u64::from(row.size);
        if is_blank(&self.tracks[index].codec, &data) {
            self.damages.add(Fault::malformed(BLANK).at(row.offset), row.size.into());
            self.advance(index);
            return true;
        }
        self.read_to = self.read_to.max(row.offset + u64::from(row.size));
        if let Some(config) = reading.describe(row.description, &self.tracks[index]) {
            self.tracks[index] = config.clone();
            self.refiner.describe(index, &config);
            self.events.push_back(Event::Config { track: index, config: Box::new(config) });
        }
        let mut sample = self.readings[index].to_sample(&row, index, data);
        self.events.extend(self.refiner.refine(&mut sample));
        self.events.push_back(Event::Sample(sample));
        self.advance(index);
        true
    }

    fn advance(&mut self, index: usize) {
        if let Err(fault) = self.readings[index].advance() {
            self.damages.add(fault.at(self.index_at), 0);
        }
    }
}
