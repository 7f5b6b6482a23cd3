//! Those who are told of alarms: configured, tried, and away for a while.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use tokio_rustls::TlsAcceptor;

use super::{Camera, PLAIN, SECRETS, api, event, log, post, start, start_in};
use crate::support::server::{Server, command, configure, run};
use crate::support::told::{Post, Web, email, ntfy, webhook};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_is_down_gets_both_in_order_when_it_is_back() {
    let (mut down, mut up) = (Web::listen().await, Web::listen().await);
    down.answers(500);
    let config = ["silent_seconds = 5\n".to_owned(), webhook(&down), webhook(&up)].concat();
    let server = start(&config, &[]);
    let mut camera = Camera::begin(&server, "session-1").await;
    camera.records().await;
    let raised = up.next().await.json();
    camera.records().await;
    // The other target does not wait for the one that is down.
    let ended = up.next().await.json();
    assert_eq!(event(&ended), ("ended", "silent", "durable"));
    camera.stop().await;
    assert_eq!(down.next().await.status, 500);
    let targets = api(&server).await["targets"].clone();
    assert_eq!(
        (&targets[0]["name"], &targets[1]["name"]),
        (&"webhook".into(), &"webhook 2".into())
    );
    assert_eq!(
        (&targets[0]["last"]["ok"], &targets[1]["last"]["ok"]),
        (&false.into(), &true.into())
    );
    let message = targets[0]["last"]["message"].as_str().unwrap();
    assert!(message.contains("127.0.0.1 answered 500"), "{message}");
    assert_eq!(down.next().await.status, 500);

    down.answers(200);
    assert_eq!(down.accepted().await.json(), raised);
    assert_eq!(down.accepted().await.json(), ended);
    assert!(up.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_says_which_targets_can_be_reached() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(command(folder.path()).arg("--gen-cert")).0, Some(0));
    let tls = acceptor(&folder.path().join("certs"));
    let (mut good, mut moved) = (Web::listen().await, Web::listen().await);
    moved.answers(302);
    let mut mails = Post::listen(Some(tls.clone()), false).await;
    let (strict, foreign) = (Post::listen(None, true).await, Post::listen(Some(tls), false).await);
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = [
        webhook(&good),
        ntfy(&moved),
        email("smtps", mails.port, "ca = \"certs/ca.crt\""),
        email("smtp", strict.port, ""),
        email("smtps", foreign.port, "ca = \"other.crt\""),
        format!("[[alarms.targets]]\nkind = \"webhook\"\nurl = \"http://{gone}/s3cret-path\"\n"),
    ];
    // A server with an authority of its own; it has no such page.
    let other = Server::start(&[]);
    let other_ca = other.folder.path().join("certs/ca.crt");
    std::fs::copy(other_ca, folder.path().join("other.crt")).unwrap();
    let encrypted = |ca: &str| {
        let url = format!("https://{}/s3cret-path", other.https);
        format!("[[alarms.targets]]\nkind = \"webhook\"\nurl = \"{url}\"\nca = \"{ca}\"\n")
    };
    let encrypted = encrypted("other.crt") + &encrypted("certs/ca.crt");
    let server = start_in(folder, &(config.concat() + &encrypted), &[]);

    let (status, tested) = post(&server, "/api/alarms/test").await;
    assert_eq!(status, 200);
    let words = [
        ("webhook", "webhook", ""),
        ("My phone", "ntfy", "answered 302 Found; name the address that it redirects to"),
        ("email", "email", ""),
        ("email 2", "email", "does not accept username and password (535)"),
        ("email 3", "email", "certificate"),
        ("webhook 2", "webhook", "cannot reach 127.0.0.1: Connection refused"),
        ("webhook 3", "webhook", "127.0.0.1 answered 404 Not Found; look at its url"),
        ("webhook 4", "webhook", "cannot reach 127.0.0.1: invalid peer certificate"),
    ];
    let targets = tested["targets"].as_array().unwrap();
    assert_eq!(targets.len(), words.len());
    for (target, (name, kind, message)) in targets.iter().zip(words) {
        assert_eq!((&target["name"], &target["kind"]), (&name.into(), &kind.into()));
        assert_eq!(target["ok"], message.is_empty(), "{target}");
        assert!(target["message"].as_str().unwrap_or_default().contains(message), "{target}");
    }
    let heard = good.next().await.json();
    assert_eq!((&heard["event"], &heard["alarms"]), (&"test".into(), &json!([])));
    let mail = mails.next().await;
    assert!(mail.text.contains("Subject: localcamera: A test of the alarms\n"), "{mail:?}");
    assert_eq!(moved.next().await.path, "/s3cret-topic");
    assert!(moved.is_quiet(), "a redirect was followed");

    let list = api(&server).await;
    assert_eq!(list["targets"][0]["tested"]["ok"], true);
    assert_eq!(list["targets"][1]["tested"]["message"], targets[1]["message"]);
    // A test says nothing of what really happened.
    assert_eq!(list["targets"][0]["last"], Value::Null);
    let log = log(server.folder.path());
    for secret in SECRETS.iter().chain([&PLAIN]) {
        let said = [&log, &list.to_string(), &tested.to_string()];
        assert!(said.iter().all(|said| !said.contains(secret)), "{secret}");
    }
}

fn acceptor(certs: &Path) -> TlsAcceptor {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let chain = CertificateDer::pem_file_iter(certs.join("server.crt")).unwrap();
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(certs.join("server.key")).unwrap();
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()))
}

#[test]
fn a_configuration_that_cannot_be_is_refused_without_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |config: &str| {
        configure(folder.path(), config);
        let (code, said) = run(&mut command(folder.path()));
        assert!(!said.contains("s3cret"), "{said}");
        (code, said)
    };
    let (code, said) = refused("[alarms]\nsilent_seconds = 2");
    assert!(code == Some(2) && said.contains("between 5 and 3600"), "{said}");
    let target =
        "[[alarms.targets]]\nkind = \"ntfy\"\nurl = \"https://ntfy.example/s3cret-topic\"\n";
    let (code, said) = refused(&format!("{target}tokn = \"s3cret-token\""));
    assert!(code == Some(2) && said.contains("tokn"), "{said}");
    let (code, said) = refused(&format!("{target}token = {{ env = \"NO_SUCH_VARIABLE\" }}"));
    assert!(code == Some(2) && said.contains("NO_SUCH_VARIABLE"), "{said}");
    let (code, said) = refused(&format!("{target}ca = \"no-such.crt\""));
    assert!(code == Some(1) && said.contains("no-such.crt") && said.contains("\"ntfy\""), "{said}");
}
