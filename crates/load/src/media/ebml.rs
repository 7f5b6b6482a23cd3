//! The header of a WebM stream as Chromium's recorder writes it (RFC 9559).

const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const CLUSTER: u32 = 0x1F43_B675;
const TIMESTAMP: u32 = 0xE7;
const SIMPLE_BLOCK: u32 = 0xA3;

/// All value bits set: it ends where the next one begins.
const UNKNOWN_SIZE: [u8; 8] = [0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];

/// Of a cluster: its id, its size and its timestamp.
pub(super) const CLUSTER_HEAD_BYTES: usize = 4 + 8 + 2 + 8;

/// Of a SimpleBlock: id, size, track, time and flags.
pub(super) const BLOCK_HEAD_BYTES: usize = 1 + 4 + 1 + 2 + 1;

/// VP8 pictures and Opus sound, up to the first cluster.
pub(super) fn header(width: u16, height: u16) -> Vec<u8> {
    let mut out = Vec::new();
    let mut ebml = Vec::new();
    for (id, value) in [(0x4286, 1), (0x42F7, 1), (0x42F2, 4), (0x42F3, 8)] {
        unsigned(&mut ebml, id, value);
    }
    element(&mut ebml, 0x4282, b"webm");
    unsigned(&mut ebml, 0x4287, 4);
    unsigned(&mut ebml, 0x4285, 2);
    element(&mut out, EBML, &ebml);
    id(&mut out, SEGMENT);
    out.extend(UNKNOWN_SIZE);
    let mut info = Vec::new();
    unsigned(&mut info, 0x002A_D7B1, 1_000_000);
    element(&mut info, 0x4D80, b"load");
    element(&mut info, 0x5741, b"load");
    element(&mut out, INFO, &info);
    let mut video = Vec::new();
    unsigned(&mut video, 0xB0, u64::from(width));
    unsigned(&mut video, 0xBA, u64::from(height));
    let mut audio = Vec::new();
    element(&mut audio, 0xB5, &48_000_f32.to_be_bytes());
    unsigned(&mut audio, 0x9F, 1);
    let mut tracks = track(1, 1, b"V_VP8", 0xE0, &video, None);
    let head = b"OpusHead\x01\x01\0\0\x80\xBB\0\0\0\0\0";
    tracks.extend(track(2, 2, b"A_OPUS", 0xE1, &audio, Some(head)));
    element(&mut out, TRACKS, &tracks);
    out
}

fn track(
    number: u64,
    kind: u64,
    codec: &[u8],
    detail_id: u32,
    detail: &[u8],
    private: Option<&[u8]>,
) -> Vec<u8> {
    let mut entry = Vec::new();
    unsigned(&mut entry, 0xD7, number);
    unsigned(&mut entry, 0x73C5, number);
    unsigned(&mut entry, 0x83, kind);
    element(&mut entry, 0x86, codec);
    if let Some(private) = private {
        element(&mut entry, 0x63A2, private);
    }
    element(&mut entry, detail_id, detail);
    let mut out = Vec::new();
    element(&mut out, 0xAE, &entry);
    out
}

/// What stands in front of a cluster's blocks.
pub(super) fn cluster_head(out: &mut Vec<u8>, timestamp_ms: u64) {
    id(out, CLUSTER);
    out.extend(UNKNOWN_SIZE);
    id(out, TIMESTAMP);
    out.push(0x88);
    out.extend(timestamp_ms.to_be_bytes());
}

/// What stands in front of a block's payload. The size takes four bytes whatever it is, so that
/// every block of a track is as long as the others.
pub(super) fn block_head(
    out: &mut Vec<u8>,
    track: u8,
    relative_ms: i16,
    is_key: bool,
    payload_bytes: usize,
) {
    id(out, SIMPLE_BLOCK);
    let size = payload_bytes as u32 + 4;
    out.extend((size | 0x1000_0000).to_be_bytes());
    out.push(0x80 | track);
    out.extend(relative_ms.to_be_bytes());
    out.push(if is_key { 0x80 } else { 0 });
}

fn id(out: &mut Vec<u8>, id: u32) {
    let bytes = id.to_be_bytes();
    let skip = bytes.iter().take_while(|&&byte| byte == 0).count();
    out.extend(&bytes[skip..]);
}

/// Nothing in a header is longer than 16,382 bytes.
fn element(out: &mut Vec<u8>, name: u32, payload: &[u8]) {
    id(out, name);
    out.extend((payload.len() as u16 | 0x4000).to_be_bytes());
    out.extend(payload);
}

fn unsigned(out: &mut Vec<u8>, name: u32, value: u64) {
    let bytes = value.to_be_bytes();
    let skip = bytes.iter().take_while(|&&byte| byte == 0).count().min(7);
    element(out, name, &bytes[skip..]);
}
