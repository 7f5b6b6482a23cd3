//! The command line of `localcamera push`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::Destination;

/// What to publish, and where to.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Push {
    /// A WebM or fragmented MP4 file; "-" is standard input
    #[arg(value_name = "FILE|-", value_parser = OsStringValueParser::new().map(Input::from))]
    pub(crate) input: Input,

    /// The server, such as https://192.168.1.3:5001
    #[arg(long, value_name = "URL")]
    pub(crate) to: Destination,

    /// The authority that issued the server's certificate, in PEM [default: certs/ca.crt here if
    /// present, else the system's roots]
    #[arg(long, value_name = "FILE", env = "LOCALCAMERA_CA")]
    pub(crate) ca: Option<PathBuf>,

    /// Sent as "Authorization: Bearer"; the variable keeps it out of the process list
    #[arg(long, value_name = "T", env = "LOCALCAMERA_TOKEN", hide_env_values = true)]
    pub(crate) token: Option<Token>,

    /// Keeps what the server does not have yet [default: a folder per server in
    /// $XDG_STATE_HOME/localcamera/push, or ~/.local/state/localcamera/push]
    #[arg(long, value_name = "DIR")]
    pub(crate) spool: Option<PathBuf>,

    /// The name of the recording for people [default: the file's name; of a pipe, this computer's]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,

    /// End with exit code 1 when nothing could be delivered for so long [default: never]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) give_up_after: Option<Duration>,
}

const AFTER_HELP: &str = "\
Publishes the stream without losing anything: what the server does not have on its disk is kept \
here, a broken connection is tried again, and an interrupted push of the same file goes on where \
it was. A pipe is read at once and kept on this computer's disk until the server has it; what a \
killed push leaves there, the next one delivers first.

Prints the recorded files, below the server's recordings folder, on standard output.
Exit code 0 when the server has everything on its disk, 2 for bad usage, 1 otherwise.

  localcamera push lecture.webm --to https://192.168.1.3:5001 --ca ca.crt
  ffmpeg -i rtsp://… -c copy -f webm - | localcamera push - --to https://192.168.1.3:5001";

impl Push {
    /// What clap alone cannot see.
    pub(super) fn checked(self) -> Result<Self, String> {
        if self.input == Input::Stdin && std::io::stdin().is_terminal() {
            let advice = "pipe a WebM or fragmented MP4 stream into it, or name a file";
            return Err(format!("standard input is a terminal: {advice}"));
        }
        Ok(self)
    }
}

/// Where the stream comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    Stdin,
    Path(PathBuf),
}

impl From<OsString> for Input {
    fn from(text: OsString) -> Self {
        if text == "-" { Self::Stdin } else { Self::Path(PathBuf::from(text)) }
    }
}

/// A secret, which no log shows.
#[derive(Clone)]
pub(crate) struct Token(String);

impl Token {
    /// The value of the header `Authorization`.
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

impl FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_good = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_good.then(|| Self(text.to_owned())).ok_or("a token is one word of printable ASCII")
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.ok_or("it must be a number of seconds above 0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_a_positive_number_of_seconds() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1500)));
        for text in ["0", "-1", "soon", "NaN", "inf", "1e30"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_token_is_shown_nowhere() {
        let token: Token = "abc123".parse().unwrap();
        assert_eq!(token.header(), "Bearer abc123");
        assert!(!format!("{token:?}").contains("abc"));
        assert!("two words".parse::<Token>().is_err() && "a\n".parse::<Token>().is_err());
    }
}
