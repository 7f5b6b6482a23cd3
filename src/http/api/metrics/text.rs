//! Figures as text: OpenMetrics where it is asked for, the older text of Prometheus otherwise.

use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::families::{Family, Kind, Sample, Value};

/// How figures are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    OpenMetrics,
    Prometheus,
}

#[derive(Debug)]
struct Figures(Vec<Family>);

impl Format {
    /// What whoever asks understands.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let mut accepted = headers.get_all(ACCEPT).into_iter().filter_map(|v| v.to_str().ok());
        match accepted.any(|kinds| kinds.contains("application/openmetrics-text")) {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    pub(super) fn text(self, mut families: Vec<Family>) -> Result<String, fmt::Error> {
        families.retain(|family| !family.samples.is_empty());
        let counters: Vec<&str> = families
            .iter()
            .filter(|family| family.kind == Kind::Counter)
            .map(|family| family.name)
            .collect();
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Figures(families)));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(match self {
            Self::OpenMetrics => text,
            Self::Prometheus => older(&text, &counters),
        })
    }
}

/// The older text names a counter in full where it is described, and has no end.
fn older(text: &str, counters: &[&str]) -> String {
    let mut older = String::with_capacity(text.len() + counters.len() * 16);
    for line in text.lines().filter(|line| *line != "# EOF") {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(&name) => {
                older.extend(["# ", what, " ", name, "_total ", rest]);
            }
            _ => older.push_str(line),
        }
        older.push('\n');
    }
    older
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Family { name, help, kind, samples } in &self.0 {
            let kind = match kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for Sample { labels, value } in samples {
                match labels.is_empty() {
                    true => write(&mut metric, kind, value)?,
                    false => write(&mut metric.encode_family(labels)?, kind, value)?,
                }
            }
        }
        Ok(())
    }
}

fn write(metric: &mut MetricEncoder<'_>, kind: MetricType, value: &Value) -> fmt::Result {
    match (value, kind) {
        (Value::Measured(measured), _) => metric.encode_histogram::<NoLabelSet>(
            measured.sum_s,
            measured.count(),
            &measured.classes,
            None,
        ),
        (Value::Number(number), MetricType::Counter) => {
            metric.encode_counter::<NoLabelSet, _, f64>(number, None)
        }
        (Value::Number(number), _) => metric.encode_gauge(number),
    }
}
