//! What keeps the server from starting is one clear line and an exit code.

use std::net::TcpListener;
use std::path::Path;

use crate::support::server::{Server, command, run};

fn refused(folder: &Path, args: &[&str], words: &[&str]) -> i32 {
    let (code, said) = run(command(folder).args(args));
    for word in words {
        assert!(said.contains(word), "{args:?} should say {word:?}: {said}");
    }
    code.unwrap()
}

fn refused_in_one_line(folder: &Path, args: &[&str], words: &[&str]) {
    let (code, said) = run(command(folder).args(args));
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("localcamera: ")).collect();
    assert_eq!((code, lines.len()), (Some(1), 1), "{said}");
    for word in words {
        assert!(lines[0].contains(word), "{args:?} should say {word:?}: {said}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    refused_in_one_line(
        folder.path(),
        &["--https-port", &port],
        &[&port, "in use", "--https-port"],
    );
    refused_in_one_line(folder.path(), &["--wss-port", &port], &[&port, "in use", "--wss-port"]);
}

#[test]
fn an_address_that_is_not_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["198.51.100.7", "not an address of this computer", "--bind"];
    refused_in_one_line(folder.path(), &["--bind", "198.51.100.7"], &words);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("occupied"), "a file").unwrap();
    let words = ["recordings folder", "occupied", "--recordings"];
    refused_in_one_line(folder.path(), &["--recordings", "occupied/inside"], &words);
    let words = ["state folder", "occupied", "--state"];
    refused_in_one_line(folder.path(), &["--state", "occupied"], &words);
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let server = Server::start(&[]);
    let words = ["another localcamera", "recordings folder"];
    refused_in_one_line(server.folder.path(), &[], &words);
    let words = ["another localcamera", "state folder"];
    refused_in_one_line(server.folder.path(), &["--recordings", "elsewhere"], &words);
}

#[test]
fn a_broken_certificate_is_named_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _) = run(command(folder.path()).arg("--gen-cert"));
    assert_eq!(code, Some(0));
    for file in ["certs/server.crt", "certs/server.key", "certs/ca.crt", "certs/ca.key"] {
        let path = folder.path().join(file);
        let good = std::fs::read(&path).unwrap();
        std::fs::write(&path, "-----BEGIN garbage").unwrap();
        // The authority's key is only needed to issue.
        if file != "certs/ca.key" {
            refused_in_one_line(folder.path(), &[], &[file, "not usable"]);
            assert_eq!(std::fs::read(&path).unwrap(), b"-----BEGIN garbage");
        }
        std::fs::write(&path, good).unwrap();
    }
    refused_in_one_line(folder.path(), &["--cert", "a.pem", "--key", "b.pem"], &["a.pem"]);
}

#[test]
fn a_foreign_certificate_is_not_replaced() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&ours, &theirs] {
        assert_eq!(run(command(folder.path()).arg("--gen-cert")).0, Some(0));
    }
    let path = ours.path().join("certs/server.crt");
    std::fs::copy(theirs.path().join("certs/server.crt"), &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    refused_in_one_line(ours.path(), &["--gen-cert"], &["server.crt", "not replaced", "--cert"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn bad_usage_is_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let code = |args: &[&str], words: &[&str]| refused(folder.path(), args, words);
    assert_eq!(code(&["--segment-seconds", "0"], &["segment-seconds", "between"]), 2);
    assert_eq!(code(&["--wss-port", "off"], &["--wss-port", "none"]), 2);
    assert_eq!(code(&["--no-such-flag"], &["--no-such-flag"]), 2);
    assert_eq!(code(&["--cert", "x.pem"], &["key"]), 2);
    assert_eq!(code(&["--config", "missing.toml"], &["missing.toml"]), 2);
    std::fs::write(folder.path().join("localcamera.toml"), "https_prot = 1").unwrap();
    assert_eq!(code(&[], &["localcamera.toml", "https_prot"]), 2);
}

#[tokio::test]
async fn a_browser_that_comes_without_tls_is_sent_to_the_right_address() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(&[]);
    let mut stream = tokio::net::TcpStream::connect(&server.https).await.unwrap();
    let request = format!("GET /trust HTTP/1.1\r\nHost: {}\r\n\r\n", server.https);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 307 "), "{answer}");
    assert!(answer.contains(&format!("location: https://{}/trust\r\n", server.https)), "{answer}");
}

#[tokio::test]
async fn the_plain_listener_serves_the_way_to_trust_and_nothing_else() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::start(&["--http-port", "0"]);
    let http = server.http();
    for (path, status, words) in [
        ("/trust", "200 OK", "<!doctype html>"),
        ("/ca.crt", "200 OK", "application/x-x509-ca-cert"),
        ("/ca.mobileconfig", "200 OK", "application/x-apple-aspen-config"),
        ("/", "307 Temporary Redirect", &*format!("location: https://{}/", server.https)),
        ("/health", "307 Temporary Redirect", "location: https://"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(&http).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {http}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
        assert!(answer.contains(words), "{path}: {answer}");
    }
}
