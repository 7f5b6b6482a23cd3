//! The boxes in front of the media that say what the tracks are.

use super::out_track::OutTrack;
use super::syntax::Write;
use super::tracks::UNITY_MATRIX;
use crate::sample::Kind;

pub(crate) fn file_type() -> Vec<u8> {
    let mut ftyp = Vec::new();
    ftyp.boxed(b"ftyp", |out| {
        out.extend_from_slice(b"isom");
        out.u32(0x200);
        out.extend_from_slice(b"isomiso6iso2mp41");
    });
    ftyp
}

/// A table: a full box with a count in front of its entries.
pub(super) fn counted<T>(
    out: &mut Vec<u8>,
    kind: &[u8; 4],
    version: u8,
    entries: &[T],
    mut write: impl FnMut(&mut Vec<u8>, &T),
) {
    out.full_box(kind, version, 0, |out| {
        out.u32(entries.len() as u32);
        for entry in entries {
            write(out, entry);
        }
    });
}

pub(crate) fn movie_header(out: &mut Vec<u8>, timescale: u32, duration: u64, tracks: usize) {
    let version = version_for(duration);
    out.full_box(b"mvhd", version, 0, |out| {
        out.zeros(if version == 1 { 16 } else { 8 });
        out.u32(timescale);
        versioned(out, version, duration);
        out.u32(0x1_0000);
        out.u16(0x100);
        out.zeros(10);
        matrix(out, &UNITY_MATRIX);
        out.zeros(24);
        out.u32(tracks as u32 + 1);
    });
}

/// A `trak` whose sample tables `tables` writes.
pub(crate) fn track_box(
    out: &mut Vec<u8>,
    track: &OutTrack,
    id: u32,
    duration: u64,
    media_duration: u64,
    edits: &[(u64, i64)],
    tables: impl FnOnce(&mut Vec<u8>),
) {
    let (handler, name): (&[u8; 4], &[u8]) = match track.kind {
        Kind::Video => (b"vide", b"video\0"),
        Kind::Audio => (b"soun", b"audio\0"),
    };
    out.boxed(b"trak", |out| {
        let version = version_for(duration);
        // Enabled, and part of the movie and its preview.
        out.full_box(b"tkhd", version, 7, |out| {
            out.zeros(if version == 1 { 16 } else { 8 });
            out.u32(id);
            out.zeros(4);
            versioned(out, version, duration);
            out.zeros(12);
            out.u16(if track.kind == Kind::Audio { 0x100 } else { 0 });
            out.zeros(2);
            matrix(out, &track.matrix);
            out.u32(track.size.0);
            out.u32(track.size.1);
        });
        if !edits.is_empty() {
            out.boxed(b"edts", |out| edit_list(out, edits));
        }
        out.boxed(b"mdia", |out| {
            let version = version_for(media_duration);
            out.full_box(b"mdhd", version, 0, |out| {
                out.zeros(if version == 1 { 16 } else { 8 });
                out.u32(track.timescale);
                versioned(out, version, media_duration);
                out.u16(track.language);
                out.zeros(2);
            });
            if let Some(tag) = &track.language_tag {
                out.full_box(b"elng", 0, 0, |out| {
                    out.extend_from_slice(tag.as_bytes());
                    out.push(0);
                });
            }
            out.full_box(b"hdlr", 0, 0, |out| {
                out.zeros(4);
                out.extend_from_slice(handler);
                out.zeros(12);
                out.extend_from_slice(name);
            });
            out.boxed(b"minf", |out| {
                match track.kind {
                    Kind::Video => out.full_box(b"vmhd", 0, 1, |out| out.zeros(8)),
                    Kind::Audio => out.full_box(b"smhd", 0, 0, |out| out.zeros(4)),
                }
                out.boxed(b"dinf", |out| {
                    out.full_box(b"dref", 0, 0, |out| {
                        out.u32(1);
                        out.full_box(b"url ", 0, 1, |_| {});
                    });
                });
                out.boxed(b"stbl", |out| {
                    out.full_box(b"stsd", 0, 0, |out| {
                        out.u32(1);
                        out.extend_from_slice(&track.entry);
                    });
                    tables(out);
                });
            });
        });
    });
}

fn edit_list(out: &mut Vec<u8>, edits: &[(u64, i64)]) {
    let large = |&(duration, media_time): &(u64, i64)| {
        duration > u32::MAX.into() || i32::try_from(media_time).is_err()
    };
    let version = u8::from(edits.iter().any(large));
    counted(out, b"elst", version, edits, |out, &(duration, media_time)| {
        versioned(out, version, duration);
        versioned(out, version, media_time as u64);
        out.u32(0x1_0000);
    });
}

fn version_for(duration: u64) -> u8 {
    u8::from(duration > u32::MAX.into())
}

fn versioned(out: &mut Vec<u8>, version: u8, value: u64) {
    match version {
        1 => out.u64(value),
        _ => out.u32(value as u32),
    }
}

fn matrix(out: &mut Vec<u8>, matrix: &[u32; 9]) {
    for &value in matrix {
        out.u32(value);
    }
}
