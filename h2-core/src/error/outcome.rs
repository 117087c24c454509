//! How far a request came that failed, and what that allows to be done about it (RFC 9113 §8.7).

use super::ErrorCode;

/// How far a request of ours came.
///
/// Of a stream that the peer opened it says `MaybeProcessed`: the application may have acted on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum Outcome {
    /// The peer cannot have acted on it: its head was not cut into a frame, or the transport failed
    /// before it had taken the whole of that frame. A head that was cut and still waits in the
    /// outbox does not count as that, because what waits is still written when most connections
    /// end.
    NotSent,
    /// The peer says that it did not act on it: by REFUSED_STREAM, or by a GOAWAY that names a
    /// lower stream as the last.
    Refused,
    /// Its head was sent; nothing tells whether the peer acted on it.
    MaybeProcessed,
    /// The final response has begun, whatever the peer says afterwards.
    ResponseStarted,
}

impl Outcome {
    /// Whether the request was certainly not processed, so that sending it again cannot do it
    /// twice.
    #[must_use]
    pub const fn is_unprocessed(self) -> bool {
        matches!(self, Self::NotSent | Self::Refused)
    }
}

/// Whether a request that failed should be sent again without asking anybody, and where.
///
/// A hint: a method that is idempotent may be sent again after `DoNot` as well, but by those who
/// know that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)]
pub enum Retry {
    /// On the same connection, when it has a slot: the peer refused this stream alone.
    SameConnection,
    /// On another connection: this one takes no more requests, or has ended.
    NewConnection,
    /// Not by itself: it may have been processed, or would fail again.
    DoNot,
}

impl Retry {
    /// What to do about a request.
    ///
    /// `code` is that of the frame that ended it, RST_STREAM or GOAWAY; `first` whether it was the
    /// first request of its connection; `goes_on` whether that connection takes more requests.
    ///
    /// * What may have been processed is not sent again.
    /// * Neither is anything after ENHANCE_YOUR_CALM, which asks for less and not for more, nor
    ///   after PROTOCOL_ERROR, INADEQUATE_SECURITY and HTTP_1_1_REQUIRED, which would come again.
    /// * The first request of a connection that ended with an error is not sent again on another
    ///   one: a server that ends every fresh connection would be called for ever. NO_ERROR and
    ///   REFUSED_STREAM are no errors in this sense.
    /// * All else is sent again: on the same connection if it goes on, otherwise on another.
    #[must_use]
    pub const fn after(outcome: Outcome, code: ErrorCode, first: bool, goes_on: bool) -> Self {
        let hopeless = matches!(
            code,
            ErrorCode::ENHANCE_YOUR_CALM
                | ErrorCode::PROTOCOL_ERROR
                | ErrorCode::INADEQUATE_SECURITY
                | ErrorCode::HTTP_1_1_REQUIRED
        );
        let harmless = matches!(code, ErrorCode::NO_ERROR | ErrorCode::REFUSED_STREAM);
        if !outcome.is_unprocessed() || hopeless || (first && !harmless) {
            Self::DoNot
        } else if goes_on {
            Self::SameConnection
        } else {
            Self::NewConnection
        }
    }
}
