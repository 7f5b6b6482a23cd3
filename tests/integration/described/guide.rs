//! The commands of the guide for other programs work as they stand there.

use std::process::Stdio;

use crate::support::access::decided;
use crate::support::server::Server;

const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide/integrate.md");

/// As the guide names the server.
const ADDRESS: &str = "192.168.1.3:5001";

/// As it names a camera, which is not there.
const CAMERA: &str = "192.168.1.20";

/// What stands in blocks of the shell.
fn commands() -> Vec<String> {
    let guide = std::fs::read_to_string(GUIDE).unwrap();
    let blocks = guide.split("```sh\n").skip(1);
    let lines = blocks.flat_map(|block| block.split("```").next().unwrap().lines());
    lines.map(str::to_owned).collect()
}

/// One of them, in the server's folder.
fn run(server: &Server, command: &str, token: &str) -> (bool, String) {
    let command = command.replace(ADDRESS, &server.https).replace(CAMERA, "127.0.0.1:1");
    let shell = std::process::Command::new("sh")
        .args(["-c", &command])
        .env("TOKEN", token)
        .current_dir(server.folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [shell.stdout, shell.stderr].concat();
    (shell.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_of_the_guide_do_what_it_says() {
    let (server, _) = decided("paired").await;
    let all = commands();
    let (own, curls): (Vec<_>, Vec<_>) = all.iter().partition(|c| c.starts_with("localcamera "));
    assert!(own.len() == 1 && curls.len() >= 5, "{all:?}");
    assert!(curls.iter().all(|command| command.starts_with("curl --fail ")), "{curls:?}");
    let program = env!("CARGO_BIN_EXE_localcamera");
    let make = own[0].replacen("localcamera", program, 1);
    let (is_made, said) = run(&server, &make, "");
    let token = said.split_whitespace().find(|word| word.starts_with("lct_"));
    let token = token.unwrap_or_else(|| panic!("{is_made} {said}")).to_owned();
    for command in &curls {
        let (is_done, said) = run(&server, command, &token);
        assert!(is_done, "{command}: {said}");
        // Whoever has no token is refused, but by what is for everybody.
        let is_public = command.contains("openapi.json");
        assert_eq!(run(&server, command, "lct_wrong").0, is_public, "{command}");
    }
    let saved = std::fs::read_to_string(server.folder.path().join("localcamera.json")).unwrap();
    assert!(saved.contains("\"openapi\":\"3.1.0\""));
}
