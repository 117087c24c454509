//! The way of one request over several connections: to a slot, to its response, and again from the
//! start if it certainly was not processed.

use std::future::Future;
use std::sync::Arc;

use http::request::Parts;
use http::{Extensions, Response};
use http_body::Body;
use tokio::time::{Instant, timeout_at};

use super::floor::{Held, Pool, prove};
use crate::body::RecvBody;
use crate::body::pump::BoxError;
use crate::error::{Error, Outcome, Retry};
use crate::ext::RequestTimeout;
use crate::unsent::{Rejected, Unsent};

/// Sends a request with the slot that is held, or with the next that is free, and over other
/// connections if it comes back.
pub(super) async fn send<B>(
    pool: &Arc<Pool>,
    mut held: Option<Held>,
    mut unsent: Unsent<B>,
) -> Result<Response<RecvBody>, Rejected<Unsent<B>>>
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let limit = Limit::of(&unsent.parts, pool.config.request_timeout);
    let mut refused_by = None;
    let mut retries = pool.config.retries;
    loop {
        let slot = match held.take() {
            Some(slot) => Ok(slot),
            None => limit.bounds(Arc::clone(pool).reserve(refused_by, false)).await,
        };
        let (permit, id, proved) = match slot {
            Ok(slot) => slot.into_parts(),
            Err(error) => {
                limit.restore(&mut unsent.parts.extensions);
                return Err(Rejected::new(error, Some(unsent)));
            }
        };
        limit.stamp(&mut unsent.parts.extensions);
        let mut rejected = match permit.try_request(unsent).await {
            Ok(response) => {
                prove(&proved);
                return Ok(response);
            }
            Err(rejected) => rejected,
        };
        let Some(request) = rejected.take_request() else { return Err(rejected) };
        let error = rejected.into_error();
        unsent = request;
        if retries == 0 || error.retry_hint() == Retry::DoNot {
            limit.restore(&mut unsent.parts.extensions);
            return Err(Rejected::new(error, Some(unsent)));
        }
        retries -= 1;
        refused_by = Some(id);
    }
}

/// By when a request must be answered, over all its attempts.
struct Limit {
    at: Option<Instant>,
    whole: bool,
    /// What the request itself said.
    own: Option<RequestTimeout>,
}

impl Limit {
    fn of(parts: &Parts, default: Option<RequestTimeout>) -> Self {
        let own = parts.extensions.get::<RequestTimeout>().copied();
        let limit = own.or(default);
        // A time that never comes is none.
        let at = limit.and_then(|limit| Instant::now().checked_add(limit.after));
        Self { at, whole: limit.is_some_and(|limit| limit.whole), own }
    }

    /// Waits for a slot, but not for too long.
    async fn bounds(&self, slot: impl Future<Output = Result<Held, Error>>) -> Result<Held, Error> {
        let Some(at) = self.at else { return slot.await };
        let late = |_| Err(Error::timed_out(None, Outcome::NotSent));
        timeout_at(at, slot).await.unwrap_or_else(late)
    }

    /// Gives the attempt that follows what is left of the time.
    fn stamp(&self, extensions: &mut Extensions) {
        let Some(at) = self.at else { return };
        let after = at.saturating_duration_since(Instant::now());
        extensions.insert(RequestTimeout { after, whole: self.whole });
    }

    /// Puts back what the request itself said.
    fn restore(&self, extensions: &mut Extensions) {
        match (self.at, self.own) {
            (None, _) => {}
            (Some(_), Some(own)) => {
                extensions.insert(own);
            }
            (Some(_), None) => {
                extensions.remove::<RequestTimeout>();
            }
        }
    }
}
