//! What the protocol says, given to whom it concerns.

use std::time::Duration;

use bytes::Bytes;
use h2_core::{ErrorCode, Event, ResponseHead, StreamId, Trailers};

use super::{Accept, Engine, Inbound, Ping};
use crate::error::{CloseReason, Error, Reason};
use crate::exchange::{State, wake};
use crate::hub::Counters;
use crate::trace;

/// Interim responses that are kept for a caller that is slow to take them.
const INTERIM: usize = 32;

impl Engine {
    /// Delivers one event.
    pub(super) fn deliver(&mut self, event: Event, accept: &mut impl Accept) {
        match event {
            Event::RequestReceived { stream, head, end } => {
                accept.accept(self, Inbound { stream, head, end });
            }
            Event::InformationalReceived { stream, head } => self.on_informational(stream, head),
            Event::ResponseReceived { stream, head, end } => self.on_response(stream, head, end),
            Event::DataReceived { stream, data, end } => self.on_data(stream, data, end),
            Event::TrailersReceived { stream, trailers } => self.on_trailers(stream, trailers),
            Event::StreamReset { stream, code, cause, outcome, retry } => {
                self.drop_entry(stream, Error::reset(stream, code, cause, outcome, retry));
                accept.forget(self, stream);
            }
            Event::SendStopped { stream, code } => self.on_stopped(stream, code),
            Event::Writable { stream } => self.resume(stream),
            Event::SlotsAvailable => {
                self.line.loosen();
                self.open_waiting();
            }
            Event::SettingsChanged { .. } => {
                self.shared.set_ready();
                self.line.loosen();
                self.open_waiting();
                self.tell(event);
            }
            Event::PingAcknowledged { payload } => self.on_pong(payload),
            Event::GoAwayReceived { code, ref debug, .. } => {
                self.drains(|| CloseReason::draining(Reason::Peer, code, debug.clone()));
                self.tell(event);
            }
            Event::ConnectionClosed { reason } => {
                let reason = CloseReason::from_core(&reason, self.http1);
                self.close(reason);
            }
            Event::PushReceived { parent, stream, head } => self.on_promise(parent, stream, head),
            Event::Stalled { by, ref streams, lasted } => {
                trace::debug!(by = by.name(), ?streams, ?lasted, "stalled");
                self.tell(event);
            }
            Event::LimitNear { limit, left, of } => {
                trace::debug!(?limit, left, of, "the peer has nearly used up what it may do");
                self.tell(event);
            }
            Event::SettingsAcknowledged { .. }
            | Event::PriorityChanged { .. }
            | Event::AlternativeService { .. }
            | Event::Origin { .. }
            | Event::UnknownFrame { .. } => self.tell(event),
            // What else there is, or may come to be, concerns nobody here.
            Event::SendEnded { .. } | _ => {}
        }
    }

    /// Tells those who listen what belongs to no request. Whoever has left is forgotten.
    fn tell(&mut self, event: Event) {
        if !self.observers.is_empty() {
            self.observers.retain(|to| to.send(event.clone()).is_ok());
        }
    }

    fn on_informational(&self, stream: StreamId, head: ResponseHead) {
        let Some(slot) = self.slot(stream) else { return };
        let mut state = slot.lock();
        if !state.receive_interim(head, INTERIM) {
            drop(state);
            Counters::add(&self.shared.counters.dropped_informational, 1);
            return;
        }
        let waker = state.recv.waker.take();
        drop(state);
        wake((None, waker));
    }

    fn on_response(&mut self, stream: StreamId, head: ResponseHead, end: bool) {
        let Some(entry) = self.entries.get_mut(stream) else { return };
        entry.answered = true;
        if end {
            return self.on_end(stream, |state| state.receive_head(head));
        }
        let Some(slot) = &entry.slot else { return };
        let mut state = slot.lock();
        state.receive_head(head);
        let waker = state.recv.waker.take();
        drop(state);
        wake((None, waker));
    }

    fn on_data(&mut self, stream: StreamId, data: Bytes, end: bool) {
        let octets = data.len();
        // What nobody will use up is used up here.
        let mut unread = octets;
        let take = |state: &mut State| {
            if !state.recv.gone {
                state.recv.data.push_merged(data);
                unread = 0;
            }
        };
        self.served += octets;
        if end {
            self.on_end(stream, take);
        } else if let Some(slot) = self.entries.get(stream).and_then(|entry| entry.slot.as_ref()) {
            let mut state = slot.lock();
            take(&mut state);
            let waker = state.recv.waker.take();
            drop(state);
            wake((None, waker));
        }
        if unread > 0 {
            let _ = self.conn.acknowledge_received_data(stream, unread);
        }
    }

    fn on_trailers(&mut self, stream: StreamId, trailers: Trailers) {
        self.on_end(stream, |state| state.receive_trailers(trailers));
    }

    /// The peer's message is complete with what `last` leaves in the slot. What is unread of it is
    /// credited now: the stream holds no more, and the connection must not wait for its reader.
    fn on_end(&mut self, stream: StreamId, last: impl FnOnce(&mut State)) {
        let Some(entry) = self.entries.get_mut(stream) else { return };
        entry.received = true;
        let over = self.is_client && stream.is_client_initiated() && entry.is_sent();
        let Some(slot) = entry.slot.clone() else { return };
        let mut state = slot.lock();
        last(&mut state);
        // No promise comes after it (RFC 9113 §8.4), though our own message may go on.
        let promises = state.take_promises();
        state.recv.ended = true;
        let credit = state.recv.data.octets() + state.recv.take_released();
        let manual = state.recv.manual;
        let over = over && !state.send.flush_wanted;
        state.detached |= over;
        let sender = if over { state.send.waker.take() } else { None };
        let waker = state.recv.waker.take();
        drop(state);
        if manual {
            // What the application still holds is credited as well.
            self.conn.discard_received_data(stream);
        } else if credit > 0 {
            let _ = self.conn.acknowledge_received_data(stream, credit);
        }
        if over {
            self.entries.remove(stream);
        }
        drop(promises);
        wake((sender, waker));
    }

    /// The peer wants no more of what is sent; its own message stays good.
    fn on_stopped(&mut self, stream: StreamId, code: ErrorCode) {
        let Some(entry) = self.entries.get_mut(stream) else { return };
        entry.stop_sending();
        let Some(slot) = entry.slot.clone() else {
            self.entries.remove(stream);
            return;
        };
        let mut state = slot.lock();
        state.send.stopped = Some(code);
        state.send.chunks.clear();
        let waker = state.send.waker.take();
        drop(state);
        wake((waker, None));
        self.settle(stream, &slot);
    }

    fn on_pong(&mut self, payload: [u8; 8]) {
        if let Some(Ping { asked, answer }) = self.pings.remove(&payload) {
            let took = self.now.checked_duration_since(asked).unwrap_or(Duration::ZERO);
            // Whoever asked may have left.
            let _ = answer.send(Ok(took));
        }
    }

    /// Everything that was written has left our buffers: says whether anyone waited for it.
    pub(super) fn flushed(&mut self) -> bool {
        if !self.crowded.is_empty() {
            self.make_room();
        }
        if self.flushing.is_empty() {
            return false;
        }
        let mut waiting = std::mem::take(&mut self.flushing);
        let before = waiting.len();
        waiting.retain(|stream| !self.flush_done(*stream));
        let done = waiting.len() < before;
        // Telling one of them may have made another wait.
        self.flushing.append(&mut waiting);
        done
    }

    /// The interim responses that were given have been written; there may be others.
    fn make_room(&mut self) {
        for stream in std::mem::take(&mut self.crowded) {
            if let Some(slot) = self.slot(stream) {
                slot.lock().note_interim(|| self.conn.unsent_informational(stream));
            }
        }
    }

    /// Tells the sender of a stream that all of it has left, if that is so.
    fn flush_done(&mut self, stream: StreamId) -> bool {
        let Some(entry) = self.entries.get(stream) else { return true };
        let Some(slot) = entry.slot.clone() else { return true };
        if entry.has_waiting() || self.conn.has_unsent(stream) {
            return false;
        }
        let mut state = slot.lock();
        if !state.send.chunks.is_empty() {
            return false;
        }
        state.send.flushed = true;
        state.send.flush_wanted = false;
        let waker = state.send.waker.take();
        drop(state);
        wake((waker, None));
        self.settle(stream, &slot);
        true
    }

    pub(super) fn slot(&self, stream: StreamId) -> Option<std::sync::Arc<crate::exchange::Slot>> {
        self.entries.get(stream).and_then(|entry| entry.slot.clone())
    }
}
