//! The server's side: requests as they come, or a service that answers them.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::Stream;
use h2_core::{ErrorCode, StreamId};
use http::{Extensions, Method, Request};
use tokio::io::{AsyncRead, AsyncWrite};
pub use tokio_util::sync::CancellationToken;

use crate::actor::{Accept, Actor, Engine, Inbound};
use crate::body::RecvBody;
use crate::config::Config;
use crate::convert;
use crate::error::CloseReason;
use crate::exchange::{Slot, register};
use crate::handle::common_methods;
use crate::hub::{self, Counters, Hub};
pub use crate::listen::{AsIs, Report, Server};
pub use crate::responder::Responder;
pub use crate::serve::{Serve, ServiceFn, serve, service_fn};
use crate::sync::{Mutex, MutexGuard};

/// Runs a connection over `io` on a task of its own, and gives a handle to it and its requests.
///
/// # Panics
///
/// If it is not called in a tokio runtime with its timer enabled.
pub fn spawn_connection<IO>(io: IO, config: Config) -> (Handle, Incoming)
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (handle, incoming, driver) = connection(io, config);
    tokio::spawn(driver);
    (handle, incoming)
}

/// A connection over `io` as a handle, its requests, and the future that runs it for as long as it
/// is polled.
pub fn connection<IO>(io: IO, config: Config) -> (Handle, Incoming, Driver<IO>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (hub, commands) = hub::pair(&config);
    let engine = Engine::server(&config, commands, Arc::clone(&hub.shared));
    let queue = Arc::new(Queue::default());
    let driver = Driver { actor: Actor::new(io, engine, Queueing { queue: Arc::clone(&queue) }) };
    (
        Handle { hub: Arc::clone(&hub) },
        Incoming { queue, hub, extensions: config.extensions },
        driver,
    )
}

/// The future that runs a connection. Dropped, it aborts it: every stream and handle hears of it.
///
/// # Cancel safety
///
/// Polling it in a `select!` by reference is cancel-safe.
#[must_use = "a connection does nothing unless its driver is polled"]
pub struct Driver<IO> {
    actor: Actor<IO, Queueing>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for Driver<IO> {
    type Output = CloseReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.actor.poll(cx)
    }
}

impl<IO> fmt::Debug for Driver<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("server::Driver").finish_non_exhaustive()
    }
}

/// A handle to a server connection. Clones are cheap and equal.
///
/// A connection lives as long as a handle, its [`Incoming`] or anything of a stream does. When the
/// last of them is dropped, it says goodbye to the peer and closes.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(crate) hub: Arc<Hub>,
}

impl Handle {
    common_methods!();
}

/// The requests of a connection, as they come.
///
/// A request that nobody takes holds one of the streams that the peer may have open, so a server
/// that stops taking them is not flooded. Nobody needs to poll it for the connection to go on.
///
/// Dropped, it shuts the connection down gracefully: requests that were not taken are refused, the
/// others finish.
#[must_use = "requests that nobody takes are refused"]
pub struct Incoming {
    queue: Arc<Queue>,
    hub: Arc<Hub>,
    /// What every request carries.
    extensions: Extensions,
}

impl Incoming {
    /// The next request; `None` once the connection has ended.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a request that was not given out is given out next time.
    pub async fn next(&mut self) -> Option<(Request<RecvBody>, Responder)> {
        std::future::poll_fn(|cx| self.poll_accept(cx)).await
    }

    fn poll_accept(&self, cx: &Context<'_>) -> Poll<Option<(Request<RecvBody>, Responder)>> {
        loop {
            let mut line = self.queue.lock();
            let Some(accepted) = line.pop() else {
                if line.closed {
                    return Poll::Ready(None);
                }
                register(&mut line.waker, cx);
                return Poll::Pending;
            };
            drop(line);
            if let Some(request) = self.hand_out(accepted) {
                return Poll::Ready(Some(request));
            }
        }
    }

    /// Makes a request of what was received, unless that is over already or cannot be one.
    fn hand_out(&self, accepted: Accepted) -> Option<(Request<RecvBody>, Responder)> {
        let Accepted { slot, inbound } = accepted;
        let Inbound { stream, head, end } = inbound;
        let length = head.content_length();
        let head_only = head.method() == Method::HEAD.as_str();
        let reset = slot.lock().failure().is_some();
        let body = if end {
            RecvBody::empty()
        } else {
            RecvBody::new(Arc::clone(&slot), Arc::clone(&self.hub), length)
        };
        let responder = Responder::new(slot, Arc::clone(&self.hub), stream, head_only);
        if reset {
            return None;
        }
        let mut request = Request::new(body);
        let made = self.hub.shared.with_last(|last| convert::request(&mut request, head, last));
        match made {
            Ok(spare) => {
                responder.keep_spare(spare);
                request.extensions_mut().extend(self.extensions.clone());
                Some((request, responder))
            }
            Err(refused) => {
                Counters::add(&self.hub.shared.counters.unmappable_requests, 1);
                // The stream may be gone already; then nobody waits for the answer.
                let _ = responder.answer_status(refused.status);
                None
            }
        }
    }
}

impl Stream for Incoming {
    type Item = (Request<RecvBody>, Responder);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_accept(cx)
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let requests = {
            let mut line = self.queue.lock();
            line.deserted = true;
            std::mem::take(&mut line.requests)
        };
        for Accepted { slot, inbound } in requests {
            if !inbound.end {
                drop(RecvBody::new(Arc::clone(&slot), Arc::clone(&self.hub), None));
            }
            Responder::new(slot, Arc::clone(&self.hub), inbound.stream, false)
                .reset(ErrorCode::REFUSED_STREAM);
        }
        crate::handle::shutdown(&self.hub, None);
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// Requests for which memory is kept when none waits.
const KEEP: usize = 128;

/// Requests between the actor and [`Incoming`].
#[derive(Debug, Default)]
struct Queue {
    line: Mutex<Line>,
}

/// Bounded by the streams that the peer may have open: each request in it holds one.
#[derive(Debug, Default)]
struct Line {
    requests: VecDeque<Accepted>,
    waker: Option<Waker>,
    closed: bool,
    /// Nobody takes requests any more.
    deserted: bool,
}

#[derive(Debug)]
struct Accepted {
    slot: Arc<Slot>,
    inbound: Inbound,
}

impl Line {
    fn pop(&mut self) -> Option<Accepted> {
        let accepted = self.requests.pop_front();
        // After a burst of requests the streams themselves are enough to remember it by.
        if self.requests.is_empty() && self.requests.capacity() > KEEP {
            self.requests = VecDeque::new();
        }
        accepted
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes requests by putting them into the queue.
#[derive(Debug)]
struct Queueing {
    queue: Arc<Queue>,
}

impl Accept for Queueing {
    fn accept(&mut self, engine: &mut Engine, inbound: Inbound) {
        let stream = inbound.stream;
        if self.queue.lock().deserted {
            return engine.refuse(stream);
        }
        let slot = engine.open_inbound(stream, inbound.end);
        let mut line = self.queue.lock();
        if line.requests.capacity() == 0 {
            // The first room would be for four, and most connections have one request at a time.
            line.requests.reserve_exact(1);
        }
        line.requests.push_back(Accepted { slot, inbound });
        let waker = line.waker.take();
        drop(line);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn forget(&mut self, engine: &mut Engine, stream: StreamId) {
        let mut line = self.queue.lock();
        let Some(at) = line.requests.iter().position(|it| it.inbound.stream == stream) else {
            return;
        };
        line.requests.remove(at);
        drop(line);
        engine.conn.release_stream(stream);
    }

    fn poll(&mut self, _: &mut Engine, _: &mut Context<'_>) -> bool {
        false
    }

    fn is_busy(&self) -> bool {
        false
    }

    fn closed(&mut self) {
        let mut line = self.queue.lock();
        line.closed = true;
        let waker = line.waker.take();
        drop(line);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Drop for Queueing {
    fn drop(&mut self) {
        self.closed();
    }
}
