//! The certificate: whether devices take it, and for how long.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::super::finding::{Check, Finding, Verdict};
use super::disk::{Folder, fleeting, unwritable};
use super::{OTHERS, list};
use crate::addresses::Host;
use crate::tls::{Concern, Condition};

#[derive(Debug, Clone)]
pub(in super::super) struct Facts {
    pub(in super::super) condition: Condition,
    /// The modes of the private keys.
    pub(in super::super) keys: Vec<(PathBuf, u32)>,
    /// The folder of the server's own; it was asked whether it can be written to where one is to
    /// be made.
    pub(in super::super) folder: Option<Folder>,
    /// Whether somebody said where devices reach the server.
    pub(in super::super) is_address_chosen: bool,
    pub(in super::super) now: DateTime<Utc>,
}

pub(in super::super) fn judge(facts: &Facts) -> Vec<Finding> {
    let Facts { condition, folder, .. } = facts;
    let refused = folder.as_ref().and_then(|folder| unwritable(folder, Check::Certificate));
    let otherwise = match condition.is_missing {
        true => "Name a file that is there with --cert FILE and --key FILE",
        false => {
            "Make the file readable for the user that the server runs as, or restore it from a backup"
        }
    };
    let mut findings = match (&condition.fault, refused) {
        (Some(fault), _) => {
            vec![Finding::of_words(Check::Certificate, Verdict::Problem, fault, otherwise)]
        }
        (None, Some(refused)) => vec![refused],
        (None, None) => usable(facts),
    };
    let open = facts.keys.iter().filter(|(_, mode)| mode & OTHERS != 0);
    findings.extend(open.map(|(path, mode)| {
        let path = path.display();
        Finding::advice(
            Check::Certificate,
            format!("the private key {path} can be read by others (its mode is {mode:03o})"),
            format!("chmod 600 {path}"),
        )
    }));
    let lost = "every device has to trust a new authority then";
    findings.extend(folder.as_ref().and_then(|folder| fleeting(folder, Check::Certificate, lost)));
    findings
}

fn usable(facts: &Facts) -> Vec<Finding> {
    let Facts { condition, now, .. } = facts;
    let now = *now;
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
        let verdict = verdict(concern, facts);
        let words = concern.to_string();
        findings.push(Finding::of_words(Check::Certificate, verdict, &words, "Renew it"));
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

/// Whether devices refuse the server by now.
fn verdict(concern: &Concern, facts: &Facts) -> Verdict {
    let is_bad = match concern {
        Concern::Ended { .. } => true,
        Concern::Ends { .. } => false,
        // Whoever opens a public name is served, by a router or a proxy that this computer knows
        // nothing of.
        Concern::IsForOthers { stated } => {
            facts.is_address_chosen || !stated.iter().any(|name| is_public(name))
        }
        Concern::AuthorityEnds { at, .. } => *at <= facts.now,
    };
    if is_bad { Verdict::Problem } else { Verdict::Advice }
}

/// Whether a name of a certificate may lead here from elsewhere: `cam.example.com`.
fn is_public(stated: &str) -> bool {
    let name = stated.strip_prefix("*.").unwrap_or(stated);
    match name.parse() {
        Ok(Host::Name(name)) => name.contains('.') && !name.ends_with(".local"),
        _ => false,
    }
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
    let is_it = |concern: &Concern| matches!(concern, Concern::IsForOthers { .. });
    let is_for_others = condition.concerns.iter().any(is_it);
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

    use super::super::disk::{FileSystem, Refused};
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

    fn facts(condition: Condition) -> Facts {
        let (keys, folder) = (Vec::new(), None);
        Facts { condition, keys, folder, is_address_chosen: false, now: now() }
    }

    fn worst_of(facts: &Facts) -> (Verdict, String) {
        let worst = judge(facts).into_iter().max_by_key(|finding| finding.verdict).unwrap();
        (worst.verdict, worst.message)
    }

    fn worst(condition: &Condition) -> (Verdict, String) {
        worst_of(&facts(condition.clone()))
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
        let at = now() - Duration::days(1);
        let ended = Condition {
            ends_at: Some(at),
            concerns: vec![Concern::Ended { at, days_ago: 1 }],
            ..own.clone()
        };
        let (verdict, message) = worst(&ended);
        assert!(verdict == Verdict::Problem && message.contains("ended at"), "{message}");
        let near = Concern::Ends { at: now() + Duration::days(1), in_days: 1 };
        let near = Condition { concerns: vec![near], ..own.clone() };
        assert_eq!(worst(&near).0, Verdict::Advice);
        let early = Condition { begins_at: Some(now() + Duration::days(1)), ..own.clone() };
        assert_eq!(worst(&early).0, Verdict::Problem);
        assert_eq!(worst(&Condition { is_unchained: true, ..own.clone() }).0, Verdict::Advice);
        let fault = Condition { fault: Some("x is broken. Restore it".to_owned()), ..good() };
        assert_eq!(worst(&fault).0, Verdict::Problem);
        let missing = Condition {
            is_missing: true,
            fault: Some("cannot read own.crt: No such file".to_owned()),
            ..own
        };
        let said = judge(&facts(missing)).remove(0);
        assert!(said.advice.unwrap().contains("a file that is there"));
    }

    #[test]
    fn a_certificate_for_a_public_name_is_served_to_whoever_opens_that() {
        let judged = |stated: &[&str], is_address_chosen| {
            let stated = stated.iter().map(|name| (*name).to_owned()).collect();
            let concerns = vec![Concern::IsForOthers { stated }];
            let condition = Condition { is_own: true, authority_ends_at: None, concerns, ..good() };
            worst_of(&Facts { is_address_chosen, ..facts(condition) }).0
        };
        assert_eq!(judged(&["cam.example.com"], false), Verdict::Advice);
        assert_eq!(judged(&["*.example.com"], false), Verdict::Advice);
        assert_eq!(judged(&["cam.example.com"], true), Verdict::Problem);
        for stated in [&["10.1.2.3"][..], &["fd00::1"], &["localhost"], &["bench.local"], &[]] {
            assert_eq!(judged(stated, false), Verdict::Problem, "{stated:?}");
        }
    }

    #[test]
    fn where_one_is_to_be_made_its_folder_is_asked() {
        let folder = |sync_ms, file_system| Folder {
            name: "certs",
            path: "certs".into(),
            is_there: true,
            sync_ms,
            free_bytes: None,
            file_system,
        };
        let judged = |folder| {
            let none = facts(Condition::default());
            judge(&Facts { folder: Some(folder), ..none })
        };
        let refused = Err(Refused::Other("Permission denied".to_owned()));
        let [refused] = &judged(folder(refused, FileSystem::Usual))[..] else { panic!("one") };
        assert_eq!(refused.verdict, Verdict::Problem);
        assert!(refused.message.contains("certs: Permission denied"), "{refused:?}");
        let lost = judged(folder(Ok(1), FileSystem::Memory)).remove(1);
        assert!(lost.verdict == Verdict::Advice && lost.advice.unwrap().contains("trust"));
        assert_eq!(judged(folder(Ok(1), FileSystem::Usual)).len(), 1);
    }

    #[test]
    fn an_authority_near_its_end_is_advice_and_a_problem_behind_it() {
        let judged = |in_days| {
            let at = now() + Duration::days(in_days);
            let concerns = vec![Concern::AuthorityEnds { at, in_days }];
            worst(&Condition { concerns, authority_ends_at: Some(at), ..good() }).0
        };
        assert_eq!((judged(20), judged(-1)), (Verdict::Advice, Verdict::Problem));
    }

    #[test]
    fn keys_that_others_read_are_named() {
        let keys = [("a.key".into(), 0o600), ("b.key".into(), 0o644)];
        let findings = judge(&Facts { keys: keys.into(), ..facts(good()) });
        let advice: Vec<_> = findings.iter().filter_map(|f| f.advice.as_deref()).collect();
        assert_eq!(advice, ["chmod 600 b.key"]);
    }
}
