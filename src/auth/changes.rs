//! Which change of something is the latest: one that waits for the disk must not beat one that was
//! decided since.

use std::collections::HashMap;

/// What a change sets to something else, whatever it was before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Subject {
    Mode,
    /// Of a browser or a user, by id.
    Rights(String),
    /// Of a user, by id.
    Password(String),
}

/// On what it stands that something is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Basis {
    /// On itself: nothing that comes later is about the same.
    Own,
    /// On nobody having decided otherwise since the change of this number.
    Latest(Subject, u64),
    /// On the code of this id, unless somebody ended it.
    Code(String),
}

/// The latest change of each subject. Never more than the book has entries.
#[derive(Debug, Default)]
pub(super) struct Changes {
    made: u64,
    latest: HashMap<Subject, u64>,
}

impl Changes {
    /// A change has been decided, also one that changes nothing.
    pub(super) fn add(&mut self, subject: Option<Subject>) -> Basis {
        let Some(subject) = subject else { return Basis::Own };
        self.made += 1;
        self.latest.insert(subject.clone(), self.made);
        Basis::Latest(subject, self.made)
    }

    /// Something is given on a subject's being as it is.
    pub(super) fn look(&self, subject: Subject) -> Basis {
        let number = self.number(&subject);
        Basis::Latest(subject, number)
    }

    /// Whether no other change of the subject has been decided since.
    pub(super) fn is_latest(&self, subject: &Subject, number: u64) -> bool {
        self.number(subject) == number
    }

    /// Forgets what is about something that has gone.
    pub(super) fn keep(&mut self, is_there: impl Fn(&Subject) -> bool) {
        self.latest.retain(|subject, _| is_there(subject));
    }

    fn number(&self, subject: &Subject) -> u64 {
        self.latest.get(subject).copied().unwrap_or_default()
    }
}
