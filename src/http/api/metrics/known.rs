//! What the server's parts know of themselves.

use std::collections::HashSet;

use super::super::super::State;
use super::families::Family;
use crate::alarms::Kind;
use crate::library::{Library, SOURCE};
use crate::live;
use crate::live::transcoder;
use crate::sources;

/// As sessions of raw publishers name their device.
const RAW: &str = "raw";

pub(super) fn of_server(state: &State) -> Vec<Family> {
    let healthy = state.vitals.known_reason().is_none();
    let mut all = vec![
        Family::gauge("localcamera_build_info", "1, by the version that runs")
            .with(&[("version", env!("CARGO_PKG_VERSION"))], 1.0),
        Family::gauge("localcamera_healthy", "Whether the server can record, as /health says it")
            .is(f64::from(u8::from(healthy))),
    ];
    all.extend(recordings(&state.library));
    all.extend(disk(&state.library));
    all.extend(others(state));
    all
}

fn recordings(library: &Library) -> Vec<Family> {
    let (mut raw, mut of_sources, mut of_devices) = (0_u32, 0_u32, 0_u32);
    let mut devices = HashSet::new();
    library.running().each_device(|device| {
        if device == RAW {
            raw += 1;
        } else if device.starts_with(SOURCE) {
            of_sources += 1;
        } else {
            of_devices += 1;
            devices.insert(device.to_owned());
        }
    });
    let (mut sessions, mut files, mut bytes) = (0_u64, 0_u64, 0_u64);
    library.each(|session| {
        sessions += 1;
        files += session.files.len() as u64;
        bytes += session.files.iter().map(|file| file.bytes).sum::<u64>();
    });
    let count = |count: u64| count as f64;
    vec![
        Family::gauge("localcamera_recording_sessions", "Sessions that are being recorded")
            .with(&[("publisher", "device")], of_devices.into())
            .with(&[("publisher", RAW)], raw.into())
            .with(&[("publisher", "source")], of_sources.into()),
        Family::gauge("localcamera_recording_devices", "Devices that have such a session")
            .is(devices.len() as f64),
        Family::gauge("localcamera_library_sessions", "Sessions in the recordings folder")
            .is(count(sessions)),
        Family::gauge("localcamera_library_files", "Finished files in the recordings folder")
            .is(count(files)),
        Family::gauge("localcamera_library_bytes", "Bytes of those files").is(count(bytes)),
        Family::gauge("localcamera_growing_bytes", "Bytes in files that are not finished yet")
            .is(count(library.usage().growing_bytes())),
    ]
}

fn disk(library: &Library) -> Vec<Family> {
    let trouble = library.trouble();
    let room = trouble.room();
    let held = trouble.held();
    let (is_paused, full) = {
        let held = held.borrow();
        (held.all.is_some(), held.full_publishers())
    };
    let oldest = trouble.oldest_write().unwrap_or_default();
    vec![
        Family::gauge("localcamera_disk_free_bytes", "Room on the disk of the recordings")
            .may_be(room.map(|room| room.free_bytes as f64)),
        Family::gauge("localcamera_disk_reserve_bytes", "Room below which nothing is recorded")
            .may_be(room.map(|room| room.reserve_bytes as f64)),
        Family::gauge(
            "localcamera_recording_paused",
            "Whether nothing is recorded for want of room",
        )
        .is(f64::from(u8::from(is_paused))),
        Family::gauge("localcamera_devices_held", "Devices that have as much as they may")
            .is(full as f64),
        Family::gauge("localcamera_disk_refused_sessions", "Sessions that the disk refuses")
            .is(trouble.refused().len() as f64),
        Family::gauge(
            "localcamera_disk_oldest_write_seconds",
            "Age of the oldest unfinished write",
        )
        .is(oldest.as_secs_f64()),
    ]
}

fn others(state: &State) -> Vec<Family> {
    let alarms = state.alarms.list().borrow().clone();
    let alarms_of = |kind: Kind| alarms.count(kind) as f64;
    let streams = state.streams.states().into_iter().map(live::State::name);
    let fetched = state.sources.list();
    let is_recording = fetched.iter().filter(|source| source.facts.is_recording).count();
    let sources = fetched.iter().map(|source| source.facts.state.name());
    let transcoders = state.transcoders.states();
    let transcoding = Family::gauge("localcamera_transcoders", "Programs of ffmpeg for viewers");
    let formats = ["jpeg", "mpegts", "opus"];
    let states =
        [transcoder::State::Starting, transcoder::State::Running, transcoder::State::Waiting];
    let each = formats.iter().flat_map(|format| states.iter().map(move |state| (*format, *state)));
    let transcoding = each.fold(transcoding, |family, of| {
        let count = transcoders.iter().filter(|own| **own == of).count();
        family.with(&[("format", of.0), ("state", of.1.name())], count as f64)
    });
    vec![
        Family::gauge("localcamera_streams", "Live streams, by how they are doing").of_words(
            "state",
            &["live", "behind", "away"],
            streams,
        ),
        Family::gauge("localcamera_sources", "Cameras that the server fetches, by state").of_words(
            "state",
            &[
                sources::State::Paused.name(),
                sources::State::Connecting.name(),
                sources::State::Live.name(),
                sources::State::Waiting.name(),
            ],
            sources,
        ),
        Family::gauge("localcamera_sources_recording", "Of those, the ones that are recorded")
            .is(is_recording as f64),
        transcoding,
        Family::gauge("localcamera_alarms", "What is wrong now, by kind")
            .with(&[("kind", "silent")], alarms_of(Kind::Silent))
            .with(&[("kind", "disk_low")], alarms_of(Kind::DiskLow))
            .with(&[("kind", "disk_full")], alarms_of(Kind::DiskFull))
            .with(&[("kind", "disk_refused")], alarms_of(Kind::DiskRefused)),
    ]
}
