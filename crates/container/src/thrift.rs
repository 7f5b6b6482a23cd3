//! Samples that are slices of what came, as long as most of what came is samples.

use bytes::Bytes;

/// A slice keeps all of its buffer in memory, which is worth it where this part of the stream or
/// more is samples. Recorders' streams are nearly nothing else.
const LEAST_PART: i64 = 8;

/// What was dense earlier counts for so much at most: a large frame in front of something else.
const MAX_CREDIT_BYTES: i64 = 8 << 20;

/// What was thin earlier counts for so much at most: the largest message.
const MAX_DEBT_BYTES: i64 = 32 << 20;

/// Weighs the samples of a stream against everything else in it.
#[derive(Debug, Default)]
pub(crate) struct Thrift {
    credit_bytes: i64,
}

impl Thrift {
    /// So many bytes came, samples and all.
    #[inline]
    pub(crate) fn pass(&mut self, bytes: u64) {
        let bytes = i64::try_from(bytes).unwrap_or(MAX_DEBT_BYTES).min(MAX_DEBT_BYTES);
        self.credit_bytes = (self.credit_bytes - bytes).max(-MAX_DEBT_BYTES);
    }

    /// One of them is this sample, which is copied where too little else is one.
    #[inline]
    pub(crate) fn keep(&mut self, data: &mut Bytes) {
        self.count(data.len());
        if self.credit_bytes < 0 {
            *data = Bytes::copy_from_slice(data);
        }
    }

    /// So many of them are a sample.
    #[inline]
    pub(crate) fn count(&mut self, bytes: usize) {
        let worth = i64::try_from(bytes).unwrap_or(0).saturating_mul(LEAST_PART);
        self.credit_bytes = self.credit_bytes.saturating_add(worth).min(MAX_CREDIT_BYTES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_thin_stream_is_copied() {
        let message = Bytes::from(vec![7; 1 << 20]);
        let mut thrift = Thrift::default();
        let mut is_copied = |passed: usize, kept: usize| {
            let mut data = message.slice(..kept);
            thrift.pass(passed as u64);
            thrift.keep(&mut data);
            assert_eq!(data, message.slice(..kept));
            data.as_ptr() != message.as_ptr()
        };
        assert!((0..1000).all(|_| !is_copied(210, 200)));
        assert!((0..1000).all(|_| !is_copied(1600, 200)), "a part of the stream");
        // What was dense has credit for so much.
        let slices = (0..100).take_while(|_| !is_copied(1 << 20, 21)).count();
        assert!(slices <= 8, "{slices} of a megabyte are kept for 21 bytes each");
        assert!((0..100).all(|_| is_copied(1 << 20, 21)));
        assert!(!(0..5000).all(|_| is_copied(2000, 2000)), "it is dense again");
        assert!(!is_copied(2000, 2000));
    }
}
