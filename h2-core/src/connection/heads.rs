//! Header blocks as they arrive: always decoded, then given their meaning (RFC 9113 §4.3, §8.1).

use std::time::Instant;

use super::receive::Place;
use super::{Connection, Role};
use crate::StreamId;
use crate::error::{ErrorCode, Fault, HeadRule, Malformed, Timer, Violation};
use crate::event::Event;
use crate::fields::Fields;
use crate::flow::Inbound;
use crate::frame::{Opening, kind};
use crate::hpack::DecodeError;
use crate::message::{BodyLength, Direction, Mismatch, RequestHead, ResponseHead, Trailers};
use crate::stream::{Half, How, Initiator, Key, Standing, Stream};

/// What request heads that the application has not taken may cost together. Each field is charged
/// with what it really occupies, not with the 32 octets of the RFC (CVE-2026-49975).
pub(super) const MAX_UNDELIVERED: usize = 1024 * 1024;
/// Octets that a field occupies besides its name and value, once it is in a header map.
const FIELD_COST: usize = 128 - 32;

/// What an undelivered request head is charged with.
pub(super) fn cost(head: &RequestHead) -> usize {
    head.as_fields().list_size() + head.as_fields().len() * FIELD_COST
}

impl Connection {
    /// Takes the event that is about to be handed out off the accounts of what waits to be.
    #[inline]
    pub(super) fn deliver_first(&mut self) {
        match self.events.front() {
            Some(Event::RequestReceived { head, .. }) => {
                self.undelivered = self.undelivered.saturating_sub(cost(head));
            }
            Some(Event::InformationalReceived { stream, .. }) => {
                let key = self.streams.find(*stream);
                if let Some(found) = key.and_then(|key| self.streams.get_mut(key)) {
                    found.informational_waiting = found.informational_waiting.saturating_sub(1);
                }
            }
            _ => {}
        }
    }

    pub(super) fn on_headers(
        &mut self,
        stream: StreamId,
        fragment: &[u8],
        end: bool,
        end_headers: bool,
        on_itself: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        self.guard.saw_progress();
        let opening = Opening { stream, end, on_itself, promised: None };
        if end_headers {
            return self.on_block(opening, fragment, now);
        }
        self.block.begin(opening, fragment, self.block_limits())?;
        self.clock.set(Timer::HeaderBlock, self.config.header_block_timeout);
        Ok(())
    }

    pub(super) fn on_push_promise(
        &mut self,
        stream: StreamId,
        promised: u32,
        fragment: &[u8],
        end_headers: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        self.admit_promise(stream, promised)?;
        let opening = Opening { stream, end: false, on_itself: false, promised: Some(promised) };
        if end_headers {
            return self.on_block(opening, fragment, now);
        }
        self.block.begin(opening, fragment, self.block_limits())?;
        self.clock.set(Timer::HeaderBlock, self.config.header_block_timeout);
        Ok(())
    }

    pub(super) fn on_continuation(
        &mut self,
        fragment: &[u8],
        end_headers: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        if self.block.is_dribble(fragment.len(), end_headers) {
            self.guard.glitch(10, "continuation", now)?;
        }
        let limits = self.block_limits();
        match self.block.go_on(fragment, end_headers, limits)? {
            None => Ok(()),
            Some(whole) => {
                self.clock.clear(Timer::HeaderBlock);
                self.on_block(whole.opening, &whole.octets, now)
            }
        }
    }

    /// An empty list with memory: that of a head that was sent, or room for another like the last.
    fn spare_fields(&mut self) -> Fields {
        let (count, octets) = self.usual_fields;
        // On a busy connection the list will hold other heads, too.
        let least = if self.streams.len() > 1 { (6, 64) } else { (0, 0) };
        self.spare
            .list()
            .unwrap_or_else(|| Fields::with_capacity(count.max(least.0), octets.max(least.1)))
    }

    /// A whole block. It is decoded whatever becomes of it: the table must follow the wire.
    fn on_block(&mut self, opening: Opening, block: &[u8], now: Instant) -> Result<(), Fault> {
        let mut fields = self.spare_fields();
        let limits = self.list_limits();
        let decoded = self.decoder.decode(block, &limits, &mut fields);
        if self.egress.tap.is_on() {
            self.egress.tap.fields(&fields, decoded.is_ok_and(|decoded| !decoded.too_large));
        }
        let decoded = decoded.map_err(|cause| {
            if cause == DecodeError::ListTooLarge {
                Violation::FieldSectionTooLarge
            } else {
                Violation::Compression { cause }
            }
        })?;
        self.counted.header_octets += block.len() as u64;
        self.counted.header_list_size += decoded.list_size as u64;
        self.usual_fields = fields.room_for_another_like_it();
        let too_large = decoded.too_large;
        let stream = opening.stream;
        if let Some(promised) = opening.promised {
            return self.on_promise(opening, promised, fields, too_large, now);
        }
        self.on_promised_by_us(stream, kind::HEADERS)?;
        match self.place(stream) {
            Place::Live(key) => self.on_more_fields(key, opening, fields, too_large, now),
            Place::Idle => self.on_new_stream(opening, fields, too_large, now),
            Place::Gone(How::ResetByUs) => Ok(()),
            Place::Gone(How::Forgotten) => Ok(self.guard.glitch(1, "late_headers", now)?),
            Place::Gone(How::EndedByPeer) => {
                Err(Violation::StreamClosed { kind: kind::HEADERS, stream }.into())
            }
            Place::Gone(How::Unknown) => Err(Violation::StreamIdOrder { stream }.into()),
        }
    }

    /// The head of a request that opens a stream.
    fn on_new_stream(
        &mut self,
        opening: Opening,
        fields: Fields,
        too_large: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        let stream = opening.stream;
        if self.role == Role::Client || stream.is_server_initiated() {
            // Servers open streams with PUSH_PROMISE, and clients only odd ones.
            return Err(Violation::IdleStream { kind: kind::HEADERS, stream }.into());
        }
        self.highest_theirs = stream.get();
        self.streams_opened += 1;
        self.count_request(stream);
        if self.farewell.refuses(stream) {
            // RFC 9113 §6.8: ignored; the peer learns from GOAWAY that it was not processed.
            self.closed_streams.remember(stream, true);
            return Ok(self.guard.glitch(1, "stream_after_goaway", now)?);
        }
        if opening.on_itself {
            return Err(Fault::Stream(stream, Violation::SelfDependency));
        }
        if self.streams.open_theirs() >= self.stream_limit() {
            return Err(Fault::Stream(stream, Violation::Refused));
        }
        let checked = if too_large {
            Err(Malformed::new(HeadRule::TooLarge))
        } else {
            RequestHead::checked(fields).and_then(|head| self.allowed(head))
        };
        match checked {
            Ok(head) => self.open_theirs(stream, head, opening.end),
            Err(why) => self.refuse_malformed(stream, why, now),
        }
    }

    /// RFC 8441 §3: `:protocol` only after SETTINGS_ENABLE_CONNECT_PROTOCOL.
    fn allowed(&self, head: RequestHead) -> Result<RequestHead, Malformed> {
        if head.protocol().is_some() && !self.config.enable_connect_protocol {
            return Err(Malformed::at(HeadRule::Protocol, b":protocol"));
        }
        Ok(head)
    }

    fn open_theirs(&mut self, stream: StreamId, head: RequestHead, end: bool) -> Result<(), Fault> {
        let length = BodyLength::of(head.content_length());
        if end && let Err(Mismatch { expected, seen }) = length.finish() {
            let violation = Violation::ContentLength { expected, received: seen };
            return Err(Fault::Stream(stream, violation));
        }
        let cost = cost(&head);
        if self.undelivered > 0 && self.undelivered + cost > MAX_UNDELIVERED {
            return Err(Fault::Stream(stream, Violation::Refused));
        }
        let mut fresh = self.fresh_stream(Initiator::Peer);
        fresh.on_wire = true;
        fresh.recv.head(end);
        fresh.recv_length = length;
        fresh.head_request = head.is_head();
        fresh.connect = head.is_connect();
        if let Some(priority) = self.first_priority(stream, head.priority()) {
            fresh.priority = priority;
            fresh.prioritized = true;
        }
        self.undelivered += cost;
        self.take_in(stream, fresh, Event::RequestReceived { stream, head, end });
        Ok(())
    }

    pub(super) fn fresh_stream(&self, initiator: Initiator) -> Stream {
        let ours = self.negotiation.local().initial_window_size;
        let theirs = self.negotiation.remote().initial_window_size;
        Stream::new(initiator, theirs, Inbound::new(ours, ours), self.clock.moment())
    }

    /// Answers a malformed request with 400 or 431, then resets its stream (§8.1.1).
    fn refuse_malformed(
        &mut self,
        stream: StreamId,
        why: Malformed,
        now: Instant,
    ) -> Result<(), Fault> {
        let status = if why.rule() == HeadRule::TooLarge { 431 } else { 400 };
        let violation = Violation::Malformed { why };
        let busy = self.egress.outbox.len() >= self.config.batch;
        if !self.config.answer_malformed || busy {
            return Err(Fault::Stream(stream, violation));
        }
        self.guard.glitch(10, "malformed_request", now)?;
        self.guard.reset(now)?;
        self.counted.resets.by_violation += 1;
        self.warn_of_resets();
        let mut answer = Fields::new();
        answer.push_status(status);
        let mut silent = self.fresh_stream(Initiator::Peer);
        silent.on_wire = true;
        silent.silent = true;
        silent.discard = true;
        silent.recv.head(false);
        silent.send.close();
        silent.out.set_head(self.spare.boxed(answer), true);
        silent.out.set_reset_after(ErrorCode::PROTOCOL_ERROR);
        let key = self.streams.insert(stream, silent);
        self.queue_head(key);
        Ok(())
    }

    /// A header block on a stream that is open: a response, or trailers.
    fn on_more_fields(
        &mut self,
        key: Key,
        opening: Opening,
        fields: Fields,
        too_large: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        let id = key.id;
        let Some(stream) = self.streams.get_mut(key) else { return Ok(()) };
        if stream.silent {
            if opening.end {
                stream.end_received();
            }
            return Ok(());
        }
        if opening.on_itself {
            return Err(Fault::Stream(id, Violation::SelfDependency));
        }
        if stream.recv.is_closed() {
            let violation = Violation::StreamClosed { kind: kind::HEADERS, stream: id };
            return Err(Fault::Stream(id, violation));
        }
        if stream.tunnel {
            return Err(Fault::Stream(id, Violation::FrameInTunnel { kind: kind::HEADERS }));
        }
        if too_large {
            return Err(malformed(id, Malformed::new(HeadRule::TooLarge)));
        }
        match stream.recv {
            Half::Head => self.on_response(key, fields, opening.end, now),
            Half::Body | Half::Closed => self.on_trailers(key, fields, opening.end),
        }
    }

    fn on_response(
        &mut self,
        key: Key,
        fields: Fields,
        end: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        let id = key.id;
        let head =
            ResponseHead::checked(fields, Direction::Inbound).map_err(|why| malformed(id, why))?;
        if self.streams.standing(key) == Standing::Reserved {
            self.begin_pushed(key)?;
        }
        let Some(stream) = self.streams.get_mut(key) else { return Ok(()) };
        if head.is_informational() {
            if end {
                return Err(malformed(id, Malformed::new(HeadRule::InformationalEnd)));
            }
            stream.informational = stream.informational.saturating_add(1);
            stream.informational_waiting += 1;
            let usual = self.config.max_informational;
            if stream.informational_waiting > usual {
                return Err(Fault::Stream(id, Violation::TooManyInformational));
            }
            if stream.informational > usual {
                self.guard.glitch(1, "informational", now)?;
            }
            self.emit(key, Event::InformationalReceived { stream: id, head });
            return Ok(());
        }
        let success = (200..300).contains(&head.status());
        let length = if stream.head_request || head.has_no_body() {
            BodyLength::none()
        } else if stream.connect && success {
            BodyLength::default()
        } else {
            BodyLength::of(head.content_length())
        };
        if end && let Err(Mismatch { expected, seen }) = length.finish() {
            let violation = Violation::ContentLength { expected, received: seen };
            return Err(Fault::Stream(id, violation));
        }
        stream.tunnel = stream.connect && success;
        stream.recv_length = length;
        stream.recv.head(end);
        self.emit(key, Event::ResponseReceived { stream: id, head, end });
        self.settle(key);
        Ok(())
    }

    fn on_trailers(&mut self, key: Key, fields: Fields, end: bool) -> Result<(), Fault> {
        let id = key.id;
        if !end {
            return Err(malformed(id, not_trailers(&fields)));
        }
        let trailers =
            Trailers::checked(fields, Direction::Inbound).map_err(|why| malformed(id, why))?;
        let Some(stream) = self.streams.get_mut(key) else { return Ok(()) };
        stream.recv_length.finish().map_err(|Mismatch { expected, seen }| {
            Fault::Stream(id, Violation::ContentLength { expected, received: seen })
        })?;
        stream.end_received();
        if !stream.discard {
            self.emit(key, Event::TrailersReceived { stream: id, trailers });
        }
        self.settle(key);
        Ok(())
    }

    /// Puts a stream on the agenda that has a head to be cut.
    pub(super) fn queue_head(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        if !std::mem::replace(&mut stream.in_heads, true) {
            self.egress.agenda.heads.push_back(key);
        }
    }
}

/// A second head that does not end the stream: an interim response that is late, or no trailers.
fn not_trailers(fields: &Fields) -> Malformed {
    match fields.at(0) {
        Some(first) if first.name == b":status" && first.value.first() == Some(&b'1') => {
            Malformed::new(HeadRule::LateInformational)
        }
        _ => Malformed::new(HeadRule::TrailersWithoutEnd),
    }
}

fn malformed(stream: StreamId, why: Malformed) -> Fault {
    Fault::Stream(stream, Violation::Malformed { why })
}
