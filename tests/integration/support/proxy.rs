use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// An address that stays while the server behind it comes and goes, and that lets through as much
/// towards the server as it is told to.
pub(crate) struct Proxy {
    pub(crate) address: String,
    target: &'static Mutex<Option<String>>,
    allowed: watch::Sender<u64>,
}

impl Proxy {
    /// In front of nothing, letting through `allowed` bytes in all.
    pub(crate) async fn new(allowed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let target: &'static Mutex<Option<String>> = Box::leak(Box::default());
        let (allowed, watcher) = watch::channel(allowed);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let target = target.lock().unwrap().clone();
                tokio::spawn(pass(client, target, watcher.clone()));
            }
        });
        Self { address, target, allowed }
    }

    pub(crate) fn aim(&self, target: &str) {
        *self.target.lock().unwrap() = Some(target.to_owned());
    }

    pub(crate) fn allow_all(&self) {
        self.allowed.send_replace(u64::MAX);
    }
}

async fn pass(client: TcpStream, target: Option<String>, allowed: watch::Receiver<u64>) {
    let Some(target) = target else { return };
    let Ok(server) = TcpStream::connect(target).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    // When one side is gone, so is the other.
    tokio::select! {
        () = pump(from_client, to_server, allowed) => {}
        () = pump(from_server, to_client, watch::channel(u64::MAX).1) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut allowed: watch::Receiver<u64>) {
    let mut buffer = vec![0; 16 * 1024];
    let mut passed = 0;
    loop {
        // A channel without a sender changes no more, and holds nothing up either.
        let Ok(room) = allowed.wait_for(|&allowed| allowed > passed).await.map(|all| *all - passed)
        else {
            return;
        };
        let most = buffer.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let Ok(bytes @ 1..) = from.read(&mut buffer[..most]).await else { return };
        if to.write_all(&buffer[..bytes]).await.is_err() {
            return;
        }
        passed += bytes as u64;
    }
}
