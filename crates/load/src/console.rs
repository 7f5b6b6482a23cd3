//! The only place that writes to the terminal.

/// Says a line.
#[allow(clippy::print_stdout, reason = "what is measured is this program's output")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Says why it cannot be done.
#[allow(clippy::print_stderr, reason = "whoever reads the figures must not read this among them")]
pub(crate) fn complain(line: &str) {
    eprintln!("{line}");
}
