use std::path::{Path, PathBuf};

use super::super::fault::sync_fault;
use super::*;

#[test]
fn a_disk_that_ends_a_recording_is_refusing_until_a_later_one_is_written() {
    let library = Library::new(PathBuf::new());
    let trouble = library.trouble();
    let before = trouble.writer();
    let session = SessionInfo {
        id: "s-1".to_owned(),
        device: "device-1".to_owned(),
        key_sha256: None,
        name: "Front door".to_owned(),
        client: "test".to_owned(),
        peer: feed::Peer::Connection(([127, 0, 0, 1], 1).into()),
        started_us: 0,
        is_resumable: true,
        is_continued: false,
    };
    let durable = watch::Sender::new(Durable::default());
    let error = sync_fault(Path::new("a.webm"))(std::io::ErrorKind::Other.into());
    interrupted(&session, &durable, &error, &library);
    // As its writer goes, and as another one's goes on.
    trouble.ended("s-1");
    trouble.written("s-2", before);
    assert!(trouble.refused()["s-1"].contains("cannot sync a.webm"));
    assert_eq!(durable.borrow().storage_error, trouble.reason());
    trouble.written("s-2", trouble.writer());
    assert_eq!(trouble.reason(), None);
}
