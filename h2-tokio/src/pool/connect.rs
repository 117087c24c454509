//! How a connection is made: by whatever the user gives, or by TCP.

use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::net::ToSocketAddrs;

use crate::client::{self, Handle};
use crate::config::Config;
use crate::error::CloseReason;
use crate::hub::Shared;
use crate::sync::Mutex;

/// Why a connection could not be made, and whether to try again.
///
/// Every error converts into one that is [worth another attempt](Self::new), so `?` does it.
pub struct ConnectError {
    source: Box<dyn StdError + Send + Sync>,
    fatal: bool,
}

impl ConnectError {
    /// It may go better later: the next attempt follows after a pause.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into(), fatal: false }
    }

    /// It will never work, because a certificate is wrong, say: no attempt follows, requests that
    /// wait and later ones fail with it, and what is connected is shut down.
    pub fn fatal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { source: source.into(), fatal: true }
    }

    /// Whether no attempt follows.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    pub(super) fn into_source(self) -> Box<dyn StdError + Send + Sync> {
        self.source
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for ConnectError {
    fn from(source: E) -> Self {
        Self::new(source)
    }
}

// Not an `Error`, or it would have to convert into itself twice.
impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)
    }
}

impl fmt::Debug for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fatal = if self.fatal { ", fatal" } else { "" };
        write!(f, "ConnectError({}{fatal})", self.source)
    }
}

/// A connector for [`connections`](super::connections) that does what [`client::connect`] does:
/// TCP, tuned, with prior knowledge that the peer speaks HTTP/2. A name is looked up again for each
/// attempt.
///
/// When the peer ends a connection because of [too many PINGs](CloseReason::is_too_many_pings), those
/// that follow wait twice as long between theirs
/// ([`h2_core::Config::keep_alive_interval`]).
///
/// # Cancel safety
///
/// If the future of an attempt is dropped, its connection is closed.
pub fn tcp_connector<A>(
    addr: A,
    config: Config,
) -> impl Fn() -> BoxFuture<'static, Result<Handle, ConnectError>> + Send + Sync + 'static
where
    A: ToSocketAddrs + Clone + Send + Sync + 'static,
{
    let pings = Arc::new(Pings::new(config.core.keep_alive_interval));
    move || {
        let (addr, mut config, pings) = (addr.clone(), config.clone(), Arc::clone(&pings));
        async move {
            config.core.keep_alive_interval = pings.interval();
            let interval = config.core.keep_alive_interval;
            let handle = client::connect(addr, config).await?;
            pings.watch(interval, handle.shared());
            Ok(handle)
        }
        .boxed()
    }
}

/// How long the connections to one peer wait between their PINGs, which a peer that finds them too
/// many makes longer.
struct Pings {
    state: Mutex<Intervals>,
}

struct Intervals {
    next: Option<Duration>,
    /// The connections that may still be ended for it, with their own.
    watched: Vec<(Option<Duration>, Arc<Shared>)>,
}

impl Pings {
    fn new(interval: Option<Duration>) -> Self {
        Self { state: Mutex::new(Intervals { next: interval, watched: Vec::new() }) }
    }

    /// That of the next connection.
    fn interval(&self) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Intervals { next, watched } = &mut *state;
        watched.retain(|(own, shared)| {
            let ends = [shared.draining(), shared.closed()];
            let annoyed = ends.into_iter().flatten().any(CloseReason::is_too_many_pings);
            if annoyed {
                // Those that were as quick as this one make it no longer.
                *next = (*next).max(own.map(|own| own.saturating_mul(2)));
            }
            !annoyed && shared.closed().is_none()
        });
        *next
    }

    fn watch(&self, interval: Option<Duration>, connection: &Arc<Shared>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if interval.is_some() {
            state.watched.push((interval, Arc::clone(connection)));
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use h2_core::ErrorCode;

    use super::*;
    use crate::error::Reason;
    use crate::hub;

    const MINUTE: Duration = Duration::from_secs(60);

    /// A connection with this interval that ended so.
    fn ended(pings: &Pings, interval: Duration, code: ErrorCode, debug: &'static str) {
        let (hub, _commands) = hub::pair(&Config::client());
        pings.watch(Some(interval), &hub.shared);
        let debug = Bytes::from_static(debug.as_bytes());
        hub.shared.close(CloseReason::draining(Reason::Peer, code, debug));
    }

    #[test]
    fn too_many_pings_double_the_interval_once_for_all_that_were_as_quick() {
        let pings = Pings::new(Some(MINUTE));
        let calm = ErrorCode::ENHANCE_YOUR_CALM;
        ended(&pings, MINUTE, calm, "too_many_pings");
        ended(&pings, MINUTE, calm, "too_many_pings");
        assert_eq!(pings.interval(), Some(2 * MINUTE));
        ended(&pings, MINUTE, calm, "too_many_pings");
        assert_eq!(pings.interval(), Some(2 * MINUTE), "that one was from before");
        ended(&pings, 2 * MINUTE, calm, "too_many_pings");
        assert_eq!(pings.interval(), Some(4 * MINUTE));
    }

    #[test]
    fn other_ends_leave_the_interval_as_it_is() {
        let pings = Pings::new(Some(MINUTE));
        ended(&pings, MINUTE, ErrorCode::ENHANCE_YOUR_CALM, "too many requests");
        ended(&pings, MINUTE, ErrorCode::NO_ERROR, "too_many_pings");
        assert_eq!(pings.interval(), Some(MINUTE));
        assert_eq!(Pings::new(None).interval(), None);
    }
}
