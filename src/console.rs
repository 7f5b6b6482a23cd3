//! What the program says on its standard streams. The printed addresses are an interface.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program speaks")]

mod log;

use std::io::{IsTerminal, Write};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

pub(crate) use log::Log;

const BLACK_ON_WHITE: &str = "\x1b[30;107m";
const RESET: &str = "\x1b[0m";

/// An address that somebody can open, and what for.
#[derive(Debug)]
pub(crate) struct Address {
    pub(crate) url: String,
    pub(crate) purpose: &'static str,
}

/// Prints one line per listener, and a QR code of the first where a person is watching.
pub(crate) fn announce(addresses: &[Address], notes: &[String]) {
    let stdout = std::io::stdout();
    let width = addresses.iter().map(|address| address.url.len()).max().unwrap_or(0);
    let mut lines: Vec<String> = addresses
        .iter()
        .map(|Address { url, purpose }| format!("{url:width$}  {purpose}"))
        .collect();
    if stdout.is_terminal() {
        if let Some(first) = addresses.first()
            && let Ok(code) = QrCode::new(first.url.as_bytes())
        {
            let picture = code.render::<Dense1x2>().quiet_zone(true).build();
            // Black on white whatever the terminal's colours are, or cameras see a negative.
            lines.extend(picture.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{RESET}")));
        }
        lines.extend_from_slice(notes);
    }
    // In one piece: a line of the log inside the picture would make it unreadable. A closed pipe is
    // the reader's choice; the server goes on.
    let mut out = stdout.lock();
    let _ = out.write_all((lines.join("\n") + "\n").as_bytes());
    let _ = out.flush();
}

/// Prints a line on standard output.
pub(crate) fn say(line: &str) {
    // Who has closed it does not want to know.
    let _ = write(line);
}

/// The same, for results that somebody counts on.
///
/// # Errors
/// When it cannot be written; somebody who has closed the other end of a pipe is no error.
pub(crate) fn write(line: &str) -> std::io::Result<()> {
    match writeln!(std::io::stdout(), "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Prints a line on standard error, for people: standard output belongs to the results.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
