//! `localcamera doctor`: what is in the server's way is said, and nothing is touched.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::certificates::Authority;
use crate::support::namespace::Namespace;
use crate::support::server::{Server, configure, wait};
use crate::support::small_disk::SmallDisk;

/// Ports and addresses of this computer alone, and no space that has to stay free.
const HERE: [&str; 13] = [
    "--bind",
    "127.0.0.1",
    "--lan-ip",
    "127.0.0.1",
    "--https-port",
    "0",
    "--wss-port",
    "0",
    "--webrtc-port",
    "0",
    "--mdns=false",
    "--reserve-mb",
    "0",
];

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_localcamera"));
    command.current_dir(folder).arg("doctor").args(args);
    without_inherited(&mut command);
    command
}

/// Whoever runs the tests may have settings of their own.
fn without_inherited(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("LOCALCAMERA_") {
            command.env_remove(name);
        }
    }
}

/// The exit code, and what stands on standard output.
fn told(mut command: Command) -> (i32, String) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().unwrap();
    // The report is shorter than what a pipe holds.
    let status = wait(&mut child);
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    (status.code().unwrap(), text)
}

fn findings(command: Command) -> (i32, Vec<Value>) {
    let (code, text) = told(command);
    (code, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

fn doctor(folder: &Path, args: &[&str]) -> (i32, Vec<Value>) {
    findings(command(folder, &[&["--json"][..], &HERE, args].concat()))
}

/// The one finding of a check with these words; its verdict, and what it says.
fn found<'a>(findings: &'a [Value], check: &str, words: &str) -> (&'a str, String) {
    let is_it = |finding: &&Value| {
        finding["check"] == check && finding["message"].as_str().unwrap().contains(words)
    };
    let all: Vec<&Value> = findings.iter().filter(is_it).collect();
    let [one] = all[..] else { panic!("one of {check} with {words:?} is expected: {findings:#?}") };
    let advice = one["advice"].as_str().unwrap_or_default();
    (one["verdict"].as_str().unwrap(), format!("{}. {advice}", one["message"].as_str().unwrap()))
}

/// Everything below a folder: contents and modes.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let content = match metadata.is_file() {
            true => std::fs::read(&path).unwrap(),
            false => Vec::new(),
        };
        if metadata.is_dir() {
            all.extend(everything(&path));
        }
        all.insert(path, (metadata.permissions().mode(), content));
    }
    all
}

#[test]
fn where_nothing_is_wrong_it_says_so_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (code, findings) = doctor(folder.path(), &[]);
    assert_eq!(code, 0, "{findings:#?}");
    let mut checks = Vec::new();
    for finding in &findings {
        let keys: Vec<&String> = finding.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["advice", "check", "message", "verdict"], "{finding}");
        let is_right = finding["verdict"] == "ok";
        assert!(is_right || finding["verdict"] == "advice", "{finding}");
        assert_eq!(finding["advice"].is_null(), is_right, "{finding}");
        checks.push(finding["check"].as_str().unwrap());
    }
    checks.dedup();
    let expected = "configuration ports certificate addresses clock disk state ffmpeg cameras \
                    firewall open_files";
    assert_eq!(checks.join(" "), expected);
    let (code, text) = told(command(folder.path(), &HERE));
    assert_eq!(code, 0, "{text}");
    assert!(!text.contains('\x1b'), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("ok       ports          "), "{text}");
    assert_eq!(*lines.last().unwrap(), "Nothing here would stop the server.");
    assert_eq!(everything(folder.path()).len(), 0);
}

#[test]
fn a_port_that_somebody_has_is_named_with_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, findings) = doctor(folder.path(), &["--https-port", &port]);
    assert_eq!(code, 1);
    let (verdict, said) = found(&findings, "ports", &format!("TCP {port}"));
    assert_eq!(verdict, "problem");
    let own = format!("(process {})", std::process::id());
    assert!(said.contains(&own) && said.contains("--https-port PORT"), "{said}");
    drop(taken);
    let (code, findings) = doctor(folder.path(), &["--https-port", &port, "--wss-port", &port]);
    assert_eq!((code, found(&findings, "ports", "asked for twice").0), (1, "problem"));
}

#[test]
fn beside_its_own_server_all_is_well_and_stays_as_it_is() {
    let server = Server::start(&[]);
    let folder = server.folder.path();
    let (_, https) = server.https.rsplit_once(':').unwrap();
    let (_, wss) = server.wss.rsplit_once(':').unwrap();
    let before = everything(folder);
    let (code, findings) = doctor(folder, &["--https-port", https, "--wss-port", wss]);
    assert_eq!(code, 0, "{findings:#?}");
    let held = format!("TCP {https}, TCP {wss} held by the server that runs here");
    assert_eq!(found(&findings, "ports", &held).0, "ok");
    assert_eq!(found(&findings, "state", "used by the server that runs here").0, "ok");
    assert_eq!(found(&findings, "certificate", "valid until").0, "ok");
    assert_eq!(everything(folder), before);
    server.interrupt();
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn the_folders_and_ports_of_another_server_are_said() {
    let server = Server::start(&[]);
    let recordings = server.folder.path().join("recordings");
    let (_, https) = server.https.rsplit_once(':').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let args = ["--https-port", https, "--recordings", recordings.to_str().unwrap()];
    let (code, findings) = doctor(folder.path(), &args);
    assert_eq!(code, 1);
    let (verdict, said) = found(&findings, "disk", "another localcamera is using");
    assert!(verdict == "problem" && said.contains("--recordings DIR"), "{said}");
    let (verdict, said) = found(&findings, "ports", &format!("TCP {https}"));
    assert!(verdict == "advice" && said.contains("--state DIR"), "{said}");
    server.interrupt();
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn a_file_that_hangs_costs_its_own_check_alone() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["certs/ca.crt", "state/address.json", "state/.lock"] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    }
    let (code, findings) = doctor(folder.path(), &[]);
    assert_eq!(code, 1);
    let (verdict, said) = found(&findings, "certificate", "certs: no answer within");
    assert!(verdict == "problem" && said.contains("ls -l"), "{said}");
    assert_eq!(found(&findings, "addresses", "https://").0, "ok");
    assert!(findings.iter().any(|finding| finding["check"] == "clock"));
    assert!(findings.iter().any(|finding| finding["check"] == "state"));
}

#[test]
fn a_link_to_a_disk_that_is_not_there_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    for (name, check) in [("recordings", "disk"), ("state", "state"), ("certs", "certificate")] {
        let link = folder.path().join(name);
        std::os::unix::fs::symlink("/nowhere/disk", &link).unwrap();
        let (code, findings) = doctor(folder.path(), &[]);
        let (verdict, said) = found(&findings, check, "is a link to /nowhere/disk");
        assert_eq!((code, verdict), (1, "problem"));
        assert!(said.contains("Connect the disk"), "{said}");
        std::fs::remove_file(link).unwrap();
    }
}

#[test]
fn a_certificate_that_devices_refuse_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let write = |file: &str, text: &str| {
        let path = folder.path().join(file);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    };
    let own = ["--cert", "own.crt", "--key", "own.key"];
    let authority = Authority::new();
    for (name, ends_in_days, words, verdict) in [
        ("127.0.0.1", -1, "ended at", "problem"),
        ("127.0.0.1", 5, "ends at", "advice"),
        ("10.1.2.3", 90, "10.1.2.3", "problem"),
    ] {
        let issued = authority.issue(&[name], ends_in_days);
        write("own.crt", &issued.certificate);
        write("own.key", &issued.key);
        let (code, findings) = doctor(folder.path(), &own);
        assert_eq!(found(&findings, "certificate", words).0, verdict, "{findings:#?}");
        assert_eq!(code, i32::from(verdict == "problem"));
        assert_eq!(found(&findings, "certificate", "without the one that issued it").0, "advice");
    }
    std::fs::remove_file(folder.path().join("own.crt")).unwrap();
    let (code, findings) = doctor(folder.path(), &own);
    let (verdict, said) = found(&findings, "certificate", "own.crt");
    assert_eq!((code, verdict), (1, "problem"));
    assert!(said.contains("a file that is there"), "{said}");
    let public = authority.issue(&["cam.example.com"], 90);
    write("own.crt", &public.certificate);
    write("own.key", &public.key);
    let (code, findings) = doctor(folder.path(), &own);
    assert_eq!((code, found(&findings, "certificate", "is for cam.example.com").0), (0, "advice"));
    let issued = authority.issue(&["127.0.0.1"], 90);
    write("own.crt", &issued.certificate);
    let other = authority.issue(&["127.0.0.1"], 90);
    write("own.key", &other.key);
    let (code, findings) = doctor(folder.path(), &own);
    assert_eq!((code, found(&findings, "certificate", "does not fit its key").0), (1, "problem"));
    std::fs::set_permissions(folder.path().join("own.key"), PermissionsExt::from_mode(0o644))
        .unwrap();
    let (_, findings) = doctor(folder.path(), &own);
    assert!(found(&findings, "certificate", "by others").1.contains("chmod 600 own.key"));
}

#[test]
fn a_recordings_folder_that_takes_nothing_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("occupied"), "a file").unwrap();
    for recordings in ["occupied", "occupied/inside"] {
        let (code, findings) = doctor(folder.path(), &["--recordings", recordings]);
        let words = format!("cannot make the recordings folder {recordings}: ");
        let (verdict, said) = found(&findings, "disk", &words);
        assert_eq!((code, verdict), (1, "problem"));
        assert!(said.contains("file") && said.contains("--recordings DIR"), "{said}");
    }
    let Some(disk) = SmallDisk::mount(folder.path()) else { return };
    disk.leave(900_000);
    let (code, findings) = doctor(folder.path(), &["--reserve-mb", "1"]);
    assert_eq!((code, found(&findings, "disk", "only 0 MB are free").0), (1, "problem"));
    disk.free();
    let mut remount = Command::new("mount");
    remount.args(["-o", "remount,ro"]).arg(folder.path().join("recordings"));
    assert!(remount.status().unwrap().success());
    let (code, findings) = doctor(folder.path(), &[]);
    assert_eq!((code, found(&findings, "disk", "Read-only file system").0), (1, "problem"));
}

#[test]
fn ffmpeg_is_missed_where_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let without = || {
        let mut command = command(folder.path(), &[&["--json"][..], &HERE].concat());
        command.env("PATH", folder.path());
        findings(command)
    };
    let (code, findings) = without();
    let (verdict, said) = found(&findings, "ffmpeg", "not installed");
    assert_eq!((code, verdict), (0, "advice"));
    assert!(said.contains("apt install ffmpeg"), "{said}");
    configure(folder.path(), "[[source]]\nname = \"bars\"\nkind = \"pattern\"\n");
    let (code, findings) = without();
    assert_eq!((code, found(&findings, "ffmpeg", "needs it for bars").0), (1, "problem"));
}

#[test]
fn a_configuration_that_cannot_be_read_is_all_there_is_to_say() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path(), "https_prot = 1\n");
    let (code, findings) = doctor(folder.path(), &[]);
    assert_eq!((code, findings.len()), (2, 1), "{findings:#?}");
    assert_eq!(found(&findings, "configuration", "https_prot").0, "problem");
    let (code, text) = told(command(folder.path(), &["--config", "missing.toml"]));
    assert!(code == 2 && text.contains("missing.toml"), "{code}: {text}");
    assert_eq!(told(command(folder.path(), &["--wss-port", "off"])).0, 2);
}

#[test]
fn state_that_the_server_cannot_read_is_named_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(state.join("devices.json"), "{\"v\": 1, \"dev").unwrap();
    std::fs::write(state.join("access.json"), "{\"v\": 9}").unwrap();
    std::fs::write(state.join("sources.json.broken-2"), "").unwrap();
    let before = everything(folder.path());
    let (code, findings) = doctor(folder.path(), &[]);
    assert_eq!(code, 1);
    let (verdict, said) = found(&findings, "state", "devices.json cannot be understood");
    assert!(verdict == "problem" && said.contains("names and groups"), "{said}");
    assert_eq!(found(&findings, "state", "newer localcamera (v 9)").0, "problem");
    assert_eq!(found(&findings, "state", "sources.json.broken-2").0, "advice");
    assert!(found(&findings, "state", "read by others").1.contains("chmod go="));
    assert_eq!(everything(folder.path()), before);
}

#[test]
fn a_source_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let there = TcpListener::bind("127.0.0.1:0").unwrap();
    // Bound for as long as this takes, and nobody listens.
    let gone = tokio::net::TcpSocket::new_v4().unwrap();
    gone.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (here, nowhere) = (there.local_addr().unwrap(), gone.local_addr().unwrap());
    let source = |name: &str, address| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"rtsp\"\n\
             address = \"rtsp://{address}/s?password=s3cret\"\n"
        )
    };
    let film = "[[source]]\nname = \"film\"\nkind = \"file\"\npath = \"missing.mp4\"\n";
    configure(folder.path(), &(source("door", here) + &source("gate", nowhere) + film));
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    let added = json!({
        "source": "yard", "kind": "rtsp",
        "address": format!("rtsp://{nowhere}/s"), "user": "u", "password": "s3cret",
    });
    let remembered = json!({ "v": 1, "sources": [added] });
    std::fs::write(state.join("sources.json"), remembered.to_string()).unwrap();
    let (code, findings) = doctor(folder.path(), &[]);
    assert_eq!(code, 0, "{findings:#?}");
    assert_eq!(found(&findings, "cameras", "there: door").0, "ok");
    for name in ["source gate", "source yard"] {
        let (verdict, said) = found(&findings, "cameras", name);
        assert_eq!(verdict, "advice");
        assert!(said.contains(&nowhere.port().to_string()), "{said}");
    }
    drop(gone);
    assert_eq!(found(&findings, "cameras", "missing.mp4").0, "advice");
    assert!(!json!(findings).to_string().contains("s3cret"));
}

#[test]
fn an_address_that_has_changed_is_to_be_reserved_in_the_router() {
    let Some((lan, _other)) = Namespace::pair() else { return };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::write(state.join("address.json"), "{\"v\": 1, \"address\": \"192.0.2.9\"}").unwrap();
    let doctor = || {
        let mut command = lan.command(env!("CARGO_BIN_EXE_localcamera"));
        command.current_dir(folder.path());
        command.args(["doctor", "--json", "--mdns=false", "--reserve-mb", "0"]);
        without_inherited(&mut command);
        findings(command)
    };
    let (code, alone) = doctor();
    assert_eq!((code, found(&alone, "addresses", "on no network").0), (1, "problem"));
    lan.add("192.0.2.1/24");
    let (code, moved) = doctor();
    let (verdict, said) = found(&moved, "addresses", "was 192.0.2.9");
    assert_eq!((code, verdict), (0, "advice"), "{moved:#?}");
    assert!(said.contains("192.0.2.1") && said.contains("router"), "{said}");
}
