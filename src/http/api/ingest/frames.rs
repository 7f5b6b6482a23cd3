//! The frames that one POST carries.

use bytes::{Buf, Bytes};
use ingest_protocol::MAX_MESSAGE_BYTES;

use crate::live::socket::Incoming;

/// One byte of kind, three that are zero, four of length.
const HEADER_BYTES: usize = 8;

const TEXT: u8 = 0;
const BINARY: u8 = 1;

/// Frames that have been looked through, and are cut out of the body one by one.
#[derive(Debug, Default)]
pub(super) struct Frames {
    rest: Bytes,
}

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error("a frame has at most 256 KiB")]
    TooLarge,
    #[error("the body ends inside a frame")]
    Torn,
    #[error("there is no kind {0} of frame")]
    UnknownKind(u8),
    #[error("the text of a frame is not UTF-8")]
    NotText,
}

impl Frames {
    /// Looks the whole body through, so that it is taken whole or not at all.
    pub(super) fn read(body: Bytes) -> Result<Self, FrameError> {
        let mut rest = body.clone();
        while cut(&mut rest)?.is_some() {}
        Ok(Self { rest: body })
    }
}

impl Iterator for Frames {
    type Item = Incoming;

    fn next(&mut self) -> Option<Incoming> {
        cut(&mut self.rest).ok().flatten()
    }
}

fn cut(rest: &mut Bytes) -> Result<Option<Incoming>, FrameError> {
    if rest.is_empty() {
        return Ok(None);
    }
    if rest.len() < HEADER_BYTES {
        return Err(FrameError::Torn);
    }
    let kind = rest.get_u8();
    rest.advance(3);
    let length = usize::try_from(rest.get_u32()).map_err(|_| FrameError::TooLarge)?;
    if length > MAX_MESSAGE_BYTES {
        return Err(FrameError::TooLarge);
    }
    if length > rest.len() {
        return Err(FrameError::Torn);
    }
    let payload = rest.split_to(length);
    match kind {
        TEXT => {
            let text = std::str::from_utf8(&payload).map_err(|_| FrameError::NotText)?;
            Ok(Some(Incoming::Text(text.to_owned())))
        }
        BINARY => Ok(Some(Incoming::Binary(payload))),
        other => Err(FrameError::UnknownKind(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[kind, 0, 0, 0], &length[..], payload].concat()
    }

    fn read(body: &[u8]) -> Result<Vec<String>, FrameError> {
        let frames = Frames::read(Bytes::copy_from_slice(body))?;
        Ok(frames.map(|frame| format!("{frame:?}")).collect())
    }

    #[test]
    fn a_body_is_its_frames_in_order() {
        let body = [frame(0, "hé".as_bytes()), frame(1, &[0, 255]), frame(1, b"")].concat();
        let frames = read(&body).unwrap();
        assert_eq!(frames, [r#"Text("hé")"#, r#"Binary(b"\0\xff")"#, r#"Binary(b"")"#]);
        assert_eq!(read(b"").unwrap(), [] as [String; 0]);
    }

    #[test]
    fn a_body_cut_anywhere_inside_a_frame_gives_nothing() {
        let first = frame(0, b"first");
        let body = [first.clone(), frame(1, b"second")].concat();
        for end in (1..body.len()).filter(|&end| end != first.len()) {
            assert_eq!(read(&body[..end]), Err(FrameError::Torn), "{end}");
        }
    }

    #[test]
    fn what_no_frame_can_be_is_named() {
        let largest = vec![7; MAX_MESSAGE_BYTES];
        assert_eq!(read(&frame(1, &largest)).unwrap().len(), 1);
        // Its length alone says so; the payload need not have come.
        assert_eq!(read(&[1, 0, 0, 0, 0, 4, 0, 1]), Err(FrameError::TooLarge));
        assert_eq!(read(&frame(2, b"")), Err(FrameError::UnknownKind(2)));
        assert_eq!(read(&frame(0, &[0xFF])), Err(FrameError::NotText));
        let later = [frame(1, b"good"), frame(9, b"bad")].concat();
        assert_eq!(read(&later), Err(FrameError::UnknownKind(9)));
    }
}
