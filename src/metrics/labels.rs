//! What figures are told apart by: closed sets of words, so that there are as many figures on a busy
//! server as on a new one, and none says anything about a person.

/// One of a closed set of words.
pub(crate) trait Label: Copy + 'static {
    const ALL: &'static [Self];
    fn index(self) -> usize;
    fn word(self) -> &'static str;
}

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($variant,)+ }

        impl Label for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn index(self) -> usize {
                self as usize
            }

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

labels! {
    /// How media comes in.
    Protocol {
        V1 = "v1",
        Https = "https",
        Raw = "raw",
        Source = "source",
    }
}

impl Protocol {
    /// Whether it is a conversation of `localcamera.v1`, whatever carries it.
    pub(crate) fn speaks_v1(self) -> bool {
        matches!(self, Self::V1 | Self::Https)
    }
}

labels! {
    /// What was wrong with what a publisher sent.
    Mistake {
        BadMessage = "bad_message",
        BadStream = "bad_stream",
        Hole = "hole",
        Lost = "lost",
        NotPaired = "not_paired",
        Revoked = "revoked",
        SessionInUse = "session_in_use",
        Storage = "storage",
    }
}

labels! {
    /// Why there was no media; the reasons of `docs/recordings.md`.
    Gap {
        Muted = "muted",
        Hidden = "hidden",
        Interrupted = "interrupted",
        CameraLost = "camera_lost",
        Connecting = "connecting",
        ServerDown = "server_down",
        PageKilled = "page_killed",
        DeviceStorageFull = "device_storage_full",
        ServerDiskFull = "server_disk_full",
        ServerDiskSlow = "server_disk_slow",
        EncoderDropped = "encoder_dropped",
        DamagedInput = "damaged_input",
        Other = "other",
    }
}

impl Gap {
    /// A device may name any reason: those that nobody knows are one.
    pub(crate) fn of(reason: &str) -> Self {
        let known = Self::ALL.iter().find(|gap| gap.word() == reason);
        known.copied().unwrap_or(Self::Other)
    }
}

labels! {
    /// Who deleted what was removed.
    Removal {
        People = "people",
        Retention = "retention",
    }
}

labels! {
    /// How somebody watches.
    Watched {
        Live = "live",
        Webrtc = "webrtc",
        Jpeg = "jpeg",
        Json = "json",
        Mjpeg = "mjpeg",
        Mpegts = "mpegts",
    }
}

labels! {
    /// Why a connection or a request was not let in.
    Refused {
        Full = "full",
        AddressFull = "address_full",
        NetworkFull = "network_full",
        Handshakes = "handshakes",
        Rate = "rate",
        Host = "host",
        SignIn = "sign_in",
        Token = "token",
        Forbidden = "forbidden",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_a_gap_that_is_documented_is_told_apart() {
        let document = include_str!("../../docs/recordings.md");
        let (_, table) = document.split_once("| reason | |").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let rows = table.lines().filter_map(|row| row.strip_prefix("| `"));
        let reasons: Vec<&str> = rows.filter_map(|row| Some(row.split_once('`')?.0)).collect();
        let words: Vec<&str> = Gap::ALL.iter().map(|gap| gap.word()).collect();
        assert_eq!(words.split_last(), Some((&"other", &*reasons)));
    }

    #[test]
    fn whatever_a_device_says_is_one_of_them() {
        assert_eq!(Gap::of("muted"), Gap::Muted);
        assert_eq!(Gap::of("Maria's tablet fell down"), Gap::Other);
    }
}
