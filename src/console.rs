//! What the program says on its standard streams. The printed addresses are an interface.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where the program speaks")]

use std::io::{IsTerminal, Write};

use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

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
    let mut out = stdout.lock();
    for Address { url, purpose } in addresses {
        // A closed pipe is the reader's choice; the server goes on.
        let _ = writeln!(out, "{url:width$}  {purpose}");
    }
    if stdout.is_terminal() {
        if let Some(first) = addresses.first()
            && let Ok(code) = QrCode::new(first.url.as_bytes())
        {
            let picture = code.render::<Dense1x2>().quiet_zone(true).build();
            // Black on white whatever the terminal's colours are, or cameras see a negative.
            for line in picture.lines() {
                let _ = writeln!(out, "{BLACK_ON_WHITE}{line}{RESET}");
            }
        }
        for note in notes {
            let _ = writeln!(out, "{note}");
        }
    }
    let _ = out.flush();
}

/// Prints a line on standard output.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Prints a line on standard error, for people: standard output belongs to the results.
pub(crate) fn note(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Prints the one line that says why the program ends.
pub(crate) fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "localcamera: {error:#}");
}
