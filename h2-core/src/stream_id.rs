//! Stream identifiers: 31 bits, never zero, whose parity tells who opened the stream (RFC 9113 §5.1.1).

use std::fmt;
use std::num::NonZeroU32;

/// The identifier of a stream, 1 to 2^31-1.
///
/// Odd identifiers belong to streams that the client opened, even ones to streams that the
/// server promised. Zero stands for the connection and is not a `StreamId`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(NonZeroU32);

impl StreamId {
    /// The first stream that a client opens, and the one that an h2c upgrade uses.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// The first stream that a server promises.
    pub const TWO: Self = Self(NonZeroU32::MIN.saturating_add(1));

    /// The highest identifier, 2^31-1.
    pub const MAX: Self = Self(NonZeroU32::MIN.saturating_add(0x7fff_fffe));

    /// Makes an identifier, or `None` for zero and for values above 2^31-1.
    #[must_use]
    pub const fn new(value: u32) -> Option<Self> {
        match NonZeroU32::new(value) {
            Some(id) if value <= 0x7fff_ffff => Some(Self(id)),
            _ => None,
        }
    }

    /// The identifier as a number, 1 to 2^31-1.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Whether a client opens streams with this identifier: it is odd.
    #[must_use]
    pub const fn is_client_initiated(self) -> bool {
        self.get() % 2 == 1
    }

    /// Whether a server promises streams with this identifier: it is even.
    #[must_use]
    pub const fn is_server_initiated(self) -> bool {
        !self.is_client_initiated()
    }

    /// The next identifier of the same initiator, or `None` when they are used up.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        Self::new(self.get() + 2)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamId({})", self.get())
    }
}

impl From<StreamId> for u32 {
    fn from(id: StreamId) -> Self {
        id.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_values_above_31_bits_are_not_stream_ids() {
        assert_eq!(StreamId::new(0), None);
        assert_eq!(StreamId::new(0x8000_0000), None);
        assert_eq!(StreamId::new(0x7fff_ffff), Some(StreamId::MAX));
    }

    #[test]
    fn the_next_id_keeps_the_parity_and_ends_at_the_top() {
        assert_eq!(StreamId::ONE.next().map(StreamId::get), Some(3));
        assert_eq!(StreamId::TWO.next().map(StreamId::get), Some(4));
        assert_eq!(StreamId::MAX.next(), None);
    }
}
