//! What the files of firewalld say.

use super::{Answer, holds};

/// The zone of its own where its settings name none.
const ZONE: &str = "public";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super::super) struct Zones {
    /// The zone for every interface that is in no other one.
    pub(in super::super::super) default: String,
    /// Whether other zones have interfaces or addresses, or there are policies or rules beside.
    pub(in super::super::super) is_more: bool,
}

/// The name of the zone for all else, by its settings (`firewalld.conf`).
pub(in super::super::super) fn default_zone(settings: &str) -> &str {
    let mut settings = settings.lines().filter_map(|line| line.trim().split_once('='));
    let named = settings.find(|(name, _)| name.trim() == "DefaultZone");
    named.map_or(ZONE, |(_, zone)| zone.trim())
}

pub(super) fn judge(zones: &Zones, transport: &str, port: u16) -> Answer {
    let text = without_comments(&zones.default);
    let tags = || text.split('<').map(Tag);
    // A rule lets in or keeps out what its own words say, whatever the zone does.
    if zones.is_more || tags().any(|tag| tag.is("rule")) {
        return Answer::Unknown;
    }
    let is_open = |tag: Tag<'_>| {
        let all = tag.is("zone") && tag.attribute("target") == Some("ACCEPT");
        let one = tag.is("port")
            && tag.attribute("protocol") == Some(transport)
            && tag.attribute("port").is_some_and(|ports| holds(ports, port));
        all || one
    };
    if tags().any(is_open) { Answer::Open } else { Answer::Closed }
}

/// What stands between `<` and the next one.
struct Tag<'a>(&'a str);

impl<'a> Tag<'a> {
    fn is(&self, name: &str) -> bool {
        let rest = self.0.strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_whitespace() || "/>".contains(c)))
    }

    fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.0;
        while let Some((before, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| "\"'".contains(*c))?;
            let (value, behind) = after[1..].split_once(quote)?;
            if before.split_whitespace().last() == Some(name) {
                return Some(value);
            }
            rest = behind;
        }
        None
    }
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + part.split_once("-->").map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_the_zone_count_and_neither_comments_nor_rules() {
        let port = "<port protocol='tcp' port=\"5000-5005\"/>";
        for (zone, answer) in [
            (format!("<zone>\n  {port}\n</zone>"), Answer::Open),
            ("<zone version=\"1\" target=\"ACCEPT\"/>".to_owned(), Answer::Open),
            ("<zone target=\"DROP\"><service name=\"ssh\"/></zone>".to_owned(), Answer::Closed),
            (format!("<zone><!-- {port} --></zone>"), Answer::Closed),
            (format!("<zone><forward-{}</zone>", &port[1..]), Answer::Closed),
            (format!("<zone><source-{}</zone>", &port[1..]), Answer::Closed),
            (format!("<zone><rule family=\"ipv4\">{port}<drop/></rule></zone>"), Answer::Unknown),
        ] {
            let zones = |is_more| Zones { default: zone.clone(), is_more };
            assert_eq!(judge(&zones(false), "tcp", 5001), answer, "{zone}");
            assert_eq!(judge(&zones(true), "tcp", 5001), Answer::Unknown);
        }
    }

    #[test]
    fn the_default_zone_is_named_or_public() {
        assert_eq!(default_zone("# DefaultZone=no\nDefaultZone = home \n"), "home");
        assert_eq!(default_zone(""), "public");
    }
}
