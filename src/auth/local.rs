//! The server's owner asks over a socket in the state folder: one line of JSON, and one back.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};

use super::{Access, Applied, Change, NewCode, Role, Scope};
use crate::addresses::Reach;
use crate::config::Secret;

const FILE: &str = "control.sock";

/// The longest change, with a scope of every camera, takes half of it.
const MAX_REQUEST_BYTES: u64 = 64 << 10;

/// A program on the same computer has its line ready.
const PATIENCE: Duration = Duration::from_secs(5);

/// One person asks.
const MAX_AT_ONCE: usize = 8;

/// `sun_path` holds so many bytes with the zero behind them; macOS has the shorter one.
const MAX_PATH_BYTES: usize = if cfg!(target_vendor = "apple") { 103 } else { 107 };

/// What the server's owner asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Request {
    /// Everybody who is let in.
    People,
    Change(Change),
    /// A code that lets browsers in.
    Code {
        role: Role,
        /// The id of a user as whom the browser signs in.
        user: Option<String>,
        uses: u32,
        minutes: u32,
    },
}

/// The socket, for as long as the server runs.
pub(crate) struct Local {
    listener: UnixListener,
    path: PathBuf,
    access: Access,
    /// Where the pages are, for links.
    reach: watch::Receiver<Reach>,
    name_of: NameOf,
}

/// What a device calls itself.
pub(crate) type NameOf = Arc<Naming>;
type Naming = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The socket of a state folder.
///
/// # Errors
/// When its path is too long for one.
pub(crate) fn path(state: &Path) -> io::Result<PathBuf> {
    let path = state.join(FILE);
    let bytes = path.as_os_str().as_bytes().len();
    match bytes <= MAX_PATH_BYTES {
        true => Ok(path),
        false => Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!(
                "{} has {bytes} bytes, and a socket's path at most {MAX_PATH_BYTES}; choose a \
                 shorter folder with --state DIR",
                path.display()
            ),
        )),
    }
}

impl Local {
    /// Makes the socket anew. Whoever calls has the state folder to itself.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn bind(
        state: &Path,
        access: Access,
        reach: watch::Receiver<Reach>,
        name_of: NameOf,
    ) -> io::Result<Self> {
        let path = path(state)?;
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        // From here on it is removed at the end.
        let local = Self { listener, path, access, reach, name_of };
        fs::set_permissions(&local.path, Permissions::from_mode(0o600))?;
        Ok(local)
    }

    /// Answers until the future is dropped.
    pub(crate) async fn serve(self) {
        let room = Arc::new(Semaphore::new(MAX_AT_ONCE));
        loop {
            let Ok(turn) = Arc::clone(&room).acquire_owned().await else { return };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "cannot take a connection on the socket in the state folder");
                    tokio::time::sleep(PATIENCE).await;
                    continue;
                }
            };
            let (access, reach) = (self.access.clone(), self.reach.clone());
            let name_of = Arc::clone(&self.name_of);
            tokio::spawn(async move {
                let _turn = turn;
                converse(stream, &access, &reach, &*name_of).await;
            });
        }
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        // The next start removes it as well.
        let _ = fs::remove_file(&self.path);
    }
}

async fn converse(
    mut stream: UnixStream,
    access: &Access,
    reach: &watch::Receiver<Reach>,
    name_of: &Naming,
) {
    let own = rustix::process::geteuid().as_raw();
    if !stream.peer_cred().is_ok_and(|peer| may_ask(peer.uid(), own)) {
        return;
    }
    let mut line = Vec::new();
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader.take(MAX_REQUEST_BYTES));
    let read = tokio::time::timeout(PATIENCE, reader.read_until(b'\n', &mut line)).await;
    if !matches!(read, Ok(Ok(_))) {
        return;
    }
    let answer = match serde_json::from_slice(&line) {
        Ok(request) => {
            let reach = reach.borrow().clone();
            answer(access, Some((&reach, name_of)), request).await
        }
        // What is wrong may be beside a password.
        Err(_) => Err("the server does not understand this request; it may be another version \
                       than the command"
            .to_owned()),
    };
    let answer = match answer {
        Ok(value) => json!({ "ok": value }),
        Err(reason) => json!({ "error": reason }),
    };
    let text = format!("{answer}\n");
    let _ = tokio::time::timeout(PATIENCE, writer.write_all(text.as_bytes())).await;
}

/// The folder lets in nobody else, unless somebody has opened it.
fn may_ask(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

/// Does what the owner asks for. Without a server there is no address, no code, and nobody who
/// knows what devices are called.
pub(crate) async fn answer(
    access: &Access,
    server: Option<(&Reach, &Naming)>,
    request: Request,
) -> Result<Value, String> {
    let text = |error: serde_json::Error| error.to_string();
    match request {
        Request::People => {
            let mut people = access.people();
            people.name_devices(|device| server.and_then(|(_, name_of)| name_of(device)));
            serde_json::to_value(people).map_err(text)
        }
        Request::Change(change) => {
            let applied = access.apply_as_owner(change).await;
            let Applied { entry, secret, warning } = applied.map_err(|error| error.to_string())?;
            let secret = secret.as_ref().map(Secret::reveal);
            Ok(json!({ "entry": entry, "secret": secret, "warning": warning }))
        }
        Request::Code { role, user, uses, minutes } => {
            let Some((reach, _)) = server else {
                return Err(
                    "codes and links are kept in the memory of a running server, and none \
                            is running with this state folder; start it first"
                        .to_owned(),
                );
            };
            let new = NewCode { role, scope: Scope::All, user, uses, minutes };
            let code = access.new_code(new, None).map_err(|error| error.to_string())?;
            let secret = code.secret.reveal();
            Ok(json!({
                "id": code.id,
                "digits": code.digits.as_ref().map(Secret::reveal),
                "url": pair_url(&reach.page, secret),
                "page": reach.page,
                "beside": reach.beside,
                "ends_ms": code.ends_ms,
            }))
        }
    }
}

/// The address that lets a browser in: what is behind the `#` reaches no server and no log.
pub(crate) fn pair_url(page_url: &str, secret: &str) -> String {
    format!("{page_url}/#pair={secret}")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(path: &Path, line: &[u8]) -> String {
        let mut stream = UnixStream::connect(path).await.unwrap();
        // A server that has heard enough does not read the rest.
        let _ = stream.write_all(line).await;
        let mut text = String::new();
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    #[tokio::test]
    async fn the_owner_asks_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path()).unwrap();
        // Left by a crash.
        fs::write(&path, "").unwrap();
        let access = Access::load(folder.path(), false).unwrap();
        let beside = Some("https://b:5001".to_owned());
        let reach = Reach { page: "https://a:5001".to_owned(), beside, ..Reach::default() };
        let reach = watch::channel(reach).1;
        let local = Local::bind(folder.path(), access.clone(), reach, Arc::new(|_| None)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let serving = tokio::spawn(local.serve());
        let people = ask(&path, b"{\"ask\":\"people\"}\n").await;
        assert!(people.contains("\"mode\":\"undecided\""), "{people}");
        let add = r#"{"ask":"change","change":"add_token","name":"ci","role":"camera"}"#;
        let added = ask(&path, format!("{add}\n").as_bytes()).await;
        assert!(added.contains("lct_") && added.contains("\"name\":\"ci\""), "{added}");
        assert_eq!(access.people().tokens.len(), 1);
        let code = r#"{"ask":"code","role":"admin","user":null,"uses":1,"minutes":10}"#;
        let code = ask(&path, format!("{code}\n").as_bytes()).await;
        for part in ["https://a:5001/#pair=", "\"digits\":null", "\"beside\":\"https://b:5001\""] {
            assert!(code.contains(part), "{code}");
        }
        let wrong = r#"{"ask":"change","change":"add_user","name":"x","password":"s3cret"}"#;
        let wrong = ask(&path, format!("{wrong}\n").as_bytes()).await;
        assert!(wrong.contains("error") && !wrong.contains("s3cret"), "{wrong}");
        let long = ask(&path, &vec![b' '; 80 << 10]).await;
        assert!(!long.contains("ok"), "{long}");
        serving.abort();
        assert!(serving.await.unwrap_err().is_cancelled());
        assert!(!path.exists());
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_told() {
        let reason = path(Path::new(&"x".repeat(100))).unwrap_err().to_string();
        assert!(reason.contains("113 bytes") && reason.contains("--state"), "{reason}");
        assert!(may_ask(7, 7) && may_ask(0, 7) && !may_ask(8, 7));
    }
}
