//! The streams that are alive: who opened them, which of them count, and where to find them.
//!
//! This room keeps one promise: identifiers rise strictly, and streams enter and leave only here,
//! so the counters are the only truth about how many there are.

use std::collections::VecDeque;

use super::{Half, Outgoing};
use crate::StreamId;
use crate::event::Event;
use crate::flow::{Growth, Inbound, Window};
use crate::message::BodyLength;
use crate::moment::Moment;
use crate::priority::Priority;
use crate::stream_map::StreamMap;

/// Where a stream lies. A key of a stream that is gone finds nothing, also when the place is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    index: u32,
    pub(crate) id: StreamId,
}

/// Which side opened a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initiator {
    Us,
    Peer,
}

/// One stream. It is small, because streams are many: what few of them have lies in boxes.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools)] // each is the membership of one queue, or one fact
pub(crate) struct Stream {
    pub(crate) initiator: Initiator,
    standing: Standing,
    /// It holds a slot.
    slot: bool,
    pub(crate) send: Half,
    pub(crate) recv: Half,
    pub(crate) send_window: Window,
    pub(crate) inbound: Inbound,
    pub(crate) growth: Growth,
    pub(crate) out: Outgoing,
    pub(crate) recv_length: BodyLength,
    pub(crate) send_length: BodyLength,
    pub(crate) priority: Priority,
    /// The client said the priority; without that, equals share frame by frame.
    pub(crate) prioritized: bool,
    /// DATA frames that are left of the stream's turn.
    pub(crate) turn: u8,
    /// The first HEADERS of the stream went to the outbox, or came from the peer.
    pub(crate) on_wire: bool,
    /// The request was HEAD, so the response has no body.
    pub(crate) head_request: bool,
    /// The request was CONNECT.
    pub(crate) connect: bool,
    /// CONNECT was answered with 2xx: only DATA, RST_STREAM and WINDOW_UPDATE may follow (§8.5).
    pub(crate) tunnel: bool,
    /// Interim responses so far, and those of them that the application has not taken.
    pub(crate) informational: u32,
    pub(crate) informational_waiting: u32,
    /// The application knows the stream and has not let go of it.
    pub(crate) held: bool,
    /// Nobody wants what the peer sends: it is credited to the connection and dropped.
    pub(crate) discard: bool,
    /// `send_data` took less than it was offered.
    pub(crate) blocked: bool,
    /// The application asked to hear when everything was cut.
    pub(crate) watched: bool,
    pub(crate) in_heads: bool,
    pub(crate) in_ready: bool,
    pub(crate) in_updates: bool,
    /// Events of a request that waits for a slot; `None` once the application knows the stream.
    #[allow(clippy::box_collection)] // few streams ever wait
    pub(crate) waiting: Option<Box<VecDeque<Event>>>,
    /// The application never hears of it: it only carries our answer to a malformed request.
    pub(crate) silent: bool,
    /// Octets the stream has received and sent, to tell an early reset from a late one.
    pub(crate) moved: u64,
    pub(crate) opened: Moment,
    /// How often octets had arrived on the connection when the head of ours was cut.
    pub(crate) heard: u32,
    /// Where in the output the head of ours ended.
    pub(crate) head_end: u64,
    /// Since when a window of the peer, its own or the connection's, has held back what is queued.
    pub(crate) send_stalled: Option<Moment>,
    /// Since when the peer has had no window, because the application holds all of it unread.
    pub(crate) recv_stalled: Option<Moment>,
}

#[cfg(test)]
impl Key {
    pub(crate) fn for_test(id: StreamId) -> Self {
        Self { index: 0, id }
    }
}

impl Stream {
    pub(crate) fn new(
        initiator: Initiator,
        send_window: u32,
        inbound: Inbound,
        now: Moment,
    ) -> Self {
        Self {
            initiator,
            standing: Standing::Over,
            slot: false,
            send: Half::Head,
            recv: Half::Head,
            send_window: Window::new(send_window),
            inbound,
            growth: Growth::new(now),
            out: Outgoing::default(),
            recv_length: BodyLength::default(),
            send_length: BodyLength::default(),
            priority: Priority::default(),
            prioritized: false,
            turn: 0,
            on_wire: false,
            head_request: false,
            connect: false,
            tunnel: false,
            informational: 0,
            informational_waiting: 0,
            held: false,
            discard: false,
            blocked: false,
            watched: false,
            in_heads: false,
            in_ready: false,
            in_updates: false,
            waiting: None,
            silent: false,
            moved: 0,
            opened: now,
            heard: 0,
            head_end: 0,
            send_stalled: None,
            recv_stalled: None,
        }
    }

    /// END_STREAM came. A reset that was to stop the peer after our complete answer is pointless
    /// then; one that says what was wrong with the request is not.
    pub(crate) fn end_received(&mut self) {
        self.recv.close();
        if !self.silent {
            self.out.cancel_reset();
        }
    }

    /// Whether it is not over on the wire.
    pub(crate) fn is_open(&self) -> bool {
        self.standing != Standing::Over
    }

    /// Whether both directions ended and nothing of ours waits to be cut.
    pub(crate) fn is_over(&self) -> bool {
        self.send.is_closed() && self.recv.is_closed() && self.out.is_empty()
    }

    /// Whether there is something the scheduler could cut, windows aside.
    pub(crate) fn has_data_or_tail(&self) -> bool {
        self.out.queued() > 0 || self.out.has_tail() || self.out.reset_waits()
    }
}

/// The streams that are alive.
#[derive(Debug, Default)]
pub(crate) struct Table {
    streams: StreamMap<Stream>,
    /// Streams on the wire: opened by us, opened by the peer.
    open_ours: usize,
    open_theirs: usize,
    /// Promised streams whose response has not begun; they count against no limit but their own.
    reserved: usize,
    /// Streams of the peer that hold a slot: known to the application, not both over and let go.
    slots: usize,
    /// Streams of the peer that wait for a slot, oldest first.
    waiting: VecDeque<Key>,
}

/// What was known of a stream that is over on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closed {
    pub(crate) initiator: Initiator,
    pub(crate) on_wire: bool,
}

/// What a stream had that was removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Removed {
    /// A slot, which is free.
    pub(crate) slot: bool,
    /// Octets by which its window had been widened.
    pub(crate) grown: u32,
    /// What is known of it if it was not over on the wire before.
    pub(crate) closed: Option<Closed>,
}

/// Which of the counters a stream is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// `reserved`: promised, and its response has not begun (RFC 9113 §5.1).
    Reserved,
    /// `open_ours` or `open_theirs`.
    Open,
    /// None: over on the wire, and only kept for the application.
    Over,
}

impl Table {
    /// An empty table; `secret` keeps the peer from choosing identifiers that meet.
    pub(crate) fn new(secret: u64) -> Self {
        Self { streams: StreamMap::with_secret(secret), ..Self::default() }
    }

    /// Takes in a stream of the peer, which gets a slot.
    pub(crate) fn insert_with_slot(&mut self, id: StreamId, mut stream: Stream) -> Key {
        stream.slot = true;
        self.slots += 1;
        self.insert(id, stream)
    }

    pub(crate) fn insert(&mut self, id: StreamId, stream: Stream) -> Key {
        *self.counter(stream.initiator, Standing::Open) += 1;
        self.settle_in(id, stream, Standing::Open)
    }

    /// Takes in a promised stream.
    pub(crate) fn reserve(&mut self, id: StreamId, stream: Stream) -> Key {
        self.reserved += 1;
        self.settle_in(id, stream, Standing::Reserved)
    }

    /// What each stream of a table occupies, the lists that double when they are full counted
    /// twice.
    pub(crate) const fn octets_each() -> usize {
        StreamMap::<Stream>::octets_each() + 4 * size_of::<Key>()
    }

    fn counter(&mut self, initiator: Initiator, standing: Standing) -> &mut usize {
        match (standing, initiator) {
            (Standing::Reserved, _) => &mut self.reserved,
            (_, Initiator::Us) => &mut self.open_ours,
            (_, Initiator::Peer) => &mut self.open_theirs,
        }
    }

    #[inline]
    fn settle_in(&mut self, id: StreamId, mut stream: Stream, standing: Standing) -> Key {
        stream.standing = standing;
        let index = self.streams.insert_fresh(id, stream);
        Key { index, id }
    }

    pub(crate) fn find(&self, id: StreamId) -> Option<Key> {
        self.streams.place_of(id).map(|index| Key { index, id })
    }

    pub(crate) fn get(&self, key: Key) -> Option<&Stream> {
        self.streams.at(key.index, key.id)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut Stream> {
        self.streams.at_mut(key.index, key.id)
    }

    /// Gives a stream of the peer a slot.
    pub(crate) fn take_slot(&mut self, key: Key) {
        if let Some(stream) = self.get_mut(key)
            && !stream.slot
        {
            stream.slot = true;
            self.slots += 1;
        }
    }

    /// Lets a stream of the peer wait for a slot.
    pub(crate) fn wait_for_slot(&mut self, key: Key) {
        self.waiting.push_back(key);
    }

    /// The oldest stream that waits for a slot and is still there.
    pub(crate) fn next_waiting(&mut self) -> Option<Key> {
        while let Some(key) = self.waiting.pop_front() {
            if self.get(key).is_some_and(|stream| stream.waiting.is_some()) {
                return Some(key);
            }
        }
        None
    }

    /// A stream that waited for a slot is gone.
    pub(crate) fn stop_waiting(&mut self, key: Key) {
        self.waiting.retain(|other| *other != key);
    }

    /// How many streams wait for a slot.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Whether any stream waits for a slot.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The stream is over on the wire: it no longer counts against any limit on open streams. What
    /// was known of it, unless it was over before.
    pub(crate) fn close(&mut self, key: Key) -> Option<Closed> {
        let stream = self.get_mut(key)?;
        let before = std::mem::replace(&mut stream.standing, Standing::Over);
        let closed = Closed { initiator: stream.initiator, on_wire: stream.on_wire };
        if before == Standing::Over {
            return None;
        }
        *self.counter(closed.initiator, before) -= 1;
        Some(closed)
    }

    /// The response of a promised stream begins: it counts as open from here on.
    pub(crate) fn activate(&mut self, key: Key) {
        let Some(stream) = self.get_mut(key) else { return };
        if stream.standing == Standing::Reserved {
            stream.standing = Standing::Open;
            let initiator = stream.initiator;
            *self.counter(initiator, Standing::Reserved) -= 1;
            *self.counter(initiator, Standing::Open) += 1;
        }
    }

    /// How a stream counts; one that is not there is over.
    pub(crate) fn standing(&self, key: Key) -> Standing {
        self.get(key).map_or(Standing::Over, |stream| stream.standing)
    }

    /// Whether the stream is not over on the wire.
    pub(crate) fn is_open(&self, key: Key) -> bool {
        self.get(key).is_some_and(Stream::is_open)
    }

    /// Removes a stream altogether, and frees its slot; what it had, if it was there.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Removed> {
        let closed = self.close(key);
        let stream = self.get(key)?;
        let removed = Removed { slot: stream.slot, grown: stream.growth.grown(), closed };
        self.slots -= usize::from(removed.slot);
        self.streams.discard(key.id);
        Some(removed)
    }

    /// Every stream that is alive, in no useful order but always the same one.
    pub(crate) fn keys(&self) -> Vec<Key> {
        self.streams.places().map(|(index, id)| Key { index, id }).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.streams.len()
    }

    pub(crate) fn open_ours(&self) -> usize {
        self.open_ours
    }

    pub(crate) fn open_theirs(&self) -> usize {
        self.open_theirs
    }

    pub(crate) fn reserved(&self) -> usize {
        self.reserved
    }

    pub(crate) fn slots(&self) -> usize {
        self.slots
    }

    /// Gives back memory that an idle connection does not need.
    pub(crate) fn trim(&mut self) {
        if self.streams.is_empty() {
            self.streams.shrink_to_fit();
            self.waiting = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stream(initiator: Initiator) -> Stream {
        Stream::new(initiator, 10, Inbound::new(10, 10), Moment::after(Duration::ZERO))
    }

    #[test]
    fn a_key_of_a_stream_that_is_gone_finds_nothing() {
        let mut table = Table::default();
        let old = table.insert(StreamId::ONE, stream(Initiator::Peer));
        table.remove(old);
        let new = table.insert(StreamId::ONE.next().unwrap(), stream(Initiator::Peer));
        assert_eq!(new.index, old.index);
        assert!(table.get(old).is_none());
        assert!(table.get(new).is_some());
    }

    #[test]
    fn counters_follow_insert_close_and_remove() {
        let mut table = Table::default();
        let key = table.insert(StreamId::ONE, stream(Initiator::Peer));
        table.take_slot(key);
        assert_eq!((table.open_theirs(), table.slots()), (1, 1));
        table.close(key);
        table.close(key);
        assert_eq!((table.open_theirs(), table.slots()), (0, 1));
        assert_eq!(table.remove(key), Some(Removed { slot: true, grown: 0, closed: None }));
        assert_eq!(table.remove(key), None);
        assert_eq!((table.len(), table.slots()), (0, 0));
    }
}
