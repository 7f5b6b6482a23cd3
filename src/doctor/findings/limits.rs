//! How many files the server may have open.

use super::super::finding::{Check, Finding};

/// A camera takes a connection, a growing file and a journal, and another file while one is
/// finished.
const FILES_PER_CAMERA: u64 = 4;

/// Listeners, viewers, pages and the library's own.
const FILES_BESIDE: u64 = 256;

/// Fewer cameras than this are not what the program is made for.
const FEW_CAMERAS: u64 = 100;

/// `most`: what the server may raise its limit to; `None` where there is none.
pub(in super::super) fn judge(most: Option<u64>) -> Finding {
    let Some(most) = most else { return Finding::ok(Check::OpenFiles, "not limited") };
    let cameras = most.saturating_sub(FILES_BESIDE) / FILES_PER_CAMERA;
    let message = format!("at most {most}, enough for about {cameras} cameras at once");
    match cameras < FEW_CAMERAS {
        true => Finding::advice(
            Check::OpenFiles,
            message,
            "Raise it before the server is started: ulimit -Hn 65536, or LimitNOFILE=65536 in its \
             systemd unit",
        ),
        false => Finding::ok(Check::OpenFiles, message),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    #[test]
    fn the_limit_is_told_in_cameras() {
        assert_eq!(judge(None).verdict, Verdict::Ok);
        assert_eq!(judge(Some(4096)).message, "at most 4096, enough for about 960 cameras at once");
        assert_eq!(judge(Some(512)).verdict, Verdict::Advice);
        assert_eq!(judge(Some(10)).verdict, Verdict::Advice);
    }
}
