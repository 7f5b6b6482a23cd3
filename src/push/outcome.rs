//! What becomes of a recording after its delivery, and what a person is told.

use indicatif::DecimalBytes;
use ingest_protocol::ErrorCode;
use ingest_protocol::client::Summary;

use super::memory::Folder;
use super::recording::Recording;
use super::source::Source;
use crate::console;
use crate::program;

/// Streams that cannot be recorded are mostly files of another kind.
fn formats() -> String {
    format!(
        "localcamera takes WebM, Matroska and fragmented MP4; most others become one with \
         `ffmpeg -i FILE -c copy -f matroska - | {}`",
        program::command("push - …")
    )
}

/// Prints the files that the server has made.
pub(super) fn report(summary: &Summary) {
    for file in &summary.files {
        console::say(&format!("{}/{}", summary.folder, file.file));
    }
}

/// The server has everything: nothing is kept. What a person should know all the same is an
/// error.
pub(super) fn delivered(recording: &Recording) -> Option<String> {
    discard(recording);
    let label = &recording.label;
    if let Source::Regular(regular) = &recording.source
        && let Some(changed) = regular.changed()
    {
        return Some(changed);
    }
    let broken = recording.arrived.borrow().broken.clone();
    broken.map(|error| format!("{label} broke off: {error}. What had come of it is recorded"))
}

/// Nothing of it is needed any more.
pub(super) fn discard(recording: &Recording) {
    if let Err(error) = recording.source.discard() {
        let label = &recording.label;
        console::note(&format!("what was kept of {label} cannot be removed: {error}"));
    }
}

/// The server takes no more of it: why, where it is, and what to do.
pub(super) fn refused(
    recording: &mut Recording,
    code: ErrorCode,
    message: &str,
    summary: &Summary,
) -> String {
    let label = recording.label.clone();
    let kept = match summary.files.len() {
        0 => "",
        _ => " What came before is recorded.",
    };
    let Source::Spool(spool) = &mut recording.source else {
        discard(recording);
        return format!("{label} cannot be recorded: {message}.{kept} {}", formats());
    };
    if code == ErrorCode::Lost {
        let (folder, to) = (spool.folder().display(), spool.to());
        return format!(
            "{label} cannot be delivered: {message}. It was for {to}: push there with --spool and \
             this folder's parent, or remove {folder} if nobody needs it"
        );
    }
    let moved = spool.set_aside();
    let folder = spool.folder().display();
    let place = match moved {
        Ok(()) => format!("is kept in {folder}, in pieces that make the stream in order of name"),
        Err(error) => format!("stays in {folder}, which cannot be renamed ({error})"),
    };
    format!(
        "{label} cannot be recorded: {message}.{kept} What the server did not take {place}. {}",
        formats()
    )
}

/// Where the rest waits when a push ends early. `durable` is what the server has of the first.
pub(super) fn waits(folder: &Folder, undelivered: &[Recording], durable: u64) -> String {
    let mut bytes = 0;
    let mut file = None;
    for (index, recording) in undelivered.iter().enumerate() {
        let waiting = recording.waiting(if index == 0 { durable } else { 0 });
        match &recording.source {
            Source::Regular(_) => file = Some((&recording.label, waiting)),
            Source::Spool(_) => bytes += waiting,
        }
    }
    let mut sentences = Vec::new();
    if let Some((label, waiting)) = file {
        let waiting = DecimalBytes(waiting);
        sentences.push(format!(
            "{waiting} of {label} are not delivered; the same command goes on where this one ended"
        ));
    }
    if bytes > 0 {
        let (waiting, folder) = (DecimalBytes(bytes), folder.path.display());
        sentences.push(format!(
            "{waiting} wait in {folder}; the next push with this spool delivers them first"
        ));
    }
    match sentences.is_empty() {
        true => "nothing waits".to_owned(),
        false => sentences.join(". "),
    }
}
