//! The client's side: one connection, cloned handles, any number of requests.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::sync::oneshot;

pub use crate::actor::command::Permit;
use crate::actor::command::{Command, Rare};
use crate::actor::{Actor, Engine, NoRequests};
use crate::body::pump::{self, BoxError, Pump};
use crate::body::{RecvBody, SendBody};
use crate::config::Config;
use crate::convert;
use crate::error::{CloseReason, Error, Outcome};
use crate::exchange::{Finish, Slot};
use crate::handle::common_methods;
use crate::hub::{self, Counters, Hub};
pub use crate::pushed::PushedResponses;
pub use crate::response::ResponseFuture;

/// Runs a connection over `io` on a task of its own, and gives a handle to it at once.
///
/// Requests may be made before the peer has said anything; they wait for it if they must.
///
/// # Panics
///
/// If it is not called in a tokio runtime with its timer enabled.
pub fn spawn_connection<IO>(io: IO, config: Config) -> Handle
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (handle, driver) = connection(io, config);
    tokio::spawn(driver);
    handle
}

/// As [`spawn_connection`], but waits for the peer's SETTINGS.
///
/// # Errors
///
/// The connection ended before they came; a peer that speaks HTTP/1 is called so.
///
/// # Cancel safety
///
/// If the future is dropped, the connection is closed.
pub async fn handshake<IO>(io: IO, config: Config) -> Result<Handle, Error>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handle = spawn_connection(io, config);
    handle.ready().await?;
    Ok(handle)
}

/// Connects to `addr` over TCP with TCP_NODELAY, then does a [`handshake`] with prior knowledge
/// that the peer speaks HTTP/2.
///
/// # Errors
///
/// The peer cannot be reached, or the handshake failed.
///
/// # Cancel safety
///
/// If the future is dropped, the connection is closed.
pub async fn connect(addr: impl ToSocketAddrs, config: Config) -> Result<Handle, Error> {
    let failed = |error: io::Error| CloseReason::from_io(error).to_error(Outcome::NotSent);
    let io = TcpStream::connect(addr).await.map_err(failed)?;
    io.set_nodelay(true).map_err(failed)?;
    handshake(io, config).await
}

/// A connection over `io` as a handle, and the future that runs it for as long as it is polled.
pub fn connection<IO>(io: IO, config: Config) -> (Handle, Driver<IO>)
where
    IO: AsyncRead + AsyncWrite + Unpin,
{
    let (hub, commands) = hub::pair(&config);
    let engine = Engine::client(&config, commands, Arc::clone(&hub.shared));
    (Handle { hub }, Driver { actor: Actor::new(io, engine, NoRequests) })
}

/// The future that runs a connection. Dropped, it aborts it: every stream and handle hears of it.
///
/// # Cancel safety
///
/// Polling it in a `select!` by reference is cancel-safe.
#[must_use = "a connection does nothing unless its driver is polled"]
pub struct Driver<IO> {
    actor: Actor<IO, NoRequests>,
}

impl<IO: AsyncRead + AsyncWrite + Unpin> Future for Driver<IO> {
    type Output = CloseReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.actor.poll(cx)
    }
}

impl<IO> fmt::Debug for Driver<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("client::Driver").finish_non_exhaustive()
    }
}

/// A handle to a client connection. Clones are cheap and equal.
///
/// The connection lives as long as a handle, a body or a response that is awaited does. When the
/// last of them is dropped, it says goodbye to the peer and closes.
#[derive(Clone, Debug)]
pub struct Handle {
    hub: Arc<Hub>,
}

impl Handle {
    /// Makes a request and waits for the head of its response.
    ///
    /// Requests beyond the streams that the peer allows wait in line. A body that is ready goes out
    /// with the head; any other is moved by a task that ends with the stream. Interim responses are
    /// dropped.
    ///
    /// # Errors
    ///
    /// [`Error::outcome`] says whether the request may be sent again. A body that fails resets the
    /// stream with CANCEL and is the error.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped while the request waits in line, nothing is sent; afterwards the
    /// stream is reset with CANCEL. No other request is affected.
    pub async fn request<B>(&self, request: Request<B>) -> Result<Response<RecvBody>, Error>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        start(&self.hub, None, request).await?.await
    }

    /// Makes a request whose body and response are streamed. Returns when the request has a stream.
    ///
    /// # Errors
    ///
    /// The request got no stream; it was not sent.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing is sent, or the stream is reset with CANCEL.
    pub async fn send_request(
        &self,
        head: Request<()>,
    ) -> Result<(SendBody, ResponseFuture), Error> {
        open(&self.hub, None, &head.into_parts().0, Finish::Open).await
    }

    /// Makes a request without a body whose response is streamed, interim ones included. Returns
    /// when the request has a stream.
    ///
    /// # Errors
    ///
    /// The request got no stream; it was not sent.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, nothing is sent, or the stream is reset with CANCEL.
    pub async fn send_bodiless(&self, head: Request<()>) -> Result<ResponseFuture, Error> {
        let (_, response) = open(&self.hub, None, &head.into_parts().0, Finish::End).await?;
        Ok(response)
    }

    /// Waits in line for the right to open one stream.
    ///
    /// # Errors
    ///
    /// The line is full, or the connection takes no more streams.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe; the place in line is lost.
    pub async fn reserve(&self) -> Result<Permit, Error> {
        self.ask(true).await
    }

    /// As [`reserve`](Self::reserve), but fails with [`h2_core::Misuse::NoSlot`] instead of waiting
    /// in line. It waits for the connection's task alone, never for the peer.
    ///
    /// # Errors
    ///
    /// There is no free stream, or the connection takes no more.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn try_reserve(&self) -> Result<Permit, Error> {
        self.ask(false).await
    }

    async fn ask(&self, wait: bool) -> Result<Permit, Error> {
        let (answer, answered) = oneshot::channel();
        let hub = Arc::clone(&self.hub);
        self.hub.send(Command::Rare(Box::new(Rare::Reserve { hub, wait, answer })))?;
        answered.await.unwrap_or_else(|_| Err(self.hub.shared.error(Outcome::NotSent)))
    }

    common_methods!();
}

impl Permit {
    /// As [`Handle::request`], with the stream that this permit stands for.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn request<B>(self, request: Request<B>) -> Result<Response<RecvBody>, Error>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let hub = Arc::clone(self.hub());
        start(&hub, Some(self), request).await?.await
    }

    /// As [`Handle::send_request`], with the stream that this permit stands for.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn send_request(
        self,
        head: Request<()>,
    ) -> Result<(SendBody, ResponseFuture), Error> {
        let hub = Arc::clone(self.hub());
        open(&hub, Some(self), &head.into_parts().0, Finish::Open).await
    }
}

/// Sends off a request with what is ready of its body; a task moves the rest.
async fn start<B>(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    request: Request<B>,
) -> Result<ResponseFuture, Error>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let length = body.size_hint().exact();
    let slot = slot(hub, &parts, length)?;
    if body.is_end_stream() {
        slot.lock().send.end_at_once(pump::Start::end());
        return dispatch(hub, permit, slot);
    }
    let mut body = Box::pin(Some(body));
    let ready = std::future::poll_fn(|cx| {
        Poll::Ready(match body.as_mut().as_pin_mut() {
            Some(body) => pump::take_ready(body, cx),
            None => Ok(pump::Start::end()),
        })
    });
    let ready = ready.await.map_err(|error| error.with_outcome(Outcome::NotSent))?;
    if !matches!(ready.finish, Finish::Open) {
        slot.lock().send.end_at_once(ready);
        return dispatch(hub, permit, slot);
    }
    slot.lock().send.chunks = ready.chunks;
    let sender = SendBody::new(Arc::clone(&slot), Arc::clone(hub), false);
    let response = dispatch(hub, permit, slot)?;
    tokio::spawn(Pump::new(body, sender));
    Ok(response)
}

/// Sends off a request and waits until it has a stream.
async fn open(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    parts: &http::request::Parts,
    finish: Finish,
) -> Result<(SendBody, ResponseFuture), Error> {
    let slot = slot(hub, parts, None)?;
    {
        let mut state = slot.lock();
        state.send.finish = finish;
        state.recv.streamed = true;
    }
    let sender = SendBody::new(Arc::clone(&slot), Arc::clone(hub), false);
    let pushes = hub.shared.takes_pushes.then(|| PushedResponses::of(&slot, hub));
    let response = dispatch(hub, permit, slot)?.with_pushes(pushes);
    std::future::poll_fn(|cx| response.poll_opened(cx)).await?;
    Ok((sender, response))
}

fn slot(
    hub: &Arc<Hub>,
    parts: &http::request::Parts,
    length: Option<u64>,
) -> Result<Arc<Slot>, Error> {
    let shared = &hub.shared;
    let (head, stripped) = convert::request_head(parts, &shared.target, length)?;
    Counters::add(&shared.counters.stripped_fields, stripped);
    Ok(Arc::new(Slot::request(head, shared.room, shared.report_at)))
}

fn dispatch(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    slot: Arc<Slot>,
) -> Result<ResponseFuture, Error> {
    let response = ResponseFuture::new(Arc::clone(&slot), Arc::clone(hub));
    hub.send(match permit.and_then(Permit::into_core) {
        Some(permit) => Command::Rare(Box::new(Rare::OpenWith(permit, slot))),
        None => Command::Open(slot),
    })?;
    Ok(response)
}
