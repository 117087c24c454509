//! The only reader of input: the preface, then whole frames, never half of one (RFC 9113 §3.4, §4.2).

use super::head::{FrameHead, HEAD_LEN, flag, kind};
use crate::error::Violation;

/// What a client sends first.
pub(crate) const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Finds where frames begin and end.
#[derive(Debug)]
pub(crate) struct Reader {
    stage: Stage,
    /// Longest payload that is taken.
    pub(crate) max_frame_size: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Preface,
    FirstFrame,
    Frames,
}

/// What stands at the start of the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Not even the head of a frame is there.
    Incomplete,
    /// The head is there, but not all of the frame.
    Partial(FrameHead),
    /// The preface; so many octets are to be skipped.
    Preface(usize),
    /// A whole frame.
    Frame(FrameHead),
}

impl Reader {
    /// A reader that expects the client preface, or frames at once.
    pub(crate) fn new(expect_preface: bool, max_frame_size: u32) -> Self {
        let stage = if expect_preface { Stage::Preface } else { Stage::FirstFrame };
        Self { stage, max_frame_size }
    }

    /// The head at the start of the input, if frames have begun and it is there.
    pub(crate) fn head_of(&self, input: &[u8]) -> Option<FrameHead> {
        let octets = input.first_chunk::<HEAD_LEN>()?;
        (self.stage != Stage::Preface).then(|| FrameHead::parse(*octets))
    }

    /// Looks at the input and takes nothing.
    pub(crate) fn next(&mut self, input: &[u8]) -> Result<Next, Violation> {
        if self.stage == Stage::Preface {
            let seen = input.len().min(PREFACE.len());
            if input.get(..seen) != PREFACE.get(..seen) {
                return Err(Violation::Preface);
            }
            if seen < PREFACE.len() {
                return Ok(Next::Incomplete);
            }
            self.stage = Stage::FirstFrame;
            return Ok(Next::Preface(PREFACE.len()));
        }
        let Some(octets) = input.first_chunk::<HEAD_LEN>() else { return Ok(Next::Incomplete) };
        let head = FrameHead::parse(*octets);
        let max = self.max_frame_size;
        if self.stage == Stage::FirstFrame && (head.kind != kind::SETTINGS || head.has(flag::ACK)) {
            return Err(Violation::FirstFrameNotSettings { kind: head.kind });
        }
        if head.len > max {
            return Err(Violation::FrameTooLarge { len: head.len, max });
        }
        if input.len() < head.total() {
            return Ok(Next::Partial(head));
        }
        self.stage = Stage::Frames;
        Ok(Next::Frame(head))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_octet_of_the_preface_is_refused_as_soon_as_it_is_there() {
        for at in 0..PREFACE.len() {
            let mut wrong = *PREFACE;
            wrong[at] ^= 1;
            assert_eq!(Reader::new(true, 16_384).next(&wrong[..=at]), Err(Violation::Preface));
            assert_eq!(Reader::new(true, 16_384).next(&wrong[..at]), Ok(Next::Incomplete));
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_refused_from_its_head() {
        let mut reader = Reader::new(false, 16_384);
        let head = [0, 0x40, 1, 4, 0, 0, 0, 0, 0];
        assert_eq!(reader.next(&head), Err(Violation::FrameTooLarge { len: 16_385, max: 16_384 }));
    }

    #[test]
    fn the_first_frame_is_settings_and_not_their_acknowledgement() {
        for head in [[0, 0, 0, 6, 0, 0, 0, 0, 0], [0, 0, 0, 4, 1, 0, 0, 0, 0]] {
            assert!(Reader::new(false, 16_384).next(&head).is_err());
        }
    }
}
