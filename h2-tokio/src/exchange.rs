//! The slot of a stream: where its handles and the actor leave things for each other.
//!
//! Its mutex is held for a few moves at a time, never across a wake or an await. A slot is small,
//! because streams are many: what few of them hold at a time lies in boxes. What is in it is bounded by the receive window, and by the send credit plus one piece.

mod interim;

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2_core::{ErrorCode, Fields, Misuse, RequestHead, ResponseHead, StreamId, Trailers};

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
    /// Why the stream ended early. The first cause stays.
    pub(crate) failure: Option<Error>,
    /// Heads on their way. The box outlives them, so that the next stream in this slot finds it.
    heads: Option<Box<Heads>>,
    /// What few streams ever hold.
    rare: Option<Box<Rare>>,
    pub(crate) send: Sending,
    pub(crate) recv: Receiving,
}

/// Heads between the actor and the handles.
#[derive(Debug, Default)]
struct Heads {
    /// One that is sent, and that the actor has not taken yet.
    sent: Option<Head>,
    /// The final response, which the application has not taken yet.
    received: Option<ResponseHead>,
}

#[derive(Debug, Default)]
struct Rare {
    /// Interim responses before the head that is sent.
    sent: VecDeque<ResponseHead>,
    /// How many the core has of those before, at most.
    unwritten: usize,
    /// Interim responses that were received, if somebody may ask for them.
    received: VecDeque<ResponseHead>,
    /// Where to leave what a server pushes because of this request, until it has a stream.
    promises: Option<Box<Promises>>,
}

/// What the application sends.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    pub(crate) chunks: Chunks,
    /// Octets that `chunks` should hold at most; set by the actor.
    pub(crate) room: usize,
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

/// A head on its way out.
#[derive(Debug)]
enum Head {
    Request(RequestHead),
    Response(ResponseHead),
    /// None; the memory of an earlier head, for the one to come.
    Spare(Fields),
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
    pub(crate) trailers: Option<Box<Trailers>>,
    /// END_STREAM has arrived: what is here is complete.
    pub(crate) ended: bool,
    /// What is read is released when the application lets go of it, not when it is read.
    pub(crate) manual: bool,
    /// Octets that the application used up and the core does not know of.
    pub(crate) released: usize,
    /// `released` is reported when it reaches this.
    pub(crate) report_at: usize,
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
    pub(crate) fn pushed(stream: StreamId, report_at: usize) -> Self {
        let state = State {
            stream: Some(stream),
            send: Sending { finish: Finish::Done, gone: true, ..Sending::default() },
            recv: Receiving { report_at, streamed: true, ..Receiving::default() },
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
        drop(state);
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
        self.send.room = room;
        self.recv.report_at = report_at;
        // A message that has ended has nothing to be received, so nobody holds that side.
        self.recv.ended = ended;
        self.recv.gone = ended;
    }

    /// Begins a request that is to be opened, in an empty slot.
    pub(crate) fn request(&mut self, head: RequestHead, room: usize, report_at: usize) {
        self.put_request(head);
        self.send.head_given = true;
        self.send.room = room;
        self.recv.report_at = report_at;
    }

    /// Leaves a request for the actor to open.
    pub(crate) fn put_request(&mut self, head: RequestHead) {
        self.heads.get_or_insert_default().sent = Some(Head::Request(head));
    }

    /// Leaves a response for the actor to send.
    pub(crate) fn put_response(&mut self, head: ResponseHead) {
        self.heads.get_or_insert_default().sent = Some(Head::Response(head));
        self.send.head_given = true;
    }

    /// Takes the request that is to be opened.
    pub(crate) fn take_request(&mut self) -> Option<RequestHead> {
        match self.heads.as_mut()?.sent.take() {
            Some(Head::Request(head)) => Some(head),
            other => {
                self.heads.as_mut()?.sent = other;
                None
            }
        }
    }

    /// Takes the response that is to be sent. A request that waits in line stays where it is.
    pub(crate) fn take_response(&mut self) -> Option<ResponseHead> {
        match self.heads.as_mut()?.sent.take() {
            Some(Head::Response(head)) => Some(head),
            other => {
                self.heads.as_mut()?.sent = other;
                None
            }
        }
    }

    /// Leaves the final response for the application.
    pub(crate) fn receive_head(&mut self, head: ResponseHead) {
        self.heads.get_or_insert_default().received = Some(head);
    }

    /// Takes the final response.
    pub(crate) fn take_head(&mut self) -> Option<ResponseHead> {
        self.heads.as_mut()?.received.take()
    }

    pub(crate) fn has_head(&self) -> bool {
        self.heads.as_ref().is_some_and(|heads| heads.received.is_some())
    }

    /// Where to leave what a server pushes because of this request.
    pub(crate) fn set_promises(&mut self, promises: Promises) {
        self.rare.get_or_insert_default().promises = Some(Box::new(promises));
    }

    pub(crate) fn take_promises(&mut self) -> Option<Box<Promises>> {
        self.rare.as_mut()?.promises.take()
    }

    /// Takes the memory that an earlier head left.
    pub(crate) fn spare(&mut self) -> Fields {
        let sent = self.heads.as_mut().map(|heads| &mut heads.sent);
        match sent.and_then(|sent| sent.take_if(|head| matches!(head, Head::Spare(_)))) {
            Some(Head::Spare(fields)) => fields,
            _ => Fields::new(),
        }
    }

    /// Keeps the memory of a head for the one to come, in a slot that has had one before: others
    /// had better stay small.
    pub(crate) fn keep_spare(&mut self, fields: Fields) {
        if let Some(heads) = &mut self.heads
            && matches!(heads.sent, None | Some(Head::Spare(_)))
        {
            heads.sent = Some(Head::Spare(fields));
        }
    }

    /// Empties the slot, but for the memory of heads.
    fn clear(&mut self) {
        // Whatever a slot comes to hold, the next stream begins without it.
        let mut heads = self.heads.take();
        if let Some(heads) = &mut heads {
            heads.sent.take_if(|head| !matches!(head, Head::Spare(_)));
            heads.received = None;
        }
        *self = Self { heads, ..Self::default() };
    }

    /// Whether neither the actor nor the application has anything more to do with the slot: all of
    /// the message was read, and the actor has let go.
    pub(crate) fn is_over(&self) -> bool {
        self.detached && self.recv.is_read() && !self.recv.manual
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
        if self.failure.is_none() {
            self.failure = Some(error);
        }
        self.send.chunks.clear();
        (self.send.waker.take(), self.recv.waker.take())
    }

    /// Whether both handles are gone.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.send.gone && self.recv.gone
    }

    /// What keeps the application from sending, if anything does.
    pub(crate) fn send_error(&self) -> Option<Error> {
        if let Some(error) = &self.failure {
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
        self.recv.released += self.recv.data.octets();
        self.recv.data.clear();
        self.recv.trailers = None;
        if let Some(rare) = &mut self.rare {
            rare.received = VecDeque::new();
        }
    }
}

impl Sending {
    /// A piece is taken whole as long as the ones before it leave room, and always when there is
    /// none: so the slot holds at most its room and one piece.
    fn has_room(&self) -> bool {
        self.room > self.chunks.octets()
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
    /// Whether the message is complete and nothing of it is left here.
    pub(crate) fn is_read(&self) -> bool {
        self.ended && self.data.is_empty() && self.trailers.is_none()
    }

    /// The next piece, and whether the actor should hear of what was used up.
    pub(crate) fn next_piece(&mut self) -> Option<(Bytes, bool)> {
        let piece = self.data.pop()?;
        // What has ended was credited when it arrived.
        if !self.ended && !self.manual {
            self.released += piece.len();
        }
        Some((piece, self.released >= self.report_at))
    }

    /// Takes back octets that were read by hand; says whether the actor should hear of it. Once
    /// the message has ended they were credited already.
    pub(crate) fn give_back(&mut self, octets: usize) -> bool {
        if self.ended {
            return false;
        }
        self.released += octets;
        // A reader that waits may wait for the very octets that the peer could send for these.
        self.released >= self.report_at || self.waker.is_some()
    }
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
