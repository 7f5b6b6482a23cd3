//! Attached cameras, and whether the sources are where they are said to be.

use std::borrow::Cow;

use super::super::finding::{Check, Finding};
use super::list;

/// What came of looking for a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Reached {
    Yes,
    /// What was tried, and why that failed.
    No {
        what: String,
        reason: String,
    },
}

/// A source of the configuration file, or one that was added by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Source {
    pub(in super::super) name: String,
    pub(in super::super) reached: Reached,
    /// What to do where it is not.
    pub(in super::super) advice: Cow<'static, str>,
}

#[derive(Debug, Clone, Default)]
pub(in super::super) struct Facts {
    /// The names of the attached ones.
    pub(in super::super) attached: Vec<String>,
    pub(in super::super) sources: Vec<Source>,
}

pub(in super::super) fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![Finding::ok(
        Check::Cameras,
        match &facts.attached[..] {
            [] => "none is plugged into this computer".to_owned(),
            some => format!("plugged in: {}", list(some)),
        },
    )];
    let reached = facts.sources.iter().filter(|source| source.reached == Reached::Yes);
    let reached: Vec<&str> = reached.map(|source| source.name.as_str()).collect();
    if !reached.is_empty() {
        findings.push(Finding::ok(Check::Cameras, format!("there: {}", list(reached))));
    }
    for Source { name, reached, advice } in &facts.sources {
        if let Reached::No { what, reason } = reached {
            let message = format!("the source {name} cannot be reached: {what}: {reason}");
            // The server starts without it, and goes on trying.
            findings.push(Finding::advice(Check::Cameras, message, advice.clone()));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_source_that_is_not_there_is_named_with_where_it_should_be() {
        assert_eq!(judge(&Facts::default()).len(), 1);
        let source =
            |name: &str, reached| Source { name: name.to_owned(), reached, advice: "Look".into() };
        let no = Reached::No { what: "10.0.0.9:554".to_owned(), reason: "refused".to_owned() };
        let facts = Facts {
            attached: vec!["Webcam".to_owned()],
            sources: vec![source("door", Reached::Yes), source("gate", no)],
        };
        let [attached, there, missing] = &judge(&facts)[..] else { panic!("three are expected") };
        assert_eq!(attached.message, "plugged in: Webcam");
        assert_eq!(there.message, "there: door");
        assert_eq!(missing.verdict, Verdict::Advice);
        assert_eq!(missing.message, "the source gate cannot be reached: 10.0.0.9:554: refused");
    }
}
