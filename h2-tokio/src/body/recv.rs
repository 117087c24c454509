//! The receiving half of a body: whoever reads it lets the peer send more, and only an end that
//! the peer declared is an end.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use h2_core::{ResponseHead, StreamId};
use http::{HeaderMap, StatusCode};
use http_body::{Frame, SizeHint};

use super::manual::{Credit, ManualBody};
use super::reader::BodyReader;
use crate::convert;
use crate::error::Error;
use crate::exchange::{Finish, Slot, State, register};
use crate::hub::Hub;

/// The body of a message that is received.
///
/// Read it with [`data`](Self::data) and [`trailers`](Self::trailers), as a [`Stream`] of pieces,
/// as an [`http_body::Body`], or octet by octet [as a reader](Self::into_reader). Reading gives the
/// peer leave to send as much more; [by hand](Self::into_manual), letting go of what was read does.
///
/// It ends cleanly only if the peer ended it. A stream that is reset, by whatever code, or a
/// connection that ends before that, is an error.
///
/// Dropped before its end, it resets the stream with CANCEL on a client. On a server it stops
/// reading: the response goes on, and what the peer still sends is discarded.
pub struct RecvBody {
    /// `None` for a message without a body.
    link: Option<Link>,
    /// Octets to come, or `UNKNOWN` if the head did not say how many.
    remaining: u64,
    /// An error was given out; there is nothing after it.
    failed: bool,
}

/// A length that the head did not say. A content-length is at most 2^63-1.
const UNKNOWN: u64 = u64::MAX;

struct Link {
    slot: Arc<Slot>,
    hub: Arc<Hub>,
}

/// What comes next.
enum Next {
    Data(Bytes),
    Trailers(HeaderMap),
}

impl RecvBody {
    /// A body without an octet and without trailers, that belongs to no stream.
    #[must_use]
    pub fn empty() -> Self {
        Self { link: None, remaining: 0, failed: false }
    }

    pub(crate) fn new(slot: Arc<Slot>, hub: Arc<Hub>, content_length: Option<u64>) -> Self {
        let remaining = content_length.unwrap_or(UNKNOWN);
        Self { link: Some(Link { slot, hub }), remaining, failed: false }
    }

    /// The stream that the body comes on (RFC 9113 §5.1.1); `None` for a message without a body.
    #[must_use]
    pub fn stream_id(&self) -> Option<StreamId> {
        self.link.as_ref().and_then(|link| link.slot.lock().stream)
    }

    /// The next piece; `None` once the peer has ended the body.
    ///
    /// # Errors
    ///
    /// The stream or the connection ended before the body did. Nothing follows.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a piece that was not given out is given out next time.
    pub async fn data(&mut self) -> Option<Result<Bytes, Error>> {
        std::future::poll_fn(|cx| self.poll_data(cx)).await
    }

    /// Waits for the end of the body, dropping what is still to be read of it, and gives its
    /// trailers; `None` if it has none.
    ///
    /// # Errors
    ///
    /// The stream or the connection ended before the body did.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe, but pieces that had arrived may be gone.
    pub async fn trailers(&mut self) -> Result<Option<HeaderMap>, Error> {
        if let Some(error) = self.failure() {
            // A body that was cut short never looks as if it had merely no trailers.
            return Err(error);
        }
        loop {
            match std::future::poll_fn(|cx| self.poll_next_frame(cx, true)).await {
                Some(Ok(Next::Data(_))) => {}
                Some(Ok(Next::Trailers(trailers))) => return Ok(Some(trailers)),
                Some(Err(error)) => return Err(error),
                None => return Ok(None),
            }
        }
    }

    /// The body as [`tokio::io::AsyncRead`] and [`tokio::io::AsyncBufRead`].
    #[must_use]
    pub fn into_reader(self) -> BodyReader {
        BodyReader::new(self)
    }

    /// The body in pieces that hold the peer's credit until they are dropped.
    #[must_use]
    pub fn into_manual(self) -> ManualBody {
        if let Some(link) = &self.link {
            link.slot.lock().recv.manual = true;
        }
        ManualBody::new(self)
    }

    /// Why the body was cut short, once it was given out; it is not given out again by itself.
    pub(super) fn failure(&self) -> Option<Error> {
        let link = self.link.as_ref().filter(|_| self.failed)?;
        let state = link.slot.lock();
        // What failed on a stream that did not were trailers that nothing can hold.
        Some(state.failure().cloned().unwrap_or_else(|| Error::unmappable(state.stream)))
    }

    /// The credit for so many octets of a piece that was just read by hand.
    pub(super) fn credit(&self, octets: usize) -> Credit {
        let link = self.link.as_ref();
        Credit::new(octets, link.map(|link| (Arc::clone(&link.slot), Arc::downgrade(&link.hub))))
    }

    /// As [`data`](Self::data), for futures written by hand.
    pub fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        Poll::Ready(match ready!(self.poll_next_frame(cx, false)) {
            Some(Ok(Next::Data(data))) => Some(Ok(data)),
            Some(Err(error)) => Some(Err(error)),
            Some(Ok(Next::Trailers(_))) | None => None,
        })
    }

    fn poll_next_frame(
        &mut self,
        cx: &Context<'_>,
        trailers: bool,
    ) -> Poll<Option<Result<Next, Error>>> {
        let Some(link) = self.link.as_ref().filter(|_| !self.failed) else {
            return Poll::Ready(None);
        };
        let (next, over) = link.slot.update(&link.hub, |state| {
            let (next, look) = poll_slot(state, cx, trailers);
            ((next, state.is_over()), look)
        });
        match &next {
            Poll::Ready(Some(Ok(Next::Data(data)))) => {
                if self.remaining != UNKNOWN {
                    self.remaining = self.remaining.saturating_sub(data.len() as u64);
                }
            }
            Poll::Ready(Some(Err(_))) => self.failed = true,
            Poll::Ready(Some(Ok(Next::Trailers(_))) | None) | Poll::Pending => {}
        }
        if over && !self.failed {
            self.let_go();
        }
        next
    }

    /// All of it was read, and nobody else has anything to do with the slot: neither the question
    /// whether more comes nor the drop needs it.
    fn let_go(&mut self) {
        if let Some(Link { slot, hub }) = self.link.take() {
            self.remaining = 0;
            hub.shared.recycle(slot);
        }
    }
}

/// Takes what is next out of the slot, and says whether the actor should look at it.
fn poll_slot(
    state: &mut State,
    cx: &Context<'_>,
    trailers: bool,
) -> (Poll<Option<Result<Next, Error>>>, bool) {
    if let Some((piece, report)) = state.recv.next_piece() {
        return (Poll::Ready(Some(Ok(Next::Data(piece)))), report);
    }
    if state.recv.ended {
        if !trailers {
            return (Poll::Ready(None), false);
        }
        let stream = state.stream;
        let next = state.take_trailers().map(|trailers| {
            // The body is complete; but trailers may be what says whether it is good.
            let trailers = convert::trailers(trailers);
            trailers.map(Next::Trailers).map_err(|_| Error::unmappable(stream))
        });
        return (Poll::Ready(next), false);
    }
    if let Some(error) = state.failure() {
        return (Poll::Ready(Some(Err(error.clone()))), false);
    }
    register(&mut state.recv.waker, cx);
    // Read by hand, little may have been let go while much is held, and the peer may need it all.
    let owed = state.recv.manual && state.recv.has_released();
    (Poll::Pending, say_continue(state) || owed)
}

/// Answers `expect: 100-continue`, once, if that is not too late.
fn say_continue(state: &mut State) -> bool {
    if !std::mem::take(&mut state.recv.continue_due) || state.send.head_given {
        return false;
    }
    let fields = [(":status", StatusCode::CONTINUE.as_str())].into_iter().collect();
    match ResponseHead::from_fields(fields) {
        Ok(head) => state.put_interim(head),
        Err(_) => false,
    }
}

impl Stream for RecvBody {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_data(cx)
    }
}

impl http_body::Body for RecvBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let next = ready!(self.poll_next_frame(cx, true));
        Poll::Ready(next.map(|next| {
            next.map(|next| match next {
                Next::Data(data) => Frame::data(data),
                Next::Trailers(trailers) => Frame::trailers(trailers),
            })
        }))
    }

    fn is_end_stream(&self) -> bool {
        let Some(link) = &self.link else { return true };
        let state = link.slot.lock();
        state.is_read()
    }

    fn size_hint(&self) -> SizeHint {
        // What is here is all there is once the message has ended, whatever its head said.
        let left = self.link.as_ref().and_then(|link| {
            let state = link.slot.lock();
            state.recv.ended.then(|| state.recv.data.octets() as u64)
        });
        match left.unwrap_or(self.remaining) {
            UNKNOWN => SizeHint::default(),
            octets => SizeHint::with_exact(octets),
        }
    }
}

impl Drop for RecvBody {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        link.slot.update(&link.hub, |state| {
            state.drop_receiver();
            ((), true)
        });
        let Link { slot, hub } = link;
        hub.shared.recycle(slot);
    }
}

impl Default for RecvBody {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for RecvBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let remaining = Some(self.remaining).filter(|octets| *octets != UNKNOWN);
        f.debug_struct("RecvBody").field("remaining", &remaining).finish_non_exhaustive()
    }
}

/// The error of a stream whose sending side was closed by the very call that asks.
pub(super) fn already_ended(state: &State) -> Option<Error> {
    match (state.send_error(), &state.send.finish) {
        (Some(error), _) => Some(error),
        (None, Finish::Open) => None,
        (None, _) => Some(match state.stream {
            Some(stream) => Error::misuse(h2_core::Misuse::AlreadyEnded(stream)),
            None => Error::given_up(h2_core::ErrorCode::CANCEL),
        }),
    }
}
