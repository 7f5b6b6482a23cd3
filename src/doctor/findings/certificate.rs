//! The certificate: whether devices take it, and for how long.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::super::finding::{Check, Finding, Verdict};
use super::list;
use crate::tls::Condition;

/// Others than their owner may read or write a file of such a mode.
const OTHERS: u32 = 0o077;

/// `keys`: the modes of the private keys.
pub(in super::super) fn judge(
    condition: &Condition,
    keys: &[(PathBuf, u32)],
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let mut findings = match &condition.fault {
        Some(fault) => vec![Finding::of_words(
            Check::Certificate,
            Verdict::Problem,
            fault,
            "Make the file readable for the user that the server runs as, or restore it from a backup",
        )],
        None => usable(condition, now),
    };
    let open = keys.iter().filter(|(_, mode)| mode & OTHERS != 0);
    findings.extend(open.map(|(path, mode)| {
        let path = path.display();
        Finding::advice(
            Check::Certificate,
            format!("the private key {path} can be read by others (its mode is {mode:03o})"),
            format!("chmod 600 {path}"),
        )
    }));
    findings
}

fn usable(condition: &Condition, now: DateTime<Utc>) -> Vec<Finding> {
    let date = |at: DateTime<Utc>| at.format("%Y-%m-%d").to_string();
    let mut findings = Vec::new();
    let has_ended = condition.ends_at.is_some_and(|at| at <= now);
    let has_begun = condition.begins_at.is_none_or(|at| at <= now);
    if !condition.is_there {
        let message = "none yet: the first start makes it, under an authority of this server's own";
        findings.push(Finding::ok(Check::Certificate, message));
    } else if condition.is_renewed {
        let why = match &condition.unnamed[..] {
            [] if !has_begun => "is from the future".to_owned(),
            [] => "is near its end, or lacks a name or its key".to_owned(),
            names => format!("does not name {}", list(names)),
        };
        findings.push(Finding::ok(
            Check::Certificate,
            format!("the one there {why}; the server makes another by itself, which devices trust"),
        ));
    } else if let Some(ends_at) = condition.ends_at.filter(|_| !has_ended && has_begun) {
        let days = (ends_at - now).num_days();
        let kind = if condition.is_own { "your own, " } else { "" };
        let authority =
            condition.authority_ends_at.map(|at| format!(", its authority until {}", date(at)));
        findings.push(Finding::ok(
            Check::Certificate,
            format!(
                "{kind}valid until {} ({days} days){}",
                date(ends_at),
                authority.unwrap_or_default()
            ),
        ));
    }
    if condition.is_own {
        findings.extend(own(condition, has_begun, now));
    }
    for concern in &condition.concerns {
        let is_near = condition.is_own && !has_ended && !concern.contains("none of this server's");
        let is_far = condition.authority_ends_at.is_some_and(|at| at > now);
        let verdict = if is_near || is_far { Verdict::Advice } else { Verdict::Problem };
        findings.push(Finding::of_words(Check::Certificate, verdict, concern, "Renew it"));
    }
    if !condition.left_out.is_empty() {
        findings.push(Finding::advice(
            Check::Certificate,
            format!(
                "the certificate cannot name {}, for which this server's authority may not speak",
                list(&condition.left_out)
            ),
            "Use another of its addresses; or stop the server, move the files of the certificates \
             folder away, start it again, and have every device trust the new authority (/trust)",
        ));
    }
    findings
}

/// What nobody but the user renews.
fn own(condition: &Condition, has_begun: bool, now: DateTime<Utc>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(at) = condition.begins_at.filter(|_| !has_begun) {
        findings.push(Finding::problem(
            Check::Certificate,
            format!(
                "the certificate of --cert begins at {at}, and this computer's clock shows {now}"
            ),
            "Set the clock, or wait until then",
        ));
    }
    if condition.is_unchained {
        findings.push(Finding::advice(
            Check::Certificate,
            "the file of --cert holds the server's certificate without the one that issued it: \
             devices that do not have that from elsewhere refuse it",
            "Unless they trust its issuer itself, put the full chain into the file, the server's \
             first (certbot calls it fullchain.pem)",
        ));
    }
    let is_for_others = condition.concerns.iter().any(|c| c.contains("none of this server's"));
    if !condition.unnamed.is_empty() && !is_for_others {
        findings.push(Finding::advice(
            Check::Certificate,
            format!(
                "the certificate of --cert does not name {}; browsers that open that address refuse it",
                list(&condition.unnamed)
            ),
            "Open the server by a name that it states, and print that with --lan-ip NAME",
        ));
    }
    findings
}

#[cfg(test)]
mod tests {
    use chrono::Duration;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn good() -> Condition {
        Condition {
            is_there: true,
            begins_at: Some(now() - Duration::days(1)),
            ends_at: Some(now() + Duration::days(90)),
            authority_ends_at: Some(now() + Duration::days(3000)),
            ..Condition::default()
        }
    }

    fn worst(condition: &Condition) -> (Verdict, String) {
        let findings = judge(condition, &[], now());
        let worst = findings.into_iter().max_by_key(|finding| finding.verdict).unwrap();
        (worst.verdict, worst.message)
    }

    #[test]
    fn what_the_server_makes_by_itself_is_no_problem() {
        assert_eq!(worst(&good()).0, Verdict::Ok);
        assert!(worst(&good()).1.contains("90 days"));
        assert!(worst(&Condition::default()).1.contains("first start"));
        let renewed =
            Condition { is_renewed: true, unnamed: vec!["10.0.0.7".parse().unwrap()], ..good() };
        let (verdict, message) = worst(&renewed);
        assert!(verdict == Verdict::Ok && message.contains("10.0.0.7"), "{message}");
    }

    #[test]
    fn what_devices_refuse_is_a_problem() {
        let own = Condition { is_own: true, authority_ends_at: None, ..good() };
        assert_eq!(worst(&own).0, Verdict::Ok);
        let words = "it ended. Put a new one there".to_owned();
        let ended = Condition {
            ends_at: Some(now() - Duration::days(1)),
            concerns: vec![words.clone()],
            ..own.clone()
        };
        assert_eq!(worst(&ended), (Verdict::Problem, "it ended".to_owned()));
        let near = Condition { concerns: vec![words], ..own.clone() };
        assert_eq!(worst(&near).0, Verdict::Advice);
        let early = Condition { begins_at: Some(now() + Duration::days(1)), ..own.clone() };
        assert_eq!(worst(&early).0, Verdict::Problem);
        let others = "it is for a, and that is none of this server's addresses: no. Name it";
        let others = Condition { concerns: vec![others.to_owned()], ..own.clone() };
        assert_eq!(worst(&others).0, Verdict::Problem);
        assert_eq!(worst(&Condition { is_unchained: true, ..own }).0, Verdict::Advice);
        let fault = Condition { fault: Some("x is broken. Restore it".to_owned()), ..good() };
        assert_eq!(worst(&fault).0, Verdict::Problem);
    }

    #[test]
    fn an_authority_near_its_end_is_advice_and_a_problem_behind_it() {
        let concern = vec!["this server's authority ends. Move it away".to_owned()];
        let near = Condition { concerns: concern.clone(), ..good() };
        assert_eq!(worst(&near).0, Verdict::Advice);
        let ended = Condition {
            concerns: concern,
            authority_ends_at: Some(now() - Duration::days(1)),
            ..good()
        };
        assert_eq!(worst(&ended).0, Verdict::Problem);
    }

    #[test]
    fn keys_that_others_read_are_named() {
        let keys = [("a.key".into(), 0o600), ("b.key".into(), 0o644)];
        let findings = judge(&good(), &keys, now());
        let advice: Vec<_> = findings.iter().filter_map(|f| f.advice.as_deref()).collect();
        assert_eq!(advice, ["chmod 600 b.key"]);
    }
}
