//! The state of a stream as two halves, each moving forward only (RFC 9113 §5.1).

use std::fmt;

/// One direction of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Half {
    /// The final head has not passed; interim ones may have.
    Head,
    /// The head passed; a body or trailers may follow.
    Body,
    /// END_STREAM or RST_STREAM passed.
    Closed,
}

impl Half {
    /// The final head passed.
    pub(crate) fn head(&mut self, end: bool) {
        *self = (*self).max(if end { Self::Closed } else { Self::Body });
    }

    /// This direction ended.
    pub(crate) fn close(&mut self) {
        *self = Self::Closed;
    }

    pub(crate) fn is_closed(self) -> bool {
        self == Self::Closed
    }
}

/// Where a stream stands in the seven states of RFC 9113 §5.1, as this side sees it. Asked for with
/// [`Connection::stream_state`](crate::Connection::stream_state).
///
/// It is a view: inside, each direction has a state of its own, see
/// [the diagrams](crate::guide::states).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(clippy::exhaustive_enums)] // the RFC's list is closed
pub enum StreamState {
    /// Nobody has opened it.
    Idle,
    /// We promised it, and our response has not begun.
    ReservedLocal,
    /// The peer promised it, and its response has not begun.
    ReservedRemote,
    /// Both sides may send.
    Open,
    /// We have ended our side; the peer may send.
    HalfClosedLocal,
    /// The peer has ended its side; we may send.
    HalfClosedRemote,
    /// Both sides have ended, or one of them has reset it.
    Closed,
}

impl StreamState {
    /// The name that the RFC gives it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::ReservedLocal => "reserved (local)",
            Self::ReservedRemote => "reserved (remote)",
            Self::Open => "open",
            Self::HalfClosedLocal => "half-closed (local)",
            Self::HalfClosedRemote => "half-closed (remote)",
            Self::Closed => "closed",
        }
    }

    /// The view of two halves of a stream that is not reserved.
    pub(crate) fn of(send: Half, recv: Half) -> Self {
        match (send.is_closed(), recv.is_closed()) {
            (false, false) => Self::Open,
            (true, false) => Self::HalfClosedLocal,
            (false, true) => Self::HalfClosedRemote,
            (true, true) => Self::Closed,
        }
    }
}

impl fmt::Display for StreamState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_moves_forward_only() {
        let mut half = Half::Head;
        half.head(false);
        assert_eq!(half, Half::Body);
        half.close();
        half.head(false);
        assert!(half.is_closed());
    }
}
