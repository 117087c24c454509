//! DATA as it arrives, and the credit that goes back for it (RFC 9113 §6.1, §6.9).

use std::ops::Range;
use std::time::Instant;

use super::Connection;
use super::receive::{Delivery, Place};
use crate::StreamId;
use crate::error::{Fault, Misuse, Violation};
use crate::frame::kind;
use crate::message::Mismatch;
use crate::observe::StallCause;
use crate::settings::MAX_WINDOW;
use crate::stream::{Half, How, Key};

impl Connection {
    /// Pays for a DATA frame first, and finds out whose it is second.
    pub(super) fn on_data(
        &mut self,
        stream: StreamId,
        data: Range<usize>,
        flow: usize,
        end: bool,
        now: Instant,
    ) -> Result<Option<Delivery>, Fault> {
        self.guard.saw_progress();
        self.inbound.receive(flow).map_err(|_| exceeded(flow))?;
        self.on_promised_by_us(stream, kind::DATA)?;
        match self.place(stream) {
            Place::Live(key) => {
                let outcome = self.data_on(key, &data, flow, end, now);
                if outcome.is_err() {
                    // What a stream error leaves behind is the connection's again, exactly once.
                    self.give_back(flow);
                }
                Ok(outcome?.then_some(Delivery { key, data, end }))
            }
            Place::Idle => Err(Violation::IdleStream { kind: kind::DATA, stream }.into()),
            Place::Gone(how) => {
                self.give_back(flow);
                match how {
                    How::ResetByUs => Ok(None),
                    How::Forgotten => {
                        self.guard.glitch(1, "late_data", now)?;
                        Ok(None)
                    }
                    How::EndedByPeer | How::Unknown => {
                        Err(Violation::StreamClosed { kind: kind::DATA, stream }.into())
                    }
                }
            }
        }
    }

    /// DATA on a live stream. Whether any of it is for the application.
    fn data_on(
        &mut self,
        key: Key,
        data: &Range<usize>,
        flow: usize,
        end: bool,
        now: Instant,
    ) -> Result<bool, Fault> {
        let id = key.id;
        if !end && data.is_empty() {
            self.guard.glitch(1, "empty_data", now)?;
        }
        let Some(stream) = self.streams.get_mut(key) else { return Ok(false) };
        match stream.recv {
            Half::Head => {
                self.on_promised_to_us(key, kind::DATA)?;
                return Err(Fault::Stream(id, Violation::DataBeforeHead));
            }
            Half::Closed => {
                let violation = Violation::StreamClosed { kind: kind::DATA, stream: id };
                return Err(Fault::Stream(id, violation));
            }
            Half::Body => {}
        }
        let mismatch = |Mismatch { expected, seen }| {
            Fault::Stream(id, Violation::ContentLength { expected, received: seen })
        };
        self.peer_pads |= flow > data.len();
        let mut length = stream.recv_length;
        length.add(data.len()).map_err(mismatch)?;
        if end {
            length.finish().map_err(mismatch)?;
        }
        stream.inbound.receive(flow).map_err(|_| Fault::Stream(id, exceeded(flow)))?;
        stream.recv_length = length;
        stream.moved += flow as u64;
        if end {
            stream.end_received();
        }
        let wanted = !stream.discard && (end || !data.is_empty());
        let back = if stream.discard { flow } else { flow - data.len() };
        let released = stream.inbound.release(back);
        debug_assert!(released.is_ok(), "it was received three lines up");
        let used_up = stream.inbound.is_used_up();
        self.give_back(back);
        self.announce(key);
        if used_up {
            self.watch_reading(key);
        }
        if self.inbound.is_used_up() {
            self.hold(StallCause::ConnectionUnread);
        }
        if !wanted {
            self.settle(key);
        }
        Ok(wanted)
    }

    /// Credit for the connection alone.
    fn give_back(&mut self, octets: usize) {
        let released = self.inbound.release(octets);
        debug_assert!(released.is_ok(), "everything unread is on this level");
        if octets > 0 {
            self.let_pass(StallCause::ConnectionUnread);
        }
    }

    /// Puts a stream on the agenda when its credit is worth a WINDOW_UPDATE: not if the peer has said
    /// how much more it sends, and may already send that. Each announcement is a write that wakes the
    /// peer: with this, and with larger lumps of larger windows, uploads of 1 MiB, eight at once,
    /// took 1.0 writes a mebibyte instead of 1.45, of which 0.8 are answers.
    pub(super) fn announce(&mut self, key: Key) {
        let peer_pads = self.peer_pads;
        let Some(stream) = self.streams.get_mut(key) else { return };
        // A peer that has ended its side needs no more credit there.
        let open = !stream.recv.is_closed() && !stream.discard;
        if !open || stream.in_updates || !stream.inbound.is_due() {
            return;
        }
        // What padding will take is not known beforehand.
        let left = stream.recv_length.left().filter(|_| !peer_pads);
        if left.is_none_or(|left| !stream.inbound.covers(left)) {
            stream.in_updates = true;
            self.egress.agenda.updates.push_back(key);
        }
    }

    /// Widens a stream's window that holds its sender back, out of what all of them may grow by.
    pub(super) fn grow_window(&mut self, key: Key) {
        // A round trip of nothing was measured by a clock that stands still.
        let Some(round_trip) = self.round_trip.filter(|took| !took.is_zero()) else { return };
        let pool = self.growth_pool.saturating_sub(self.grown);
        let Some(stream) = self.streams.get_mut(key) else { return };
        let (now, ceiling) = (self.clock.moment(), self.config.max_stream_window);
        let target = stream.inbound.target();
        let Some(octets) = stream.growth.widen_by(now, round_trip, target, ceiling) else { return };
        let octets = octets.min(pool);
        if octets > 0 && stream.inbound.widen(octets).is_ok() {
            stream.growth.widened(octets);
            self.grown += octets;
        }
    }

    /// Gives credit back (RFC 9113 §6.9) for octets of
    /// [`Event::DataReceived`](crate::Event::DataReceived) that
    /// were used up, so that the peer may send as many again.
    ///
    /// Without it the peer stops when the window is full. For streams that are gone it does
    /// nothing: their credit went back to the connection by itself.
    ///
    /// # Errors
    ///
    /// [`Misuse::ReleasedTooMuch`] if more is released than was received. Nothing changes then.
    pub fn acknowledge_received_data(
        &mut self,
        stream: StreamId,
        octets: usize,
    ) -> Result<(), Misuse> {
        let Some(key) = self.find(stream) else { return Ok(()) };
        let Some(found) = self.streams.get_mut(key) else { return Ok(()) };
        if found.discard {
            return Ok(());
        }
        found.inbound.release(octets).map_err(|_| Misuse::ReleasedTooMuch)?;
        found.growth.release(octets);
        let stalled = found.recv_stalled.is_some();
        self.give_back(octets);
        self.announce(key);
        if stalled {
            self.watch_reading(key);
        }
        self.settle(key);
        Ok(())
    }

    /// Says that nobody will read what the peer sends on this stream: what is unread and what still
    /// comes is credited to the connection only, and makes no event. The stream itself goes on.
    pub fn discard_received_data(&mut self, stream: StreamId) {
        if let Some(key) = self.find(stream) {
            self.forsake(key);
            self.settle(key);
        }
    }

    /// Widens a receive window by hand, by `increment` octets (RFC 9113 §6.9.1): that of a stream,
    /// or with `None` that of the connection. The WINDOW_UPDATE goes out with the next output; the
    /// window stays that much wider.
    ///
    /// # Errors
    ///
    /// [`Misuse::WindowOverflow`] for 0 and for what takes the window above 2^31-1,
    /// [`Misuse::NoSuchStream`] for a stream on which the peer sends nothing any more.
    pub fn increment_flow_control_window(
        &mut self,
        stream: Option<StreamId>,
        increment: u32,
    ) -> Result<(), Misuse> {
        if increment == 0 || increment > MAX_WINDOW {
            return Err(Misuse::WindowOverflow);
        }
        let Some(id) = stream else {
            self.inbound.widen(increment).map_err(|_| Misuse::WindowOverflow)?;
            self.let_pass(StallCause::ConnectionUnread);
            return Ok(());
        };
        let key = self.find(id).ok_or(Misuse::NoSuchStream(id))?;
        let found = self.streams.get_mut(key).ok_or(Misuse::NoSuchStream(id))?;
        if found.recv.is_closed() || found.discard {
            return Err(Misuse::NoSuchStream(id));
        }
        found.inbound.widen(increment).map_err(|_| Misuse::WindowOverflow)?;
        if !std::mem::replace(&mut found.in_updates, true) {
            self.egress.agenda.updates.push_back(key);
        }
        self.watch_reading(key);
        Ok(())
    }
}

fn exceeded(flow: usize) -> Violation {
    Violation::WindowExceeded { len: u32::try_from(flow).unwrap_or(u32::MAX) }
}
