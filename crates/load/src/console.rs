//! The only place that writes to standard output.

/// Says a line.
#[allow(clippy::print_stdout, reason = "what is measured is this program's output")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
