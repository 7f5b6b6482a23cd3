//! What an `esds` box says of a codec of MPEG-4 (ISO 14496-1 clause 7.2.6, ISO 14496-3 clause 1.6).

use super::bits::Bits;

/// By samplingFrequencyIndex (ISO 14496-3 clause 1.6.3.4).
const SAMPLE_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8000,
    7350,
];

/// The objectTypeIndication of an `esds` payload, and what the decoder must know: descriptors inside
/// one another.
pub(crate) fn decoder_config(esds: &[u8]) -> Option<(u8, &[u8])> {
    const ES: u8 = 3;
    const DECODER_CONFIG: u8 = 4;
    const DECODER_SPECIFIC: u8 = 5;
    fn find(tag: u8, rest: &[u8]) -> Option<&[u8]> {
        let (&found, rest) = rest.split_first()?;
        // A length of up to four bytes, seven bits each.
        let end = rest.iter().take(4).position(|byte| byte & 0x80 == 0)?;
        (found == tag).then(|| &rest[end + 1..])
    }
    let config = find(DECODER_CONFIG, find(ES, esds.get(4..)?)?.get(3..)?)?;
    let specific = config.get(13..).and_then(|rest| find(DECODER_SPECIFIC, rest));
    Some((*config.first()?, specific.unwrap_or_default()))
}

/// The samples per second that an AudioSpecificConfig tells of what is heard.
pub(crate) fn sample_rate(config: &[u8]) -> Option<u32> {
    const ESCAPE: u32 = 31;
    const EXPLICIT: u32 = 15;
    /// With spectral band replication, and with parametric stereo beside: another rate follows.
    const EXTENDED: [u32; 2] = [5, 29];
    let mut bits = Bits::new(config);
    let object = match bits.number(5)? {
        ESCAPE => 32 + bits.number(6)?,
        object => object,
    };
    let rate = |bits: &mut Bits<'_>| match bits.number(4)? {
        EXPLICIT => bits.number(24),
        index => SAMPLE_RATES.get(index as usize).copied(),
    };
    let own = rate(&mut bits)?;
    if !EXTENDED.contains(&object) {
        return Some(own);
    }
    let _channels = bits.number(4)?;
    rate(&mut bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_those_of_what_is_heard() {
        assert_eq!(sample_rate(&[0x12, 0x10]), Some(44_100));
        assert_eq!(sample_rate(&[0x10, 0x10]), Some(96_000));
        // 2 of 5 bits, 15 of 4 and 192,000 of 24.
        assert_eq!(sample_rate(&[0x17, 0x81, 0x77, 0x00, 0x10]), Some(192_000));
        // Spectral band replication: 24 kHz, two channels, heard at 48 kHz.
        assert_eq!(sample_rate(&[0x2B, 0x11, 0x88]), Some(48_000));
        assert_eq!(sample_rate(&[0x16, 0x90]), None);
        assert_eq!(sample_rate(&[0x12]), None);
    }
}
