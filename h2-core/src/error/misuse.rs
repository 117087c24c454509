//! What callers do wrong. An error of this kind changed nothing.

use std::fmt;

use crate::{RequestHead, StreamId};

/// A command that could not be carried out; everything is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// The connection has ended, or it is going down and takes no more streams.
    ConnectionClosed,
    /// The peer's GOAWAY (RFC 9113 §6.8), or our own shutdown, forbids more streams on this
    /// connection.
    Draining,
    /// As many streams are open as the peer allows (RFC 9113 §5.1.2); a slot becomes free when one
    /// ends.
    NoSlot,
    /// All identifiers are used up (RFC 9113 §5.1.1); more requests need another connection.
    NoMoreStreamIds,
    /// No such stream, or it has ended.
    NoSuchStream(StreamId),
    /// This side of the stream has already ended.
    AlreadyEnded(StreamId),
    /// The head was not sent yet, so neither a body nor trailers may follow.
    HeadNotSent(StreamId),
    /// The head was already sent.
    HeadAlreadySent(StreamId),
    /// Only a server may do this, or only a client.
    WrongRole,
    /// The body is longer or shorter than its content-length, or the message has no body (RFC 9113
    /// §8.1.1).
    ContentLength(StreamId),
    /// More was released than was received.
    ReleasedTooMuch,
    /// A window would pass 2^31-1, or the increment is zero (RFC 9113 §6.9.1).
    WindowOverflow,
    /// A value outside the range that RFC 9113 §6.5.2 allows.
    InvalidSetting,
    /// The field section exceeds the peer's SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2).
    FieldSectionTooLarge {
        /// Its size in octets, 32 a field counted with them.
        size: usize,
        /// The peer's limit.
        limit: u32,
    },
    /// The peer did not enable what this needs: push, or extended CONNECT.
    NotEnabled,
    /// Status of the wrong kind (RFC 9113 §8.1): 1xx for a final response, or the reverse.
    WrongStatusKind,
    /// A request that cannot be promised: only GET and HEAD with `:authority` and without a body
    /// can, and not in a tunnel (RFC 9113 §8.4).
    NotPromisable,
    /// The request names its target in `host` alone, not in `:authority` (RFC 9113 §8.3.1).
    NoAuthority,
    /// A frame that cannot be sent (RFC 9113 §5.5): of a known type, or too long for the peer.
    InvalidFrame,
    /// As many frames of this kind wait to be written as the limit allows.
    QueueFull,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectionClosed => f.write_str("connection is closed"),
            Self::Draining => f.write_str("connection takes no more streams"),
            Self::NoSlot => f.write_str("as many streams are open as the peer allows"),
            Self::NoMoreStreamIds => f.write_str("stream identifiers are used up"),
            Self::NoSuchStream(id) => write!(f, "stream {id} is not open"),
            Self::AlreadyEnded(id) => write!(f, "our side of stream {id} has ended"),
            Self::HeadNotSent(id) => write!(f, "head of stream {id} was not sent yet"),
            Self::HeadAlreadySent(id) => write!(f, "head of stream {id} was already sent"),
            Self::WrongRole => f.write_str("not a command of this role"),
            Self::ContentLength(id) => {
                write!(f, "body of stream {id} does not match its content-length")
            }
            Self::ReleasedTooMuch => f.write_str("more released than received"),
            Self::WindowOverflow => f.write_str("increment takes the window out of range"),
            Self::InvalidSetting => f.write_str("setting is out of range"),
            Self::FieldSectionTooLarge { size, limit } => {
                write!(f, "field section of {size} octets exceeds the peer's limit {limit}")
            }
            Self::NotEnabled => f.write_str("the peer did not enable this"),
            Self::WrongStatusKind => f.write_str("status of the wrong kind"),
            Self::NotPromisable => {
                f.write_str("only GET and HEAD with :authority and without a body can be promised")
            }
            Self::NoAuthority => f.write_str("target is in host and not in :authority"),
            Self::InvalidFrame => f.write_str("frame cannot be sent"),
            Self::QueueFull => f.write_str("too many such frames wait to be written"),
        }
    }
}

impl std::error::Error for Misuse {}

/// A request that could not be opened, with its head handed back.
#[derive(Debug)]
pub struct OpenError {
    /// Why.
    pub why: Misuse,
    /// What was not sent.
    pub head: Box<RequestHead>,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl std::error::Error for OpenError {}
