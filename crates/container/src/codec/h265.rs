//! H.265 (ITU-T H.265 clause 7.3, ISO 14496-15 clause 8.3).

use bytes::Bytes;

use super::h264::unescape;
use super::{Dimensions, bits::Bits};

/// What stands in an `hvcC` in front of its arrays.
const HEAD_BYTES: usize = 22;

const NAL_VPS: u8 = 32;
const NAL_SPS: u8 = 33;
const NAL_PPS: u8 = 34;

/// The `hvcC` payload with these parameter sets instead of its own, and the size of pictures by
/// them. `None` where a kind is missing.
pub(crate) fn with_parameter_sets(
    hvcc: &[u8],
    sets: &[Bytes],
) -> Option<(Vec<u8>, Option<Dimensions>)> {
    let mut out = hvcc.get(..HEAD_BYTES)?.to_vec();
    out.push(3);
    let mut dimensions = None;
    for kind in [NAL_VPS, NAL_SPS, NAL_PPS] {
        let own: Vec<&Bytes> = sets.iter().filter(|set| set[0] >> 1 & 0x3F == kind).collect();
        let first = own.first()?;
        if kind == NAL_SPS
            && let Some(sps) = Sps::parse(first)
        {
            // General profile, tier, level and constraints stand in both in the same form.
            out[1..13].copy_from_slice(&sps.profile_tier_level);
            dimensions = Some(sps.dimensions);
        }
        // All of them are here.
        out.push(0x80 | kind);
        out.extend((own.len() as u16).to_be_bytes());
        for set in own {
            out.extend(u16::try_from(set.len()).ok()?.to_be_bytes());
            out.extend_from_slice(set);
        }
    }
    Some((out, dimensions))
}

struct Sps {
    profile_tier_level: [u8; 12],
    dimensions: Dimensions,
}

impl Sps {
    /// Clause 7.3.2.2.1, as far as the conformance window.
    fn parse(unit: &[u8]) -> Option<Self> {
        let payload = unescape(unit.get(2..)?);
        let profile_tier_level = *payload.get(1..)?.first_chunk()?;
        let mut bits = Bits::new(&payload);
        let _video_parameter_set = bits.number(4)?;
        let sub_layers = bits.number(3)?;
        let _nesting = bits.bit()?;
        for _ in 0..12 {
            let _profile_tier_level = bits.number(8)?;
        }
        skip_sub_layers(&mut bits, sub_layers)?;
        let _id = bits.golomb()?;
        let chroma = bits.golomb()?;
        if chroma == 3 {
            let _separate_planes = bits.bit()?;
        }
        let (mut width, mut height) = (bits.golomb()?, bits.golomb()?);
        if bits.bit()? {
            let (unit_x, unit_y) = match chroma {
                1 => (2, 2),
                2 => (2, 1),
                _ => (1, 1),
            };
            let mut cropped = |size: u32, unit: u32| {
                let both = bits.golomb()?.checked_add(bits.golomb()?)?;
                size.checked_sub(both.checked_mul(unit)?)
            };
            width = cropped(width, unit_x)?;
            height = cropped(height, unit_y)?;
        }
        Some(Self { profile_tier_level, dimensions: (width, height) })
    }
}

/// Clause 7.3.3 behind the general part.
fn skip_sub_layers(bits: &mut Bits<'_>, sub_layers: u32) -> Option<()> {
    let mut present = Vec::new();
    for _ in 0..sub_layers {
        present.push((bits.bit()?, bits.bit()?));
    }
    if sub_layers > 0 {
        for _ in sub_layers..8 {
            let _reserved = bits.number(2)?;
        }
    }
    for (has_profile, has_level) in present {
        for _ in 0..if has_profile { 11 } else { 0 } + u32::from(has_level) {
            let _byte = bits.number(8)?;
        }
    }
    Some(())
}
