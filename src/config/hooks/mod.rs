//! `[[hook]]` of the configuration file: what is run or told when something happens to recordings.

mod template;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::receiver::{self, Url};
use super::secret::Source;
pub(crate) use template::{FIELDS, Template};

/// Each has a queue of its own, and can keep a processor busy.
const MAX_HOOKS: usize = 16;

/// A copy of a minute of video to another computer takes seconds.
const COMMAND_SECONDS: u64 = 60;

/// A server that is well answers in less.
const URL_SECONDS: u64 = 10;

/// What takes longer than this is stuck, or falls further behind with each file.
const MAX_SECONDS: u64 = 3600;

/// The keys of the section: these can be named where a value must not be.
pub(super) const KEYS: [&str; 10] =
    ["hook", "on", "name", "device", "command", "url", "headers", "token", "ca", "timeout_s"];

/// Of these, what stands behind `-c` is a program.
const SHELLS: [&str; 8] = ["sh", "ash", "bash", "busybox", "dash", "fish", "ksh", "zsh"];

/// What is run or told, and when.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hook {
    /// For the log.
    pub(crate) name: String,
    pub(crate) on: Vec<On>,
    /// Only of this device: its name or id.
    pub(crate) device: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) way: Way,
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    SessionStarted,
    SegmentFinished,
    Gap,
    Disk,
    SessionEnded,
}

impl On {
    const ALL: [Self; 5] =
        [Self::SessionStarted, Self::SegmentFinished, Self::Gap, Self::Disk, Self::SessionEnded];

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::SessionStarted => "session_started",
            Self::SegmentFinished => "segment_finished",
            Self::Gap => "gap",
            Self::Disk => "disk",
            Self::SessionEnded => "session_ended",
        }
    }
}

/// What is done.
#[derive(Clone, PartialEq)]
pub(crate) enum Way {
    Command { program: PathBuf, arguments: Vec<Template> },
    Url { url: Url, headers: Vec<(HeaderName, HeaderValue)>, ca: Option<PathBuf> },
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            // Among the arguments may be a secret.
            Self::Command { program, .. } => write!(f, "Command({}, …)", program.display()),
            Self::Url { url, .. } => url.fmt(f),
        }
    }
}

/// One section as it stands in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    on: Option<Vec<String>>,
    name: Option<String>,
    device: Option<String>,
    command: Option<Vec<String>>,
    url: Option<Source>,
    headers: Option<BTreeMap<String, Source>>,
    token: Option<Source>,
    ca: Option<PathBuf>,
    timeout_s: Option<u64>,
}

/// Checks every value, and fetches the secrets.
pub(super) fn checked(entries: Vec<Entry>) -> Result<Vec<Hook>, String> {
    if entries.len() > MAX_HOOKS {
        return Err(format!("hook: more than {MAX_HOOKS} are not allowed"));
    }
    let mut hooks: Vec<Hook> = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let hook = entry.checked(&hooks);
        hooks.push(hook.map_err(|error| format!("hook, number {number}: {error}"))?);
    }
    Ok(hooks)
}

impl Entry {
    fn checked(mut self, others: &[Hook]) -> Result<Hook, String> {
        let on = on(self.on.take())?;
        let device = self.device.take().map(|device| device.trim().to_owned());
        if device.as_deref() == Some("") {
            return Err("device = \"\" is not allowed: it is a device's name or id, and left out \
                        where all are meant"
                .to_owned());
        }
        let default = if self.command.is_some() { COMMAND_SECONDS } else { URL_SECONDS };
        let seconds = self.timeout_s.unwrap_or(default);
        if !(1..=MAX_SECONDS).contains(&seconds) {
            return Err(format!(
                "timeout_s = {seconds} is not allowed: it must be between 1 and {MAX_SECONDS}"
            ));
        }
        let (kind, way) = self.way()?;
        let name = match self.name.take() {
            Some(name) => receiver::named(name)?,
            None => receiver::unnamed(&kind, |name| others.iter().any(|other| other.name == name)),
        };
        Ok(Hook { name, on, device, timeout: Duration::from_secs(seconds), way })
    }

    /// What is done, and what it is called unless it is given a name.
    fn way(&mut self) -> Result<(String, Way), String> {
        match (self.command.take(), self.url.take()) {
            (Some(_), Some(_)) => Err("it has command and url, and must have one of them".into()),
            (None, None) => Err("it needs command, as in [\"/usr/local/bin/archive\", \
                                 \"{path}\"], or url, as in \"https://nas.local/hook\""
                .into()),
            (Some(words), None) => {
                let left = [
                    ("headers", self.headers.is_some()),
                    ("token", self.token.is_some()),
                    ("ca", self.ca.is_some()),
                ];
                if let Some((key, _)) = left.into_iter().find(|(_, is_left)| *is_left) {
                    return Err(format!("{key} is for url, and this hook has a command"));
                }
                let (program, arguments) = command(&words)?;
                let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
                Ok((name, Way::Command { program, arguments }))
            }
            (None, Some(url)) => {
                let url = receiver::url(Some(url))?;
                let headers = self.headers.take().unwrap_or_default().into_iter();
                let mut headers =
                    headers.map(receiver::header).collect::<Result<Vec<_>, String>>()?;
                if let Some(token) = self.token.take() {
                    if headers.iter().any(|(name, _)| *name == AUTHORIZATION) {
                        return Err("token and headers both say Authorization".to_owned());
                    }
                    headers.push((AUTHORIZATION, receiver::bearer(token)?));
                }
                let name = url.0.host().unwrap_or_default().to_owned();
                Ok((name, Way::Url { url, headers, ca: self.ca.take() }))
            }
        }
    }
}

fn on(words: Option<Vec<String>>) -> Result<Vec<On>, String> {
    let allowed = || On::ALL.map(On::word).join(", ");
    let words = words.unwrap_or_default();
    if words.is_empty() {
        return Err(format!("it needs on, a list of what it waits for, out of {}", allowed()));
    }
    let of = |word: &String| {
        let known = On::ALL.into_iter().find(|on| on.word() == word);
        known.ok_or_else(|| format!("on = [{word:?}] is not allowed: it may hold {}", allowed()))
    };
    words.iter().map(of).collect()
}

/// The messages repeat no argument: one may be a secret.
fn command(words: &[String]) -> Result<(PathBuf, Vec<Template>), String> {
    let Some((program, rest)) = words.split_first().filter(|(program, _)| !program.is_empty())
    else {
        return Err("command names no program: it is a list such as \
                    [\"/usr/local/bin/archive\", \"{path}\"]"
            .to_owned());
    };
    if Template::parse(program)?.has_fields() {
        return Err("command: the program itself can hold no placeholder".to_owned());
    }
    let arguments: Vec<_> =
        rest.iter().map(|word| Template::parse(word)).collect::<Result<_, _>>()?;
    if let Some(script) = script(words)
        && arguments[script - 1].has_fields()
    {
        return Err("command: a shell would run what a placeholder stands for, and a device's \
                    name is whatever somebody has typed. In the script write \
                    \"$LOCALCAMERA_PATH\" in place of {path}, and so on"
            .to_owned());
    }
    Ok((program.into(), arguments))
}

/// Which of the words a shell runs as a script.
fn script(words: &[String]) -> Option<usize> {
    let is_shell = |word: &str| {
        let name = Path::new(word).file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| SHELLS.contains(&name))
    };
    let mut rest = words.iter().enumerate();
    rest.find(|(_, word)| is_shell(word))?;
    while let Some((_, word)) = rest.next() {
        let option = word.strip_prefix(['-', '+']);
        // As in `busybox sh`.
        let Some(option) = option else {
            if is_shell(word) {
                continue;
            }
            // A file with a script.
            return None;
        };
        if option.contains('c') && !option.starts_with('-') {
            return rest.find(|(_, word)| !word.starts_with('-')).map(|(at, _)| at);
        }
        if option.ends_with('o') {
            rest.next();
        }
    }
    None
}

#[cfg(test)]
mod tests;
