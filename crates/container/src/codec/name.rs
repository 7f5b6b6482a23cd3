//! What a browser calls a codec (RFC 6381, and the codecs' own registrations).

use bytes::Bytes;

use super::{bits::Bits, mpeg4};
use crate::fmp4::entry;
use crate::sample::{Detail, Track};

/// A VP9 stream that says nothing of itself: profile 0, level 1, 8 bit.
const ANY_VP9: &str = "vp09.00.10.08";

/// The codec's name for a MIME type, such as `avc1.42E01F`. `None` for one that has none there, and
/// that no browser plays.
#[must_use]
pub fn codec_name(track: &Track) -> Option<String> {
    let configuration = |kind: &[u8; 4]| configuration(track, kind);
    let name = match track.codec.as_str() {
        "V_VP8" | "vp08" => "vp8".to_owned(),
        "V_VP9" | "vp09" => vp9(track),
        "V_AV1" | "av01" => av1(&configuration(b"av1C")?)?,
        "V_MPEG4/ISO/AVC" | "avc1" | "avc3" => avc(&track.codec, &configuration(b"avcC")?)?,
        "V_MPEGH/ISO/HEVC" | "hvc1" | "hev1" => hevc(&configuration(b"hvcC")?)?,
        "A_OPUS" | "Opus" => "opus".to_owned(),
        "A_VORBIS" => "vorbis".to_owned(),
        "A_AAC" => aac(&configuration(b"esds").unwrap_or_default()),
        "mp4a" => esds("mp4a", &configuration(b"esds")?),
        // A JPEG each, mostly. No browser plays it, and each says so when it is asked by this name.
        "mp4v" => esds("mp4v", &configuration(b"esds")?),
        "A_FLAC" | "fLaC" => "flac".to_owned(),
        _ => return None,
    };
    Some(name)
}

/// A track's decoder configuration: CodecPrivate, or the payload of the box of this kind in the
/// sample entry, such as `avcC`.
#[must_use]
pub fn configuration(track: &Track, kind: &[u8; 4]) -> Option<Bytes> {
    match &track.detail {
        Detail::Webm(detail) => detail.codec_private.clone(),
        Detail::Mp4(detail) => entry::configuration(&detail.sample_entry, track.kind, kind),
    }
}

/// Profile, constraints and level of an avcC (ISO 14496-15 clause 5.3.3).
fn avc(codec: &str, configuration: &[u8]) -> Option<String> {
    let [profile, constraints, level] = *configuration.get(1..)?.first_chunk()?;
    let kind = if codec == "avc3" { "avc3" } else { "avc1" };
    Some(format!("{kind}.{profile:02X}{constraints:02X}{level:02X}"))
}

/// An hvcC (ISO 14496-15 annex E.3). Files and streams written here are hvc1.
fn hevc(configuration: &[u8]) -> Option<String> {
    let mut bits = Bits::new(configuration.get(1..)?);
    let space = ["", "A", "B", "C"][bits.number(2)? as usize];
    let tier = if bits.bit()? { 'H' } else { 'L' };
    let profile = bits.number(5)?;
    let compatible = bits.number(32)?.reverse_bits();
    let constraints: Vec<u32> = (0..6).map(|_| bits.number(8)).collect::<Option<_>>()?;
    let level = bits.number(8)?;
    let used = constraints.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let constraints: String = constraints[..used].iter().map(|byte| format!(".{byte:X}")).collect();
    Some(format!("hvc1.{space}{profile}.{compatible:X}.{tier}{level}{constraints}"))
}

/// An av1C (AV1 Codec ISO Media File Format Binding section 2.3).
fn av1(configuration: &[u8]) -> Option<String> {
    let mut bits = Bits::new(configuration.get(1..)?);
    let (profile, level) = (bits.number(3)?, bits.number(5)?);
    let tier = if bits.bit()? { 'H' } else { 'M' };
    let is_deep = bits.bit()?;
    let is_12_bit = bits.bit()?;
    let depth = match (is_deep, is_12_bit) {
        (true, true) => 12,
        (true, false) => 10,
        (false, _) => 8,
    };
    Some(format!("av01.{profile}.{level:02}{tier}.{depth:02}"))
}

/// A vpcC (VP Codec ISO Media File Format Binding), or the features in CodecPrivate (WebM
/// Container Guidelines).
fn vp9(track: &Track) -> String {
    let named =
        |[profile, level, depth]: [u8; 3]| format!("vp09.{profile:02}.{level:02}.{depth:02}");
    let known = match (&track.detail, configuration(track, b"vpcC")) {
        (Detail::Mp4(_), Some(vpcc)) => vpcc.get(4..).and_then(|fields| {
            let [profile, level, packed] = *fields.first_chunk()?;
            // Chromium writes level 0, and no browser takes it back.
            Some([profile, level.max(10), packed >> 4])
        }),
        (Detail::Webm(_), Some(features)) => {
            let mut known = [0, 10, 8];
            let mut rest = &features[..];
            while let [id @ 1..=3, 1, value, after @ ..] = rest {
                known[usize::from(*id) - 1] = *value;
                rest = after;
            }
            Some(known)
        }
        (_, None) => None,
    };
    known.map_or_else(|| ANY_VP9.to_owned(), named)
}

/// An AudioSpecificConfig (ISO 14496-3 clause 1.6.2.1) begins with the object type.
fn aac(configuration: &[u8]) -> String {
    let object_type = Bits::new(configuration).number(5).filter(|&kind| kind > 0);
    format!("mp4a.40.{}", object_type.unwrap_or(2))
}

/// An `esds` box.
fn esds(entry: &str, payload: &[u8]) -> String {
    match mpeg4::decoder_config(payload) {
        Some((0x40, specific)) => aac(specific),
        Some((kind, _)) => format!("{entry}.{kind:02X}"),
        None => aac(&[]),
    }
}
