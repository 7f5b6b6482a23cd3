//! Who gets in, at the start: what is kept of it, and what the terminal says.

use std::path::Path;

use anyhow::Result;

use crate::auth::{Access, Mode, NewCode, Role, Scope};

/// Whoever has started the server is at the terminal.
const LINK_MINUTES: u32 = 10;

/// What the state folder remembers of who gets in.
///
/// # Errors
/// When its file is there and cannot be read, or is a newer version's.
pub(super) fn load(state: &Path, is_open: bool) -> Result<Access> {
    Ok(Access::load(state, is_open)?)
}

/// What a person who watches the terminal should know of who gets in.
pub(super) fn notes(access: &Access, page_url: &str) -> Vec<String> {
    let everyone = match access.mode() {
        Mode::Open => Some(
            "--open: everyone who reaches this server may record, watch and change everything.",
        ),
        Mode::Network => {
            Some("Everyone who reaches this server may record and watch; changes need an admin.")
        }
        Mode::Paired | Mode::Undecided => None,
    };
    let mut notes: Vec<String> = everyone.map(str::to_owned).into_iter().collect();
    if access.needs_first_decision() {
        notes.push(first_steps(access, page_url));
    }
    notes
}

/// How the first admin comes in.
fn first_steps(access: &Access, page_url: &str) -> String {
    let code = access.new_code(NewCode {
        role: Role::Admin,
        scope: Scope::All,
        user: None,
        uses: 1,
        minutes: LINK_MINUTES,
        digits: false,
    });
    let port = page_url.rsplit(':').next().unwrap_or_default();
    let decide = format!(
        "Nobody is let in yet. Open https://localhost:{port} in a browser on this computer, and say \
         who may come in."
    );
    match code {
        Ok(code) => format!(
            "{decide} Without a browser here, open this link elsewhere; it makes one browser the \
             admin's and ends in {LINK_MINUTES} minutes (`localcamera user link` makes another): \
             {page_url}/#pair={}",
            code.secret.reveal()
        ),
        Err(error) => {
            tracing::warn!(%error, "cannot make a link for the first admin");
            format!("{decide} `localcamera user link` makes a link for a browser elsewhere.")
        }
    }
}
