//! What ffmpeg's `mpjpeg` writes, taken apart: headers with a length, then a JPEG.

use bytes::{Buf, Bytes, BytesMut};

/// A picture is not larger; what claims to be is no output of ours.
const MAX_PICTURE_BYTES: usize = 32 << 20;

/// Headers are some hundred bytes.
const MAX_HEADER_BYTES: usize = 4096;

/// Takes pictures out of a stream of bytes.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    input: BytesMut,
    /// Length of the picture whose headers have been read.
    expected: Option<usize>,
}

/// The stream is not what it should be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the decoder's output is not understood")]
pub(crate) struct Nonsense;

impl Parts {
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    /// The next picture, if it is there.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, Nonsense> {
        let expected = match self.expected {
            Some(expected) => expected,
            None => {
                let Some(end) = find(&self.input, b"\r\n\r\n") else {
                    let is_endless = self.input.len() > MAX_HEADER_BYTES;
                    return if is_endless { Err(Nonsense) } else { Ok(None) };
                };
                let length = length(&self.input[..end]).filter(|&l| l <= MAX_PICTURE_BYTES);
                self.input.advance(end + 4);
                *self.expected.insert(length.ok_or(Nonsense)?)
            }
        };
        if self.input.len() < expected {
            return Ok(None);
        }
        self.expected = None;
        Ok(Some(self.input.split_to(expected).freeze()))
    }
}

fn length(headers: &[u8]) -> Option<usize> {
    let headers = std::str::from_utf8(headers).ok()?;
    headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    })
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &[u8] =
        b"--ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: 5\r\n\r\nfirst\r\n\
        --ffmpeg\r\nContent-type: image/jpeg\r\nContent-length: 6\r\n\r\nsecond\r\n--ffmpeg\r\n";

    #[test]
    fn pictures_come_out_whole_however_the_bytes_arrive() {
        for step in 1..STREAM.len() {
            let mut parts = Parts::default();
            let mut found = Vec::new();
            for piece in STREAM.chunks(step) {
                parts.push(piece);
                found.extend(std::iter::from_fn(|| parts.next().unwrap()));
            }
            assert_eq!(found, ["first", "second"], "{step}");
        }
    }

    #[test]
    fn what_is_no_picture_is_an_error() {
        for bad in ["Content-length: 99999999999\r\n\r\n", "Content-length: x\r\n\r\n", "\r\n\r\n"]
        {
            let mut parts = Parts::default();
            parts.push(bad.as_bytes());
            assert_eq!(parts.next(), Err(Nonsense), "{bad}");
        }
        let mut parts = Parts::default();
        parts.push(&[b'x'; MAX_HEADER_BYTES + 1]);
        assert_eq!(parts.next(), Err(Nonsense));
    }
}
