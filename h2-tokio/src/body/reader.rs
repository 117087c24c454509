//! A body that is received, as a reader: its end is the one that the peer declared, anything else
//! an error, however often it is read.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::HeaderMap;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::{RecvBody, io_error};
use crate::error::Error;

/// A [`RecvBody`] as [`AsyncRead`] and [`AsyncBufRead`].
///
/// It reads nothing ahead: it holds what is left of one piece, which the peer was given leave to
/// send again. A read of zero octets means that the peer ended the body. A body that was cut short
/// gives the error each time; [`io::Error::get_ref`] leads to the [`Error`] itself.
///
/// Dropped, it does what its [`RecvBody`] does.
#[derive(Debug)]
pub struct BodyReader {
    body: RecvBody,
    /// What is left of the last piece.
    piece: Bytes,
}

impl BodyReader {
    pub(super) fn new(body: RecvBody) -> Self {
        Self { body, piece: Bytes::new() }
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
    /// Cancel-safe, but octets that had arrived may be gone.
    pub async fn trailers(&mut self) -> Result<Option<HeaderMap>, Error> {
        self.piece.clear();
        self.body.trailers().await
    }

    /// What is left of the last piece, and the rest of the body.
    #[must_use]
    pub fn into_inner(self) -> (Bytes, RecvBody) {
        (self.piece, self.body)
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&Bytes>> {
        while self.piece.is_empty() {
            let error = match ready!(self.body.poll_data(cx)) {
                Some(Ok(piece)) => {
                    self.piece = piece;
                    continue;
                }
                Some(Err(error)) => Some(error),
                None => self.body.failure(),
            };
            match error {
                Some(error) => return Poll::Ready(Err(io_error(error))),
                None => break,
            }
        }
        Poll::Ready(Ok(&self.piece))
    }
}

impl AsyncBufRead for BodyReader {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.get_mut().poll_piece(cx).map_ok(|piece| piece.as_ref())
    }

    fn consume(mut self: Pin<&mut Self>, octets: usize) {
        let octets = octets.min(self.piece.len());
        self.piece.advance(octets);
    }
}

impl AsyncRead for BodyReader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let piece = ready!(self.poll_piece(cx))?;
        let octets = piece.len().min(buf.remaining());
        buf.put_slice(piece.get(..octets).unwrap_or_default());
        self.piece.advance(octets);
        Poll::Ready(Ok(()))
    }
}
