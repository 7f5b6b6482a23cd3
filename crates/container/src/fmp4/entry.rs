//! Sample entries (ISO 14496-12 clause 8.5.2) for the tracks of a file.

use bytes::Bytes;

use super::out_track::MAX_TIMESCALE;
use super::presentation;
use super::syntax::{Header, Write, find};
use crate::bare::{BareCodec, BareTrack};
use crate::codec::{h264, opus};
use crate::error::{ErrorKind, Fault};
use crate::output::is_opus;
use crate::sample::{Detail, Kind, Track};
use crate::webm::TrackDetail;

/// Offsets within a sample entry box, its header included.
const WIDTH_AT: usize = 32;
/// (ISO 14496-12 clauses 12.1.3 and 12.2.3.)
const VISUAL_CHILDREN_AT: usize = 86;
const AUDIO_CHILDREN_AT: usize = 36;

/// The sample entry that describes `track`. `keeps_delay` is whether the encoder's priming
/// stands in this file.
pub(crate) fn sample_entry(track: &Track, keeps_delay: bool) -> Result<Vec<u8>, Fault> {
    let mut entry = match &track.detail {
        Detail::Mp4(detail) => {
            let mut entry = detail.sample_entry.to_vec();
            // The same configuration under the name that every player knows (ISO 14496-15 clause 8.4.1).
            if entry.get(4..8) == Some(b"hev1") {
                entry[4..8].copy_from_slice(b"hvc1");
            }
            if track.kind == Kind::Video && entry.len() >= WIDTH_AT + 4 {
                let size = [track.width as u16, track.height as u16].map(u16::to_be_bytes);
                entry[WIDTH_AT..WIDTH_AT + 4].copy_from_slice(&size.concat());
            }
            entry
        }
        Detail::Webm(detail) => from_matroska(track, detail)?,
    };
    if !keeps_delay {
        clear_pre_skip(&mut entry);
    }
    Ok(entry)
}

/// How many pixels a visual sample entry says there are.
pub(super) fn coded_size(entry: &[u8]) -> Option<(u32, u32)> {
    let [a, b, c, d] = *entry.get(WIDTH_AT..)?.first_chunk()?;
    Some((u16::from_be_bytes([a, b]).into(), u16::from_be_bytes([c, d]).into()))
}

/// The payload of a box inside a sample entry, such as `avcC`.
pub(crate) fn configuration(entry: &Bytes, of: Kind, kind: &[u8; 4]) -> Option<Bytes> {
    let children_at = match of {
        Kind::Video => VISUAL_CHILDREN_AT,
        Kind::Audio => AUDIO_CHILDREN_AT,
    };
    let found = find(entry.get(children_at..)?, kind).ok()??;
    Some(entry.slice_ref(found))
}

/// A visual sample entry in which the payload of the box of this kind is another one.
pub(crate) fn with_configuration(entry: &Bytes, kind: &[u8; 4], payload: &[u8]) -> Option<Bytes> {
    let known = configuration(entry, Kind::Video, kind)?;
    let at = known.as_ptr() as usize - entry.as_ptr() as usize;
    // A box of 64-bit size has its type elsewhere; nobody writes one here.
    let in_front = entry.get(..at)?.strip_suffix(kind)?;
    let mut out = in_front[..in_front.len() - 4].to_vec();
    out.boxed(kind, |out| out.extend_from_slice(payload));
    out.extend_from_slice(&entry[at + known.len()..]);
    let len = u32::try_from(out.len()).ok()?;
    out[..4].copy_from_slice(&len.to_be_bytes());
    Some(out.into())
}

fn from_matroska(track: &Track, detail: &TrackDetail) -> Result<Vec<u8>, Fault> {
    const UNSUPPORTED: Fault = Fault { kind: ErrorKind::UnsupportedCodec, element: "TrackEntry" };
    let private = detail.codec_private.as_deref().unwrap_or_default();
    let mut entry = Vec::new();
    let size = (track.width, track.height);
    let sound = (track.channels, audio_timescale(track));
    match track.codec.as_str() {
        "V_MPEG4/ISO/AVC" if !private.is_empty() => visual(&mut entry, b"avc1", size, |out| {
            out.boxed(b"avcC", |out| out.extend_from_slice(private));
            presentation::boxes(
                out,
                &detail.presentation(size),
                size,
                h264::is_full_range(private),
            );
        }),
        "V_MPEGH/ISO/HEVC" if !private.is_empty() => visual(&mut entry, b"hvc1", size, |out| {
            out.boxed(b"hvcC", |out| out.extend_from_slice(private));
            presentation::boxes(out, &detail.presentation(size), size, None);
        }),
        "A_OPUS" => {
            let dops = opus::head_to_dops(private).ok_or(UNSUPPORTED)?;
            audio(&mut entry, b"Opus", sound, |out| {
                out.boxed(b"dOps", |out| out.extend_from_slice(&dops));
            });
        }
        "A_AAC" if !private.is_empty() => audio(&mut entry, b"mp4a", sound, |out| {
            out.full_box(b"esds", 0, 0, |out| elementary_stream(out, AAC, private));
        }),
        _ => return Err(UNSUPPORTED),
    }
    Ok(entry)
}

/// The sample entry of a track that comes without a container.
pub(crate) fn from_bare(track: &BareTrack) -> Vec<u8> {
    let mut entry = Vec::new();
    let out = &mut entry;
    let (size, sound) = (track.size, (track.channels, track.sample_rate));
    match &track.codec {
        BareCodec::H264(avcc) => visual(out, b"avc1", size, |out| {
            out.boxed(b"avcC", |out| out.extend_from_slice(avcc));
        }),
        BareCodec::H265(hvcc) => visual(out, b"hvc1", size, |out| {
            out.boxed(b"hvcC", |out| out.extend_from_slice(hvcc));
        }),
        BareCodec::Mjpeg => visual(out, b"mp4v", size, |out| {
            out.full_box(b"esds", 0, 0, |out| elementary_stream(out, JPEG, &[]));
        }),
        BareCodec::Aac(config) => audio(out, b"mp4a", sound, |out| {
            out.full_box(b"esds", 0, 0, |out| elementary_stream(out, AAC, config));
        }),
        BareCodec::Opus => audio(out, b"Opus", sound, |out| {
            out.boxed(b"dOps", |out| {
                // Version, channels; nothing to skip, the rate it is played at, no gain, and the
                // mapping of one or two channels (Opus in ISOBMFF section 4.3.2).
                out.extend([0, track.channels as u8, 0, 0]);
                out.u32(track.sample_rate);
                out.extend([0, 0, 0]);
            });
        }),
        BareCodec::Alaw => audio(out, b"alaw", sound, |_| {}),
        BareCodec::Ulaw => audio(out, b"ulaw", sound, |_| {}),
        BareCodec::L16 => audio(out, b"twos", sound, |_| {}),
    }
    entry
}

/// A VisualSampleEntry (ISO 14496-12 clause 12.1.3).
fn visual(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    (width, height): (u32, u32),
    config: impl FnOnce(&mut Vec<u8>),
) {
    out.boxed(kind, |out| {
        out.zeros(6);
        out.u16(1);
        out.zeros(16);
        out.u16(width as u16);
        out.u16(height as u16);
        out.u32(0x48_0000);
        out.u32(0x48_0000);
        out.u32(0);
        out.u16(1);
        out.zeros(32);
        out.u16(24);
        out.u16(0xFFFF);
        config(out);
    });
}

/// An AudioSampleEntry (clause 12.2.3).
fn audio(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    (channels, sample_rate): (u32, u32),
    config: impl FnOnce(&mut Vec<u8>),
) {
    out.boxed(kind, |out| {
        out.zeros(6);
        out.u16(1);
        out.zeros(8);
        out.u16(channels as u16);
        out.u16(16);
        out.u32(0);
        // A rate that does not fit needs a box of its own in an entry of version 1, which many
        // readers take for QuickTime's. Without it the media's timescale says the same.
        out.u16(u16::try_from(sample_rate).unwrap_or(0));
        out.u16(0);
        config(out);
    });
}

/// objectTypeIndication, and streamType with its reserved bit (ISO 14496-1 clause 7.2.6.6).
const AAC: [u8; 2] = [0x40, 0x15];
const JPEG: [u8; 2] = [0x6C, 0x11];

/// An ES_Descriptor (ISO 14496-1 clause 7.2.6.5) around what the decoder must know.
fn elementary_stream(out: &mut Vec<u8>, [object, stream]: [u8; 2], config: &[u8]) {
    let config_len = config.len().min(90) as u8;
    let specific_len = if config_len == 0 { 0 } else { 2 + config_len };
    out.extend([3, 3 + 15 + specific_len + 3, 0, 0, 0]);
    out.extend([4, 13 + specific_len, object, stream, 0, 0, 0]);
    out.zeros(8);
    if config_len > 0 {
        out.extend([5, config_len]);
        out.extend_from_slice(&config[..config_len.into()]);
    }
    out.extend([6, 1, 2]);
}

/// Sets the PreSkip of a `dOps` box to zero (Opus in ISOBMFF section 4.3.2): a file that begins
/// inside an Opus stream has nothing to skip.
pub(crate) fn clear_pre_skip(entry: &mut [u8]) {
    if entry.get(4..8) != Some(b"Opus") {
        return;
    }
    let mut at = AUDIO_CHILDREN_AT;
    while let Some(Ok(Some(header))) = entry.get(at..).map(Header::read) {
        let payload = at + header.len;
        if header.kind == *b"dOps" {
            if let Some(pre_skip) = entry.get_mut(payload + 2..payload + 4) {
                pre_skip.fill(0);
            }
            return;
        }
        let Some(size) = header.size.and_then(|size| usize::try_from(size).ok()) else { return };
        at = payload.saturating_add(size);
    }
}

/// The timescale that an audio track from Matroska gets: its sample rate, if that is one that a
/// recorder has.
pub(crate) fn audio_timescale(track: &Track) -> u32 {
    if is_opus(&track.codec) { 48_000 } else { track.sample_rate.clamp(8000, MAX_TIMESCALE) }
}
