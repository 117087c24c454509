//! What can go wrong, told once and the same to everyone it concerns: who did it, why, and how far
//! the request had come.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use h2_core::{ErrorCode, Malformed, Misuse, ResetCause, Timer, Violation};

/// An error of a stream, of its whole connection, or of this side alone. Cheap to clone.
#[derive(Clone)]
pub struct Error {
    cause: Arc<Cause>,
    outcome: Outcome,
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
    /// The peer broke this rule.
    Violation(Violation),
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

/// How far the request had come that an error is about (RFC 9113 §8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing of it was sent; it may be sent again.
    NotSent,
    /// The peer says that it did not act on it; it may be sent again.
    Refused,
    /// Nothing tells whether the peer acted on it.
    MaybeProcessed,
    /// The final response had begun.
    ResponseStarted,
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
        matches!(self.outcome, Outcome::NotSent | Outcome::Refused)
    }

    /// Whether the connection has ended with it.
    #[must_use]
    pub fn is_connection(&self) -> bool {
        self.cause.scope == Scope::Connection
    }

    fn new(scope: Scope, reason: Reason, code: ErrorCode, outcome: Outcome) -> Self {
        Self { cause: Arc::new(Cause::new(scope, reason, code)), outcome }
    }

    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.outcome = outcome;
        self
    }

    /// A call that cannot be carried out.
    pub(crate) fn misuse(why: Misuse) -> Self {
        Self::new(Scope::Local, Reason::Misuse(why), ErrorCode::INTERNAL_ERROR, Outcome::NotSent)
    }

    /// A message that HTTP/2 cannot express.
    pub(crate) fn malformed(why: Malformed) -> Self {
        let reason = Reason::Malformed(why);
        Self::new(Scope::Local, reason, ErrorCode::PROTOCOL_ERROR, Outcome::NotSent)
    }

    pub(crate) fn queue_full() -> Self {
        Self::new(Scope::Local, Reason::QueueFull, ErrorCode::REFUSED_STREAM, Outcome::NotSent)
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
        Self { cause: Arc::new(cause), outcome: Outcome::MaybeProcessed }
    }

    /// A stream that was reset, not by this side's wish.
    pub(crate) fn reset(code: ErrorCode, cause: &ResetCause, response_started: bool) -> Self {
        let outcome = if cause.is_unprocessed(code) {
            Outcome::Refused
        } else if response_started {
            Outcome::ResponseStarted
        } else {
            Outcome::MaybeProcessed
        };
        let reason = match cause {
            ResetCause::Violation(violation) => Reason::Violation(violation.clone()),
            ResetCause::Peer | ResetCause::NotProcessed | _ => Reason::Peer,
        };
        Self::new(Scope::Stream, reason, code, outcome)
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

    /// The error of something that the end of the connection cut short.
    pub(crate) fn to_error(&self, outcome: Outcome) -> Error {
        Error { cause: Arc::clone(&self.cause), outcome }
    }

    pub(crate) fn from_core(reason: &h2_core::CloseReason, http1: bool) -> Self {
        let who = match &reason.origin {
            h2_core::Origin::Violation(_) if http1 => Reason::Http1,
            h2_core::Origin::Violation(violation) => Reason::Violation(violation.clone()),
            h2_core::Origin::Peer => Reason::Peer,
            h2_core::Origin::Eof => Reason::Eof,
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
    fn a_refused_request_may_be_sent_again_and_a_cancelled_one_may_not() {
        let refused = Error::reset(ErrorCode::REFUSED_STREAM, &ResetCause::Peer, false);
        assert!(refused.is_unprocessed());
        let cancelled = Error::reset(ErrorCode::CANCEL, &ResetCause::Peer, false);
        assert_eq!(cancelled.outcome(), Outcome::MaybeProcessed);
        let above = Error::reset(ErrorCode::NO_ERROR, &ResetCause::NotProcessed, false);
        assert!(above.is_unprocessed());
    }

    #[test]
    fn an_error_says_who_and_why() {
        let error = Error::reset(ErrorCode::CANCEL, &ResetCause::Peer, true);
        assert_eq!(error.to_string(), "stream reset by the peer: CANCEL");
        let broken = CloseReason::from_io(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(broken.to_string(), "transport failed: broken pipe");
        assert_eq!(broken.io().map(io::Error::kind), Some(io::ErrorKind::BrokenPipe));
    }
}
