//! A connection from the network: counted while it is there, and cut when its client is no longer
//! let in.

#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use tokio_util::sync::{DropGuard, WaitForCancellationFutureOwned};

use super::listener::Peer;
use super::seats::Seat;

/// A request is answered before it has come whole where it is refused. To close while its client
/// still sends resets the connection, and takes the answer with it (RFC 9112 section 9.6): what
/// comes is read for nothing until the client has ended, for so long and so much. On a bad network
/// that is about as much as comes in the time.
const LINGER: Duration = Duration::from_secs(10);
const MAX_LINGER_BYTES: usize = 16 << 20;

/// What TLS and HTTP are spoken over. Once it is cut, reads and writes fail at once, whatever is
/// spoken, so that it is dropped by whoever holds it.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    // Each direction wakes the task that waits for it, as the socket itself does.
    reading: Pin<Box<WaitForCancellationFutureOwned>>,
    writing: Pin<Box<WaitForCancellationFutureOwned>>,
    peer: Peer,
    /// Its own direction is closed; for how long it still reads, and what it has read since.
    lingering: Option<(Pin<Box<Sleep>>, usize)>,
    /// Whoever keeps the token knows by it that the connection has ended by itself.
    _ended: DropGuard,
    _seat: Seat,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, seat: Seat, peer: Peer) -> Self {
        let cut = &peer.cut;
        Self {
            stream,
            reading: Box::pin(cut.clone().cancelled_owned()),
            writing: Box::pin(cut.clone().cancelled_owned()),
            _ended: cut.clone().drop_guard(),
            peer,
            lingering: None,
            _seat: seat,
        }
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Waits for the first bytes and leaves them where they are.
    pub(super) async fn peek(&self, bytes: &mut [u8]) -> io::Result<usize> {
        tokio::select! {
            peeked = self.stream.peek(bytes) => peeked,
            () = self.peer.cut.cancelled() => Err(self.is_cut()),
        }
    }

    /// Reads for nothing until the peer has ended, or for as long as it is waited for.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((end, bytes)) = &mut self.lingering else { return Poll::Ready(()) };
        let mut piece = [0; 8 << 10];
        loop {
            let is_over = end.as_mut().poll(cx).is_ready()
                || *bytes > MAX_LINGER_BYTES
                || self.reading.as_mut().poll(cx).is_ready();
            if is_over {
                return Poll::Ready(());
            }
            let mut read = ReadBuf::new(&mut piece);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut read)) {
                Ok(()) if !read.filled().is_empty() => *bytes += read.filled().len(),
                _ => return Poll::Ready(()),
            }
        }
    }

    fn is_cut(&self) -> io::Error {
        // What the system still holds for the peer goes nowhere either.
        if let Err(error) = self.stream.set_zero_linger() {
            tracing::debug!(%error, "a connection that is cut sends what is on its way");
        }
        io::ErrorKind::ConnectionAborted.into()
    }
}

/// What the socket says, unless the connection is cut, now or while the socket has nothing to say.
macro_rules! unless_cut {
    ($connection:ident, $direction:ident, $cx:ident, $socket:expr) => {{
        if $connection.peer.cut.is_cancelled() {
            return Poll::Ready(Err($connection.is_cut()));
        }
        match $socket {
            Poll::Pending => {}
            ready => return ready,
        }
        match $connection.$direction.as_mut().poll($cx) {
            Poll::Ready(()) => Poll::Ready(Err($connection.is_cut())),
            Poll::Pending => Poll::Pending,
        }
    }};
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        unless_cut!(self, reading, cx, Pin::new(&mut self.stream).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        unless_cut!(self, writing, cx, Pin::new(&mut self.stream).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        unless_cut!(self, writing, cx, Pin::new(&mut self.stream).poll_write_vectored(cx, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingering.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            if !self.peer.unread.is_some() {
                return Poll::Ready(Ok(()));
            }
            self.lingering = Some((Box::pin(sleep(LINGER)), 0));
        }
        self.poll_linger(cx).map(Ok)
    }
}
