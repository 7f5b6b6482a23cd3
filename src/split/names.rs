//! The order of the pieces, and the names of the files.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::path::Path;

use crate::config::Input;

/// What a recording from standard input is called.
const NAMELESS: &str = "recording";

/// What stands behind the name of a file while it grows, and while it is written anew.
pub(super) const PART: &str = ".part";
pub(super) const REWRITE: &str = ".rewrite";

/// File systems take names of 255 bytes; a number and the extensions come behind this.
const MAX_STEM_BYTES: usize = 220;

/// The inputs in the order in which they are read. A shell's `*` gives the order of the alphabet,
/// in which the tenth piece stands in front of the second; any other order is somebody's choice.
pub(super) fn in_order(inputs: &[Input]) -> Vec<Input> {
    // Some languages' alphabets pass over everything but letters and digits.
    let plain = |input: &Input| -> String {
        let text = text(input);
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let mut ordered = inputs.to_vec();
    if inputs.iter().map(text).is_sorted() {
        ordered.sort_by(|one, other| {
            by_numbers(bare(&text(one)), bare(&text(other)))
                .then_with(|| text(one).cmp(&text(other)))
        });
    } else if inputs.iter().map(plain).is_sorted() {
        ordered.sort_by(|one, other| by_numbers(&plain(one), &plain(other)));
    }
    ordered
}

fn text(input: &Input) -> String {
    match input {
        Input::Stdin => "-".to_owned(),
        Input::Path(path) => path.to_string_lossy().into_owned(),
    }
}

/// A name without what stands behind its last dot: `rec` comes in front of `rec (1)`.
fn bare(name: &str) -> &str {
    match name.rsplit_once('.') {
        // What has no letter is a number.
        Some((bare, extension)) if extension.contains(char::is_alphabetic) => bare,
        _ => name,
    }
}

/// Compares texts in which runs of digits are numbers.
fn by_numbers(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    loop {
        let (a, b) = (run(left), run(right));
        if a.is_empty() || b.is_empty() {
            // Names that differ in leading zeros only are still two names.
            return a.len().cmp(&b.len()).then_with(|| one.cmp(other));
        }
        (left, right) = (&left[a.len()..], &right[b.len()..]);
        let is_number = |run: &str| run.starts_with(|c: char| c.is_ascii_digit());
        let order = if is_number(a) && is_number(b) {
            let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            a.cmp(b)
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// The digits at the front of a text, or one character that is none.
fn run(text: &str) -> &str {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let first = text.chars().next().map_or(0, char::len_utf8);
    &text[..digits.max(first)]
}

/// What the files are called: as the first piece, without its extension and what says that it was
/// not finished.
pub(super) fn stem(inputs: &[Input]) -> String {
    let Some(Input::Path(path)) = inputs.first() else { return NAMELESS.to_owned() };
    let name = Path::new(path.file_name().unwrap_or(path.as_os_str()));
    let unfinished = ["part", "partial", "crdownload", "tmp"];
    let is_unfinished =
        name.extension().and_then(OsStr::to_str).is_some_and(|e| unfinished.contains(&e));
    let whole = if is_unfinished { name.file_stem().map_or(name, Path::new) } else { name };
    let stem = whole.file_stem().unwrap_or(whole.as_os_str());
    match stem.to_string_lossy().into_owned() {
        stem if stem.is_empty() => NAMELESS.to_owned(),
        mut stem => {
            stem.truncate(stem.floor_char_boundary(MAX_STEM_BYTES));
            stem
        }
    }
}

/// The name of the file with this number, from 1.
pub(super) fn file(stem: &str, number: u32, extension: &str) -> String {
    format!("{stem}_{number:05}.{extension}")
}

/// Whether a name is one that a file of this recording could get, or have while it grows.
pub(super) fn is_ours(stem: &str, name: &str) -> bool {
    let number = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('_'));
    let Some((number, extension)) = number.and_then(|rest| rest.split_once('.')) else {
        return false;
    };
    let is_number = number.len() >= 5 && number.bytes().all(|byte| byte.is_ascii_digit());
    let extension = extension.strip_suffix(PART).unwrap_or(extension);
    let extension = extension.strip_suffix(REWRITE).unwrap_or(extension);
    is_number && ["webm", "mkv", "mp4"].contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(names: &[&str]) -> Vec<String> {
        let inputs: Vec<Input> = names.iter().map(|name| Input::Path(name.into())).collect();
        in_order(&inputs).iter().map(text).collect()
    }

    #[test]
    fn numbers_count_as_numbers_where_a_shell_has_sorted() {
        let natural = ["c-1.webm", "c-2.webm", "c-10.webm", "c-100.webm"];
        assert_eq!(ordered(&["c-1.webm", "c-10.webm", "c-100.webm", "c-2.webm"]), natural);
        // An alphabet without signs: "c-100.webm" stands in front of "c-10.webm".
        assert_eq!(ordered(&["c-100.webm", "c-10.webm", "c-1.webm", "c-2.webm"]), natural);
        assert_eq!(ordered(&["p007", "p07", "p08"]), ["p007", "p07", "p08"]);
        // As browsers call what is saved again.
        let saved = ["rec.webm", "rec (1).webm", "rec (2).webm"];
        assert_eq!(ordered(&["rec (1).webm", "rec (2).webm", "rec.webm"]), saved);
        let long = "9".repeat(60);
        assert_eq!(ordered(&["10", &long]), ["10".to_owned(), long]);
    }

    #[test]
    fn an_order_that_somebody_chose_is_kept() {
        let chosen = ["start.webm", "middle.webm", "end.webm"];
        assert_eq!(ordered(&chosen), chosen);
        assert_eq!(ordered(&["c-2", "c-1", "c-10"]), ["c-2", "c-1", "c-10"]);
        assert_eq!(ordered(&["b.mp4", "/tmp/c.mp4"]), ["b.mp4", "/tmp/c.mp4"]);
    }

    #[test]
    fn files_are_called_as_the_first_piece() {
        let stem = |name: &str| stem(&[Input::Path(name.into())]);
        assert_eq!(stem("a/b.c/lecture.webm"), "lecture");
        assert_eq!(stem("video_1.webm.part"), "video_1");
        assert_eq!(stem("noext"), "noext");
        assert_eq!(super::stem(&[Input::Stdin]), "recording");
        // A name of 255 bytes has no room for a number.
        assert_eq!(stem(&format!("{}.webm", "録".repeat(83))), "録".repeat(73));
    }

    #[test]
    fn own_names_are_known_again() {
        for number in [1, 99_999, 100_000] {
            let name = file("a.b_1", number, "webm");
            assert!(is_ours("a.b_1", &name) && is_ours("a.b_1", &(name.clone() + ".part")));
            assert!(is_ours("a.b_1", &(name + ".rewrite.part")));
        }
        for name in ["a_00001.txt", "a_1.webm", "a00001.webm", "a_0000x.mp4", "ab_00001.webm"] {
            assert!(!is_ours("a", name), "{name}");
        }
    }
}
