//! What the files beside a journal are, by their names (`docs/recordings.md`).

/// What a growing file's name ends with.
const GROWING: &str = ".part";

/// The extension of a growing file that is written anew because its index needs more room, until
/// it takes the old one's place.
pub(crate) const REWRITE: &str = "rewrite";

/// The extension of a file that is written anew because it cannot go on as it is.
pub(crate) const REMADE: &str = "remade";

/// What is added to the name of a growing file that cannot be read from its beginning.
pub(crate) const DAMAGED: &str = "damaged";

/// What the folder of a source begins with.
pub(crate) const SOURCE: &str = "source_";

/// Whether this is the name of a folder of recordings.
pub(crate) fn is_recordings_folder(name: &str) -> bool {
    name.starts_with("client_") || name.starts_with(SOURCE)
}

/// Whether this is the name of a session journal.
pub(crate) fn is_journal(name: &str) -> bool {
    name.starts_with("session_") && name.ends_with(".jsonl")
}

/// Whether this is the name of media, in whatever state.
pub(crate) fn is_media(name: &str) -> bool {
    name.starts_with("video_")
}

/// Whether this is the name of a growing file.
pub(crate) fn is_growing(name: &str) -> bool {
    is_media(name) && name.ends_with(GROWING)
}

/// Whether a crash has left this in the middle of being written anew.
pub(crate) fn is_abandoned(name: &str) -> bool {
    is_media(name) && [REWRITE, REMADE].iter().any(|&extension| stem(name, extension).is_some())
}

/// Whether this was put aside, because it cannot be read from its beginning.
pub(crate) fn is_put_aside(name: &str) -> bool {
    is_media(name) && stem(name, DAMAGED).is_some()
}

/// The name of the finished file that this becomes or is.
pub(crate) fn finished(name: &str) -> &str {
    let anew = [REWRITE, REMADE].iter().find_map(|&extension| stem(name, extension));
    anew.or_else(|| name.strip_suffix(GROWING)).unwrap_or(name)
}

/// The growing form of a finished file's name.
pub(crate) fn growing(finished: &str) -> String {
    format!("{finished}{GROWING}")
}

/// The name under which a finished file's other form waits for its name.
pub(crate) fn remade(finished: &str) -> String {
    format!("{finished}.{REMADE}")
}

fn stem<'a>(name: &'a str, extension: &str) -> Option<&'a str> {
    name.strip_suffix(extension)?.strip_suffix('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_state_of_its_file() {
        let finished_name = "video_1.webm";
        let states = ["", ".part", ".rewrite", ".remade", ".damaged"];
        for state in states {
            let name = format!("{finished_name}{state}");
            assert_eq!(is_growing(&name), state == ".part", "{name}");
            assert_eq!(is_abandoned(&name), [".rewrite", ".remade"].contains(&state), "{name}");
            assert_eq!(is_put_aside(&name), state == ".damaged", "{name}");
        }
        for state in &states[..4] {
            assert_eq!(finished(&format!("{finished_name}{state}")), finished_name);
        }
        assert!(!is_growing("about.part") && !is_abandoned("session_1.jsonl.remade"));
    }
}
