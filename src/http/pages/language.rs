//! The languages of the pages.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;

/// A language that the pages exist in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    Chinese,
}

struct Strings {
    /// In order, so that a page is the same bytes each time.
    texts: BTreeMap<String, String>,
    json: String,
}

static ENGLISH: LazyLock<Strings> =
    LazyLock::new(|| Strings::read(include_str!("../../../web/strings/en.json")));
static CHINESE: LazyLock<Strings> =
    LazyLock::new(|| Strings::read(include_str!("../../../web/strings/zh.json")));

impl Strings {
    fn read(json: &str) -> Self {
        let texts: BTreeMap<String, String> = serde_json::from_str(json).unwrap_or_default();
        // Inside a script element only `<` could end it early.
        let json = serde_json::to_string(&texts).unwrap_or_default().replace('<', "\\u003c");
        Self { texts, json }
    }
}

impl Language {
    pub(super) const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// What the query asks for, else the first of the browser's languages that is here.
    pub(super) fn choose(asked: Option<&str>, headers: &HeaderMap) -> Self {
        if let Some(language) = asked.and_then(Self::from_tag) {
            return language;
        }
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let mut wanted: Vec<(f32, Self)> = accepted
            .unwrap_or_default()
            .split(',')
            .filter_map(|entry| {
                let (tag, parameters) = entry.split_once(';').unwrap_or((entry, ""));
                let quality =
                    parameters.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse().ok());
                Some((quality?, Self::from_tag(tag.trim())?))
            })
            .collect();
        // Stable, so that equals stay in the browser's order.
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.first().map_or(Self::English, |&(_, language)| language)
    }

    fn from_tag(tag: &str) -> Option<Self> {
        match tag.split('-').next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// The BCP 47 tag.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-Hans",
        }
    }

    /// All texts, to stand in a script element.
    pub(super) fn json(self) -> &'static str {
        &self.strings().json
    }

    /// One text.
    pub(super) fn text(self, key: &str) -> &'static str {
        self.strings().texts.get(key).map_or("", String::as_str)
    }

    fn strings(self) -> &'static Strings {
        match self {
            Self::English => &ENGLISH,
            Self::Chinese => &CHINESE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_order_decides_unless_the_query_does() {
        let choose = |asked: Option<&str>, accepted: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, accepted.parse().unwrap());
            Language::choose(asked, &headers)
        };
        assert_eq!(choose(None, "zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(choose(None, "de,en;q=0.5,zh;q=0.9"), Language::Chinese);
        assert_eq!(choose(None, "fr"), Language::English);
        assert_eq!(choose(Some("en"), "zh"), Language::English);
        assert_eq!(choose(Some("xx"), "zh"), Language::Chinese);
    }

    #[test]
    fn every_text_is_there_in_both_languages() {
        let keys = |language: Language| {
            let mut keys: Vec<_> = language.strings().texts.keys().collect();
            keys.sort();
            keys
        };
        assert!(!keys(Language::English).is_empty());
        assert_eq!(keys(Language::English), keys(Language::Chinese));
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
        for template in std::fs::read_dir(folder).unwrap() {
            let template = template.unwrap().path();
            let html = std::fs::read_to_string(&template).unwrap();
            for call in html.split("self.t(\"").skip(1) {
                let key = call.split('"').next().unwrap();
                assert!(
                    !Language::English.text(key).is_empty(),
                    "{} needs {key}",
                    template.display()
                );
            }
        }
    }
}
