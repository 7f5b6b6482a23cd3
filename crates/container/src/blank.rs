//! What a power cut has left of a frame whose place was on the disk and whose bytes were not.

/// What is shorter may be a frame that says nothing.
const MIN_BYTES: usize = 32;

/// What is said of it.
pub(crate) const BLANK: &str = "a frame of zeros";

/// Codecs none of whose frames consists of zeros; silence and black pictures of others do.
const NEVER_ZEROS: [&str; 16] = [
    "V_VP8",
    "V_VP9",
    "V_AV1",
    "V_MPEG4/ISO/AVC",
    "V_MPEGH/ISO/HEVC",
    "A_OPUS",
    "A_AAC",
    "vp08",
    "vp09",
    "av01",
    "avc1",
    "avc3",
    "hvc1",
    "hev1",
    "Opus",
    "mp4a",
];

/// Whether a sample of this codec holds nothing.
pub(crate) fn is_blank(codec: &str, data: &[u8]) -> bool {
    // Nearly all samples end at the first comparison.
    data.first() == Some(&0)
        && data.len() >= MIN_BYTES
        && data.iter().all(|&byte| byte == 0)
        && NEVER_ZEROS.contains(&codec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_a_sample_and_a_frame_of_zeros_is_none() {
        let of = |bytes: usize, last: u8| {
            let mut data = vec![0; bytes];
            data.push(last);
            data
        };
        assert!(is_blank("V_VP9", &of(100, 0)) && is_blank("avc1", &of(100, 0)));
        assert!(!is_blank("V_VP9", &of(100, 1)));
        assert!(!is_blank("A_OPUS", &of(2, 0)));
        assert!(!is_blank("A_PCM/INT/LIT", &of(100, 0)) && !is_blank("sowt", &of(100, 0)));
    }
}
