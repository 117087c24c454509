//! What the actor remembers of a stream, beside what it shares with the stream's handles.

use std::hash::Hasher;
use std::sync::Arc;

use crate::chunks::Chunks;
use crate::exchange::{Finish, Slot};
use crate::pushed::Promises;

/// A stream that somebody still has to do with.
#[derive(Debug)]
pub(super) struct Entry {
    /// What is shared with the handles; `None` when there are none.
    pub(super) slot: Option<Arc<Slot>>,
    /// What the core has no room for yet.
    pub(super) out: Chunks,
    /// What follows it.
    pub(super) finish: Finish,
    /// Takes what a server pushes because of this request.
    pub(super) promises: Option<Promises>,
    /// The final response has begun (client).
    pub(super) answered: bool,
    /// The peer's side has ended.
    pub(super) received: bool,
    /// Nobody reads what the peer sends; the core knows.
    pub(super) discarding: bool,
    /// No handle is left.
    pub(super) abandoned: bool,
}

impl Entry {
    pub(super) fn new(slot: Option<Arc<Slot>>, received: bool) -> Self {
        Self {
            slot,
            out: Chunks::default(),
            finish: Finish::Open,
            promises: None,
            answered: false,
            received,
            discarding: false,
            abandoned: false,
        }
    }

    /// Whether the core has everything that will be sent.
    pub(super) fn is_sent(&self) -> bool {
        self.out.is_empty() && matches!(self.finish, Finish::Done)
    }
}

/// Spreads stream identifiers, which count up by two, over a table. A peer chooses them only one
/// after the other, so there is nothing to defend against.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.write_u32(u32::from(*octet));
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // The table takes its tag from the high bits and its place from the low ones.
        self.0 ^ (self.0 >> 32)
    }
}
