//! The standard set, and its place in `docs/benchmarks.md`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::console::say;
use crate::plot;
use crate::report::{details, ratios, table};
use crate::scenario::{Measurement, Scenario};
use crate::subject::Kind;
use crate::{place, scenario};

const BEGIN: &str = "<!-- load: begin -->";
const END: &str = "<!-- load: end -->";

/// Beside the document.
const PICTURE: &str = "images/load.svg";

/// As browsers hand over unless told otherwise.
const INTERVAL: Duration = Duration::from_secs(1);

/// Of each publisher, as in the budget.
const KBPS: u64 = 500;

/// Side by side with the others: which share of the publishers, and how much of each in kbit/s.
/// Of many slow ones most is the cost of syncs and messages, of few fast ones that of bytes.
const BESIDE: [(usize, u64); 2] = [(1, KBPS), (50, 8000)];

/// They measure, and take the time of the two cores for it.
const VIEWERS: usize = 10;

/// Those who have to do with an ffmpeg each, and their share of the publishers.
const PICTURE_PUBLISHERS: usize = 4;

/// How the set is run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) server: PathBuf,
    pub(crate) parent: PathBuf,
    pub(crate) publishers: usize,
    pub(crate) length: Duration,
    pub(crate) rounds: usize,
    pub(crate) capture: PathBuf,
    pub(crate) write: Option<PathBuf>,
}

/// Runs all of it, says what came of it, and writes it down.
///
/// # Errors
/// When something cannot be run; whether everything recorded was right is returned.
pub(crate) async fn run(settings: &Settings) -> Result<bool> {
    scenario::allow_files(settings.publishers + VIEWERS)?;
    let mut crowd = Vec::new();
    for scenario in crowds(settings) {
        crowd.push(measure(&scenario, settings).await?);
    }
    let place = place::sentence(&settings.server, &settings.parent, Path::new("."));
    let mut text = format!("{place}\n\n{}", table(&crowd));
    let mut is_clean = crowd.iter().all(Measurement::is_clean);
    for (share, kbps) in BESIDE {
        let publishers = (settings.publishers / share).max(1);
        let mut rounds = Vec::new();
        for _ in 0..settings.rounds.max(1) {
            rounds.push(round(settings, publishers, kbps).await?);
        }
        is_clean &= rounds.iter().flatten().all(Measurement::is_clean);
        let (count, last) = (rounds.len(), rounds.last().map(table).unwrap_or_default());
        text.push_str(&format!("\nRaw, in turn; the last of {count} rounds:\n\n{last}"));
        text.push_str(&format!("\n{}", ratios(&rounds)));
    }
    say(&text);
    if let (Some(path), Some(first)) = (&settings.write, crowd.first()) {
        let picture = path.with_file_name(PICTURE);
        std::fs::create_dir_all(picture.parent().context("a picture has a folder")?)?;
        std::fs::write(&picture, plot::svg(&first.scenario.title, &first.acknowledged))?;
        text.push_str(&format!("\n![Acknowledgements in the first run]({PICTURE})\n"));
        let document =
            std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        std::fs::write(path, replaced(&document, &text)?)?;
        say(&format!("written to {} and {}", path.display(), picture.display()));
    }
    Ok(is_clean)
}

async fn measure(scenario: &Scenario, settings: &Settings) -> Result<Measurement> {
    let measurement = scenario.run(&settings.server, &settings.parent).await?;
    say(&details(&measurement));
    Ok(measurement)
}

/// What the server does under load, and what becomes of the recordings when things go wrong.
fn crowds(settings: &Settings) -> Vec<Scenario> {
    let all = steady(settings, Kind::Localcamera, false, settings.publishers);
    let few = (settings.publishers / 5).max(1);
    let some = steady(settings, Kind::Localcamera, false, few);
    let middle = settings.length / 2;
    let away = (settings.length / 3, (settings.length / 4).min(Duration::from_secs(30)));
    vec![
        Scenario { title: "steady".into(), viewers: VIEWERS, ..all },
        Scenario { title: "killed halfway".into(), restart_at: Some(middle), ..some.clone() },
        Scenario {
            title: format!("all away for {} s", away.1.as_secs()),
            away: Some(away),
            ..some.clone()
        },
        Scenario {
            title: "a browser's capture, with pictures".into(),
            publishers: PICTURE_PUBLISHERS.min(settings.publishers),
            capture: Some(settings.capture.clone()),
            picture_viewers: 2,
            ..some
        },
    ]
}

/// The same messages to the program and to what stands beside it.
async fn round(settings: &Settings, publishers: usize, kbps: u64) -> Result<Vec<Measurement>> {
    let mut round = Vec::new();
    for kind in [Kind::Bare, Kind::Localcamera, Kind::Python] {
        let scenario = Scenario { kbps, ..steady(settings, kind, true, publishers) };
        match kind.missing() {
            Some(missing) => say(&format!("{} is left out: {missing}", scenario.title)),
            None => round.push(measure(&scenario, settings).await?),
        }
    }
    Ok(round)
}

fn steady(settings: &Settings, kind: Kind, is_raw: bool, publishers: usize) -> Scenario {
    Scenario {
        title: kind.title().to_owned(),
        kind,
        is_raw,
        publishers,
        kbps: KBPS,
        length: settings.length,
        interval: INTERVAL,
        capture: None,
        viewers: 0,
        picture_viewers: 0,
        restart_at: None,
        away: None,
    }
}

/// The document with this between its marks.
fn replaced(document: &str, text: &str) -> Result<String> {
    let Some((front, rest)) = document.split_once(BEGIN) else {
        return Ok(format!("{document}\n## Load\n\n{BEGIN}\n{text}{END}\n"));
    };
    let end = rest.split_once(END);
    ensure!(end.is_some(), "`{BEGIN}` stands in the document, but not `{END}`");
    let back = end.map_or("", |(_, back)| back);
    Ok(format!("{front}{BEGIN}\n{text}{END}{back}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let once = replaced("# Benchmarks\n", "one\n").unwrap();
        let document = format!("{once}\n## More\n");
        let twice = replaced(&document, "two\n").unwrap();
        assert_eq!(twice, document.replace("one", "two"));
        assert!(replaced(BEGIN, "three").is_err());
    }
}
