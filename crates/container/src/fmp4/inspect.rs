//! What a finished MP4 file holds.

use bytes::Bytes;

use super::syntax::{Children, Header, Reader, find, require};
use super::tracks::read_trak;
use crate::error::{Error, Fault};
use crate::report::{FileReport, TrackReport, describe};
use crate::sample::{Kind, NANOS_PER_SECOND};

pub(crate) fn read(file: &Bytes) -> Result<FileReport, Error> {
    let mut report = FileReport::default();
    let (mut at, mut media_at) = (0usize, None);
    while let Some(rest) = file.get(at..).filter(|rest| !rest.is_empty()) {
        let fault = |fault: Fault| fault.at(at as u64);
        let header = Header::read(rest).map_err(fault)?;
        let Some(header) = header else {
            report.problems.push("the file ends inside a box".to_owned());
            break;
        };
        let len = match header.size {
            Some(size) => usize::try_from(size).unwrap_or(usize::MAX).saturating_add(header.len),
            None => rest.len(),
        };
        let Some(whole) = rest.get(..len) else {
            report.problems.push("the file ends inside a box".to_owned());
            break;
        };
        match &header.kind {
            b"mdat" => media_at = media_at.or(Some(at)),
            b"moov" => {
                report.index_in_front = media_at.is_none();
                read_moov(&whole[header.len..], file.len() as u64, &mut report).map_err(fault)?;
            }
            _ => {}
        }
        at += len;
    }
    Ok(report)
}

fn read_moov(moov: &[u8], file_bytes: u64, report: &mut FileReport) -> Result<(), Fault> {
    let (version, _, mut mvhd) = Reader::full(require(moov, &[b"mvhd"], "mvhd")?, "mvhd")?;
    mvhd.skip(if version == 1 { 16 } else { 8 })?;
    let timescale = mvhd.u32()?;
    let duration = mvhd.versioned(version)?;
    let duration = i64::try_from(duration).unwrap_or(0);
    report.duration_ns = crate::sample::rescale(duration, timescale.max(1), NANOS_PER_SECOND);
    for child in Children::of(moov) {
        let child = child?;
        if child.kind == *b"trak"
            && let Some(track) = read_trak(child.payload, timescale.max(1))?
        {
            let stbl = require(child.payload, &[b"mdia", b"minf", b"stbl"], "stbl")?;
            let mut described = describe(&track);
            count_samples(stbl, file_bytes, &mut described, &mut report.problems)?;
            report.tracks.push(described);
        }
    }
    Ok(())
}

/// Reads the sample tables far enough to see that every chunk lies inside the file.
fn count_samples(
    stbl: &[u8],
    file_bytes: u64,
    track: &mut TrackReport,
    problems: &mut Vec<String>,
) -> Result<(), Fault> {
    let (_, _, mut stsz) = Reader::full(require(stbl, &[b"stsz"], "stsz")?, "stsz")?;
    stsz.skip(4)?;
    track.samples = u64::from(stsz.u32()?);
    track.sync_samples = match find(stbl, b"stss")? {
        Some(stss) => u64::from(Reader::full(stss, "stss")?.2.u32()?),
        None => track.samples,
    };
    let (offsets, is_large) = match find(stbl, b"co64")? {
        Some(co64) => (co64, true),
        None => (require(stbl, &[b"stco"], "stco")?, false),
    };
    let (_, _, mut offsets) = Reader::full(offsets, "stco")?;
    for _ in 0..offsets.u32()? {
        let offset = if is_large { offsets.u64()? } else { u64::from(offsets.u32()?) };
        if offset >= file_bytes {
            let kind = if track.kind == Kind::Video { "video" } else { "audio" };
            problems.push(format!("{kind} data is said to lie behind the end of the file"));
            break;
        }
    }
    Ok(())
}
