//! The floor: a loop with the same rustls that receives messages and appends them to a file for
//! each connection, and syncs as often as the server does. It looks into nothing.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::StreamExt;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;

use crate::console::say;

/// The recorder's own: how long media may wait for its sync (`COMMIT_INTERVAL` in
/// `src/recorder/recording.rs`).
const SYNC_INTERVAL: Duration = Duration::from_millis(250);

/// The recorder's own: what is synced sooner (`COMMIT_BYTES`).
const SYNC_BYTES: usize = 4 << 20;

/// A loop that listens.
pub(crate) struct Floor {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    recordings: PathBuf,
}

impl Floor {
    /// # Errors
    /// When there is no certificate, or it cannot listen.
    pub(crate) async fn bind(certs: &Path, recordings: &Path, port: u16) -> Result<Self> {
        std::fs::create_dir_all(recordings)?;
        let chain = CertificateDer::pem_file_iter(certs.join("server.crt"))
            .context("reading the certificate")?
            .collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(certs.join("server.key"));
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(chain, key.context("reading the key")?)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        Ok(Self { listener, acceptor, recordings: recordings.to_owned() })
    }

    pub(crate) fn address(&self) -> std::io::Result<String> {
        Ok(self.listener.local_addr()?.to_string())
    }

    /// Serves until it is interrupted.
    ///
    /// # Errors
    /// When the system gives no connections or no signals.
    pub(crate) async fn serve(self) -> Result<()> {
        say(&format!("wss://{}", self.address()?));
        let mut number = 0;
        loop {
            tokio::select! {
                accepted = self.listener.accept() => {
                    let (stream, _) = accepted?;
                    let path = self.recordings.join(format!("{number:05}.webm"));
                    number += 1;
                    let acceptor = self.acceptor.clone();
                    tokio::spawn(async move {
                        if let Err(error) = receive(stream, acceptor, path).await {
                            say(&format!("a connection broke off: {error:#}"));
                        }
                    });
                }
                interrupted = tokio::signal::ctrl_c() => return Ok(interrupted?),
            }
        }
    }
}

async fn receive(stream: TcpStream, acceptor: TlsAcceptor, path: PathBuf) -> Result<()> {
    stream.set_nodelay(true)?;
    let stream = acceptor.accept(stream).await?;
    let mut socket = tokio_tungstenite::accept_async(stream).await?;
    let mut file = Arc::new(File::create_new(path)?);
    let (mut waiting, mut waiting_bytes) = (Vec::new(), 0);
    let mut due: Option<Instant> = None;
    loop {
        let elapsed = async {
            match due {
                Some(due) => tokio::time::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        let is_over = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Binary(bytes))) => {
                    due.get_or_insert_with(|| Instant::now() + SYNC_INTERVAL);
                    waiting_bytes += bytes.len();
                    waiting.push(bytes);
                    if waiting_bytes < SYNC_BYTES {
                        continue;
                    }
                    false
                }
                // The closing handshake goes on until there is nothing.
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => true,
            },
            () = elapsed => false,
        };
        if !waiting.is_empty() {
            file = append(file, std::mem::take(&mut waiting)).await?;
        }
        (waiting_bytes, due) = (0, None);
        if is_over {
            return Ok(());
        }
    }
}

async fn append(file: Arc<File>, messages: Vec<Bytes>) -> Result<Arc<File>> {
    let appending = tokio::task::spawn_blocking(move || {
        for message in messages {
            std::io::Write::write_all(&mut &*file, &message)?;
        }
        file.sync_data()?;
        std::io::Result::Ok(file)
    });
    Ok(appending.await??)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Instant;

    use super::*;
    use crate::connection::Line;
    use crate::media::{Generated, Media};
    use crate::publisher::{Handed, Plan, Publisher, raw};
    use crate::verify::{Verdict, generated};

    const PUBLISHERS: u32 = 3;
    const PATIENCE: Duration = Duration::from_secs(30);

    fn make_certificate(folder: &Path) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(folder.join("server.crt"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("server.key"), made.signing_key.serialize_pem()).unwrap();
    }

    #[tokio::test]
    async fn what_publishers_send_is_found_in_the_files_of_the_floor() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        make_certificate(folder.path());
        let recordings = folder.path().join("recordings");
        let floor = Floor::bind(folder.path(), &recordings, 0).await.unwrap();
        let address = floor.address().unwrap();
        let line = Line::new(String::new(), address, &folder.path().join("server.crt")).unwrap();
        let serving = tokio::spawn(floor.serve());
        let plan = Plan {
            line: line.clone(),
            start: Instant::now(),
            length: Duration::from_millis(800),
            interval: Duration::from_millis(80),
            publishers: PUBLISHERS as usize,
            away: None,
            patience: PATIENCE,
        };
        let mut sent_ms = BTreeMap::new();
        for number in 0..PUBLISHERS {
            let media = Media::Generated(Generated::new(number, 2000));
            let handed = Arc::new(Handed::new(&plan));
            let publisher = Publisher { number, media, handed };
            let outcome = raw::run(publisher, plan.clone(), line.raw().await.unwrap()).await;
            assert_eq!(outcome.trouble, None);
            sent_ms.insert(number, outcome.media_ms);
        }
        let whole = Verdict { files: 3, samples: 3 * 20 * 3, ..Verdict::default() };
        // The last messages may be on their way to the disk.
        let writing = async {
            while generated(&recordings, &sent_ms) != whole {
                tokio::task::yield_now().await;
            }
        };
        let written = tokio::time::timeout(PATIENCE, writing).await;
        assert!(written.is_ok(), "{:?}", generated(&recordings, &sent_ms));
        serving.abort();
    }
}
