//! Why a connection ended: one cause, who it came from, and what the last GOAWAY said.

use std::fmt;

use bytes::Bytes;

use super::{ErrorCode, Offence};

/// Who or what ended a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The application, by [`shutdown`](crate::Connection::shutdown) or
    /// [`close_connection`](crate::Connection::close_connection).
    Local,
    /// The peer, by GOAWAY (RFC 9113 §6.8).
    Peer,
    /// The peer broke a rule, and we ended the connection.
    Violation(Offence),
    /// The transport reached its end, by [`receive_eof`](crate::Connection::receive_eof).
    Eof,
    /// The transport failed, by [`handle_failure`](crate::Connection::handle_failure).
    Transport,
    /// A deadline passed.
    Timeout(Timer),
    /// As many requests were made as [`Config::max_requests`](crate::Config::max_requests) allows.
    MaxRequests,
    /// The identifiers of streams are used up (RFC 9113 §5.1.1).
    NoMoreStreamIds,
}

/// The deadlines of a connection; [`guide::time`](crate::guide::time) has what sets each and what
/// it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timer {
    /// The peer's preface and first SETTINGS.
    Handshake,
    /// The rest of a header block that has begun.
    HeaderBlock,
    /// The acknowledgement of our SETTINGS (RFC 9113 §6.5.3).
    SettingsAck,
    /// An answer to a keep-alive PING.
    KeepAlive,
    /// A connection without streams.
    Idle,
    /// The age of the connection.
    MaxAge,
    /// The second GOAWAY of a graceful shutdown, if the PING between them stays unanswered.
    Farewell,
    /// The streams that were open when a graceful shutdown began.
    Drain,
    /// Output that the transport does not take.
    WriteStall,
    /// Our last words after an error: to be written, then to be read by the peer. It ends nothing.
    Linger,
    /// Memory that only a busy connection needs; it ends nothing.
    Trim,
    /// Something that has stood still for [`Config::stall_after`](crate::Config::stall_after); it
    /// ends nothing.
    Stall,
    /// The answer to one request. It is the application's: this crate sets none, and it ends a
    /// stream alone.
    Request,
}

impl Timer {
    /// The name of the deadline, for logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Handshake => "handshake",
            Self::HeaderBlock => "header block",
            Self::SettingsAck => "SETTINGS acknowledgement",
            Self::KeepAlive => "keep-alive",
            Self::Idle => "idle",
            Self::MaxAge => "max age",
            Self::Farewell => "farewell",
            Self::Drain => "drain",
            Self::WriteStall => "write stall",
            Self::Linger => "linger",
            Self::Trim => "trim",
            Self::Stall => "stall",
            Self::Request => "request",
        }
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a connection ended. The first cause wins and stays.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloseReason {
    /// Who or what ended it.
    pub origin: Origin,
    /// The code of the GOAWAY, sent or received (RFC 9113 §7).
    pub code: ErrorCode,
    /// The debug data of the GOAWAY, at most 256 octets when it came from the peer.
    pub debug: Bytes,
}

impl CloseReason {
    /// Whether the peer ended it because of too many PINGs: ENHANCE_YOUR_CALM with the debug data
    /// `too_many_pings`, as gRPC servers say it. Connections to it should double
    /// [`Config::keep_alive_interval`](crate::Config::keep_alive_interval).
    #[must_use]
    pub fn is_too_many_pings(&self) -> bool {
        let wanted = b"too_many_pings";
        self.origin == Origin::Peer
            && self.code == ErrorCode::ENHANCE_YOUR_CALM
            && self.debug.windows(wanted.len()).any(|found| found == wanted)
    }

    /// Whether the connection ended as it should: without an error and with no stream cut short.
    #[must_use]
    pub fn is_graceful(&self) -> bool {
        self.code == ErrorCode::NO_ERROR
            && matches!(
                self.origin,
                Origin::Local
                    | Origin::Peer
                    | Origin::Eof
                    | Origin::MaxRequests
                    | Origin::NoMoreStreamIds
                    | Origin::Timeout(Timer::Idle | Timer::MaxAge)
            )
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Local => write!(f, "closed by us: {}", self.code)?,
            Origin::Peer => write!(f, "closed by the peer: {}", self.code)?,
            Origin::Violation(offence) => {
                return write!(f, "{}: peer broke a rule: {offence}", self.code);
            }
            Origin::Eof => f.write_str("transport ended")?,
            Origin::Transport => f.write_str("transport failed")?,
            Origin::Timeout(timer) => write!(f, "{timer} timed out")?,
            Origin::MaxRequests => f.write_str("as many requests were made as allowed")?,
            Origin::NoMoreStreamIds => f.write_str("stream identifiers are used up")?,
        }
        if !self.debug.is_empty() {
            write!(f, " ({})", self.debug.escape_ascii())?;
        }
        Ok(())
    }
}

impl std::error::Error for CloseReason {}
