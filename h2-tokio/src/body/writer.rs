//! A body that is sent, as a writer: only a writer that was shut down has written a whole body.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::{SendBody, io_error};

/// A [`SendBody`] as [`AsyncWrite`].
///
/// A write waits for room as [`SendBody::send_data`] does and takes at most 16 KiB; small ones are
/// put together. Flushing waits until everything has left our buffers, so it waits for the peer's
/// window as well. Shutting down ends the body and flushes it; after that every write is an error.
/// [`io::Error::get_ref`] leads to the [`Error`](crate::Error) itself.
///
/// It holds nothing itself, so [`into_inner`](Self::into_inner) may be called at any time, to send
/// trailers for instance. Dropped before it was shut down, it resets the stream with CANCEL.
#[derive(Debug)]
pub struct BodyWriter {
    body: SendBody,
}

impl BodyWriter {
    pub(super) fn new(body: SendBody) -> Self {
        Self { body }
    }

    /// The body behind it.
    #[must_use]
    pub fn into_inner(self) -> SendBody {
        self.body
    }

    /// The body behind it, to learn when it is [stopped](SendBody::stopped) for instance.
    pub fn get_mut(&mut self) -> &mut SendBody {
        &mut self.body
    }
}

impl AsyncWrite for BodyWriter {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if octets.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.body.poll_copy(cx, octets).map_err(io_error)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.body.poll_flushed(cx).map_err(io_error)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.body.poll_closed(cx).map_err(io_error)
    }
}
