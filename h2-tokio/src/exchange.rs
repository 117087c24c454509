//! The slot of a stream: where its handles and the actor leave things for each other.
//!
//! Its mutex is held for a few moves at a time, never across a wake or an await. A slot is small,
//! because streams are many: what few of them hold at a time lies in boxes. What is in it is bounded by the receive window, and by the send credit plus one piece.

mod heads;
mod interim;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2_core::{ErrorCode, Misuse, RequestHead, ResponseHead, StreamId, Trailers};

use self::heads::Heads;
use crate::body::pump::Start;
use crate::chunks::Chunks;
use crate::error::{Error, Outcome};
use crate::hub::Hub;
use crate::pushed::Promises;
use crate::sync::{Mutex, MutexGuard};

/// One stream, as its handles and the actor share it.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
}

/// What is in a slot.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Known from the moment that the stream is opened.
    pub(crate) stream: Option<StreamId>,
    /// A `Look` is on its way to the actor, so no other is needed.
    looked_for: bool,
    /// The actor has no more to do with this slot.
    pub(crate) detached: bool,
    /// Heads on their way. The box outlives them, so that the next stream in this slot finds it.
    heads: Option<Box<Heads>>,
    /// What few streams ever hold.
    rare: Option<Box<Rare>>,
    pub(crate) send: Sending,
    pub(crate) recv: Receiving,
}

#[derive(Debug, Default)]
struct Rare {
    /// Why the stream ended early. The first cause stays.
    failure: Option<Error>,
    /// Trailers that were received.
    trailers: Option<Trailers>,
    /// Interim responses before the head that is sent.
    sent: VecDeque<ResponseHead>,
    /// How many the core has of those before, at most.
    unwritten: usize,
    /// Interim responses that were received, if somebody may ask for them.
    received: VecDeque<ResponseHead>,
    /// Where to leave what a server pushes because of this request, until its response has ended.
    promises: Option<Promises>,
}

/// What the application sends.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    pub(crate) chunks: Chunks,
    /// Octets that `chunks` should hold at most; set by the actor.
    room: u32,
    /// How the message ends, once that is known.
    pub(crate) finish: Finish,
    /// The application gives the stream up.
    pub(crate) reset: Option<ErrorCode>,
    /// The final head was given; 100-continue would come too late.
    pub(crate) head_given: bool,
    /// The peer wants no more of it, though its own message is complete.
    pub(crate) stopped: Option<ErrorCode>,
    /// Everything that was given has left our buffers.
    pub(crate) flushed: bool,
    /// Somebody waits for `flushed`.
    pub(crate) flush_wanted: bool,
    /// No handle of the sending side is left.
    pub(crate) gone: bool,
    pub(crate) waker: Option<Waker>,
}

/// How a message that is sent ends.
#[derive(Clone, Debug, Default)]
pub(crate) enum Finish {
    /// That is not known yet.
    #[default]
    Open,
    /// After what was given.
    End,
    /// With these trailers.
    Trailers(Box<Trailers>),
    /// It has been told to the actor, or to the core by the actor.
    Done,
}

/// What has to happen to a request before whoever made it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Nothing, or it has happened.
    #[default]
    Done,
    /// It gets a stream.
    Opened,
    /// The transport takes its head; until then nothing of it was sent.
    Written,
}

/// What the application receives.
#[derive(Debug, Default)]
pub(crate) struct Receiving {
    /// The caller takes part in the exchange step by step and may ask for interim responses.
    pub(crate) streamed: bool,
    /// What somebody waits for before the request goes on.
    pub(crate) begin: Begin,
    pub(crate) data: Chunks,
    /// END_STREAM has arrived: what is here is complete.
    pub(crate) ended: bool,
    /// What is read is released when the application lets go of it, not when it is read.
    pub(crate) manual: bool,
    /// Octets that the application used up and the core does not know of.
    released: u32,
    /// `released` is reported when it reaches this.
    report_at: u32,
    /// What is received has no body, whatever its fields say: it answers HEAD.
    pub(crate) bodiless: bool,
    /// The request waits for 100-continue before it sends its body.
    pub(crate) continue_due: bool,
    /// No handle of the receiving side is left.
    pub(crate) gone: bool,
    pub(crate) waker: Option<Waker>,
}

impl Slot {
    /// Makes the slot of a stream that is over ready for the next one, if nobody else has it.
    pub(crate) fn recycle(self: &mut Arc<Self>) -> bool {
        // Cheaper than `get_mut`, which has to lock out new references first.
        if Arc::strong_count(self) > 1 {
            return false;
        }
        let Some(slot) = Arc::get_mut(self) else { return false };
        let state = slot.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.clear();
        true
    }

    /// A slot for a response that a server promised.
    pub(crate) fn pushed(stream: StreamId, report_at: usize, bodiless: bool) -> Self {
        let state = State {
            stream: Some(stream),
            send: Sending { finish: Finish::Done, gone: true, ..Sending::default() },
            recv: Receiving {
                report_at: narrow(report_at),
                bodiless,
                streamed: true,
                ..Receiving::default()
            },
            ..State::default()
        };
        Self { state: Mutex::new(state) }
    }

    /// A panic elsewhere leaves plain data behind, which is as good as before.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the stream for both handles and tells them.
    pub(crate) fn fail(&self, error: Error) {
        let mut state = self.lock();
        let wakers = state.fail(error);
        // Whoever takes pushes is woken when this is dropped.
        let promises = state.take_promises();
        drop(state);
        drop(promises);
        wake(wakers);
    }

    /// Changes the slot, and asks the actor to look at it if `change` says so.
    pub(crate) fn update<T>(
        self: &Arc<Self>,
        hub: &Hub,
        change: impl FnOnce(&mut State) -> (T, bool),
    ) -> T {
        let mut state = self.lock();
        let (result, look) = change(&mut state);
        let look = look && state.look_needed();
        drop(state);
        if look {
            hub.look(self);
        }
        result
    }
}

impl State {
    /// Begins a stream that the peer opened, in an empty slot.
    pub(crate) fn accept(&mut self, stream: StreamId, room: usize, report_at: usize, ended: bool) {
        self.stream = Some(stream);
        self.send.set_room(room);
        self.recv.report_at = narrow(report_at);
        // A message that has ended has nothing to be received, so nobody holds that side.
        self.recv.ended = ended;
        self.recv.gone = ended;
    }

    /// Begins a request that is to be opened, in an empty slot.
    pub(crate) fn request(&mut self, head: RequestHead, room: usize, report_at: usize) {
        self.put_request(head);
        self.send.head_given = true;
        self.send.set_room(room);
        self.recv.report_at = narrow(report_at);
    }

    /// Where to leave what a server pushes because of this request.
    pub(crate) fn set_promises(&mut self, promises: Promises) {
        self.rare.get_or_insert_default().promises = Some(promises);
    }

    pub(crate) fn promises(&self) -> Option<Promises> {
        self.rare.as_ref()?.promises.clone()
    }

    pub(crate) fn take_promises(&mut self) -> Option<Promises> {
        self.rare.as_mut()?.promises.take()
    }

    /// Why the stream ended early, if it did.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.rare.as_ref()?.failure.as_ref()
    }

    /// Leaves trailers for the application.
    pub(crate) fn receive_trailers(&mut self, trailers: Trailers) {
        self.rare.get_or_insert_default().trailers = Some(trailers);
    }

    /// Takes the trailers that were received.
    pub(crate) fn take_trailers(&mut self) -> Option<Trailers> {
        self.rare.as_mut()?.trailers.take()
    }

    /// Whether the message that is received is complete and nothing of it is left here.
    pub(crate) fn is_read(&self) -> bool {
        let trailers = || self.rare.as_ref().is_some_and(|rare| rare.trailers.is_some());
        self.recv.ended && self.recv.data.is_empty() && !trailers()
    }

    /// Empties the slot, but for the memory of heads.
    fn clear(&mut self) {
        // Whatever a slot comes to hold, the next stream begins without it.
        let mut heads = self.heads.take();
        if let Some(heads) = &mut heads {
            heads.clear();
        }
        *self = Self { heads, ..Self::default() };
    }

    /// Whether neither the actor nor the application has anything more to do with the slot: all of
    /// the message was read, and the actor has let go.
    pub(crate) fn is_over(&self) -> bool {
        self.detached && self.is_read() && !self.recv.manual
    }

    /// Whether a `Look` must be sent; the next call says no until the actor has looked.
    pub(crate) fn look_needed(&mut self) -> bool {
        !self.detached && !std::mem::replace(&mut self.looked_for, true)
    }

    /// The actor looks now; changes from here on need another `Look`.
    pub(crate) fn looked(&mut self) {
        self.looked_for = false;
    }

    /// Ends the stream for both handles, and gives back who must be told.
    pub(crate) fn fail(&mut self, error: Error) -> (Option<Waker>, Option<Waker>) {
        self.rare.get_or_insert_default().failure.get_or_insert(error);
        self.send.chunks.clear();
        (self.send.waker.take(), self.recv.waker.take())
    }

    /// Whether both handles are gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.send.gone && self.recv.gone
    }

    /// What keeps the application from sending, if anything does.
    pub(crate) fn send_error(&self) -> Option<Error> {
        if let Some(error) = self.failure() {
            return Some(error.clone());
        }
        if let Some(code) = self.send.stopped {
            return Some(Error::stopped(self.stream, code));
        }
        let code = self.send.reset?;
        Some(Error::reset_by_us(self.stream, code, Outcome::MaybeProcessed))
    }

    /// Waits until another piece may be given.
    pub(crate) fn poll_room(&mut self, cx: &Context<'_>) -> Poll<Result<(), Error>> {
        if let Some(error) = self.send_error() {
            return Poll::Ready(Err(error));
        }
        if self.send.has_room() {
            return Poll::Ready(Ok(()));
        }
        register(&mut self.send.waker, cx);
        Poll::Pending
    }

    /// Waits until the peer, or the end of the stream, makes sending pointless.
    pub(crate) fn poll_stopped(&mut self, cx: &Context<'_>) -> Poll<Error> {
        if let Some(error) = self.send_error() {
            return Poll::Ready(error);
        }
        if let Some(stream) = self.stream.filter(|_| self.detached) {
            // Both sides are complete; nothing will be heard of this stream any more.
            return Poll::Ready(Error::misuse(Misuse::AlreadyEnded(stream)));
        }
        register(&mut self.send.waker, cx);
        Poll::Pending
    }

    /// The sending half is dropped. Half a message is never taken for a whole one.
    pub(crate) fn drop_sender(&mut self, code: ErrorCode) {
        self.send.gone = true;
        self.send.waker = None;
        if matches!(self.send.finish, Finish::Open) && self.send_error().is_none() {
            self.send.reset = Some(code);
            self.send.chunks.clear();
        }
    }

    /// The receiving half is dropped.
    pub(crate) fn drop_receiver(&mut self) {
        self.recv.gone = true;
        self.recv.waker = None;
        self.recv.release(self.recv.data.octets());
        self.recv.data.clear();
        if let Some(rare) = &mut self.rare {
            rare.trailers = None;
            rare.received = VecDeque::new();
        }
    }
}

impl Sending {
    /// A piece is taken whole as long as the ones before it leave room, and always when there is
    /// none: so the slot holds at most its room and one piece.
    fn has_room(&self) -> bool {
        self.room > narrow(self.chunks.octets())
    }

    /// Says how many octets `chunks` should hold at most.
    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = narrow(room);
    }

    /// Gives a whole body; nobody holds the sending side afterwards.
    pub(crate) fn end_at_once(&mut self, body: Start) {
        self.chunks = body.chunks;
        self.finish = body.finish;
        self.gone = true;
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.finish, Finish::Open)
    }
}

impl Receiving {
    fn release(&mut self, octets: usize) {
        self.released = self.released.saturating_add(narrow(octets));
    }

    /// Whether there is something that the core does not know to be used up.
    pub(crate) fn has_released(&self) -> bool {
        self.released > 0
    }

    /// Octets that were used up since this was asked last.
    pub(crate) fn take_released(&mut self) -> usize {
        std::mem::take(&mut self.released) as usize
    }

    /// Nobody is to hear any more of what is used up.
    pub(crate) fn stop_reports(&mut self) {
        self.report_at = u32::MAX;
    }

    /// The next piece, and whether the actor should hear of what was used up.
    pub(crate) fn next_piece(&mut self) -> Option<(Bytes, bool)> {
        let piece = self.data.pop()?;
        // What has ended was credited when it arrived.
        if !self.ended && !self.manual {
            self.release(piece.len());
        }
        Some((piece, self.released >= self.report_at))
    }

    /// Takes back octets that were read by hand; says whether the actor should hear of it. Once
    /// the message has ended they were credited already.
    pub(crate) fn give_back(&mut self, octets: usize) -> bool {
        if self.ended {
            return false;
        }
        self.release(octets);
        // A reader that waits may wait for the very octets that the peer could send for these.
        self.released >= self.report_at || self.waker.is_some()
    }
}

/// Windows are of 31 bits, so what is counted in a slot fits into 32; more room than that is none.
fn narrow(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}

/// Keeps the waker of the task that waits, unless it is kept already.
pub(crate) fn register(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) if waker.will_wake(cx.waker()) => {}
        _ => *place = Some(cx.waker().clone()),
    }
}

/// Wakes whoever is given, outside of any lock.
pub(crate) fn wake(wakers: (Option<Waker>, Option<Waker>)) {
    if let Some(waker) = wakers.0 {
        waker.wake();
    }
    if let Some(waker) = wakers.1 {
        waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> State {
        let mut state = State::default();
        state.accept(StreamId::ONE, 10, 8, false);
        state
    }

    #[test]
    fn a_slot_that_was_used_is_as_good_as_a_fresh_one() {
        let mut slot = Arc::new(Slot::default());
        let mut state = slot.lock();
        state.accept(StreamId::ONE, 10, 8, true);
        state.send.chunks.push(Bytes::from_static(b"123456789"));
        state.send.finish = Finish::End;
        state.send.head_given = true;
        state.recv.data.push(Bytes::from_static(b"12345678"));
        state.recv.released = 3;
        state.recv.manual = true;
        state.recv.begin = Begin::Written;
        state.detached = true;
        state.look_needed();
        state.fail(Error::queue_full());
        drop(state);
        let other = Arc::clone(&slot);
        assert!(!slot.recycle(), "somebody else has it");
        drop(other);
        assert!(slot.recycle());
        let state = slot.lock();
        assert_eq!(format!("{state:?}"), format!("{:?}", State::default()));
    }

    #[test]
    fn a_second_look_is_not_asked_for_before_the_first_has_happened() {
        let mut state = slot();
        assert!(state.look_needed());
        assert!(!state.look_needed());
        state.looked();
        assert!(state.look_needed());
        state.detached = true;
        state.looked();
        assert!(!state.look_needed());
    }

    #[test]
    fn pieces_are_taken_while_there_is_room_and_the_last_may_exceed_it() {
        let mut state = slot();
        assert!(state.send.has_room());
        state.send.chunks.push(Bytes::from_static(b"123456789"));
        assert!(state.send.has_room());
        state.send.chunks.push(Bytes::from_static(b"0123456789"));
        assert!(!state.send.has_room());
        state.send.room = 0;
        state.send.chunks.clear();
        assert!(!state.send.has_room());
    }

    #[test]
    fn what_was_read_is_reported_in_portions() {
        let mut state = slot();
        state.recv.data.push(Bytes::from_static(b"12345"));
        state.recv.data.push(Bytes::from_static(b"678"));
        assert!(matches!(state.recv.next_piece(), Some((_, false))));
        assert!(matches!(state.recv.next_piece(), Some((_, true))));
        assert_eq!(state.recv.released, 8);
    }

    #[test]
    fn reading_what_has_ended_releases_nothing_twice() {
        let mut state = slot();
        state.recv.data.push(Bytes::from_static(b"12345678"));
        state.recv.ended = true;
        assert!(matches!(state.recv.next_piece(), Some((_, false))));
        assert_eq!(state.recv.released, 0);
    }

    #[test]
    fn a_sender_dropped_before_its_end_resets_and_one_dropped_after_it_does_not() {
        let mut state = slot();
        state.drop_sender(ErrorCode::CANCEL);
        assert_eq!(state.send.reset, Some(ErrorCode::CANCEL));
        let mut state = slot();
        state.send.finish = Finish::End;
        state.drop_sender(ErrorCode::CANCEL);
        assert_eq!(state.send.reset, None);
    }

    #[test]
    fn the_first_cause_stays() {
        let mut state = slot();
        state.fail(Error::stopped(None, ErrorCode::CANCEL));
        state.fail(Error::queue_full());
        assert_eq!(state.send_error().map(|error| error.code()), Some(ErrorCode::CANCEL));
    }
}
