//! The response to a request, while it is awaited.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use h2_core::{ErrorCode, ResponseHead, StreamId};
use http::Response;

use crate::body::RecvBody;
use crate::convert::{self, Last};
use crate::error::{Error, Outcome};
use crate::exchange::{Begin, Slot, register};
use crate::hub::Hub;
use crate::pushed::PushedResponses;

/// The response that a request will get.
///
/// Dropped before it is there, it resets the stream with CANCEL; a request that waits in line then
/// leaves nothing on the wire.
///
/// # Cancel safety
///
/// Polling it in a `select!` by reference is cancel-safe.
#[must_use = "a response that nobody waits for is cancelled"]
pub struct ResponseFuture {
    link: Option<(Arc<Slot>, Arc<Hub>)>,
    pushes: Option<PushedResponses>,
}

impl ResponseFuture {
    pub(crate) fn new(slot: Arc<Slot>, hub: Arc<Hub>) -> Self {
        Self { link: Some((slot, hub)), pushes: None }
    }

    /// Adds what a server pushes beside the response.
    pub(crate) fn with_pushes(mut self, pushes: Option<PushedResponses>) -> Self {
        self.pushes = pushes;
        self
    }

    /// The stream of the request (RFC 9113 §5.1.1); `None` while it waits in line for one.
    #[must_use]
    pub fn stream_id(&self) -> Option<StreamId> {
        self.link.as_ref().and_then(|(slot, _)| slot.lock().stream)
    }

    /// The responses that the server pushes because of this request. The first call takes them all;
    /// any other gives none.
    ///
    /// There are none unless [`enable_push`](h2_core::Config::enable_push) asks for them. Those of a
    /// future that is dropped before they were asked for are cancelled, and so are those of
    /// [`Handle::request`](crate::client::Handle::request).
    pub fn pushes(&mut self) -> PushedResponses {
        self.pushes.take().unwrap_or_else(PushedResponses::none)
    }

    /// The next interim response, 1xx; `None` when the final one is there, or will never be.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn informational(&mut self) -> Option<Response<()>> {
        std::future::poll_fn(|cx| self.poll_informational(cx)).await
    }

    fn poll_informational(&self, cx: &Context<'_>) -> Poll<Option<Response<()>>> {
        let Some((slot, _)) = &self.link else { return Poll::Ready(None) };
        let mut state = slot.lock();
        if let Some(head) = state.next_interim() {
            drop(state);
            let mut response = Response::new(());
            let made = convert::response(&mut response, head, &mut Last::default());
            return Poll::Ready(made.ok().map(|_| response));
        }
        if state.has_head() || state.failure().is_some() {
            return Poll::Ready(None);
        }
        register(&mut state.recv.waker, cx);
        Poll::Pending
    }

    /// Waits until the request has come as far as its slot says it must before it goes on.
    pub(crate) fn poll_begun(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        let Some((slot, _)) = &self.link else { return Poll::Ready(Ok(())) };
        let mut state = slot.lock();
        if state.recv.begin == Begin::Done {
            return Poll::Ready(Ok(()));
        }
        if let Some(error) = state.failure() {
            return Poll::Ready(Err(error.clone()));
        }
        register(&mut state.recv.waker, cx);
        Poll::Pending
    }

    fn received(&mut self, head: ResponseHead) -> Result<Response<RecvBody>, Error> {
        let Some((slot, hub)) = self.link.take() else {
            return Err(Error::reset_by_us(None, ErrorCode::CANCEL, Outcome::ResponseStarted));
        };
        let length = head.content_length();
        let mut response = Response::new(RecvBody::empty());
        let made = hub.shared.with_last(|last| convert::response(&mut response, head, last));
        let Ok(spare) = made else {
            // The half of it that the application would need is lost, so it gets none of it.
            let stream = slot.lock().stream;
            drop(RecvBody::new(slot, hub, None));
            return Err(Error::unmappable(stream));
        };
        let no_body = {
            let mut state = slot.lock();
            state.keep_spare(spare);
            state.is_read() || state.recv.bodiless || convert::is_bodiless(response.status())
        };
        // A message without a body says what length it would have had, which is not its length.
        let length = if no_body { Some(0) } else { length };
        *response.body_mut() = RecvBody::new(slot, hub, length);
        Ok(response)
    }
}

impl Future for ResponseFuture {
    type Output = Result<Response<RecvBody>, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some((slot, _)) = &self.link else { return Poll::Pending };
        let mut state = slot.lock();
        if let Some(head) = state.take_head() {
            drop(state);
            return Poll::Ready(self.received(head));
        }
        if let Some(error) = state.failure() {
            let error = error.clone();
            drop(state);
            return Poll::Ready(Err(error));
        }
        register(&mut state.recv.waker, cx);
        Poll::Pending
    }
}

impl Drop for ResponseFuture {
    fn drop(&mut self) {
        if let Some((slot, hub)) = self.link.take() {
            drop(RecvBody::new(slot, hub, None));
        }
    }
}

impl fmt::Debug for ResponseFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
