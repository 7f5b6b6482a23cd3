//! `localcamera user`, `token` and `device`, beside a server and without one.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::access::say_hello;
use crate::support::access::{decided, paired};
use crate::support::control::{Control, key};
use crate::support::server::Server;

/// Exit code, standard output, standard error.
fn ask(folder: &Path, args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that asks for nothing may have ended.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn json(folder: &Path, args: &[&str]) -> Value {
    let (code, out, err) = ask(folder, args, "");
    assert_eq!(code, Some(0), "{err}");
    serde_json::from_str(&out).unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn the_commands_change_what_the_running_server_knows() {
    let server = Server::start(&[]);
    let folder = server.folder.path();
    let state = folder.join("state");
    assert_eq!(mode(&state.join("control.sock")), 0o600);

    // The token alone on standard output.
    let (code, token, said) = ask(folder, &["token", "add", "nightly", "--role", "viewer"], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(token.starts_with("lct_") && token.trim_end().len() == 47, "{token}");
    assert!(said.contains("nightly") && !said.contains("lct_"), "{said}");
    assert_eq!(mode(&state.join("access.json")), 0o600);
    let stored = std::fs::read_to_string(state.join("access.json")).unwrap();
    assert!(stored.contains("nightly") && !stored.contains(token.trim_end()));

    let (code, _, said) = ask(folder, &["token", "add", "Nightly", "--role", "admin"], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("a token named Nightly already"), "{said}");

    let add = ["user", "add", "Ana\u{1b}[31m", "--only", "front-door,gym"];
    let (code, _, said) = ask(folder, &add, "");
    assert_eq!(code, Some(0));
    assert!(said.contains("No device that was let in is called gym: it is taken"), "{said}");
    let (code, _, said) = ask(folder, &["user", "change", "ana [31m", "--only", ""], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("blank"), "{said}");
    let (code, _, said) = ask(folder, &["user", "password", "ana [31m"], "short\n");
    assert_eq!(code, Some(1));
    assert!(said.contains("8 characters"), "{said}");
    let (code, _, said) = ask(folder, &["user", "password", "ana [31m"], "correct horse\n");
    assert_eq!(code, Some(0), "{said}");
    let (_, list, _) = ask(folder, &["user", "list"], "");
    assert!(list.contains("front-door,gym") && !list.contains('\u{1b}'), "{list}");
    assert_eq!(json(folder, &["user", "list", "--json"])["users"][0]["password"], true);

    let (_, link, said) = ask(folder, &["user", "link"], "");
    assert!(link.starts_with(&format!("https://{}/#pair=", server.https)), "{link}");
    assert!(said.contains("admin") && !said.contains("#pair="), "{said}");
    let pair = json(folder, &["device", "pair", "--uses", "3", "--json"]);
    assert_eq!(pair["digits"].as_str().unwrap().len(), 6);

    assert_eq!(ask(folder, &["token", "revoke", "nightly"], "").0, Some(0));
    let (code, _, said) = ask(folder, &["token", "revoke", "nightly"], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("no token nightly"), "{said}");

    server.interrupt();
    let (_, log, folder) = server.wait();
    for secret in [token.trim_end(), pair["digits"].as_str().unwrap(), "#pair=", "correct horse"] {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(!folder.path().join("state/control.sock").exists());
}

#[test]
fn without_a_server_the_commands_change_the_file() {
    let server = Server::start(&[]);
    // Its socket stays behind.
    let folder = server.kill();
    assert!(folder.path().join("state/control.sock").exists());
    let (code, token, said) = ask(folder.path(), &["token", "add", "ci", "--role", "camera"], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(token.starts_with("lct_"), "{token}");
    let (code, out, said) = ask(folder.path(), &["user", "link"], "");
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(said.contains("start it first"), "{said}");
    let server = Server::start_in(folder, &[]);
    let tokens = json(server.folder.path(), &["token", "list", "--json"]);
    assert_eq!((&tokens[0]["name"], &tokens[0]["role"]), (&"ci".into(), &"camera".into()));
    let (code, _, said) = ask(server.folder.path(), &["device", "list", "--state", "none"], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("no state folder none"), "{said}");
}

#[tokio::test]
async fn a_device_is_what_its_own_name_says_and_no_other_browser_is_one() {
    let (server, admin) = decided("network").await;
    let folder = server.folder.path();
    drop(Control::device(&server, "test-device").await);
    // It is let in as "camera", and calls itself something else.
    let camera = paired(&server, &admin, "camera", Value::Null).await;
    let key = key("test-device");
    let mut recording = say_hello(&server, "session-1", &key, Some(&camera)).await;
    assert_eq!(recording.receive().await["type"], "welcome");
    let devices = json(folder, &["device", "list", "--json"]);
    let shown = devices[0]["device_name"].as_str().unwrap().to_owned();
    assert_eq!((devices.as_array().unwrap().len(), &devices[0]["name"]), (1, &"camera".into()));
    assert_ne!(shown, "camera");

    let (code, _, said) = ask(folder, &["user", "add", "Vera", "--only", &shown], "");
    assert_eq!(code, Some(0), "{said}");
    let people = json(folder, &["user", "list", "--json"]);
    assert_eq!(people["users"][0]["scope"], serde_json::json!(["test-device"]), "{people}");
    let (code, _, said) = ask(folder, &["user", "add", "Otto", "--only", "Back door"], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("no device that was let in is called Back door"), "{said}");

    // The admin's browser is called "First", and is no device.
    let (code, _, said) = ask(folder, &["device", "revoke", "First"], "");
    assert_eq!(code, Some(1));
    assert!(said.contains("no device First"), "{said}");
    let (code, _, said) = ask(folder, &["device", "revoke", &shown], "");
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(recording.ending().await.of_type("error")[0]["code"], "revoked");
    let people = json(folder, &["user", "list", "--json"]);
    assert_eq!(people["browsers"][0]["name"], "First", "{people}");
}
