//! Whose turn it is to send DATA: by urgency, and in turn among equals (RFC 9218 §10).
//!
//! This room keeps one promise: a stream that could send waits at most a round of its urgency, and
//! never for ever behind more urgent ones.

use std::collections::VecDeque;

use crate::priority::Priority;
use crate::stream::Key;

/// Turns of the most urgent streams after which a less urgent one gets one, each level in its turn,
/// so that none starves.
const PATIENCE: u8 = 32;

/// Streams that could send at once, windows of their own included.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    /// One line a level of urgency.
    ready: [VecDeque<Key>; 8],
    /// Bit n is set while line n is not empty.
    filled: u8,
    /// Turns in a row that were given while a less urgent stream waited.
    passed_over: u8,
    /// The level of the last turn that was given out of order.
    favoured: u8,
    /// `passed_over` and `favoured` before the last turn, should that come to nothing.
    before: (u8, u8),
    /// Streams that only the connection's window holds back.
    starved: Vec<Key>,
}

impl Scheduler {
    /// Puts a stream at the end of its line.
    pub(crate) fn push(&mut self, key: Key, priority: Priority) {
        if let Some(line) = self.line(priority) {
            line.push_back(key);
            self.filled |= 1 << priority.urgency.min(Priority::LOWEST);
        }
    }

    /// Puts a stream back at the head of its line: its turn is not over.
    pub(crate) fn keep(&mut self, key: Key, priority: Priority) {
        if let Some(line) = self.line(priority) {
            line.push_front(key);
            self.filled |= 1 << priority.urgency.min(Priority::LOWEST);
        }
    }

    fn line(&mut self, priority: Priority) -> Option<&mut VecDeque<Key>> {
        self.ready.get_mut(usize::from(priority.urgency.min(Priority::LOWEST)))
    }

    /// Whether no stream is in line.
    pub(crate) fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// The stream whose turn it is.
    pub(crate) fn pop(&mut self) -> Option<Key> {
        if self.filled == 0 {
            return None;
        }
        self.before = (self.passed_over, self.favoured);
        let first = self.filled.trailing_zeros();
        let others = self.filled & !(1 << first);
        let urgency = if others == 0 {
            self.passed_over = 0;
            first
        } else if self.passed_over < PATIENCE {
            self.passed_over += 1;
            first
        } else {
            self.passed_over = 0;
            let beyond = others & (u8::MAX << self.favoured << 1);
            let next = if beyond == 0 { others } else { beyond }.trailing_zeros();
            self.favoured = u8::try_from(next).unwrap_or_default();
            next
        };
        let line = self.ready.get_mut(urgency as usize)?;
        let key = line.pop_front();
        if line.is_empty() {
            self.filled &= !(1 << urgency);
        }
        key
    }

    /// Takes a stream out of its line; says whether it stood there.
    pub(crate) fn remove(&mut self, key: Key, priority: Priority) -> bool {
        let Some(line) = self.line(priority) else { return false };
        let before = line.len();
        line.retain(|other| *other != key);
        let (removed, empty) = (line.len() < before, line.is_empty());
        if empty {
            self.filled &= !(1 << priority.urgency.min(Priority::LOWEST));
        }
        removed
    }

    /// Sets the stream whose turn it is aside until the connection's window opens. It was no turn: a
    /// window that opens by little at a time must not count against those that wait.
    pub(crate) fn starve(&mut self, key: Key) {
        (self.passed_over, self.favoured) = self.before;
        self.starved.push(key);
    }

    /// Forgets a stream that was set aside; says whether others still are.
    pub(crate) fn forget_starved(&mut self, key: Key) -> bool {
        self.starved.retain(|other| *other != key);
        !self.starved.is_empty()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamId;

    fn key(id: u32) -> Key {
        Key::for_test(StreamId::new(id).unwrap())
    }

    fn urgency(urgency: u8) -> Priority {
        Priority { urgency, incremental: true }
    }

    #[test]
    fn equals_take_turns_and_the_urgent_go_first() {
        let mut scheduler = Scheduler::default();
        scheduler.push(key(5), urgency(3));
        scheduler.push(key(1), urgency(3));
        scheduler.push(key(3), urgency(0));
        let order: Vec<u32> =
            std::iter::from_fn(|| scheduler.pop()).map(|key| key.id.get()).collect();
        assert_eq!(order, [3, 5, 1]);
    }

    #[test]
    fn the_least_urgent_stream_gets_a_turn_too() {
        let mut scheduler = Scheduler::default();
        scheduler.push(key(7), urgency(7));
        for turn in 0..u32::from(PATIENCE) {
            scheduler.push(key(1), urgency(0));
            assert_eq!(scheduler.pop(), Some(key(1)), "turn {turn}");
        }
        scheduler.push(key(1), urgency(0));
        assert_eq!(scheduler.pop(), Some(key(7)));
    }

    #[test]
    fn no_level_starves_behind_two_others() {
        let mut scheduler = Scheduler::default();
        let mut turns = [0; 8];
        for level in [0, 3, 5, 7] {
            scheduler.push(key(u32::from(level) + 1), urgency(level));
        }
        for _ in 0..33 * 30 {
            let served = u8::try_from(scheduler.pop().unwrap().id.get() - 1).unwrap();
            turns[usize::from(served)] += 1;
            scheduler.push(key(u32::from(served) + 1), urgency(served));
        }
        assert_eq!(turns, [32 * 30, 0, 0, 10, 0, 10, 0, 10]);
    }

    #[test]
    fn a_stream_that_is_taken_out_is_not_served() {
        let mut scheduler = Scheduler::default();
        scheduler.push(key(1), urgency(3));
        assert!(scheduler.remove(key(1), urgency(3)));
        assert_eq!(scheduler.pop(), None);
    }
}
