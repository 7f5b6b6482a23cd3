//! Samples that a `moof` has announced, taken out of the `mdat` behind it.

use bytes::Bytes;

use super::{Demuxer, MAX_SAMPLE_BYTES, malformed};
use crate::byte_queue::ByteQueue;
use crate::error::{Error, ErrorKind};
use crate::fmp4::fragment::OTHER_TRACK;
use crate::fmp4::syntax::Header;
use crate::sample::{Found, Kind, Sample};

pub(super) enum Step {
    Found(Found),
    Wait,
    /// One was left out or passed over.
    Next,
    Done,
}

impl Demuxer {
    /// Samples of which the data did not come before the next fragment.
    pub(super) fn leave_out_announced(&mut self, at: u64) {
        // None of it has come.
        if self.announced.drain(..).any(|sample| sample.size > 0) {
            self.damages.add(malformed(at, "moof before the last one's data"), 0);
        }
    }

    pub(super) fn begin_mdat(
        &mut self,
        header: Header,
        at: u64,
        position: u64,
    ) -> Result<(), Error> {
        if !self.complete {
            // Media in front of its index: a file that was meant to be read from a disk.
            return Err(Error::new(ErrorKind::NotFragmented, at, "mdat"));
        }
        self.dts_before = None;
        let end = header.size.map(|size| position.saturating_add(size));
        self.mdat_end = Some(end.unwrap_or(u64::MAX));
        Ok(())
    }

    pub(super) fn next_sample(&mut self, input: &mut ByteQueue, end: u64) -> Result<Step, Error> {
        let Some(&next) = self.announced.front().filter(|next| next.offset < end) else {
            return Ok(Step::Done);
        };
        let position = input.position();
        let left_out = match next.offset.checked_sub(position) {
            None => Some(malformed(position, "sample offset")),
            Some(_) if next.track != OTHER_TRACK && next.size > MAX_SAMPLE_BYTES => {
                Some(Error::new(ErrorKind::TooLarge, position, "sample"))
            }
            Some(_) if next.offset.saturating_add(next.size.into()) > end => {
                Some(malformed(position, "sample beyond its mdat"))
            }
            Some(_) => None,
        };
        if let Some(error) = left_out {
            self.announced.pop_front();
            // What there is of it is counted where it is passed over.
            self.damages.add(error, 0);
            return Ok(Step::Next);
        }
        let gap = next.offset - position;
        if gap > 0 {
            let passed = input.skip(gap);
            if passed > 0 {
                self.damages.add(malformed(position, "mdat"), passed);
            }
            if passed < gap {
                return Ok(Step::Wait);
            }
        }
        if next.track == OTHER_TRACK {
            return Ok(self.pass_other(input));
        }
        if next.description != self.descriptions[next.track]
            && let Some(track) = self.tracks[next.track].under(next.description)
        {
            self.descriptions[next.track] = next.description;
            return Ok(Step::Found(Found::Described(next.track, Box::new(track))));
        }
        let Some(data) = input.take(next.size as usize) else { return Ok(Step::Wait) };
        self.announced.pop_front();
        let track = &self.tracks[next.track];
        let dts = next.dts.saturating_sub(track.delay);
        Ok(Step::Found(Found::Sample(Sample {
            track: next.track,
            pts: dts.saturating_add(next.shift),
            dts,
            duration: Some(next.duration.into()),
            sync: next.sync || track.kind == Kind::Audio,
            data,
            block_extra: Bytes::new(),
        })))
    }

    /// Passes over the next sample, which is neither audio nor video.
    fn pass_other(&mut self, input: &mut ByteQueue) -> Step {
        let Some(next) = self.announced.front_mut() else { return Step::Done };
        let passed = input.skip(next.size.into());
        next.offset += passed;
        next.size -= passed as u32;
        if next.size > 0 {
            return Step::Wait;
        }
        self.announced.pop_front();
        Step::Next
    }
}
