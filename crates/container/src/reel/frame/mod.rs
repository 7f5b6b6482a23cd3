//! The key frame of a time, of one finished file: what a preview is made of.

mod cluster;
mod turn;

use bytes::Bytes;

use super::head::window::{Lack, Window};
use super::head::{Family, Head};
use crate::codec::configuration;
use crate::error::{Error, ErrorKind, Fault};
use crate::sample::{Kind, NANOS_PER_SECOND, Track, rescale};
use cluster::Walk;
use turn::turn;

/// A picture of H.264 takes 6.75 MiB at most in 4K (ISO 14496-10 table A-1: level 5.2 has 36,864
/// macroblocks of 384 bytes, and a MinCR of 2).
const MAX_FRAME_BYTES: u64 = 8 << 20;

/// One frame, and what stands in front of it in its cluster.
const MAX_READ_BYTES: u64 = 2 * MAX_FRAME_BYTES;

/// What is asked for of a cluster at once: its header and the first block's, and all of a small
/// picture.
const SMALL_BYTES: u64 = 16 << 10;

/// A key frame, and all that a decoder has to know for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it is shown, from the file's zero on.
    pub at_ns: i64,
    /// What a browser calls its codec (RFC 6381); `None` for one that no browser plays.
    pub codec: Option<String>,
    /// What WebCodecs calls `description`: an avcC, hvcC or av1C record without a box around it.
    /// Empty where a codec has none: VP8, VP9, JPEG.
    pub configuration: Bytes,
    /// Pixels from side to side, as coded: before any cropping, stretching and turning.
    pub width: u32,
    /// Pixels from top to bottom, as coded.
    pub height: u32,
    /// By how much it is turned to be shown, clockwise: 0, 90, 180 or 270. Zero, too, where the file
    /// says an angle between them.
    pub rotation_degrees: u16,
    /// Whether it is mirrored from side to side, before it is turned.
    pub is_mirrored: bool,
    /// The frame as the file holds it: NAL units of H.264 and H.265 have lengths in front.
    pub data: Bytes,
}

/// Reads the key frame that is shown at a time or before, of one finished file: an MP4's with one
/// read of just its bytes, a WebM's with one of 16 KiB and, where it is longer, one more.
#[derive(Debug)]
pub struct FrameReader {
    /// All but its bytes.
    frame: Frame,
    place: Place,
    window: Window,
    left_bytes: u64,
}

/// Where the frame is.
#[derive(Debug)]
enum Place {
    Sample { offset: u64, bytes: u64 },
    Cluster(Walk),
}

/// What a [`FrameReader`] has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameStep {
    /// It goes on with these bytes of the file: [`FrameReader::give`].
    Need {
        /// From the start of the file.
        offset: u64,
        /// How many; all of them lie inside the file that the head is of.
        bytes: usize,
    },
    /// The key frame.
    Done(Frame),
}

impl FrameReader {
    /// A reader of the last key frame that is shown at `at_ns` or before, or of the first one where
    /// `at_ns` lies in front of all: times from the file's zero on, of which
    /// [`Head::key_frames_ns`] lists those that it can find. `None` where the file has no video, or
    /// none that can be sought.
    #[must_use]
    pub fn new(head: &Head, at_ns: i64) -> Option<Self> {
        let number = head.tracks.iter().position(|track| track.kind == Kind::Video)?;
        let track = head.tracks.get(number)?;
        let (at_ns, place) = match &head.family {
            Family::Mp4(mp4) => {
                let listed = mp4.tracks.get(number)?;
                let mut found = None::<(i64, Place)>;
                for row in listed.rows().filter(|row| row.is_sync) {
                    let shown = row.dts.saturating_add(row.shift.into());
                    let shown = shown.saturating_sub(listed.delay);
                    let shown_ns = rescale(shown, track.timescale, NANOS_PER_SECOND);
                    if found.as_ref().is_none_or(|it| (it.0..=at_ns).contains(&shown_ns)) {
                        let (offset, bytes) = (row.offset, row.size.into());
                        found = Some((shown_ns, Place::Sample { offset, bytes }));
                    }
                }
                found?
            }
            Family::Webm(webm) => {
                let behind =
                    webm.cues.partition_point(|cue| i64::from(cue.ms) * NS_PER_MS <= at_ns);
                let cue = webm.cues.get(behind.saturating_sub(1))?;
                let walk = Walk::new(cue, webm.cue_track, track)?;
                (i64::from(cue.ms) * NS_PER_MS, Place::Cluster(walk))
            }
        };
        let (rotation_degrees, is_mirrored) = turn(track);
        let frame = Frame {
            at_ns,
            codec: head.configuration.codecs().get(number).cloned().flatten(),
            configuration: description(track).unwrap_or_default(),
            width: track.width,
            height: track.height,
            rotation_degrees,
            is_mirrored,
            data: Bytes::new(),
        };
        let window = Window::new(head.media.end);
        Some(Self { frame, place, window, left_bytes: MAX_READ_BYTES })
    }

    /// What is next.
    ///
    /// # Errors
    /// When the file is not what its head said ([`ErrorKind::Malformed`], [`ErrorKind::Truncated`]),
    /// or the frame has more than 8 MiB ([`ErrorKind::TooLarge`]).
    pub fn poll(&mut self) -> Result<FrameStep, Error> {
        if let Some((offset, bytes)) = self.window.asked() {
            return Ok(FrameStep::Need { offset, bytes });
        }
        let (found, at_once) = match &mut self.place {
            Place::Sample { offset, bytes } => {
                (sample(&self.window, *offset, *bytes).map(|data| (self.frame.at_ns, data)), 0)
            }
            Place::Cluster(walk) => (walk.go_on(&self.window), SMALL_BYTES),
        };
        match found {
            Ok((at_ns, data)) => Ok(FrameStep::Done(Frame { at_ns, data, ..self.frame.clone() })),
            Err(Lack::Failed(error)) => Err(error),
            Err(Lack::Bytes { offset, bytes }) => self.need(offset, bytes, at_once),
        }
    }

    /// The bytes that [`FrameStep::Need`] asked for. Fewer mean that the file has become shorter.
    pub fn give(&mut self, bytes: Bytes) {
        self.window.give(bytes);
    }

    /// Asks for so many bytes, and for more of what lies behind them, up to `at_once`.
    fn need(&mut self, offset: u64, bytes: usize, at_once: u64) -> Result<FrameStep, Error> {
        let inside = self.window.file_bytes().saturating_sub(offset);
        let asked = at_once.min(inside).max(bytes as u64);
        let left = self.left_bytes.checked_sub(asked);
        self.left_bytes = left.ok_or(Error::new(ErrorKind::TooLarge, offset, "Cluster"))?;
        self.window.forget_before(offset);
        self.window.ask(offset, asked as usize);
        Ok(FrameStep::Need { offset, bytes: asked as usize })
    }
}

const NS_PER_MS: i64 = 1_000_000;

fn sample(window: &Window, offset: u64, bytes: u64) -> Result<Bytes, Lack> {
    if bytes > MAX_FRAME_BYTES {
        return Err(Error::new(ErrorKind::TooLarge, offset, "sample").into());
    }
    if bytes == 0 {
        return Err(Fault::malformed("stsz").at(offset).into());
    }
    window.get(offset, bytes as usize, "sample")
}

/// What a decoder is told of the track in front of its frames.
fn description(track: &Track) -> Option<Bytes> {
    let kind = match track.codec.as_str() {
        "avc1" | "avc3" | "V_MPEG4/ISO/AVC" => b"avcC",
        "hvc1" | "hev1" | "V_MPEGH/ISO/HEVC" => b"hvcC",
        "av01" | "V_AV1" => b"av1C",
        _ => return None,
    };
    configuration(track, kind)
}
