//! What the application wants: validated, then applied, then recorded; an error changed nothing.

use bytes::Bytes;

use super::{Connection, Permit, Role};
use crate::StreamId;
use crate::error::{ErrorCode, Misuse, OpenError};
use crate::event::End;
use crate::fields::{FIELD_OVERHEAD, Fields};
use crate::message::{BodyLength, RequestHead, ResponseHead, Trailers};
use crate::stream::{Half, Initiator, Key, Stream};

/// Interim responses of one stream that may wait to be cut.
const MAX_INFORMATIONAL_QUEUED: usize = 32;

impl Connection {
    // Opening streams.

    /// How many requests could be opened at once (RFC 9113 §5.1.2). Slots that permits hold are not
    /// free.
    #[must_use]
    pub fn free_slots(&self) -> usize {
        let ceiling = self.config.max_outbound_streams;
        let limit = if self.is_handshake_complete() {
            self.remote_settings().max_concurrent_streams.unwrap_or(u32::MAX).min(ceiling)
        } else {
            self.config.initial_outbound_streams.min(ceiling)
        };
        (limit as usize).saturating_sub(self.streams.open_ours() + self.permits)
    }

    /// Takes a slot for a request that is still to come.
    ///
    /// `None` when there is none; [`Event::SlotsAvailable`](crate::Event::SlotsAvailable) follows when there is one again.
    #[must_use]
    pub fn reserve_slot(&mut self) -> Option<Permit> {
        if self.role == Role::Server || self.is_draining() {
            return None;
        }
        if self.free_slots() == 0 {
            self.want_slot();
            return None;
        }
        self.permits += 1;
        Some(Permit(()))
    }

    /// Gives back a slot that was not used; [`Event::SlotsAvailable`](crate::Event::SlotsAvailable)
    /// follows if somebody found none meanwhile.
    pub fn release_slot(&mut self, permit: Permit) {
        let Permit(()) = permit;
        self.permits = self.permits.saturating_sub(1);
        self.slot_freed();
    }

    /// Opens a stream with a request (client only, RFC 9113 §8.1). It takes a slot, and the
    /// identifier is assigned here; HEADERS goes out with the next output.
    ///
    /// # Errors
    ///
    /// The head comes back with [`Misuse::NoSlot`]
    /// ([`Event::SlotsAvailable`](crate::Event::SlotsAvailable) follows when there is one),
    /// [`Misuse::Draining`], [`Misuse::ConnectionClosed`], [`Misuse::NoMoreStreamIds`],
    /// [`Misuse::FieldSectionTooLarge`], [`Misuse::NotEnabled`] (extended CONNECT, RFC 8441),
    /// [`Misuse::NoAuthority`], [`Misuse::ContentLength`] or [`Misuse::WrongRole`].
    pub fn send_request(&mut self, head: RequestHead, end: End) -> Result<StreamId, OpenError> {
        if self.role == Role::Client && !self.is_draining() && self.free_slots() == 0 {
            self.want_slot();
            return Err(OpenError { why: Misuse::NoSlot, head: Box::new(head) });
        }
        self.open_ours(head, end)
    }

    /// Opens a stream in a slot that was reserved. On an error the permit is used up all the same.
    ///
    /// # Errors
    ///
    /// As [`send_request`](Self::send_request), without [`Misuse::NoSlot`].
    pub fn send_request_with(
        &mut self,
        permit: Permit,
        head: RequestHead,
        end: End,
    ) -> Result<StreamId, OpenError> {
        let Permit(()) = permit;
        self.permits = self.permits.saturating_sub(1);
        let opened = self.open_ours(head, end);
        if opened.is_err() {
            self.slot_freed();
        }
        opened
    }

    fn open_ours(&mut self, head: RequestHead, end: End) -> Result<StreamId, OpenError> {
        let id = match self.may_open(&head, end) {
            Ok(id) => id,
            Err(why) => return Err(OpenError { why, head: Box::new(head) }),
        };
        let mut stream = self.fresh_stream(Initiator::Us);
        stream.send.head(end.is_now());
        stream.send_length = BodyLength::of(head.content_length());
        stream.head_request = head.is_head();
        stream.connect = head.is_connect();
        let fields = self.shaped(head);
        stream.out.set_head(self.spare.boxed(fields), end.is_now());
        self.next_stream = id.next();
        let key = self.streams.insert(id, stream);
        self.queue_head(key);
        self.count_request(id);
        Ok(id)
    }

    fn may_open(&self, head: &RequestHead, end: End) -> Result<StreamId, Misuse> {
        if self.role == Role::Server {
            return Err(Misuse::WrongRole);
        }
        if self.reason.is_some() {
            return Err(Misuse::ConnectionClosed);
        }
        if !self.farewell.is_open() {
            return Err(Misuse::Draining);
        }
        let id = self.next_stream.ok_or(Misuse::NoMoreStreamIds)?;
        if head.protocol().is_some() && !self.remote_settings().enable_connect_protocol {
            return Err(Misuse::NotEnabled);
        }
        if head.has_host_alone() {
            return Err(Misuse::NoAuthority);
        }
        self.may_be_that_large(head)?;
        if end.is_now() && head.content_length().is_some_and(|length| length > 0) {
            return Err(Misuse::ContentLength(id));
        }
        Ok(id)
    }

    /// The peer takes a field section of this size.
    fn may_be_that_large(&self, head: &RequestHead) -> Result<(), Misuse> {
        let fields = head.as_fields();
        let Some(limit) = self.remote_settings().max_header_list_size else { return Ok(()) };
        let crumbs = if self.config.split_cookies { fields.crumbs() } else { 0 };
        // A crumb costs a name and the overhead of a field, and saves what stood between it and the
        // one before.
        let size = fields.list_size() + crumbs * (FIELD_OVERHEAD + "cookie".len() - "; ".len());
        if size > limit as usize {
            return Err(Misuse::FieldSectionTooLarge { size, limit });
        }
        Ok(())
    }

    /// A request as it goes out.
    pub(super) fn shaped(&self, head: RequestHead) -> Fields {
        let fields = head.into_fields();
        if self.config.split_cookies { fields.with_split_cookies() } else { fields }
    }

    // Messages.

    /// Sends an interim response, 1xx, before the final one (server only, RFC 9110 §15.2).
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongStatusKind`], [`Misuse::HeadAlreadySent`], [`Misuse::NoSuchStream`],
    /// [`Misuse::AlreadyEnded`], [`Misuse::WrongRole`], or [`Misuse::QueueFull`] while 32 wait.
    pub fn send_informational(
        &mut self,
        stream: StreamId,
        head: ResponseHead,
    ) -> Result<(), Misuse> {
        let key = self.may_respond(stream)?;
        if !head.is_informational() {
            return Err(Misuse::WrongStatusKind);
        }
        let Some(found) = self.streams.get_mut(key) else { return Ok(()) };
        if found.out.informational_waiting() >= MAX_INFORMATIONAL_QUEUED {
            return Err(Misuse::QueueFull);
        }
        found.out.push_informational(self.spare.boxed(head.into_fields()));
        self.queue_head(key);
        Ok(())
    }

    /// Sends the final response head (server only, RFC 9113 §8.1). With [`End::Now`] it ends the
    /// stream. Of a 2xx answer to CONNECT a content-length is left out, for it may not be sent (RFC
    /// 9110 §8.6).
    ///
    /// # Errors
    ///
    /// [`Misuse::WrongStatusKind`] for 1xx, [`Misuse::HeadAlreadySent`], [`Misuse::NoSuchStream`],
    /// [`Misuse::AlreadyEnded`], [`Misuse::WrongRole`], and [`Misuse::ContentLength`] when it ends
    /// a response that promises a body.
    pub fn send_response(
        &mut self,
        stream: StreamId,
        head: ResponseHead,
        end: End,
    ) -> Result<(), Misuse> {
        let key = self.may_respond(stream)?;
        if head.is_informational() {
            return Err(Misuse::WrongStatusKind);
        }
        let promises = self.streams.reserved() > 0;
        let Some(found) = self.streams.get_mut(key) else { return Ok(()) };
        let tunnel = found.connect && (200..300).contains(&head.status());
        let length = if found.head_request || head.has_no_body() {
            BodyLength::none()
        } else if tunnel {
            BodyLength::default()
        } else {
            BodyLength::of(head.content_length())
        };
        if end.is_now() && length.finish().is_err() {
            return Err(Misuse::ContentLength(stream));
        }
        found.send_length = length;
        found.tunnel = tunnel;
        found.send.head(end.is_now());
        let mut fields = head.into_fields();
        if tunnel {
            fields.retain(|field| field.name != b"content-length");
        }
        found.out.set_head(self.spare.boxed(fields), end.is_now());
        if found.in_heads && promises {
            // A promise may stand between the interim responses and this.
            found.out.set_hold();
            self.egress.agenda.heads.push_back(key);
        }
        self.queue_head(key);
        Ok(())
    }

    fn may_respond(&self, stream: StreamId) -> Result<Key, Misuse> {
        if self.role == Role::Client {
            return Err(Misuse::WrongRole);
        }
        let (key, found) = self.usable(stream)?;
        match found.send {
            Half::Head => Ok(key),
            Half::Body => Err(Misuse::HeadAlreadySent(stream)),
            Half::Closed => Err(Misuse::AlreadyEnded(stream)),
        }
    }

    /// Queues a piece of a body: the prefix of `data` that fits
    /// [`send_capacity`](Self::send_capacity), which is split off it. Returns its length.
    ///
    /// [`End::Now`] counts only when all of `data` was taken. When less was taken,
    /// [`Event::Writable`](crate::Event::Writable) follows as soon as it is worth trying again.
    ///
    /// # Errors
    ///
    /// [`Misuse::HeadNotSent`], [`Misuse::AlreadyEnded`], [`Misuse::NoSuchStream`], and
    /// [`Misuse::ContentLength`] when the body would be longer than the head said, or would end
    /// shorter.
    pub fn send_data(
        &mut self,
        stream: StreamId,
        data: &mut Bytes,
        end: End,
    ) -> Result<usize, Misuse> {
        let (key, found) = self.may_send_body(stream)?;
        let capacity = self.capacity_of(found);
        let taken = data.len().min(capacity);
        let ends = end.is_now() && taken == data.len();
        if found.send_length.would_break(data.len(), end.is_now()) {
            return Err(Misuse::ContentLength(stream));
        }
        let before = found.out.queued();
        let Some(found) = self.streams.get_mut(key) else { return Ok(0) };
        found.blocked = taken < data.len();
        let counted = found.send_length.add(taken);
        debug_assert!(counted.is_ok(), "it was asked for above");
        found.out.push_data(data.split_to(taken));
        if ends {
            found.out.set_end();
            found.send.close();
        }
        self.queued += taken;
        self.pool_used += self.beyond_own(before + taken) - self.beyond_own(before);
        self.schedule(key);
        Ok(taken)
    }

    /// Ends our side: the last DATA that was not cut yet carries END_STREAM, or an empty one does.
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub fn end_stream(&mut self, stream: StreamId) -> Result<(), Misuse> {
        self.send_data(stream, &mut Bytes::new(), End::Now).map(drop)
    }

    /// Ends our side with trailers, after what is queued (RFC 9113 §8.1).
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data); [`Misuse::ContentLength`] for CONNECT too, whose tunnel
    /// is made of octets alone (RFC 9113 §8.5).
    pub fn send_trailers(&mut self, stream: StreamId, trailers: Trailers) -> Result<(), Misuse> {
        let (key, found) = self.may_send_body(stream)?;
        // A client's tunnel may be connected before the trailers leave.
        let tunnel = found.tunnel || (found.connect && self.role == Role::Client);
        if found.send_length.finish().is_err() || tunnel {
            return Err(Misuse::ContentLength(stream));
        }
        let Some(found) = self.streams.get_mut(key) else { return Ok(()) };
        found.out.set_trailers(trailers.into_fields());
        found.send.close();
        self.schedule(key);
        Ok(())
    }

    fn may_send_body(&self, stream: StreamId) -> Result<(Key, &Stream), Misuse> {
        let (key, found) = self.usable(stream)?;
        match found.send {
            Half::Head => Err(Misuse::HeadNotSent(stream)),
            Half::Body => Ok((key, found)),
            Half::Closed => Err(Misuse::AlreadyEnded(stream)),
        }
    }

    // Ending streams.

    /// Resets a stream (RFC 9113 §6.4). For a stream that is gone it does nothing, so it may be
    /// called at any time.
    ///
    /// With NO_ERROR, after our side has ended, the reset waits behind what is queued: that is how
    /// a server says that it needs no more of the request (RFC 9113 §8.1). Any other reset drops
    /// what is queued and goes out at once. A request that was not cut yet leaves nothing on the
    /// wire. No event follows.
    pub fn reset_stream(&mut self, stream: StreamId, code: ErrorCode) {
        let Some(key) = self.find(stream) else { return };
        let Some(found) = self.streams.get_mut(key) else { return };
        let complete = self.role == Role::Server && found.send.is_closed();
        self.counted.resets.by_us += u64::from(!found.is_over());
        if code == ErrorCode::NO_ERROR && complete && !found.is_over() {
            if !found.recv.is_closed() {
                found.out.set_reset_after(code);
                self.schedule(key);
            }
            self.forsake(key);
        } else {
            self.reset_now(key, code);
        }
    }

    /// Says that the application has let go of a stream that the peer opened: its slot is free as
    /// soon as the stream is closed. What is unread goes back to the connection. Idempotent, and
    /// nothing for streams that are gone.
    pub fn release_stream(&mut self, stream: StreamId) {
        let Some(key) = self.find(stream) else { return };
        let Some(found) = self.streams.get_mut(key) else { return };
        found.held = false;
        self.forsake(key);
        self.let_go(key);
    }

    /// Asks for [`Event::SendEnded`](crate::Event::SendEnded) when everything of ours on the
    /// stream, its end included, was cut. Nothing for streams that are gone.
    pub fn watch_send_end(&mut self, stream: StreamId) {
        if let Some(found) = self.find(stream).and_then(|key| self.streams.get_mut(key)) {
            found.watched = true;
        }
    }

    // Credit for sending.

    /// Octets that [`send_data`](Self::send_data) would take on this stream; 0 for streams that
    /// are gone.
    ///
    /// Every stream may always have [`Config::send_credit`](crate::Config::send_credit) octets
    /// queued. More comes out of [`Config::send_pool`](crate::Config::send_pool), as long as the
    /// peer's window for the stream would take it, so that streams the peer keeps shut hoard
    /// nothing.
    #[must_use]
    pub fn send_capacity(&self, stream: StreamId) -> usize {
        let found = self.find(stream).and_then(|key| self.streams.get(key));
        found.map_or(0, |found| self.capacity_of(found))
    }

    /// Whether anything that was given for this stream has not been cut into frames yet: heads,
    /// body, its end. False for streams that are gone.
    #[must_use]
    pub fn has_unsent(&self, stream: StreamId) -> bool {
        let found = self.find(stream).and_then(|key| self.streams.get(key));
        found.is_some_and(|found| !found.out.is_empty())
    }

    /// How many interim responses that were given for this stream have not been cut into frames yet:
    /// 32 at most. Zero for streams that are gone.
    #[must_use]
    pub fn unsent_informational(&self, stream: StreamId) -> usize {
        let found = self.find(stream).and_then(|key| self.streams.get(key));
        found.map_or(0, |found| found.out.informational_waiting())
    }

    pub(super) fn capacity_of(&self, stream: &Stream) -> usize {
        let queued = stream.out.queued();
        let own = self.config.send_credit;
        let ceiling = self.config.max_send_credit.min(stream.send_window.available()).max(own);
        let pool = self.config.send_pool.saturating_sub(self.pool_used);
        let from_pool = pool.min(ceiling.saturating_sub(queued.max(own)));
        own.saturating_sub(queued) + from_pool
    }

    /// Of so many queued octets, those that come out of the pool.
    fn beyond_own(&self, queued: usize) -> usize {
        queued.saturating_sub(self.config.send_credit)
    }

    /// The queue of a stream shrank.
    pub(super) fn credit_returned(&mut self, before: usize, after: usize) {
        self.queued = self.queued.saturating_sub(before.saturating_sub(after));
        let returned = self.beyond_own(before) - self.beyond_own(after);
        self.pool_used = self.pool_used.saturating_sub(returned);
    }

    /// Drops everything a stream has queued: it is closed.
    pub(super) fn drop_queue(&mut self, key: Key) {
        self.egress.agenda.forget(key.id);
        let Some(stream) = self.streams.get_mut(key) else { return };
        let dropped = stream.out.clear();
        let stalled = stream.send_stalled.is_some();
        self.credit_returned(dropped, 0);
        if stalled {
            self.watch_sending(key);
        }
        self.leave_lines(key);
    }

    /// Takes a stream out of every line of those that have something to send. A place of a stream
    /// that is gone would do no harm, but while the transport takes nothing nobody comes to throw
    /// it out, and streams that are opened and reset would fill memory with them.
    fn leave_lines(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let agenda = &mut self.egress.agenda;
        if std::mem::take(&mut stream.in_heads) {
            agenda.heads.retain(|other| *other != key);
        }
        if std::mem::take(&mut stream.in_updates) {
            agenda.updates.retain(|other| *other != key);
        }
        if std::mem::take(&mut stream.in_ready) {
            self.egress.scheduler.remove(key, stream.priority);
        }
    }

    /// A stream that the application knows and that is not over on the wire.
    pub(super) fn usable(&self, stream: StreamId) -> Result<(Key, &Stream), Misuse> {
        if self.reason.is_some() {
            return Err(Misuse::ConnectionClosed);
        }
        let missing = Misuse::NoSuchStream(stream);
        let key = self.find(stream).ok_or(missing)?;
        let found = self.streams.get(key).ok_or(missing)?;
        let known = !found.silent && found.waiting.is_none() && found.is_open();
        if known { Ok((key, found)) } else { Err(missing) }
    }
}
