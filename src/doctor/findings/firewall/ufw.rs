//! What the files of ufw say.

use super::{Answer, holds};

/// Whether its settings (`ufw.conf`) turn it on.
pub(in super::super::super) fn is_on(settings: &str) -> bool {
    settings.lines().any(|line| line.trim().eq_ignore_ascii_case("enabled=yes"))
}

/// Whether its defaults (`/etc/default/ufw`) let in what no rule names.
pub(in super::super::super) fn lets_all_in(defaults: &str) -> bool {
    let mut settings = defaults.lines().filter_map(|line| line.trim().split_once('='));
    settings.any(|(name, value)| {
        name == "DEFAULT_INPUT_POLICY" && value.trim_matches('"').eq_ignore_ascii_case("accept")
    })
}

/// The first rule that is for all of a port's connections decides; one that is for some of them
/// leaves it open what becomes of the others.
pub(super) fn judge(rules: &str, lets_all_in: bool, transport: &str, port: u16) -> Answer {
    let (mut some_allowed, mut some_denied) = (false, false);
    for rule in rules.lines().filter_map(|line| line.strip_prefix("### tuple ### ")) {
        let Some(Rule { is_allowed, is_for_all }) = rule_for(rule, transport, port) else {
            continue;
        };
        match (is_allowed, is_for_all) {
            (true, true) if some_denied => return Answer::Unknown,
            (true, true) => return Answer::Open,
            (false, true) if some_allowed => return Answer::Unknown,
            (false, true) => return Answer::Closed,
            (true, false) => some_allowed = true,
            (false, false) => some_denied = true,
        }
    }
    match lets_all_in {
        _ if some_allowed => Answer::Unknown,
        true if some_denied => Answer::Unknown,
        true => Answer::Open,
        false => Answer::Closed,
    }
}

struct Rule {
    is_allowed: bool,
    is_for_all: bool,
}

/// A rule that has to do with what comes in at a port:
/// `allow tcp 5001 0.0.0.0/0 any 192.168.1.0/24 in_eth0 comment=…`, with a program's names before
/// the direction in some.
fn rule_for(rule: &str, transport: &str, port: u16) -> Option<Rule> {
    let words = rule.split_whitespace().filter(|word| !word.starts_with("comment="));
    let words: Vec<&str> = words.collect();
    let [action, protocol, ports, to, from_ports, from, rest @ ..] = &words[..] else {
        return None;
    };
    // Older ones have no direction, and were for what comes in alone.
    let (direction, interface) = match rest.last() {
        None => ("in", None),
        Some(last) => match last.split_once('_') {
            Some((direction, interface)) => (direction, Some(interface)),
            None => (*last, None),
        },
    };
    let is_its = *protocol == transport || *protocol == "any";
    if direction != "in" || !is_its || !(*ports == "any" || holds(ports, port)) {
        return None;
    }
    // A rule may log, too: `allow_log`.
    let action = action.split('_').next().unwrap_or_default();
    let is_allowed = match action {
        "allow" | "limit" => true,
        "deny" | "reject" => false,
        // `route:…` is for what passes through.
        _ => return None,
    };
    let is_anywhere = |address: &str| ["0.0.0.0/0", "any"].contains(&address);
    let is_for_all = is_anywhere(to)
        && is_anywhere(from)
        && *from_ports == "any"
        && interface.is_none_or(|interface| interface == "any")
        // That one takes a few connections in half a minute, and a page has more.
        && action != "limit";
    Some(Rule { is_allowed, is_for_all })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(rules: &[&str]) -> Answer {
        let rules: Vec<String> =
            rules.iter().map(|rule| format!("### tuple ### {rule}\n-A ufw-user-input")).collect();
        judge(&rules.join("\n"), false, "tcp", 5001)
    }

    #[test]
    fn a_rule_counts_for_what_comes_in_from_everywhere() {
        for (rule, answer) in [
            ("allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in", Answer::Open),
            ("allow_log any 5000:5010 0.0.0.0/0 any 0.0.0.0/0 in comment=6869", Answer::Open),
            ("allow tcp 22,5001 0.0.0.0/0 any 0.0.0.0/0 My%20App - in", Answer::Open),
            ("allow any any 0.0.0.0/0 any 0.0.0.0/0 in", Answer::Open),
            ("allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 out", Answer::Closed),
            ("allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 out_eth0", Answer::Closed),
            ("route:allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in", Answer::Closed),
            ("allow udp 5001 0.0.0.0/0 any 0.0.0.0/0 in", Answer::Closed),
            ("deny tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in", Answer::Closed),
            ("allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in_eth0", Answer::Unknown),
            ("allow tcp 5001 0.0.0.0/0 any 192.168.1.0/24 in", Answer::Unknown),
            ("allow tcp 5001 192.168.1.3 any 0.0.0.0/0 in", Answer::Unknown),
            ("limit tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in", Answer::Unknown),
            ("torn", Answer::Closed),
        ] {
            assert_eq!(judged(&[rule]), answer, "{rule}");
        }
    }

    #[test]
    fn the_first_rule_decides_and_the_default_behind_all() {
        let allow = "allow tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in";
        let deny = "deny tcp 5001 0.0.0.0/0 any 0.0.0.0/0 in";
        let deny_some = "deny tcp 5001 0.0.0.0/0 any 10.0.0.0/8 in";
        assert_eq!(judged(&[deny, allow]), Answer::Closed);
        assert_eq!(judged(&[allow, deny]), Answer::Open);
        assert_eq!(judged(&[deny_some, allow]), Answer::Unknown);
        assert_eq!(judged(&[deny_some]), Answer::Closed);
        assert_eq!(judge("", true, "tcp", 5001), Answer::Open);
        assert!(lets_all_in("IPV6=yes\nDEFAULT_INPUT_POLICY=\"ACCEPT\"\n"));
        assert!(!lets_all_in("DEFAULT_INPUT_POLICY=\"DROP\"\nDEFAULT_OUTPUT_POLICY=\"ACCEPT\""));
    }

    #[test]
    fn it_is_on_where_its_settings_say_so() {
        assert!(is_on("# comment\nENABLED=yes\nLOGLEVEL=low"));
        assert!(!is_on("ENABLED=no") && !is_on("# ENABLED=yes") && !is_on(""));
    }
}
