//! Texts from outside, bounded.

/// A device's id is as in the protocol's hello.
pub(crate) fn is_device_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (8..=64).contains(&id.len()) && id.bytes().all(allowed)
}

/// The page's keys have 43 characters; what is shorter than 16 can be guessed.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 16..=128;

/// What a device's key can be.
pub(crate) fn is_device_key(key: &str) -> bool {
    KEY_LENGTHS.contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
}

/// One line that looks like nothing else in a list or a log.
pub(crate) fn one_line(text: &str) -> String {
    let is_bidi = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let plain = |c: char| if c.is_control() || is_bidi(c) { ' ' } else { c };
    text.chars().map(plain).collect::<String>().trim().to_owned()
}

/// Whether the text has at most so many characters.
pub(crate) fn is_within(text: &str, max_chars: usize) -> bool {
    text.chars().nth(max_chars).is_none()
}

/// The beginning of a text.
pub(crate) fn cut(text: &str, max_chars: usize) -> String {
    text.chars().take(max_chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_bounded_lines() {
        assert_eq!(one_line(" a\nb\u{202e}c\u{7}"), "a b c");
        assert!(is_within("äöü", 3) && !is_within("äöü", 2));
        assert_eq!(cut("äöü", 2), "äö");
        assert!(is_device_id("device-7q2m") && is_device_id(&"x".repeat(64)));
        for id in ["short", "../../etc/passwd", "device 7q2m", &"x".repeat(65)] {
            assert!(!is_device_id(id), "{id}");
        }
        assert!(is_device_key(&"k".repeat(16)) && is_device_key(&"k".repeat(128)));
        for key in ["", "a-key-of-15-let", "a key with some spaces", &"k".repeat(129)] {
            assert!(!is_device_key(key), "{key}");
        }
    }
}
