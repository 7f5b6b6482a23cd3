//! The frames of a Cluster's blocks, as samples.

use bytes::Bytes;

use super::Demuxer;
use super::places::Place;
use crate::codec;
use crate::error::Fault;
use crate::sample::{Detail, Kind, MAX_TIME, NANOS_PER_SECOND, Sample, Track};
use crate::webm::TrackDetail;
use crate::webm::block::Block;
use crate::webm::syntax::{id, unsigned};

impl Demuxer {
    pub(super) fn in_cluster(
        &mut self,
        element: u32,
        payload: Bytes,
    ) -> Result<Option<Sample>, Fault> {
        let Place::Cluster { timestamp, .. } = &mut self.place else {
            return Err(Fault::malformed("Cluster"));
        };
        match element {
            id::TIMESTAMP => {
                *timestamp = Some(unsigned(&payload));
                Ok(None)
            }
            id::SIMPLE_BLOCK => self.block(Block::simple(payload)?),
            _ => self.block(Block::group(&payload)?),
        }
    }

    /// The frame of a block as a sample. Several are queued.
    fn block(&mut self, block: Block) -> Result<Option<Sample>, Fault> {
        const BAD: Fault = Fault::malformed("Block");
        let Place::Cluster { timestamp, .. } = self.place else { return Err(BAD) };
        let base = timestamp.ok_or(Fault::malformed("Cluster without Timestamp"))?;
        let Some((index, track, detail)) = find(&self.tracks.tracks, block.track) else {
            return match self.tracks.has_other(block.track) {
                true => Ok(None),
                false => Err(Fault::malformed("Block of no track")),
            };
        };
        let scale = self.timestamp_scale;
        let ticks = i64::try_from(base).ok().and_then(|base| base.checked_add(block.relative));
        let scaled = ticks.and_then(|ticks| ticks.checked_mul(i64::try_from(scale).ok()?));
        let mut pts = scaled.and_then(|pts| pts.checked_sub(track.delay));
        let stated_ns = block.duration.and_then(|ticks| ticks.checked_mul(scale));
        let stated_ns = stated_ns.map(|total| total / (block.laced.len() as u64 + 1));
        let duration = stated_ns.and_then(|ns| i64::try_from(ns).ok()).filter(|&ns| ns <= MAX_TIME);
        let sync = block.sync || track.kind == Kind::Audio;
        let sample = |pts: Option<i64>, data, block_extra| {
            let pts = pts.filter(|pts| pts.abs() <= MAX_TIME).ok_or(BAD)?;
            Ok(Sample { track: index, pts, dts: pts, duration, sync, data, block_extra })
        };
        for data in block.laced {
            let nominal_ns = stated_ns.or(detail.default_duration_ns);
            let step_ns = nominal_ns.or_else(|| own_duration_ns(track, &data)).unwrap_or(0);
            self.laced.push_back(sample(pts, data, Bytes::new())?);
            pts =
                pts.zip(i64::try_from(step_ns).ok()).and_then(|(pts, step)| pts.checked_add(step));
        }
        // What is said of the whole block ends with its last frame, as padding does.
        let last = sample(pts, block.frame, block.extra)?;
        if self.laced.is_empty() {
            return Ok(Some(last));
        }
        self.laced.push_back(last);
        Ok(None)
    }
}

/// The track that blocks name so.
fn find(tracks: &[Track], number: u64) -> Option<(usize, &Track, &TrackDetail)> {
    tracks.iter().enumerate().find_map(|(index, track)| match &track.detail {
        Detail::Webm(detail) if detail.number == number => Some((index, track, detail)),
        _ => None,
    })
}

/// How long a packet lasts by its own words, or by what its codec always does.
fn own_duration_ns(track: &Track, packet: &[u8]) -> Option<u64> {
    const SECOND: u64 = NANOS_PER_SECOND as u64;
    let rate = u64::from(track.sample_rate.max(1));
    match track.codec.as_str() {
        "A_OPUS" => Some(u64::from(codec::opus::packet_duration(packet)?) * SECOND / 48_000),
        "A_AAC" => Some(1024 * SECOND / rate),
        "A_MPEG/L3" => Some(1152 * SECOND / rate),
        _ => None,
    }
}
