//! How long acknowledgements took, over the time of a run, as a picture.

use std::fmt::Write as _;
use std::time::Duration;

use crate::measured::Times;
use crate::publisher::Acknowledged;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 34.0;

/// The lines, in thousandths, with their colours: apart for those who see no red and green.
const LINES: [(usize, &str, &str); 3] =
    [(500, "p50", "#0072b2"), (990, "p99", "#e69f00"), (1000, "max", "#888888")];

/// What a second's acknowledgements took, in milliseconds, for each of the lines.
type Second = [f64; LINES.len()];

/// An SVG with a line for the median, the 99th percentile and the longest of each second.
pub(crate) fn svg(title: &str, acknowledged: &[Acknowledged]) -> String {
    let seconds = by_second(acknowledged);
    let last = seconds.last().map_or(1, |(second, _)| *second).max(1) as f64;
    let most = seconds.iter().flat_map(|(_, line)| line).fold(1.0_f64, |a, &b| a.max(b));
    let most = nice(most);
    let x = |second: f64| LEFT + second / last * (WIDTH - LEFT - RIGHT);
    let y = |ms: f64| HEIGHT - BOTTOM - ms / most * (HEIGHT - TOP - BOTTOM);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"16\">{}</text>\n",
        escaped(title)
    );
    for step in 0..=4 {
        let ms = most * f64::from(step) / 4.0;
        let _ = writeln!(
            out,
            "<path d=\"M{LEFT} {0:.1}H{1}\" stroke=\"#ddd\"/><text x=\"{2}\" y=\"{3:.1}\" \
             text-anchor=\"end\">{ms:.0} ms</text>",
            y(ms),
            WIDTH - RIGHT,
            LEFT - 6.0,
            y(ms) + 4.0
        );
    }
    for step in 0..=4 {
        let second = last * f64::from(step) / 4.0;
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{second:.0} s</text>",
            x(second),
            HEIGHT - 12.0
        );
    }
    for (index, (_, name, colour)) in LINES.iter().enumerate().rev() {
        let points = seconds
            .iter()
            .map(|(second, line)| format!("{:.1},{:.1}", x(*second as f64), y(line[index])));
        let points: Vec<String> = points.collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\"/>\
             <text x=\"{}\" y=\"30\" fill=\"{colour}\">{name}</text>",
            points.join(" "),
            WIDTH - RIGHT - 120.0 + 40.0 * index as f64
        );
    }
    out.push_str("</svg>\n");
    out
}

fn by_second(acknowledged: &[Acknowledged]) -> Vec<(u64, Second)> {
    let mut sorted: Vec<_> = acknowledged.iter().map(|one| (one.at.as_secs(), one.after)).collect();
    sorted.sort_unstable();
    let seconds = sorted.chunk_by(|one, other| one.0 == other.0).map(|second| {
        let times: Vec<Duration> = second.iter().map(|(_, after)| *after).collect();
        let times = Times::new(times);
        let line = LINES.map(|(permille, ..)| times.permille_ms(permille).unwrap_or_default());
        (second[0].0, line)
    });
    seconds.collect()
}

/// The next number with one digit that counts.
fn nice(most: f64) -> f64 {
    let power = 10_f64.powf(most.log10().floor());
    (most / power).ceil() * power
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_is_a_point_of_each_line() {
        let acknowledged = (0..30).map(|index| Acknowledged {
            at: Duration::from_millis(index * 100),
            after: Duration::from_millis(200 + index),
        });
        let acknowledged: Vec<_> = acknowledged.collect();
        assert_eq!(by_second(&acknowledged)[2], (2, [224.0, 229.0, 229.0]));
        let svg = svg("1 & 2 < 3", &acknowledged);
        assert_eq!(svg.matches("<polyline").count(), 3);
        assert!(svg.contains("1 &amp; 2 &lt; 3") && svg.contains(">300 ms<"), "{svg}");
    }

    #[test]
    fn a_run_without_acknowledgements_has_a_picture_too() {
        assert!(svg("none", &[]).ends_with("</svg>\n"));
    }
}
