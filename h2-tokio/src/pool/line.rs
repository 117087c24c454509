//! Those who wait for a slot on any connection: first come, first served.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use super::floor::{Held, Id};
use crate::error::Error;

/// The line.
#[derive(Debug, Default)]
pub(super) struct Line {
    waiting: VecDeque<Waiting>,
    /// How many of them were given up by their caller since; below zero for one that was taken out
    /// before it was said to have left.
    left: isize,
}

/// Somebody who waits.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The connection that refused the request.
    pub(super) not: Option<Id>,
    /// It waits for as long as the pool may ever serve it.
    pub(super) patient: bool,
    pub(super) answer: oneshot::Sender<Result<Held, Error>>,
}

impl Waiting {
    /// Whether it may have a slot of this connection, one of so many: not of that which refused it
    /// while there is another.
    fn takes(&self, from: Id, connections: usize) -> bool {
        !self.answer.is_closed() && (self.not != Some(from) || connections == 1)
    }
}

impl Line {
    /// How many wait, not counting those whose caller left.
    pub(super) fn len(&self) -> usize {
        self.waiting.len().saturating_sub(self.left.max(0).unsigned_abs())
    }

    /// Puts somebody to the end of the line; whoever has waited before, to its head.
    pub(super) fn push(&mut self, waiting: Waiting) {
        if waiting.not.is_some() {
            self.waiting.push_front(waiting);
        } else {
            self.waiting.push_back(waiting);
        }
    }

    /// The caller of one that waits has left. When most have, the line is tidied.
    pub(super) fn leave(&mut self) {
        self.left += 1;
        if self.left > 64 && self.left.unsigned_abs() * 2 > self.waiting.len() {
            let before = self.waiting.len();
            self.waiting.retain(|waiting| !waiting.answer.is_closed());
            self.left -= (before - self.waiting.len()).cast_signed();
        }
        if self.len() == 0 {
            self.left = 0;
            self.waiting = VecDeque::new();
        }
    }

    /// How many would take a slot of this connection, counted up to `most`.
    pub(super) fn count_for(&self, from: Id, connections: usize, most: usize) -> usize {
        self.waiting.iter().filter(|waiting| waiting.takes(from, connections)).take(most).count()
    }

    /// Takes out the first that takes a slot of this connection.
    pub(super) fn take_for(&mut self, from: Id, connections: usize) -> Option<Waiting> {
        while self.waiting.front().is_some_and(|waiting| waiting.answer.is_closed()) {
            self.waiting.pop_front();
            self.left -= 1;
        }
        let at = self.waiting.iter().position(|waiting| waiting.takes(from, connections))?;
        self.waiting.remove(at)
    }

    /// One that was taken out had left before it could be answered.
    pub(super) fn missed(&mut self) {
        self.left -= 1;
    }

    /// Takes out all, or all who are not patient.
    pub(super) fn dismiss(&mut self, patient_too: bool) -> Vec<Waiting> {
        let before = self.waiting.len();
        self.waiting.retain(|waiting| !waiting.answer.is_closed());
        self.left -= (before - self.waiting.len()).cast_signed();
        let all = std::mem::take(&mut self.waiting).into_iter();
        let (go, stay) = all.partition(|waiting| patient_too || !waiting.patient);
        self.waiting = stay;
        Vec::from(go)
    }
}
