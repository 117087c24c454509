//! How streams ended that are gone: enough memory to tell a late frame from a wrong one, bounded
//! (RFC 9113 §5.1, §5.4.2).

use std::collections::VecDeque;

use crate::StreamId;

/// Streams that we reset and remember. What arrives on them was under way and is nobody's fault.
const RESETS: usize = 1_024;
/// Streams that the peer ended and that we remember, to name the right error.
const ENDS: usize = 64;

/// Streams that are gone, the newest last.
#[derive(Debug, Default)]
pub(crate) struct ClosedStreams {
    reset_by_us: VecDeque<StreamId>,
    ended_by_peer: VecDeque<StreamId>,
    forgot_a_reset: bool,
}

/// What is known about a stream that is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// We reset it, or may have: what the peer sends on it is ignored.
    ResetByUs,
    /// We may have reset it, but no longer know.
    Forgotten,
    /// The peer ended it.
    EndedByPeer,
    /// Nothing: it ended long ago, or nobody ever opened it.
    Unknown,
}

impl ClosedStreams {
    pub(crate) fn remember(&mut self, stream: StreamId, reset_by_us: bool) {
        let (list, cap) = if reset_by_us {
            (&mut self.reset_by_us, RESETS)
        } else {
            (&mut self.ended_by_peer, ENDS)
        };
        if list.len() >= cap {
            list.pop_front();
            self.forgot_a_reset |= reset_by_us;
        }
        list.push_back(stream);
    }

    pub(crate) fn how(&self, stream: StreamId) -> How {
        if self.reset_by_us.contains(&stream) {
            How::ResetByUs
        } else if self.ended_by_peer.contains(&stream) {
            How::EndedByPeer
        } else if self.forgot_a_reset {
            How::Forgotten
        } else {
            How::Unknown
        }
    }

    /// Forgets what an idle connection will not be asked about.
    pub(crate) fn trim(&mut self) {
        self.reset_by_us.shrink_to_fit();
        self.ended_by_peer.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_reset_was_forgotten_no_unknown_stream_is_held_against_the_peer() {
        let mut closed = ClosedStreams::default();
        let id = |n| StreamId::new(n).unwrap();
        closed.remember(id(1), true);
        closed.remember(id(3), false);
        assert_eq!(closed.how(id(1)), How::ResetByUs);
        assert_eq!(closed.how(id(3)), How::EndedByPeer);
        assert_eq!(closed.how(id(5)), How::Unknown);
        for n in 0..1_024 {
            closed.remember(id(7 + 2 * n), true);
        }
        assert_eq!(closed.how(id(1)), How::Forgotten);
    }
}
