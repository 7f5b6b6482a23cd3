//! `localcamera user`, `token` and `device`: over the running server's socket, or, where none
//! runs, on the state folder's file.

mod candidates;
mod scope;
mod table;

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, IsTerminal, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::Value;

use crate::auth::local::{self, Request};
use crate::auth::{Access, Change, Password, Role, Scope};
use crate::config::{self, AccessCommand, DeviceCommand, TokenCommand, UserCommand};
use crate::console;
use crate::program;
use crate::text::one_line;
use candidates::find_one;
use scope::with_stream;
use table::{print_json, shown, table, text_of, time};

/// A server that is busy with a slow disk takes a while.
const PATIENCE: Duration = Duration::from_secs(30);

/// Everybody that a server can know.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// Longer than any password that is taken.
const MAX_PASSWORD_BYTES: u64 = 4 << 10;

/// Does what was asked for, and says what came of it.
///
/// # Errors
/// When nothing came of it.
pub(crate) fn run(asked: config::Access, claim: impl FnOnce(&Path) -> Result<File>) -> Result<()> {
    let config::Access { state, json, command } = asked;
    let mut server = Server::find(&state, claim)?;
    match command {
        AccessCommand::User(command) => user(&mut server, json, command),
        AccessCommand::Token(command) => token(&mut server, json, command),
        AccessCommand::Device(command) => device(&mut server, json, command),
    }
}

/// Who answers.
enum Server {
    Running(std::path::PathBuf),
    /// Nobody else has the folder while this is there.
    Files {
        access: Access,
        runtime: tokio::runtime::Runtime,
        _lock: File,
    },
}

impl Server {
    fn find(state: &Path, claim: impl FnOnce(&Path) -> Result<File>) -> Result<Self> {
        if !state.is_dir() {
            let shown = state.display();
            bail!("there is no state folder {shown}; name the server's with --state DIR");
        }
        let socket = local::path(state)?;
        match UnixStream::connect(&socket) {
            Ok(_) => return Ok(Self::Running(socket)),
            // A socket that a crash has left is refused.
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {}
            Err(error) => {
                return Err(error).with_context(|| {
                    format!(
                        "cannot reach the server by {}; be the user it runs as",
                        socket.display()
                    )
                });
            }
        }
        let lock = claim(state)?;
        let access = Access::load(state, false)?;
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().context("cannot start the runtime")?;
        Ok(Self::Files { access, runtime, _lock: lock })
    }

    fn ask(&mut self, request: Request) -> Result<Value> {
        match self {
            Self::Running(socket) => ask(socket, &request),
            Self::Files { access, runtime, .. } => {
                runtime.block_on(local::answer(access, None, request)).map_err(|text| anyhow!(text))
            }
        }
    }

    /// Makes a change. What could not be written is told.
    fn change(&mut self, change: Change) -> Result<Value> {
        let applied = self.ask(Request::Change(change))?;
        if let Some(warning) = applied["warning"].as_str() {
            console::note(warning);
        }
        Ok(applied)
    }

    /// What somebody is to see; says how it was understood.
    fn scope(&mut self, only: &[String]) -> Result<Scope> {
        if only.is_empty() {
            return Ok(Scope::All);
        }
        let people = self.ask(Request::People)?;
        let (scope, notes) = scope::scope(only, &people["browsers"])?;
        notes.iter().for_each(|note| console::note(note));
        Ok(scope)
    }

    /// The same for somebody new.
    fn scope_of(&mut self, role: Role, only: &[String]) -> Result<Scope> {
        if role != Role::Viewer && !only.is_empty() {
            bail!("--only is for viewers: admins see everything, and cameras what they recorded");
        }
        self.scope(only)
    }

    /// The one entry of a list that somebody means.
    fn find_one(&mut self, list: &str, what: &str, asked: &str) -> Result<Value> {
        find_one(&self.entries(list)?, what, asked)
    }

    fn entries(&mut self, list: &str) -> Result<Vec<Value>> {
        let people = self.ask(Request::People)?;
        Ok(people[list].as_array().cloned().unwrap_or_default())
    }

    /// The one device that somebody means.
    fn find_device(&mut self, asked: &str) -> Result<Value> {
        find_one(&self.devices()?, "device", asked)
    }

    /// Those that record, or were let in to. A browser that is not among them is nobody's camera,
    /// whatever it is called.
    fn devices(&mut self) -> Result<Vec<Value>> {
        let all = self.entries("browsers")?;
        let records = |browser: &Value| browser["role"] == "camera" || !browser["device"].is_null();
        Ok(all.into_iter().filter(records).collect())
    }
}

fn ask(socket: &Path, request: &Request) -> Result<Value> {
    let failed = "the server did not answer";
    let mut stream = UnixStream::connect(socket).context(failed)?;
    stream.set_read_timeout(Some(PATIENCE)).context(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).context(failed)?;
    let line = serde_json::to_string(request)?;
    stream.write_all(format!("{line}\n").as_bytes()).context(failed)?;
    let mut text = String::new();
    stream.take(MAX_ANSWER_BYTES).read_to_string(&mut text).context(failed)?;
    let mut answer: Value =
        serde_json::from_str(&text).map_err(|_| anyhow!("{failed}; its log may say why"))?;
    match answer["error"].as_str() {
        Some(reason) => bail!(one_line(reason)),
        None => Ok(answer["ok"].take()),
    }
}

fn user(server: &mut Server, json: bool, command: UserCommand) -> Result<()> {
    match command {
        UserCommand::List => {
            let people = server.ask(Request::People)?;
            if json {
                return print_json(
                    &serde_json::json!({ "mode": people["mode"], "users": people["users"], "browsers": people["browsers"] }),
                );
            }
            table(&people["users"], &["id", "name", "role", "scope", "password", "last_seen_ms"])?;
            let browsers = people["browsers"].as_array().is_some_and(|all| !all.is_empty());
            if browsers {
                console::write("\nBrowsers:")?;
                table(
                    &people["browsers"],
                    &["id", "name", "role", "scope", "user", "last_seen_ms", "last_from"],
                )?;
            }
            Ok(())
        }
        UserCommand::Add { name, role, only } => {
            let scope = server.scope_of(role, &only)?;
            let added = server.change(Change::AddUser { name, role, scope, password: None })?;
            done(
                json,
                &added["entry"],
                &format!(
                    "added; `{}` or `{}` lets them in",
                    program::command("user password NAME"),
                    program::command("user link NAME")
                ),
            )
        }
        UserCommand::Change { name, rename, role, only, all } => {
            let known = server.find_one("users", "user", &name)?;
            let role = role.map_or_else(|| serde_json::from_value(known["role"].clone()), Ok)?;
            let scope = match (all, only.is_empty()) {
                (true, _) => Scope::All,
                (false, false) => server.scope(&only)?,
                (false, true) => serde_json::from_value(known["scope"].clone())?,
            };
            let name = rename.unwrap_or_else(|| text_of(&known["name"]));
            let changed = server.change(Change::AlterUser {
                id: text_of(&known["id"]),
                name,
                role,
                scope,
            })?;
            done(json, &changed["entry"], "changed")
        }
        UserCommand::Remove { name } => {
            let known = server.find_one("users", "user", &name)?;
            server.change(Change::RemoveUser { id: text_of(&known["id"]) })?;
            done(json, &known, "removed; the browsers that signed in as them are out")
        }
        UserCommand::Password { name, none } => {
            let known = server.find_one("users", "user", &name)?;
            let password = if none { None } else { Some(read_password(&known["name"])?) };
            let changed =
                server.change(Change::SetPassword { id: text_of(&known["id"]), password })?;
            done(
                json,
                &changed["entry"],
                if none { "has no password any more" } else { "has a new password" },
            )
        }
        UserCommand::Link { name, minutes } => {
            let user = name.map(|name| server.find_one("users", "user", &name)).transpose()?;
            let whom =
                user.as_ref().map_or_else(|| "an admin".to_owned(), |user| shown(&user["name"]));
            let user = user.map(|user| text_of(&user["id"]));
            let code = server.ask(Request::Code { role: Role::Admin, user, uses: 1, minutes })?;
            if json {
                return print_json(&code);
            }
            console::note(&format!(
                "Whoever opens this link first is in as {whom}. It can be used once, until {}.",
                time(&code["ends_ms"])
            ));
            let url = text_of(&code["url"]);
            if let Some(beside) = code["beside"].as_str() {
                let (page, beside) = (text_of(&code["page"]), one_line(beside));
                let other = url.replacen(&page, &beside, 1);
                console::note(&format!("Where a device does not know that name: {other}"));
            }
            Ok(console::write(&url)?)
        }
    }
}

fn token(server: &mut Server, json: bool, command: TokenCommand) -> Result<()> {
    match command {
        TokenCommand::List => {
            let people = server.ask(Request::People)?;
            if json {
                return print_json(&people["tokens"]);
            }
            table(&people["tokens"], &["id", "name", "role", "scope", "ends_ms", "last_seen_ms"])
        }
        TokenCommand::Add { name, role, days, only } => {
            let scope = server.scope_of(role, &only)?;
            let added = server.change(Change::AddToken { name, role, scope, days })?;
            if json {
                return print_json(
                    &serde_json::json!({ "token": added["secret"], "entry": added["entry"] }),
                );
            }
            let end = match &added["entry"]["ends_ms"] {
                Value::Null => "until it is revoked".to_owned(),
                ends_ms => format!("until {}", time(ends_ms)),
            };
            console::note(&format!(
                "A token for {}, as {}, {end}. It is shown this once; send it as \"Authorization: Bearer …\".",
                shown(&added["entry"]["name"]),
                role.word()
            ));
            Ok(console::write(&text_of(&added["secret"]))?)
        }
        TokenCommand::Revoke { token } => {
            let known = server.find_one("tokens", "token", &token)?;
            server.change(Change::RevokeToken { id: text_of(&known["id"]) })?;
            done(json, &known, "revoked")
        }
    }
}

fn device(server: &mut Server, json: bool, command: DeviceCommand) -> Result<()> {
    match command {
        DeviceCommand::List => {
            let all: Vec<Value> = server.devices()?.into_iter().map(with_stream).collect();
            let devices = Value::from(all);
            if json {
                return print_json(&devices);
            }
            table(
                &devices,
                &[
                    "id",
                    "device_name",
                    "name",
                    "role",
                    "stream",
                    "device",
                    "last_seen_ms",
                    "last_from",
                ],
            )
        }
        DeviceCommand::Pair { uses, minutes } => {
            let code =
                server.ask(Request::Code { role: Role::Camera, user: None, uses, minutes })?;
            if json {
                return print_json(&code);
            }
            let url = text_of(&code["url"]);
            if io::stdout().is_terminal() {
                console::qr(&url).iter().for_each(|line| console::say(line));
            }
            if let Some(digits) = code["digits"].as_str() {
                console::write(&format!("{}  the code", digits))?;
            }
            console::write(&url)?;
            let by_digits = match code["digits"].as_str() {
                Some(_) => {
                    let (page, other) = (text_of(&code["page"]), or_at(&code["beside"]));
                    format!(", or open {page}{other} and type the code")
                }
                None => String::new(),
            };
            console::note(&format!(
                "On the camera scan or open this{by_digits}. Devices: {uses}, until {}.",
                time(&code["ends_ms"])
            ));
            Ok(())
        }
        DeviceCommand::Revoke { device } => {
            let known = server.find_device(&device)?;
            server.change(Change::RevokeBrowser { id: text_of(&known["id"]) })?;
            done(json, &known, "revoked; it keeps what it has not delivered")
        }
    }
}

/// For who cannot open the first address.
fn or_at(beside: &Value) -> String {
    beside.as_str().map_or_else(String::new, |address| format!(" (or {address})"))
}

/// Asked for twice on a terminal, without showing it; else one line of standard input.
fn read_password(name: &Value) -> Result<Password> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        let read = BufReader::new(io::stdin().take(MAX_PASSWORD_BYTES)).read_line(&mut line);
        read.context("cannot read the password from standard input")?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned().into());
    }
    let asked =
        |prompt: String| rpassword::prompt_password(prompt).context("cannot ask for the password");
    let first = asked(format!("New password of {}: ", shown(name)))?;
    if first != asked("Again: ".to_owned())? {
        bail!("the two are not the same; nothing was changed");
    }
    Ok(first.into())
}

fn done(json: bool, entry: &Value, what: &str) -> Result<()> {
    if json {
        return print_json(entry);
    }
    console::note(&format!("{} ({}): {what}", shown(&entry["name"]), shown(&entry["id"])));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_address_stands_beside_the_first() {
        let number = Value::from("https://192.168.1.3:5001");
        assert_eq!(or_at(&number), " (or https://192.168.1.3:5001)");
        assert_eq!(or_at(&Value::Null), "");
    }
}
