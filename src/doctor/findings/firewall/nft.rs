//! What the kernel's rules say, as `nft list ruleset` prints them.

use super::{Answer, holds};

/// Words of a rule that begin what cannot be a tablet's first packet.
const OTHERS: [&[&str]; 7] = [
    &["iif", "\"lo\""],
    &["iifname", "\"lo\""],
    &["icmp"],
    &["icmpv6"],
    &["ip", "protocol", "icmp"],
    &["meta", "nfproto", "ipv6"],
    &["ip6"],
];

/// What a rule does with a port's first packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Nothing,
    Accepts,
    Drops,
    /// It may be either.
    Unclear,
}

/// Every chain of what comes in has to let it pass.
pub(super) fn judge(rules: &str, transport: &str, port: u16) -> Answer {
    let mut all = Answer::Open;
    let (mut is_for_ipv4, mut chain) = (false, None::<Vec<&str>>);
    for line in rules.lines().map(str::trim) {
        if let Some(table) = line.strip_prefix("table ") {
            is_for_ipv4 = table.starts_with("ip ") || table.starts_with("inet ");
        } else if line.starts_with("chain ") {
            chain = Some(Vec::new());
        } else if line == "}" {
            let lines = chain.take().filter(|_| is_for_ipv4).unwrap_or_default();
            match of_chain(&lines, transport, port) {
                Answer::Closed => return Answer::Closed,
                Answer::Unknown => all = Answer::Unknown,
                Answer::Open => {}
            }
        } else if let Some(lines) = &mut chain {
            lines.push(line);
        }
    }
    all
}

fn of_chain(lines: &[&str], transport: &str, port: u16) -> Answer {
    let head = lines.iter().find(|line| line.starts_with("type filter hook input "));
    let Some(head) = head else { return Answer::Open };
    let (mut is_unclear, mut ends) = (false, head.contains("policy drop"));
    for line in lines.iter().filter(|line| !line.starts_with("type ")) {
        match effect(line, transport, port) {
            Effect::Nothing => {}
            Effect::Unclear => is_unclear = true,
            decided => {
                ends = decided == Effect::Drops;
                break;
            }
        }
    }
    match (is_unclear, ends) {
        (true, _) => Answer::Unknown,
        (false, true) => Answer::Closed,
        (false, false) => Answer::Open,
    }
}

fn effect(rule: &str, transport: &str, port: u16) -> Effect {
    let rule = rule.split_once(" comment ").map_or(rule, |(rule, _)| rule);
    let words: Vec<&str> = rule.split_whitespace().collect();
    let is_verdict = |word: &&str| {
        ["accept", "drop", "reject", "jump", "goto", "return", "queue"].contains(word)
    };
    if words.contains(&"vmap") {
        // ct state vmap { established : accept, related : accept, invalid : drop }
        let is_old = rule.starts_with("ct state vmap") && !words.contains(&"new");
        return if is_old { Effect::Nothing } else { Effect::Unclear };
    }
    let Some(place) = words.iter().position(is_verdict) else { return Effect::Nothing };
    let effect = match words[place] {
        "accept" => Effect::Accepts,
        "drop" | "reject" => Effect::Drops,
        _ => Effect::Unclear,
    };
    match concerns(&words[..place], transport, port) {
        Some(true) => effect,
        Some(false) => Effect::Nothing,
        None => Effect::Unclear,
    }
}

/// Whether conditions hold for all first packets to a port; `None` where that is not understood.
fn concerns(mut words: &[&str], transport: &str, port: u16) -> Option<bool> {
    let mut is_understood = true;
    loop {
        if OTHERS.iter().any(|others| words.starts_with(others)) {
            return Some(false);
        }
        words = match words {
            [] => return is_understood.then_some(true),
            ["counter", "packets", _, "bytes", _, rest @ ..] | ["counter", rest @ ..] => rest,
            ["ct", "state", states, rest @ ..] if !states.starts_with(['{', '!', '@']) => {
                if !states.split(',').any(|state| state == "new") {
                    return Some(false);
                }
                rest
            }
            ["meta", "l4proto", one, rest @ ..] | ["ip", "protocol", one, rest @ ..]
                if ["tcp", "udp", "icmp", "igmp", "ipv6-icmp"].contains(one) =>
            {
                if *one != transport {
                    return Some(false);
                }
                rest
            }
            [one @ ("tcp" | "udp" | "th"), "dport", rest @ ..] => {
                if *one != "th" && *one != transport {
                    return Some(false);
                }
                let (ports, rest) = ports(rest)?;
                let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
                if !ports.iter().all(|word| is_number(word)) {
                    return None;
                }
                if !ports.iter().any(|word| holds(word, port)) {
                    return Some(false);
                }
                rest
            }
            // What follows may still say that it is for others.
            [_, rest @ ..] => {
                is_understood = false;
                rest
            }
        };
    }
}

/// `5001` or `{ 22, 5000-5005 }`, and what follows.
fn ports<'a, 'b>(words: &'a [&'b str]) -> Option<(Vec<&'b str>, &'a [&'b str])> {
    match words {
        ["{", rest @ ..] => {
            let end = rest.iter().position(|word| *word == "}")?;
            let ports = rest[..end].iter().map(|word| word.trim_end_matches(',')).collect();
            Some((ports, &rest[end + 1..]))
        }
        [one, rest @ ..] => Some((vec![one], rest)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(head: &str, rules: &[&str]) -> String {
        format!("\tchain c {{\n\t\t{head}\n\t\t{}\n\t}}\n", rules.join("\n\t\t"))
    }

    fn judged(policy: &str, rules: &[&str]) -> Answer {
        let head = format!("type filter hook input priority filter; policy {policy};");
        judge(&format!("table inet t {{\n{}}}", chain(&head, rules)), "tcp", 5001)
    }

    #[test]
    fn a_rule_counts_that_is_for_the_port_and_for_nothing_else() {
        for (rule, answer) in [
            ("tcp dport 5001 accept", Answer::Open),
            (
                "ct state new tcp dport { 22, 5000-5005 } counter packets 1 bytes 60 accept",
                Answer::Open,
            ),
            ("meta l4proto tcp th dport 5001 accept comment \"drop\"", Answer::Open),
            ("accept", Answer::Open),
            ("tcp dport 50 accept", Answer::Closed),
            ("udp dport 5001 accept", Answer::Closed),
            ("tcp dport 5001 drop", Answer::Closed),
            ("tcp sport 5001 jump other", Answer::Unknown),
            ("ct state established,related accept", Answer::Closed),
            (
                "ct state vmap { established : accept, related : accept, invalid : drop }",
                Answer::Closed,
            ),
            ("iif \"lo\" accept", Answer::Closed),
            ("iifname \"eth0\" tcp dport 5001 accept", Answer::Unknown),
            ("iifname \"eth0\" tcp dport 22 accept", Answer::Closed),
            ("ip saddr 192.168.1.0/24 accept", Answer::Unknown),
            ("tcp dport != 22 accept", Answer::Unknown),
            ("tcp dport @open accept", Answer::Unknown),
            ("limit rate 5/minute burst 5 packets log prefix \"x\"", Answer::Closed),
        ] {
            assert_eq!(judged("drop", &[rule]), answer, "{rule}");
        }
    }

    #[test]
    fn the_first_rule_decides_and_the_policy_behind_all() {
        assert_eq!(judged("accept", &[]), Answer::Open);
        assert_eq!(judged("accept", &["tcp dport 22 accept", "drop"]), Answer::Closed);
        let reject = "counter packets 0 bytes 0 reject with icmpx admin-prohibited";
        assert_eq!(judged("accept", &[reject]), Answer::Closed);
        assert_eq!(judged("accept", &["tcp dport 5001 accept", "drop"]), Answer::Open);
        assert_eq!(judged("drop", &["tcp dport 5001 drop", "accept"]), Answer::Closed);
        assert_eq!(judged("accept", &["ip saddr 10.0.0.0/8 drop"]), Answer::Unknown);
    }

    #[test]
    fn only_chains_of_what_comes_in_count_and_all_of_them() {
        let head = |hook: &str, policy: &str| {
            format!("type filter hook {hook} priority filter; policy {policy};")
        };
        let tables = |first: &str, second: &str| format!("table ip a {{\n{first}{second}}}");
        let opens = chain(&head("input", "drop"), &["tcp dport 5001 accept"]);
        let closed = chain(&head("input", "drop"), &[]);
        let forward = chain(&head("forward", "drop"), &["tcp dport 5001 accept"]);
        let jumped = chain("tcp dport 5001 accept", &["drop"]);
        let answer = |rules: &str| judge(rules, "tcp", 5001);
        assert_eq!(answer(&tables(&opens, &forward)), Answer::Open);
        assert_eq!(answer(&tables(&opens, &closed)), Answer::Closed);
        assert_eq!(answer(&tables(&closed, &forward)), Answer::Closed);
        assert_eq!(answer(&tables(&closed, &jumped)), Answer::Closed);
        assert_eq!(answer(&format!("table ip6 b {{\n{closed}}}")), Answer::Open);
    }
}
