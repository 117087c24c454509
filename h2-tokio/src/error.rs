//! What can go wrong, told once and the same to everyone it concerns: who did it, why, and how far
//! the request had come.

mod close;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use h2_core::{ErrorCode, Malformed, Misuse, Offence, ResetCause, StreamId, Timer};
pub use h2_core::{Outcome, Retry};

pub use self::close::CloseReason;
pub(crate) use self::close::End;

/// An error of a stream, of its whole connection, or of this side alone. Cheap to clone.
#[derive(Clone)]
pub struct Error {
    cause: Arc<Cause>,
    outcome: Outcome,
    retry: Retry,
}

struct Cause {
    scope: Scope,
    reason: Reason,
    code: ErrorCode,
    debug: Bytes,
    graceful: bool,
    /// How far the connection had come when it ended.
    end: Option<Box<End>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
    /// Why the connection takes no more streams, if that is what is wrong.
    drains: Option<Arc<Self>>,
}

/// How far an error reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// This stream; its connection goes on.
    Stream(StreamId),
    /// The connection and every stream on it.
    Connection,
    /// This call alone; nothing was sent because of it.
    Local,
}

/// Who an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// The peer: it reset the stream, ended the connection, or broke a rule.
    Peer,
    /// This side: it gave the stream or the connection up, or its body failed.
    Us,
    /// The transport failed, or it ended too early.
    Io,
    /// A call that cannot be carried out, or not now.
    Usage,
    /// This deadline passed.
    Timer(Timer),
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The peer, by RST_STREAM or GOAWAY.
    Peer,
    /// The server wants no more of the request's body: its response is complete, and stays good
    /// (RFC 9113 §8.1).
    Stopped,
    /// The peer broke a rule: which, with which frame, on which stream and in which field.
    Violation(Offence),
    /// This side: by `reset`, `shutdown` or `close`, or by dropping what a stream needs.
    Us,
    /// This side, after as many requests as [`h2_core::Config::max_requests`] allows.
    MaxRequests,
    /// The identifiers of streams are used up (RFC 9113 §5.1.1).
    NoMoreStreamIds,
    /// This side: what arrived keeps the rules, but the types of `http` cannot hold it.
    Unmappable,
    /// The transport failed; [`Error::io`] says how.
    Io,
    /// The transport ended before what was to come over it.
    Eof,
    /// This deadline passed.
    Timeout(Timer),
    /// The server does not answer for what the request was about (status 421, RFC 9110 §15.5.20).
    Misdirected,
    /// The call cannot be carried out as things are.
    Misuse(Misuse),
    /// A head or trailers that HTTP/2 cannot express.
    Malformed(Malformed),
    /// The body that was to be sent failed; the error's source says how.
    Body,
    /// The connection is suspect: a request was given up, and the peer has been silent since.
    Suspect,
    /// As many requests as [`Config::max_queued`](crate::Config::max_queued) allows wait already.
    QueueFull,
    /// The peer speaks HTTP/1.
    Http1,
    /// The task that ran the connection was aborted, or it panicked.
    Aborted,
    /// No connection could be made; the error's source says why.
    Connect,
}

impl Error {
    /// How far the error reaches.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.cause.scope
    }

    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.cause.reason
    }

    /// Who it comes from. Of a request for which a connection that drains has no stream, it is
    /// whoever made it drain.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.cause.origin()
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

    /// How far the request had come (RFC 9113 §8.7): whether it may be sent again.
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

    /// What ended the connection or makes it take no more requests, if that is what the error is
    /// about: with it goes how old the connection was, and how far it had come.
    #[must_use]
    pub fn close_reason(&self) -> Option<CloseReason> {
        let of_connection = self.is_connection().then_some(&self.cause);
        let cause = self.cause.drains.as_ref().or(of_connection)?;
        Some(CloseReason { cause: Arc::clone(cause) })
    }

    /// Whether the peer ended the connection because of too many PINGs; see
    /// [`CloseReason::is_too_many_pings`].
    #[must_use]
    pub fn is_too_many_pings(&self) -> bool {
        self.cause.is_too_many_pings()
    }

    /// Whether the server wants this request over HTTP/1.1 (HTTP_1_1_REQUIRED, RFC 9113 §7).
    #[must_use]
    pub fn is_http1_required(&self) -> bool {
        self.cause.reason == Reason::Peer && self.cause.code == ErrorCode::HTTP_1_1_REQUIRED
    }

    fn new(scope: Scope, reason: Reason, code: ErrorCode, outcome: Outcome) -> Self {
        Self { cause: Arc::new(Cause::new(scope, reason, code)), outcome, retry: Retry::DoNot }
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

    /// A request for which a connection that drains has no stream: it tells what the GOAWAY told.
    pub(crate) fn draining(why: &CloseReason) -> Self {
        let code = why.cause.code;
        let mut cause = Cause::new(Scope::Local, Reason::Misuse(Misuse::Draining), code);
        cause.debug = why.cause.debug.clone();
        cause.drains = Some(Arc::clone(&why.cause));
        let (outcome, cause) = (Outcome::NotSent, Arc::new(cause));
        Self { cause, outcome, retry: Retry::after(outcome, code, false, false) }
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

    pub(crate) fn suspect() -> Self {
        Self::new(Scope::Local, Reason::Suspect, ErrorCode::REFUSED_STREAM, Outcome::NotSent)
            .with_retry(Retry::NewConnection)
    }

    /// No connection could be made for a request.
    pub(crate) fn connect(source: Box<dyn StdError + Send + Sync>) -> Self {
        let mut cause = Cause::new(Scope::Local, Reason::Connect, ErrorCode::INTERNAL_ERROR);
        cause.source = Some(source);
        Self { cause: Arc::new(cause), outcome: Outcome::NotSent, retry: Retry::DoNot }
    }

    /// A request that was not answered in time.
    pub(crate) fn timed_out(stream: Option<StreamId>, outcome: Outcome) -> Self {
        let reason = Reason::Timeout(Timer::Request);
        Self::new(Scope::of(stream), reason, ErrorCode::CANCEL, outcome)
    }

    /// A request that this side gave up before it had a stream.
    pub(crate) fn given_up(code: ErrorCode) -> Self {
        Self::new(Scope::Local, Reason::Us, code, Outcome::NotSent)
    }

    /// A stream that this side gave up.
    pub(crate) fn reset_by_us(stream: Option<StreamId>, code: ErrorCode, outcome: Outcome) -> Self {
        Self::new(Scope::of(stream), Reason::Us, code, outcome)
    }

    /// A request whose body the server wants no more of, its response being complete.
    pub(crate) fn stopped(stream: Option<StreamId>, code: ErrorCode) -> Self {
        Self::new(Scope::of(stream), Reason::Stopped, code, Outcome::ResponseStarted)
    }

    /// A response or trailers that the types of `http` cannot hold.
    pub(crate) fn unmappable(stream: Option<StreamId>) -> Self {
        let code = ErrorCode::CANCEL;
        Self::new(Scope::of(stream), Reason::Unmappable, code, Outcome::ResponseStarted)
    }

    /// A body of ours that failed before any of it was sent.
    pub(crate) fn body(source: Box<dyn StdError + Send + Sync>) -> Self {
        let mut cause = Cause::new(Scope::Local, Reason::Body, ErrorCode::CANCEL);
        cause.source = Some(source);
        Self { cause: Arc::new(cause), outcome: Outcome::NotSent, retry: Retry::DoNot }
    }

    /// The same error, of a stream that it ended.
    pub(crate) fn on(mut self, stream: Option<StreamId>, outcome: Outcome) -> Self {
        if let Some(cause) = Arc::get_mut(&mut self.cause) {
            cause.scope = Scope::of(stream);
        }
        self.outcome = outcome;
        if !outcome.is_unprocessed() {
            self.retry = Retry::DoNot;
        }
        self
    }

    /// A response of a server that does not answer for its request.
    pub(crate) fn misdirected() -> Self {
        let code = ErrorCode::REFUSED_STREAM;
        Self::new(Scope::Local, Reason::Misdirected, code, Outcome::Refused)
            .with_retry(Retry::NewConnection)
    }

    /// A stream that was reset, not by this side's wish.
    pub(crate) fn reset(
        stream: StreamId,
        code: ErrorCode,
        cause: ResetCause,
        outcome: Outcome,
        retry: Retry,
    ) -> Self {
        let reason = match cause {
            ResetCause::Violation(offence) => Reason::Violation(offence),
            ResetCause::Peer | ResetCause::NotProcessed | _ => Reason::Peer,
        };
        Self::new(Scope::Stream(stream), reason, code, outcome).with_retry(retry)
    }
}

impl Scope {
    fn of(stream: Option<StreamId>) -> Self {
        stream.map_or(Self::Local, Self::Stream)
    }
}

impl Reason {
    fn from_core(origin: &h2_core::Origin) -> Self {
        match origin {
            h2_core::Origin::Violation(offence) => Self::Violation(offence.clone()),
            h2_core::Origin::Peer => Self::Peer,
            h2_core::Origin::Eof => Self::Eof,
            h2_core::Origin::Transport => Self::Io,
            h2_core::Origin::Timeout(timer) => Self::Timeout(*timer),
            h2_core::Origin::MaxRequests => Self::MaxRequests,
            h2_core::Origin::NoMoreStreamIds => Self::NoMoreStreamIds,
            h2_core::Origin::Local | _ => Self::Us,
        }
    }

    /// Who it comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        match self {
            Self::Peer | Self::Stopped | Self::Violation(_) => Origin::Peer,
            Self::Misdirected | Self::Http1 => Origin::Peer,
            Self::Us | Self::Body | Self::Aborted | Self::Unmappable => Origin::Us,
            Self::MaxRequests | Self::NoMoreStreamIds => Origin::Us,
            Self::Io | Self::Eof | Self::Connect => Origin::Io,
            Self::Timeout(timer) => Origin::Timer(*timer),
            Self::Misuse(_) | Self::Malformed(_) | Self::QueueFull | Self::Suspect => Origin::Usage,
        }
    }
}

impl Cause {
    fn new(scope: Scope, reason: Reason, code: ErrorCode) -> Self {
        let (debug, source) = (Bytes::new(), None);
        Self { scope, reason, code, debug, graceful: false, end: None, source, drains: None }
    }

    fn origin(&self) -> Origin {
        self.drains.as_ref().map_or_else(|| self.reason.origin(), |drains| drains.origin())
    }

    fn is_too_many_pings(&self) -> bool {
        let wanted = b"too_many_pings";
        self.origin() == Origin::Peer
            && self.code == ErrorCode::ENHANCE_YOUR_CALM
            && self.debug.windows(wanted.len()).any(|found| found == wanted)
    }

    fn write_why(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(drains) = &self.drains {
            f.write_str("not sent, for its connection takes no more: ")?;
            return drains.write_why(f);
        }
        let whole = self.scope == Scope::Connection;
        match &self.reason {
            Reason::Peer if whole => f.write_str("closed by the peer")?,
            Reason::Peer => f.write_str("reset by the peer")?,
            Reason::Stopped => f.write_str("stopped by the peer, whose response is complete")?,
            Reason::Violation(rule) => {
                // The rule says more, and comes last.
                write!(f, "ended because the peer broke a rule: {}: {rule}", self.code)?;
            }
            Reason::Us => f.write_str("ended by this side")?,
            Reason::MaxRequests => f.write_str("ended after as many requests as it may carry")?,
            Reason::NoMoreStreamIds => f.write_str("ended with its last stream identifier")?,
            Reason::Unmappable => f.write_str("ended, for `http` cannot hold what arrived")?,
            Reason::Io => f.write_str("ended by the transport")?,
            Reason::Eof if self.graceful => f.write_str("ended by the peer")?,
            Reason::Eof => f.write_str("cut short by the end of the transport")?,
            Reason::Timeout(timer) => write!(f, "timed out: {timer}")?,
            Reason::Misdirected => f.write_str("misdirected: status 421")?,
            Reason::Misuse(misuse) => write!(f, "not possible: {misuse}")?,
            Reason::Malformed(malformed) => write!(f, "cannot be sent: {malformed}")?,
            Reason::Body => f.write_str("ended by its own body")?,
            Reason::Suspect => {
                f.write_str("not sent: the peer is silent since one was given up")?;
            }
            Reason::QueueFull => f.write_str("not queued: too many wait for a stream")?,
            Reason::Http1 => f.write_str("ended because the peer speaks HTTP/1")?,
            Reason::Aborted => f.write_str("ended with its task, which was aborted")?,
            Reason::Connect => f.write_str("not sent: no connection could be made")?,
        }
        if !matches!(self.reason, Reason::Violation(_)) {
            write!(f, ": {}", self.code)?;
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

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scope {
            Scope::Connection => f.write_str("connection ")?,
            Scope::Stream(stream) => write!(f, "stream {stream} ")?,
            Scope::Local => f.write_str("request ")?,
        }
        self.write_why(f)
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

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_of_what_and_who_and_why() {
        let (outcome, retry) = (Outcome::ResponseStarted, Retry::DoNot);
        let stream = StreamId::ONE;
        let error = Error::reset(stream, ErrorCode::CANCEL, ResetCause::Peer, outcome, retry);
        assert_eq!(error.to_string(), "stream 1 reset by the peer: CANCEL");
        assert_eq!(error.scope(), Scope::Stream(stream));
        assert_eq!(error.origin(), Origin::Peer);
        let broken = CloseReason::from_io(io::Error::from(io::ErrorKind::BrokenPipe));
        let text = "connection ended by the transport: INTERNAL_ERROR: broken pipe";
        assert_eq!(broken.to_string(), text);
        assert_eq!(broken.origin(), Origin::Io);
        assert_eq!(broken.io().map(io::Error::kind), Some(io::ErrorKind::BrokenPipe));
    }

    #[test]
    fn whatever_is_wrong_the_text_names_the_code() {
        let of_request = [
            Error::misuse(Misuse::NoSlot),
            Error::queue_full(),
            Error::suspect(),
            Error::connect("no route".into()),
            Error::timed_out(None, Outcome::NotSent),
            Error::given_up(ErrorCode::CANCEL),
            Error::reset_by_us(None, ErrorCode::CANCEL, Outcome::MaybeProcessed),
            Error::stopped(Some(StreamId::ONE), ErrorCode::NO_ERROR),
            Error::unmappable(Some(StreamId::ONE)),
            Error::body("disk is gone".into()),
            Error::misdirected(),
            Error::draining(&CloseReason::aborted()),
        ];
        let origins = [
            h2_core::Origin::Local,
            h2_core::Origin::Peer,
            h2_core::Origin::Eof,
            h2_core::Origin::Transport,
            h2_core::Origin::Timeout(Timer::Idle),
            h2_core::Origin::MaxRequests,
            h2_core::Origin::NoMoreStreamIds,
        ];
        let mut of_connection: Vec<_> = origins.iter().map(CloseReason::retired).collect();
        of_connection.push(CloseReason::aborted());
        let of_connection = of_connection.iter().map(|it| it.to_error(Outcome::NotSent));
        for error in of_request.into_iter().chain(of_connection) {
            assert!(error.to_string().contains(&error.code().to_string()), "{error}");
        }
    }

    #[test]
    fn an_upload_that_is_stopped_is_no_stream_that_is_reset() {
        let error = Error::stopped(Some(StreamId::ONE), ErrorCode::NO_ERROR);
        assert_eq!((error.reason(), error.origin()), (&Reason::Stopped, Origin::Peer));
        assert_eq!(error.outcome(), Outcome::ResponseStarted);
        let text = "stream 1 stopped by the peer, whose response is complete: NO_ERROR";
        assert_eq!(error.to_string(), text);
    }

    #[test]
    fn what_did_not_find_a_stream_here_may_find_one_there() {
        let again = |error: Error| error.retry_hint();
        assert_eq!(again(Error::misuse(Misuse::Draining)), Retry::NewConnection);
        assert_eq!(again(Error::misuse(Misuse::NoSlot)), Retry::SameConnection);
        assert_eq!(again(Error::misuse(Misuse::NotEnabled)), Retry::DoNot);
        assert_eq!(again(Error::given_up(ErrorCode::CANCEL)), Retry::DoNot);
        assert_eq!(again(Error::misdirected()), Retry::NewConnection);
        let broken = CloseReason::from_io(io::ErrorKind::BrokenPipe.into());
        assert_eq!(again(broken.to_error(Outcome::NotSent)), Retry::NewConnection);
        assert_eq!(again(broken.to_error(Outcome::MaybeProcessed)), Retry::DoNot);
    }
}
