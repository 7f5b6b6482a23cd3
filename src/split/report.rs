//! What is said of a split: what had to be left out, where and when it was, and why.

use std::path::Path;

use container::{Error, ErrorKind, Notes, Summary};

/// So many places are told one by one.
const MAX_PLACES: usize = 100;

#[derive(Debug, Default)]
pub(super) struct Report {
    files: u32,
    duration_ns: i64,
    places: Vec<Place>,
    more_places: u64,
    left_bytes: u64,
    undecodable_samples: u64,
    /// Of recordings that no file takes, and why it does not.
    unwritable_samples: u64,
    unwritable: Option<Error>,
    clock_breaks: u64,
    moved_samples: u64,
    clamped_samples: u64,
    notes: Notes,
    grown: Vec<String>,
    is_interrupted: bool,
    /// Whether a header was found.
    has_begun: bool,
    /// When the last sample was, and whether the last place waits for the next one.
    at_ns: Option<i64>,
    is_awaited: bool,
}

/// Something of the input that is in no file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    input: String,
    offset: u64,
    bytes: u64,
    kind: ErrorKind,
    element: &'static str,
    /// Whether it stands behind a header.
    is_inside: bool,
    /// Media times of the samples in front of it and behind it.
    from_ns: Option<i64>,
    to_ns: Option<i64>,
}

impl Report {
    /// A file is finished.
    pub(super) fn file(&mut self, summary: &Summary) {
        self.files += 1;
        self.duration_ns = self.duration_ns.saturating_add(summary.duration_ns);
        self.clamped_samples += summary.clamped_samples;
    }

    pub(super) fn files(&self) -> u32 {
        self.files
    }

    /// Another recording begins, on a clock of its own.
    pub(super) fn begin(&mut self) {
        self.at_ns = None;
        self.is_awaited = false;
        self.has_begun = true;
    }

    /// A sample of this time comes.
    pub(super) fn see(&mut self, at_ns: i64) {
        self.at_ns = Some(at_ns);
        if std::mem::take(&mut self.is_awaited)
            && let Some(last) = self.places.last_mut()
        {
            last.to_ns = Some(at_ns);
        }
    }

    /// Whether the time of the next sample is asked for.
    pub(super) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// So many bytes of an input are left out.
    pub(super) fn leave_out(
        &mut self,
        (input, offset): (&str, u64),
        bytes: u64,
        error: &Error,
        from_ns: Option<i64>,
    ) {
        self.left_bytes = self.left_bytes.saturating_add(bytes);
        if let Some(last) = self.places.last_mut()
            && last.input == input
            && last.offset + last.bytes == offset
            && last.to_ns.is_none()
        {
            last.bytes += bytes;
            self.is_awaited = true;
            return;
        }
        if self.places.len() >= MAX_PLACES {
            self.more_places += 1;
            return;
        }
        let (kind, element) = (error.kind, error.element);
        let (input, is_inside) = (input.to_owned(), self.has_begun);
        let to_ns = None;
        self.places.push(Place { input, offset, bytes, kind, element, is_inside, from_ns, to_ns });
        self.is_awaited = true;
    }

    /// Samples that no file could take, since no key frame came before them.
    pub(super) fn undecodable(&mut self, samples: u64) {
        self.undecodable_samples = samples;
    }

    /// Samples of a recording that no file takes.
    pub(super) fn unwritable(&mut self, error: &Error, samples: u64) {
        self.unwritable_samples += samples;
        self.unwritable.get_or_insert_with(|| error.clone());
    }

    /// How often the clock of a recording was set, and how many samples were moved since their
    /// times were out of line.
    pub(super) fn clocks(&mut self, breaks: u64, moved_samples: u64) {
        (self.clock_breaks, self.moved_samples) = (breaks, moved_samples);
    }

    /// What stands in a recording beside its pictures and its sound.
    pub(super) fn note(&mut self, notes: Notes) {
        self.notes = self.notes.and(notes);
    }

    /// An input has become longer while it was read.
    pub(super) fn grown(&mut self, input: &str) {
        self.grown.push(input.to_owned());
    }

    /// It was stopped by somebody.
    pub(super) fn interrupt(&mut self) {
        self.is_interrupted = true;
    }

    pub(super) fn is_complete(&self) -> bool {
        self.places.is_empty()
            && self.undecodable_samples == 0
            && self.unwritable.is_none()
            && self.grown.is_empty()
            && !self.is_interrupted
    }

    /// Whether something of the input is in no file that is none of its pictures and sound.
    fn has_notes(&self) -> bool {
        self.notes != Notes::default()
    }

    /// A line for each thing that is in no file.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.places.iter().map(Place::line).collect();
        if self.more_places > 0 {
            lines.push(format!("left out: {} more places like these", self.more_places));
        }
        if self.undecodable_samples > 0 {
            lines.push(format!(
                "left out: {} samples in front of the first key frame that can be decoded, \
                 without which they cannot be shown",
                self.undecodable_samples
            ));
        }
        if let Some(error) = &self.unwritable {
            lines.push(format!(
                "left out: {} samples of a recording of which no file can be made: {} ({})",
                self.unwritable_samples, error.kind, error.element
            ));
        }
        if self.clock_breaks > 0 {
            let times = match self.clock_breaks {
                1 => "once".to_owned(),
                breaks => format!("{breaks} times"),
            };
            lines.push(format!("the recording's clock jumps, so files begin anew: {times}"));
        }
        if self.moved_samples > 0 {
            lines.push(format!(
                "their times are out of line with their neighbours', so they follow those: {} \
                 samples",
                self.moved_samples
            ));
        }
        if self.clamped_samples > 0 {
            lines.push(format!(
                "their times do not fit into their file, so they are as near to them as it goes: \
                 {} samples",
                self.clamped_samples
            ));
        }
        for input in &self.grown {
            lines.push(format!(
                "left out of {input}: what was written to it while it was read; split it again \
                 when it is finished"
            ));
        }
        if self.is_interrupted {
            lines.push("interrupted: what had come by then is in the files".to_owned());
        }
        let Notes { hidden_samples, other_tracks, unfollowed_edits, .. } = self.notes;
        if hidden_samples > 0 {
            lines.push(format!(
                "not shown by its edit list, so not in the files: {hidden_samples} samples at the end"
            ));
        }
        if other_tracks > 0 {
            let tracks = match other_tracks {
                1 => "a track".to_owned(),
                tracks => format!("{tracks} tracks"),
            };
            lines.push(format!("not in the files: {tracks} without picture or sound"));
        }
        if self.notes.has_attachments {
            lines.push("not in the files: what is attached, such as fonts or a cover".to_owned());
        }
        if self.notes.has_chapters {
            lines.push("not in the files: the chapters".to_owned());
        }
        if unfollowed_edits > 0 {
            lines.push(
                "its edit list shows parts of the media in turn; the files hold all of it from \
                 where the first part begins"
                    .to_owned(),
            );
        }
        lines
    }

    /// The line in the end.
    pub(super) fn summary(&self, out: &Path) -> String {
        let count = match self.files {
            1 => "1 file".to_owned(),
            files => format!("{files} files"),
        };
        let (out, duration) = (out.display(), time(self.duration_ns));
        let done = format!("{count}, {duration} in all, in {out}");
        match (self.is_complete(), self.left_bytes) {
            (true, _) if self.has_notes() => format!("{done}; what is not in them is named above"),
            (true, _) => format!("{done}; nothing had to be left out"),
            (false, 0) => format!("{done}; what had to be left out is named above"),
            (false, 1) => format!("{done}; a byte had to be left out, for the reason above"),
            (false, bytes) => {
                format!("{done}; {bytes} bytes had to be left out, for the reasons above")
            }
        }
    }
}

impl Place {
    fn line(&self) -> String {
        let Self { input, offset, bytes, .. } = self;
        let place = match (self.kind, bytes) {
            (ErrorKind::Truncated, 0) => format!("{input}: what comes behind byte {offset}"),
            (ErrorKind::Truncated, _) if self.element == "mdat" => {
                format!("{input}: {bytes} bytes that would come behind byte {offset}")
            }
            (_, 0) => format!("{input}: what is described at byte {offset}"),
            (_, 1) => format!("{input}: 1 byte, byte {offset}"),
            _ => format!("{input}: {bytes} bytes from byte {offset} on"),
        };
        let times = match (self.from_ns, self.to_ns) {
            (Some(from), Some(to)) => format!(", between {} and {}", time(from), time(to)),
            (Some(from), None) => format!(", behind {}", time(from)),
            (None, Some(to)) => format!(", in front of {}", time(to)),
            (None, None) => String::new(),
        };
        let reason = match self.kind {
            ErrorKind::NotMedia | ErrorKind::NoHeader if self.is_inside => {
                "it does not go on from what comes in front of it".to_owned()
            }
            ErrorKind::NotMedia | ErrorKind::NoHeader => {
                "no header of a WebM, Matroska or MP4 comes in front of it; if that is in another \
                 piece, name that one first"
                    .to_owned()
            }
            ErrorKind::NotFragmented => {
                "this MP4 is read by its index, which a pipe does not allow; save it to a file, \
                 and split that"
                    .to_owned()
            }
            ErrorKind::Truncated if self.element == "moov" => {
                "its index is torn, and nothing else says where its samples are".to_owned()
            }
            ErrorKind::Truncated => format!("the recording ends inside the {}", self.element),
            ErrorKind::NoTracks if self.element == "Tracks" => {
                "no picture and no sound is described in front of the media; where that stands \
                 behind it, `mkvmerge -o NEW OLD` puts it in front"
                    .to_owned()
            }
            kind => format!("{kind} ({})", self.element),
        };
        format!("left out of {place}{times}: {reason}")
    }
}

/// Hours, minutes, seconds and milliseconds.
fn time(nanos: i64) -> String {
    let ms = nanos.unsigned_abs() / 1_000_000;
    let sign = if nanos < 0 && ms > 0 { "-" } else { "" };
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{sign}{h}:{m:02}:{s:02}.{:03}", ms % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> Error {
        Error { kind, offset: 0, element: "SimpleBlock" }
    }

    #[test]
    fn what_became_of_a_broken_clock_is_told() {
        let mut report = Report::default();
        assert_eq!(report.lines(), [] as [&str; 0]);
        report.clocks(2, 158);
        report.file(&Summary { clamped_samples: 4, ..Summary::default() });
        let lines = report.lines();
        assert!(lines[0].ends_with("files begin anew: 2 times"), "{lines:?}");
        assert!(lines[1].ends_with("follow those: 158 samples"), "{lines:?}");
        assert!(lines[2].ends_with("as near to them as it goes: 4 samples"), "{lines:?}");
        assert!(report.is_complete(), "everything is in the files");
    }

    #[test]
    fn what_is_no_picture_and_no_sound_is_told() {
        let mut report = Report::default();
        let mut notes = Notes::default();
        notes.other_tracks = 2;
        report.note(notes);
        (notes.other_tracks, notes.has_attachments, notes.has_chapters) = (1, true, true);
        report.note(notes);
        let lines = report.lines();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].contains("3 tracks without"), "{lines:?}");
        assert!(lines[1].contains("attached") && lines[2].contains("chapters"), "{lines:?}");
        let summary = report.summary(Path::new("out"));
        assert!(summary.ends_with("what is not in them is named above"), "{summary}");
    }

    #[test]
    fn what_is_left_out_is_told_with_place_times_and_reason() {
        let mut report = Report::default();
        assert!(report.is_complete());
        report.see(1_000_000_000);
        let malformed = error(ErrorKind::Malformed);
        report.leave_out(("a.webm", 500), 100, &malformed, Some(1_000_000_000));
        // What follows at once is the same place.
        report.leave_out(("a.webm", 600), 20, &malformed, Some(1_000_000_000));
        report.see(2_500_000_000);
        report.leave_out(("a.webm", 900), 7, &error(ErrorKind::Truncated), Some(3_723_004_000_000));
        report.undecodable(3);
        let lines = report.lines();
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert_eq!(
            lines[0],
            "left out of a.webm: 120 bytes from byte 500 on, between 0:00:01.000 and 0:00:02.500: \
             its length or content contradicts what surrounds it (SimpleBlock)"
        );
        assert!(lines[1].contains("7 bytes from byte 900 on, behind 1:02:03.004"), "{lines:?}");
        assert!(lines[2].contains("3 samples"), "{lines:?}");
        assert!(!report.is_complete());
        assert!(report.summary(Path::new("out")).contains("127 bytes"));
    }

    #[test]
    fn the_report_is_bounded() {
        let mut report = Report::default();
        for n in 0..1000 {
            report.leave_out(("a", 10 * n), 1, &error(ErrorKind::Malformed), None);
        }
        let lines = report.lines();
        assert_eq!(lines.len(), MAX_PLACES + 1);
        assert!(lines[MAX_PLACES].contains("900 more"), "{}", lines[MAX_PLACES]);
        assert_eq!(report.left_bytes, 1000);
    }
}
