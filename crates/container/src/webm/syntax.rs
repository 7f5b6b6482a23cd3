//! EBML (RFC 8794): element ids, sizes, and the primitive values.

use crate::error::Fault;

/// Element ids of RFC 9559, with their length marker.
pub(crate) mod id {
    pub(crate) const EBML: u32 = 0x1A45_DFA3;
    pub(crate) const EBML_VERSION: u32 = 0x4286;
    pub(crate) const EBML_READ_VERSION: u32 = 0x42F7;
    pub(crate) const EBML_MAX_ID_LENGTH: u32 = 0x42F2;
    pub(crate) const EBML_MAX_SIZE_LENGTH: u32 = 0x42F3;
    pub(crate) const DOC_TYPE: u32 = 0x4282;
    pub(crate) const DOC_TYPE_VERSION: u32 = 0x4287;
    pub(crate) const DOC_TYPE_READ_VERSION: u32 = 0x4285;
    pub(crate) const VOID: u32 = 0xEC;
    pub(crate) const CRC_32: u32 = 0xBF;

    pub(crate) const SEGMENT: u32 = 0x1853_8067;
    pub(crate) const SEEK_HEAD: u32 = 0x114D_9B74;
    pub(crate) const SEEK: u32 = 0x4DBB;
    pub(crate) const SEEK_ID: u32 = 0x53AB;
    pub(crate) const SEEK_POSITION: u32 = 0x53AC;
    pub(crate) const INFO: u32 = 0x1549_A966;
    pub(crate) const TIMESTAMP_SCALE: u32 = 0x002A_D7B1;
    pub(crate) const DURATION: u32 = 0x4489;
    pub(crate) const MUXING_APP: u32 = 0x4D80;
    pub(crate) const WRITING_APP: u32 = 0x5741;
    pub(crate) const TAGS: u32 = 0x1254_C367;
    pub(crate) const CHAPTERS: u32 = 0x1043_A770;
    pub(crate) const ATTACHMENTS: u32 = 0x1941_A469;

    pub(crate) const TRACKS: u32 = 0x1654_AE6B;
    pub(crate) const TRACK_ENTRY: u32 = 0xAE;
    pub(crate) const TRACK_NUMBER: u32 = 0xD7;
    pub(crate) const TRACK_UID: u32 = 0x73C5;
    pub(crate) const TRACK_TYPE: u32 = 0x83;
    pub(crate) const FLAG_LACING: u32 = 0x9C;
    pub(crate) const DEFAULT_DURATION: u32 = 0x0023_E383;
    pub(crate) const LANGUAGE: u32 = 0x0022_B59C;
    pub(crate) const LANGUAGE_BCP_47: u32 = 0x0022_B59D;
    pub(crate) const CODEC_ID: u32 = 0x86;
    pub(crate) const CODEC_PRIVATE: u32 = 0x63A2;
    pub(crate) const CODEC_DELAY: u32 = 0x56AA;
    pub(crate) const SEEK_PRE_ROLL: u32 = 0x56BB;
    pub(crate) const MAX_BLOCK_ADDITION_ID: u32 = 0x55EE;
    pub(crate) const CONTENT_ENCODINGS: u32 = 0x6D80;
    pub(crate) const VIDEO: u32 = 0xE0;
    pub(crate) const ALPHA_MODE: u32 = 0x53C0;
    pub(crate) const PIXEL_WIDTH: u32 = 0xB0;
    pub(crate) const PIXEL_HEIGHT: u32 = 0xBA;
    pub(crate) const DISPLAY_WIDTH: u32 = 0x54B0;
    pub(crate) const DISPLAY_HEIGHT: u32 = 0x54BA;
    pub(crate) const DISPLAY_UNIT: u32 = 0x54B2;
    pub(crate) const PIXEL_CROP_BOTTOM: u32 = 0x54AA;
    pub(crate) const PIXEL_CROP_TOP: u32 = 0x54BB;
    pub(crate) const PIXEL_CROP_LEFT: u32 = 0x54CC;
    pub(crate) const PIXEL_CROP_RIGHT: u32 = 0x54DD;
    pub(crate) const COLOUR: u32 = 0x55B0;
    pub(crate) const MATRIX_COEFFICIENTS: u32 = 0x55B1;
    pub(crate) const RANGE: u32 = 0x55B9;
    pub(crate) const TRANSFER_CHARACTERISTICS: u32 = 0x55BA;
    pub(crate) const PRIMARIES: u32 = 0x55BB;
    pub(crate) const MAX_CLL: u32 = 0x55BC;
    pub(crate) const MAX_FALL: u32 = 0x55BD;
    pub(crate) const MASTERING_METADATA: u32 = 0x55D0;
    /// The first of eight: x and y of red, green, blue and white.
    pub(crate) const PRIMARY_R_CHROMATICITY_X: u32 = 0x55D1;
    pub(crate) const LUMINANCE_MAX: u32 = 0x55D9;
    pub(crate) const LUMINANCE_MIN: u32 = 0x55DA;
    pub(crate) const PROJECTION: u32 = 0x7670;
    pub(crate) const PROJECTION_TYPE: u32 = 0x7671;
    pub(crate) const PROJECTION_POSE_YAW: u32 = 0x7673;
    pub(crate) const PROJECTION_POSE_PITCH: u32 = 0x7674;
    pub(crate) const PROJECTION_POSE_ROLL: u32 = 0x7675;
    pub(crate) const AUDIO: u32 = 0xE1;
    pub(crate) const SAMPLING_FREQUENCY: u32 = 0xB5;
    pub(crate) const CHANNELS: u32 = 0x9F;

    pub(crate) const CLUSTER: u32 = 0x1F43_B675;
    pub(crate) const TIMESTAMP: u32 = 0xE7;
    pub(crate) const POSITION: u32 = 0xA7;
    pub(crate) const PREV_SIZE: u32 = 0xAB;
    pub(crate) const SILENT_TRACKS: u32 = 0x5854;
    pub(crate) const SIMPLE_BLOCK: u32 = 0xA3;
    pub(crate) const BLOCK_GROUP: u32 = 0xA0;
    pub(crate) const BLOCK: u32 = 0xA1;
    pub(crate) const BLOCK_DURATION: u32 = 0x9B;
    pub(crate) const REFERENCE_BLOCK: u32 = 0xFB;
    pub(crate) const BLOCK_ADDITIONS: u32 = 0x75A1;
    pub(crate) const DISCARD_PADDING: u32 = 0x75A2;

    pub(crate) const CUES: u32 = 0x1C53_BB6B;
    pub(crate) const CUE_POINT: u32 = 0xBB;
    pub(crate) const CUE_TIME: u32 = 0xB3;
    pub(crate) const CUE_TRACK_POSITIONS: u32 = 0xB7;
    pub(crate) const CUE_TRACK: u32 = 0xF7;
    pub(crate) const CUE_CLUSTER_POSITION: u32 = 0xF1;
}

/// The longest id (4 bytes) and size (8 bytes).
pub(crate) const MAX_HEADER_BYTES: usize = 12;

/// An element's id and size as they stand in front of its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) id: u32,
    /// Bytes of payload; `None` where the size is unknown (all value bits set).
    pub(crate) size: Option<u64>,
    /// Bytes of the header itself.
    pub(crate) len: usize,
}

impl Header {
    /// Reads a header from the front of `bytes`; `Ok(None)` while it is not there entirely.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, Fault> {
        const BAD: Fault = Fault::malformed("element header");
        let Some(&first) = bytes.first() else { return Ok(None) };
        let id_len = first.leading_zeros() as usize + 1;
        if id_len > 4 {
            return Err(BAD);
        }
        let Some(&size_first) = bytes.get(id_len) else { return Ok(None) };
        let size_len = size_first.leading_zeros() as usize + 1;
        if size_len > 8 {
            return Err(BAD);
        }
        let len = id_len + size_len;
        if bytes.len() < len {
            return Ok(None);
        }
        let id = unsigned(&bytes[..id_len]) as u32;
        let mask = u64::MAX >> (64 - 7 * size_len);
        let size = unsigned(&bytes[id_len..len]) & mask;
        Ok(Some(Self { id, size: (size != mask).then_some(size), len }))
    }
}

/// A big-endian unsigned integer of up to 8 bytes.
pub(crate) fn unsigned(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}

/// A float of 0, 4 or 8 bytes.
pub(crate) fn float(bytes: &[u8]) -> Result<f64, Fault> {
    match bytes.len() {
        0 => Ok(0.0),
        4 => Ok(f64::from(f32::from_bits(unsigned(bytes) as u32))),
        8 => Ok(f64::from_bits(unsigned(bytes))),
        _ => Err(Fault::malformed("float")),
    }
}

/// The children of a payload that is there entirely, in order: id, payload, and the whole
/// element with its header.
pub(crate) struct Children<'a> {
    rest: &'a [u8],
}

/// One child of a buffered element.
pub(crate) struct Child<'a> {
    pub(crate) id: u32,
    pub(crate) payload: &'a [u8],
    pub(crate) whole: &'a [u8],
}

impl<'a> Children<'a> {
    pub(crate) fn of(payload: &'a [u8]) -> Self {
        Self { rest: payload }
    }
}

impl<'a> Iterator for Children<'a> {
    type Item = Result<Child<'a>, Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let child = split_child(self.rest);
        self.rest = match &child {
            Ok(child) => &self.rest[child.whole.len()..],
            Err(_) => &[],
        };
        Some(child)
    }
}

fn split_child(bytes: &[u8]) -> Result<Child<'_>, Fault> {
    const BAD: Fault = Fault::malformed("child element");
    let header = Header::read(bytes)?.ok_or(BAD)?;
    let size = header.size.and_then(|size| usize::try_from(size).ok()).ok_or(BAD)?;
    let end = header.len.checked_add(size).filter(|&end| end <= bytes.len()).ok_or(BAD)?;
    Ok(Child { id: header.id, payload: &bytes[header.len..end], whole: &bytes[..end] })
}

/// Appends elements to a buffer.
pub(crate) trait Write {
    fn id(&mut self, id: u32);
    /// A size in as few bytes as hold it.
    fn size(&mut self, size: u64);
    /// A size in exactly 8 bytes.
    fn size_8(&mut self, size: u64);
    fn element(&mut self, id: u32, payload: &[u8]);
    fn unsigned(&mut self, id: u32, value: u64);
    fn float(&mut self, id: u32, value: f64);
    fn string(&mut self, id: u32, value: &str) {
        self.element(id, value.as_bytes());
    }
    /// An element that occupies exactly `len` bytes and means nothing; `len` is at least 2.
    fn void(&mut self, len: usize);
}

impl Write for Vec<u8> {
    fn id(&mut self, id: u32) {
        let skip = id.leading_zeros() as usize / 8;
        self.extend_from_slice(&id.to_be_bytes()[skip..]);
    }

    fn size(&mut self, size: u64) {
        let len = size_len(size);
        let marked = size | 1 << (7 * len);
        self.extend_from_slice(&marked.to_be_bytes()[8 - len..]);
    }

    fn size_8(&mut self, size: u64) {
        self.extend_from_slice(&(size | 1 << 56).to_be_bytes());
    }

    fn element(&mut self, id: u32, payload: &[u8]) {
        self.id(id);
        self.size(payload.len() as u64);
        self.extend_from_slice(payload);
    }

    fn unsigned(&mut self, id: u32, value: u64) {
        let len = (8 - value.leading_zeros() as usize / 8).max(1);
        self.element(id, &value.to_be_bytes()[8 - len..]);
    }

    fn float(&mut self, id: u32, value: f64) {
        self.element(id, &value.to_be_bytes());
    }

    fn void(&mut self, len: usize) {
        debug_assert!(len >= 2);
        self.id(id::VOID);
        if len < 9 {
            self.size(len as u64 - 2);
            self.resize(self.len() + len - 2, 0);
        } else {
            self.size_8(len as u64 - 9);
            self.resize(self.len() + len - 9, 0);
        }
    }
}

/// How many bytes a size takes at least.
pub(crate) fn size_len(size: u64) -> usize {
    // All value bits set means an unknown size, so 127 takes two bytes.
    (1..8).find(|&len| size < (1 << (7 * len)) - 1).unwrap_or(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_every_length_come_back() {
        for size in [0, 1, 126, 127, 128, 16_382, 16_383, 1 << 35, (1 << 56) - 2] {
            for id in [id::VOID, id::DURATION, id::TIMESTAMP_SCALE, id::CLUSTER] {
                let mut bytes = Vec::new();
                bytes.id(id);
                bytes.size(size);
                for cut in 0..bytes.len() {
                    assert_eq!(Header::read(&bytes[..cut]), Ok(None));
                }
                let header = Header::read(&bytes).unwrap().unwrap();
                assert_eq!(header, Header { id, size: Some(size), len: bytes.len() });
            }
        }
    }

    #[test]
    fn unknown_sizes_are_told_from_large_ones() {
        assert_eq!(Header::read(&[0xEC, 0xFF]).unwrap().unwrap().size, None);
        let eight = [0xEC, 1, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(Header::read(&eight).unwrap().unwrap().size, None);
        assert_eq!(Header::read(&[0xEC, 0x40, 0x7F]).unwrap().unwrap().size, Some(127));
    }

    #[test]
    fn a_void_has_the_length_asked_for() {
        for len in [2, 3, 8, 9, 10, 127, 128, 129, 130, 5000] {
            let mut bytes = Vec::new();
            bytes.void(len);
            assert_eq!(bytes.len(), len);
            let header = Header::read(&bytes).unwrap().unwrap();
            assert_eq!(header.len as u64 + header.size.unwrap(), len as u64);
        }
    }
}
