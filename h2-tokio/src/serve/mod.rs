//! Serving a connection with a service: handlers that answer at once cost no task, and one that
//! panics costs its own stream only.

mod handler;
mod pace;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use h2_core::{ErrorCode, Fields, RequestHead, ResponseHead, StreamId};
use http::{Extensions, Method, Request, Response};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use self::handler::Handler;
use self::pace::Pace;
use crate::actor::{Accept, Actor, Engine, Inbound};
use crate::body::RecvBody;
use crate::body::pump::{self, BoxError, Pinned, Pump, Start};
use crate::chunks::Chunks;
use crate::config::{Config, Knobs};
use crate::convert::{self, Date, Extra};
use crate::error::{CloseReason, Error};
use crate::exchange::{Finish, Slot};
use crate::hub::{self, Counters, Hub};
use crate::responder::Responder;
use crate::server::Handle;
use crate::trace;

/// Handlers polled in place between two writes.
const AT_ONCE: u32 = 64;

/// Serves a connection over `io`: every request becomes a call of `service`.
///
/// Each call is polled once where its request was read; if it is not done then, it gets a task of
/// its own ([`Config::poll_in_place`]). Responses get `date` and, where their length is known,
/// `content-length`; connection-specific fields are left out; the response to HEAD, and one of
/// status 204 or 304, has no body. `expect: 100-continue` is answered when the handler asks for the
/// body. A handler is dropped when the peer resets its stream. One that panics, or returns an
/// error, resets its stream with INTERNAL_ERROR, and that is all.
///
/// A service is asked whether it is ready only while a request waits for it; one that is not holds
/// the others back. What it has reserved for a request that was reset meanwhile it keeps for the
/// next one of its connection.
///
/// The future ends when the connection does; [`Serve::handle`] can end it gracefully. Dropped, it
/// aborts the connection.
///
/// # Panics
///
/// When polled outside of a tokio runtime with its timer enabled.
pub fn serve<IO, S, B>(io: IO, config: Config, service: S) -> Serve<IO, S, B>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<RecvBody>, Response = Response<B>, Error: Into<BoxError>>,
    S: Service<Request<RecvBody>, Future: Send + 'static>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let (hub, commands) = hub::pair(&config);
    let engine = Engine::server(&config, commands, Arc::clone(&hub.shared));
    let serving = Serving {
        service,
        hub: Arc::clone(&hub),
        knobs: config.knobs,
        line: VecDeque::new(),
        ready: false,
        failed: false,
        futures: Spare::default(),
        bodies: Spare::default(),
        pace: Pace::default(),
        date: None,
        spare: Fields::new(),
        extensions: config.extensions,
        begun: 0,
    };
    Serve { actor: Actor::new(io, engine, serving), hub }
}

/// A service made of an asynchronous function from request to response.
pub fn service_fn<F, Fut, B, E>(function: F) -> ServiceFn<F>
where
    F: FnMut(Request<RecvBody>) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
{
    ServiceFn { function }
}

/// The service that [`service_fn`] makes.
#[derive(Clone, Copy)]
pub struct ServiceFn<F> {
    function: F,
}

impl<F, Fut, B, E> Service<Request<RecvBody>> for ServiceFn<F>
where
    F: FnMut(Request<RecvBody>) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
{
    type Response = Response<B>;
    type Error = E;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<RecvBody>) -> Fut {
        (self.function)(request)
    }
}

impl<F> fmt::Debug for ServiceFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceFn").finish_non_exhaustive()
    }
}

/// A connection that is being served; see [`serve`].
///
/// # Cancel safety
///
/// Polling it in a `select!` by reference is cancel-safe. Dropping it aborts the connection.
#[must_use = "a connection is not served unless this is polled"]
pub struct Serve<IO, S: Service<Request<RecvBody>>, B> {
    actor: Actor<IO, Serving<S, B>>,
    hub: Arc<Hub>,
}

impl<IO, S: Service<Request<RecvBody>>, B> Serve<IO, S, B> {
    /// A handle to the connection, for its state and its shutdown.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { hub: Arc::clone(&self.hub) }
    }
}

impl<IO, S, B> Future for Serve<IO, S, B>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Service<Request<RecvBody>, Response = Response<B>, Error: Into<BoxError>>,
    S: Service<Request<RecvBody>, Future: Send + 'static>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Output = CloseReason;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<CloseReason> {
        self.actor.poll(cx)
    }
}

// Nothing in it is pinned but through a box of its own, or is the transport.
impl<IO: Unpin, S: Service<Request<RecvBody>>, B> Unpin for Serve<IO, S, B> {}

impl<IO, S: Service<Request<RecvBody>>, B> fmt::Debug for Serve<IO, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").finish_non_exhaustive()
    }
}

/// Room for a value that is polled in place, kept for the next one when it is done at once.
struct Spare<T>(Option<Pinned<T>>);

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Spare<T> {
    fn hold(&mut self, value: T) -> Pinned<T> {
        match self.0.take() {
            Some(mut place) => {
                place.set(Some(value));
                place
            }
            None => Box::pin(Some(value)),
        }
    }

    fn give_back(&mut self, mut place: Pinned<T>) {
        place.set(None);
        self.0 = Some(place);
    }
}

/// Takes requests by calling a service.
struct Serving<S: Service<Request<RecvBody>>, B> {
    service: S,
    /// Keeps the connection open: it is served until it ends.
    hub: Arc<Hub>,
    knobs: Knobs,
    /// Requests that were not begun. Bounded by the streams that the peer may have open.
    line: VecDeque<Waiting>,
    /// The service said that it takes another call.
    ready: bool,
    /// The service said that it takes no call ever again.
    failed: bool,
    futures: Spare<S::Future>,
    bodies: Spare<B>,
    pace: Pace,
    /// The present, for the requests of one turn.
    date: Option<Date>,
    /// Memory of the last request's head, for that of its response.
    spare: Fields,
    /// What every request carries.
    extensions: Extensions,
    /// Requests begun since memory was last given back.
    begun: u32,
}

/// A request that was not begun.
struct Waiting {
    inbound: Inbound,
    /// Where its body gathers meanwhile, if it has one.
    slot: Option<Arc<Slot>>,
}

/// A response as far as it is ready.
struct Prepared<B> {
    head: ResponseHead,
    start: Start,
    /// The body, if there may be more of it.
    rest: Option<Pinned<B>>,
}

/// What became of a request that was begun.
enum First<F, B> {
    Ready(Prepared<B>),
    /// Not done in place, if it was tried there.
    Later(Pinned<F>),
    /// It cannot be expressed, and is answered with this status.
    Unmappable(http::StatusCode),
    Failed,
}

impl<S, B> Accept for Serving<S, B>
where
    S: Service<Request<RecvBody>, Response = Response<B>, Error: Into<BoxError>>,
    S: Service<Request<RecvBody>, Future: Send + 'static>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    fn accept(&mut self, engine: &mut Engine, inbound: Inbound) {
        let slot = (!inbound.end).then(|| engine.open_inbound(inbound.stream, false));
        self.line.push_back(Waiting { inbound, slot });
    }

    fn forget(&mut self, engine: &mut Engine, stream: StreamId) {
        if let Some(at) = self.line.iter().position(|it| it.inbound.stream == stream) {
            self.line.remove(at);
            engine.conn.release_stream(stream);
        }
    }

    fn poll(&mut self, engine: &mut Engine, cx: &mut Context<'_>) -> bool {
        if self.line.is_empty() {
            return false;
        }
        let in_place = self.knobs.poll_in_place && self.pace.is_quick(engine.now);
        self.date = self.knobs.add_date.then(Date::now);
        let started = Instant::now();
        let mut begun = 0;
        while begun < AT_ONCE && self.poll_service(engine, cx) {
            let Some(Waiting { inbound, slot }) = self.line.pop_front() else { break };
            self.begin(engine, inbound, slot, in_place);
            begun += 1;
        }
        if in_place {
            self.pace.took(started.elapsed(), begun, engine.now);
        }
        self.begun = self.begun.saturating_add(begun);
        if self.begun <= 1 && self.line.is_empty() {
            self.let_go();
        }
        begun > 0
    }

    fn is_busy(&self) -> bool {
        !self.line.is_empty()
    }

    fn trim(&mut self) {
        self.begun = 0;
        self.let_go();
    }

    fn closed(&mut self) {
        self.line.clear();
    }
}

impl<S, B> Serving<S, B>
where
    S: Service<Request<RecvBody>, Response = Response<B>, Error: Into<BoxError>>,
    S: Service<Request<RecvBody>, Future: Send + 'static>,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    /// Lets go of the room of requests, which is worth keeping only if others follow: of many
    /// connections most ask once and then are idle.
    fn let_go(&mut self) {
        self.futures = Spare::default();
        self.bodies = Spare::default();
        if self.line.is_empty() {
            self.line = VecDeque::new();
        }
    }

    /// Whether the service takes another call. One that fails never will, and is not asked again.
    fn poll_service(&mut self, engine: &mut Engine, cx: &mut Context<'_>) -> bool {
        if self.ready || self.line.is_empty() {
            return self.ready;
        }
        if !self.failed {
            let service = &mut self.service;
            match catch_unwind(AssertUnwindSafe(|| service.poll_ready(cx).map_err(Into::into))) {
                Ok(Poll::Pending) => return false,
                Ok(Poll::Ready(Ok(()))) => {
                    self.ready = true;
                    return true;
                }
                Ok(Poll::Ready(Err(error))) => {
                    let error: BoxError = error;
                    trace::warn!(error, "service failed");
                }
                Err(_) => {}
            }
            self.failed = true;
            Counters::add(&self.hub.shared.counters.failed_handlers, 1);
            engine.conn.shutdown(engine.now);
        }
        for waiting in self.line.drain(..) {
            engine.reject(waiting.inbound.stream, ErrorCode::REFUSED_STREAM);
        }
        false
    }

    fn begin(
        &mut self,
        engine: &mut Engine,
        inbound: Inbound,
        slot: Option<Arc<Slot>>,
        in_place: bool,
    ) {
        let Inbound { stream, head, end } = inbound;
        let head_only = head.method() == Method::HEAD.as_str();
        let length = head.content_length();
        let expects = !end
            && self.knobs.auto_continue
            && head.get("expect").is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
        let body = match &slot {
            None => RecvBody::empty(),
            Some(slot) => {
                slot.lock().recv.continue_due = expects;
                RecvBody::new(Arc::clone(slot), Arc::clone(&self.hub), length)
            }
        };
        let worked = catch_unwind(AssertUnwindSafe(|| self.work(head, body, head_only, in_place)));
        let first = worked.unwrap_or_else(|_| {
            Counters::add(&self.hub.shared.counters.failed_handlers, 1);
            First::Failed
        });
        match first {
            First::Ready(prepared) => self.answer(engine, stream, slot, head_only, prepared),
            First::Later(future) => {
                let slot = slot.unwrap_or_else(|| engine.open_inbound(stream, true));
                let responder = Responder::new(slot, Arc::clone(&self.hub), stream, head_only);
                responder.keep_spare(std::mem::take(&mut self.spare));
                tokio::spawn(Handler::<S::Future, B>::new(
                    future,
                    responder,
                    &self.hub,
                    self.knobs.add_date,
                ));
            }
            First::Unmappable(status) => {
                Counters::add(&self.hub.shared.counters.unmappable_requests, 1);
                let Some(slot) = slot else { return answer_status(engine, stream, status) };
                let responder = Responder::new(slot, Arc::clone(&self.hub), stream, head_only);
                // A stream that was reset meanwhile wants no answer.
                let _ = responder.answer_status(status);
            }
            First::Failed => engine.reject(stream, ErrorCode::INTERNAL_ERROR),
        }
    }

    /// Calls the service and, in place, polls the call once and takes what is ready of its response.
    /// What it wakes then wakes nobody; the first poll in its task registers it anew.
    ///
    /// All the code of the user's that a request needs runs in here, so that it is caught once if it
    /// panics, and so that request and response, which are large, are moved little: that is worth
    /// 80 instructions.
    fn work(
        &mut self,
        head: RequestHead,
        body: RecvBody,
        head_only: bool,
        in_place: bool,
    ) -> First<S::Future, B> {
        let mut request = Request::new(body);
        let made = self.hub.shared.with_last(|last| convert::request(&mut request, head, last));
        match made {
            Ok(spare) => self.spare = spare,
            Err(refused) => return First::Unmappable(refused.status),
        }
        self.ready = false;
        request.extensions_mut().extend(self.extensions.clone());
        let mut future = self.futures.hold(self.service.call(request));
        if !in_place {
            return First::Later(future);
        }
        let mut nobody = Context::from_waker(std::task::Waker::noop());
        let polled = match future.as_mut().as_pin_mut() {
            Some(future) => future.poll(&mut nobody),
            None => Poll::Pending,
        };
        let Poll::Ready(result) = polled else { return First::Later(future) };
        self.futures.give_back(future);
        match result {
            Ok(response) => self.prepare(response, head_only),
            Err(error) => {
                let error: BoxError = error.into();
                trace::debug!(error, "handler failed");
                Counters::add(&self.hub.shared.counters.failed_handlers, 1);
                First::Failed
            }
        }
    }

    /// Sends a response that was ready in place.
    fn answer(
        &self,
        engine: &mut Engine,
        stream: StreamId,
        slot: Option<Arc<Slot>>,
        head_only: bool,
        Prepared { head, start, rest }: Prepared<B>,
    ) {
        let Start { mut chunks, finish } = start;
        let slot = match (slot, &rest) {
            (None, None) => return engine.respond(stream, head, chunks, finish),
            (Some(slot), _) => slot,
            (None, Some(_)) => engine.open_inbound(stream, true),
        };
        let responder = Responder::new(slot, Arc::clone(&self.hub), stream, head_only);
        if let (Ok(Some(to)), Some(body)) = (responder.start_with(head, &mut chunks, finish), rest)
        {
            let pump = Pump::new(body, to, ErrorCode::INTERNAL_ERROR);
            tokio::spawn(Handler::<S::Future, B>::streaming(pump, &self.hub));
        }
    }

    /// The head of a response, what is ready of its body, and the body if there may be more.
    fn prepare(&mut self, response: Response<B>, head_only: bool) -> First<S::Future, B> {
        let (parts, body) = response.into_parts();
        let extra = extra(&body, parts.status, head_only, self.date);
        let spare = std::mem::take(&mut self.spare);
        let started = convert::response_head(spare, parts.status, &parts.headers, extra).and_then(
            |(head, stripped)| {
                Counters::add(&self.hub.shared.counters.stripped_fields, stripped);
                let void = head_only || convert::is_bodiless(parts.status);
                let (start, rest) = if void || body.is_end_stream() {
                    (Start::end(), None)
                } else {
                    self.start(body)?
                };
                Ok(Prepared { head, start, rest })
            },
        );
        match started {
            Ok(prepared) => First::Ready(prepared),
            Err(error) => {
                trace::debug!(%error, "response cannot be sent");
                First::Failed
            }
        }
    }

    /// Takes what is ready of a response body, and gives back the body if there may be more.
    fn start(&mut self, body: B) -> Result<(Start, Option<Pinned<B>>), Error> {
        let mut body = self.bodies.hold(body);
        let mut nobody = Context::from_waker(std::task::Waker::noop());
        let start = match body.as_mut().as_pin_mut() {
            Some(body) => pump::take_ready(body, &mut nobody)?,
            None => Start::end(),
        };
        if matches!(start.finish, Finish::Open) {
            return Ok((start, Some(body)));
        }
        self.bodies.give_back(body);
        Ok((start, None))
    }
}

/// Answers without a body to a request that no service can be called with.
fn answer_status(engine: &mut Engine, stream: StreamId, status: http::StatusCode) {
    match convert::response_head(Fields::new(), status, &http::HeaderMap::new(), Extra::default()) {
        Ok((head, _)) => engine.respond(stream, head, Chunks::default(), Finish::End),
        Err(_) => engine.reject(stream, ErrorCode::INTERNAL_ERROR),
    }
}

/// The fields that are added to a response.
fn extra<B: Body>(
    body: &B,
    status: http::StatusCode,
    head_only: bool,
    date: Option<Date>,
) -> Extra {
    let content_length = match body.size_hint().exact() {
        // The body of an answer to HEAD is often left out; its length is then not zero.
        Some(0) if head_only => None,
        _ if convert::is_bodiless(status) => None,
        exact => exact,
    };
    Extra { content_length, date }
}
