//! PING, GOAWAY and the graceful end: nothing that was under way is lost (RFC 9113 §6.7, §6.8).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Connection, GRACEFUL, Role};
use crate::error::{CloseReason, ErrorCode, Fault, Misuse, Origin, Timer};
use crate::event::{Event, ResetCause};
use crate::frame::GoAway;
use crate::stream::Initiator;
use crate::{StreamId, egress};

/// How long the second GOAWAY waits for the answer to the PING that follows the first.
const FAREWELL_PATIENCE: Duration = Duration::from_secs(1);
/// Octets of a peer's debug data that are kept.
const DEBUG_KEPT: usize = 256;
/// PING frames of the application that may be unanswered.
const MAX_UNANSWERED: usize = 16;

/// How far the end has come.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    ours: Ours,
    /// The peer's GOAWAY: the lowest last stream it named, and what its latest said.
    theirs: Option<GoAway>,
    /// What began a shutdown of ours, if it was not the application.
    retired_by: Option<Origin>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Ours {
    #[default]
    Open,
    /// GOAWAY(2^31-1) was promised; its PING proves that the peer has read it.
    Announced([u8; 8]),
    /// GOAWAY with the last stream that is served was promised.
    Final(u32),
}

impl Farewell {
    /// Whether streams may still be opened.
    pub(super) fn is_open(&self) -> bool {
        self.ours == Ours::Open && self.theirs.is_none()
    }

    /// The code of the peer's latest GOAWAY.
    pub(super) fn code_of_theirs(&self) -> Option<ErrorCode> {
        self.theirs.as_ref().map(|theirs| theirs.code)
    }

    /// What the peer's GOAWAY complained of, if it did.
    pub(super) fn complaint(&self) -> Option<(ErrorCode, Bytes)> {
        let theirs = self.theirs.as_ref().filter(|theirs| theirs.code != GRACEFUL)?;
        Some((theirs.code, theirs.debug.clone()))
    }

    /// Whether the PING behind our first GOAWAY is not answered.
    pub(super) fn awaits_answer(&self) -> bool {
        matches!(self.ours, Ours::Announced(_))
    }

    /// Whether our last GOAWAY was promised.
    pub(super) fn is_final(&self) -> bool {
        matches!(self.ours, Ours::Final(_))
    }

    /// Whether a stream of the peer comes too late.
    pub(super) fn refuses(&self, stream: StreamId) -> bool {
        matches!(self.ours, Ours::Final(last) if stream.get() > last)
    }
}

impl Connection {
    /// Begins a graceful end: no more streams are opened, those that are open finish, then
    /// [`Event::ConnectionClosed`] comes and [`is_drained`](Self::is_drained) turns true.
    ///
    /// A server says GOAWAY twice (RFC 9113 §6.8), so that requests under way are served: first
    /// without naming a last stream, then, when the answer to a PING proves that the client has
    /// read that or a second has passed, with the last one. Streams that are still open after
    /// [`Config::drain_timeout`](crate::Config::drain_timeout) are cut. Calling it again changes
    /// nothing.
    pub fn shutdown(&mut self, now: Instant) {
        self.hear(now);
        if self.reason.is_some() || self.farewell.ours != Ours::Open {
            return;
        }
        self.slot_settled();
        self.clock.set(Timer::Drain, self.config.drain_timeout);
        if self.role == Role::Client {
            self.say_last_goodbye();
            return;
        }
        let payload = self.random.next().to_be_bytes();
        self.farewell.ours = Ours::Announced(payload);
        self.egress.agenda.goaway(GoAway {
            last: StreamId::MAX.get(),
            code: GRACEFUL,
            debug: Bytes::new(),
        });
        self.egress.agenda.ping(payload);
        self.clock.set(Timer::Farewell, Some(FAREWELL_PATIENCE));
    }

    /// As [`shutdown`](Self::shutdown), but streams that are open after `drain` are cut, whatever
    /// the configuration says. On a connection that is going down by itself already it only brings
    /// that moment forward.
    pub fn shutdown_within(&mut self, drain: Duration, now: Instant) {
        let fresh = self.farewell.ours == Ours::Open;
        self.shutdown(now);
        if self.reason.is_some() {
            return;
        }
        if fresh {
            self.clock.clear(Timer::Drain);
        }
        self.clock.hasten(Timer::Drain, drain);
    }

    /// Ends the connection at once (RFC 9113 §5.4.1): every stream is gone, GOAWAY with `code` and
    /// as much of `debug` as fits the peer's frames goes out, [`Event::ConnectionClosed`] follows.
    /// After the first end it does nothing.
    pub fn close_connection(&mut self, code: ErrorCode, debug: impl Into<Bytes>) {
        let longest = self.egress.max_frame_size.saturating_sub(8);
        let mut debug = debug.into();
        debug.truncate(longest);
        self.hurry();
        self.end(CloseReason { origin: Origin::Local, code, debug });
    }

    /// Which rule of this side's own ends the connection gracefully, if one does: its age, idleness,
    /// or the number of its requests or streams.
    #[must_use]
    pub fn retired_by(&self) -> Option<&Origin> {
        self.farewell.retired_by.as_ref()
    }

    /// A deadline or a number that was reached asks for a graceful end.
    pub(super) fn retire(&mut self, origin: Origin) {
        if self.farewell.ours == Ours::Open {
            self.farewell.retired_by = Some(origin);
        }
        self.shutdown(self.clock.now());
    }

    /// A request was made, the highest stream of its side being `stream` from here on.
    pub(super) fn count_request(&mut self, stream: StreamId) {
        self.requests += 1;
        if stream.next().is_none() {
            self.retire(Origin::NoMoreStreamIds);
        } else if self.config.max_requests.is_some_and(|most| self.requests >= most) {
            self.retire(Origin::MaxRequests);
        }
    }

    /// The GOAWAY that names the last stream.
    pub(super) fn say_last_goodbye(&mut self) {
        if self.farewell.is_final() || self.reason.is_some() {
            return;
        }
        self.clock.clear(Timer::Farewell);
        // A request that waits for a slot was read and will be served; so will a promise that was
        // taken, whose response may still begin.
        let last = self.highest_theirs;
        self.highest_processed = self.highest_processed.max(last);
        self.farewell.ours = Ours::Final(last);
        self.egress.agenda.goaway(GoAway { last, code: GRACEFUL, debug: Bytes::new() });
    }

    /// Early resets have become so many that the client should go elsewhere, before it is thrown
    /// out.
    pub(super) fn warn_of_resets(&mut self) {
        if self.guard.resets_are_low() && self.farewell.ours == Ours::Open {
            self.shutdown(self.clock.now());
        }
    }

    /// Ends the connection when a graceful end has nothing left to wait for.
    pub(super) fn end_if_drained(&mut self) {
        let going = self.farewell.is_final() || self.farewell.theirs.is_some();
        let promised = self.streams.reserved();
        let open = self.streams.open_ours() + self.streams.open_theirs() + promised;
        if !going || open > 0 || self.reason.is_some() || !self.egress.agenda.is_empty() {
            return;
        }
        let (origin, code, debug) = match (&self.farewell.theirs, &self.farewell.retired_by) {
            (_, Some(origin)) => (origin.clone(), GRACEFUL, Bytes::new()),
            (Some(theirs), None) if !self.farewell.is_final() || theirs.code != GRACEFUL => {
                (Origin::Peer, theirs.code, theirs.debug.clone())
            }
            _ => (Origin::Local, GRACEFUL, Bytes::new()),
        };
        if !self.farewell.is_final() {
            // The peer learns that nothing of its own was lost; its code is not ours to repeat.
            self.say_last_goodbye();
        }
        self.finish(CloseReason { origin, code, debug });
    }

    pub(super) fn on_goaway(
        &mut self,
        last: u32,
        code: ErrorCode,
        debug: &[u8],
        now: Instant,
    ) -> Result<(), Fault> {
        let debug = Bytes::copy_from_slice(debug.get(..DEBUG_KEPT).unwrap_or(debug));
        let mut lowest = last;
        if let Some(theirs) = &self.farewell.theirs {
            self.guard.glitch(1, "goaway", now)?;
            // §6.8: it must not rise; what was given up stays given up.
            lowest = last.min(theirs.last);
        }
        self.slot_settled();
        self.farewell.theirs = Some(GoAway { last: lowest, code, debug: debug.clone() });
        for key in self.streams.keys() {
            let Some(stream) = self.streams.get_mut(key) else { continue };
            let ours = stream.initiator == Initiator::Us;
            if !ours || (stream.on_wire && key.id.get() <= lowest) || !self.streams.is_open(key) {
                continue;
            }
            let code = ErrorCode::REFUSED_STREAM;
            self.counted.resets.not_processed += 1;
            let event = self.reset_event(key, code, ResetCause::NotProcessed);
            self.emit(key, event);
            self.abandon(key);
        }
        self.events.push_back(Event::GoAwayReceived { last_stream: lowest, code, debug });
        Ok(())
    }

    pub(super) fn on_ping(
        &mut self,
        ack: bool,
        payload: [u8; 8],
        now: Instant,
    ) -> Result<(), Fault> {
        if !ack {
            self.guard.ping(now)?;
            self.egress.agenda.ping_ack(payload);
            return Ok(());
        }
        if self.farewell.ours == Ours::Announced(payload) {
            self.say_last_goodbye();
        } else if self.liveness.is_answer(payload) {
            // That it came was noticed when its octets were.
        } else if let Some(at) = self.pings.iter().position(|(sent, _)| *sent == payload) {
            if let Some((_, asked)) = self.pings.remove(at) {
                self.saw_round_trip(asked);
            }
            self.events.push_back(Event::PingAcknowledged { payload });
        } else {
            self.guard.glitch(1, "ping_ack", now)?;
        }
        Ok(())
    }

    /// Sends a PING (RFC 9113 §6.7); [`Event::PingAcknowledged`] with the same payload follows when
    /// the peer has answered. Payloads should differ from each other.
    ///
    /// # Errors
    ///
    /// [`Misuse::QueueFull`] while 16 are unanswered; [`Misuse::ConnectionClosed`].
    pub fn ping(&mut self, payload: [u8; 8]) -> Result<(), Misuse> {
        if self.reason.is_some() {
            return Err(Misuse::ConnectionClosed);
        }
        let waiting = self.egress.agenda.pings_waiting();
        if self.pings.len() >= MAX_UNANSWERED || waiting >= egress::MAX_PINGS {
            return Err(Misuse::QueueFull);
        }
        self.pings.push_back((payload, self.clock.now()));
        self.egress.agenda.ping(payload);
        Ok(())
    }

    /// A question that was asked at `asked` is answered.
    pub(super) fn saw_round_trip(&mut self, asked: Instant) {
        let took = self.clock.now().saturating_duration_since(asked);
        self.round_trip = Some(self.round_trip.map_or(took, |shortest| shortest.min(took)));
    }
}
