//! The server's side of one request: exactly one response, or a reset that says why not.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use h2_core::{ErrorCode, Fields, Misuse, Priority, ResponseHead, StreamId};
use http::{HeaderMap, Request, Response, StatusCode};
use tokio::sync::oneshot;

use crate::actor::command::{Command, Rare};
use crate::body::SendBody;
use crate::convert::{self, Extra};
use crate::error::{Error, Outcome};
use crate::exchange::{Finish, Slot};
use crate::hub::{Counters, Hub};

/// Answers one request.
///
/// Dropped unused, it resets the stream with INTERNAL_ERROR.
#[must_use = "a request without an answer is reset"]
pub struct Responder {
    link: Option<(Arc<Slot>, Arc<Hub>)>,
    stream: StreamId,
    /// The request was HEAD: the response has no body.
    head_only: bool,
}

impl Responder {
    pub(crate) fn new(slot: Arc<Slot>, hub: Arc<Hub>, stream: StreamId, head_only: bool) -> Self {
        Self { link: Some((slot, hub)), stream, head_only }
    }

    /// The stream of the request, for logs (RFC 9113 §5.1.1).
    #[must_use]
    pub fn stream_id(&self) -> StreamId {
        self.stream
    }

    /// Sends an interim response, 100 or 102 to 199.
    ///
    /// # Errors
    ///
    /// The stream or its connection has ended, or the status is not an interim one; or it is
    /// [`QueueFull`](h2_core::Misuse::QueueFull), because 32 wait to be written already. That one
    /// was not sent then, and nothing else is changed by it: try again later, or go on.
    pub fn send_informational(&mut self, response: Response<()>) -> Result<(), Error> {
        let Some((slot, hub)) = &self.link else { return Ok(()) };
        let (head, stripped) = convert::informational_head(response.status(), response.headers())?;
        Counters::add(&hub.shared.counters.stripped_fields, stripped);
        slot.update(hub, |state| match state.send_error() {
            Some(error) => (Err(error), false),
            None => {
                // Whatever the application says first stands for 100-continue.
                state.recv.continue_due = false;
                let taken = state.put_interim(head);
                (taken.then_some(()).ok_or_else(|| Error::misuse(Misuse::QueueFull)), taken)
            }
        })
    }

    /// Sends the head of the response; the body follows through what is returned.
    ///
    /// Connection-specific fields are left out. The response to HEAD, and one of status 204 or 304,
    /// ends with its head; what is given to its body is dropped.
    ///
    /// # Errors
    ///
    /// The stream or its connection has ended, or the head cannot be sent in HTTP/2; then the
    /// stream is reset with INTERNAL_ERROR.
    pub fn send_response(self, response: Response<()>) -> Result<SendBody, Error> {
        self.start(response.status(), response.headers(), Extra::default())
    }

    /// Sends a whole response, head and body at once.
    ///
    /// It gets a `content-length` unless it has one. Connection-specific fields are left out, and
    /// so is the body of a response to HEAD or of status 204 or 304.
    ///
    /// # Errors
    ///
    /// As for [`send_response`](Self::send_response).
    pub fn respond<B: Into<Bytes>>(mut self, response: Response<B>) -> Result<(), Error> {
        let (parts, body) = response.into_parts();
        let body = body.into();
        // The body of an answer to HEAD is often left out; its length is then not zero.
        let unknown = convert::is_bodiless(parts.status) || (self.head_only && body.is_empty());
        let content_length = (!unknown).then_some(body.len() as u64);
        let extra = Extra { content_length, date: None };
        let (head, void) = self.head(parts.status, &parts.headers, extra)?;
        self.give(head, void, |send| send.chunks.push(body), Finish::End)
    }

    /// Promises the client a response to a request that it has not made, a GET or HEAD for a full
    /// URI (RFC 9113 §8.4), and gives what answers it. Promise first what the response to this
    /// request refers to.
    ///
    /// # Errors
    ///
    /// [`NotEnabled`](h2_core::Misuse::NotEnabled) when the client takes no pushes, as most do not;
    /// [`NotPromisable`](h2_core::Misuse::NotPromisable) for another method;
    /// [`NoSlot`](h2_core::Misuse::NoSlot) when the client takes no more at once; or the stream or
    /// its connection has ended. Nothing was promised then.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing is promised, or the promised stream is reset.
    pub async fn push(&mut self, request: Request<()>) -> Result<Self, Error> {
        let Some((_, hub)) = &self.link else { return Err(gone()) };
        let (parts, ()) = request.into_parts();
        let (head, stripped) =
            convert::request_head(Fields::new(), &parts, &hub.shared.target, None)?;
        Counters::add(&hub.shared.counters.stripped_fields, stripped);
        let (answer, answered) = oneshot::channel();
        let (parent, promiser) = (self.stream, Arc::clone(hub));
        let promise = Rare::Promise { hub: promiser, parent, head, answer };
        hub.send(Command::Rare(Box::new(promise)))?;
        answered.await.unwrap_or_else(|_| Err(hub.shared.error(Outcome::NotSent)))
    }

    /// Changes the priority of the response (RFC 9218 §8): what the server's own knowledge is worth
    /// beside what the client said. The client hears nothing of it.
    /// [`Handle::prioritize`](crate::server::Handle::prioritize) does it once the response has begun.
    ///
    /// # Errors
    ///
    /// [`InvalidSetting`](h2_core::Misuse::InvalidSetting) for an urgency above 7, or the stream or
    /// its connection has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the priority is changed or it is not.
    pub async fn prioritize(&self, priority: Priority) -> Result<(), Error> {
        let Some((_, hub)) = &self.link else { return Err(gone()) };
        let stream = self.stream;
        crate::protocol::call(hub, move |conn| conn.prioritize(stream, priority)).await
    }

    /// Resets the stream with this code instead of answering.
    pub fn reset(mut self, code: ErrorCode) {
        self.give_up(code);
    }

    /// Waits until the peer, or the end of the connection, makes an answer pointless.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn cancelled(&mut self) -> Error {
        std::future::poll_fn(|cx| self.poll_cancelled(cx)).await
    }

    pub(crate) fn poll_cancelled(&self, cx: &std::task::Context<'_>) -> std::task::Poll<Error> {
        match &self.link {
            Some((slot, _)) => slot.lock().poll_stopped(cx),
            None => std::task::Poll::Pending,
        }
    }

    /// Whether the response has no body, whatever is given.
    pub(crate) fn is_void(&self, status: StatusCode) -> bool {
        self.head_only || convert::is_bodiless(status)
    }

    /// Keeps the memory of the request's head for that of the response.
    pub(crate) fn keep_spare(&self, spare: Fields) {
        if let Some((slot, _)) = &self.link {
            slot.lock().keep_spare(spare);
        }
    }

    /// Answers with a status alone.
    pub(crate) fn answer_status(mut self, status: StatusCode) -> Result<(), Error> {
        let (head, _) = self.head(status, &HeaderMap::new(), Extra::default())?;
        self.give(head, true, |_| {}, Finish::End)
    }

    /// Sends the head and keeps the stream open for the body.
    pub(crate) fn start(
        mut self,
        status: StatusCode,
        headers: &HeaderMap,
        extra: Extra,
    ) -> Result<SendBody, Error> {
        let (head, void) = self.head(status, headers, extra)?;
        let Some((slot, hub)) = self.link.take() else { return Err(gone()) };
        let result = slot.update(&hub, |state| match state.send_error() {
            Some(error) => (Err(error), false),
            None => {
                state.put_response(head);
                if void {
                    state.send.finish = Finish::End;
                }
                (Ok(()), true)
            }
        });
        let body = SendBody::new(slot, hub, void);
        result.map(|()| body)
    }

    /// Sends a head and what is there of the body, in one command. If the body is not complete,
    /// the rest goes through what is returned.
    pub(crate) fn start_with(
        mut self,
        head: ResponseHead,
        chunks: &mut crate::chunks::Chunks,
        finish: Finish,
    ) -> Result<Option<SendBody>, Error> {
        if !matches!(finish, Finish::Open) {
            return self
                .give(head, false, |send| send.chunks.append(chunks), finish)
                .map(|()| None);
        }
        let Some((slot, hub)) = self.link.take() else { return Err(gone()) };
        let result = slot.update(&hub, |state| match state.send_error() {
            Some(error) => (Err(error), false),
            None => {
                state.put_response(head);
                state.send.chunks.append(chunks);
                (Ok(()), true)
            }
        });
        let body = SendBody::new(slot, hub, false);
        result.map(|()| Some(body))
    }

    /// The head for the wire, and whether the response has no body. An impossible one resets.
    pub(crate) fn head(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        extra: Extra,
    ) -> Result<(ResponseHead, bool), Error> {
        let spare = self.link.as_ref().map(|(slot, _)| slot.lock().spare()).unwrap_or_default();
        match convert::response_head(spare, status, headers, extra) {
            Ok((head, stripped)) => {
                if let Some((_, hub)) = &self.link {
                    Counters::add(&hub.shared.counters.stripped_fields, stripped);
                }
                Ok((head, self.is_void(status)))
            }
            Err(error) => {
                self.give_up(ErrorCode::INTERNAL_ERROR);
                Err(error)
            }
        }
    }

    /// Gives a response that is complete.
    fn give(
        &mut self,
        head: ResponseHead,
        void: bool,
        body: impl FnOnce(&mut crate::exchange::Sending),
        finish: Finish,
    ) -> Result<(), Error> {
        let Some((slot, hub)) = self.link.take() else { return Err(gone()) };
        slot.update(&hub, |state| {
            state.send.gone = true;
            if let Some(error) = state.send_error() {
                return (Err(error), true);
            }
            state.put_response(head);
            if !void {
                body(&mut state.send);
            }
            state.send.finish = if void { Finish::End } else { finish };
            (Ok(()), true)
        })
    }

    fn give_up(&mut self, code: ErrorCode) {
        if let Some((slot, hub)) = self.link.take() {
            slot.update(&hub, |state| {
                state.drop_sender(code);
                ((), true)
            });
        }
    }
}

fn gone() -> Error {
    Error::reset_by_us(None, ErrorCode::INTERNAL_ERROR, Outcome::MaybeProcessed)
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.give_up(ErrorCode::INTERNAL_ERROR);
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("stream", &self.stream).finish_non_exhaustive()
    }
}
