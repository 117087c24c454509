//! What the actor remembers of a stream, beside what it shares with the stream's handles.

use std::sync::Arc;

use crate::chunks::Chunks;
use crate::exchange::{Finish, Slot};

/// A stream that somebody still has to do with. It is small, because streams are many.
#[derive(Debug)]
pub(super) struct Entry {
    /// What is shared with the handles; `None` when there are none.
    pub(super) slot: Option<Arc<Slot>>,
    /// What the core has no room for yet: on most streams nothing.
    waiting: Option<Box<Rest>>,
    /// The core has everything that will be sent.
    sent: bool,
    /// The final response has begun (client).
    pub(super) answered: bool,
    /// The peer's side has ended.
    pub(super) received: bool,
    /// Nobody reads what the peer sends; the core knows.
    pub(super) discarding: bool,
    /// No handle is left.
    pub(super) abandoned: bool,
}

/// What is left of a message that is sent.
#[derive(Debug, Default)]
pub(super) struct Rest {
    pub(super) chunks: Chunks,
    /// What follows them.
    pub(super) finish: Finish,
}

impl Rest {
    /// Whether nothing is left, and nothing will come.
    pub(super) fn is_sent(&self) -> bool {
        self.chunks.is_empty() && matches!(self.finish, Finish::Done)
    }
}

impl Entry {
    pub(super) fn new(slot: Option<Arc<Slot>>, received: bool) -> Self {
        Self {
            slot,
            waiting: None,
            sent: false,
            answered: false,
            received,
            discarding: false,
            abandoned: false,
        }
    }

    /// One of whose message the core has everything.
    pub(super) fn sent(slot: Arc<Slot>) -> Self {
        Self { sent: true, ..Self::new(Some(slot), false) }
    }

    /// Whether the core has everything that will be sent.
    pub(super) fn is_sent(&self) -> bool {
        self.sent
    }

    /// Whether octets of the body wait for room.
    pub(super) fn has_waiting(&self) -> bool {
        self.waiting.as_ref().is_some_and(|rest| !rest.chunks.is_empty())
    }

    /// What is left to be sent, to be fed to the core and [kept](Self::keep).
    pub(super) fn take_rest(&mut self) -> Rest {
        match self.waiting.take() {
            Some(rest) => *rest,
            None if self.sent => Rest { chunks: Chunks::default(), finish: Finish::Done },
            None => Rest::default(),
        }
    }

    pub(super) fn keep(&mut self, rest: Rest) {
        self.sent = rest.is_sent();
        let nothing = self.sent || (rest.chunks.is_empty() && matches!(rest.finish, Finish::Open));
        self.waiting = (!nothing).then(|| Box::new(rest));
    }

    /// Nothing more is sent.
    pub(super) fn stop_sending(&mut self) {
        self.waiting = None;
        self.sent = true;
    }
}
