//! A server whose address changes, and the name by which it is found all the same. Each has a network
//! of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::files::eventually;
use crate::support::namespace::Namespace;
use crate::support::server::wait;

/// Asks the network by multicast, as a device does that has no daemon for it (RFC 6762 section 5.1),
/// and prints every address of the answer.
const ASK: &str = r#"
import socket, struct, sys
here, name = sys.argv[1:]
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(here))
asking.settimeout(2)
labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
kind = 12 if name.startswith("_") else 1
asking.sendto(struct.pack(">6H", 7, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1), ("224.0.0.251", 5353))
try:
    answer, sender = asking.recvfrom(9000)
except TimeoutError:
    sys.exit(0)
at = 12
def skip(at):
    while answer[at]:
        if answer[at] >= 192:
            return at + 2
        at += 1 + answer[at]
    return at + 1
_, _, questions, *others = struct.unpack(">6H", answer[:12])
for _ in range(questions):
    at = skip(at) + 4
for _ in range(sum(others)):
    at = skip(at)
    kind, _, _, length = struct.unpack(">HHIH", answer[at : at + 10])
    at += 10
    if kind == 1:
        print("address", socket.inet_ntoa(answer[at : at + 4]))
    if kind == 33:
        print("port", struct.unpack(">H", answer[at + 4 : at + 6])[0])
    at += length
"#;

/// A server in a network; killed when dropped.
struct Moving {
    child: Child,
    folder: TempDir,
    printed: Vec<String>,
}

impl Moving {
    fn start(namespace: &Namespace, folder: TempDir, args: &[&str]) -> Self {
        let mut command = namespace.command(env!("CARGO_BIN_EXE_localcamera"));
        let log = File::options().create(true).append(true).open(folder.path().join("log"));
        command.args(["--open", "--https-port", "0", "--wss-port", "0", "--webrtc-port", "none"]);
        command.args(args).current_dir(folder.path()).env("LOCALCAMERA_LOG", "info");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.unwrap());
        let mut child = command.spawn().unwrap();
        let mut printed = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            printed.push(line.unwrap().split_whitespace().next().unwrap().to_owned());
            if printed.last().is_some_and(|url| url.starts_with("wss://")) {
                break;
            }
        }
        assert!(printed.len() > 1, "{}", log_of(&folder));
        Self { child, folder, printed }
    }

    fn port(&self) -> String {
        self.printed[0].rsplit(':').next().unwrap().to_owned()
    }

    /// Stops it as Ctrl-C does.
    fn stop(mut self) -> TempDir {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        assert!(wait(&mut self.child).success(), "{}", log_of(&self.folder));
        std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap())
    }
}

impl Drop for Moving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_of(folder: &TempDir) -> String {
    std::fs::read_to_string(folder.path().join("log")).unwrap()
}

/// What a device in a network is shown at an address, whose trust was imported once.
fn is_trusted(device: &Namespace, address: &str, port: &str, imported: &Path) -> bool {
    let mut openssl = device.command("openssl");
    openssl.args(["s_client", "-brief", "-verify_return_error", "-verify_ip", address, "-CAfile"]);
    openssl.arg(imported).args(["-connect", &format!("{address}:{port}")]);
    let output = openssl.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    output.status.success() && said.contains("Verification: OK")
}

#[tokio::test]
async fn an_address_that_changes_is_said_and_needs_no_new_trust() {
    let Some((lan, device)) = Namespace::pair() else { return };
    lan.add("192.168.77.3/24");
    device.add("192.168.77.20/24");
    let server = Moving::start(&lan, tempfile::tempdir().unwrap(), &["--mdns=false"]);
    assert!(server.printed[0].starts_with("https://192.168.77.3:"), "{:?}", server.printed);
    let port = server.port();
    let imported = server.folder.path().join("imported.crt");
    std::fs::copy(server.folder.path().join("certs/ca.crt"), &imported).unwrap();
    assert!(is_trusted(&device, "192.168.77.3", &port, &imported));

    lan.change("192.168.77.9/24");
    let is_there = || is_trusted(&device, "192.168.77.9", &port, &imported).then_some(());
    eventually(is_there).await;
    let said = log_of(&server.folder);
    let line = said.lines().find(|line| line.contains("has changed")).unwrap();
    for words in ["192.168.77.3", &format!("https://192.168.77.9:{port}"), "router"] {
        assert!(line.contains(words), "{line}");
    }

    // Another one while the server is not running.
    let folder = server.stop();
    lan.change("192.168.77.14/24");
    let server = Moving::start(&lan, folder, &["--mdns=false"]);
    assert!(is_trusted(&device, "192.168.77.14", &server.port(), &imported));
    let said = log_of(&server.folder);
    let line = said.lines().rfind(|line| line.contains("has changed")).unwrap();
    assert!(line.contains("was 192.168.77.9 when it ran last"), "{line}");

    // Where somebody names the address, nothing follows.
    let folder = server.stop();
    let told = log_of(&folder).matches("has changed").count();
    let server = Moving::start(&lan, folder, &["--mdns=false", "--lan-ip", "192.168.77.3"]);
    assert!(server.printed[0].starts_with("https://192.168.77.3:"), "{:?}", server.printed);
    assert_eq!(log_of(&server.folder).matches("has changed").count(), told);
}

#[tokio::test]
async fn the_network_knows_the_server_by_its_name() {
    let Some((lan, device)) = Namespace::pair() else { return };
    lan.add("192.168.77.3/24");
    device.add("192.168.77.20/24");
    let hostname = Command::new("hostname").output().unwrap();
    let hostname = String::from_utf8(hostname.stdout).unwrap().trim().to_ascii_lowercase();
    let name = format!("{}.local", hostname.split('.').next().unwrap());
    let ask = |name: &str| {
        let mut python = device.command("python3");
        let asked = python.args(["-c", ASK, "192.168.77.20", name]).output().unwrap();
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
        let answer = String::from_utf8(asked.stdout).unwrap();
        let mut lines: Vec<String> = answer.lines().map(str::to_owned).collect();
        lines.sort();
        lines.dedup();
        lines
    };
    assert_eq!(ask(&name), [""; 0]);
    let server = Moving::start(&lan, tempfile::tempdir().unwrap(), &[]);
    let port = server.port();
    let pages = [format!("https://192.168.77.3:{port}"), format!("https://{name}:{port}")];
    assert_eq!(server.printed[..2], pages, "{}", log_of(&server.folder));
    assert_eq!(ask(&name), ["address 192.168.77.3"]);
    let service = ["address 192.168.77.3".to_owned(), format!("port {port}")];
    assert_eq!(ask("_https._tcp.local"), service);
    assert_eq!(ask("_localcamera._tcp.local"), service);

    // A second server here has the name told by the first one, and a name of its own besides.
    let second = Moving::start(&lan, tempfile::tempdir().unwrap(), &[]);
    assert_eq!(second.printed[1], format!("https://{name}:{}", second.port()));
    // Its service's title is the first one's, so that it takes another one before it answers.
    let own = format!("localcamera-{name}");
    eventually(|| (ask(&own) == ["address 192.168.77.3"]).then_some(())).await;
    second.stop();
    assert_eq!(ask(&name), ["address 192.168.77.3"]);

    // A server elsewhere does not take it away.
    let elsewhere = Moving::start(&device, tempfile::tempdir().unwrap(), &[]);
    assert!(elsewhere.printed[0].starts_with("https://192.168.77.20:"), "{:?}", elsewhere.printed);
    assert!(log_of(&elsewhere.folder).contains("another device"), "{}", log_of(&elsewhere.folder));
    elsewhere.stop();
    assert_eq!(ask(&name), ["address 192.168.77.3"]);

    lan.change("192.168.77.9/24");
    eventually(|| (ask(&name) == ["address 192.168.77.9"]).then_some(())).await;
    server.stop();
    assert_eq!(ask(&name), [""; 0]);
}
