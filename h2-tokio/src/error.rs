//! What can go wrong, told once and the same to everyone it concerns: who did it, why, and how far
//! the request had come.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use h2_core::{ErrorCode, Malformed, Misuse, Offence, ResetCause, Timer};
pub use h2_core::{Outcome, Retry};

/// An error of a stream, of its whole connection, or of this side alone. Cheap to clone.
#[derive(Clone)]
pub struct Error {
    cause: Arc<Cause>,
    outcome: Outcome,
    retry: Retry,
}

/// Why a connection ended. The first cause wins and reaches everyone. Cheap to clone.
#[derive(Clone)]
pub struct CloseReason {
    cause: Arc<Cause>,
}

struct Cause {
    scope: Scope,
    reason: Reason,
    code: ErrorCode,
    debug: Bytes,
    graceful: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// One stream; its connection goes on.
    Stream,
    /// The connection and every stream on it.
    Connection,
    /// This call alone; nothing was sent because of it.
    Local,
}

/// Who caused an error, or what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The peer, by RST_STREAM or GOAWAY.
    Peer,
    /// The peer broke a rule: which, with which frame, on which stream and in which field.
    Violation(Offence),
    /// This side: by `reset`, `shutdown` or `close`, or by dropping what a stream needs.
    Us,
    /// The transport failed; [`Error::io`] says how.
    Io,
    /// The transport ended before what was to come over it.
    Eof,
    /// This deadline passed.
    Timeout(Timer),
    /// The call cannot be carried out as things are.
    Misuse(Misuse),
    /// A head or trailers that HTTP/2 cannot express.
    Malformed(Malformed),
    /// The body that was to be sent failed; the error's source says how.
    Body,
    /// As many requests as [`Config::max_queued`](crate::Config::max_queued) allows wait already.
    QueueFull,
    /// The peer speaks HTTP/1.
    Http1,
    /// The task that ran the connection was aborted, or it panicked.
    Aborted,
}

impl Error {
    /// How far the error reaches.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.cause.scope
    }

    /// Who caused it, or what.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.cause.reason
    }

    /// The code of RST_STREAM or GOAWAY, whoever sent it.
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

    /// How far the request had come.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Whether the request was certainly not processed, so that sending it again cannot do it
    /// twice.
    #[must_use]
    pub fn is_unprocessed(&self) -> bool {
        self.outcome.is_unprocessed()
    }

    /// Whether the request should be sent again without asking anybody, and where: never what may
    /// have been processed, and never what would fail again. See [`Retry::after`].
    #[must_use]
    pub fn retry_hint(&self) -> Retry {
        self.retry
    }

    /// Whether the connection has ended with it.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        self.cause.scope == Scope::Connection
    }

    fn new(scope: Scope, reason: Reason, code: ErrorCode, outcome: Outcome) -> Self {
        Self { cause: Arc::new(Cause::new(scope, reason, code)), outcome, retry: Retry::DoNot }
    }

    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        if !outcome.is_unprocessed() {
            self.retry = Retry::DoNot;
        }
        self
    }

    fn with_retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// A call that cannot be carried out.
    pub(crate) fn misuse(why: Misuse) -> Self {
        use Misuse::{ConnectionClosed, Draining, NoMoreStreamIds, NoSlot};
        let retry = if matches!(why, ConnectionClosed | Draining | NoMoreStreamIds) {
            Retry::NewConnection
        } else if why == NoSlot {
            Retry::SameConnection
        } else {
            Retry::DoNot
        };
        Self::new(Scope::Local, Reason::Misuse(why), ErrorCode::INTERNAL_ERROR, Outcome::NotSent)
            .with_retry(retry)
    }

    /// A message that HTTP/2 cannot express.
    pub(crate) fn malformed(why: Malformed) -> Self {
        let reason = Reason::Malformed(why);
        Self::new(Scope::Local, reason, ErrorCode::PROTOCOL_ERROR, Outcome::NotSent)
    }

    pub(crate) fn queue_full() -> Self {
        Self::new(Scope::Local, Reason::QueueFull, ErrorCode::REFUSED_STREAM, Outcome::NotSent)
            .with_retry(Retry::SameConnection)
    }

    /// A stream that this side gave up.
    pub(crate) fn reset_by_us(code: ErrorCode, outcome: Outcome) -> Self {
        Self::new(Scope::Stream, Reason::Us, code, outcome)
    }

    /// A stream whose sending side the peer stopped, its own message being complete.
    pub(crate) fn stopped(code: ErrorCode) -> Self {
        Self::new(Scope::Stream, Reason::Peer, code, Outcome::MaybeProcessed)
    }

    /// A body of ours that failed while it was sent.
    pub(crate) fn body(source: Box<dyn StdError + Send + Sync>) -> Self {
        let mut cause = Cause::new(Scope::Stream, Reason::Body, ErrorCode::CANCEL);
        cause.source = Some(source);
        Self { cause: Arc::new(cause), outcome: Outcome::MaybeProcessed, retry: Retry::DoNot }
    }

    /// A stream that was reset, not by this side's wish.
    pub(crate) fn reset(
        code: ErrorCode,
        cause: ResetCause,
        outcome: Outcome,
        retry: Retry,
    ) -> Self {
        let reason = match cause {
            ResetCause::Violation(offence) => Reason::Violation(offence),
            ResetCause::Peer | ResetCause::NotProcessed | _ => Reason::Peer,
        };
        Self::new(Scope::Stream, reason, code, outcome).with_retry(retry)
    }
}

impl CloseReason {
    /// Who ended the connection, or what.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.cause.reason
    }

    /// The code of the GOAWAY, whoever sent it.
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
        let who = match &reason.origin {
            h2_core::Origin::Violation(_) if http1 => Reason::Http1,
            h2_core::Origin::Violation(offence) => Reason::Violation(offence.clone()),
            h2_core::Origin::Peer => Reason::Peer,
            h2_core::Origin::Eof => Reason::Eof,
            h2_core::Origin::Transport => Reason::Io,
            h2_core::Origin::Timeout(timer) => Reason::Timeout(*timer),
            h2_core::Origin::Local | _ => Reason::Us,
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

    pub(crate) fn aborted() -> Self {
        let cause = Cause::new(Scope::Connection, Reason::Aborted, ErrorCode::INTERNAL_ERROR);
        Self { cause: Arc::new(cause) }
    }
}

impl Cause {
    fn new(scope: Scope, reason: Reason, code: ErrorCode) -> Self {
        Self { scope, reason, code, debug: Bytes::new(), graceful: false, source: None }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.scope {
            Scope::Connection => "connection",
            Scope::Stream | Scope::Local => "stream",
        };
        match &self.reason {
            Reason::Peer if self.scope == Scope::Connection => {
                write!(f, "connection closed by the peer: {}", self.code)?;
            }
            Reason::Peer => write!(f, "stream reset by the peer: {}", self.code)?,
            Reason::Violation(rule) => write!(f, "{}: peer broke a rule: {rule}", self.code)?,
            Reason::Us => write!(f, "{what} ended by this side: {}", self.code)?,
            Reason::Io => f.write_str("transport failed")?,
            Reason::Eof if self.graceful => f.write_str("connection closed by the peer")?,
            Reason::Eof => f.write_str("transport ended too early")?,
            Reason::Timeout(timer) => write!(f, "{timer} timed out")?,
            Reason::Misuse(misuse) => misuse.fmt(f)?,
            Reason::Malformed(malformed) => write!(f, "cannot be sent: {malformed}")?,
            Reason::Body => f.write_str("body to be sent failed")?,
            Reason::QueueFull => f.write_str("too many requests wait for a stream")?,
            Reason::Http1 => f.write_str("the peer speaks HTTP/1")?,
            Reason::Aborted => f.write_str("connection's task was aborted")?,
        }
        if let Some(source) = &self.source {
            write!(f, ": {source}")?;
        }
        if !self.debug.is_empty() {
            write!(f, " ({})", self.debug.escape_ascii())?;
        }
        Ok(())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({}; {:?}, {:?})", self.cause, self.cause.scope, self.outcome)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source.as_deref().map(|source| source as _)
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

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_who_and_why() {
        let (outcome, retry) = (Outcome::ResponseStarted, Retry::DoNot);
        let error = Error::reset(ErrorCode::CANCEL, ResetCause::Peer, outcome, retry);
        assert_eq!(error.to_string(), "stream reset by the peer: CANCEL");
        let broken = CloseReason::from_io(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(broken.to_string(), "transport failed: broken pipe");
        assert_eq!(broken.io().map(io::Error::kind), Some(io::ErrorKind::BrokenPipe));
    }
}
