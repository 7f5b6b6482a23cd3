//! `localcamera export`: a part of a recording as one file, without a server.

mod choosing;
mod encoding;
mod writing;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Result, bail};

use crate::clock::zone::Zone;
use crate::config::{Export, ExportTask};
use crate::console;
use crate::library::archive::{Archive, Content, Entry};
use crate::library::download::{distinct, file_name};
use crate::library::reels::{Made, Outtake, Reading};
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
    library.scan(&Filesystem, &|_| false);
    let session = choosing::session(&library, &asked.session)?;
    let (from_us, to_us) = choosing::time(&session, asked.from, asked.to)?;
    let Outtake { made, left_out } = library.reels().cut(&session, from_us, to_us);
    let made: Vec<Arc<Made>> = made.into_iter().map(Arc::new).collect();
    for (file, why) in &left_out {
        let path = library.root().join(session.path(file));
        console::note(&format!("{} is {why}, and left out", path.display()));
    }
    if made.is_empty() {
        bail!("nothing of the recording lies in that time; {}", choosing::described(&session));
    }
    tell_preroll(&made, asked);
    if !session.is_over && session.end_us().is_some_and(|end_us| end_us <= to_us) {
        console::note(
            "the recording may go on: what is in no finished file yet, the last minute at most, is left out",
        );
    }
    let path = write(&session, made, asked)?;
    let path = path.display().to_string();
    console::write(&path)?;
    Ok(if left_out.is_empty() { Ending::Whole } else { Ending::LeftOut })
}

fn write(session: &Session, made: Vec<Arc<Made>>, asked: &Export) -> Result<PathBuf> {
    let name = session.title.as_deref().unwrap_or(&session.name);
    let starts_us = made[0].starts_us();
    let extension = match &made[..] {
        _ if asked.reencode => "mp4",
        [only] => only.head().container().extension(),
        _ => "zip",
    };
    let own_name = file_name(name, starts_us, Zone::Local, extension);
    let path = if asked.out.is_dir() { asked.out.join(own_name) } else { asked.out.clone() };
    if asked.reencode {
        return encoding::write(&made, &path);
    }
    let is_zip = has_extension(&path, "zip");
    match &made[..] {
        [only] if !is_zip => {
            if !has_extension(&path, extension) {
                bail!(
                    "the recording is {}: name the file .{extension}, or encode it anew with \
                     --reencode, which makes an MP4",
                    if extension == "mp4" { "an MP4" } else { "a WebM" }
                );
            }
            writing::reel(&Reading::new(Arc::clone(only)), &path)?;
        }
        _ if is_zip => writing::archive(&archive(name, &made), &path)?,
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

fn archive(name: &str, made: &[Arc<Made>]) -> Archive {
    let names = made.iter().map(|made| {
        file_name(name, made.starts_us(), Zone::Local, made.head().container().extension())
    });
    let entries = distinct(names).into_iter().zip(made).map(|(name, made)| {
        let entry = Entry { name, bytes: made.bytes(), at_us: made.starts_us() };
        (entry, Content::Reel(Reading::new(Arc::clone(made))))
    });
    Archive::new(entries.collect(), SystemTime::now(), Zone::Local)
}

/// A WebM begins before the time that was asked for.
fn tell_preroll(made: &[Arc<Made>], asked: &Export) {
    let preroll_ms = made.first().map_or(0, |made| made.preroll_us() / 1000);
    if preroll_ms > 0 && asked.from.is_some() {
        console::note(&format!(
            "it begins {:.1} s before that time, with the last key frame in front of it",
            preroll_ms as f64 / 1000.0
        ));
    }
}
