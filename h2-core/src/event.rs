//! What happened: one value an occurrence, in the order of the frames that caused it.

use std::time::Duration;

use bytes::Bytes;

use crate::error::{CloseReason, ErrorCode, Offence, Outcome, Retry};
use crate::observe::StallCause;
use crate::priority::Priority;
use crate::settings::Settings;
use crate::{RequestHead, ResponseHead, StreamId, Trailers};

/// Something the application must know. Taken with [`Connection::poll_event`].
///
/// A frame about a stream gives at most one event about it; the end of the peer's side rides on the
/// event of the frame that carried it. After [`StreamReset`](Self::StreamReset) nothing more comes
/// about that stream, after [`ConnectionClosed`](Self::ConnectionClosed) nothing at all.
///
/// [`Connection::poll_event`]: crate::Connection::poll_event
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A client opened a stream (server only, RFC 9113 §8.1). The stream holds one of
    /// [`Config::max_concurrent_streams`](crate::Config::max_concurrent_streams) slots until it is
    /// closed and [`release_stream`](crate::Connection::release_stream) was called.
    RequestReceived {
        /// The stream.
        stream: StreamId,
        /// What is asked for.
        head: RequestHead,
        /// Whether the request has no body.
        end: bool,
    },
    /// An interim response, 1xx (client only, RFC 9113 §8.1). Any number of them may come before
    /// the final one.
    InformationalReceived {
        /// The stream.
        stream: StreamId,
        /// The interim response.
        head: ResponseHead,
    },
    /// The final response (client only, RFC 9113 §8.1).
    ResponseReceived {
        /// The stream.
        stream: StreamId,
        /// Status and fields.
        head: ResponseHead,
        /// Whether the response has no body.
        end: bool,
    },
    /// A piece of a body (RFC 9113 §6.1). Give its length to
    /// [`acknowledge_received_data`](crate::Connection::acknowledge_received_data) when it was used
    /// up; padding was already given back.
    DataReceived {
        /// The stream.
        stream: StreamId,
        /// The octets, without padding; empty only at the end.
        data: Bytes,
        /// Whether it is the last of the message.
        end: bool,
    },
    /// Trailers; they end the message (RFC 9113 §8.1).
    TrailersReceived {
        /// The stream.
        stream: StreamId,
        /// The fields.
        trailers: Trailers,
    },
    /// The stream is gone (RFC 9113 §5.4.2): nothing can be sent on it and nothing more will come.
    StreamReset {
        /// The stream.
        stream: StreamId,
        /// The code of RST_STREAM, ours or theirs.
        code: ErrorCode,
        /// Who reset it.
        cause: ResetCause,
        /// How far the request had come.
        outcome: Outcome,
        /// What to do about it, if it was a request of ours.
        retry: Retry,
    },
    /// The server does not want the rest of the request, but its response is complete and stays
    /// good (client only, RFC 9113 §8.1): RST_STREAM after its END_STREAM.
    SendStopped {
        /// The stream.
        stream: StreamId,
        /// The code of its RST_STREAM.
        code: ErrorCode,
    },
    /// [`send_data`](crate::Connection::send_data) took less than it was offered and would take
    /// more.
    Writable {
        /// The stream.
        stream: StreamId,
    },
    /// All that was sent on the stream, its end included, has been cut into frames.
    SendEnded {
        /// The stream.
        stream: StreamId,
    },
    /// A request can be opened although the last attempt, or `reserve_slot`, found no slot.
    SlotsAvailable,
    /// The peer's SETTINGS took effect; they are acknowledged (RFC 9113 §6.5.3).
    SettingsChanged {
        /// What is in force for the peer.
        settings: Box<Settings>,
    },
    /// The peer acknowledged the oldest of our SETTINGS; they are in force (RFC 9113 §6.5.3).
    SettingsAcknowledged {
        /// What is in force for us.
        settings: Box<Settings>,
    },
    /// The peer answered a [`ping`](crate::Connection::ping) of the application (RFC 9113 §6.7).
    PingAcknowledged {
        /// Its payload.
        payload: [u8; 8],
    },
    /// The peer will take no more streams (RFC 9113 §6.8). Those of ours above `last_stream` were
    /// not processed and were reset; the others go on.
    GoAwayReceived {
        /// The highest stream of ours that was or might be processed; 0 for none.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
        /// At most 256 octets of what the peer says about it.
        debug: Bytes,
    },
    /// The server promises a response to a request that was not made (client only, RFC 9113 §8.4).
    /// The response follows on `stream`, which is to be released like a stream of the peer's.
    PushReceived {
        /// The stream that the promise came on.
        parent: StreamId,
        /// The stream of the promised response.
        stream: StreamId,
        /// The promised request.
        head: RequestHead,
    },
    /// The client changed the priority of a response (server only, RFC 9218). It is in force.
    PriorityChanged {
        /// The stream.
        stream: StreamId,
        /// Its priority.
        priority: Priority,
    },
    /// The server offers an alternative service (client only, RFC 7838).
    AlternativeService {
        /// The stream whose origin it is for; `None` when `origin` names it.
        stream: Option<StreamId>,
        /// The origin it is for; empty when `stream` names it.
        origin: Bytes,
        /// What an `alt-svc` field would say.
        value: Bytes,
    },
    /// The server says for which origins this connection is good (client only, RFC 8336). Over a
    /// transport in the clear, or from a proxy, it is to be ignored (§2.2): only the application
    /// knows.
    Origin {
        /// The origins, as they came; what was no origin is left out.
        origins: Vec<Bytes>,
    },
    /// A frame of a type that this crate does not know (RFC 9113 §5.5), at most 16 KiB of it.
    UnknownFrame {
        /// The type.
        kind: u8,
        /// The flags.
        flags: u8,
        /// The stream, or 0.
        stream: u32,
        /// The payload.
        payload: Bytes,
    },
    /// Something has stood still for longer than
    /// [`Config::stall_after`](crate::Config::stall_after). It comes once a stall.
    Stalled {
        /// What holds it back.
        by: StallCause,
        /// The streams that are concerned. Of a stream's window: those streams. Of the connection's
        /// window for sending: those that wait for it. Of that for receiving: those that hold it
        /// unread, the largest first. Otherwise none.
        streams: Vec<StreamId>,
        /// For how long, of several streams the longest.
        lasted: Duration,
    },
    /// Less than a fifth is left of what a peer may do to us; at nothing the connection ends. It
    /// comes once until the bucket is half full again.
    LimitNear {
        /// Which bucket.
        limit: Limit,
        /// Tokens that were left.
        left: u64,
        /// Tokens in a full bucket.
        of: u64,
    },
    /// The connection has ended, and with it every stream that is still open. Always the last.
    ConnectionClosed {
        /// The first cause.
        reason: CloseReason,
    },
}

/// A bucket of tokens that a peer uses up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Early resets, [`Config::reset_bucket`](crate::Config::reset_bucket).
    Resets,
    /// Useless frames, [`Config::glitch_bucket`](crate::Config::glitch_bucket).
    Glitches,
}

/// Who reset a stream, and why (RFC 9113 §5.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResetCause {
    /// The peer sent RST_STREAM.
    Peer,
    /// The peer broke a rule about this stream.
    Violation(Offence),
    /// The peer's GOAWAY says that it has not processed this request, or what it was to be sent on
    /// is gone; nothing is said about it on the wire.
    NotProcessed,
}

/// Whether a head or a piece of a body is the last of its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum End {
    /// It is; the frame carries END_STREAM.
    Now,
    /// More follows.
    Later,
}

impl End {
    /// `Now` for true: the message ends here.
    #[must_use]
    pub const fn from_bool(end: bool) -> Self {
        if end { Self::Now } else { Self::Later }
    }

    /// Whether it is `Now`, so that the message ends here.
    #[must_use]
    pub const fn is_now(self) -> bool {
        matches!(self, Self::Now)
    }
}
