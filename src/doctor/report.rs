//! The findings as text and as JSON. Pure.

use super::finding::{Check, Finding, Verdict};

/// Whether something would stop the server.
pub(super) fn has_problem(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.verdict == Verdict::Problem)
}

/// A line for each check, then what there is to do.
pub(super) fn text(findings: &[Finding]) -> Vec<String> {
    let mut checks: Vec<Check> = findings.iter().map(|finding| finding.check).collect();
    checks.sort_unstable();
    checks.dedup();
    let width = checks.iter().map(|check| check.word().len()).max().unwrap_or(0);
    let sign_width = Verdict::Problem.word().len();
    let mut lines: Vec<String> = checks
        .iter()
        .map(|check| {
            let (verdict, words) = summary(*check, findings);
            format!("{:sign_width$}  {:width$}  {words}", verdict.word(), check.word())
        })
        .collect();
    for (verdict, head) in [(Verdict::Problem, "Problems:"), (Verdict::Advice, "Advice:")] {
        let found = findings.iter().filter(|finding| finding.verdict == verdict);
        let sentences: Vec<String> = found.map(sentence).collect();
        if !sentences.is_empty() {
            lines.extend([String::new(), head.to_owned()]);
            lines.extend(sentences);
        }
    }
    let verdict = match findings.iter().filter(|f| f.verdict == Verdict::Problem).count() {
        0 => "Nothing here would stop the server.".to_owned(),
        1 => "One problem is in the server's way.".to_owned(),
        count => format!("{count} problems are in the server's way."),
    };
    lines.extend([String::new(), verdict]);
    lines
}

/// The same for programs.
pub(super) fn json(findings: &[Finding]) -> String {
    serde_json::to_string_pretty(findings).unwrap_or_default()
}

/// The worst of a check, with what is right of it.
fn summary(check: Check, findings: &[Finding]) -> (Verdict, String) {
    let all = || findings.iter().filter(|finding| finding.check == check);
    let verdict = all().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok);
    let right = all().filter(|finding| finding.verdict == Verdict::Ok);
    let mut words: Vec<&str> = right.map(|finding| finding.message.as_str()).collect();
    if verdict != Verdict::Ok {
        words.push("see below");
    }
    (verdict, words.join("; "))
}

fn sentence(finding: &Finding) -> String {
    let Finding { check, message, advice, .. } = finding;
    let advice = advice.as_ref().map(|advice| format!(" {advice}.")).unwrap_or_default();
    format!("- {}: {message}.{advice}", check.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_has_a_line_and_what_is_not_right_a_sentence() {
        let findings = [
            Finding::problem(Check::Ports, "TCP 5001 is taken", "Stop it"),
            Finding::ok(Check::Ports, "UDP 5002 is free"),
            Finding::ok(Check::Clock, "it is right"),
            Finding::advice(Check::Certificate, "it ends soon", "Renew it"),
        ];
        let expected = [
            "problem  ports        UDP 5002 is free; see below",
            "advice   certificate  see below",
            "ok       clock        it is right",
            "",
            "Problems:",
            "- ports: TCP 5001 is taken. Stop it.",
            "",
            "Advice:",
            "- certificate: it ends soon. Renew it.",
            "",
            "One problem is in the server's way.",
        ];
        assert_eq!(text(&findings), expected);
        assert!(has_problem(&findings) && !has_problem(&findings[1..]));
        assert_eq!(text(&findings[1..]).last().unwrap(), "Nothing here would stop the server.");
        let told: serde_json::Value = serde_json::from_str(&json(&findings)).unwrap();
        assert_eq!(
            told[0],
            serde_json::json!({
                "check": "ports", "verdict": "problem",
                "message": "TCP 5001 is taken", "advice": "Stop it",
            })
        );
        assert_eq!(told[1]["advice"], serde_json::Value::Null);
    }
}
