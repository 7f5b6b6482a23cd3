//! Whether this computer knows what time it is: files are named by it, and certificates begin and
//! end by it.

use chrono::{DateTime, Utc};

use super::super::finding::{Check, Finding};

/// Files of other computers, and of a file system's coarse times, may be this far ahead.
const TOLERANCE_SECONDS: i64 = 300;

/// What a network's time daemon adjusts at once and nobody notices.
const MAX_JUMP_MS: i64 = 500;

/// Something that was written when the clock was right, or seemed to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Trace {
    pub(in super::super) what: String,
    pub(in super::super) at: DateTime<Utc>,
}

#[derive(Debug, Clone)]
pub(in super::super) struct Facts {
    pub(in super::super) now: DateTime<Utc>,
    /// By how much the clock was moved while the doctor looked.
    pub(in super::super) jump_ms: i64,
    pub(in super::super) traces: Vec<Trace>,
    /// Whether it follows the network's time, where that is known.
    pub(in super::super) is_synchronised: Option<bool>,
}

pub(in super::super) fn judge(facts: &Facts) -> Vec<Finding> {
    let Facts { now, jump_ms, traces, is_synchronised } = facts;
    let shown = now.format("%Y-%m-%d %H:%M UTC");
    let mut findings = Vec::new();
    let latest = traces.iter().max_by_key(|trace| trace.at);
    if let Some(Trace { what, at }) = latest
        && (*at - *now).num_seconds() > TOLERANCE_SECONDS
    {
        findings.push(Finding::problem(
            Check::Clock,
            format!(
                "this computer's clock shows {shown}, which is before {what} ({})",
                at.format("%Y-%m-%d %H:%M UTC")
            ),
            "Set the clock and have it follow the network's time (sudo timedatectl set-ntp true): \
             files are named by it, and devices refuse certificates that have not begun",
        ));
    }
    if jump_ms.abs() > MAX_JUMP_MS {
        findings.push(Finding::advice(
            Check::Clock,
            format!("the clock was moved by {jump_ms} ms while it was looked at"),
            "Have one program alone set it",
        ));
    }
    match is_synchronised {
        Some(false) => findings.push(Finding::advice(
            Check::Clock,
            "the clock does not follow the network's time",
            "Turn that on (sudo timedatectl set-ntp true), so that recordings of several \
             computers fit together",
        )),
        known if findings.is_empty() => findings.push(Finding::ok(
            Check::Clock,
            match known {
                Some(_) => format!("{shown}, follows the network's time"),
                None => format!("{shown}; whether it follows the network's time is not known"),
            },
        )),
        _ => {}
    }
    findings
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_clock_that_is_behind_what_was_written_is_a_problem() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let judged = |ahead_seconds, jump_ms, is_synchronised| {
            let at = now + Duration::seconds(ahead_seconds);
            let traces = vec![Trace { what: "the build".to_owned(), at }];
            let findings = judge(&Facts { now, jump_ms, traces, is_synchronised });
            findings.into_iter().map(|finding| finding.verdict).collect::<Vec<_>>()
        };
        assert_eq!(judged(0, 0, Some(true)), [Verdict::Ok]);
        assert_eq!(judged(0, 0, None), [Verdict::Ok]);
        assert_eq!(judged(200, 0, Some(true)), [Verdict::Ok]);
        assert_eq!(judged(400, 0, Some(true)), [Verdict::Problem]);
        assert_eq!(judged(0, -700, Some(true)), [Verdict::Advice]);
        assert_eq!(judged(0, 0, Some(false)), [Verdict::Advice]);
    }
}
