//! How this program was called, for the commands that people are told to type: where it is not
//! installed they cannot call it by its name alone. And where other programs are.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Where it is not known how it was called.
const NAME: &str = "localcamera";

/// What `--state` is without being given.
const DEFAULT_STATE: &str = "state";

static CALLED: LazyLock<String> = LazyLock::new(|| {
    let first = std::env::args_os().next();
    let first = first.as_deref().and_then(OsStr::to_str).unwrap_or(NAME);
    called_as(first, std::env::var_os("PATH").as_deref())
});

/// A command of this program, as whoever reads it on this computer's terminal can type it.
pub(crate) fn command(words: &str) -> String {
    format!("{} {words}", *CALLED)
}

/// The same for the owner of a server with this state folder.
pub(crate) fn owners_command(words: &str, state: &Path) -> String {
    format!("{}{}", command(words), state_option(state))
}

fn state_option(state: &Path) -> String {
    match state == Path::new(DEFAULT_STATE) {
        true => String::new(),
        false => format!(" --state {}", quoted(&state.to_string_lossy())),
    }
}

/// Where another program is that can be run: on the `PATH` unless its path is given.
pub(crate) fn find(program: &Path) -> Option<PathBuf> {
    let is_program = |file: &PathBuf| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    };
    if program.components().count() > 1 {
        return Some(program.to_owned()).filter(is_program);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(is_program)
}

/// The name alone, where the shell finds it by that; otherwise as it was called.
fn called_as(first: &str, path: Option<&OsStr>) -> String {
    let program = Path::new(first);
    let folder = program.parent().filter(|folder| !folder.as_os_str().is_empty());
    let is_found = |folder: &Path| {
        path.is_some_and(|path| std::env::split_paths(path).any(|one| one == folder))
    };
    match (folder, program.file_name().and_then(OsStr::to_str)) {
        (Some(folder), Some(name)) if is_found(folder) => quoted(name).into_owned(),
        (_, Some(_)) => quoted(first).into_owned(),
        _ => NAME.to_owned(),
    }
}

/// One word of a shell.
fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => Cow::Borrowed(word),
        false => Cow::Owned(format!("'{}'", word.replace('\'', r"'\''"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_called_as_the_program_was() {
        let called = |first: &str| called_as(first, Some(OsStr::new("/usr/bin:/usr/local/bin")));
        assert_eq!(called("localcamera"), "localcamera");
        assert_eq!(called("/usr/local/bin/localcamera"), "localcamera");
        assert_eq!(called("./localcamera"), "./localcamera");
        assert_eq!(called("target/release/localcamera"), "target/release/localcamera");
        assert_eq!(called("/home/ana/my cams/lc"), "'/home/ana/my cams/lc'");
        assert_eq!(called("/opt/ana's/lc"), r"'/opt/ana'\''s/lc'");
        assert_eq!(called(""), "localcamera");
        assert_eq!(called_as("/usr/bin/localcamera", None), "/usr/bin/localcamera");
    }

    #[test]
    fn the_owner_names_a_state_folder_that_is_elsewhere() {
        assert_eq!(state_option(Path::new("state")), "");
        assert_eq!(state_option(Path::new("/var/lib/lc/state")), " --state /var/lib/lc/state");
    }
}
