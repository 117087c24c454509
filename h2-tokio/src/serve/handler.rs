//! A call that was not done in place: a task of its own that ends with its stream.
//!
//! When it panics, the responder is dropped unused, or the pump before its end: both reset the
//! stream with INTERNAL_ERROR.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use h2_core::ErrorCode;
use http::Response;
use http_body::Body;

use super::extra;
use crate::body::pump::{self, BoxError, Pinned, Pump, Start};
use crate::chunks::Chunks;
use crate::convert::Date;
use crate::exchange::Finish;
use crate::hub::{Counters, Hub};
use crate::responder::Responder;
use crate::trace;

/// A call in a task of its own, then its response body.
pub(super) struct Handler<F, B> {
    future: Option<Pinned<F>>,
    responder: Option<Responder>,
    pump: Option<Pump<B>>,
    hub: Arc<Hub>,
    date: bool,
}

impl<F, B, E> Future for Handler<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        match catch_unwind(AssertUnwindSafe(|| this.poll_all(cx))) {
            Ok(polled) => polled,
            Err(_) => {
                Counters::add(&this.hub.shared.counters.failed_handlers, 1);
                Poll::Ready(())
            }
        }
    }
}

impl<F, B, E> Handler<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Into<BoxError>,
    E: Into<BoxError>,
{
    pub(super) fn new(future: Pinned<F>, responder: Responder, hub: &Arc<Hub>, date: bool) -> Self {
        let hub = Arc::clone(hub);
        Self { future: Some(future), responder: Some(responder), pump: None, hub, date }
    }

    /// A call that was answered in place, but for the rest of the body.
    pub(super) fn streaming(pump: Pump<B>, hub: &Arc<Hub>) -> Self {
        let (hub, pump) = (Arc::clone(hub), Some(pump));
        Self { future: None, responder: None, pump, hub, date: false }
    }

    fn poll_all(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.pump.is_none() {
            let Some(result) = ready!(self.poll_call(cx)) else { return Poll::Ready(()) };
            self.answer(result, cx);
        }
        match &mut self.pump {
            Some(pump) => Pin::new(pump).poll(cx).map(drop),
            None => Poll::Ready(()),
        }
    }

    /// Waits for the response; `None` if nobody wants it any more.
    fn poll_call(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Response<B>, E>>> {
        let Some(responder) = &mut self.responder else { return Poll::Ready(None) };
        if responder.poll_cancelled(cx).is_ready() {
            return Poll::Ready(None);
        }
        let Some(future) = self.future.as_mut().and_then(|future| future.as_mut().as_pin_mut())
        else {
            return Poll::Ready(None);
        };
        let result = ready!(future.poll(cx));
        self.future = None;
        Poll::Ready(Some(result))
    }

    fn answer(&mut self, result: Result<Response<B>, E>, cx: &mut Context<'_>) {
        let Some(mut responder) = self.responder.take() else { return };
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                let error: BoxError = error.into();
                trace::debug!(error, "handler failed");
                Counters::add(&self.hub.shared.counters.failed_handlers, 1);
                return responder.reset(ErrorCode::INTERNAL_ERROR);
            }
        };
        let (parts, body) = response.into_parts();
        let head_only = responder.is_void(http::StatusCode::OK);
        let date = self.date.then(Date::now);
        let extra = extra(&body, parts.status, head_only, date);
        let Ok((head, void)) = responder.head(parts.status, &parts.headers, extra) else { return };
        if void || body.is_end_stream() {
            let _ = responder.start_with(head, &mut Chunks::default(), Finish::End);
            return;
        }
        let mut body = Box::pin(Some(body));
        let start = match body.as_mut().as_pin_mut() {
            Some(body) => pump::take_ready(body, cx),
            None => Ok(Start::end()),
        };
        match start {
            Ok(Start { mut chunks, finish }) => {
                // A stream that has ended wants no answer.
                if let Ok(Some(to)) = responder.start_with(head, &mut chunks, finish) {
                    self.pump = Some(Pump::new(body, to, ErrorCode::INTERNAL_ERROR));
                }
            }
            Err(error) => {
                trace::debug!(%error, "response body failed");
                responder.reset(ErrorCode::INTERNAL_ERROR);
            }
        }
    }
}

// Nothing in a handler is pinned but through a box of its own.
impl<F, B> Unpin for Handler<F, B> {}
