//! `localcamera split`: files that play, of what a browser, a program or a crash has left.

mod appending;
mod cutting;
mod file;
mod front;
mod names;
mod reading;
mod report;
mod room;
mod source;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::config::Split;
use crate::console;
use crate::interruption::Interrupted;
use crate::progress::Progress;
use cutting::Cutting;
use file::Folder;
use source::Source;

/// How a split ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything of the input is in the files.
    Complete,
    /// Something of it is in none of them; it was said what, and why.
    LeftOut,
}

impl Ending {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Complete => ExitCode::SUCCESS,
            Self::LeftOut => ExitCode::from(3),
        }
    }
}

/// Makes finished files of what `split` names, and says what could not be made one.
///
/// # Errors
/// When the input cannot be read, the output cannot be written, or there is no media.
pub(crate) fn run(split: &Split) -> Result<Ending> {
    let inputs = source::in_order(&split.inputs);
    let source = Source::open(&inputs)?;
    let stem = names::stem(&inputs);
    let folder = Folder::open(&split.out, stem)?;
    let folder = if source.total().is_none() { folder.keeping() } else { folder };
    let progress = Progress::new(source.total());
    let mut cutting = Cutting::new(split.segment(), folder, source.total());
    let read = reading::read(source, &mut cutting, &progress);
    // What was read makes files whatever keeps the rest from being read, unless it can be read again.
    if read.as_ref().is_err_and(anyhow::Error::is::<Interrupted>) {
        cutting.abandon();
    }
    let ended = cutting.end();
    let said = cutting.finished().iter().try_for_each(|path| progress.say(path));
    progress.end();
    let (report, folder) = cutting.into_results();
    report.lines().iter().for_each(|line| console::note(line));
    let synced = folder.close().with_context(|| format!("cannot sync {}", split.out.display()));
    if let Err(error) = read.and(ended).and(said).and(synced) {
        return Err(match report.files() {
            0 => error,
            files => error.context(format!("stopped early; files that are finished: {files}")),
        });
    }
    if report.files() == 0 {
        bail!("there is no media in it that a file could be made of, so there is no file");
    }
    console::note(&report.summary(&split.out));
    Ok(if report.is_complete() { Ending::Complete } else { Ending::LeftOut })
}
