//! How a connection stands, for those who look once and for those who watch.

use std::sync::Arc;

use tokio::sync::watch;

use crate::error::CloseReason;
use crate::hub::Shared;

/// How a connection stands: a picture that may be one turn of its task old.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct State {
    /// Streams that are open, whoever opened them.
    pub open: usize,
    /// Requests and reservations that wait for a stream.
    pub queued: usize,
    /// Requests that could be opened at once.
    pub free: usize,
    /// Streams that the peer lets us have open at once; `None` while it has not said it, or sets no
    /// limit.
    pub peer_limit: Option<u32>,
    /// Whether no more streams are opened: GOAWAY was sent or received, a shutdown began, or the
    /// identifiers are used up.
    pub draining: bool,
    /// Why no more streams are opened.
    pub drain_reason: Option<CloseReason>,
    /// Whether a request was given up and nothing has arrived since it was sent, so that new ones
    /// had better go elsewhere. Those that come here wait in line until the peer has shown that it
    /// lives; if it does not in time, the connection ends and they are handed back.
    pub suspect: bool,
    /// Whether the peer's first SETTINGS have arrived.
    pub ready: bool,
    /// Why the connection ended, if it has.
    pub closed: Option<CloseReason>,
}

impl State {
    fn is_as(&self, other: &Self) -> bool {
        let numbers = |state: &Self| (state.open, state.queued, state.free, state.peer_limit);
        let flags = |state: &Self| (state.draining, state.suspect, state.ready);
        // The first reasons stay.
        let reasons = |state: &Self| (state.drain_reason.is_some(), state.closed.is_some());
        numbers(self) == numbers(other)
            && flags(self) == flags(other)
            && reasons(self) == reasons(other)
    }
}

/// A watch over a connection's [`State`]. It does not keep the connection open.
#[derive(Clone, Debug)]
pub struct StateWatch {
    states: watch::Receiver<State>,
    shared: Arc<Shared>,
}

impl StateWatch {
    pub(crate) fn new(states: watch::Receiver<State>, shared: Arc<Shared>) -> Self {
        Self { states, shared }
    }

    /// How the connection stands. A change up to here is no news to [`changed`](Self::changed).
    #[must_use]
    pub fn get(&mut self) -> State {
        self.shared.tell();
        self.states.borrow_and_update().clone()
    }

    /// Waits for a change and says how the connection stands then; `None` when it has ended and
    /// that was told. No change is missed: several that come before the next call are one, told
    /// at once.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn changed(&mut self) -> Option<State> {
        let over = self.states.borrow().closed.is_some();
        if over && !self.states.has_changed().unwrap_or_default() {
            return None;
        }
        self.states.changed().await.ok()?;
        Some(self.states.borrow_and_update().clone())
    }

    /// Waits until the connection stands as `wanted` says. The end of the connection ends the wait
    /// too.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn until(&mut self, mut wanted: impl FnMut(&State) -> bool) -> State {
        let mut state = self.get();
        while !wanted(&state) && state.closed.is_none() {
            let Some(next) = self.changed().await else { break };
            state = next;
        }
        state
    }
}

/// Where those are told who watch. There is nothing in it until somebody does.
#[derive(Debug, Default)]
pub(crate) struct Watchers(std::sync::OnceLock<watch::Sender<State>>);

impl Watchers {
    pub(crate) fn join(&self, first: impl FnOnce() -> State) -> watch::Receiver<State> {
        self.0.get_or_init(|| watch::Sender::new(first())).subscribe()
    }

    /// Tells those who watch, if there are any and the state is another.
    pub(crate) fn tell(&self, state: impl FnOnce() -> State) {
        let Some(sender) = self.0.get().filter(|sender| sender.receiver_count() > 0) else {
            return;
        };
        sender.send_if_modified(|last| {
            let state = state();
            let news = !last.is_as(&state);
            if news {
                *last = state;
            }
            news
        });
    }
}
