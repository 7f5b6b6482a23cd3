//! Why ffmpeg has ended, from what it said. Pure.

use super::super::failure::Failure;
use crate::ffmpeg::Words;

/// What was being fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// By its name.
    Camera(String),
    Network,
    File(String),
    Pattern,
}

/// What a camera that is not there makes ffmpeg say, on each system.
const GONE: [&str; 6] = [
    "No such device",
    "No such file or directory",
    "Could not find video device",
    "Could not enumerate video devices",
    "Video device not found",
    "Invalid device index",
];

/// What keeps a camera on the network from answering.
const UNREACHABLE: [&str; 8] = [
    "Connection refused",
    "Connection timed out",
    "Operation timed out",
    "Connection reset",
    "No route to host",
    "Network is unreachable",
    "Host is unreachable",
    "Name or service not known",
];

/// How ffmpeg has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As if the stream were over.
    Orderly,
    Failed,
    /// By this signal.
    Killed(i32),
}

/// Why nothing comes any more.
pub(super) fn failure(kind: &Kind, words: &Words, way: Way) -> Failure {
    // What it said before is not the reason.
    if let Way::Killed(signal) = way {
        return Failure::Stopped(format!("something has killed it (signal {signal})"));
    }
    let reason = words.reason().unwrap_or("it did not say why").to_owned();
    let any = |all: &[&str]| all.iter().any(|text| words.mention(text));
    match kind {
        Kind::Camera(name) if any(&["Device or resource busy", "Could not run graph"]) => {
            Failure::Unreachable(format!("another program uses {name}"))
        }
        Kind::Camera(name) if any(&["Permission denied", "Operation not permitted"]) => {
            Failure::Unreachable(format!(
                "the server may not open {name} ({reason}); on Linux its user has to be in the \
                 group video, and in the group audio for its sound"
            ))
        }
        Kind::Camera(name) if any(&GONE) => Failure::NoCamera(format!("{name} ({reason})")),
        Kind::Network if any(&["401 Unauthorized", "403 Forbidden"]) => Failure::Unauthorized,
        Kind::Network if any(&["404 Not Found", "454 Session"]) => Failure::BadAddress(reason),
        Kind::Network if any(&UNREACHABLE) => Failure::Unreachable(reason),
        Kind::File(path) if any(&["No such file or directory"]) => {
            Failure::BadAddress(format!("there is no file {path}"))
        }
        Kind::Network | Kind::File(_) if any(&["Invalid data found"]) => Failure::NotMedia(reason),
        Kind::File(path) if any(&["Permission denied", "Is a directory"]) => {
            Failure::BadAddress(format!("the file {path} cannot be read ({reason})"))
        }
        _ if way == Way::Orderly => Failure::Ended,
        _ => Failure::Stopped(reason),
    }
}

/// Whether it is the sound of a camera that could not be had.
pub(super) fn is_about_sound(words: &Words) -> bool {
    ["audio device", "Audio device", "plughw", "ALSA", "alsa"].iter().any(|at| words.mention(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(kind: &Kind, said: &str) -> Failure {
        let mut words = Words::default();
        words.push(said.as_bytes());
        words.end();
        failure(kind, &words, Way::Failed)
    }

    #[test]
    fn a_camera_that_is_pulled_out_is_not_there() {
        let kind = Kind::Camera("USB Camera".to_owned());
        let said = "[video4linux2,v4l2 @ 0x5] ioctl(VIDIOC_DQBUF): No such device\n\
                    /dev/video0: No such device\n";
        let failure = failed(&kind, said);
        assert_eq!(failure.code(), "no_camera");
        let message = failure.to_string();
        assert!(message.ends_with("USB Camera (/dev/video0: No such device)"), "{message}");
    }

    #[test]
    fn what_a_person_can_do_about_a_camera_is_said() {
        let kind = Kind::Camera("USB Camera".to_owned());
        let busy = "[v4l2 @ 0x5] ioctl(VIDIOC_STREAMON): Device or resource busy\n";
        assert!(failed(&kind, busy).to_string().ends_with("another program uses USB Camera"));
        let closed = "[v4l2 @ 0x5] Cannot open video device /dev/video0: Permission denied\n";
        assert!(failed(&kind, closed).to_string().contains("group video"));
    }

    #[test]
    fn the_network_has_reasons_of_its_own() {
        let code = |said: &str| failed(&Kind::Network, said).code();
        let refused = "[rtsp @ 0x5] method DESCRIBE failed: 401 Unauthorized\n";
        assert_eq!(code(refused), "unauthorized");
        assert_eq!(code("[rtsp @ 0x5] method DESCRIBE failed: 404 Not Found\n"), "bad_address");
        assert_eq!(
            code("[tcp @ 0x5] Connection to tcp://x failed: Connection refused\n"),
            "unreachable"
        );
        assert_eq!(code("pipe:0: Invalid data found when processing input\n"), "not_media");
    }

    #[test]
    fn what_is_not_understood_is_repeated() {
        let failure = failed(&Kind::Pattern, "[lavfi @ 0x5] No such filter: 'x'\n");
        assert_eq!(failure, Failure::Stopped("No such filter: 'x'".to_owned()));
        assert!(failed(&Kind::Pattern, "").to_string().ends_with("it did not say why"));
        let kind = Kind::File("a.mp4".to_owned());
        assert_eq!(super::failure(&kind, &Words::default(), Way::Orderly), Failure::Ended);
        let killed = super::failure(&kind, &Words::default(), Way::Killed(9)).to_string();
        assert!(killed.ends_with("something has killed it (signal 9)"), "{killed}");
    }

    #[test]
    fn a_microphone_that_is_in_use_is_not_the_camera() {
        let mut words = Words::default();
        words.push(b"[alsa @ 0x5] cannot open audio device plughw:CARD=C,DEV=0 (Device or resource busy)\n");
        assert!(is_about_sound(&words));
    }
}
