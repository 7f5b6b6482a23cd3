//! Files that an earlier version wrote.

use std::sync::Arc;

use bytes::Bytes;
use container::reel::Reel;
use container::{ErrorKind, NANOS_PER_SECOND, Reopening};

use super::{head, runs};
use crate::captures;

/// Where the Timestamps of clusters stand, whose length is one byte behind the id.
pub(super) fn timestamps(file: &[u8]) -> Vec<usize> {
    let clusters =
        (0..file.len() - 24).filter(|&at| file[at..].starts_with(&[0x1F, 0x43, 0xB6, 0x75]));
    let behind = clusters.map(|at| at + 4 + file[at + 4].leading_zeros() as usize + 1);
    behind.filter(|&at| file[at] == 0xE7).collect()
}

#[test]
fn every_timestamp_has_room_for_those_of_a_longer_file() {
    for name in ["chromium-webm-vp8-opus", "firefox-webm-vp8-opus", "chromium-webm-opus-audio-only"]
    {
        for file in &runs(&captures::named(name).stream)[0].files {
            let found = timestamps(&file.finished);
            assert!(!found.is_empty(), "{name}");
            assert!(found.iter().all(|&at| file.finished[at + 1] == 0x84), "{name}");
        }
    }
}

#[test]
fn a_file_without_that_room_can_only_be_alone() {
    let run = runs(&captures::named("chromium-webm-vp8-opus").stream).remove(0);
    let mut narrow = run.files[1].finished.clone();
    for at in timestamps(&narrow) {
        // Two bytes of it, and a Void of two in place of the others.
        let value = [narrow[at + 4], narrow[at + 5]];
        narrow[at..at + 6].copy_from_slice(&[0xE7, 0x82, value[0], value[1], 0xEC, 0x80]);
    }
    assert_eq!(container::inspect(narrow.clone().into()).problems, Vec::<String>::new());
    assert_eq!(head(&narrow).0.unwrap_err().kind, ErrorKind::NarrowTimestamp);
    // One whose first cluster alone is wide is found out when it is read.
    let wide = run.files[1].finished.clone();
    let first = timestamps(&wide)[0];
    let mut mixed = narrow;
    mixed[first..first + 6].copy_from_slice(&wide[first..first + 6]);
    let mut parts = run.parts.clone();
    parts[1].head = head(&mixed).0.unwrap().into();
    let reel = Reel::new(&parts[..2], None).unwrap();
    let files: [&[u8]; 2] = [&run.files[0].finished, &mixed];
    let error = super::bytes(&reel, &files, 0..reel.bytes()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NarrowTimestamp);
}

/// CRC-32 (IEEE).
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Length of the header, and of all, of the element that stands there.
fn element(bytes: &[u8], id_len: usize) -> (usize, usize) {
    let size_len = bytes[id_len].leading_zeros() as usize + 1;
    let digits = &bytes[id_len..id_len + size_len];
    let size = digits.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
    let size = size & ((1 << (7 * size_len)) - 1);
    (id_len + size_len, id_len + size_len + size as usize)
}

/// The growing file as a version wrote it whose Timestamps are as short as they can be.
fn with_narrow_timestamps(growing: &[u8]) -> Vec<u8> {
    let first = growing.windows(4).position(|four| four == [0x1F, 0x43, 0xB6, 0x75]).unwrap();
    let mut out = growing[..first].to_vec();
    let (mut at, mut commit_at) = (first, first);
    while at < growing.len() {
        let rest = &growing[at..];
        if rest[0] == 0x1F {
            let (header, len) = element(rest, 4);
            assert_eq!(rest[header..header + 4], [0xE7, 0x84, 0, 0]);
            let payload = [&[0xE7, 0x82], &rest[header + 4..len]].concat();
            out.extend(&rest[..4]);
            out.extend((payload.len() as u64 | 1 << 56).to_be_bytes());
            out.extend(payload);
            at += len;
        } else {
            let (header, len) = element(rest, 1);
            let mut record = rest[header..len].to_vec();
            let covered = (out.len() - commit_at) as u64;
            let end = record.len();
            record[end - 12..end - 4].copy_from_slice(&covered.to_be_bytes());
            let sum = crc(&[&out[commit_at..], &record[..end - 4]].concat());
            record[end - 4..].copy_from_slice(&sum.to_be_bytes());
            out.extend(&rest[..header]);
            out.extend(record);
            at += len;
            commit_at = out.len();
        }
    }
    out
}

#[test]
fn a_growing_file_without_that_room_is_written_anew_and_goes_on() {
    let run = runs(&captures::named("chromium-webm-vp8-opus").stream).remove(0);
    let file = &run.files[1];
    // As far as its last record: behind the segment's end there is none.
    let end = *file.commits.iter().rev().nth(1).unwrap();
    let growing = &file.growing[..end];
    let reopen = |bytes: &[u8]| {
        let mut reopening = Reopening::new(NANOS_PER_SECOND);
        reopening.push(Bytes::copy_from_slice(bytes));
        let mut parts = Vec::new();
        while let Some(commit) = reopening.next(|_| Some(Arc::clone(&file.spec.init))) {
            parts.extend(commit.concat());
        }
        (reopening.finish().unwrap(), parts)
    };
    let (reopened, parts) = reopen(growing);
    assert!(reopened.is_same && parts == growing);
    let narrow = with_narrow_timestamps(growing);
    assert!(narrow != growing);
    let (reopened, parts) = reopen(&narrow);
    assert!(!reopened.is_same, "what is there is another form");
    assert!(parts == growing, "{} of {}", parts.len(), growing.len());
}
