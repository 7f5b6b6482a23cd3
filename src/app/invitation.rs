//! What the terminal says about who may come in.

use std::io::IsTerminal;
use std::path::Path;

use crate::addresses::Reach;
use crate::auth::local::pair_url;
use crate::auth::{Access, Mode, NewCode, Role, Scope};
use crate::config::Config;
use crate::console::Invitation;
use crate::program::owners_command;

/// Enough to fetch the tablet.
const MINUTES: u32 = 10;

/// Secrets go to a terminal alone; elsewhere it is said which command makes them.
pub(super) fn make(config: &Config, access: &Access, reach: &Reach, port: u16) -> Invitation {
    let Config { recordings, state, .. } = config;
    if std::io::stdout().is_terminal() {
        return invite(access, reach, port, recordings, state);
    }
    if access.mode() == Mode::Undecided {
        let (here, link) = (here(port), owners_command("user link", state));
        tracing::warn!(
            "nobody has said yet who may come in, and nobody is let in: open {here} on this \
             computer, or run `{link}` here and open what it prints"
        );
    }
    Invitation { scanned: None, notes: Vec::new() }
}

fn invite(
    access: &Access,
    reach: &Reach,
    port: u16,
    recordings: &Path,
    state: &Path,
) -> Invitation {
    let admin_link = owners_command("user link", state);
    let other = reach.beside.as_ref().map(|other| format!(" (or {other})")).unwrap_or_default();
    let page = format!("{}{other}", reach.page);
    let link = |role| {
        let new = NewCode { role, scope: Scope::All, user: None, uses: 1, minutes: MINUTES };
        let code = access.new_code(new, None).ok()?;
        let url = pair_url(&reach.page, code.secret.reveal());
        Some((url, code.digits.map(|digits| digits.reveal().to_owned())))
    };
    let mut scanned = None;
    let mut notes = Vec::new();
    let mode = access.mode();
    let camera = if mode == Mode::Paired { link(Role::Camera) } else { None };
    match camera {
        Some((url, digits)) => {
            let digits = digits.map(|digits| format!(" and type the code {digits}"));
            notes.push(format!(
                "The QR code lets one camera in, for {MINUTES} minutes. Or open {page} on it{}.",
                digits.unwrap_or_default()
            ));
            notes.push(format!("More: {}", owners_command("device pair", state)));
            scanned = Some(url);
        }
        None => notes.push(format!("On the tablet, open {page}.")),
    }
    notes.push(
        "Its browser will warn about the certificate: /trust on the same address shows how it \
         comes to trust this server."
            .to_owned(),
    );
    notes.push(format!("Footage goes to {}. Ctrl-C stops.", recordings.display()));
    match mode {
        Mode::Undecided => {
            notes.push(String::new());
            notes.push(format!(
                "Nobody has said yet who may come in. Open {} on this computer and decide; or open \
                 the following link in the browser that shall be the admin's: it asks there.",
                here(port)
            ));
            if let Some((url, _)) = link(Role::Admin) {
                notes.push(format!("Admin link (once, {MINUTES} minutes): {url}"));
            }
            notes.push(format!("Another one: {admin_link}"));
        }
        Mode::Paired => {
            notes.push(String::new());
            notes.push(format!("An admin link, for yourself: {admin_link}"));
        }
        Mode::Network => {
            notes.push("Everyone on the network may record and watch.".to_owned());
            notes.push(format!("An admin link, for yourself: {admin_link}"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_says_one_address_and_how_this_program_was_called() {
        let folder = tempfile::tempdir().unwrap();
        let access = Access::load(folder.path(), false).unwrap();
        let reach = Reach {
            page: "https://bench.local:5001".to_owned(),
            beside: Some("https://192.168.1.3:5001".to_owned()),
            ..Reach::default()
        };
        let invitation = invite(&access, &reach, 5001, Path::new("recordings"), folder.path());
        let notes = invitation.notes.join("\n");
        for part in [
            "On the tablet, open https://bench.local:5001 (or https://192.168.1.3:5001).",
            "Admin link (once, 10 minutes): https://bench.local:5001/#pair=",
            &owners_command("user link", folder.path()),
        ] {
            assert!(notes.contains(part), "{notes}");
        }
        assert!(!notes.contains(": localcamera "), "{notes}");
    }
}
