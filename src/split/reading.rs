//! Goes through the input: as a stream, or by its index where it has one.

use anyhow::Result;
use container::{Damage, Demuxer, Error, ErrorKind, MovieDemuxer, MovieStep};

use super::cutting::Cutting;
use super::interruption::Interruption;
use super::progress::Progress;
use super::source::Source;

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
        if self.may_be_movie(from)?
            && let Movie::Read(end) = self.movie(from, to)?
        {
            return self.behind_zeros(end, to);
        }
        let mut demuxer = Demuxer::salvaging();
        let read = self.stream(&mut demuxer, from, to);
        self.cutting.note(demuxer.notes());
        read
    }

    fn stream(&mut self, demuxer: &mut Demuxer, from: u64, to: u64) -> Result<u64> {
        let mut at = from;
        while at < to {
            self.interruption.check()?;
            let left = usize::try_from(to - at).unwrap_or(usize::MAX);
            let bytes = self.source.read_at(at, READ_BYTES.min(left))?;
            at += bytes.len() as u64;
            self.progress.advance(bytes.len());
            demuxer.push(bytes);
            if at == to {
                demuxer.end();
            }
            if let Some(movie_at) = self.take(demuxer, Some(from))? {
                self.progress.go_back(at - movie_at);
                return Ok(movie_at);
            }
        }
        Ok(to)
    }

    fn may_be_movie(&mut self, from: u64) -> Result<bool> {
        let head = self.source.read_at(from, 8)?;
        let firsts = [b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"];
        Ok(firsts.iter().any(|kind| head.ends_with(*kind)))
    }

    /// An MP4 with an index of its own, if it is one.
    fn movie(&mut self, from: u64, to: u64) -> Result<Movie> {
        let mut demuxer = MovieDemuxer::new(to - from);
        let read = self.samples(&mut demuxer, from, to);
        self.cutting.note(demuxer.notes());
        read
    }

    fn samples(&mut self, demuxer: &mut MovieDemuxer, from: u64, to: u64) -> Result<Movie> {
        let mut is_expected = false;
        loop {
            let step = demuxer.poll();
            while let Some(damage) = demuxer.damage() {
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
                    if !is_expected {
                        is_expected = true;
                        self.cutting.expect(demuxer.duration_ns());
                    }
                    self.cutting.take(event)?;
                    self.say_finished()?;
                }
                Ok(MovieStep::Fragmented) => return Ok(Movie::Stream),
                Ok(MovieStep::End { offset }) => return Ok(Movie::Read(from + offset.max(1))),
                Err(mut error) => {
                    // Without its index nothing of it can be read, in front of the fault neither.
                    error.offset = 0;
                    self.leave_out(from, &Damage { bytes: to - from, error });
                    return Ok(Movie::Read(to));
                }
            }
        }
    }

    /// Zeros behind a movie are room that was kept, or what a power cut has made of it.
    fn behind_zeros(&mut self, from: u64, to: u64) -> Result<u64> {
        let mut at = from;
        while at < to {
            self.interruption.check()?;
            let left = usize::try_from(to - at).unwrap_or(usize::MAX);
            let bytes = self.source.read_at(at, READ_BYTES.min(left))?;
            if let Some(zeros) = bytes.iter().position(|&byte| byte != 0) {
                let something_at = at + zeros as u64;
                // The length of another movie's first box begins with three zeros.
                let movie_at = something_at.saturating_sub(3);
                let is_movie = movie_at >= from && self.may_be_movie(movie_at)?;
                return Ok(if is_movie { movie_at } else { something_at });
            }
            self.progress.advance(bytes.len());
            at += bytes.len() as u64;
        }
        Ok(to)
    }

    /// Hands on what was found. `Some` is where a movie stands in a stream that began at `from`,
    /// and can be read there.
    fn take(&mut self, demuxer: &mut Demuxer, from: Option<u64>) -> Result<Option<u64>> {
        let begins_at = from.unwrap_or(0);
        loop {
            let event = demuxer.poll()?;
            // What was left out stood in front of what was found.
            while let Some(damage) = demuxer.damage() {
                let Error { kind, offset, .. } = damage.error;
                if kind == ErrorKind::NotFragmented && offset > 0 && from.is_some() {
                    return Ok(Some(begins_at + offset));
                }
                self.leave_out(begins_at, &damage);
            }
            let Some(event) = event else {
                self.say_finished()?;
                return Ok(None);
            };
            self.cutting.take(event)?;
        }
    }

    fn leave_out(&mut self, from: u64, damage: &Damage) {
        let Damage { error, bytes } = damage;
        for (input, offset, bytes) in self.source.places(from + error.offset, *bytes) {
            self.cutting.leave_out((input, offset), bytes, error);
        }
    }

    fn say_finished(&mut self) -> Result<()> {
        self.cutting.finished().iter().try_for_each(|path| self.progress.say(path))
    }
}
