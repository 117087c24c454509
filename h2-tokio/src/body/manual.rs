//! A body that is released by hand: the peer may send again what the application has let go of.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;

use super::RecvBody;
use crate::error::Error;
use crate::exchange::Slot;
use crate::hub::Hub;

/// A [`RecvBody`] whose pieces hold the peer's credit until they are dropped, for those who keep
/// what they read: it bounds the octets that were read and are still in use, where a [`RecvBody`]
/// bounds those that were not read.
///
/// While the body comes in, what waits to be read and what is held in [`Piece`]s and [`Credit`]s is
/// together at most the stream's window: [`h2_core::Config::stream_window`], which may grow to
/// [`h2_core::Config::max_stream_window`]. Whoever holds a window full and waits for more waits for
/// ever. The same octets are held against the window of the connection, so with isolation switched
/// off they can stop other streams. Once the peer has ended the body, or the stream has ended in
/// any other way, there is nothing left to give back: the credit has gone back by itself, whatever
/// is held, and the octets are the application's own.
///
/// Dropped before its end it does what a [`RecvBody`] does.
#[derive(Debug)]
pub struct ManualBody {
    body: RecvBody,
}

/// A piece of a body that is released by hand. Dropped, it lets the peer send as much again.
#[derive(Debug)]
#[must_use = "a piece that is dropped lets the peer send as much again"]
pub struct Piece {
    data: Bytes,
    credit: Credit,
}

/// The right of the peer to send so many octets again, held back. Dropped, it goes to the peer; it
/// does not keep the connection open.
#[must_use = "credit that is dropped goes back to the peer at once"]
pub struct Credit {
    octets: usize,
    /// `None` for a message without a body.
    link: Option<(Arc<Slot>, Weak<Hub>)>,
}

impl ManualBody {
    pub(super) fn new(body: RecvBody) -> Self {
        Self { body }
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
    pub async fn piece(&mut self) -> Option<Result<Piece, Error>> {
        std::future::poll_fn(|cx| self.poll_piece(cx)).await
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
        while let Some(piece) = self.piece().await {
            drop(piece?);
        }
        self.body.trailers().await
    }

    /// As [`piece`](Self::piece), for futures written by hand.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Piece, Error>>> {
        let next = ready!(self.body.poll_data(cx));
        Poll::Ready(
            next.map(|next| next.map(|data| Piece { credit: self.body.credit(data.len()), data })),
        )
    }
}

impl Stream for ManualBody {
    type Item = Result<Piece, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_piece(cx)
    }
}

impl Piece {
    /// The octets.
    #[must_use]
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// The octets, and the credit for them to be dropped whenever that is right.
    pub fn into_parts(self) -> (Bytes, Credit) {
        (self.data, self.credit)
    }

    /// Lets the peer send as much again now, and gives the octets.
    #[must_use = "dropping the piece does the same"]
    pub fn release(self) -> Bytes {
        self.data
    }
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.data
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.data
    }
}

impl Credit {
    pub(super) fn new(octets: usize, link: Option<(Arc<Slot>, Weak<Hub>)>) -> Self {
        Self { octets, link }
    }

    /// How many octets the peer may send once this is dropped.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.octets
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        let Some((slot, hub)) = self.link.take() else { return };
        // Without a handle the connection is on its way out, and nobody waits for credit on it.
        let Some(hub) = hub.upgrade() else { return };
        slot.update(&hub, |state| ((), state.recv.give_back(self.octets)));
    }
}

impl fmt::Debug for Credit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credit").field("octets", &self.octets).finish_non_exhaustive()
    }
}
