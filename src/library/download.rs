//! What files are called that people take along.

use crate::clock::WallUs;
use crate::clock::zone::Zone;
use crate::text::{cut, one_line};

/// Long enough to tell recordings apart; with time and extension no file system refuses it.
const MAX_NAME_CHARS: usize = 60;

/// Of a recording: who recorded it, and when it begins on the clocks there. With characters that every
/// file system takes.
pub(crate) fn file_name(name: &str, starts_us: WallUs, zone: Zone, extension: &str) -> String {
    let name = plain(name);
    let at = zone.at(starts_us).format("%Y-%m-%d %H.%M.%S");
    match name.is_empty() {
        true => format!("{at}.{extension}"),
        false => format!("{name} {at}.{extension}"),
    }
}

/// A name without what means something to a file system.
pub(crate) fn plain(name: &str) -> String {
    let kept = |c: char| match c {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
        other => other,
    };
    let name: String = one_line(name).chars().map(kept).collect();
    let name = cut(&name, MAX_NAME_CHARS);
    // A dot in front hides it, one behind it Windows leaves out.
    name.trim_matches(|c: char| c == '.' || c.is_whitespace()).to_owned()
}

/// Names of which no two are alike, whatever they were.
pub(crate) fn distinct(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = std::collections::HashSet::new();
    let mut distinct = Vec::new();
    for name in names {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((&name, ""));
        let numbered = |count: u32| match count {
            1 => name.clone(),
            count => format!("{stem} ({count}).{extension}"),
        };
        // Where a case makes no difference they are one file, too.
        let free = (1..).map(numbered).find(|name| !taken.contains(&name.to_lowercase()));
        let free = free.unwrap_or_else(|| name.clone());
        taken.insert(free.to_lowercase());
        distinct.push(free);
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_by_who_recorded_it_and_the_time_there() {
        let zone = Zone::named("Europe/Zurich").unwrap();
        let at_us = 1_795_188_709_000_000;
        assert_eq!(file_name("Bench 3", at_us, zone, "mp4"), "Bench 3 2026-11-20 16.31.49.mp4");
        let odd = file_name("../a:b\n\u{202e}c?.", at_us, zone, "webm");
        assert_eq!(odd, "-a-b  c- 2026-11-20 16.31.49.webm");
        assert_eq!(file_name(" . ", at_us, zone, "zip"), "2026-11-20 16.31.49.zip");
    }

    #[test]
    fn no_two_files_have_one_name() {
        let names = ["a.mp4", "A.mp4", "b.mp4", "a.mp4"].map(str::to_owned);
        assert_eq!(distinct(names), ["a.mp4", "A (2).mp4", "b.mp4", "a (3).mp4"]);
    }
}
