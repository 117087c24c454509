//! Responses that a server sends without being asked (RFC 9113 §8.4), as a client takes them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use h2_core::RequestHead;
use http::Request;

use crate::body::RecvBody;
use crate::convert;
use crate::exchange::Slot;
use crate::hub::Hub;
use crate::response::ResponseFuture;

/// A promised response on its way from the actor. It holds no connection, or the connection would
/// hold itself.
#[derive(Debug)]
pub(crate) struct Promise {
    pub(crate) head: RequestHead,
    pub(crate) slot: Arc<Slot>,
}

/// Where the actor leaves promises that came on one stream. It is dropped when that stream ends.
pub(crate) type Promises = UnboundedSender<Promise>;

/// The responses that a server pushes for one request, each with the request that it answers; see
/// [`ResponseFuture::pushes`].
///
/// It ends when the response that they belong to has been received, for none comes after it; those
/// that came before are still given out. At most as many as the client allows
/// ([`h2_core::Config::max_concurrent_streams`]) wait to be taken.
///
/// Dropped, it cancels those that were not taken, and all that would come.
#[must_use = "pushed responses that nobody takes are cancelled"]
pub struct PushedResponses {
    line: Option<(UnboundedReceiver<Promise>, Arc<Hub>)>,
}

impl PushedResponses {
    /// None at all.
    pub(crate) fn none() -> Self {
        Self { line: None }
    }

    /// Those for the request in `slot`, which has not been opened.
    pub(crate) fn of(slot: &Slot, hub: &Arc<Hub>) -> Self {
        let (promises, line) = unbounded();
        slot.lock().set_promises(promises);
        Self { line: Some((line, Arc::clone(hub))) }
    }

    /// The next one: the request that the server has made up, and its response.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what was not given out is given out next time.
    pub async fn next(&mut self) -> Option<(Request<()>, ResponseFuture)> {
        std::future::poll_fn(|cx| self.poll_promise(cx)).await
    }

    fn poll_promise(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<(Request<()>, ResponseFuture)>> {
        let Some((line, hub)) = &mut self.line else { return Poll::Ready(None) };
        while let Some(Promise { head, slot }) = ready!(Pin::new(&mut *line).poll_next(cx)) {
            let response = ResponseFuture::new(slot, Arc::clone(hub));
            // One for a request that cannot be shown is dropped, which cancels it.
            let mut request = Request::new(());
            let made = hub.shared.with_last(|last| convert::request(&mut request, head, last));
            if made.is_ok() {
                return Poll::Ready(Some((request, response)));
            }
        }
        Poll::Ready(None)
    }
}

impl Stream for PushedResponses {
    type Item = (Request<()>, ResponseFuture);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_promise(cx)
    }
}

impl Drop for PushedResponses {
    fn drop(&mut self) {
        let Some((mut line, hub)) = self.line.take() else { return };
        line.close();
        while let Ok(Promise { slot, .. }) = line.try_recv() {
            drop(RecvBody::new(slot, Arc::clone(&hub), None));
        }
    }
}

impl fmt::Debug for PushedResponses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushedResponses").finish_non_exhaustive()
    }
}
