//! Moves an [`http_body::Body`] into a stream: at once what is ready at once, the rest in a task
//! that ends with the stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2_core::ErrorCode;
use http_body::{Body, Frame};

use super::SendBody;
use crate::chunks::Chunks;
use crate::convert;
use crate::error::Error;
use crate::exchange::Finish;

/// A boxed error, as bodies and services have them.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body where it can be polled.
pub(crate) type Pinned<B> = Pin<Box<Option<B>>>;

/// Octets after which a body that is always ready goes to a task of its own.
const AT_ONCE: usize = 16 * 1024;

/// Frames that a body may give at once, or its task may move at once: those of a body that is
/// always ready, and with little or nothing, leave room for others.
const FRAMES: usize = 128;

/// What a body gave at once; `finish` is `Open` if more may come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Start {
    pub(crate) chunks: Chunks,
    pub(crate) finish: Finish,
}

impl Start {
    /// A body without an octet.
    pub(crate) fn end() -> Self {
        Self { chunks: Chunks::default(), finish: Finish::End }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.finish, Finish::Open)
    }
}

/// Polls a body for what is ready.
pub(crate) fn take_ready<B>(mut body: Pin<&mut B>, cx: &mut Context<'_>) -> Result<Start, Error>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let mut start = Start::default();
    for _ in 0..FRAMES {
        if start.chunks.octets() >= AT_ONCE {
            break;
        }
        if body.is_end_stream() {
            start.finish = Finish::End;
            break;
        }
        let Poll::Ready(frame) = body.as_mut().poll_frame(cx) else { break };
        match step::<B>(frame)? {
            Step::Data(data) => start.chunks.push(data),
            Step::End(finish) => {
                start.finish = finish;
                break;
            }
        }
    }
    Ok(start)
}

/// What one frame of a body means.
enum Step {
    Data(Bytes),
    End(Finish),
}

fn step<B>(frame: Option<Result<Frame<B::Data>, B::Error>>) -> Result<Step, Error>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let frame = match frame {
        None => return Ok(Step::End(Finish::End)),
        Some(Err(error)) => return Err(Error::body(error.into())),
        Some(Ok(frame)) => frame,
    };
    match frame.into_data() {
        Ok(mut data) => Ok(Step::Data(data.copy_to_bytes(data.remaining()))),
        Err(other) => match other.into_trailers() {
            Ok(trailers) => {
                let (trailers, _) = convert::outbound_trailers(&trailers)?;
                Ok(Step::End(Finish::Trailers(Box::new(trailers))))
            }
            // A kind of frame that HTTP/2 does not have.
            Err(_) => Ok(Step::Data(Bytes::new())),
        },
    }
}

/// A body on its way into a stream. Done when the body ended, or when nobody wants it any more; then
/// it gives back a body of which it has read nothing.
///
/// Dropped, or ended by a panic of the body, it resets the stream as a body does that fails.
pub(crate) struct Pump<B> {
    body: Option<Pinned<B>>,
    to: Option<SendBody>,
    /// Resets the stream of a body that fails.
    code: ErrorCode,
    /// The body gave something, or its end.
    begun: bool,
}

impl<B> Pump<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(crate) fn new(body: Pinned<B>, to: SendBody, code: ErrorCode) -> Self {
        Self { body: Some(body), to: Some(to), code, begun: false }
    }

    fn poll_pump(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let Some(to) = &mut self.to else { return Poll::Ready(Ok(())) };
        let body = self.body.as_mut().and_then(|body| body.as_mut().as_pin_mut());
        let Some(mut body) = body else { return Poll::Ready(Ok(())) };
        for _ in 0..FRAMES {
            if body.is_end_stream() {
                return Poll::Ready(to.finish_with(Bytes::new(), Finish::End));
            }
            ready!(to.poll_ready(cx))?;
            let Poll::Ready(frame) = body.as_mut().poll_frame(cx) else {
                // The stream may end while the body has nothing; that ends the pump.
                return to.poll_cancelled(cx).map(Err);
            };
            self.begun = true;
            match step::<B>(frame)? {
                Step::Data(data) if body.is_end_stream() => {
                    return Poll::Ready(to.finish_with(data, Finish::End));
                }
                Step::Data(data) => to.start_send(data)?,
                Step::End(finish) => return Poll::Ready(to.finish_with(Bytes::new(), finish)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<B> Future for Pump<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Option<Pinned<B>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = ready!(self.poll_pump(cx));
        if let Some(to) = self.to.take()
            && let Err(error) = done
        {
            // Whoever waits for the response learns what the body said; a stream that ended on its
            // own has told already, and its first cause stays.
            to.fail(error, self.code);
        }
        let body = self.body.take();
        Poll::Ready(body.filter(|_| !self.begun))
    }
}

impl<B> Drop for Pump<B> {
    fn drop(&mut self) {
        if let Some(to) = self.to.take() {
            to.reset(self.code);
        }
    }
}
