//! One stream's samples on their way to viewers: in groups of pictures, muxed once and only while
//! somebody watches, never waited for.

use std::sync::Arc;

use container::{Init, Kind, NANOS_PER_SECOND, Sample, SegmentSpec, Track};

use super::fragments::{Cursor, Delivery, Drift, Muxed, Place, at_ns};
use crate::clock::WallUs;

/// What is kept of a group of pictures for whoever joins: several seconds of any tablet's camera.
/// Of a longer group viewers see what comes, and who joins waits for the next.
pub(super) const MAX_GROUP_BYTES: usize = 8 << 20;

/// The same for streams of tiny samples.
const MAX_GROUP_SAMPLES: usize = 8000;

/// Sound alone has no groups; who joins hears this much of what was.
const SOUND_GROUP_NS: i64 = NANOS_PER_SECOND;

/// How far audio and video of one moment arrive apart at most.
const MAX_SKEW_NS: i64 = 3 * NANOS_PER_SECOND;

/// A group that was before a viewer came is handed out in pieces of this.
const PIECE_BYTES: usize = 64 << 10;

/// What a sample costs beside its bytes.
const SAMPLE_BYTES: usize = 128;

/// What is broadcast of one stream.
#[derive(Debug)]
pub(super) struct Broadcast {
    run: Option<Run>,
    runs: u64,
    /// A configuration has changed: the next group begins a run.
    is_changed: bool,
    /// Nothing can be decoded before the next group begins.
    is_waiting: bool,
    /// Something is missing in front of the next fragment.
    is_after_gap: bool,
    /// The newest group of pictures, from its key frame on; empty where it has grown too long.
    group: Vec<Sample>,
    group_bytes: usize,
    /// Samples that are in no fragment yet.
    pending: Vec<Sample>,
    /// Only while somebody watches.
    muxed: Option<Muxed>,
    viewers: usize,
}

/// Samples under one configuration.
#[derive(Debug)]
struct Run {
    generation: u32,
    init: Arc<Init>,
    tracks: Vec<Track>,
    /// The track whose sync samples begin groups: video, if there is any.
    lead: usize,
    /// Wall time of the generation's media time zero.
    anchor_us: WallUs,
    drift: Drift,
}

/// Cuts a group into pieces of some size: one message of all of it would stay in each viewer's
/// buffers.
fn in_pieces() -> impl FnMut(&Sample, &Sample) -> bool {
    let mut bytes = 0;
    move |before, _| {
        bytes += before.data.len();
        let goes_on = bytes < PIECE_BYTES;
        if !goes_on {
            bytes = 0;
        }
        goes_on
    }
}

impl Run {
    fn at_ns(&self, sample: &Sample) -> i64 {
        at_ns(&self.tracks, sample)
    }

    fn has_video(&self) -> bool {
        self.tracks.get(self.lead).is_some_and(|track| track.kind == Kind::Video)
    }

    /// Whether a group begins with the sample, when the one before began at `group_ns`.
    fn begins_group(&self, sample: &Sample, group_ns: Option<i64>) -> bool {
        let is_enough = |from_ns: i64| self.at_ns(sample) - from_ns >= SOUND_GROUP_NS;
        sample.track == self.lead
            && sample.sync
            && (self.has_video() || group_ns.is_none_or(is_enough))
    }
}

impl Default for Broadcast {
    fn default() -> Self {
        Self {
            run: None,
            runs: 0,
            is_changed: false,
            is_waiting: true,
            is_after_gap: false,
            group: Vec::new(),
            group_bytes: 0,
            pending: Vec::new(),
            muxed: None,
            viewers: 0,
        }
    }
}

impl Broadcast {
    /// What comes is of another stream of bytes.
    pub(super) fn begin(&mut self, generation: u32, init: Arc<Init>, anchor_us: WallUs) {
        let tracks = init.tracks.clone();
        self.go_on(generation, init, tracks, anchor_us);
    }

    /// The same, in the middle of it, when its tracks have become `tracks`.
    pub(super) fn go_on(
        &mut self,
        generation: u32,
        init: Arc<Init>,
        tracks: Vec<Track>,
        anchor_us: WallUs,
    ) {
        self.interrupt();
        let is_known =
            |run: &Run| run.generation == generation && run.init == init && run.tracks == tracks;
        if self.run.as_ref().is_some_and(is_known) {
            return;
        }
        let lead = tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0);
        self.run = Some(Run { generation, init, tracks, lead, anchor_us, drift: Drift::default() });
        self.is_changed = true;
    }

    /// Wall time is by so much later than the generation's anchor says.
    pub(super) fn set_drift(&mut self, drift_us: i64) {
        if let Some(run) = &self.run {
            run.drift.set_us(drift_us);
        }
    }

    /// A track's configuration changes with the sync sample that follows.
    pub(super) fn configure(&mut self, track: usize, config: &Track) {
        if let Some(run) = &mut self.run
            && let Some(known) = run.tracks.get_mut(track)
            && known != config
        {
            known.clone_from(config);
            self.flush();
            self.is_changed = true;
        }
    }

    /// What comes next does not follow what came: viewers go on with the next key frame.
    pub(super) fn interrupt(&mut self) {
        self.pending.clear();
        self.forget_group();
        self.is_waiting = true;
        self.is_after_gap = self.muxed.is_some();
    }

    /// Samples are kept as they are, and with them what they came in: of what a connection brings,
    /// no more at once than `demuxing` lets through.
    pub(super) fn push(&mut self, sample: &Sample) {
        let Some(run) = &self.run else { return };
        let group_ns = self.group.first().map(|first| run.at_ns(first));
        let begins_group = run.begins_group(sample, group_ns);
        if !begins_group && (self.is_waiting || self.is_changed) {
            return;
        }
        let bytes = sample.data.len() + sample.block_extra.len() + SAMPLE_BYTES;
        if begins_group {
            self.flush();
            self.forget_group();
            self.is_waiting = false;
            if std::mem::take(&mut self.is_changed) {
                self.runs += 1;
                self.muxed = None;
            }
            self.group.push(sample.clone());
            self.group_bytes = bytes;
        } else if !self.group.is_empty() {
            self.group_bytes += bytes;
            self.group.push(sample.clone());
            if self.group_bytes > MAX_GROUP_BYTES || self.group.len() > MAX_GROUP_SAMPLES {
                self.forget_group();
            }
        }
        if self.viewers > 0 {
            self.pending.push(sample.clone());
        }
    }

    /// Hands what was pushed to the viewers.
    pub(super) fn flush(&mut self) {
        if self.viewers == 0 {
            return;
        }
        let pending = std::mem::take(&mut self.pending);
        let Some(muxed) = &mut self.muxed else {
            // What is pending is in the group.
            return self.open();
        };
        if pending.is_empty() {
            return;
        }
        let is_key = pending.len() == self.group.len();
        let place = match std::mem::take(&mut self.is_after_gap) {
            true => Place::AfterGap,
            false if is_key => Place::Key,
            false => Place::Middle,
        };
        muxed.append(pending, place);
    }

    /// A viewer comes.
    pub(super) fn join(&mut self) -> Cursor {
        self.viewers += 1;
        if self.muxed.is_none() {
            self.open();
        }
        Cursor::default()
    }

    /// A viewer goes.
    pub(super) fn leave(&mut self) {
        self.viewers = self.viewers.saturating_sub(1);
        if self.viewers == 0 {
            self.muxed = None;
            self.pending.clear();
        }
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers
    }

    /// What the stream consists of, once that is known.
    pub(super) fn tracks(&self) -> Option<(&Init, &[Track])> {
        self.run.as_ref().map(|run| (&*run.init, &run.tracks[..]))
    }

    /// The newest group of pictures; empty where it has grown too long to be kept.
    pub(super) fn group(&self) -> Vec<Sample> {
        self.group.clone()
    }

    /// The next thing for a viewer; `None` while there is nothing new.
    pub(super) fn next(&self, cursor: &mut Cursor) -> Option<Delivery> {
        self.muxed.as_ref()?.next(cursor)
    }

    /// Begins to mux with the group that is there.
    fn open(&mut self) {
        let Some(run) = &self.run else { return };
        if self.group.is_empty() || self.is_changed {
            return;
        }
        let first_ns = self.group.iter().map(|sample| run.at_ns(sample)).min().unwrap_or(0);
        // Times before it do not exist for a player, and what comes next may be a little older.
        let origin_ns = first_ns - MAX_SKEW_NS;
        let (init, tracks) = (Arc::clone(&run.init), run.tracks.clone());
        let spec = SegmentSpec { init, tracks, origin_ns, keeps_delay: false };
        // What no container carries cannot be recorded either, and is said there.
        let Ok(mut muxed) =
            Muxed::new(self.runs, run.generation, run.anchor_us, run.drift.clone(), spec)
        else {
            return;
        };
        let mut pieces = self.group.chunk_by(in_pieces());
        muxed.append(pieces.next().unwrap_or_default().to_vec(), Place::Key);
        pieces.for_each(|piece| muxed.append(piece.to_vec(), Place::Middle));
        self.muxed = Some(muxed);
        self.is_after_gap = false;
    }

    fn forget_group(&mut self) {
        self.group.clear();
        self.group_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use container::{Demuxer, Event};

    use super::super::fragments::MAX_KEPT_BYTES;
    use super::*;

    const CAPTURE: &[u8] = include_bytes!("../../tests/captures/chromium-webm-vp8-opus.bin");

    /// A broadcast that a real stream goes through, a tenth of a second at a time.
    struct World {
        broadcast: Broadcast,
        coming: Vec<Vec<Sample>>,
        tracks: Vec<Track>,
    }

    fn world() -> World {
        let mut demuxer = Demuxer::new();
        demuxer.push(Bytes::from_static(CAPTURE));
        let mut broadcast = Broadcast::default();
        let mut batches: Vec<Vec<Sample>> = Vec::new();
        let (mut tracks, mut due_ns) = (Vec::new(), 0);
        while let Ok(Some(event)) = demuxer.poll() {
            match event {
                Event::Init(init) => {
                    tracks.clone_from(&init.tracks);
                    broadcast.begin(0, init, 0);
                }
                Event::Config { track, config } => broadcast.configure(track, &config),
                Event::Sample(sample) => {
                    let at_ns = tracks[sample.track].to_nanos(sample.pts);
                    if at_ns >= due_ns {
                        batches.push(Vec::new());
                        due_ns = at_ns + NANOS_PER_SECOND / 10;
                    }
                    batches.last_mut().unwrap().push(sample);
                }
            }
        }
        batches.reverse();
        World { broadcast, coming: batches, tracks }
    }

    impl World {
        /// The next tenth of a second; false at the end.
        fn pass(&mut self) -> bool {
            let Some(batch) = self.coming.pop() else { return false };
            batch.iter().for_each(|sample| self.broadcast.push(sample));
            self.broadcast.flush();
            true
        }

        fn all(&self, cursor: &mut Cursor) -> Vec<Delivery> {
            std::iter::from_fn(|| self.broadcast.next(cursor)).collect()
        }

        fn video(&self) -> usize {
            self.tracks.iter().position(|track| track.kind == Kind::Video).unwrap()
        }
    }

    fn fragments(deliveries: &[Delivery]) -> usize {
        deliveries.iter().filter(|delivery| matches!(delivery, Delivery::Fragment(_))).count()
    }

    /// What a viewer has got since its last init segment, demuxed.
    fn samples(deliveries: &[Delivery]) -> Vec<Sample> {
        let mut stream = Vec::new();
        for delivery in deliveries {
            match delivery {
                Delivery::Format(format) => stream = format.init.to_vec(),
                Delivery::Fragment(piece) => stream.extend_from_slice(&piece.bytes),
                Delivery::Skipped(_) => {}
            }
        }
        let mut demuxer = Demuxer::new();
        demuxer.push(stream.into());
        let events = std::iter::from_fn(|| demuxer.poll().unwrap());
        let samples = events.filter_map(|event| match event {
            Event::Sample(sample) => Some(sample),
            _ => None,
        });
        samples.collect()
    }

    #[test]
    fn nothing_is_muxed_while_nobody_watches() {
        let mut world = world();
        for _ in 0..50 {
            world.pass();
        }
        assert!(world.broadcast.muxed.is_none() && world.broadcast.pending.is_empty());
        let mut cursor = world.broadcast.join();
        let first = world.all(&mut cursor);
        assert!(matches!(first[0], Delivery::Format(_)));
        assert!(fragments(&first) >= 1, "the newest group, at once");
        assert!(samples(&first).iter().find(|s| s.track == world.video()).unwrap().sync);
        world.broadcast.leave();
        assert!(world.broadcast.muxed.is_none());
    }

    #[test]
    fn viewers_of_one_stream_share_what_is_made_once() {
        let mut world = world();
        for _ in 0..50 {
            world.pass();
        }
        let mut cursors = [world.broadcast.join(), world.broadcast.join()];
        let addresses = cursors.each_mut().map(|cursor| {
            let all = world.all(cursor);
            let Some(Delivery::Fragment(piece)) = all.last() else { panic!("no fragment") };
            piece.bytes.as_ptr()
        });
        assert_eq!(addresses[0], addresses[1]);
    }

    #[test]
    fn who_falls_behind_goes_on_with_the_newest_group_and_is_told() {
        let mut world = world();
        for _ in 0..20 {
            world.pass();
        }
        let (mut fast, mut slow) = (world.broadcast.join(), world.broadcast.join());
        let mut got = world.all(&mut slow);
        let mut whole = world.all(&mut fast);
        while world.pass() {
            whole.extend(world.all(&mut fast));
        }
        got.extend(world.all(&mut slow));
        let skipped: Vec<i64> = got
            .iter()
            .filter_map(|delivery| match delivery {
                Delivery::Skipped(ms) => Some(*ms),
                _ => None,
            })
            .collect();
        let [skipped_ms] = skipped[..] else { panic!("{skipped:?}") };
        assert!((8_000..15_000).contains(&skipped_ms), "{skipped_ms}");
        let at = got.iter().position(|delivery| matches!(delivery, Delivery::Skipped(_))).unwrap();
        let before = samples(&got[..at]);
        let all = samples(&got);
        let first = all[before.len()..].iter().find(|s| s.track == world.video()).unwrap();
        assert!(first.sync, "it goes on with a key frame");
        assert!(!whole.iter().any(|delivery| matches!(delivery, Delivery::Skipped(_))));
    }

    #[test]
    fn what_a_slow_viewer_may_want_is_bounded() {
        let mut world = world();
        let _slow = world.broadcast.join();
        let batches: Vec<Vec<Sample>> = std::mem::take(&mut world.coming);
        // The same again and again, for the size of it.
        for round in 0..100 {
            for batch in batches.iter().rev() {
                for sample in batch {
                    let track = &world.tracks[sample.track];
                    let later = track.from_nanos(round * 16 * NANOS_PER_SECOND);
                    let sample = Sample {
                        pts: sample.pts + later,
                        dts: sample.dts + later,
                        ..sample.clone()
                    };
                    world.broadcast.push(&sample);
                }
                world.broadcast.flush();
            }
            let muxed = world.broadcast.muxed.as_ref().unwrap();
            let held: usize =
                muxed.fragments.iter().map(|fragment| fragment.piece.bytes.len()).sum();
            assert_eq!(held, muxed.bytes);
            assert!(held <= MAX_KEPT_BYTES, "{held}");
            assert!(world.broadcast.group_bytes <= MAX_GROUP_BYTES);
        }
    }

    #[test]
    fn after_an_interruption_viewers_go_on_with_the_next_key_frame() {
        let mut world = world();
        for _ in 0..30 {
            world.pass();
        }
        let mut cursor = world.broadcast.join();
        let mut got = world.all(&mut cursor);
        world.broadcast.interrupt();
        // Not shown: the device catches up.
        for _ in 0..35 {
            world.coming.pop();
        }
        let before = samples(&got).len();
        while world.pass() {
            got.extend(world.all(&mut cursor));
        }
        let all = samples(&got);
        assert!(all[before..].iter().find(|s| s.track == world.video()).unwrap().sync);
        assert!(got.iter().any(|d| matches!(d, Delivery::Skipped(ms) if *ms >= 3000)));
        let formats = got.iter().filter(|delivery| matches!(delivery, Delivery::Format(_)));
        assert_eq!(formats.count(), 1, "it is still the same stream");
    }
}
