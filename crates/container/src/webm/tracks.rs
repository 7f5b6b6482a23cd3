//! The Tracks element (RFC 9559 section 5.1.4), read and written.

use bytes::Bytes;

use super::syntax::{Child, Children, Write, float, id, unsigned};
use crate::error::{ErrorKind, Fault};
use crate::sample::{Detail, Kind, MAX_TRACKS, NANOS_PER_SECOND, Track};

/// Codecs delay by milliseconds; a header that claims more is not believed.
const MAX_DELAY_NS: i64 = 10 * NANOS_PER_SECOND;

/// What a TrackEntry says beyond what every container knows.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackDetail {
    /// TrackNumber, by which blocks name their track.
    pub number: u64,
    /// CodecPrivate, as it stands.
    pub codec_private: Option<Bytes>,
    /// SeekPreRoll in nanoseconds.
    pub seek_pre_roll_ns: u64,
    /// DefaultDuration in nanoseconds, the nominal time between frames.
    pub default_duration_ns: Option<u64>,
    /// Whether its language is English where it names none.
    pub(super) is_english_unless_said: bool,
    /// TrackEntry children that pass through unchanged, as encoded.
    pub(super) entry_extra: Bytes,
    /// Video children that depend on the frame size.
    pub(super) size_extra: Bytes,
    /// Video or Audio children that pass through unchanged, as encoded.
    pub(super) media_extra: Bytes,
}

/// What a Tracks element says.
#[derive(Debug, Default)]
pub(crate) struct Tracks {
    /// Audio and video.
    pub(crate) tracks: Vec<Track>,
    /// The TrackNumbers of all others, in their order: their blocks are passed over.
    pub(crate) others: Vec<u64>,
}

impl Tracks {
    pub(crate) fn read(payload: &[u8]) -> Result<Self, Fault> {
        let mut read = Self::default();
        for child in Children::of(payload) {
            let child = child?;
            if child.id == id::TRACK_ENTRY {
                match read_entry(child.payload)? {
                    Entry::Ours(track) => read.tracks.push(*track),
                    Entry::Other(number) => read.others.push(number),
                }
                if read.tracks.len() > MAX_TRACKS {
                    return Err(Fault { kind: ErrorKind::TooLarge, element: "Tracks" });
                }
            }
        }
        read.others.sort_unstable();
        Ok(read)
    }

    /// What no track says of its language is English.
    pub(super) fn name_english(&mut self) {
        for track in &mut self.tracks {
            if let Detail::Webm(detail) = &mut track.detail {
                detail.is_english_unless_said = true;
            }
        }
    }

    /// Whether blocks of this track are known and of no use.
    pub(crate) fn has_other(&self, number: u64) -> bool {
        self.others.binary_search(&number).is_ok()
    }
}

/// A TrackType; what it is matters to nobody but that it is neither audio nor video.
const SUBTITLE: u64 = 17;

/// A Tracks element that says the same without what is not needed: of other tracks, whose codec
/// data can be long, only that there are some.
pub(crate) fn without_others(payload: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for child in Children::of(payload).flatten() {
        match (child.id, read_entry(child.payload)) {
            (id::TRACK_ENTRY, Ok(Entry::Other(number))) => {
                let mut entry = Vec::new();
                entry.unsigned(id::TRACK_NUMBER, number);
                entry.unsigned(id::TRACK_TYPE, SUBTITLE);
                kept.element(id::TRACK_ENTRY, &entry);
            }
            _ => kept.extend_from_slice(child.whole),
        }
    }
    let mut element = Vec::new();
    element.element(id::TRACKS, &kept);
    element
}

enum Entry {
    Ours(Box<Track>),
    Other(u64),
}

fn read_entry(payload: &[u8]) -> Result<Entry, Fault> {
    let (mut number, mut kind, mut codec) = (0, 0, String::new());
    let (mut codec_private, mut codec_delay_ns, mut seek_pre_roll_ns) = (None, 0, 0);
    let mut default_duration_ns = None;
    let mut entry_extra = Vec::new();
    let mut media = Media::default();
    let mut is_encoded = false;
    for child in Children::of(payload) {
        let Child { id, payload, whole } = child?;
        match id {
            id::TRACK_NUMBER => number = unsigned(payload),
            id::TRACK_TYPE => kind = unsigned(payload),
            id::CODEC_ID => {
                codec = String::from_utf8_lossy(payload).trim_end_matches('\0').to_owned();
            }
            id::CODEC_PRIVATE => codec_private = Some(Bytes::copy_from_slice(payload)),
            id::CODEC_DELAY => codec_delay_ns = unsigned(payload),
            id::SEEK_PRE_ROLL => seek_pre_roll_ns = unsigned(payload),
            id::DEFAULT_DURATION => default_duration_ns = Some(unsigned(payload)),
            id::VIDEO | id::AUDIO => media = Media::read(payload)?,
            id::CONTENT_ENCODINGS => is_encoded = true,
            // Blocks are written without lacing whatever the source did.
            id::FLAG_LACING | id::CRC_32 | id::VOID => {}
            _ => entry_extra.extend_from_slice(whole),
        }
    }
    let kind = match kind {
        1 => Kind::Video,
        2 => Kind::Audio,
        // The codec's name says the same once more.
        _ if codec.starts_with("V_") => Kind::Video,
        _ if codec.starts_with("A_") => Kind::Audio,
        // Nothing says what it is: its blocks are not known to be of no use.
        0 => return Ok(Entry::Other(0)),
        _ => return Ok(Entry::Other(number)),
    };
    if is_encoded {
        return Err(Fault { kind: ErrorKind::Encoded, element: "ContentEncodings" });
    }
    if number == 0 || codec.is_empty() {
        return Err(Fault::malformed("TrackEntry"));
    }
    Ok(Entry::Ours(Box::new(Track {
        kind,
        codec,
        timescale: NANOS_PER_SECOND as u32,
        delay: i64::try_from(codec_delay_ns).ok().filter(|&ns| ns <= MAX_DELAY_NS).unwrap_or(0),
        width: media.width,
        height: media.height,
        sample_rate: if kind == Kind::Audio { media.sample_rate } else { 0 },
        channels: if kind == Kind::Audio { media.channels } else { 0 },
        detail: Detail::Webm(TrackDetail {
            number,
            codec_private,
            seek_pre_roll_ns,
            default_duration_ns,
            is_english_unless_said: false,
            entry_extra: entry_extra.into(),
            size_extra: media.size_extra.into(),
            media_extra: media.extra.into(),
        }),
    })))
}

#[derive(Default)]
struct Media {
    width: u32,
    height: u32,
    sample_rate: u32,
    channels: u32,
    size_extra: Vec<u8>,
    extra: Vec<u8>,
}

impl Media {
    fn read(payload: &[u8]) -> Result<Self, Fault> {
        let small = |payload| u32::try_from(unsigned(payload)).unwrap_or(0);
        let mut media = Self { channels: 1, sample_rate: 8000, ..Self::default() };
        for child in Children::of(payload) {
            let Child { id, payload, whole } = child?;
            match id {
                id::PIXEL_WIDTH => media.width = small(payload),
                id::PIXEL_HEIGHT => media.height = small(payload),
                id::CHANNELS => media.channels = small(payload),
                id::SAMPLING_FREQUENCY => media.sample_rate = float(payload)? as u32,
                id::DISPLAY_WIDTH
                | id::DISPLAY_HEIGHT
                | id::DISPLAY_UNIT
                | id::PIXEL_CROP_BOTTOM
                | id::PIXEL_CROP_TOP
                | id::PIXEL_CROP_LEFT
                | id::PIXEL_CROP_RIGHT => media.size_extra.extend_from_slice(whole),
                id::CRC_32 | id::VOID => {}
                _ => media.extra.extend_from_slice(whole),
            }
        }
        Ok(media)
    }
}

impl TrackDetail {
    /// Forgets what was said of another frame size.
    pub(crate) fn frame_size_changed(&mut self) {
        self.size_extra = Bytes::new();
    }
}

/// Writes a Tracks element. `delays` gives each track's CodecDelay in this file, in nanoseconds.
/// Its length is the same with and without `additions`.
///
/// Chromium announces an alpha plane for every VP8 and VP9 track and hardly ever sends one, and
/// some players refuse a file that lacks what it announces. So a file without `additions` takes
/// the announcement back.
pub(crate) fn write_tracks(
    tracks: &[(&Track, &TrackDetail)],
    delays: &[i64],
    additions: bool,
) -> Vec<u8> {
    let mut entries = Vec::new();
    for ((track, detail), &delay) in tracks.iter().zip(delays) {
        entries.element(id::TRACK_ENTRY, &write_entry(track, detail, delay, additions));
    }
    let mut element = Vec::new();
    element.element(id::TRACKS, &entries);
    element
}

/// A TrackEntry without what differs from one run of a recorder to the next and means nothing to a
/// decoder: a delay, a TrackUID, and announced additions.
pub(crate) fn comparable_entry(track: &Track, detail: &TrackDetail) -> Vec<u8> {
    let entry = write_entry(track, detail, 0, false);
    let kept = Children::of(&entry).flatten().filter(|child| child.id != id::TRACK_UID);
    kept.flat_map(|child| child.whole.iter().copied()).collect()
}

/// Whether blocks of the track may have additions, such as an alpha plane.
pub(crate) fn announces_additions(track: &Track, detail: &TrackDetail) -> bool {
    write_entry(track, detail, 0, true) != write_entry(track, detail, 0, false)
}

fn write_entry(track: &Track, detail: &TrackDetail, delay: i64, additions: bool) -> Vec<u8> {
    let mut entry = Vec::new();
    entry.unsigned(id::TRACK_NUMBER, detail.number);
    if !has_child(&detail.entry_extra, id::TRACK_UID) {
        entry.unsigned(id::TRACK_UID, detail.number);
    }
    entry.unsigned(id::TRACK_TYPE, if track.kind == Kind::Video { 1 } else { 2 });
    entry.unsigned(id::FLAG_LACING, 0);
    entry.string(id::CODEC_ID, &track.codec);
    if let Some(private) = &detail.codec_private {
        entry.element(id::CODEC_PRIVATE, &codec_private(track, private, delay));
    }
    if delay > 0 {
        entry.unsigned(id::CODEC_DELAY, delay.unsigned_abs());
    }
    if detail.seek_pre_roll_ns > 0 {
        entry.unsigned(id::SEEK_PRE_ROLL, detail.seek_pre_roll_ns);
    }
    if let Some(duration) = detail.default_duration_ns {
        entry.unsigned(id::DEFAULT_DURATION, duration);
    }
    extend(&mut entry, &detail.entry_extra, additions);
    let mut media = Vec::new();
    if track.kind == Kind::Video {
        media.unsigned(id::PIXEL_WIDTH, u64::from(track.width));
        media.unsigned(id::PIXEL_HEIGHT, u64::from(track.height));
        media.extend_from_slice(&detail.size_extra);
    } else {
        media.float(id::SAMPLING_FREQUENCY, f64::from(track.sample_rate));
        media.unsigned(id::CHANNELS, u64::from(track.channels));
    }
    extend(&mut media, &detail.media_extra, additions);
    entry.element(if track.kind == Kind::Video { id::VIDEO } else { id::AUDIO }, &media);
    entry
}

/// A file that begins inside an Opus stream has nothing to skip, so OpusHead (RFC 7845 section
/// 5.1) says a pre-skip of zero there.
fn codec_private(track: &Track, private: &Bytes, delay: i64) -> Bytes {
    if track.codec == "A_OPUS" && delay == 0 && private.len() >= 12 && track.delay > 0 {
        let mut head = private.to_vec();
        head[10..12].fill(0);
        return head.into();
    }
    private.clone()
}

/// Copies elements; without `additions` those that announce them say zero.
fn extend(out: &mut Vec<u8>, elements: &[u8], additions: bool) {
    for child in Children::of(elements).flatten() {
        let announces = matches!(child.id, id::ALPHA_MODE | id::MAX_BLOCK_ADDITION_ID);
        let keep = if announces && !additions {
            child.whole.len() - child.payload.len()
        } else {
            child.whole.len()
        };
        out.extend_from_slice(&child.whole[..keep]);
        out.resize(out.len() + child.whole.len() - keep, 0);
    }
}

pub(crate) fn has_child(elements: &[u8], wanted: u32) -> bool {
    Children::of(elements).flatten().any(|child| child.id == wanted)
}
