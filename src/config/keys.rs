//! What becomes of each key when the configuration is read again by a server that runs. A key that is
//! in neither list fails a test (`documented.rs`), and `docs/config.md` has the same lists.

use super::Config;

/// A key, and whether two configurations differ in it.
type Key = (&'static str, fn(&Config, &Config) -> bool);

macro_rules! differs {
    ($field:ident $(. $inner:ident)*) => {
        |one: &Config, other: &Config| one.$field$(.$inner)* != other.$field$(.$inner)*
    };
}

/// Of what is there or not as a whole.
macro_rules! inner_differs {
    ($field:ident $(. $inner:ident)*, $key:ident) => {
        |one: &Config, other: &Config| {
            let one = one.$field$(.$inner)*.as_ref().map(|inner| &inner.$key);
            one != other.$field$(.$inner)*.as_ref().map(|inner| &inner.$key)
        }
    };
}

/// A rule that is not there is none, whether its section is there or not.
macro_rules! rule_differs {
    ($rule:ident) => {
        |one: &Config, other: &Config| {
            let rule = |config: &Config| config.retention.and_then(|rules| rules.$rule);
            rule(one) != rule(other)
        }
    };
}

/// Taken over at once: whoever asks next, records next or is told next has the new value.
pub(super) const AT_ONCE: &[Key] = &[
    ("segment_seconds", differs!(segment)),
    ("reserve_mb", differs!(reserve_bytes)),
    ("max_device_mb", differs!(max_device_bytes)),
    // Whether the file decides, or a page.
    ("retention", |one, other| one.retention.is_some() != other.retention.is_some()),
    ("retention.max_age_days", rule_differs!(max_age_days)),
    ("retention.max_total_gb", rule_differs!(max_total_gb)),
    ("retention.max_device_gb", rule_differs!(max_device_gb)),
    ("retention.reserve_gb", rule_differs!(reserve_gb)),
    ("retention.reserve_minutes", rule_differs!(reserve_minutes)),
    ("alarms.silent_seconds", differs!(alarms.silent)),
    ("alarms.targets", differs!(alarms.targets)),
    ("hook", differs!(hooks)),
    ("source", differs!(sources)),
    ("embed_origins", differs!(embed_origins)),
    ("hosts", differs!(hosts)),
    ("trusted_proxies", differs!(trusted_proxies)),
    ("viewers.rtsp_addresses", differs!(rtsp_addresses)),
    ("pictures.frames_per_second", differs!(pictures.default.frames_per_second)),
    ("pictures.max_frames_per_second", differs!(pictures.default.max_frames_per_second)),
    ("pictures.quality", differs!(pictures.default.quality)),
    ("pictures.max_quality", differs!(pictures.default.max_quality)),
    ("pictures.streams", differs!(pictures.streams)),
    ("mpegts.size", differs!(mpegts.default.size)),
    ("mpegts.frames_per_second", differs!(mpegts.default.frames_per_second)),
    ("mpegts.bitrate_kbps", differs!(mpegts.default.bitrate_kbps)),
    ("mpegts.keyframe_seconds", differs!(mpegts.default.keyframe_seconds)),
    ("mpegts.buffer_kb", differs!(mpegts.default.buffer_bytes)),
    ("mpegts.streams", differs!(mpegts.streams)),
];

/// With the next start: where the server listens, by which name and certificate it is known, where
/// its folders are, and whether it asks who comes.
pub(super) const NEXT_START: &[Key] = &[
    ("lan_ip", differs!(lan_ip)),
    ("bind", differs!(bind)),
    ("https_port", differs!(https_port)),
    ("wss_port", differs!(wss_port)),
    ("http_port", differs!(http_port)),
    ("proxy_port", inner_differs!(proxy, port)),
    ("proxy_bind", inner_differs!(proxy, bind)),
    ("webrtc_port", differs!(webrtc_port)),
    ("recordings", differs!(recordings)),
    ("certs", differs!(certs)),
    ("cert", inner_differs!(own_certificate, certificate)),
    ("key", inner_differs!(own_certificate, key)),
    ("state", differs!(state)),
    ("source_files", differs!(source_files)),
    ("open", differs!(open)),
    ("mdns", differs!(mdns)),
    ("compat.bind", differs!(compat.bind)),
    ("compat.json_port", inner_differs!(compat.json, port)),
    ("compat.json_stream", inner_differs!(compat.json, stream)),
    ("compat.json_require_token", inner_differs!(compat.json, needs_token)),
    ("compat.jpeg_port", differs!(compat.jpeg_port)),
    ("compat.jpeg_require_token", differs!(compat.jpeg_needs_token)),
    ("compat.mpegts_port", inner_differs!(compat.mpegts, port)),
    ("compat.mpegts_stream", inner_differs!(compat.mpegts, stream)),
    ("compat.mpegts_require_token", inner_differs!(compat.mpegts, needs_token)),
];

/// What is different in a configuration that was read again, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Taken over at once.
    pub(crate) changed: Vec<&'static str>,
    /// Other than what the server was started with, as which they stay until it is started again.
    pub(crate) waiting: Vec<&'static str>,
}

impl Changes {
    /// What `new` changes where `last` was taken over last by a server that was started with
    /// `started`.
    pub(crate) fn of(started: &Config, last: &Config, new: &Config) -> Self {
        let differing = |keys: &[Key], before: &Config| {
            let differing = keys.iter().filter(|(_, differs)| differs(before, new));
            differing.map(|(name, _)| *name).collect()
        };
        Self { changed: differing(AT_ONCE, last), waiting: differing(NEXT_START, started) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cli::of_file;
    use super::*;

    fn changes(started: &str, last: &str, new: &str) -> Changes {
        let [started, last, new] = [started, last, new].map(|text| of_file(text).unwrap());
        Changes::of(&started, &last, &new)
    }

    #[test]
    fn what_waits_is_said_until_the_next_start_and_what_is_taken_over_once() {
        let new = "https_port = 1\nreserve_mb = 7\n[pictures.streams.door]\nquality = 3";
        let first = changes("", "", new);
        assert_eq!(first.changed, ["reserve_mb", "pictures.streams"]);
        assert_eq!(first.waiting, ["https_port"]);
        let second = changes("", new, new);
        assert_eq!((second.changed.len(), second.waiting), (0, first.waiting));
        assert_eq!(changes("", new, "").waiting.len(), 0);
    }

    #[test]
    fn a_secret_that_has_changed_is_noticed_and_not_said() {
        let target = |token: &str| {
            format!(
                "[[alarms.targets]]\nkind = \"ntfy\"\nurl = \"https://a.example/x\"\ntoken = \"{token}\""
            )
        };
        let changes = changes("", &target("one"), &target("two"));
        assert_eq!(changes.changed, ["alarms.targets"]);
    }

    #[test]
    fn an_empty_section_that_keeps_everything_is_a_change() {
        assert_eq!(changes("", "", "[retention]").changed, ["retention"]);
        let one = changes("", "[retention]", "[retention]\nmax_age_days = 3");
        assert_eq!(one.changed, ["retention.max_age_days"]);
    }
}
