//! Frames as they arrive: admitted, paid for, handed to the room they belong to.

use std::ops::Range;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};

use super::bound::merged;
use super::{Connection, MAX_EVENTS, Received, Role};
use crate::error::{CloseReason, Fault, Offence, Origin, Violation};
use crate::event::{Event, ResetCause};
use crate::frame::{Frame, FrameHead, HEAD_LEN, Next, decode, kind};
use crate::stream::{Half, How, Initiator, Key};
use crate::{ErrorCode, StreamId};

/// Payloads from this length on are shared with the read buffer. Shorter ones would keep up to
/// 256 times their size alive.
const SHARE_FROM: usize = 16 * 1024;
/// A stream that moved so many octets was of use; resetting it is no abuse.
const WORTHWHILE: u64 = 16 * 1024;
/// What a stream error costs in glitches, besides a reset token.
const STREAM_ERROR_COST: u32 = 10;

/// What an identifier stands for at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Live(Key),
    /// Nobody opened it yet.
    Idle,
    Gone(How),
}

/// A piece of a body to be given to the application.
pub(super) struct Delivery {
    pub(super) key: Key,
    pub(super) data: Range<usize>,
    pub(super) end: bool,
}

impl Connection {
    pub(super) fn take_frames(&mut self, input: &mut BytesMut, now: Instant) -> Received {
        loop {
            if self.reason.is_some() {
                return Received::Ended;
            }
            if self.events.len() >= MAX_EVENTS || self.egress.owes_too_much() {
                return Received::DrainFirst;
            }
            match self.reader.next(input) {
                Ok(Next::Incomplete) => return Received::NeedMore,
                Ok(Next::Partial(head)) => match self.block.foresee(head, self.block_limits()) {
                    Ok(()) => return Received::NeedMore,
                    Err(violation) => self.fail(violation, Some(head)),
                },
                Ok(Next::Preface(octets)) => input.advance(octets),
                Ok(Next::Frame(head)) => {
                    if self.egress.tap.is_on() {
                        self.show_received(head, input);
                    }
                    self.take_frame(head, input, now);
                    if self.guard.rings {
                        self.warn_of_limits();
                    }
                }
                Err(violation) => self.fail(violation, self.reader.head_of(input)),
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn show_received(&mut self, head: FrameHead, input: &[u8]) {
        let payload = input.get(HEAD_LEN..head.total()).unwrap_or_default();
        self.egress.tap.received(head, payload);
    }

    fn take_frame(&mut self, head: FrameHead, input: &mut BytesMut, now: Instant) {
        let total = head.total();
        self.counted.received.count(head.kind);
        self.counted.octets_received += total as u64;
        let payload = input.get(HEAD_LEN..total).unwrap_or_default();
        let admitted = self.block.admit(head).map_err(Fault::from);
        match admitted.and_then(|()| decode(head, payload)).and_then(|f| self.on_frame(f, now)) {
            Ok(None) => input.advance(total),
            Ok(Some(Delivery { key, data, end })) => {
                let data = take_payload(input, total, data);
                self.emit(key, Event::DataReceived { stream: key.id, data, end });
                if end {
                    self.settle(key);
                }
            }
            Err(fault) => {
                input.advance(total);
                self.on_fault(fault, head, now);
            }
        }
    }

    fn on_frame(&mut self, frame: Frame<'_>, now: Instant) -> Result<Option<Delivery>, Fault> {
        match frame {
            Frame::Data { stream, data, end, flow } => {
                return self.on_data(stream, data, flow, end, now);
            }
            Frame::Headers { stream, fragment, end, end_headers, on_itself } => {
                self.on_headers(stream, fragment, end, end_headers, on_itself, now)?;
            }
            Frame::Priority { stream, on_itself } => self.on_priority(stream, on_itself, now)?,
            Frame::Reset { stream, code } => self.on_reset(stream, code, now)?,
            Frame::Settings { entries } => self.on_settings(entries, now)?,
            Frame::SettingsAck => self.on_settings_ack()?,
            Frame::PushPromise { stream, promised, fragment, end_headers } => {
                self.on_push_promise(stream, promised, fragment, end_headers, now)?;
            }
            Frame::Ping { ack, payload } => self.on_ping(ack, payload, now)?,
            Frame::GoAway { last, code, debug } => self.on_goaway(last, code, debug, now)?,
            Frame::WindowUpdate { stream, increment } => {
                self.on_window_update(stream, increment, now)?;
            }
            Frame::Continuation { fragment, end_headers, .. } => {
                self.on_continuation(fragment, end_headers, now)?;
            }
            Frame::PriorityUpdate { stream, value } => {
                self.on_priority_update(stream, value, now)?;
            }
            Frame::AltSvc { stream, origin, value } => {
                self.on_altsvc(stream, origin, value, now)?;
            }
            Frame::Origin { entries } => self.on_origin(entries, now)?,
            Frame::Unknown { head, payload } => self.on_unknown(head, payload, now)?,
            Frame::Ignored { .. } => self.guard.glitch(1, "ignored_frame", now)?,
        }
        Ok(None)
    }

    /// What `stream` stands for.
    pub(super) fn place(&self, stream: StreamId) -> Place {
        let ours = self.is_ours(stream);
        let highest = if ours { self.highest_ours } else { self.highest_theirs };
        if !ours && stream.get() > highest {
            return Place::Idle;
        }
        if let Some(key) = self.find(stream) {
            return match self.streams.get(key) {
                Some(found) if !found.on_wire => Place::Idle,
                Some(found) if found.is_open() => Place::Live(key),
                // Over, and only kept for the application.
                _ => Place::Gone(self.how_it_ended(stream)),
            };
        }
        if stream.get() > highest { Place::Idle } else { Place::Gone(self.how_it_ended(stream)) }
    }

    /// How a stream ended that is gone. One that we opened, and may have reset, was reset: whoever
    /// gives up many requests at once must not pay for what was under way on them.
    fn how_it_ended(&self, stream: StreamId) -> How {
        let how = self.closed_streams.how(stream);
        if how == How::Forgotten && self.is_ours(stream) { How::ResetByUs } else { how }
    }

    fn on_reset(&mut self, stream: StreamId, code: ErrorCode, now: Instant) -> Result<(), Fault> {
        let key = match self.place(stream) {
            Place::Live(key) => key,
            Place::Idle => {
                return Err(Violation::IdleStream { kind: kind::RST_STREAM, stream }.into());
            }
            Place::Gone(How::ResetByUs) => return Ok(()),
            Place::Gone(_) => return Ok(self.guard.glitch(1, "late_reset", now)?),
        };
        let Some(found) = self.streams.get(key) else { return Ok(()) };
        let early = found.initiator == Initiator::Peer
            && !(found.send.is_closed() && found.out.is_empty())
            && found.moved < WORTHWHILE
            && found.opened.until(self.clock.moment()).as_secs() == 0;
        let complete = self.role == Role::Client
            && found.initiator == Initiator::Us
            && found.recv == Half::Closed;
        let event = if complete {
            // RFC 9113 §8.1: what was received before stays good.
            Event::SendStopped { stream, code }
        } else {
            self.reset_event(key, code, ResetCause::Peer)
        };
        let Some(found) = self.streams.get_mut(key) else { return Ok(()) };
        found.send.close();
        found.recv.close();
        self.counted.resets.by_peer += 1;
        self.drop_queue(key);
        self.emit(key, event);
        if !complete {
            self.forsake(key);
        }
        self.settle(key);
        if early {
            self.guard.reset(now)?;
            self.warn_of_resets();
        }
        Ok(())
    }

    /// Acts on an offence: a stream error where it can be one, otherwise the end.
    pub(super) fn on_fault(&mut self, fault: Fault, head: FrameHead, now: Instant) {
        self.egress.tap.no_fields();
        match fault {
            Fault::Connection(violation) => self.fail(violation, Some(head)),
            Fault::Stream(stream, violation) => {
                // Our own limit: the peer may not know it yet, and refusing is cheap.
                let refused = violation == Violation::Refused;
                let cost = if refused { 0 } else { STREAM_ERROR_COST };
                let paid = self.guard.glitch(cost, "stream_error", now);
                match paid.and_then(|()| self.guard.reset(now)) {
                    Err(violation) => self.fail(violation, Some(head)),
                    Ok(()) => {
                        self.warn_of_resets();
                        self.fail_stream(stream, violation, head);
                    }
                }
            }
        }
    }

    /// Ends one stream because of the peer.
    fn fail_stream(&mut self, stream: StreamId, violation: Violation, head: FrameHead) {
        let code = violation.code();
        if violation == Violation::Refused {
            self.counted.resets.refused += 1;
        } else {
            self.counted.resets.by_violation += 1;
        }
        let opening = matches!(head.kind, kind::HEADERS | kind::CONTINUATION);
        match self.place(stream) {
            Place::Live(key) => {
                let cause = ResetCause::Violation(offence(violation, Some(head)));
                let event = self.reset_event(key, code, cause);
                self.emit(key, event);
                self.reset_now(key, code);
            }
            // A frame cannot be about a stream that does not exist: the connection is out of step.
            Place::Idle if !opening => self.fail(violation, Some(head)),
            Place::Idle | Place::Gone(_) if opening => {
                self.closed_streams.remember(stream, true);
                self.egress.agenda.reset(stream, code);
            }
            Place::Idle | Place::Gone(_) => {}
        }
    }

    /// Ends the connection because of the peer.
    fn fail(&mut self, violation: Violation, head: Option<FrameHead>) {
        let offence = offence(violation, head);
        let (code, debug) = (offence.code(), Bytes::from(offence.to_string()));
        self.end(CloseReason { origin: Origin::Violation(offence), code, debug });
    }

    /// Puts an event where it belongs: a request that waits for a slot keeps its own to itself.
    pub(super) fn emit(&mut self, key: Key, event: Event) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        match &mut stream.waiting {
            Some(waiting) => {
                let event = merged(waiting.back_mut(), event);
                waiting.extend(event);
            }
            None if stream.silent => {}
            None => self.events.push_back(event),
        }
    }
}

fn offence(violation: Violation, head: Option<FrameHead>) -> Offence {
    Offence::new(violation, head.map(|head| (head.kind, head.stream)))
}

/// Takes a whole frame out of the input and returns a range of its payload.
fn take_payload(input: &mut BytesMut, total: usize, range: Range<usize>) -> Bytes {
    let range = HEAD_LEN + range.start..HEAD_LEN + range.end;
    if range.len() >= SHARE_FROM {
        return input.split_to(total).freeze().slice(range);
    }
    let copy = Bytes::copy_from_slice(input.get(range).unwrap_or_default());
    input.advance(total);
    copy
}
