//! Deadlines of requests: when one passes, its request leaves the line, or its stream is reset.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use h2_core::ErrorCode;

use super::Engine;
use crate::error::{Error, Outcome};
use crate::exchange::{Slot, wake};

/// Deadlines below this number are not looked through for those that were met.
const FEW: usize = 64;

/// By when a request must be answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By {
    pub(crate) at: Instant,
    /// The whole response must have arrived, not its head alone.
    pub(crate) whole: bool,
}

/// The deadlines of a connection's requests. Those that were met are forgotten when they are as
/// many as the others, so there are never many more than requests.
#[derive(Debug)]
pub(super) struct Dues {
    heap: BinaryHeap<Due>,
    tidy_at: usize,
}

#[derive(Debug)]
struct Due {
    by: By,
    slot: Weak<Slot>,
}

impl Default for Dues {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), tidy_at: FEW }
    }
}

impl Dues {
    /// The next one.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|due| due.by.at)
    }

    /// The next that has passed.
    fn pop(&mut self, now: Instant) -> Option<Due> {
        if self.next()? > now {
            return None;
        }
        self.heap.pop()
    }

    pub(super) fn trim(&mut self) {
        self.heap.shrink_to_fit();
    }
}

// The heap gives its greatest, which is to be the earliest.
impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        other.by.at.cmp(&self.by.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.by.at == other.by.at
    }
}

impl Eq for Due {}

impl Engine {
    /// Holds a request to its deadline.
    pub(super) fn hold_to(&mut self, slot: &Arc<Slot>, by: By) {
        if self.dues.heap.len() >= self.dues.tidy_at {
            let mut heap = std::mem::take(&mut self.dues.heap);
            heap.retain(|due| due.slot.upgrade().is_some_and(|slot| !self.is_met(due.by, &slot)));
            self.dues.tidy_at = FEW.max(heap.len() * 2);
            self.dues.heap = heap;
        }
        self.dues.heap.push(Due { by, slot: Arc::downgrade(slot) });
    }

    /// Whether what was to come by then is here, or will not come any more.
    fn is_met(&self, by: By, slot: &Slot) -> bool {
        let state = slot.lock();
        let over = state.failure().is_some() || state.recv.ended;
        let stream = state.stream;
        drop(state);
        let entry = stream.and_then(|stream| self.entries.get(stream));
        over || stream.is_some() && entry.is_none_or(|entry| entry.answered && !by.whole)
    }

    /// Ends the requests whose deadlines have passed.
    pub(super) fn expire(&mut self) {
        while let Some(due) = self.dues.pop(self.now) {
            let Some(slot) = due.slot.upgrade() else { continue };
            if self.is_met(due.by, &slot) {
                continue;
            }
            let mut state = slot.lock();
            let Some(stream) = state.stream else {
                let wakers = state.fail(Error::timed_out(None, Outcome::NotSent));
                state.detached = true;
                drop(state);
                self.line.leave();
                wake(wakers);
                continue;
            };
            drop(state);
            let answered = self.entries.get(stream).is_some_and(|entry| entry.answered);
            let outcome = self.outcome(stream, answered);
            self.conn.suspect(stream);
            self.conn.reset_stream(stream, ErrorCode::CANCEL);
            self.drop_entry(stream, Error::timed_out(Some(stream), outcome));
        }
    }
}
