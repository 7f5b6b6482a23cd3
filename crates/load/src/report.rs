//! What was measured, as a person reads it.

use std::fmt::Write as _;

use crate::measured::Times;
use crate::scenario::Measurement;
use crate::subject::Kind;

const GB: f64 = 1e9;
const KIB: f64 = 1024.0;

/// A thousand publishers may have the same trouble.
const MOST_COMPLAINTS: usize = 40;

impl Measurement {
    pub(crate) fn cpu_per_gb(&self) -> f64 {
        self.cpu_seconds * GB / (self.sent_bytes.max(1) as f64)
    }

    pub(crate) fn acknowledgements(&self) -> Times {
        Times::new(self.acknowledged.iter().map(|one| one.after).collect())
    }

    /// Nothing is missing, and nobody had trouble.
    pub(crate) fn is_clean(&self) -> bool {
        self.verdict.lost_or_damaged == 0 && self.troubles.is_empty()
    }

    fn kib_per_publisher(&self) -> f64 {
        let more = self.peak.resident_bytes.saturating_sub(self.idle_bytes);
        more as f64 / KIB / self.scenario.publishers.max(1) as f64
    }

    fn row(&self) -> String {
        let scenario = &self.scenario;
        let written = match self.sent_bytes {
            0 => "-".to_owned(),
            sent => format!("{:.2}", self.written_bytes as f64 / sent as f64),
        };
        format!(
            "| {} | {} × {} kbit/s, {} s | {:.0} MB | {} | {} | {:.2} | {:.0} KiB | {written} | {} |",
            scenario.title,
            scenario.publishers,
            scenario.kbps,
            scenario.length.as_secs(),
            self.sent_bytes as f64 / 1e6,
            self.acknowledgements().summary(),
            self.ages.summary(),
            self.cpu_per_gb(),
            self.kib_per_publisher(),
            self.verdict.lost_or_damaged,
        )
    }
}

/// All of them in one table, and what else is to be said.
pub(crate) fn table<'a>(measurements: impl IntoIterator<Item = &'a Measurement>) -> String {
    let mut text = "| | publishers | received | acknowledged after, p50 / p99 / max | live after, \
                    p50 / p99 / max | CPU-s per GB | memory per publisher | written per byte \
                    | lost or damaged |\n|---|---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for measurement in measurements {
        let _ = writeln!(text, "{}", measurement.row());
    }
    text
}

/// What one run showed beyond its row.
pub(crate) fn details(measurement: &Measurement) -> String {
    let Measurement { verdict, scenario, .. } = measurement;
    let mut text = format!(
        "{}: {} samples in {} files checked, {} open descriptors and {:.0} MB at most, {} \
         acknowledgements, {} fragments seen live, {} skips, {} pictures, {} reconnects, {:.1} \
         CPU-s (the load itself {:.1})",
        scenario.title,
        verdict.samples,
        verdict.files,
        measurement.peak.descriptors,
        measurement.peak.resident_bytes as f64 / 1e6,
        measurement.acknowledged.len(),
        measurement.ages.len(),
        measurement.skips,
        measurement.pictures,
        measurement.reconnects,
        measurement.cpu_seconds,
        measurement.own_cpu_seconds,
    );
    let complaints: Vec<_> = verdict.complaints.iter().chain(&measurement.troubles).collect();
    for complaint in complaints.iter().take(MOST_COMPLAINTS) {
        let _ = write!(text, "\n  {complaint}");
    }
    if let Some(more @ 1..) = complaints.len().checked_sub(MOST_COMPLAINTS) {
        let _ = write!(text, "\n  and {more} more");
    }
    text
}

/// The CPU of the others beside the bare loop, each the median over the rounds of the ratios within
/// a round.
pub(crate) fn ratios(rounds: &[Vec<Measurement>]) -> String {
    let Some(first) = rounds.first() else { return String::new() };
    let mut text = "| CPU beside the bare loop, median of the rounds | |\n|---|---|\n".to_owned();
    for (index, measurement) in first.iter().enumerate() {
        let ratios = rounds.iter().filter_map(|round| {
            let bare = round.iter().find(|one| one.scenario.kind == Kind::Bare)?;
            Some(round.get(index)?.cpu_per_gb() / bare.cpu_per_gb())
        });
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        if let Some(median) = ratios.get(ratios.len() / 2) {
            let title = &measurement.scenario.title;
            let _ = writeln!(text, "| {title} | {median:.2} times |");
        }
    }
    text
}
