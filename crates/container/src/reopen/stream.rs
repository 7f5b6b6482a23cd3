//! What a file holds, in the words of the stream that it came of.

use std::sync::Arc;

use crate::codec::opus;
use crate::codec::prefixed::Record;
use crate::commit::Place;
use crate::output::is_opus;
use crate::refine::Refiner;
use crate::sample::{
    Container, Detail, Event, Init, Kind, NANOS_PER_SECOND, Sample, Track, rescale, rescale_between,
};
use crate::segmenter::SegmentSpec;
use crate::{fmp4, webm};

/// What the file began with: the stream's tracks, as its first samples and its own header tell.
pub(super) fn specify(
    init: Arc<Init>,
    place: Place,
    own: &[Track],
    samples: &[Sample],
) -> Option<SegmentSpec> {
    let mut tracks = init.tracks.clone();
    if own.len() != tracks.len() {
        return None;
    }
    for (track, own) in tracks.iter_mut().zip(own) {
        let Detail::Mp4(own) = &own.detail else { continue };
        let writes = |track: &Track| {
            fmp4::entry::sample_entry(track, place.keeps_delay)
                .is_ok_and(|entry| entry == own.sample_entry)
        };
        // The file may have begun under another of the stream's sample entries.
        let under = (1..).map_while(|description| track.under(description));
        if let Some(described) = under.skip(1).find(writes) {
            *track = described;
        }
    }
    let mut refiner = Refiner::new(&tracks);
    let mut seen = vec![false; tracks.len()];
    for sample in samples {
        if !std::mem::replace(seen.get_mut(sample.track)?, true) {
            let changed = refiner.refine(&mut sample.clone());
            if let Some(Event::Config { track, config }) = changed {
                tracks[track] = *config;
            }
        }
    }
    for (track, own) in tracks.iter_mut().zip(own) {
        if track.kind == Kind::Video {
            take_configuration(track, own, place.keeps_delay);
        }
    }
    let Place { origin_ns, keeps_delay, .. } = place;
    Some(SegmentSpec { init, tracks, origin_ns, keeps_delay })
}

/// What the stream said of a picture in front of the file's first sample stands in the header of
/// the file alone.
fn take_configuration(track: &mut Track, own: &Track, keeps_delay: bool) {
    let Detail::Mp4(entry) = &own.detail else { return };
    let written = fmp4::entry::sample_entry(track, keeps_delay);
    if written.is_ok_and(|written| written == entry.sample_entry) {
        return;
    }
    match &mut track.detail {
        Detail::Webm(detail) => {
            let kind = Record::of(&track.codec).map_or(b"avcC", Record::kind);
            let config = fmp4::entry::configuration(&entry.sample_entry, Kind::Video, kind);
            detail.codec_private = config.or(detail.codec_private.take());
        }
        Detail::Mp4(detail) => {
            let (known, of_file) = (detail.sample_entry.get(4..8), entry.sample_entry.get(4..8));
            let mut taken = entry.sample_entry.to_vec();
            match (known, of_file) {
                // The one name is written for the other.
                (Some(b"hev1"), Some(b"hvc1")) => taken[4..8].copy_from_slice(b"hev1"),
                _ if known != of_file => return,
                _ => {}
            }
            detail.sample_entry = taken.into();
        }
    }
    track.resize((own.width, own.height));
}

/// A sample of the file with the times of its stream.
pub(super) fn to_stream(mut sample: Sample, own: &[Track], spec: &SegmentSpec) -> Option<Sample> {
    let from = own.get(sample.track)?.timescale;
    let track = spec.tracks.get(sample.track)?;
    let origin = rescale_between(spec.origin_ns, NANOS_PER_SECOND, from.into());
    let ticks = |at: i64| rescale(at.saturating_add(origin), from, track.timescale.into());
    sample.pts = ticks(sample.pts);
    sample.dts = match spec.init.source {
        // It tells no decode times; those of the file were made up.
        Container::Webm => sample.pts,
        Container::Mp4 => ticks(sample.dts),
    };
    let duration = sample.duration.filter(|&duration| duration > 0);
    sample.duration = duration.map(|duration| rescale(duration, from, track.timescale.into()));
    let is_opus = is_opus(&track.codec);
    if is_opus && spec.init.source == Container::Webm && spec.init.output == Container::Mp4 {
        let heard = duration.map(|duration| rescale(duration, from, 48_000));
        let whole = opus::packet_duration(&sample.data).map(i64::from);
        sample.duration = None;
        if let Some((heard, whole)) = heard.zip(whole).filter(|(heard, whole)| heard < whole) {
            let padding_ns = rescale(whole - heard, 48_000, NANOS_PER_SECOND);
            sample.block_extra = webm::block::discard_padding(padding_ns);
        }
    }
    Some(sample)
}
