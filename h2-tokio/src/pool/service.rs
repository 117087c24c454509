//! The client as a `tower` service, whose readiness is a slot that it holds.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::Body;
use tokio_util::sync::ReusableBoxFuture;
use tower_service::Service;

use super::floor::Held;
use super::{Connections, send};
use crate::body::RecvBody;
use crate::body::pump::BoxError;
use crate::error::Error;

/// How far one clone has come to being ready.
#[derive(Default)]
pub(super) enum Turn {
    #[default]
    Idle,
    Asking(ReusableBoxFuture<'static, Result<Held, Error>>),
    Holding(Held),
}

impl<B> Service<Request<B>> for Connections
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<RecvBody>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<RecvBody>, Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let pool = &self.door.pool;
        loop {
            match &mut self.turn {
                Turn::Holding(held) if held.serves() && !self.door.is_closing() => {
                    return Poll::Ready(Ok(()));
                }
                Turn::Idle | Turn::Holding(_) => {
                    let slot = Arc::clone(pool).reserve(None, true);
                    self.turn = Turn::Asking(ReusableBoxFuture::new(slot));
                }
                Turn::Asking(asking) => match ready!(asking.poll(cx)) {
                    Ok(held) => self.turn = Turn::Holding(held),
                    Err(error) => {
                        self.turn = Turn::Idle;
                        return Poll::Ready(Err(error));
                    }
                },
            }
        }
    }

    /// Sends with the slot that `poll_ready` got, or waits for one if it was not asked.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while the request waits, nothing is sent and its slot goes back;
    /// afterwards its stream is reset with CANCEL.
    fn call(&mut self, request: Request<B>) -> Self::Future {
        let held = match std::mem::take(&mut self.turn) {
            Turn::Holding(held) => Some(held),
            Turn::Idle | Turn::Asking(_) => None,
        };
        // Keeps the client open, should this be the last clone.
        let door = Arc::clone(&self.door);
        async move { Ok(send::send(&door.pool, held, request.into()).await?) }.boxed()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "idle",
            Self::Asking(_) => "asking",
            Self::Holding(_) => "holding",
        })
    }
}
