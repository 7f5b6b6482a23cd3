//! What the library's errors mean for people. Their own texts are for who reads packets: they
//! name addresses, and repeat what a peer said.

use super::super::failure::Failure;

/// How far the conversation had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing had come yet.
    Asking,
    Playing,
}

/// Why it ended, from the status that the camera answered with, if it did, and the library's
/// words. `host` is what it was asked at.
pub(super) fn failure(stage: Stage, status: Option<u16>, words: &str, host: &str) -> Failure {
    match status {
        Some(401 | 403) => return Failure::Unauthorized,
        Some(404 | 410 | 454) if stage == Stage::Asking => {
            return Failure::BadAddress(format!("{host} has nothing there; check the path"));
        }
        Some(453 | 503) => {
            return Failure::Unreachable(format!("{host} serves as many viewers as it can"));
        }
        Some(200..300) | None => {}
        Some(status) => {
            return Failure::Unreachable(format!("{host} answers with the error {status}"));
        }
    }
    // The library keeps the kinds of its errors to itself; its tests hold these words.
    let reason = |prefix: &str| words.lines().next().and_then(|line| line.strip_prefix(prefix));
    if let Some(reason) = reason("Unable to connect to RTSP server: ") {
        return Failure::Unreachable(format!("{host}: {reason}"));
    }
    let is_broken = words.starts_with("Error reading from RTSP peer")
        || words.starts_with("Error writing to RTSP peer");
    match stage {
        Stage::Asking if is_broken => Failure::Unreachable(format!("{host} closed the connection")),
        Stage::Asking => Failure::NotMedia(format!("{host} does not speak RTSP as cameras do")),
        Stage::Playing if is_broken => Failure::Ended,
        Stage::Playing => {
            Failure::NotMedia(format!("{host} sent something that cannot be understood"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(stage: Stage, status: Option<u16>, words: &str) -> &'static str {
        failure(stage, status, words, "cam.local").code()
    }

    #[test]
    fn each_fault_has_its_own_name() {
        use Stage::{Asking, Playing};
        assert_eq!(code(Asking, Some(401), ""), "unauthorized");
        assert_eq!(code(Playing, Some(401), ""), "unauthorized");
        assert_eq!(code(Asking, Some(404), ""), "bad_address");
        assert_eq!(code(Asking, Some(500), ""), "unreachable");
        assert_eq!(code(Asking, Some(453), ""), "unreachable");
        assert_eq!(code(Asking, Some(200), "what it describes is nothing"), "not_media");
        assert_eq!(code(Asking, None, "RTSP framing error: x"), "not_media");
        assert_eq!(code(Asking, None, "Error reading from RTSP peer: EOF"), "unreachable");
        assert_eq!(code(Playing, None, "Error reading from RTSP peer: EOF"), "ended");
        assert_eq!(code(Playing, None, "wrong ssrc"), "not_media");
    }

    #[test]
    fn the_systems_word_is_repeated_and_nothing_that_a_peer_says() {
        let words = "Unable to connect to RTSP server: Connection refused (os error 111)\nmore";
        let said = failure(Stage::Asking, None, words, "cam.local").to_string();
        let wanted = "cam.local: Connection refused (os error 111)";
        assert_eq!(said, format!("the camera cannot be reached: {wanted}"));
        let words = "RTSP framing error: rtsp://cam.local/?password=secret";
        assert!(!failure(Stage::Asking, None, words, "cam.local").to_string().contains("secret"));
    }
}
