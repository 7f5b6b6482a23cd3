//! What was found, for people and programs.

use serde::Serialize;

/// What is looked at, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    Configuration,
    Ports,
    Certificate,
    Addresses,
    Clock,
    Disk,
    State,
    Ffmpeg,
    Cameras,
    Firewall,
    OpenFiles,
}

impl Check {
    /// As programs know it, too.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Ports => "ports",
            Self::Certificate => "certificate",
            Self::Addresses => "addresses",
            Self::Clock => "clock",
            Self::Disk => "disk",
            Self::State => "state",
            Self::Ffmpeg => "ffmpeg",
            Self::Cameras => "cameras",
            Self::Firewall => "firewall",
            Self::OpenFiles => "open_files",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Ok,
    /// The server works; something is to be known, or would be better another way.
    Advice,
    /// The server does not start, does not record, or is not reached.
    Problem,
}

impl Verdict {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Advice => "advice",
            Self::Problem => "problem",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) check: Check,
    pub(super) verdict: Verdict,
    /// What happened, and to what. Without a full stop.
    pub(super) message: String,
    /// What to do about it, as a sentence of its own without a full stop.
    pub(super) advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: Check, message: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, message: message.into(), advice: None }
    }

    pub(super) fn advice(
        check: Check,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::bad(check, Verdict::Advice, message.into(), advice.into())
    }

    pub(super) fn problem(
        check: Check,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::bad(check, Verdict::Problem, message.into(), advice.into())
    }

    pub(super) fn bad(check: Check, verdict: Verdict, message: String, advice: String) -> Self {
        Self { check, verdict, message, advice: Some(advice) }
    }

    /// Words of the server's own, which end with what to do.
    pub(super) fn of_words(check: Check, verdict: Verdict, words: &str, otherwise: &str) -> Self {
        let (message, advice) = words.rsplit_once(". ").unwrap_or((words, otherwise));
        Self::bad(check, verdict, message.to_owned(), advice.trim_end_matches('.').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_programs_and_people_are_the_same() {
        for check in [Check::Configuration, Check::OpenFiles, Check::Ffmpeg] {
            assert_eq!(serde_json::to_value(check).unwrap(), check.word());
        }
        assert_eq!(serde_json::to_value(Verdict::Advice).unwrap(), Verdict::Advice.word());
    }

    #[test]
    fn the_last_sentence_is_what_to_do() {
        let finding = Finding::of_words(
            Check::Certificate,
            Verdict::Problem,
            "certs/a.b.crt is not usable: it is torn. Restore it",
            "",
        );
        assert_eq!(finding.message, "certs/a.b.crt is not usable: it is torn");
        assert_eq!(finding.advice.as_deref(), Some("Restore it"));
        let finding = Finding::of_words(Check::Clock, Verdict::Advice, "it is late", "Wait");
        assert_eq!((&*finding.message, finding.advice.as_deref()), ("it is late", Some("Wait")));
    }
}
