//! Which sound devices may be named. Pure.

/// What ALSA has for whole computers.
const SERVERS: [&str; 4] = ["default", "sysdefault", "pulse", "pipewire"];

/// What ALSA has for one card, with the card and its device behind a colon.
const CARDS: [&str; 4] = ["hw", "plughw", "sysdefault", "dsnoop"];

/// Why a name is refused.
pub(super) const ALLOWED: &str = "it must be a sound device as arecord -L lists them: default, \
                                  pulse, pipewire, or hw:, plughw:, sysdefault: or dsnoop: with a \
                                  card, such as plughw:CARD=Camera,DEV=0";

/// Whether a name can go to this system. ALSA reads a name as a definition, and one of its plugins
/// runs a command; other systems only look it up.
pub(super) fn is_allowed(name: &str) -> bool {
    cfg!(any(target_os = "macos", windows)) || is_alsa(name)
}

fn is_alsa(name: &str) -> bool {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'=' | b',' | b'-');
    match name.split_once(':') {
        None => SERVERS.contains(&name),
        Some((plugin, card)) => {
            CARDS.contains(&plugin) && !card.is_empty() && card.bytes().all(is_plain)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_and_sound_servers_are_devices() {
        for name in [
            "default",
            "pulse",
            "pipewire",
            "hw:0,0",
            "plughw:CARD=Camera,DEV=0",
            "sysdefault:CARD=U0x46d0x825",
            "dsnoop:1",
        ] {
            assert!(is_alsa(name), "{name}");
        }
    }

    #[test]
    fn what_defines_a_device_is_none() {
        for name in [
            "file:'|touch x; cat >/dev/null',raw",
            "plug:file:'|id',raw",
            "{type file file '|id' slave.pcm null}",
            "hw:{card 0}",
            "hw:0,0;id",
            "hw:'0'",
            "hw:0 0",
            "hw:0\n",
            "hw:",
            "tee:hw,x,raw",
            "hw",
            "null",
            "",
        ] {
            assert!(!is_alsa(name), "{name}");
        }
    }
}
