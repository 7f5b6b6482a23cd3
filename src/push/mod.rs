//! `localcamera push`: publishes a stream from a file or a pipe, and loses nothing of it.

mod backoff;
mod connection;
mod delivery;
mod intake;
mod memory;
mod outcome;
mod progress;
mod recording;
mod run;
mod source;
mod spool;
mod trust;

use anyhow::{Context, Result, bail};
use indicatif::DecimalBytes;
use ingest_protocol::ErrorCode;

use crate::config::Push;
use crate::console;
use connection::Line;
use delivery::{Ending, deliver};
use intake::Intake;
use memory::Folder;
use recording::Recording;
use run::Run;
use source::Source;
use trust::Trust;

/// Publishes what `push` names.
///
/// # Errors
/// Unless the server has everything on its disk. The error says where the rest waits.
pub(crate) fn run(push: &Push) -> Result<()> {
    // Only fails when a provider is installed already, which is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let trust = Trust::load(push.ca.as_deref())?;
    let folder = Folder::open(push.spool.as_deref(), &push.to)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let published = runtime.block_on(publish(push, &folder, trust));
    // A disk that hangs must not keep the program from ending.
    runtime.shutdown_background();
    published
}

async fn publish(push: &Push, folder: &Folder, trust: Trust) -> Result<()> {
    let mut recordings = Recording::left_behind(folder)?;
    let (recording, intake) = Recording::take_up(push, folder)?;
    recordings.push(recording);
    let line = Line::new(push.to.clone(), trust, push.token.clone());
    let mut run = Run::new(line, push.give_up_after, intake)
        .context("cannot wait for the signals that stop a program")?;
    let published = deliver_all(&mut run, folder, recordings).await;
    let lost_bytes = run.intake.as_ref().map_or(0, Intake::leave);
    if lost_bytes > 0 {
        console::note(&format!(
            "{lost_bytes} bytes had been read from the pipe and are lost: the spool's disk had no \
             room for them. Free some before the next push"
        ));
    }
    published
}

/// Delivers one after the other. What one of them meets does not keep the others.
async fn deliver_all(run: &mut Run, folder: &Folder, mut recordings: Vec<Recording>) -> Result<()> {
    let mut problems = Vec::new();
    let mut has_delivered = false;
    while let Some(recording) = recordings.first_mut() {
        if recording.is_left {
            let bytes = DecimalBytes(recording.waiting(0));
            console::note(&format!("{}, {bytes} at most, is delivered first", recording.label));
        }
        let (ending, view) = deliver(run, recording).await;
        match ending {
            // What is nowhere on the server's disk has not been delivered.
            Ending::Complete(summary) if summary.files.is_empty() => {
                let message = "the server has found no media in it";
                let code = ErrorCode::BadStream;
                problems.push(outcome::refused(recording, code, message, &summary));
            }
            Ending::Complete(summary) => {
                has_delivered = true;
                outcome::report(&summary);
                problems.extend(outcome::delivered(recording));
            }
            Ending::Empty => {
                outcome::discard(recording);
                if !recording.is_left && !has_delivered {
                    let label = &recording.label;
                    problems.push(format!("nothing came from {label}, so nothing is recorded"));
                }
            }
            Ending::Refused { code, message, summary } => {
                outcome::report(&summary);
                problems.push(outcome::refused(recording, code, &message, &summary));
            }
            early => {
                // Nothing is between the pipe and the spool while it is counted.
                if let Some(intake) = &run.intake {
                    intake.leave();
                }
                let reason = early_words(early, run, &recording.label);
                if !run.was_welcomed && matches!(recording.source, Source::Regular(_)) {
                    // No server has heard of its session.
                    outcome::discard(recording);
                }
                for recording in recordings.iter().filter(|recording| recording.is_nothing()) {
                    outcome::discard(recording);
                }
                let rest = outcome::waits(folder, &recordings, view.durable_bytes);
                problems.push(format!("{reason}. {rest}"));
                break;
            }
        }
        recordings.remove(0);
    }
    match problems.is_empty() {
        true => Ok(()),
        false => bail!(problems.join("\n")),
    }
}

/// Why a push ends before everything is delivered.
fn early_words(ending: Ending, run: &Run, label: &str) -> String {
    match ending {
        Ending::Unreachable(reason) => reason,
        Ending::GaveUp => {
            let reason = run.progress.reason().unwrap_or("the server takes nothing");
            format!("given up: {reason}")
        }
        Ending::NotAdmitted(reason) => format!(
            "{} takes nothing of this program: {reason} (a token: --token, or LOCALCAMERA_TOKEN)",
            run.line.to()
        ),
        Ending::Unreadable(error) => format!("{label} cannot be read any more: {error}"),
        Ending::TakenOver => format!("another push has taken {label} over, and delivers it"),
        _ => "stopped".to_owned(),
    }
}
