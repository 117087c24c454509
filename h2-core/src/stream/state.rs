//! The state of a stream as two halves, each moving forward only (RFC 9113 §5.1).

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
