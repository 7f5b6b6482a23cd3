//! What has just happened to a session, for whoever acts on it.

use std::sync::{Arc, PoisonError};

use tokio::sync::broadcast;

use super::journal::{Event, Line, Segment};
use super::{JournalPlace, Library, Session};
use crate::clock::{self, WallUs};

/// Whoever hears them hands them on at once. So many are the files that a start after a crash makes
/// whole while a busy computer gives its listener no turn for seconds.
const MAX_UNHEARD: usize = 4096;

/// Something that has happened while this process runs. What the journals tell of earlier times is
/// none; a file that an earlier process has left and this one has made whole is.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) at_us: WallUs,
    pub(crate) session: String,
    pub(crate) device: String,
    /// The device's name for people, as the session began.
    pub(crate) name: String,
    /// Below the recordings folder.
    pub(crate) folder: String,
    pub(crate) what: What,
}

/// What has happened.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// The session records, or does so again.
    Started { start_us: WallUs, is_resumed: bool },
    /// A finished file has its name. `is_replacing` when it has given way to its longer self.
    Segment { segment: Box<Segment>, is_replacing: bool },
    /// Wall time without media.
    Gap { start_us: WallUs, end_us: WallUs, reason: String, detail: Option<String> },
    /// Nothing more comes, unless its device comes back.
    Ended {
        reason: String,
        start_us: WallUs,
        /// Where its media ends, if it has any.
        end_us: Option<WallUs>,
        files: usize,
        bytes: u64,
    },
}

/// Who hears of news. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct Newsroom(broadcast::Sender<Arc<News>>);

impl Default for Newsroom {
    fn default() -> Self {
        Self(broadcast::Sender::new(MAX_UNHEARD))
    }
}

impl Library {
    /// What happens from now on. Whoever does not listen for long is told how much was missed.
    pub(crate) fn news(&self) -> broadcast::Receiver<Arc<News>> {
        self.news.0.subscribe()
    }

    /// A finished file of a session has its name, of which the journal has told already.
    pub(crate) fn named(
        &self,
        id: &str,
        journal: &JournalPlace,
        segment: Segment,
        is_replacing: bool,
    ) {
        let segment = Box::new(segment);
        self.tell(id, journal, |_| Some(What::Segment { segment, is_replacing }));
    }

    /// A line has been added to a session's journal.
    pub(super) fn told(&self, id: &str, journal: &JournalPlace, line: &Line) {
        self.tell(id, journal, |session| what(session, &line.event));
    }

    fn tell(&self, id: &str, journal: &JournalPlace, what: impl FnOnce(&Session) -> Option<What>) {
        if self.news.0.receiver_count() == 0 {
            return;
        }
        let sessions = self.sessions.read().unwrap_or_else(PoisonError::into_inner);
        let mut alike = sessions.get(id).into_iter().flatten();
        let Some(session) = alike.find(|session| session.journal == *journal) else { return };
        let Some(what) = what(session) else { return };
        let news = News {
            at_us: clock::now_us(),
            session: id.to_owned(),
            device: session.device.clone(),
            name: session.name.clone(),
            folder: journal.folder.clone(),
            what,
        };
        // Nobody listens any more when the server stops.
        let _ = self.news.0.send(Arc::new(news));
    }
}

/// A file's line is none yet: the file gets its name behind it.
fn what(session: &Session, event: &Event) -> Option<What> {
    match event {
        Event::Session { start_us, .. } => {
            Some(What::Started { start_us: *start_us, is_resumed: false })
        }
        Event::Resumed { .. } => {
            Some(What::Started { start_us: session.started_us, is_resumed: true })
        }
        Event::Gap { start_us, end_us, reason, detail, .. } => Some(What::Gap {
            start_us: *start_us,
            end_us: *end_us,
            reason: reason.clone(),
            detail: detail.clone(),
        }),
        Event::Stop { reason } => Some(What::Ended {
            reason: reason.clone(),
            start_us: session.started_us,
            end_us: session.end_us(),
            files: session.files.len(),
            bytes: session.files.iter().map(|file| file.bytes).sum(),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::JournalPlace;
    use super::*;

    fn line(event: &str) -> Line {
        let text = format!(r#"{{"v":1,"at":"x",{event}}}"#);
        Line::read_all(text.as_bytes()).next().unwrap()
    }

    #[test]
    fn a_session_is_told_as_it_goes_and_nothing_of_what_was_read() {
        let library = Library::new(PathBuf::new());
        let place = |name: &str| JournalPlace { folder: "a".to_owned(), name: name.to_owned() };
        let begins = |id: &str| {
            line(&format!(
                r#""event":"session","session":"{id}","device":"d","name":"Door","client":"x","address":"x","start_us":7000"#
            ))
        };
        let mut news = library.news();
        library.apply_all("s-old", &place("s-old"), [begins("s-old")]);
        assert!(news.try_recv().is_err());

        let journal = place("s-1");
        library.apply("s-1", &journal, &begins("s-1"));
        let told = news.try_recv().unwrap();
        assert_eq!((told.session.as_str(), told.device.as_str()), ("s-1", "d"));
        assert_eq!((told.name.as_str(), told.folder.as_str()), ("Door", "a"));
        assert!(matches!(told.what, What::Started { start_us: 7000, is_resumed: false }));

        let file = line(
            r#""event":"segment","file":"video_1.webm","generation":0,"start_us":7000,"duration_us":2000,"bytes":11,"tracks":[],"sha256":"x""#,
        );
        library.apply("s-1", &journal, &file);
        assert!(news.try_recv().is_err(), "a file without its name");
        let Event::Segment(segment) = file.event else { panic!() };
        library.named("s-1", &journal, segment, true);
        let told = news.try_recv().unwrap();
        assert!(
            matches!(&told.what, What::Segment { segment, is_replacing: true } if segment.bytes == 11)
        );

        library.apply("s-1", &journal, &line(r#""event":"stop","reason":"timed_out""#));
        let told = news.try_recv().unwrap();
        let What::Ended { reason, start_us, end_us, files, bytes } = &told.what else { panic!() };
        assert_eq!((reason.as_str(), *start_us, *end_us), ("timed_out", 7000, Some(9000)));
        assert_eq!((*files, *bytes), (1, 11));

        library.apply("s-1", &journal, &line(r#""event":"resumed","address":"x""#));
        let told = news.try_recv().unwrap();
        assert!(matches!(told.what, What::Started { start_us: 7000, is_resumed: true }));
    }
}
