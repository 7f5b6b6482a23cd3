//! What the server shows is always good: made, renewed and taken over without a restart, and judged
//! by others.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use crate::support::captures::{self, Capture, judge};
use crate::support::certificates::{
    Authority, connect, names, openssl, shown, shows, validity_days,
};
use crate::support::client::Client;
use crate::support::files::eventually;
use crate::support::server::{Server, command, run};

const DEVICES: usize = 20;

fn log(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("log")).unwrap()
}

/// Streams the capture in small pieces, over one connection, until everything is sent and
/// `may_end`; then the session is whole.
async fn stream(
    mut client: Client,
    capture: Capture,
    mut may_end: watch::Receiver<bool>,
) -> serde_json::Value {
    client.generation(0, &capture.mime).await;
    let length = capture.stream.len();
    // The last piece is there for the time after the renewal.
    let (before, last) = capture.stream.split_at(length - 1000);
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    for (index, piece) in before.chunks(length / 100).enumerate() {
        pace.tick().await;
        client.chunk(0, (index * (length / 100)) as u64, piece).await;
    }
    may_end.wait_for(|may_end| *may_end).await.unwrap();
    client.chunk(0, before.len() as u64, last).await;
    let generations = json!([{ "generation": 0, "bytes": length }]);
    client.text(json!({ "type": "stop", "generations": generations })).await;
    let ending = client.ending().await;
    assert_eq!(ending.close_code(), Some(1000), "{ending:?}");
    ending.of_type("summary")[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_near_its_end_is_renewed_under_load_and_no_connection_is_dropped() {
    let server = Server::start(&["--segment-seconds", "4"]);
    let capture = captures::named("chromium-webm-vp8-opus");
    let (renewed, may_end) = watch::channel(false);
    let mut devices = Vec::new();
    for device in 0..DEVICES {
        let (client, _) = Client::hello(&server, &format!("session-{device}")).await;
        devices.push(tokio::spawn(stream(client, capture.clone(), may_end.clone())));
    }
    let authority = Authority::of_server(server.folder.path());
    let first = shown(&server.https, &authority.certificate).await;
    // It states what it should, and ends too soon.
    let ending = authority.issue(&names(&first), 10);
    let certs = server.folder.path().join("certs");
    std::fs::write(certs.join("server.key"), &ending.key).unwrap();
    std::fs::write(certs.join("server.crt"), &ending.certificate).unwrap();
    let is_new = |shown: &_| *shown != first && *shown != ending.der;
    let now = shows(&server.https, &authority.certificate, is_new).await;
    let (from, to) = validity_days(&now);
    assert!(from < 0.0 && to > 390.0 && to - from <= 397.0, "{from} {to}");
    // The second listener as well, and what is on disk is what is shown.
    assert_eq!(shown(&server.wss, &authority.certificate).await, now);
    let (verified, said) = openssl(&certs, &["verify", "-CAfile", "ca.crt", "server.crt"]);
    assert!(verified, "{said}");
    renewed.send(true).unwrap();
    for device in devices {
        let summary = device.await.unwrap();
        let folder = server.recordings().join(summary["folder"].as_str().unwrap());
        let files = summary["files"].as_array().unwrap();
        let files: Vec<_> =
            files.iter().map(|file| folder.join(file["file"].as_str().unwrap())).collect();
        judge(&capture, &files, "4");
    }
}

#[tokio::test]
async fn a_certificate_near_its_end_is_renewed_at_the_start_and_the_authority_stays() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(command(folder.path()).arg("--gen-cert")).0, Some(0));
    let authority = Authority::of_server(folder.path());
    let certs = folder.path().join("certs");
    let first = CertificateDer::from_pem_file(certs.join("server.crt")).unwrap();
    let mut folder = folder;
    for (ends_in_days, is_kept) in [(32, true), (29, false)] {
        let placed = authority.issue(&names(&first), ends_in_days);
        std::fs::write(certs.join("server.key"), &placed.key).unwrap();
        std::fs::write(certs.join("server.crt"), &placed.certificate).unwrap();
        let server = Server::start_in(folder, &[]);
        let now = shown(&server.https, &authority.certificate).await;
        assert_eq!(now == placed.der, is_kept, "{ends_in_days}");
        assert_eq!(validity_days(&now).1 > 390.0, !is_kept, "{ends_in_days}");
        folder = server.kill();
    }
}

#[tokio::test]
async fn a_certificate_of_the_users_own_is_taken_when_its_files_change_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().to_owned();
    let authority = Authority::new();
    let root = &authority.certificate;
    let first = authority.issue(&["127.0.0.1"], 10);
    let second = authority.issue(&["camera.example.org"], 90);
    for (name, issued) in [("1", &first), ("2", &second)] {
        std::fs::write(at.join(format!("chain{name}.pem")), &issued.certificate).unwrap();
        std::fs::write(at.join(format!("key{name}.pem")), &issued.key).unwrap();
    }
    // As certbot does it: what is named are links, which are replaced one after the other.
    let point = |link: &str, file: &str| {
        symlink(file, at.join("new")).unwrap();
        std::fs::rename(at.join("new"), at.join(link)).unwrap();
    };
    point("chain.pem", "chain1.pem");
    point("key.pem", "key1.pem");
    let own = ["--cert", "chain.pem", "--key", "key.pem"];
    let server = Server::logging("info", folder, "", &own);
    assert_eq!(shown(&server.https, root).await, first.der);
    let said = log(&at);
    assert!(said.contains("in 9 days") && !said.contains("--lan-ip"), "{said}");

    let misfits = || log(&at).matches("does not fit its key").count();
    point("chain.pem", "chain2.pem");
    eventually(|| (misfits() > 0).then_some(())).await;
    assert_eq!(shown(&server.https, root).await, first.der);
    point("key.pem", "key2.pem");
    let shown_now = async || {
        let stream = connect(&server.https, "camera.example.org", root).await;
        let stream = stream.ok()?;
        Some(stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned())
    };
    let taken = async {
        while shown_now().await.is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::support::PATIENCE, taken).await.unwrap();
    assert_eq!(shown_now().await, Some(second.der.clone()));
    eventually(|| log(&at).contains("is for camera.example.org").then_some(())).await;
    // It is asked by that name from now on.
    let asked = "GET /health HTTP/1.1\r\nhost: camera.example.org\r\nconnection: close\r\n\r\n";
    let mut stream = connect(&server.https, "camera.example.org", root).await.unwrap();
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&answer));

    std::fs::write(at.join("chain2.pem"), "-----BEGIN garbage").unwrap();
    eventually(|| log(&at).contains("chain.pem is not usable").then_some(())).await;
    assert_eq!(shown_now().await, Some(second.der.clone()));
    assert_eq!(misfits(), 1, "{}", log(&at));
    // Nothing was written.
    assert_eq!(std::fs::read_to_string(at.join("chain2.pem")).unwrap(), "-----BEGIN garbage");
    assert_eq!(std::fs::read_to_string(at.join("key2.pem")).unwrap(), second.key);
    assert!(!at.join("certs").exists());
}

#[test]
fn a_crash_between_key_and_certificate_does_not_keep_the_server_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(command(folder.path()).arg("--gen-cert")).0, Some(0));
    let authority = Authority::of_server(folder.path());
    let newer = authority.issue(&["127.0.0.1"], 300);
    std::fs::write(folder.path().join("certs/server.key"), &newer.key).unwrap();
    drop(Server::start_in(folder, &[]));
}

#[tokio::test]
async fn openssl_and_devices_take_the_certificates_and_a_new_address_needs_no_new_trust() {
    let folder = tempfile::tempdir().unwrap();
    let certs = folder.path().join("certs");
    let generate = |address: &str| {
        let (code, said) = run(command(folder.path()).args(["--gen-cert", "--lan-ip", address]));
        assert_eq!(code, Some(0), "{said}");
    };
    generate("192.168.1.3");
    // What a device has imported.
    std::fs::copy(certs.join("ca.crt"), folder.path().join("imported.crt")).unwrap();
    let verify = |what: &[&str]| {
        let args = ["verify", "-x509_strict", "-CAfile", "imported.crt", "-purpose", "sslserver"];
        openssl(folder.path(), &[&args, what, &["certs/server.crt"]].concat())
    };
    let text = |file: &str, words: &[&str]| {
        let (_, text) = openssl(&certs, &["x509", "-in", file, "-noout", "-text"]);
        let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(squeezed.contains(word), "{file} lacks {word:?}: {text}");
        }
        text
    };
    assert_eq!(verify(&["-verify_ip", "192.168.1.3"]), (true, "certs/server.crt: OK\n".into()));
    assert!(verify(&["-verify_hostname", "localhost"]).0);
    assert!(!verify(&["-verify_ip", "192.168.1.7"]).0);
    text(
        "ca.crt",
        &[
            "Basic Constraints: critical CA:TRUE, pathlen:0",
            "Key Usage: critical Certificate Sign, CRL Sign",
            "Name Constraints: critical Permitted:",
            "IP:192.168.0.0/255.255.0.0",
            "IP:100.64.0.0/255.192.0.0",
            "DNS:local",
        ],
    );
    let leaf = [
        "Key Usage: critical Digital Signature",
        "Extended Key Usage: TLS Web Server Authentication",
        "DNS:localhost",
        "IP Address:127.0.0.1",
        "X509v3 Authority Key Identifier",
    ];
    let before = text("server.crt", &[&leaf[..], &["IP Address:192.168.1.3"]].concat());
    assert!(!before.contains("CA:TRUE"));
    let (_, serial) = openssl(&certs, &["x509", "-in", "server.crt", "-noout", "-serial"]);

    generate("10.20.30.40");
    assert!(verify(&["-verify_ip", "10.20.30.40"]).0);
    assert!(!verify(&["-verify_ip", "192.168.1.3"]).0);
    text("server.crt", &[&leaf[..], &["IP Address:10.20.30.40"]].concat());
    assert_ne!(openssl(&certs, &["x509", "-in", "server.crt", "-noout", "-serial"]).1, serial);

    // Whoever steals the authority's key opens nothing else.
    let stolen = Authority::of_server(folder.path());
    let elsewhere = stolen.issue(&["bank.example.com"], 300);
    std::fs::write(folder.path().join("elsewhere.crt"), elsewhere.certificate).unwrap();
    let args = ["verify", "-CAfile", "imported.crt", "elsewhere.crt"];
    let (verified, said) = openssl(folder.path(), &args);
    assert!(!verified && said.contains("permitted subtree violation"), "{said}");

    // And the verifier of Rust's clients.
    let imported = stolen.certificate;
    let server = Server::start_in(folder, &["--lan-ip", "10.20.30.40"]);
    for (host, is_taken) in
        [("10.20.30.40", true), ("127.0.0.1", true), ("localhost", true), ("192.168.1.3", false)]
    {
        let connected = connect(&server.https, host, &imported).await;
        assert_eq!(connected.is_ok(), is_taken, "{host}: {:?}", connected.err());
    }
}
