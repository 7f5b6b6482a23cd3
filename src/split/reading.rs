//! Goes through the input: as a stream, or by its index where it has one.

use anyhow::Result;
use container::{Damage, Demuxer, Error, ErrorKind, MovieDemuxer, MovieStep};

use super::cutting::Cutting;
use super::front::Front;
use super::source::Source;
use crate::interruption::Interruption;
use crate::progress::Progress;

/// What is read at once: little enough to be in a cache still, enough that calls cost nothing.
const READ_BYTES: usize = 256 << 10;

/// Reads all of it.
pub(super) fn read(mut source: Source, cutting: &mut Cutting, progress: &Progress) -> Result<()> {
    let interruption = Interruption::watched()?;
    let reader = &mut Reader { source: &mut source, cutting, progress, interruption };
    let Some(total) = reader.source.total() else { return reader.pipe() };
    let beginnings = reader.source.beginnings()?;
    let ends = beginnings.iter().skip(1).copied().chain([total]);
    for (&from, to) in beginnings.iter().zip(ends) {
        let mut at = from;
        while at < to {
            at = reader.recording(at, to)?;
        }
    }
    let grown = reader.source.grown()?;
    grown.iter().for_each(|name| reader.cutting.grown(name));
    Ok(())
}

struct Reader<'a> {
    source: &'a mut Source,
    cutting: &'a mut Cutting,
    progress: &'a Progress,
    interruption: Interruption,
}

/// How a movie was read.
enum Movie {
    /// By its index, up to here.
    Read(u64),
    /// It is a stream.
    Stream,
    /// It has no index that can be read.
    Lost(Error),
}

/// A part of the files that is read as a stream.
struct Stretch {
    from: u64,
    to: u64,
    /// Up to where it was read.
    at: u64,
    front: Front,
}

impl Reader<'_> {
    /// A pipe, which only goes on.
    fn pipe(&mut self) -> Result<()> {
        let mut demuxer = Demuxer::salvaging();
        let read = self.pipe_to_end(&mut demuxer);
        self.cutting.note(demuxer.notes());
        read
    }

    fn pipe_to_end(&mut self, demuxer: &mut Demuxer) -> Result<()> {
        loop {
            let bytes = self.source.read_pipe(READ_BYTES, &self.interruption)?;
            if bytes.is_empty() {
                if self.interruption.is_there() {
                    self.cutting.interrupt();
                }
                break;
            }
            self.progress.advance(bytes.len());
            demuxer.push(bytes);
            self.take(demuxer, None)?;
            if self.interruption.is_there() {
                self.cutting.interrupt();
                break;
            }
        }
        demuxer.end();
        self.take(demuxer, None)?;
        Ok(())
    }

    /// One recording out of the files, or several in one stream. Where it ends.
    fn recording(&mut self, from: u64, to: u64) -> Result<u64> {
        let mut front = Front::default();
        if self.may_be_movie(from)? {
            match self.movie(from, to)? {
                Movie::Read(end) => return self.behind_zeros(end, to),
                Movie::Stream => {}
                // Something else may stand behind it.
                Movie::Lost(error) => front = Front::of(error),
            }
        }
        let mut demuxer = Demuxer::salvaging();
        let mut stretch = Stretch { from, to, at: from, front };
        let read = self.stream(&mut demuxer, &mut stretch);
        self.end_front(&mut stretch, u64::MAX);
        self.cutting.note(demuxer.notes());
        read
    }

    fn stream(&mut self, demuxer: &mut Demuxer, stretch: &mut Stretch) -> Result<u64> {
        while stretch.at < stretch.to {
            self.interruption.check()?;
            let left = usize::try_from(stretch.to - stretch.at).unwrap_or(usize::MAX);
            let bytes = self.source.read_at(stretch.at, READ_BYTES.min(left))?;
            stretch.at += bytes.len() as u64;
            self.progress.advance(bytes.len());
            demuxer.push(bytes);
            if stretch.at == stretch.to {
                demuxer.end();
            }
            if let Some(at) = self.take(demuxer, Some(&mut *stretch))? {
                return Ok(at);
            }
        }
        Ok(stretch.to)
    }

    fn may_be_movie(&mut self, from: u64) -> Result<bool> {
        let head = self.source.read_at(from, 8)?;
        let firsts = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
        Ok(firsts.iter().any(|kind| head.ends_with(*kind)))
    }

    /// An MP4 with an index of its own, if it is one.
    fn movie(&mut self, from: u64, to: u64) -> Result<Movie> {
        let mut demuxer = MovieDemuxer::new(to - from);
        let read = self.samples(&mut demuxer, None, from, to);
        self.cutting.note(demuxer.notes());
        read
    }

    /// An index that stands at `index_at` in a stretch, where nothing in front of it says that a
    /// file begins there. Where the movie ends, if its media is found.
    fn around_index(&mut self, stretch: &mut Stretch, index_at: u64) -> Result<Option<u64>> {
        // The offsets count from where the file began: at what could not be read, or here.
        let zeros = [Some(stretch.from).filter(|_| stretch.front.is_all()), Some(index_at)];
        let to = stretch.to;
        for zero in zeros.into_iter().flatten() {
            let mut demuxer = MovieDemuxer::around_index(to - zero, index_at - zero);
            let read = self.samples(&mut demuxer, Some(&mut *stretch), zero, to);
            if let Movie::Read(end) = read? {
                self.cutting.note(demuxer.notes());
                self.progress.go_back(stretch.at - zero);
                return self.behind_zeros(end, to).map(Some);
            }
        }
        Ok(None)
    }

    /// Hands on what a movie that counts from `from` holds. Where it is found in a `stretch`, that
    /// has ended where the movie begins.
    fn samples(
        &mut self,
        demuxer: &mut MovieDemuxer,
        mut stretch: Option<&mut Stretch>,
        from: u64,
        to: u64,
    ) -> Result<Movie> {
        let mut has_begun = false;
        loop {
            let step = demuxer.poll();
            match &step {
                Err(error) if !has_begun => return Ok(Movie::Lost(error.clone())),
                Ok(MovieStep::Event(_)) if !has_begun => {
                    has_begun = true;
                    if let Some(stretch) = stretch.take() {
                        self.end_front(stretch, from + demuxer.begins_at());
                    }
                    self.cutting.expect(demuxer.duration_ns());
                }
                _ => {}
            }
            while has_begun && let Some(damage) = demuxer.damage() {
                self.leave_out(from, &damage);
            }
            match step {
                Ok(MovieStep::Need { offset, bytes }) => {
                    self.interruption.check()?;
                    let bytes = self.source.read_at(from + offset, bytes)?;
                    self.progress.advance(bytes.len());
                    demuxer.give(bytes);
                }
                Ok(MovieStep::Event(event)) => {
                    self.cutting.take(event)?;
                    self.say_finished()?;
                }
                Ok(MovieStep::Fragmented) => return Ok(Movie::Stream),
                Ok(MovieStep::End { offset }) => return Ok(Movie::Read(from + offset.max(1))),
                Err(error) => {
                    let bytes = (to - from).saturating_sub(error.offset);
                    self.leave_out(from, &Damage { bytes, error });
                    return Ok(Movie::Read(to));
                }
            }
        }
    }

    /// Zeros behind a movie are room that was kept, or what a power cut has made of it.
    fn behind_zeros(&mut self, from: u64, to: u64) -> Result<u64> {
        // The length of its first box can begin with zeros, too.
        if from < to && self.may_be_movie(from)? {
            return Ok(from);
        }
        let mut at = from;
        while at < to {
            self.interruption.check()?;
            let left = usize::try_from(to - at).unwrap_or(usize::MAX);
            let bytes = self.source.read_at(at, READ_BYTES.min(left))?;
            if let Some(zeros) = bytes.iter().position(|&byte| byte != 0) {
                let something_at = at + zeros as u64;
                // Of another movie's first box one to three of them are the length.
                for movie_at in (something_at.saturating_sub(3).max(from)..something_at).rev() {
                    if self.may_be_movie(movie_at)? {
                        return Ok(movie_at);
                    }
                }
                return Ok(something_at);
            }
            self.progress.advance(bytes.len());
            at += bytes.len() as u64;
        }
        Ok(to)
    }

    /// Hands on what was found. `Some` is where to go on in a file behind a movie in a stretch of
    /// it, or where one stands that can be read there.
    fn take(
        &mut self,
        demuxer: &mut Demuxer,
        mut stretch: Option<&mut Stretch>,
    ) -> Result<Option<u64>> {
        loop {
            let event = demuxer.poll()?;
            // What was left out stood in front of what was found.
            while let Some(damage) = demuxer.damage() {
                let Some(stretch) = stretch.as_deref_mut() else {
                    self.leave_out(0, &damage);
                    continue;
                };
                if damage.error.kind == ErrorKind::NotFragmented
                    && let Some(at) = self.movie_inside(stretch, &damage.error)?
                {
                    return Ok(Some(at));
                }
                if stretch.front.is_full() {
                    self.end_front(stretch, u64::MAX);
                }
                if let Some(damage) = stretch.front.hold(damage) {
                    self.leave_out(stretch.from, &damage);
                }
            }
            let Some(event) = event else {
                self.say_finished()?;
                return Ok(None);
            };
            if let Some(stretch) = stretch.as_deref_mut() {
                self.end_front(stretch, u64::MAX);
            }
            self.cutting.take(event)?;
        }
    }

    /// Where to go on, if a movie with an index stands where a stream could not be read on.
    fn movie_inside(&mut self, stretch: &mut Stretch, error: &Error) -> Result<Option<u64>> {
        let at = stretch.from + error.offset;
        let head = self.source.read_at(at, 8)?;
        if head.ends_with(b"ftyp") && error.offset > 0 {
            self.end_front(stretch, at);
            self.progress.go_back(stretch.at - at);
            return Ok(Some(at));
        }
        if head.ends_with(b"moov") { self.around_index(stretch, at) } else { Ok(None) }
    }

    /// Tells what of a stretch's front stands before `end`.
    fn end_front(&mut self, stretch: &mut Stretch, end: u64) {
        for damage in stretch.front.end(end.saturating_sub(stretch.from)) {
            self.leave_out(stretch.from, &damage);
        }
    }

    fn leave_out(&mut self, from: u64, damage: &Damage) {
        let Damage { error, bytes } = damage;
        let mut error = error.clone();
        if error.kind == ErrorKind::NotFragmented && self.source.total().is_some() {
            // A file can be read by an index, so this one is no good.
            (error.kind, error.element) = (ErrorKind::Malformed, "moov");
        }
        for (input, offset, bytes) in self.source.places(from + error.offset, *bytes) {
            self.cutting.leave_out((input, offset), bytes, &error);
        }
    }

    fn say_finished(&mut self) -> Result<()> {
        self.cutting.finished().iter().try_for_each(|path| self.progress.say(path))
    }
}
