//! Which files are open, and what goes into which.

use std::sync::Arc;

use super::stream::{
    Current, MAX_ANNOUNCED_BYTES, MAX_ANNOUNCED_PREVIOUS, MAX_PREVIOUS, MAX_SKEW_NS,
    MAX_WAITING_BYTES, MAX_WAITING_SAMPLES, Numbered, Previous, SAMPLE_BYTES, Stream,
};
use super::{Action, Planned, SegmentSpec, Segmenter, clock};
use crate::sample::{Container, Sample};

impl Segmenter {
    pub(super) fn lead_sample(
        &mut self,
        stream: &mut Stream,
        sample: Numbered,
        at_ns: i64,
        is_open: bool,
    ) {
        let is_sync = sample.sample.sync;
        let is_awaited = stream.current.is_none() && stream.lacks_parameter_sets();
        match &mut stream.current {
            None if !is_sync || is_awaited => return self.drop_undecodable(&sample),
            None => self.begin(stream, Some(&sample.sample)),
            Some(current) if !current.has_lead => {
                if !is_sync {
                    return self.drop_undecodable(&sample);
                }
                current.has_lead = true;
                current.start_ns = at_ns;
                if stream.config_changed || stream.broke_off_ns.is_some() {
                    self.cut(stream, at_ns);
                }
            }
            Some(current) => {
                let is_long_enough = at_ns - current.start_ns >= self.target_ns && !is_open;
                let is_new = stream.config_changed || stream.broke_off_ns.is_some();
                if is_sync && (is_long_enough || is_new) {
                    self.cut(stream, at_ns);
                }
            }
        }
        while let Some(previous) = stream.previous.front()
            && at_ns >= previous.cut_ns + MAX_SKEW_NS
            && !self.is_announced(stream, previous.number)
        {
            self.close_oldest(stream);
        }
        self.write_current(stream, sample);
    }

    pub(super) fn drop_undecodable(&mut self, sample: &Numbered) {
        self.undecodable_samples += 1;
        self.books.hand_out(sample.sample.track);
    }

    /// Whether the first of the waiting samples, which has this number, must go all the same.
    pub(super) fn is_over_waiting(&self, stream: &Stream, number: u64, is_off: bool) -> bool {
        // Times that jump far ahead must not hold everything else back.
        let is_announced = !is_off && self.is_announced(stream, number);
        let is_left_behind =
            !is_announced && self.books.pushed - number > MAX_WAITING_SAMPLES as u64;
        is_left_behind || stream.has_waited_enough(stream.max_skew_ns(), is_announced)
    }

    /// A sample of a track that does not decide where to cut.
    pub(super) fn other_sample(&mut self, stream: &mut Stream, sample: Numbered, at_ns: i64) {
        let Some(current) = &stream.current else { return };
        let has_lead = current.has_lead;
        let start_ns = current.start_ns;
        for previous in &mut stream.previous {
            if previous.is_over(at_ns) {
                previous.passed[sample.sample.track] = true;
            } else if !previous.passed[sample.sample.track] {
                let segment = previous.segment;
                return self.write(segment, sample);
            }
        }
        while stream.previous.front().is_some_and(|p| p.passed.iter().all(|&passed| passed)) {
            self.close_oldest(stream);
        }
        let is_alone = !has_lead || at_ns.saturating_sub(stream.lead_ns) > stream.max_silence_ns();
        if is_alone && at_ns - start_ns >= self.target_ns {
            self.cut(stream, at_ns);
            if let Some(current) = &mut stream.current {
                current.has_lead = false;
            }
        }
        self.write_current(stream, sample);
    }

    pub(super) fn write_current(&mut self, stream: &Stream, sample: Numbered) {
        if let Some(Current { segment, .. }) = stream.current {
            self.write(segment, sample);
        }
    }

    pub(super) fn write(&mut self, segment: u64, Numbered { sample, number }: Numbered) {
        let Some(file) = self.planned(segment) else { return };
        if let Some(spec) = file.unopened.take() {
            file.actions.push_back(Action::Open { segment, spec });
        }
        file.first_number = file.first_number.min(number);
        file.bytes += sample.data.len();
        file.actions.push_back(Action::Write { segment, sample });
    }

    pub(super) fn close(&mut self, segment: u64, end_ns: Option<i64>) {
        let Some(file) = self.planned(segment) else { return };
        match file.unopened {
            None => file.actions.push_back(Action::Close { segment, end_ns }),
            Some(_) => self.files.retain(|file| file.segment != segment),
        }
    }

    pub(super) fn planned(&mut self, segment: u64) -> Option<&mut Planned> {
        self.files.iter_mut().rev().find(|file| file.segment == segment)
    }

    /// Whether more of the time of the sample with this number is sure to come: an MP4 fragment
    /// names all of its samples in front, and no place to go on from lies inside of one.
    pub(super) fn is_announced(&self, stream: &Stream, number: u64) -> bool {
        let is_inside = || self.books.placed().is_some_and(|placed| placed <= number);
        self.is_patient || stream.init.source == Container::Mp4 && is_inside()
    }

    /// Closes the oldest file when too much is held back behind it: what still belongs to it goes
    /// to the next.
    pub(super) fn bound(&mut self, stream: &mut Stream) {
        let held = || self.files.iter().skip(1);
        let Some(previous) = stream.previous.front() else { return };
        let samples: usize = held().map(|file| file.actions.len()).sum();
        let bytes: usize = held().map(|file| file.bytes).sum();
        let is_too_much = match self.is_announced(stream, previous.number) {
            true => bytes + samples * SAMPLE_BYTES > MAX_ANNOUNCED_BYTES,
            false => samples > MAX_WAITING_SAMPLES || bytes > MAX_WAITING_BYTES,
        };
        if is_too_much {
            self.close_oldest(stream);
        }
    }

    /// Opens a stream's first file: with its first lead sample, or without one where audio has
    /// waited too long for it.
    pub(super) fn begin(&mut self, stream: &mut Stream, lead: Option<&Sample>) {
        let is_webm = stream.init.source == Container::Webm;
        let raw_ns = |sample: &Sample| {
            let track = &stream.tracks[sample.track];
            // What an edit list hides is in front of zero, and so is nothing else.
            let is_delayed = is_webm || sample.pts < 0;
            let raw = if is_delayed { sample.pts + track.delay.max(0) } else { sample.pts };
            track.to_nanos(if is_webm { raw } else { raw.min(sample.pts.max(0)) })
        };
        let lead_ns = lead.map(|lead| stream.shown_ns(lead));
        let waiting = stream.waiting.iter().map(|waiting| &waiting.sample);
        let waiting = waiting.filter(|sample| {
            lead_ns.is_none_or(|lead_ns| clock::is_beside(stream.shown_ns(sample), lead_ns))
        });
        let first_ns = waiting.chain(lead).map(raw_ns).min().unwrap_or(0);
        // A track whose first sample is still to come may begin a little earlier.
        let origin_ns = if (0..stream.max_start_ns()).contains(&first_ns) { 0 } else { first_ns };
        let begins_with = lead.or(stream.waiting.front().map(|waiting| &waiting.sample));
        let start_ns = begins_with.map_or(origin_ns, |sample| stream.shown_ns(sample));
        // What an edit list hides is no part of the file's length.
        let start_ns = start_ns.max(origin_ns);
        stream.config_changed = false;
        stream.broke_off_ns = None;
        stream.begun_ns = origin_ns;
        self.open(stream, origin_ns, start_ns, lead.is_some());
        stream.begun = true;
        self.release(stream);
    }

    pub(super) fn cut(&mut self, stream: &mut Stream, at_ns: i64) {
        stream.config_changed = false;
        let broke_off_ns = stream.broke_off_ns.take();
        let mut origin_ns = at_ns;
        if let Some(ended_ns) = broke_off_ns {
            self.clock_breaks += 1;
            origin_ns = stream.first_behind_break_ns(ended_ns, at_ns);
            stream.begun_ns = origin_ns;
            // What is on clocks before the last is told apart from nothing.
            while !stream.previous.is_empty() {
                self.close_oldest(stream);
            }
        }
        if let Some(current) = stream.current.take() {
            let passed = (0..stream.tracks.len()).map(|track| track == stream.lead).collect();
            let segment = current.segment;
            // The sample in front of which it is cut is pushed already.
            let number = self.books.pushed.saturating_sub(1);
            let previous = Previous { segment, cut_ns: at_ns, number, broke_off_ns, passed };
            let alone = previous.passed.iter().all(|&passed| passed);
            stream.previous.push_back(previous);
            let first = stream.previous.front();
            let is_announced = first.is_some_and(|first| self.is_announced(stream, first.number));
            let most = if is_announced { MAX_ANNOUNCED_PREVIOUS } else { MAX_PREVIOUS };
            if stream.previous.len() > most {
                self.close_oldest(stream);
            }
            if alone {
                self.close_oldest(stream);
            }
        }
        self.open(stream, origin_ns, at_ns, true);
    }

    /// The clock of a stream breaks off that has no picture in its file.
    pub(super) fn break_off(&mut self, stream: &mut Stream, at_ns: i64) {
        stream.leave_clocks(stream.lead_ns);
        self.cut(stream, at_ns);
        while !stream.previous.is_empty() {
            self.close_oldest(stream);
        }
        if let Some(current) = &mut stream.current {
            current.has_lead = false;
        }
    }

    pub(super) fn open(
        &mut self,
        stream: &mut Stream,
        origin_ns: i64,
        start_ns: i64,
        has_lead: bool,
    ) {
        let segment = self.next_segment;
        self.next_segment += 1;
        let spec = Box::new(SegmentSpec {
            init: Arc::clone(&stream.init),
            tracks: stream.tracks.clone(),
            origin_ns,
            keeps_delay: !stream.begun,
        });
        self.files.push_back(Planned::new(segment, Some(spec)));
        stream.current = Some(Current { segment, start_ns, has_lead });
    }

    pub(super) fn close_oldest(&mut self, stream: &mut Stream) {
        if let Some(previous) = stream.previous.pop_front() {
            let end_ns = Some(previous.cut_ns).filter(|_| previous.broke_off_ns.is_none());
            self.close(previous.segment, end_ns);
        }
    }
}
