//! Header blocks that come in pieces: glued, capped, and with nothing in between (RFC 9113 §4.3).

use super::head::{FrameHead, kind};
use crate::StreamId;
use crate::error::Violation;

/// Caps on one block (CVE-2024-27316 and its kin).
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockLimits {
    pub(crate) max_octets: usize,
    pub(crate) max_continuations: usize,
}

/// Empty CONTINUATION frames in a row that are one too many: no encoder makes them.
const EMPTY_IN_A_ROW: usize = 3;

/// The frame that began a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) stream: StreamId,
    /// END_STREAM.
    pub(crate) end: bool,
    /// The stream depends on itself.
    pub(crate) on_itself: bool,
    /// The promised stream, when PUSH_PROMISE began it.
    pub(crate) promised: Option<u32>,
}

/// A block whose end has not come yet, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Block {
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    opening: Opening,
    octets: Vec<u8>,
    continuations: usize,
    empty_in_a_row: usize,
}

/// A whole block, glued.
#[derive(Debug)]
pub(crate) struct Assembled {
    pub(crate) opening: Opening,
    pub(crate) octets: Vec<u8>,
}

impl Block {
    /// Whether this frame may come: inside a block only its own CONTINUATION, and that only there.
    pub(crate) fn admit(&self, head: FrameHead) -> Result<(), Violation> {
        match &self.open {
            None if head.kind == kind::CONTINUATION => Err(Violation::StrayContinuation),
            None => Ok(()),
            Some(open)
                if head.kind == kind::CONTINUATION && head.stream == open.opening.stream.get() =>
            {
                Ok(())
            }
            Some(_) => Err(Violation::Interleaved { kind: head.kind }),
        }
    }

    /// Judges a frame by its head, so that what is too much is not waited for.
    pub(crate) fn foresee(&self, head: FrameHead, limits: BlockLimits) -> Result<(), Violation> {
        self.admit(head)?;
        match &self.open {
            Some(open) => open.has_room(head.len as usize, limits),
            None => Ok(()),
        }
    }

    /// Keeps the first fragment of a block that goes on.
    pub(crate) fn begin(
        &mut self,
        opening: Opening,
        fragment: &[u8],
        limits: BlockLimits,
    ) -> Result<(), Violation> {
        let mut open = Open { opening, octets: Vec::new(), continuations: 0, empty_in_a_row: 0 };
        open.append(fragment, limits)?;
        self.open = Some(open);
        Ok(())
    }

    /// Adds a fragment, and hands the block out when it was the last.
    pub(crate) fn go_on(
        &mut self,
        fragment: &[u8],
        end_headers: bool,
        limits: BlockLimits,
    ) -> Result<Option<Assembled>, Violation> {
        let Some(open) = &mut self.open else { return Err(Violation::StrayContinuation) };
        open.continuations += 1;
        open.empty_in_a_row = if fragment.is_empty() { open.empty_in_a_row + 1 } else { 0 };
        if open.continuations > limits.max_continuations || open.empty_in_a_row >= EMPTY_IN_A_ROW {
            return Err(Violation::TooManyContinuations);
        }
        open.append(fragment, limits)?;
        if !end_headers {
            return Ok(None);
        }
        Ok(self.open.take().map(|open| Assembled { opening: open.opening, octets: open.octets }))
    }

    /// Whether this CONTINUATION is the dribble of a client that wants to be expensive: short, not
    /// the last, and not the first few.
    pub(crate) fn is_dribble(&self, len: usize, end_headers: bool) -> bool {
        let late = self.open.as_ref().is_some_and(|open| open.continuations > 4);
        late && len < 1024 && !end_headers
    }
}

impl Open {
    fn append(&mut self, fragment: &[u8], limits: BlockLimits) -> Result<(), Violation> {
        self.has_room(fragment.len(), limits)?;
        self.octets.extend_from_slice(fragment);
        Ok(())
    }

    fn has_room(&self, more: usize, limits: BlockLimits) -> Result<(), Violation> {
        let len = self.octets.len() + more;
        if len > limits.max_octets {
            return Err(Violation::HeaderBlockTooLarge { len });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BlockLimits = BlockLimits { max_octets: 10, max_continuations: 4 };

    fn opened() -> Block {
        let opening =
            Opening { stream: StreamId::ONE, end: true, on_itself: false, promised: None };
        let mut block = Block::default();
        block.begin(opening, b"ab", LIMITS).unwrap();
        block
    }

    #[test]
    fn fragments_are_glued_in_order() {
        let mut block = opened();
        assert!(block.go_on(b"cd", false, LIMITS).unwrap().is_none());
        let whole = block.go_on(b"e", true, LIMITS).unwrap().unwrap();
        assert_eq!(whole.octets, b"abcde");
        assert!(block.open.is_none());
    }

    #[test]
    fn octets_frames_and_empty_frames_are_capped() {
        assert_eq!(
            opened().go_on(b"123456789", true, LIMITS).unwrap_err(),
            Violation::HeaderBlockTooLarge { len: 11 }
        );
        let mut block = opened();
        for _ in 0..4 {
            block.go_on(b"x", false, LIMITS).unwrap();
        }
        assert_eq!(block.go_on(b"x", true, LIMITS).unwrap_err(), Violation::TooManyContinuations);
        let mut block = opened();
        block.go_on(b"", false, LIMITS).unwrap();
        block.go_on(b"", false, LIMITS).unwrap();
        assert_eq!(block.go_on(b"", true, LIMITS).unwrap_err(), Violation::TooManyContinuations);
    }

    #[test]
    fn nothing_interleaves_with_a_block() {
        let frame = |kind, stream| FrameHead { len: 0, kind, flags: 0, stream };
        assert!(opened().admit(frame(9, 1)).is_ok());
        assert!(opened().admit(frame(9, 3)).is_err());
        assert!(opened().admit(frame(0xbe, 1)).is_err());
        assert_eq!(Block::default().admit(frame(9, 1)), Err(Violation::StrayContinuation));
    }
}
