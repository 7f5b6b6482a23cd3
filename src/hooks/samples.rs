//! News for tests.

use crate::library::journal::Segment;
use crate::library::{News, What};

pub(super) fn news(what: What) -> News {
    News {
        at_us: 1_500_000,
        session: "s-1".to_owned(),
        device: "tablet".to_owned(),
        name: "Front door".to_owned(),
        folder: "client_1".to_owned(),
        what,
    }
}

pub(super) fn segment() -> What {
    let segment = Segment {
        file: "video_1.webm".to_owned(),
        generation: 2,
        start_us: 1_000_000,
        duration_us: 250_000,
        bytes: 11,
        tracks: Vec::new(),
        sha256: "abc".to_owned(),
        resume: None,
    };
    What::Segment { segment: Box::new(segment), is_replacing: false }
}

pub(super) fn gap() -> What {
    What::Gap { start_us: 1_000_000, end_us: 2_000_000, reason: "muted".to_owned(), detail: None }
}

pub(super) fn ended() -> What {
    What::Ended {
        reason: "stopped".to_owned(),
        start_us: 1_000_000,
        end_us: Some(2_000_000),
        files: 2,
        bytes: 22,
    }
}
