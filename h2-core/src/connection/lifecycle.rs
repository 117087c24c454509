//! How streams and the connection come to their end, and who gets a slot that becomes free.

use std::collections::VecDeque;

use bytes::Bytes;

use super::{Connection, GRACEFUL, heads};
use crate::error::{CloseReason, Origin, Timer};
use crate::event::Event;
use crate::frame::GoAway;
use crate::observe::StallCause;
use crate::stream::{Closed, Initiator, Key, Removed, Stream};
use crate::{ErrorCode, StreamId};

impl Connection {
    /// Looks whether a stream is over, and lets it go if nobody holds it.
    pub(super) fn settle(&mut self, key: Key) {
        let Some(stream) = self.streams.get(key) else { return };
        if !stream.is_over() {
            return;
        }
        let vanishes = stream.waiting.is_some();
        if vanishes {
            self.close_stream(key, false);
            self.forget_waiting(key);
        } else if stream.held || stream.inbound.unread() > 0 {
            return self.close_stream(key, false);
        }
        self.remove_stream(key);
    }

    /// The stream is over on the wire; it stays in the table while somebody holds it.
    pub(super) fn close_stream(&mut self, key: Key, reset_by_us: bool) {
        if let Some(closed) = self.streams.close(key) {
            self.closed(key.id, closed, reset_by_us);
        }
    }

    #[inline]
    fn closed(&mut self, id: StreamId, closed: Closed, reset_by_us: bool) {
        let ours = closed.initiator == Initiator::Us;
        if closed.on_wire {
            self.closed_streams.remember(id, reset_by_us);
            self.wired -= usize::from(ours);
        }
        if ours {
            self.slot_freed();
        }
    }

    /// The stream is over, if it was not, and nobody holds it.
    fn remove_stream(&mut self, key: Key) {
        let Some(Removed { slot, grown, closed }) = self.streams.remove(key) else { return };
        if let Some(closed) = closed {
            self.closed(key.id, closed, false);
        }
        self.grown = self.grown.saturating_sub(grown);
        if slot && self.streams.has_waiting() {
            self.admit_waiting();
        }
    }

    /// The application let go of a stream: it leaves the table if it is over on the wire.
    pub(super) fn let_go(&mut self, key: Key) {
        if self.streams.is_open(key) {
            self.settle(key);
        } else {
            self.remove_stream(key);
        }
    }

    /// A request that waited for a slot is gone, and what its events cost with it.
    fn forget_waiting(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let events = stream.waiting.take().unwrap_or_default();
        self.streams.stop_waiting(key);
        for event in events.iter() {
            if let Event::RequestReceived { head, .. } = event {
                self.undelivered = self.undelivered.saturating_sub(heads::cost(head));
            }
        }
        self.forsake(key);
    }

    /// Resets a stream at once: what it had queued is dropped.
    pub(super) fn reset_now(&mut self, key: Key, code: ErrorCode) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let was_open = !stream.is_over();
        stream.send.close();
        stream.recv.close();
        if was_open && stream.on_wire && self.streams.is_open(key) {
            self.egress.agenda.reset(key.id, code);
            self.close_stream(key, true);
        }
        self.drop_queue(key);
        self.forsake(key);
        self.settle(key);
    }

    /// Gives everything unread on a stream back to the connection; what still comes is dropped.
    pub(super) fn forsake(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        stream.discard = true;
        let stalled = stream.recv_stalled.is_some();
        let unread = stream.inbound.unread();
        if unread == 0 && !stalled {
            return;
        }
        let stream_level = stream.inbound.release(unread);
        let connection_level = self.inbound.release(unread);
        debug_assert!(stream_level.is_ok() && connection_level.is_ok(), "unread is on both levels");
        if unread > 0 {
            self.let_pass(StallCause::ConnectionUnread);
        }
        if stalled {
            self.watch_reading(key);
        }
    }

    /// Takes in a request of the peer, with a slot or to wait for one.
    pub(super) fn take_in(&mut self, id: StreamId, mut stream: Stream, request: Event) {
        if self.streams.slots() < self.stream_limit() && !self.streams.has_waiting() {
            self.highest_processed = self.highest_processed.max(id.get());
            stream.held = true;
            self.streams.insert_with_slot(id, stream);
            self.events.push_back(request);
        } else {
            stream.waiting = Some(Box::new(VecDeque::from([request])));
            let key = self.streams.insert(id, stream);
            self.streams.wait_for_slot(key);
        }
    }

    fn give_slot(&mut self, key: Key) {
        self.streams.take_slot(key);
        self.highest_processed = self.highest_processed.max(key.id.get());
        let Some(stream) = self.streams.get_mut(key) else { return };
        stream.held = true;
        if let Some(events) = stream.waiting.take() {
            self.events.extend(*events);
        }
    }

    pub(super) fn admit_waiting(&mut self) {
        while self.reason.is_none() && self.streams.slots() < self.stream_limit() {
            let Some(key) = self.streams.next_waiting() else { return };
            self.give_slot(key);
        }
    }

    /// A stream of ours ended; somebody may wait to open one.
    pub(super) fn slot_freed(&mut self) {
        if self.slot_wanted && self.free_slots() > 0 && !self.is_draining() {
            self.slot_settled();
            self.events.push_back(Event::SlotsAvailable);
        }
    }

    /// The connection ends, for the first cause that is given. Its GOAWAY goes to the outbox.
    pub(super) fn end(&mut self, reason: CloseReason) {
        if self.reason.is_some() {
            return;
        }
        let announced = self.farewell.is_final() && reason.code == GRACEFUL;
        if !announced && !matches!(reason.origin, Origin::Eof | Origin::Transport) {
            let last = self.highest_processed;
            let (code, debug) = (reason.code, reason.debug.clone());
            self.egress.agenda.goaway(GoAway { last, code, debug });
        }
        self.egress.cut_control();
        self.egress.agenda.clear();
        for key in self.streams.keys() {
            if let Some(stream) = self.streams.get_mut(key) {
                stream.out.clear();
                stream.waiting = None;
            }
        }
        (self.queued, self.pool_used) = (0, 0);
        self.clock.clear_all();
        self.stalls.end_all(self.clock.moment());
        self.warn_of_limits();
        self.part(&reason);
        self.events.push_back(Event::ConnectionClosed { reason: reason.clone() });
        self.reason = Some(reason);
    }

    /// The transport delivered its end.
    pub(super) fn end_of_input(&mut self) {
        self.stop_lingering();
        if let Some((code, debug)) = self.farewell.complaint() {
            // The peer said why before it left.
            return self.end(CloseReason { origin: Origin::Peer, code, debug });
        }
        let clean = self.streams.open_ours() + self.streams.open_theirs() == 0;
        let code = if clean { GRACEFUL } else { ErrorCode::INTERNAL_ERROR };
        self.end(CloseReason { origin: Origin::Eof, code, debug: Bytes::new() });
    }

    /// The transport takes and gives nothing any more.
    pub(super) fn transport_failed(&mut self) {
        let (origin, code, debug) = match self.farewell.complaint() {
            Some((code, debug)) => (Origin::Peer, code, debug),
            None => (Origin::Transport, ErrorCode::INTERNAL_ERROR, Bytes::new()),
        };
        self.end(CloseReason { origin, code, debug });
        self.linger_fired();
    }

    /// A deadline passed.
    pub(super) fn timer_fired(&mut self, timer: Timer) {
        match timer {
            Timer::Handshake | Timer::SettingsAck => {
                self.time_out(timer, ErrorCode::SETTINGS_TIMEOUT);
            }
            Timer::HeaderBlock => self.time_out(timer, ErrorCode::ENHANCE_YOUR_CALM),
            Timer::WriteStall => {
                self.time_out(timer, ErrorCode::INTERNAL_ERROR);
                // Nobody takes it, so nobody can wait for it.
                self.egress.outbox.clear();
            }
            Timer::KeepAlive => self.keep_alive_fired(),
            Timer::Farewell => self.say_last_goodbye(),
            Timer::Linger => self.linger_fired(),
            Timer::Drain => self.time_out(timer, GRACEFUL),
            Timer::Idle | Timer::MaxAge => self.retire(Origin::Timeout(timer)),
            Timer::Request => {}
            Timer::Trim => {
                self.trimmed_at = self.streams_opened;
                self.trim();
            }
            Timer::Stall => self.report_stalls(),
        }
    }

    pub(super) fn time_out(&mut self, timer: Timer, code: ErrorCode) {
        let debug = Bytes::from(format!("{timer} timed out"));
        self.end(CloseReason { origin: Origin::Timeout(timer), code, debug });
    }
}
