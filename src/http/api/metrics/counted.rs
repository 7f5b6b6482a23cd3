//! What was counted since the start.

use super::families::Family;
use crate::metrics as counted;

pub(super) fn families() -> Vec<Family> {
    let number = |count: u64| count as f64;
    vec![
        Family::counter("localcamera_ingest_bytes", "Media that arrived, without repetitions")
            .by("protocol", |of| number(counted::INGESTED_BYTES.get(of))),
        Family::counter("localcamera_ingest_chunks", "Pieces in which media arrived")
            .by("protocol", |of| number(counted::INGESTED_CHUNKS.get(of))),
        Family::counter("localcamera_ingest_repeated_bytes", "Media that devices sent again")
            .is(number(counted::REPEATED_BYTES.get())),
        Family::counter("localcamera_ingest_errors", "Errors that publishers were told")
            .by("code", |of| number(counted::MISTAKES.get(of))),
        Family::histogram(
            "localcamera_acknowledgement_seconds",
            "From a chunk's arrival until its device is told that it is on the disk",
            counted::ACKNOWLEDGED.measured(),
        ),
        Family::counter("localcamera_written_bytes", "Media written into files")
            .is(number(counted::WRITTEN_BYTES.get())),
        Family::counter("localcamera_files_finished", "Files that were finished")
            .is(number(counted::FINISHED_FILES.get())),
        Family::histogram(
            "localcamera_sync_seconds",
            "Syncs of files and journals",
            counted::SYNCED.measured(),
        ),
        Family::counter("localcamera_disk_errors", "Writes and syncs that the disk refused")
            .is(number(counted::DISK_ERRORS.get())),
        Family::counter("localcamera_gaps", "Times without media, by their reason")
            .by("reason", |of| number(counted::GAPS.get(of))),
        Family::counter("localcamera_removed_files", "Files removed after a deletion")
            .by("by", |of| number(counted::REMOVED_FILES.get(of))),
        Family::counter("localcamera_removed_bytes", "Bytes of those files")
            .by("by", |of| number(counted::REMOVED_BYTES.get(of))),
        Family::gauge("localcamera_viewers", "Viewers of live streams, by the way they watch")
            .by("path", |of| counted::VIEWERS.get(of) as f64),
        Family::counter("localcamera_viewer_skips", "Times a viewer went on behind a missing part")
            .by("path", |of| number(counted::SKIPS.get(of))),
        Family::counter("localcamera_viewer_skipped_seconds", "Length of those parts")
            .by("path", |of| number(counted::SKIPPED_MS.get(of)) / 1e3),
        Family::gauge("localcamera_connections", "Connections to all listeners")
            .is(counted::CONNECTIONS.get() as f64),
        Family::counter("localcamera_refused", "Connections and requests that were not let in")
            .by("reason", |of| number(counted::REFUSED.get(of))),
        Family::gauge("localcamera_source_processes", "Programs of ffmpeg that fetch a source")
            .is(counted::FFMPEG.get() as f64),
        Family::gauge(
            "localcamera_certificate_end_timestamp_seconds",
            "When the certificate ends that the server shows",
        )
        .may_be(Some(counted::CERTIFICATE_ENDS_S.get()).filter(|end| *end > 0).map(|s| s as f64)),
    ]
}
