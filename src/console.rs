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

/// What a person who watches the terminal is shown.
#[derive(Debug)]
pub(crate) struct Invitation {
    /// What the QR code says, if not the first address.
    pub(crate) scanned: Option<String>,
    pub(crate) notes: Vec<String>,
}

/// Prints one line per listener, and a QR code and notes where a person is watching.
pub(crate) fn announce(addresses: &[Address], invitation: &Invitation) {
    let stdout = std::io::stdout();
    let width = addresses.iter().map(|address| address.url.len()).max().unwrap_or(0);
    let mut lines: Vec<String> = addresses
        .iter()
        .map(|Address { url, purpose }| format!("{url:width$}  {purpose}"))
        .collect();
    if stdout.is_terminal() {
        let first = addresses.first().map(|address| &address.url);
        lines.extend(invitation.scanned.as_ref().or(first).into_iter().flat_map(|url| qr(url)));
        lines.extend_from_slice(&invitation.notes);
    }
    // In one piece: a line of the log inside the picture would make it unreadable. A closed pipe is
    // the reader's choice; the server goes on.
    let mut out = stdout.lock();
    let _ = out.write_all((lines.join("\n") + "\n").as_bytes());
    let _ = out.flush();
}

/// A QR code, line by line.
pub(crate) fn qr(text: &str) -> Vec<String> {
    let Ok(code) = QrCode::new(text.as_bytes()) else { return Vec::new() };
    let picture = code.render::<Dense1x2>().quiet_zone(true).build();
    // Black on white whatever the terminal's colours are, or cameras see a negative.
    picture.lines().map(|line| format!("{BLACK_ON_WHITE}{line}{RESET}")).collect()
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
