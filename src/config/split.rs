//! The command line of `localcamera split`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::Input;

/// What to make files of, and where to put them.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Split {
    /// A WebM, Matroska or MP4 recording, or all pieces of one; "-" is standard input
    #[arg(value_name = "FILE|-", required = true,
        value_parser = OsStringValueParser::new().map(|text: OsString| Input::from(text)))]
    pub(crate) inputs: Vec<Input>,

    /// Where the files go; it is made if it is not there [default: this folder]
    #[arg(long, value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) out: PathBuf,

    /// Length of the files; fractions allowed [default: 60]
    #[arg(long, value_name = "N", default_value = "60", hide_default_value = true,
        value_parser = seconds, conflicts_with = "whole")]
    segment_seconds: Duration,

    /// One file, unless the recording itself begins anew inside
    #[arg(long)]
    whole: bool,
}

const AFTER_HELP: &str = "\
Makes files that play, show their length and seek of whatever a browser, a program or a crash has \
left: without a duration or an index, torn, damaged, in pieces, several recordings one behind the \
other. Nothing is encoded anew: what goes in as WebM comes out as WebM, MP4 as MP4. The input stays \
as it is, and nothing is ever overwritten.

Several files are one recording in pieces. They are read in the order in which they are named; where \
that is the order of the alphabet, as * gives it, numbers in their names count as numbers. A file \
that has a header of its own begins a recording of its own.

Prints the finished files, DIR/<name>_00001.webm and so on, on standard output, and what had to be \
left out and why on standard error.
Exit code 0 when everything is in the files, 3 when something had to be left out, 2 for bad usage, \
1 when it failed.

  localcamera split broken.webm --out mended
  localcamera split chunk-*.webm --whole
  curl https://example.org/lecture.webm | localcamera split - --segment-seconds 600";

impl Split {
    /// What clap alone cannot see.
    pub(super) fn checked(self) -> Result<Self, String> {
        if self.inputs.contains(&Input::Stdin) {
            if self.inputs.len() > 1 {
                return Err(
                    "standard input is a whole recording: name no file beside \"-\"".to_owned()
                );
            }
            if std::io::stdin().is_terminal() {
                let advice = "pipe a recording into it, or name a file";
                return Err(format!("standard input is a terminal: {advice}"));
            }
        }
        Ok(self)
    }

    /// The length of the files; `None` for one file.
    pub(crate) fn segment(&self) -> Option<Duration> {
        (!self.whole).then_some(self.segment_seconds)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| "it must be a number of seconds".to_owned())?;
    super::segment(seconds)
}
