use axum::http::HeaderValue;

use super::*;
use crate::metrics::{Histogram, Watched};

fn some() -> Vec<Family> {
    let histogram = Histogram::new([10, 100]);
    histogram.observe(std::time::Duration::from_millis(50));
    vec![
        Family::counter("a_bytes", "How much").with(&[("by", "people")], 3.0),
        Family::gauge("b", "How many").is(2.0),
        Family::gauge("c", "Nobody knows").may_be(None),
        Family::histogram("d_seconds", "How long", histogram.measured()),
    ]
}

#[test]
fn who_asks_for_openmetrics_gets_it() {
    let text = Format::OpenMetrics.text(some()).unwrap();
    let wanted = "# HELP a_bytes How much\n# TYPE a_bytes counter\na_bytes_total{by=\"people\"} 3.0\n\
                  # HELP b How many\n# TYPE b gauge\nb 2.0\n\
                  # HELP d_seconds How long\n# TYPE d_seconds histogram\n\
                  d_seconds_sum 0.05\nd_seconds_count 1\n\
                  d_seconds_bucket{le=\"0.01\"} 0\nd_seconds_bucket{le=\"0.1\"} 1\n\
                  d_seconds_bucket{le=\"+Inf\"} 1\n# EOF\n";
    assert_eq!(text.lines().collect::<Vec<_>>(), wanted.lines().collect::<Vec<_>>());
}

#[test]
fn others_get_the_older_text_where_a_counter_has_its_full_name() {
    let text = Format::Prometheus.text(some()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "# HELP a_bytes_total How much");
    assert_eq!(lines[1], "# TYPE a_bytes_total counter");
    assert_eq!(lines[2], "a_bytes_total{by=\"people\"} 3.0");
    assert_eq!(lines[3], "# HELP b How many");
    assert!(!text.contains("# EOF"));
}

#[test]
fn the_format_is_what_the_request_accepts() {
    let of = |accept: Option<&'static str>| {
        let mut headers = HeaderMap::new();
        headers.extend(accept.map(|accept| (ACCEPT, HeaderValue::from_static(accept))));
        Format::accepted(&headers)
    };
    assert_eq!(of(None), Format::Prometheus);
    assert_eq!(of(Some("text/html,*/*;q=0.8")), Format::Prometheus);
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.5";
    assert_eq!(of(Some(prometheus)), Format::OpenMetrics);
}

#[test]
fn each_of_a_closed_set_is_there_from_the_start() {
    let family = Family::gauge("viewers", "Viewers").by("path", |_: Watched| 0.0);
    assert_eq!(family.samples.len(), 6);
    let family = Family::gauge("x", "X").of_words("state", &["on", "off"], ["on", "on"]);
    let values: Vec<_> = family.samples.iter().map(|sample| sample.value.clone()).collect();
    assert_eq!(values, [families::Value::Number(2.0), families::Value::Number(0.0)]);
}
