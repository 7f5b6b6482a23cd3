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

/// Serves until it is interrupted.
///
/// # Errors
/// When it cannot listen.
pub(crate) async fn serve(certs: &Path, recordings: &Path, port: u16) -> Result<()> {
    std::fs::create_dir_all(recordings)?;
    let chain = CertificateDer::pem_file_iter(certs.join("server.crt"))
        .context("reading the certificate")?
        .collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(certs.join("server.key")).context("reading the key")?;
    let config = rustls::ServerConfig::builder().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key)?));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    say(&format!("wss://{}", listener.local_addr()?));
    let mut number = 0;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let path = recordings.join(format!("{number:05}.webm"));
                number += 1;
                let acceptor = acceptor.clone();
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
