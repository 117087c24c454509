//! Why a connection ended or takes no more streams, and how far it had come.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2_core::{ErrorCode, Outcome, Retry, StreamId};

use super::{Cause, Error, Origin, Reason, Scope};

/// Why a connection ended. The first cause wins and reaches everyone. Cheap to clone.
#[derive(Clone)]
pub struct CloseReason {
    pub(super) cause: Arc<Cause>,
}

/// How far a connection had come when it ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    /// Streams that the end cut short.
    pub(crate) cut: usize,
    pub(crate) age: Duration,
    pub(crate) last_inbound: Option<StreamId>,
    pub(crate) last_outbound: Option<StreamId>,
}

impl CloseReason {
    /// What ended the connection.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.cause.reason
    }

    /// Who ended the connection.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.cause.reason.origin()
    }

    /// How many streams the end of the connection cut short.
    #[must_use]
    pub fn streams_cut(&self) -> usize {
        self.end().cut
    }

    /// How old the connection was when it ended; zero while it drains.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.end().age
    }

    /// The last stream that the peer had opened when the connection ended: on a server the last
    /// request. `None` if there was none, and while the connection drains.
    #[must_use]
    pub fn last_inbound_stream(&self) -> Option<StreamId> {
        self.end().last_inbound
    }

    /// The last stream that this side had opened when the connection ended: on a client the last
    /// request that was sent. `None` if there was none, and while the connection drains.
    #[must_use]
    pub fn last_outbound_stream(&self) -> Option<StreamId> {
        self.end().last_outbound
    }

    fn end(&self) -> End {
        self.cause.end.as_deref().copied().unwrap_or_default()
    }

    /// Whether the peer ended it because of too many PINGs: ENHANCE_YOUR_CALM with the debug data
    /// `too_many_pings`, as gRPC servers say it. Connections to it should double
    /// [`h2_core::Config::keep_alive_interval`], as those of
    /// [`tcp_connector`](crate::client::tcp_connector) do.
    #[must_use]
    pub fn is_too_many_pings(&self) -> bool {
        self.cause.is_too_many_pings()
    }

    /// The code of the GOAWAY, whoever sent it (RFC 9113 §7).
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.cause.code
    }

    /// What the last GOAWAY said about it, at most 256 octets.
    #[must_use]
    pub fn debug_data(&self) -> &Bytes {
        &self.cause.debug
    }

    /// The error of the transport, if it was one.
    #[must_use]
    pub fn io(&self) -> Option<&io::Error> {
        self.cause.source.as_deref().and_then(|source| source.downcast_ref())
    }

    /// Whether the connection ended as it should: without an error and with no stream cut short.
    #[must_use]
    pub fn is_graceful(&self) -> bool {
        self.cause.graceful
    }

    /// Nothing for a graceful end, an error otherwise.
    ///
    /// # Errors
    ///
    /// The reason itself, as an [`Error`], unless the end was graceful.
    pub fn into_result(self) -> Result<(), Error> {
        if self.is_graceful() { Ok(()) } else { Err(self.to_error(Outcome::MaybeProcessed)) }
    }

    /// The same reason, with how far the connection had come.
    pub(crate) fn ending(mut self, end: End) -> Self {
        if let Some(cause) = Arc::get_mut(&mut self.cause) {
            cause.end = Some(Box::new(end));
        }
        self
    }

    /// The error of something that the end of the connection cut short, but no stream.
    pub(crate) fn to_error(&self, outcome: Outcome) -> Error {
        let retry = Retry::after(outcome, self.cause.code, false, false);
        Error { cause: Arc::clone(&self.cause), outcome, retry }
    }

    /// The error of a stream that the end of the connection cut short.
    pub(crate) fn to_stream_error(&self, outcome: Outcome, retry: Retry) -> Error {
        self.to_error(outcome).with_retry(retry)
    }

    pub(crate) fn from_core(reason: &h2_core::CloseReason, http1: bool) -> Self {
        let violates = matches!(reason.origin, h2_core::Origin::Violation(_));
        let who = match violates && http1 {
            true => Reason::Http1,
            false => Reason::from_core(&reason.origin),
        };
        let mut cause = Cause::new(Scope::Connection, who, reason.code);
        cause.debug = reason.debug.clone();
        cause.graceful = reason.is_graceful();
        Self { cause: Arc::new(cause) }
    }

    pub(crate) fn from_io(error: io::Error) -> Self {
        let mut cause = Cause::new(Scope::Connection, Reason::Io, ErrorCode::INTERNAL_ERROR);
        cause.source = Some(Box::new(error));
        Self { cause: Arc::new(cause) }
    }

    /// Why a connection takes no more streams, while it has not ended.
    pub(crate) fn draining(reason: Reason, code: ErrorCode, debug: Bytes) -> Self {
        let mut cause = Cause::new(Scope::Connection, reason, code);
        cause.graceful = code == ErrorCode::NO_ERROR;
        cause.debug = debug;
        Self { cause: Arc::new(cause) }
    }

    /// Why a connection takes no more streams by a rule of this side's own.
    pub(crate) fn retired(by: &h2_core::Origin) -> Self {
        Self::draining(Reason::from_core(by), ErrorCode::NO_ERROR, Bytes::new())
    }

    pub(crate) fn aborted() -> Self {
        let cause = Cause::new(Scope::Connection, Reason::Aborted, ErrorCode::INTERNAL_ERROR);
        Self { cause: Arc::new(cause) }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl fmt::Debug for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseReason({}, graceful: {})", self.cause, self.cause.graceful)
    }
}
