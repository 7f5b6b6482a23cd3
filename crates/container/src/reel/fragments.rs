//! The fragments of a finished MP4, for a playlist of HLS (RFC 8216) that names ranges of files.

use std::ops::Range;

use super::head::mp4::{Listed, Mp4Head};
use super::head::{Family, Head};
use crate::movie::tables::Row;
use crate::sample::{Kind, NANOS_PER_SECOND, Track, rescale};

/// `moof`, `mfhd`, `traf`, `tfhd`, `trun` with one offset, and the header of an `mdat`: less cannot
/// stand between the media of two fragments (ISO 14496-12 clauses 8.8.4 to 8.8.8).
const MIN_FRAGMENT_HEAD_BYTES: u64 = 72;

/// Pieces of a second of eighteen hours, several times what an index holds.
const MAX_FRAGMENTS: usize = 1 << 16;

/// What a playlist names of one finished MP4. A finished file still holds all that it consisted of
/// while it grew: behind the room for the index the `moov` of a fragmented file, and `moof` and
/// `mdat` in turn. So nothing is made or copied for a playlist but these lines:
///
/// ```text
/// #EXTM3U
/// #EXT-X-VERSION:7
/// #EXT-X-TARGETDURATION:6
/// #EXT-X-PLAYLIST-TYPE:VOD
/// #EXT-X-MAP:URI="1/init.mp4"
/// #EXTINF:5.967,
/// #EXT-X-BYTERANGE:713204@81644
/// 1/segment.mp4
/// #EXTINF:4.033,
/// #EXT-X-BYTERANGE:498112@794848
/// 1/segment.mp4
/// #EXT-X-DISCONTINUITY
/// #EXT-X-MAP:URI="2/init.mp4"
/// #EXTINF:…
/// #EXT-X-ENDLIST
/// ```
///
/// - `EXT-X-TARGETDURATION` is the longest [`Fragment::duration_ns`] of all files in whole seconds,
///   rounded to the nearest (section 4.3.3.1). Where key frames are further apart than the target it
///   is longer than that one.
/// - `EXT-X-MAP` leads to a resource of its own: the bytes of both ranges of [`Self::init`], one
///   behind the other. They lie apart in the file, and an attribute `BYTERANGE` names one range.
/// - One `EXTINF` with `EXT-X-BYTERANGE:bytes@offset` and the file's own address for each of
///   [`Self::list`].
/// - Media times (`tfdt`) begin at zero in each file, and what hides the beginning of its sound
///   stands in its own `moov`: each file but the first comes behind an `EXT-X-DISCONTINUITY`, with
///   an `EXT-X-MAP` of its own. Times of the playlist are sums of `EXTINF`, which of a file are
///   [`Head::duration_ns`].
/// - `EXT-X-PROGRAM-DATE-TIME` in front of a file's first piece is the wall time of its zero.
/// - `EXT-X-INDEPENDENT-SEGMENTS` only where it is known that no picture behind a key frame is shown
///   before it: a camera may send such open groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragments {
    init: [Range<u64>; 2],
    list: Vec<Fragment>,
}

/// A piece of a finished MP4 that a player can begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Whole boxes: `moof` and `mdat` of one or more fragments, and `free` between. The first sample
    /// of video in it is a key frame.
    pub range: Range<u64>,
    /// When its first key frame is shown, or without video its first packet, from the file's zero
    /// on. The first piece begins at zero.
    pub start_ns: i64,
    /// Up to where the next one begins, or the file ends.
    pub duration_ns: i64,
}

impl Fragments {
    /// Those of one file, put together to pieces of at most `target_ns`; one that has no key frame
    /// inside may be longer. `None` of a WebM, and of a file that this program did not write: its
    /// samples do not lie in fragments one behind the other.
    #[must_use]
    pub fn of(head: &Head, target_ns: i64) -> Option<Self> {
        let Family::Mp4(mp4) = &head.family else { return None };
        let init = mp4.init.clone()?;
        let mut cuts = Cuts::new(init[1].end, target_ns);
        let mut samples = Samples::new(mp4, &head.tracks);
        let lead = samples.lead();
        // Where the media read so far ends, and whether the fragment's first sample of what leads
        // is still to come.
        let (mut end, mut begin) = (init[1].end, None);
        while let Some((track, row)) = samples.next() {
            if row.offset != end || end == init[1].end {
                // A moof stands in between, and perhaps a record in front of that.
                if row.offset < end.checked_add(MIN_FRAGMENT_HEAD_BYTES)? {
                    return None;
                }
                begin = Some(end);
            }
            if track == lead
                && let Some(at) = begin.take()
                && row.is_sync
            {
                cuts.add(at, samples.shown_ns(track, &row))?;
            }
            end = row.offset.checked_add(row.size.into())?;
        }
        let list = cuts.finish(head.media.end, head.duration_ns)?;
        Some(Self { init, list })
    }

    /// Where the two boxes stand that a player must have first: `ftyp`, and the `moov` that says what
    /// the fragments' tracks are. One behind the other they are the Media Initialization Section
    /// (RFC 8216 section 3.3).
    #[must_use]
    pub fn init(&self) -> &[Range<u64>; 2] {
        &self.init
    }

    /// All of the file's media, in order and without a hole.
    #[must_use]
    pub fn list(&self) -> &[Fragment] {
        &self.list
    }
}

/// The samples of all tracks in the order in which they lie in the file.
struct Samples<'a> {
    tracks: Vec<(&'a Track, &'a Listed)>,
    rows: Vec<Box<dyn Iterator<Item = Row>>>,
    next: Vec<Option<Row>>,
}

impl<'a> Samples<'a> {
    fn new(mp4: &'a Mp4Head, tracks: &'a [Track]) -> Self {
        let tracks: Vec<_> = tracks.iter().zip(&mp4.tracks).collect();
        let mut rows: Vec<Box<dyn Iterator<Item = Row>>> = Vec::new();
        for (_, listed) in &tracks {
            rows.push(Box::new(listed.rows()));
        }
        let next = rows.iter_mut().map(Iterator::next).collect();
        Self { tracks, rows, next }
    }

    /// Which track a piece begins with.
    fn lead(&self) -> usize {
        self.tracks.iter().position(|(track, _)| track.kind == Kind::Video).unwrap_or(0)
    }

    /// A track, and what is next of it. Each track's own order is that of the file, or what comes
    /// lies in front of what came.
    fn next(&mut self) -> Option<(usize, Row)> {
        let waiting = self.next.iter().enumerate();
        let places = waiting.filter_map(|(track, row)| Some((row.as_ref()?.offset, track)));
        let (_, track) = places.min()?;
        let row = self.next[track].take()?;
        self.next[track] = self.rows[track].next();
        Some((track, row))
    }

    fn shown_ns(&self, track: usize, row: &Row) -> i64 {
        let (track, listed) = self.tracks[track];
        let shown = row.dts.saturating_add(row.shift.into()).saturating_sub(listed.delay);
        rescale(shown, track.timescale, NANOS_PER_SECOND)
    }
}

/// Where pieces begin: as far apart as the target allows.
struct Cuts {
    target_ns: i64,
    chosen: Vec<(u64, i64)>,
    /// The last place since at which one could begin.
    possible: Option<(u64, i64)>,
}

impl Cuts {
    fn new(at: u64, target_ns: i64) -> Self {
        Self { target_ns, chosen: vec![(at, 0)], possible: None }
    }

    /// A place at which a piece can begin, behind all others. `None` where there are too many.
    fn add(&mut self, at: u64, start_ns: i64) -> Option<()> {
        let last = self.possible.or(self.chosen.last().copied())?;
        // The beginning is no other place, and times of a playlist go forward.
        if at <= last.0 || start_ns <= last.1 {
            return Some(());
        }
        self.choose_before(start_ns)?;
        self.possible = Some((at, start_ns));
        Some(())
    }

    /// Begins a piece at the last possible place if the one before would otherwise reach to here,
    /// and that is too far.
    fn choose_before(&mut self, end_ns: i64) -> Option<()> {
        let (_, from_ns) = *self.chosen.last()?;
        if end_ns.saturating_sub(from_ns) > self.target_ns
            && let Some(possible) = self.possible.take()
        {
            self.chosen.push(possible);
        }
        (self.chosen.len() <= MAX_FRAGMENTS).then_some(())
    }

    fn finish(mut self, end: u64, end_ns: i64) -> Option<Vec<Fragment>> {
        self.choose_before(end_ns)?;
        let behind = self.chosen.iter().skip(1).copied().chain([(end, end_ns)]);
        let pieces = self.chosen.iter().zip(behind).map(|(&(at, start_ns), (to, to_ns))| {
            let duration_ns = to_ns.saturating_sub(start_ns).max(0);
            Fragment { range: at..to, start_ns, duration_ns }
        });
        Some(pieces.collect())
    }
}
