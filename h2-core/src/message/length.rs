//! The length of a body, held against its content-length (RFC 9113 §8.1.1).

/// What a body may and does amount to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLength {
    /// What the head said; 0 for messages that have no body whatever they say, and [`ANY`] when
    /// nothing was said. A content-length is at most 2^63-1.
    expected: u64,
    seen: u64,
}

/// Nothing was said about the length.
const ANY: u64 = u64::MAX;

/// A body that is longer or shorter than its head said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mismatch {
    pub(crate) expected: u64,
    pub(crate) seen: u64,
}

impl Default for BodyLength {
    fn default() -> Self {
        Self { expected: ANY, seen: 0 }
    }
}

impl BodyLength {
    /// A body of this content-length, or of any length.
    pub(crate) fn of(content_length: Option<u64>) -> Self {
        Self { expected: content_length.unwrap_or(ANY), seen: 0 }
    }

    /// No body: an answer to HEAD, 204, 304, where content-length may say anything.
    pub(crate) fn none() -> Self {
        Self { expected: 0, seen: 0 }
    }

    /// Counts octets; the first one too many is the error.
    pub(crate) fn add(&mut self, octets: usize) -> Result<(), Mismatch> {
        let seen = self.seen.saturating_add(octets as u64);
        if seen > self.expected {
            return Err(Mismatch { expected: self.expected, seen });
        }
        self.seen = seen;
        Ok(())
    }

    /// Whether adding `octets`, and ending if `end`, would break the promise of the head.
    pub(crate) fn would_break(&self, octets: usize, end: bool) -> bool {
        let mut copy = *self;
        copy.add(octets).is_err() || (end && copy.finish().is_err())
    }

    /// Octets that are still to come; `None` when the head did not say.
    pub(crate) fn left(&self) -> Option<u64> {
        (self.expected != ANY).then(|| self.expected.saturating_sub(self.seen))
    }

    /// The message ended; anything missing is the error.
    pub(crate) fn finish(&self) -> Result<(), Mismatch> {
        if self.expected != ANY && self.seen != self.expected {
            return Err(Mismatch { expected: self.expected, seen: self.seen });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_must_be_exactly_as_long_as_its_head_said() {
        let mut length = BodyLength::of(Some(5));
        assert!(length.add(4).is_ok());
        assert_eq!(length.finish(), Err(Mismatch { expected: 5, seen: 4 }));
        assert!(length.add(2).is_err());
        assert!(length.add(1).is_ok());
        assert!(length.finish().is_ok());
    }

    #[test]
    fn a_message_without_a_body_takes_no_octet() {
        assert!(BodyLength::none().finish().is_ok());
        assert!(BodyLength::none().add(1).is_err());
    }
}
