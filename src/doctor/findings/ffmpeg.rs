//! Whether ffmpeg is there, and can what it is needed for.

use super::super::finding::{Check, Finding, Verdict};
use super::list;
use crate::ffmpeg;

#[derive(Debug, Clone, Default)]
pub(in super::super) struct Facts {
    pub(in super::super) is_there: bool,
    /// As it says itself; `None` where it gave no answer.
    pub(in super::super) version: Option<String>,
    pub(in super::super) has_probe: bool,
    /// What it encodes cameras' pictures with.
    pub(in super::super) video_encoder: Option<&'static str>,
    /// What it lacks, by what that is for.
    pub(in super::super) lacks: Vec<&'static str>,
    /// The sources that come through it.
    pub(in super::super) sources: Vec<String>,
}

pub(in super::super) fn judge(facts: &Facts) -> Vec<Finding> {
    let advice = format!("Install it ({})", ffmpeg::advice());
    let needed = (!facts.sources.is_empty()).then(|| list(&facts.sources));
    if !facts.is_there {
        let verdict = if needed.is_some() { Verdict::Problem } else { Verdict::Advice };
        let needed = needed.map(|needed| format!("; the configuration needs it for {needed}"));
        let message = format!(
            "ffmpeg is not installed: no attached cameras, files and test patterns, no pictures as \
             JPEG or MPEG-TS{}",
            needed.unwrap_or_default()
        );
        return vec![Finding::bad(Check::Ffmpeg, verdict, message, advice)];
    }
    let Some(version) = &facts.version else {
        return vec![Finding::advice(
            Check::Ffmpeg,
            "ffmpeg is there, and does not say which version it is",
            format!("See what `ffmpeg -version` says. {advice}"),
        )];
    };
    let mut findings = Vec::new();
    let encoder = facts.video_encoder.map(|encoder| format!(", encodes cameras with {encoder}"));
    findings.push(Finding::ok(Check::Ffmpeg, format!("{version}{}", encoder.unwrap_or_default())));
    if facts.video_encoder.is_none() {
        let verdict = if needed.is_some() { Verdict::Problem } else { Verdict::Advice };
        let message =
            "this ffmpeg has no encoder for H.264 or VP8: what attached cameras and test \
                       patterns deliver cannot be recorded"
                .to_owned();
        findings.push(Finding::bad(Check::Ffmpeg, verdict, message, advice.clone()));
    }
    if !facts.has_probe {
        findings.push(Finding::advice(
            Check::Ffmpeg,
            "ffprobe, which belongs to ffmpeg, is missing: files cannot be played as a source",
            advice.clone(),
        ));
    }
    if !facts.lacks.is_empty() {
        findings.push(Finding::advice(
            Check::Ffmpeg,
            format!("this ffmpeg lacks {}", list(&facts.lacks)),
            advice,
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_problem_only_where_it_is_needed() {
        let mut facts = Facts::default();
        assert_eq!(judge(&facts)[0].verdict, Verdict::Advice);
        facts.sources.push("door".to_owned());
        assert_eq!(judge(&facts)[0].verdict, Verdict::Problem);
        assert!(judge(&facts)[0].message.contains("door"));
        facts.is_there = true;
        assert!(judge(&facts)[0].message.contains("version"));
        facts.version = Some("7.1".to_owned());
        assert_eq!(judge(&facts).iter().map(|f| f.verdict).max(), Some(Verdict::Problem));
        facts.video_encoder = Some("libx264");
        facts.has_probe = true;
        assert_eq!(judge(&facts).len(), 1);
        assert_eq!(judge(&facts)[0].message, "7.1, encodes cameras with libx264");
    }
}
