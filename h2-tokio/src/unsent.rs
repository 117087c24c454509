//! A request of which nothing was sent, handed back as it was: head, and body from its beginning.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2_core::ErrorCode;
use http::{Request, request};
use http_body::{Body, Frame, SizeHint};
use tokio::task::JoinHandle;

use crate::body::SendBody;
use crate::body::pump::{self, BoxError, Pinned, Pump, Start};
use crate::convert;
use crate::error::Error;
use crate::exchange::Finish;

/// A request that can be sent, and sent again for as long as nothing of it was processed.
///
/// Every [`Request`] converts into one. What had to be read of its body to send it is kept and
/// comes first when it is sent again.
pub struct Unsent<B> {
    pub(crate) parts: request::Parts,
    pub(crate) body: UnsentBody<B>,
}

/// The body of an [`Unsent`] request, at its beginning.
pub struct UnsentBody<B> {
    /// What was read.
    start: Start,
    rest: Rest<B>,
}

/// What was not read.
enum Rest<B> {
    Fresh(B),
    Begun(Pinned<B>),
    /// It is on its way into a stream; whoever moves it gives it back if it has read none of it.
    Moving(JoinHandle<Option<Pinned<B>>>),
    Nothing,
}

/// An error, and the request that it is about if nothing of that was processed.
///
/// It converts into an [`Error`], so that `?` drops the request where it is not wanted.
pub struct Rejected<T> {
    error: Error,
    request: Option<Box<T>>,
}

impl<B> Unsent<B> {
    /// Method, target, fields and extensions.
    #[must_use]
    pub fn head(&self) -> &request::Parts {
        &self.parts
    }

    /// The request, for somebody else to send.
    #[must_use]
    pub fn into_request(self) -> Request<UnsentBody<B>> {
        Request::from_parts(self.parts, self.body)
    }
}

impl<B> From<Request<B>> for Unsent<B> {
    fn from(request: Request<B>) -> Self {
        let (parts, body) = request.into_parts();
        Self { parts, body: UnsentBody::new(body) }
    }
}

impl<B> UnsentBody<B> {
    /// A body of which nothing was read.
    pub(crate) fn new(body: B) -> Self {
        Self { start: Start::default(), rest: Rest::Fresh(body) }
    }
}

impl<B> UnsentBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    /// What there is of the body without waiting. It is to be kept only if `keep` says so; then
    /// the same comes again the next time.
    pub(crate) fn begin(&mut self, cx: &mut Context<'_>, keep: bool) -> Result<Start, Error> {
        match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Fresh(body) if body.is_end_stream() => {
                self.rest = Rest::Fresh(body);
                return Ok(Start::end());
            }
            Rest::Fresh(body) => {
                let mut body = Box::pin(Some(body));
                if let Some(body) = body.as_mut().as_pin_mut() {
                    self.start = pump::take_ready(body, cx)?;
                }
                if self.start.is_open() {
                    self.rest = Rest::Begun(body);
                }
            }
            begun @ (Rest::Begun(_) | Rest::Moving(_) | Rest::Nothing) => self.rest = begun,
        }
        Ok(if keep { self.start.clone() } else { std::mem::take(&mut self.start) })
    }

    /// Begins to move what comes after the beginning, in a task that ends with the stream.
    pub(crate) fn pump_into(&mut self, to: SendBody)
    where
        B: Send + 'static,
        B::Data: Send,
    {
        self.rest = match std::mem::replace(&mut self.rest, Rest::Nothing) {
            Rest::Begun(rest) => Rest::Moving(tokio::spawn(Pump::new(rest, to, ErrorCode::CANCEL))),
            other @ (Rest::Fresh(_) | Rest::Moving(_) | Rest::Nothing) => other,
        };
    }

    /// Takes back what was being moved, now that its stream has ended. Says whether nothing of the
    /// body was given away for good.
    pub(crate) async fn recover(&mut self) -> bool {
        if let Rest::Moving(pump) = &mut self.rest {
            // One that panicked has lost it.
            self.rest = pump.await.ok().flatten().map_or(Rest::Nothing, Rest::Begun);
        }
        !self.start.is_open() || !matches!(self.rest, Rest::Nothing)
    }
}

impl<B: Body> UnsentBody<B> {
    /// The part that was not read, where it can be polled.
    fn rest(&mut self) -> Option<Pin<&mut B>> {
        if let Rest::Fresh(_) = self.rest
            && let Rest::Fresh(body) = std::mem::replace(&mut self.rest, Rest::Nothing)
        {
            self.rest = Rest::Begun(Box::pin(Some(body)));
        }
        match &mut self.rest {
            Rest::Begun(body) => body.as_mut().as_pin_mut(),
            Rest::Fresh(_) | Rest::Moving(_) | Rest::Nothing => None,
        }
    }

    fn unread(&self) -> Option<&B> {
        match &self.rest {
            Rest::Fresh(body) => Some(body),
            Rest::Begun(body) => (**body).as_ref(),
            Rest::Moving(_) | Rest::Nothing => None,
        }
    }
}

// A body is pinned in a box of its own, never in here.
impl<B> Unpin for UnsentBody<B> {}

impl<B: Body> Body for UnsentBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(piece) = self.start.chunks.pop() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match std::mem::replace(&mut self.start.finish, Finish::End) {
            Finish::Open => self.start.finish = Finish::Open,
            Finish::Trailers(trailers) => {
                let trailers = convert::trailers(*trailers).unwrap_or_default();
                return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
            }
            Finish::End | Finish::Done => return Poll::Ready(None),
        }
        let Some(rest) = self.rest() else { return Poll::Ready(None) };
        let frame = ready!(rest.poll_frame(cx));
        let whole = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(whole))))
    }

    fn is_end_stream(&self) -> bool {
        let over = match &self.start.finish {
            Finish::Open => self.unread().is_none_or(Body::is_end_stream),
            Finish::Trailers(_) => false,
            Finish::End | Finish::Done => true,
        };
        over && self.start.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let read = self.start.chunks.octets() as u64;
        let rest = self.unread().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        let mut hint = SizeHint::new();
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(read)) {
            hint.set_upper(upper);
        }
        hint.set_lower(rest.lower().saturating_add(read));
        hint
    }
}

impl<T> Rejected<T> {
    pub(crate) fn new(error: Error, request: Option<T>) -> Self {
        Self { error, request: request.map(Box::new) }
    }

    /// What went wrong; [`Error::retry_hint`] says where the request may go instead.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// The request, if it was certainly not processed and what was read of its body is kept: at
    /// most what was ready at once, up to 16 KiB and a piece.
    pub fn take_request(&mut self) -> Option<T> {
        self.request.take().map(|request| *request)
    }

    /// The error alone.
    #[must_use]
    pub fn into_error(self) -> Error {
        self.error
    }
}

impl<T> From<Rejected<T>> for Error {
    fn from(rejected: Rejected<T>) -> Self {
        rejected.error
    }
}

impl<T> fmt::Display for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> fmt::Debug for Rejected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.request.is_some();
        f.debug_struct("Rejected").field("error", &self.error).field("request", &whole).finish()
    }
}

impl<T> std::error::Error for Rejected<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<B> fmt::Debug for Unsent<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsent").field("head", &self.parts).finish_non_exhaustive()
    }
}

impl<B> fmt::Debug for UnsentBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.start.chunks.octets();
        f.debug_struct("UnsentBody").field("read", &read).finish_non_exhaustive()
    }
}
