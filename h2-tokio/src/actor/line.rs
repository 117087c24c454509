//! The line in which requests wait for a stream: first come, first served.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use h2_core::{End, Misuse, StreamId};
use tokio::sync::oneshot;

use super::Engine;
use super::command::Permit;
use super::entry::Entry;
use crate::error::{Error, Outcome};
use crate::exchange::{Begin, Finish, Slot, wake};
use crate::hub::Hub;

/// Requests below this number are not looked through for those that were given up.
const FEW: usize = 64;

/// Requests and reservations in the order of their arrival.
#[derive(Debug)]
pub(super) struct Line {
    waiting: VecDeque<Waiting>,
    /// How many of them were given up by their caller since.
    /// Below zero for one that was taken out before it was said to have left.
    left: isize,
    max: usize,
    /// The core will say when there is a stream again.
    stuck: bool,
    /// No more streams are opened, and everyone was told why: nobody waits any more.
    over: bool,
}

#[derive(Debug)]
enum Waiting {
    Request(Arc<Slot>),
    /// Whoever waits holds the connection; the line must not, or it would outlive them.
    Reserve(Weak<Hub>, oneshot::Sender<Result<Permit, Error>>),
}

impl Line {
    pub(super) fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), left: 0, max, stuck: false, over: false }
    }

    /// How many wait, not counting those whose caller left.
    pub(super) fn len(&self) -> usize {
        self.waiting.len().saturating_sub(self.left.max(0).unsigned_abs())
    }

    /// No more streams are opened.
    pub(super) fn end(&mut self) {
        self.over = true;
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// A stream may be free again.
    pub(super) fn loosen(&mut self) {
        self.stuck = false;
    }

    /// The caller of one that waits has left. When most have, the line is tidied.
    pub(super) fn leave(&mut self) {
        self.left += 1;
        if self.left > 64 && self.left.unsigned_abs() * 2 > self.waiting.len() {
            let before = self.waiting.len();
            self.waiting.retain(|waiting| !waiting.is_over());
            self.left -= (before - self.waiting.len()).cast_signed();
        }
    }

    /// Gives back the memory of a line that was long.
    pub(super) fn trim(&mut self) {
        self.waiting.shrink_to_fit();
    }

    fn is_full(&self) -> bool {
        self.len() >= self.max
    }

    /// Answers a reservation that is not in line. A caller who left before will be said to leave the
    /// line, or was, and must not be missed among those who wait.
    fn answer(
        &mut self,
        asked: oneshot::Sender<Result<Permit, Error>>,
        with: Result<Permit, Error>,
    ) {
        // A permit that nobody receives goes back when it is dropped.
        if asked.send(with).is_err() {
            self.left -= 1;
        }
    }

    /// Tells one that is not in line that there is no stream for it.
    fn turn_away(&mut self, waiting: Waiting, error: Error) {
        match waiting {
            Waiting::Request(slot) => slot.fail(error),
            Waiting::Reserve(_, asked) => self.answer(asked, Err(error)),
        }
    }

    /// The next that somebody still waits for.
    fn pop(&mut self) -> Option<Waiting> {
        loop {
            let waiting = self.waiting.pop_front()?;
            if !waiting.is_over() {
                return Some(waiting);
            }
            self.left -= 1;
        }
    }
}

impl Waiting {
    fn is_over(&self) -> bool {
        match self {
            Self::Request(slot) => slot.lock().failure().is_some(),
            Self::Reserve(_, answer) => answer.is_closed(),
        }
    }
}

impl Engine {
    pub(super) fn queue_request(&mut self, slot: Arc<Slot>) {
        self.queue(Waiting::Request(slot));
    }

    pub(super) fn queue_reservation(
        &mut self,
        hub: &Arc<Hub>,
        wait: bool,
        answer: oneshot::Sender<Result<Permit, Error>>,
    ) {
        if wait {
            return self.queue(Waiting::Reserve(Arc::downgrade(hub), answer));
        }
        let granted = if self.conn.is_draining() {
            Err(self.no_more_streams())
        } else if self.conn.is_suspect() {
            Err(Error::suspect())
        } else if self.line.stuck || self.line.len() > 0 {
            Err(Error::misuse(Misuse::NoSlot))
        } else {
            let permit = self.conn.reserve_slot().ok_or_else(|| Error::misuse(Misuse::NoSlot));
            permit.map(|permit| Permit::new(Arc::clone(hub), permit))
        };
        self.line.answer(answer, granted);
    }

    fn queue(&mut self, waiting: Waiting) {
        if self.is_held() && self.line.is_full() {
            return self.line.turn_away(waiting, Error::queue_full());
        }
        self.line.waiting.push_back(waiting);
        self.open_waiting();
    }

    /// Whether those in line have to wait. Nothing is sent into the silence of a peer that may be
    /// gone: a request that waits is still whole. While a connection drains nobody waits, once it is
    /// known why.
    fn is_held(&self) -> bool {
        let held = self.line.stuck || self.conn.is_suspect() || self.conn.is_draining();
        held && !self.line.over
    }

    /// Opens streams for those who wait, in their order, until there is none free.
    pub(super) fn open_waiting(&mut self) {
        while !self.is_held() {
            let Some(waiting) = self.line.pop() else { return };
            match waiting {
                Waiting::Request(slot) => self.open(slot, None),
                Waiting::Reserve(hub, answer) => self.grant(&hub, answer),
            }
        }
    }

    fn grant(&mut self, hub: &Weak<Hub>, answer: oneshot::Sender<Result<Permit, Error>>) {
        if self.conn.is_draining() {
            let error = self.no_more_streams();
            return self.line.answer(answer, Err(error));
        }
        let Some(permit) = self.conn.reserve_slot() else {
            return self.put_back(Waiting::Reserve(Weak::clone(hub), answer));
        };
        match hub.upgrade() {
            Some(hub) => self.line.answer(answer, Ok(Permit::new(hub, permit))),
            None => {
                // Whoever asked has left, and the last handle with them.
                self.conn.release_slot(permit);
                self.line.left -= 1;
            }
        }
    }

    /// There is no stream for the first in line, which waits on unless nobody may.
    fn put_back(&mut self, waiting: Waiting) {
        self.line.stuck = true;
        if self.line.is_full() {
            return self.line.turn_away(waiting, Error::queue_full());
        }
        self.line.waiting.push_front(waiting);
    }

    /// Opens a stream for a request, or puts it back to the head of the line.
    pub(super) fn open(&mut self, slot: Arc<Slot>, permit: Option<h2_core::Permit>) {
        let mut state = slot.lock();
        let Some(head) = state.take_request() else { return };
        let whole = state.send.chunks.is_empty() && matches!(state.send.finish, Finish::End);
        let end = End::from_bool(whole);
        // The lock is held meanwhile: locking twice costs more than whoever waits for it loses.
        let opened = match permit {
            Some(permit) => self.conn.send_request_with(permit, head, end),
            None => self.conn.send_request(head, end),
        };
        match opened {
            Ok(stream) => {
                state.stream = Some(stream);
                let entry = if whole {
                    state.send.finish = Finish::Done;
                    Entry::sent(Arc::clone(&slot))
                } else {
                    Entry::new(Some(Arc::clone(&slot)), false)
                };
                let waker = match state.recv.begin {
                    Begin::Done => None,
                    Begin::Opened => {
                        state.recv.begin = Begin::Done;
                        state.recv.waker.take()
                    }
                    Begin::Written => {
                        self.wait_for_head(stream);
                        None
                    }
                };
                drop(state);
                self.entries.insert(stream, entry);
                self.peak = self.peak.max(self.entries.len());
                wake((None, waker));
                if !whole {
                    self.look(&slot);
                }
            }
            Err(refused) if refused.why == Misuse::NoSlot => {
                state.put_request(*refused.head);
                drop(state);
                self.put_back(Waiting::Request(slot));
            }
            Err(refused) => {
                drop(state);
                let drains = matches!(refused.why, Misuse::Draining | Misuse::NoMoreStreamIds);
                let misuse = || Error::misuse(refused.why);
                slot.fail(if drains { self.no_more_streams() } else { misuse() });
            }
        }
    }

    /// The caller of this request goes on when its head is written. Those that were given up before
    /// are forgotten when they are as many as the others.
    fn wait_for_head(&mut self, stream: StreamId) {
        if self.beginning.len() >= FEW.max(2 * self.entries.len()) {
            self.beginning.retain(|stream| self.entries.contains(*stream));
        }
        self.beginning.push_back(stream);
    }

    /// The transport took octets: the requests whose heads are among them go on. Heads leave in the
    /// order in which their streams were opened.
    pub(super) fn taken(&mut self) {
        while let Some(&stream) = self.beginning.front() {
            // One that has ended has been told so.
            let slot = self.entries.get(stream).and_then(|entry| entry.slot.as_ref());
            if let Some(slot) = slot {
                if !self.conn.is_request_written(stream) {
                    return;
                }
                let mut state = slot.lock();
                state.recv.begin = Begin::Done;
                let waker = state.recv.waker.take();
                drop(state);
                wake((None, waker));
            }
            self.beginning.pop_front();
        }
    }

    /// Tells everyone in line that there will be no stream for them.
    pub(super) fn dismiss_line(&mut self) {
        while let Some(waiting) = self.line.pop() {
            let error = self.no_more_streams();
            self.line.turn_away(waiting, error);
        }
    }

    /// Why nobody gets a stream any more.
    fn no_more_streams(&self) -> Error {
        match (&self.closed, self.shared.draining()) {
            (Some(reason), _) => reason.to_error(Outcome::NotSent),
            (None, Some(reason)) => Error::draining(reason),
            (None, None) => Error::misuse(Misuse::Draining),
        }
    }
}
