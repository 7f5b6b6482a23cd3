//! A connection in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::live::socket::{Ended, Incoming, Outgoing, Socket};

/// The device's end. Dropping it cuts the connection.
#[derive(Debug)]
pub(super) struct Wire {
    to_server: mpsc::UnboundedSender<Incoming>,
    from_server: Arc<Mutex<VecDeque<Outgoing>>>,
}

#[derive(Debug)]
struct ServerEnd {
    from_device: mpsc::UnboundedReceiver<Incoming>,
    to_device: Arc<Mutex<VecDeque<Outgoing>>>,
}

/// Both ends of a connection.
pub(super) fn connect() -> (Wire, Box<dyn Socket>) {
    let (to_server, from_device) = mpsc::unbounded_channel();
    let queue = Arc::new(Mutex::new(VecDeque::new()));
    let end = ServerEnd { from_device, to_device: Arc::clone(&queue) };
    (Wire { to_server, from_server: queue }, Box::new(end))
}

impl Wire {
    /// Sends; `Err` when the server has let go.
    pub(super) fn send(&self, message: Incoming) -> Result<(), ()> {
        self.to_server.send(message).map_err(|_| ())
    }

    /// Whether the server has let go.
    pub(super) fn is_closed(&self) -> bool {
        self.to_server.is_closed()
    }

    pub(super) fn receive(&self) -> Option<Outgoing> {
        self.from_server.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Socket for ServerEnd {
    fn receive(&mut self) -> BoxFuture<'_, Result<Incoming, Ended>> {
        async { self.from_device.recv().await.ok_or(Ended::Closed) }.boxed()
    }

    fn send(&mut self, message: Outgoing) -> BoxFuture<'_, Result<(), Ended>> {
        let mut queue = self.to_device.lock().unwrap_or_else(PoisonError::into_inner);
        let is_gone = self.from_device.is_closed();
        queue.push_back(message);
        drop(queue);
        async move { if is_gone { Err(Ended::Closed) } else { Ok(()) } }.boxed()
    }
}
