//! The client's side: one connection, cloned handles, any number of requests.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::sync::oneshot;

pub use crate::actor::command::Permit;
use crate::actor::command::{Command, Rare};
use crate::actor::due::By;
use crate::actor::{Actor, Engine, NoRequests};
use crate::body::pump::{BoxError, Start};
use crate::body::{RecvBody, SendBody};
use crate::config::Config;
use crate::convert;
use crate::error::{CloseReason, Error, Outcome};
use crate::exchange::{Begin, Finish, Slot};
use crate::ext::RequestTimeout;
use crate::handle::common_methods;
use crate::hub::{self, Counters, Hub, Shared};
pub use crate::pool::{
    ConnectError, Connections, ConnectionsConfig, ConnectionsState, connections, connections_with,
    tcp_connector,
};
pub use crate::pushed::PushedResponses;
pub use crate::response::ResponseFuture;
use crate::tcp;
use crate::unsent::{Rejected, Unsent, UnsentBody};

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

/// Connects to `addr` over TCP, [tunes](tcp::tune) the socket, then does a [`handshake`] with prior
/// knowledge that the peer speaks HTTP/2.
///
/// # Errors
///
/// The peer cannot be reached, or the handshake failed.
///
/// There is no limit to the time that the system takes to find that a peer cannot be reached, which
/// may be minutes; [`tokio::time::timeout`] around this sets one. That of the handshake is
/// [`h2_core::Config::handshake_timeout`].
///
/// # Cancel safety
///
/// If the future is dropped, the connection is closed.
pub async fn connect(addr: impl ToSocketAddrs, config: Config) -> Result<Handle, Error> {
    let failed = |error: io::Error| CloseReason::from_io(error).to_error(Outcome::NotSent);
    let io = TcpStream::connect(addr).await.map_err(failed)?;
    tcp::tune(&io).map_err(failed)?;
    handshake(io, config).await
}

/// Turns a response of status 421 into an error: the server does not answer for the request's
/// origin, did nothing, and the same request may be sent over another connection, whatever its
/// method is (RFC 9110 §15.5.20). Any other response is given back as it is.
///
/// Responses are not turned by themselves, for their bodies may say more.
///
/// # Errors
///
/// [`Reason::Misdirected`](crate::Reason::Misdirected), to be retried on a new connection.
pub fn directed<B>(response: Response<B>) -> Result<Response<B>, Error> {
    match response.status() {
        StatusCode::MISDIRECTED_REQUEST => Err(Error::misdirected()),
        _ => Ok(response),
    }
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
    pub(crate) hub: Arc<Hub>,
}

impl Handle {
    /// Makes a request and waits for the head of its response.
    ///
    /// Requests beyond the streams that the peer allows wait in line. A body that is ready goes out
    /// with the head; any other is moved by a task that ends with the stream. Interim responses are
    /// dropped.
    ///
    /// # Panics
    ///
    /// If the body is not ready at once and this is not polled in a tokio runtime.
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
    pub fn request<B>(
        &self,
        request: Request<B>,
    ) -> impl Future<Output = Result<Response<RecvBody>, Error>> + use<'_, B>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        send(&self.hub, None, request)
    }

    /// As [`request`](Self::request), but a request that was certainly not processed is handed
    /// back, to be sent again: here, or over another connection.
    ///
    /// ```no_run
    /// # use h2_tokio::{Error, RecvBody, Retry, Unsent, client::Handle};
    /// # async fn f<B>(one: Handle, other: Handle, request: http::Request<B>)
    /// #     -> Result<http::Response<RecvBody>, Error>
    /// # where B: http_body::Body + Send + 'static, B::Data: Send,
    /// #     B::Error: Into<Box<dyn std::error::Error + Send + Sync>> {
    /// let mut rejected = match one.try_request(request).await {
    ///     Ok(response) => return Ok(response),
    ///     Err(rejected) => rejected,
    /// };
    /// match (rejected.error().retry_hint(), rejected.take_request()) {
    ///     (Retry::NewConnection, Some(request)) => Ok(other.try_request(request).await?),
    ///     _ => Err(rejected.into_error()),
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As there. The request comes with it where [`Error::is_unprocessed`] is true, unless more of
    /// its body was read than what was ready at once: a body that is longer is read on only when
    /// the head of the request has been written. So nothing is lost of a request that was
    /// [`NotSent`](Outcome::NotSent), and of one that was refused only what its body gave later.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn try_request<B>(
        &self,
        request: impl Into<Unsent<B>>,
    ) -> Result<Response<RecvBody>, Rejected<Unsent<B>>>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        exchange(&self.hub, None, request.into()).await
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
        Ok(self.try_send_request(head).await?)
    }

    /// As [`send_request`](Self::send_request), but the head is handed back with the error.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn try_send_request(
        &self,
        head: Request<()>,
    ) -> Result<(SendBody, ResponseFuture), Rejected<Request<()>>> {
        open_or_return(&self.hub, None, head, Finish::Open).await
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
        Ok(self.try_send_bodiless(head).await?)
    }

    /// As [`send_bodiless`](Self::send_bodiless), but the head is handed back with the error.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn try_send_bodiless(
        &self,
        head: Request<()>,
    ) -> Result<ResponseFuture, Rejected<Request<()>>> {
        let (_, response) = open_or_return(&self.hub, None, head, Finish::End).await?;
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

    /// What is known of the connection, without keeping it open.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.hub.shared
    }

    async fn ask(&self, wait: bool) -> Result<Permit, Error> {
        let (answer, answered) = oneshot::channel();
        let hub = Arc::clone(&self.hub);
        self.hub.send(Command::Rare(Box::new(Rare::Reserve { hub, wait, answer })))?;
        let mut asking = Asking { hub: &self.hub, answered };
        let answer = (&mut asking.answered).await;
        answer.unwrap_or_else(|_| Err(self.hub.shared.error(Outcome::NotSent)))
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
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let hub = Arc::clone(self.hub());
        send(&hub, Some(self), request).await
    }

    /// As [`Handle::try_request`], with the stream that this permit stands for.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn try_request<B>(
        self,
        request: impl Into<Unsent<B>>,
    ) -> Result<Response<RecvBody>, Rejected<Unsent<B>>>
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let hub = Arc::clone(self.hub());
        exchange(&hub, Some(self), request.into()).await
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
        Ok(self.try_send_request(head).await?)
    }

    /// As [`Handle::try_send_request`], with the stream that this permit stands for, which is used
    /// up in any case.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Cancel safety
    ///
    /// As there.
    pub async fn try_send_request(
        self,
        head: Request<()>,
    ) -> Result<(SendBody, ResponseFuture), Rejected<Request<()>>> {
        let hub = Arc::clone(self.hub());
        open_or_return(&hub, Some(self), head, Finish::Open).await
    }
}

/// A place in line. Dropped before it was answered, it is left.
struct Asking<'a> {
    hub: &'a Hub,
    answered: oneshot::Receiver<Result<Permit, Error>>,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if self.answered.is_terminated() {
            return;
        }
        self.answered.close();
        // From here on it is answered no more; a permit that had come goes back.
        if self.answered.try_recv().is_err() {
            let _ = self.hub.send(Command::Rare(Box::new(Rare::Leave)));
        }
    }
}

/// Makes a request that is not handed back. Its head is converted at once and dropped, so that the
/// future is small and seldom moved.
fn send<B>(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    request: Request<B>,
) -> impl Future<Output = Result<Response<RecvBody>, Error>> + use<'_, B>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let slot = slot(hub, &parts, body.size_hint().exact());
    let by = deadline(hub, &parts);
    drop(parts);
    async move {
        let slot = slot?;
        if body.is_end_stream() {
            slot.lock().send.end_at_once(Start::end());
            return dispatch(hub, permit, slot, by)?.await;
        }
        let mut body = UnsentBody::new(body);
        let sender = begin(hub, &slot, &mut body, false).await?;
        finish(hub, permit, slot, by, sender, &mut body).await
    }
}

/// Makes a request and waits for its response; hands it back if it was not processed.
async fn exchange<B>(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    mut unsent: Unsent<B>,
) -> Result<Response<RecvBody>, Rejected<Unsent<B>>>
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let slot = match slot(hub, &unsent.parts, unsent.body.size_hint().exact()) {
        Ok(slot) => slot,
        Err(error) => return Err(Rejected::new(error, Some(unsent))),
    };
    let by = deadline(hub, &unsent.parts);
    let sender = begin(hub, &slot, &mut unsent.body, true).await;
    let sender = sender.map_err(|error| Rejected::new(error, None))?;
    let error = match finish(hub, permit, slot, by, sender, &mut unsent.body).await {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    let whole = error.is_unprocessed() && unsent.body.recover().await;
    Err(Rejected::new(error, whole.then_some(unsent)))
}

/// Puts what is ready of the body into the slot, and gives what sends the rest, if there may be one.
async fn begin<B>(
    hub: &Arc<Hub>,
    slot: &Arc<Slot>,
    body: &mut UnsentBody<B>,
    keep: bool,
) -> Result<Option<SendBody>, Error>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let start = std::future::poll_fn(|cx| Poll::Ready(body.begin(cx, keep))).await?;
    let sender = start.is_open().then(|| SendBody::new(Arc::clone(slot), Arc::clone(hub), false));
    let mut state = slot.lock();
    match &sender {
        Some(_) => {
            state.send.chunks = start.chunks;
            state.recv.begin = Begin::Written;
        }
        None => state.send.end_at_once(start),
    }
    drop(state);
    Ok(sender)
}

/// Sends off what is in the slot; the rest of the body follows when the head has been written, for
/// until then the request may have to be handed back as it was.
async fn finish<B>(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    slot: Arc<Slot>,
    by: Option<By>,
    sender: Option<SendBody>,
    body: &mut UnsentBody<B>,
) -> Result<Response<RecvBody>, Error>
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let response = dispatch(hub, permit, slot, by)?;
    if let Some(sender) = sender {
        std::future::poll_fn(|cx| response.poll_begun(cx)).await?;
        body.pump_into(sender);
    }
    response.await
}

/// As [`open`], but hands back the head with the error.
async fn open_or_return(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    head: Request<()>,
    finish: Finish,
) -> Result<(SendBody, ResponseFuture), Rejected<Request<()>>> {
    let (parts, ()) = head.into_parts();
    let opened = open(hub, permit, &parts, finish).await;
    opened.map_err(|error| Rejected::new(error, Some(Request::from_parts(parts, ()))))
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
        state.recv.begin = Begin::Opened;
    }
    let sender = SendBody::new(Arc::clone(&slot), Arc::clone(hub), false);
    let pushes = hub.shared.takes_pushes.then(|| PushedResponses::of(&slot, hub));
    let response = dispatch(hub, permit, slot, deadline(hub, parts))?.with_pushes(pushes);
    std::future::poll_fn(|cx| response.poll_begun(cx)).await?;
    Ok((sender, response))
}

fn slot(
    hub: &Arc<Hub>,
    parts: &http::request::Parts,
    length: Option<u64>,
) -> Result<Arc<Slot>, Error> {
    let shared = &hub.shared;
    let slot = shared.slot();
    {
        // Nobody else has it yet, so the lock keeps nobody waiting.
        let mut state = slot.lock();
        let spare = state.spare();
        let (head, stripped) = convert::request_head(spare, parts, &shared.target, length)?;
        Counters::add(&shared.counters.stripped_fields, stripped);
        state.request(head, shared.room, shared.report_at);
        state.recv.bodiless = parts.method == Method::HEAD;
    }
    Ok(slot)
}

/// By when a request must be answered, if it must.
fn deadline(hub: &Hub, parts: &http::request::Parts) -> Option<By> {
    let own = parts.extensions.get::<RequestTimeout>().copied();
    let RequestTimeout { after, whole } = own.or(hub.shared.request_timeout)?;
    let at = tokio::time::Instant::now().into_std().checked_add(after)?;
    Some(By { at, whole })
}

fn dispatch(
    hub: &Arc<Hub>,
    permit: Option<Permit>,
    slot: Arc<Slot>,
    by: Option<By>,
) -> Result<ResponseFuture, Error> {
    let response = ResponseFuture::new(Arc::clone(&slot), Arc::clone(hub));
    let permit = permit.and_then(Permit::into_core);
    hub.send(match (permit, by) {
        (None, None) => Command::Open(slot),
        (permit, by) => Command::Rare(Box::new(Rare::OpenWith(permit, slot, by))),
    })?;
    Ok(response)
}
