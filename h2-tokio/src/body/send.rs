//! The sending half of a body: it waits where there is no room, and half a body is never taken
//! for a whole one.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Sink;
use h2_core::ErrorCode;
use http::HeaderMap;

use super::recv::already_ended;
use super::writer::BodyWriter;
use crate::convert;
use crate::error::{Error, Outcome};
use crate::exchange::{Finish, Slot, State, register};
use crate::hub::{Counters, Hub};

/// The body of a message that is sent.
///
/// Give it pieces with [`send_data`](Self::send_data), then end it with [`finish`](Self::finish) or
/// [`send_trailers`](Self::send_trailers). As a [`Sink`] it ends when it is closed, [as a
/// writer](Self::into_writer) when it is shut down.
///
/// Dropped before its end, it resets the stream with CANCEL: the peer must never take half a body
/// for a whole one.
pub struct SendBody {
    /// `None` once the body has ended.
    link: Option<Link>,
    /// The message has no body, whatever is given: the answer to HEAD, or of status 204 or 304. It
    /// ended with its head.
    void: bool,
}

/// Octets that one write takes at most; the stream holds its room and one piece.
const COPIED: usize = 16 * 1024;

struct Link {
    slot: Arc<Slot>,
    hub: Arc<Hub>,
}

impl SendBody {
    pub(crate) fn new(slot: Arc<Slot>, hub: Arc<Hub>, void: bool) -> Self {
        Self { link: Some(Link { slot, hub }), void }
    }

    /// Sends a piece, once the pieces before it have left room.
    ///
    /// It returns when the live connection has taken the piece, not when the peer has it. At most
    /// the stream's send credit ([`h2_core::Config::send_credit`] and its pool) and one piece wait.
    ///
    /// # Errors
    ///
    /// The stream or its connection has ended, or the peer wants no more of the body. The piece was
    /// not sent.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: if the future is dropped, nothing of the piece was sent.
    pub async fn send_data(&mut self, data: impl Into<Bytes>) -> Result<(), Error> {
        std::future::poll_fn(|cx| self.poll_ready(cx)).await?;
        self.start_send(data.into())
    }

    /// Ends the body with trailers. Connection-specific fields are left out.
    ///
    /// # Errors
    ///
    /// The stream or its connection has ended, or the fields may not stand in trailers; then the
    /// stream is reset with INTERNAL_ERROR.
    pub fn send_trailers(mut self, trailers: HeaderMap) -> Result<(), Error> {
        let (trailers, stripped) = match convert::outbound_trailers(&trailers) {
            Ok(trailers) => trailers,
            Err(error) => {
                self.reset(ErrorCode::INTERNAL_ERROR);
                return Err(error);
            }
        };
        if let Some(link) = &self.link {
            Counters::add(&link.hub.shared.counters.stripped_fields, stripped);
        }
        self.end(Finish::Trailers(Box::new(trailers)))
    }

    /// Ends the body.
    ///
    /// # Errors
    ///
    /// The stream or its connection has ended before.
    pub fn finish(mut self) -> Result<(), Error> {
        self.end(Finish::End)
    }

    /// Gives the stream up with this code; what was not written yet is dropped.
    pub fn reset(mut self, code: ErrorCode) {
        if let Some(link) = self.link.take() {
            link.slot.update(&link.hub, |state| {
                state.drop_sender(code);
                ((), true)
            });
        }
    }

    /// Waits until the peer, or the end of the connection, makes sending pointless, and says why.
    /// A body that was closed as a sink may hear [`AlreadyEnded`](h2_core::Misuse::AlreadyEnded)
    /// once the peer's message has ended too.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn stopped(&mut self) -> Error {
        std::future::poll_fn(|cx| match &self.link {
            Some(link) => link.slot.lock().poll_stopped(cx),
            None => Poll::Pending,
        })
        .await
    }

    /// Waits until everything given so far has left our buffers.
    ///
    /// # Errors
    ///
    /// The stream or its connection ended before.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn flush(&mut self) -> Result<(), Error> {
        std::future::poll_fn(|cx| self.poll_flushed(cx)).await
    }

    /// The body as [`tokio::io::AsyncWrite`].
    #[must_use]
    pub fn into_writer(self) -> BodyWriter {
        BodyWriter::new(self)
    }

    /// Copies octets into the body, as many as one piece may have, once there is room.
    pub(super) fn poll_copy(&self, cx: &Context<'_>, octets: &[u8]) -> Poll<Result<usize, Error>> {
        let Some(link) = &self.link else { return Poll::Ready(Err(ended())) };
        link.slot.update(&link.hub, |state| {
            let ready = if self.void {
                Poll::Ready(state.send_error().map_or(Ok(()), Err))
            } else {
                match already_ended(state) {
                    Some(error) => Poll::Ready(Err(error)),
                    None => state.poll_room(cx),
                }
            };
            match ready {
                Poll::Ready(Ok(())) if self.void => (Poll::Ready(Ok(octets.len())), false),
                Poll::Ready(Ok(())) => {
                    let piece = octets.get(..COPIED).unwrap_or(octets);
                    state.send.flushed = false;
                    state.send.chunks.push_copy(piece);
                    (Poll::Ready(Ok(piece.len())), true)
                }
                Poll::Ready(Err(error)) => (Poll::Ready(Err(error)), false),
                Poll::Pending => (Poll::Pending, false),
            }
        })
    }

    /// Waits for room for another piece.
    pub(crate) fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        let Some(link) = &self.link else { return Poll::Ready(Err(ended())) };
        let mut state = link.slot.lock();
        match already_ended(&state) {
            Some(error) if !self.void => Poll::Ready(Err(error)),
            _ if self.void => Poll::Ready(state.send_error().map_or(Ok(()), Err)),
            _ => state.poll_room(cx),
        }
    }

    /// Gives a piece, whether or not there is room.
    pub(crate) fn start_send(&self, data: Bytes) -> Result<(), Error> {
        let Some(link) = self.link.as_ref().filter(|_| !self.void) else { return Ok(()) };
        link.slot.update(&link.hub, |state| match already_ended(state) {
            Some(error) => (Err(error), false),
            None => {
                state.send.flushed = false;
                state.send.chunks.push(data);
                (Ok(()), true)
            }
        })
    }

    /// Gives a last piece and ends, in one command. An empty piece is none.
    pub(crate) fn finish_with(&mut self, data: Bytes, finish: Finish) -> Result<(), Error> {
        if let Some(link) = self.link.as_ref().filter(|_| !self.void) {
            let mut state = link.slot.lock();
            if already_ended(&state).is_none() {
                state.send.chunks.push(data);
            }
        }
        self.end(finish)
    }

    /// Waits until the stream ends for a reason of its own.
    pub(crate) fn poll_cancelled(&self, cx: &Context<'_>) -> Poll<Error> {
        match &self.link {
            Some(link) => link.slot.lock().poll_stopped(cx),
            None => Poll::Pending,
        }
    }

    /// The body that was to be sent failed: the peer is told by a reset with `code`, and whoever
    /// waits for the response hears of the error.
    pub(crate) fn fail(mut self, error: Error, code: ErrorCode) {
        let Some(link) = self.link.take() else { return };
        let mut state = link.slot.lock();
        state.drop_sender(code);
        let error = error.on(state.stream, Outcome::MaybeProcessed);
        let wakers = state.fail(error);
        let look = state.look_needed();
        drop(state);
        crate::exchange::wake(wakers);
        if look {
            link.hub.look(&link.slot);
        }
    }

    /// Ends the message; the handle is of no more use.
    fn end(&mut self, finish: Finish) -> Result<(), Error> {
        let Some(link) = self.link.take() else { return Err(ended()) };
        let void = self.void;
        link.slot.update(&link.hub, |state| {
            let error = if void { state.send_error() } else { already_ended(state) };
            if error.is_none() && !void {
                state.send.flushed = false;
                state.send.finish = finish;
            }
            state.drop_sender(ErrorCode::CANCEL);
            (error.map_or(Ok(()), Err), true)
        })
    }

    /// Ends the message but keeps the handle, to wait for the last octet to leave.
    pub(super) fn poll_closed(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        let Some(link) = self.link.as_ref().filter(|_| !self.void) else {
            return Poll::Ready(Ok(()));
        };
        link.slot.update(&link.hub, |state| {
            let open = state.send.is_open() && state.send_error().is_none();
            if open {
                state.send.flushed = false;
                state.send.finish = Finish::End;
            }
            // Both in one step: a stream that has ended is let go unless somebody waits for it.
            let (flushed, look) = poll_flushed(state, cx);
            (flushed, open || look)
        })
    }

    pub(super) fn poll_flushed(&self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        let Some(link) = self.link.as_ref().filter(|_| !self.void) else {
            return Poll::Ready(Ok(()));
        };
        link.slot.update(&link.hub, |state| poll_flushed(state, cx))
    }
}

fn poll_flushed(state: &mut State, cx: &Context<'_>) -> (Poll<Result<(), Error>>, bool) {
    if state.send.flushed {
        return (Poll::Ready(Ok(())), false);
    }
    if let Some(error) = state.send_error() {
        return (Poll::Ready(Err(error)), false);
    }
    let first = !std::mem::replace(&mut state.send.flush_wanted, true);
    register(&mut state.send.waker, cx);
    (Poll::Pending, first)
}

fn ended() -> Error {
    Error::reset_by_us(None, ErrorCode::NO_ERROR, Outcome::MaybeProcessed)
}

/// As a sink, a body is ready when there is room, flushed when everything has left our buffers, and
/// ended when it is closed.
impl Sink<Bytes> for SendBody {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Self::poll_ready(&self, cx)
    }

    fn start_send(self: Pin<&mut Self>, item: Bytes) -> Result<(), Error> {
        Self::start_send(&self, item)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_flushed(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.poll_closed(cx)
    }
}

impl Drop for SendBody {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            link.slot.update(&link.hub, |state| {
                state.drop_sender(ErrorCode::CANCEL);
                ((), true)
            });
        }
    }
}

impl fmt::Debug for SendBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendBody").field("void", &self.void).finish_non_exhaustive()
    }
}
