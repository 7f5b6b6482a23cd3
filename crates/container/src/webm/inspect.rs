//! What a finished WebM file holds.

use bytes::Bytes;

use super::syntax::{Children, Header, float, id, unsigned};
use crate::Demuxer;
use crate::error::Error;
use crate::report::{FileReport, describe};
use crate::sample::Event;

pub(crate) fn read(file: &Bytes) -> Result<FileReport, Error> {
    let mut report = FileReport::default();
    let mut demuxer = Demuxer::new();
    demuxer.push(file.clone());
    while let Some(event) = demuxer.poll()? {
        match event {
            Event::Init(init) => report.tracks = init.tracks.iter().map(describe).collect(),
            Event::Config { .. } => {}
            Event::Sample(sample) => {
                if let Some(track) = report.tracks.get_mut(sample.track) {
                    track.samples += 1;
                    track.sync_samples += u64::from(sample.sync);
                }
            }
        }
    }
    while let Some(damage) = demuxer.damage() {
        report.problems.push(damage.to_string());
    }
    if demuxer.incomplete_bytes() > 0 {
        report.problems.push("the file ends inside an element".to_owned());
    }
    let mut at = 0;
    let (mut saw_cluster, mut scale) = (false, 1_000_000.0);
    while let Some(rest) = file.get(at..).filter(|rest| !rest.is_empty()) {
        let Ok(Some(header)) = Header::read(rest) else { break };
        at += header.len;
        if header.id == id::SEGMENT {
            continue;
        }
        let Some(size) = header.size.and_then(|size| usize::try_from(size).ok()) else { break };
        let payload = file.get(at..at.saturating_add(size)).unwrap_or_default();
        match header.id {
            id::CLUSTER => saw_cluster = true,
            id::CUES => report.index_in_front = !saw_cluster && !payload.is_empty(),
            id::INFO => {
                for child in Children::of(payload).flatten() {
                    match child.id {
                        id::TIMESTAMP_SCALE => scale = unsigned(child.payload) as f64,
                        id::DURATION => {
                            let ticks = float(child.payload).unwrap_or(0.0);
                            report.duration_ns = (ticks * scale) as i64;
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        at = at.saturating_add(size);
    }
    Ok(report)
}
