//! `localcamera export`: a part of a recording as one file, without a server.

mod choosing;
mod encoding;
mod writing;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::clock::zone::Zone;
use crate::config::{Export, ExportTask};
use crate::console;
use crate::interruption::Interruption;
use crate::library::archive::{Archive, Content, Entry};
use crate::library::download::{distinct, file_name};
use crate::library::reels::{Outtake, Portion, Reading};
use crate::library::{Library, Session};
use crate::program;
use crate::storage::Filesystem;

/// How an export ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    /// Recorded files of that time are not in it; it was said which, and why.
    LeftOut,
}

impl Ending {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Whole => ExitCode::SUCCESS,
            Self::LeftOut => ExitCode::from(3),
        }
    }
}

/// Writes what was asked for, and says where.
///
/// # Errors
/// When there is no such recording, nothing of it lies in that time, one file cannot hold it, or it
/// cannot be written.
pub(crate) fn run(task: &ExportTask) -> Result<Ending> {
    let ExportTask { asked, recordings } = task;
    if !recordings.is_dir() {
        let shown = recordings.display();
        let again = program::command("export SESSION --recordings DIR");
        bail!("there is no recordings folder {shown}; name it: {again}");
    }
    let library = Library::new(recordings.clone());
    library.scan(&Filesystem::default(), &|_| false);
    let session = choosing::session(&library, &asked.session, asked.from, asked.to)?;
    let (from_us, to_us) = choosing::time(&session, asked.from, asked.to)?;
    let Outtake { portions, left_out } = library.reels().cut(&session, from_us, to_us);
    for (file, why) in &left_out {
        let path = library.root().join(session.path(file));
        console::note(&format!("{} is {why}, and left out", path.display()));
    }
    if portions.is_empty() {
        bail!("nothing of the recording lies in that time; {}", choosing::described(&session));
    }
    tell_preroll(&portions, asked);
    if !session.is_over && session.end_us().is_some_and(|end_us| end_us <= to_us) {
        console::note(
            "the recording may go on: what is in no finished file yet, the last minute at most, is left out",
        );
    }
    let path = write(&session, &portions, asked)?;
    let path = path.display().to_string();
    console::write(&path)?;
    Ok(if left_out.is_empty() { Ending::Whole } else { Ending::LeftOut })
}

fn write(session: &Session, portions: &[Portion], asked: &Export) -> Result<PathBuf> {
    let name = session.title.as_deref().unwrap_or(&session.name);
    let starts_us = portions[0].outline.starts_us();
    let extension = match portions {
        _ if asked.reencode => "mp4",
        [only] => only.outline.container,
        _ => "zip",
    };
    let own_name = file_name(name, starts_us, Zone::Local, extension);
    let path = if asked.out.is_dir() { asked.out.join(own_name) } else { asked.out.clone() };
    let stop = Interruption::watched()?;
    if asked.reencode {
        return encoding::write(portions, &path, &stop);
    }
    let is_zip = has_extension(&path, "zip");
    match portions {
        [only] if !is_zip => {
            if !has_extension(&path, extension) {
                bail!(
                    "the recording is {}: name the file .{extension}, or encode it anew with \
                     --reencode, which makes an MP4",
                    if extension == "mp4" { "an MP4" } else { "a WebM" }
                );
            }
            writing::reel(&reading(only)?, &path, &stop)?;
        }
        _ if is_zip => writing::archive(&archive(name, portions), &path, &stop)?,
        several => bail!(
            "codec, size or rotation change inside that time, so that it is {} files: name a .zip, \
             which gets them all, choose one of them by --from and --to, or encode it anew with \
             --reencode\n{}",
            several.len(),
            choosing::parts(several)
        ),
    }
    Ok(path)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension))
}

fn reading(portion: &Portion) -> Result<Reading> {
    let made = portion.made().context("cannot read the recording")?;
    Ok(Reading::new(made))
}

fn archive(name: &str, portions: &[Portion]) -> Archive {
    let names = portions.iter().map(|Portion { outline, .. }| {
        file_name(name, outline.starts_us(), Zone::Local, outline.container)
    });
    let entries = distinct(names).into_iter().zip(portions).map(|(name, portion)| {
        let Portion { outline, .. } = portion;
        let entry = Entry { name, bytes: outline.bytes, at_us: outline.starts_us() };
        (entry, Content::Reel(portion.clone()))
    });
    Archive::new(entries.collect(), SystemTime::now(), Zone::Local)
}

/// A WebM begins before the time that was asked for.
fn tell_preroll(portions: &[Portion], asked: &Export) {
    let preroll_ms = portions.first().map_or(0, |first| first.outline.preroll_us / 1000);
    if preroll_ms > 0 && asked.from.is_some() {
        console::note(&format!(
            "it begins {:.1} s before that time, with the last key frame in front of it",
            preroll_ms as f64 / 1000.0
        ));
    }
}
