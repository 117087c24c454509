//! Whose turn it is to send DATA: by urgency, and in turn among equals (RFC 9218 §10).

use std::collections::VecDeque;

use crate::priority::Priority;
use crate::stream::Key;

/// Streams that could send at once, windows of their own included.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    /// One line a level of urgency.
    ready: [VecDeque<Key>; 8],
    /// Bit n is set while line n is not empty.
    filled: u8,
    /// Streams that only the connection's window holds back.
    starved: Vec<Key>,
}

impl Scheduler {
    /// Puts a stream at the end of its line.
    pub(crate) fn push(&mut self, key: Key, priority: Priority) {
        let urgency = priority.urgency.min(Priority::LOWEST);
        if let Some(line) = self.ready.get_mut(usize::from(urgency)) {
            line.push_back(key);
            self.filled |= 1 << urgency;
        }
    }

    /// The stream whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<Key> {
        if self.filled == 0 {
            return None;
        }
        let urgency = self.filled.trailing_zeros();
        let line = self.ready.get_mut(urgency as usize)?;
        let key = line.pop_front();
        if line.is_empty() {
            self.filled &= !(1 << urgency);
        }
        key
    }

    /// Sets a stream aside until the connection's window opens.
    pub(crate) fn starve(&mut self, key: Key) {
        self.starved.push(key);
    }

    /// The streams that were set aside.
    pub(crate) fn take_starved(&mut self) -> Vec<Key> {
        std::mem::take(&mut self.starved)
    }

    /// Gives back memory that an idle connection does not need.
    pub(crate) fn trim(&mut self) {
        if self.filled == 0 && self.starved.is_empty() {
            *self = Self::default();
        }
    }
}
