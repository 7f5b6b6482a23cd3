//! The body of a request, which has to come in time, and may not be read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// The largest bodies are of a megabyte: over a network that takes longer nothing can be delivered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether somebody on a connection has been answered who may still be sending.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

impl Unread {
    pub(super) fn is_some(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The same body. It fails when it has not come whole so long after somebody began to read it.
/// Where nobody reads it to its end, `unread` is so afterwards.
pub(super) fn in_time(body: Body, unread: Unread) -> Body {
    if body.is_end_stream() {
        return body;
    }
    Body::new(InTime { body, deadline: None, has_ended: false, unread })
}

struct InTime {
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
    has_ended: bool,
    unread: Unread,
}

impl Drop for InTime {
    fn drop(&mut self) {
        if !self.has_ended && !self.body.is_end_stream() {
            self.unread.set();
        }
    }
}

impl HttpBody for InTime {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.has_ended |= frame.is_none();
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(PATIENCE)));
        match deadline.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Some(Err("the body did not come in time".into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_drop_by_drop_ends_in_time() {
        let start = tokio::time::Instant::now();
        let drops = stream::unfold((), |()| async {
            sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, Infallible>(Bytes::from_static(b"x")), ()))
        });
        let mut body = in_time(Body::from_stream(drops), Unread::default()).into_data_stream();
        let mut pieces = 0;
        while let Some(Ok(_)) = body.next().await {
            pieces += 1;
            assert!(pieces < 100, "it never ends");
        }
        let until_it_fails = PATIENCE..PATIENCE + Duration::from_secs(2);
        assert!(until_it_fails.contains(&start.elapsed()), "{:?}", start.elapsed());
    }
    #[tokio::test]
    async fn what_is_not_read_to_its_end_is_known() {
        let pieces = || stream::iter(["a", "b"].map(|text| Ok::<_, Infallible>(text.into())));
        for (read, is_unread) in [(0, true), (1, true), (3, false)] {
            let unread = Unread::default();
            let body: Body = Body::from_stream(pieces().map(|piece: Result<Bytes, _>| piece));
            let mut body = in_time(body, unread.clone()).into_data_stream();
            for _ in 0..read {
                body.next().await;
            }
            drop(body);
            assert_eq!(unread.is_some(), is_unread, "{read} read");
        }
    }
}
