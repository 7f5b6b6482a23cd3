//! What the terminal says about who may come in.

use std::io::IsTerminal;

use crate::auth::local::pair_url;
use crate::auth::{Access, Mode, NewCode, Role, Scope};
use crate::config::Config;
use crate::console::Invitation;

/// Enough to fetch the tablet.
const MINUTES: u32 = 10;

/// Secrets go to a terminal alone; elsewhere it is said which command makes them.
pub(super) fn make(config: &Config, access: &Access, page_url: &str, port: u16) -> Invitation {
    let mode = access.mode();
    if !std::io::stdout().is_terminal() {
        if mode == Mode::Undecided {
            let here = here(port);
            tracing::warn!(
                "nobody has said yet who may come in, and nobody is let in: open {here} on this \
                 computer, or run `localcamera user link` here and open what it prints"
            );
        }
        return Invitation { scanned: None, notes: Vec::new() };
    }
    let mut notes = vec![
        "Open the first address on the tablet. Its browser will warn about the certificate: \
         /trust on the same address shows how it comes to trust this server."
            .to_owned(),
        format!("Footage goes to {}. Ctrl-C stops.", config.recordings.display()),
    ];
    let link = |role| {
        let new = NewCode { role, scope: Scope::All, user: None, uses: 1, minutes: MINUTES };
        let code = access.new_code(new, None).ok()?;
        let url = pair_url(page_url, code.secret.reveal());
        Some((url, code.digits.map(|digits| digits.reveal().to_owned())))
    };
    let mut scanned = None;
    match mode {
        Mode::Undecided => {
            notes.push(String::new());
            notes.push(format!(
                "Nobody has said yet who may come in. Open {} on this computer and decide; or open \
                 the following link in the browser that shall be the admin's.",
                here(port)
            ));
            if let Some((url, _)) = link(Role::Admin) {
                notes.push(format!("Admin link (once, {MINUTES} minutes): {url}"));
            }
            notes.push("Another one: localcamera user link".to_owned());
        }
        Mode::Paired => {
            if let Some((url, digits)) = link(Role::Camera) {
                let digits = digits.map(|digits| format!(", or type the code {digits}"));
                let or_type = digits.unwrap_or_default();
                notes.insert(
                    0,
                    format!("The QR code lets one camera in, for {MINUTES} minutes{or_type}."),
                );
                notes.insert(1, "More: localcamera device pair".to_owned());
                scanned = Some(url);
            }
            notes.push(String::new());
            notes.push("An admin link, for yourself: localcamera user link".to_owned());
        }
        Mode::Network => {
            notes.push("Everyone on the network may record and watch.".to_owned());
            notes.push("An admin link, for yourself: localcamera user link".to_owned());
        }
        Mode::Open => {
            notes.push("--open: everyone on the network may do everything.".to_owned());
        }
    }
    Invitation { scanned, notes }
}

/// The pages' address on the server's own computer.
fn here(port: u16) -> String {
    format!("https://localhost:{port}")
}
