//! Interim responses in a slot, both ways: few streams have any, and none has them without bound.

use std::collections::VecDeque;

use h2_core::ResponseHead;

use super::State;

/// Interim responses of one stream that may wait to be written: what the core takes.
const INTERIM_SENT: usize = 32;

impl State {
    /// Leaves an interim response for the actor to send, unless as many as the core takes wait to be
    /// written. Says whether it was taken.
    pub(crate) fn put_interim(&mut self, head: ResponseHead) -> bool {
        let rare = self.rare.get_or_insert_default();
        let taken = rare.sent.len() + rare.unwritten < INTERIM_SENT;
        if taken {
            rare.sent.push_back(head);
        }
        taken
    }

    /// Takes the interim responses that are to be sent.
    pub(crate) fn take_interim(&mut self) -> VecDeque<ResponseHead> {
        let Some(rare) = &mut self.rare else { return VecDeque::new() };
        rare.unwritten += rare.sent.len();
        std::mem::take(&mut rare.sent)
    }

    /// Notes how many interim responses the core has; says whether it takes no more.
    pub(crate) fn note_interim(&mut self, unwritten: impl FnOnce() -> usize) -> bool {
        let Some(rare) = &mut self.rare else { return false };
        rare.unwritten = unwritten();
        rare.unwritten >= INTERIM_SENT
    }

    /// Leaves an interim response for an application that asks for them; one that has so many to
    /// take gets no more. Says whether it was taken.
    pub(crate) fn receive_interim(&mut self, head: ResponseHead, max: usize) -> bool {
        let taken = self.recv.streamed && self.interim_waiting() < max;
        if taken {
            self.rare.get_or_insert_default().received.push_back(head);
        }
        taken
    }

    fn interim_waiting(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.received.len())
    }

    /// Takes the oldest interim response that was received.
    pub(crate) fn next_interim(&mut self) -> Option<ResponseHead> {
        self.rare.as_mut()?.received.pop_front()
    }
}
