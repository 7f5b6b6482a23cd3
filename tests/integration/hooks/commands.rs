//! Hooks that run a program.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{log, record, sha256, start};
use crate::support::files::{eventually, journal, segments};
use crate::support::told::Web;

/// Writes a program that a hook can run.
fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn hook(on: &str, program: &Path, arguments: &str, more: &str) -> String {
    let program = program.display();
    format!("[[hook]]\non = [\"{on}\"]\ncommand = [\"{program}\"{arguments}]\n{more}\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_gets_each_file_when_it_is_there_by_argument_environment_and_input() {
    let folder = tempfile::tempdir().unwrap();
    // What it is given, and what the file's content is at that moment.
    let program = script(
        folder.path(),
        "archive",
        "printf '%s\\n' \"$1\" \"$2\" \"$LOCALCAMERA_EVENT\" \"$LOCALCAMERA_PATH\" \"$LOCALCAMERA_NAME\" \\\n\
         \"$LOCALCAMERA_SHA256\" \"${LOCALCAMERA_REASON-unset}\" \"$(sha256sum < \"$1\")\" \"$(head -1)\" >> got",
    );
    let config = hook("segment_finished", &program, ", \"{path}\", \"{{path}} of {session}\"", "");
    let server = start(folder, &config, &["--segment-seconds", "1"]);
    record(&server, "session-1").await;
    let files = segments(&server.recordings());
    assert!(files.len() >= 3, "{files:?}");
    let got = server.folder.path().join("got");
    let lines = eventually(|| {
        let text = std::fs::read_to_string(&got).unwrap_or_default();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        (lines.len() == 9 * files.len()).then_some(lines)
    })
    .await;
    let journal = journal(&server.recordings());
    let known: Vec<&Value> = journal.iter().filter(|line| line["event"] == "segment").collect();
    for ((got, file), line) in lines.chunks(9).zip(&files).zip(known) {
        let path = Path::new(&got[0]);
        assert!(path.is_absolute(), "{got:?}");
        assert_eq!(path.canonicalize().unwrap(), file.canonicalize().unwrap());
        assert_eq!(got[1], "{path} of session-1");
        assert_eq!((got[2].as_str(), &got[3]), ("segment_finished", &got[0]));
        assert_eq!((got[4].as_str(), &got[5]), ("Bench 3", &sha256(file)));
        assert_eq!(line["sha256"], json!(got[5]));
        assert_eq!(got[6], "unset");
        assert!(got[7].starts_with(&got[5]), "the file was not whole: {got:?}");
        let event: Value = serde_json::from_str(&got[8]).unwrap();
        assert_eq!((&event["sha256"], &event["path"]), (&json!(got[5]), &json!(got[0])));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_takes_too_long_is_ended_with_what_it_started() {
    let folder = tempfile::tempdir().unwrap();
    // Neither listens to the polite signal, and both hold the output.
    let program = script(
        folder.path(),
        "hang",
        "trap '' TERM\necho begun\nsleep 600 &\necho $$ $! >> pids\nwait; sleep 600",
    );
    let config = hook("segment_finished", &program, "", "timeout_s = 1\nname = \"My hook\"");
    let server = start(folder, &config, &["--segment-seconds", "1"]);
    record(&server, "session-1").await;
    let folder = server.folder.path().to_owned();
    let two = || {
        let text = std::fs::read_to_string(folder.join("pids")).unwrap_or_default();
        let pids: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        (pids.len() >= 4).then_some(pids)
    };
    // The second is run when the first is gone.
    let pids = eventually(two).await;
    eventually(|| pids[..2].iter().all(|pid| is_gone(pid)).then_some(())).await;
    let said = "it took longer than 1 s (timeout_s); it said: begun";
    let log_of = || Some(log(&folder)).filter(|log| log.contains(said) && log.contains("My hook"));
    eventually(log_of).await;

    server.interrupt();
    let (status, _, folder) = server.wait();
    assert!(status.success());
    let text = std::fs::read_to_string(folder.path().join("pids")).unwrap();
    eventually(|| text.split_whitespace().all(is_gone).then_some(())).await;
}

/// Whether a process is no more, or is dead and only its number left.
fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')').next().unwrap().split_whitespace().next().is_none_or(|state| state == "Z")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_hangs_holds_up_nothing_until_a_stop_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let program = script(folder.path(), "slow", "echo $$ >> pids\nsleep 600");
    let config = hook("segment_finished", &program, "", "timeout_s = 3600");
    let server = start(folder, &config, &["--segment-seconds", "1"]);
    // A recording that waited for its hook would not end.
    record(&server, "session-1").await;
    let files = segments(&server.recordings()).len();
    let pids = server.folder.path().join("pids");
    let pid =
        eventually(|| std::fs::read_to_string(&pids).ok().filter(|text| text.ends_with('\n')));
    let pid = pid.await;
    server.interrupt();
    let (status, _, folder) = server.wait();
    assert!(status.success());
    eventually(|| is_gone(pid.trim()).then_some(())).await;
    let log = log(folder.path());
    assert!(log.contains("its hook was not told to the end"), "{log}");
    assert!(log.contains(&format!("left={files}")), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_not_there_or_fails_is_named_and_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let failing =
        script(folder.path(), "failing", "echo once >> ran\necho no such host >&2\nexit 3");
    let config = [
        hook("session_ended", &missing, "", "name = \"First\""),
        hook("session_ended", &failing, ", \"s3cret-argument\"", "name = \"Second\""),
    ];
    let server = start(folder, &config.concat(), &[]);
    assert!(log(server.folder.path()).contains("there is no such program to run for this hook"));
    record(&server, "session-1").await;
    server.interrupt();
    let (status, _, folder) = server.wait();
    assert!(status.success());
    let log = log(folder.path());
    let line = |name: &str| {
        let mut lines = log.lines().filter(|line| line.contains("a hook has failed"));
        lines.find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {log}"))
    };
    assert!(line("First").contains("there is no program") && line("First").contains("missing"));
    assert!(line("Second").contains("exit status: 3; it said: no such host"), "{log}");
    assert!(!log.contains("s3cret-argument"));
    assert_eq!(std::fs::read_to_string(folder.path().join("ran")).unwrap(), "once\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_guides_message_to_a_phone_arrives() {
    let guide = include_str!("../../../docs/guide/hooks.md");
    let blocks = guide.split("```toml\n").skip(1);
    let curl =
        blocks.filter_map(|block| block.split("```").next()).find(|b| b.contains("\"curl\""));
    let mut web = Web::listen().await;
    let config = curl.unwrap().replace("https://ntfy.sh", &format!("http://{}", web.address));
    let config = config.replace("Front door", "Bench 3");
    let server = start(tempfile::tempdir().unwrap(), &config, &[]);
    record(&server, "session-1").await;
    let heard = web.next().await;
    assert_eq!(heard.path, "/a-topic-that-nobody-guesses");
    assert_eq!(heard.header("title"), "A recording has ended");
    let file = &segments(&server.recordings())[0];
    let bytes = std::fs::metadata(file).unwrap().len();
    assert_eq!(heard.body, format!("Bench 3: 1 files, {bytes} bytes (stopped)"));
}
