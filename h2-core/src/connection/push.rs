//! Server push: promised requests, checked both ways, and the streams reserved for them (RFC 9113 §8.4).

use std::time::Instant;

use super::receive::Place;
use super::{Connection, Role};
use crate::StreamId;
use crate::error::{ErrorCode, Fault, HeadRule, Malformed, Misuse, OpenError, Violation};
use crate::event::{Event, ResetCause};
use crate::fields::Fields;
use crate::frame::{Opening, kind};
use crate::message::{BodyLength, RequestHead, may_be_promised};
use crate::stream::{How, Initiator, Key, Standing};

/// Promised streams whose response has not begun. They escape SETTINGS_MAX_CONCURRENT_STREAMS
/// (§5.1.2), so they need a cap of their own; nghttp2 has the same.
pub(super) const MAX_RESERVED: usize = 200;

impl Connection {
    /// PUSH_PROMISE may come at all.
    pub(super) fn admit_promise(&self, stream: StreamId, promised: u32) -> Result<(), Violation> {
        // Before we ever asked for pushes none may come, and after we took that back none once the
        // server has acknowledged it (§6.5.2).
        let wanted = self.config.enable_push && self.negotiation.local().enable_push;
        if self.role == Role::Server || !wanted {
            return Err(Violation::UnexpectedPush);
        }
        let fresh = StreamId::new(promised)
            .is_some_and(|id| id.is_server_initiated() && id.get() > self.highest_theirs);
        if !fresh || stream.is_server_initiated() {
            return Err(Violation::InvalidPromise { stream: promised });
        }
        Ok(())
    }

    /// The whole block of a promise. The stream is reserved whatever becomes of it (§6.6).
    pub(super) fn on_promise(
        &mut self,
        opening: Opening,
        promised: u32,
        fields: Fields,
        too_large: bool,
        now: Instant,
    ) -> Result<(), Fault> {
        let parent = opening.stream;
        let invalid = Violation::InvalidPromise { stream: promised };
        let Some(id) = StreamId::new(promised) else { return Err(invalid.into()) };
        self.highest_theirs = promised;
        self.streams_opened += 1;
        match self.place(parent) {
            Place::Live(key) if self.streams.get(key).is_some_and(|s| s.tunnel) => {
                self.decline(id, ErrorCode::CANCEL);
                let kind = kind::PUSH_PROMISE;
                return Err(Fault::Stream(parent, Violation::FrameInTunnel { kind }));
            }
            Place::Live(key) if self.streams.get(key).is_some_and(|s| !s.recv.is_closed()) => {}
            // We do not want the parent, so neither what belongs to it.
            Place::Gone(How::ResetByUs | How::Forgotten) => {
                self.decline(id, ErrorCode::CANCEL);
                return Ok(());
            }
            Place::Live(_) | Place::Idle | Place::Gone(_) => return Err(invalid.into()),
        }
        if self.farewell.is_final() || self.streams.reserved() >= MAX_RESERVED {
            self.decline(id, ErrorCode::REFUSED_STREAM);
            return Ok(());
        }
        let checked = if too_large {
            Err(Malformed::new(HeadRule::TooLarge))
        } else {
            RequestHead::checked(fields).and_then(promisable)
        };
        match checked {
            Ok(head) => self.reserve_theirs(parent, id, head),
            Err(_) => {
                self.guard.glitch(10, "malformed_promise", now)?;
                self.decline(id, ErrorCode::PROTOCOL_ERROR);
            }
        }
        Ok(())
    }

    fn decline(&mut self, id: StreamId, code: ErrorCode) {
        self.closed_streams.remember(id, true);
        self.egress.agenda.reset(id, code);
    }

    fn reserve_theirs(&mut self, parent: StreamId, id: StreamId, head: RequestHead) {
        let mut stream = self.fresh_stream(Initiator::Peer);
        stream.on_wire = true;
        stream.held = true;
        stream.send.close();
        stream.head_request = head.is_head();
        let key = self.streams.reserve(id, stream);
        self.emit(key, Event::PushReceived { parent, stream: id, head });
    }

    /// The response of a promised stream begins. Whether it may.
    pub(super) fn begin_pushed(&mut self, key: Key) -> Result<(), Fault> {
        if self.streams.open_theirs() >= self.stream_limit() {
            return Err(Fault::Stream(key.id, Violation::Refused));
        }
        self.streams.activate(key);
        self.highest_processed = self.highest_processed.max(key.id.get());
        Ok(())
    }

    /// What a server may not send on a stream that it promised before its response begins (§5.1).
    pub(super) fn on_promised_to_us(&self, key: Key, kind: u8) -> Result<(), Violation> {
        let ours = self.role == Role::Client && self.streams.standing(key) == Standing::Reserved;
        if ours { Err(Violation::ReservedStream { kind, stream: key.id }) } else { Ok(()) }
    }

    /// What a client may not send on a stream that the server promised.
    pub(super) fn on_promised_by_us(&self, stream: StreamId, kind: u8) -> Result<(), Violation> {
        if self.role == Role::Server && stream.is_server_initiated() {
            return Err(Violation::IdleStream { kind, stream });
        }
        Ok(())
    }

    /// Promises a response to a request that the client has not made (server only). The response is
    /// then sent on the stream that is returned, as on any other.
    ///
    /// The promise goes out before whatever is queued on `parent` later on; promise first what the
    /// response to `parent` refers to (§8.4.1).
    ///
    /// # Errors
    ///
    /// The head comes back with [`Misuse::NotEnabled`] when the client takes no pushes,
    /// [`Misuse::NoSuchStream`] or [`Misuse::AlreadyEnded`] for the parent, [`Misuse::NotPromisable`]
    /// for a request other than GET or HEAD with `:authority` and without a body, and for a tunnel as
    /// the parent, [`Misuse::NoSlot`] when the client
    /// allows no more streams, [`Misuse::Draining`], [`Misuse::NoMoreStreamIds`],
    /// [`Misuse::ConnectionClosed`] or [`Misuse::WrongRole`].
    pub fn push_stream(
        &mut self,
        parent: StreamId,
        request: RequestHead,
    ) -> Result<StreamId, OpenError> {
        let id = match self.may_push(parent, &request) {
            Ok(id) => id,
            Err(why) => return Err(OpenError { why, head: Box::new(request) }),
        };
        let mut stream = self.fresh_stream(Initiator::Us);
        stream.recv.close();
        stream.recv_length = BodyLength::none();
        stream.head_request = request.is_head();
        stream.out.set_promise(parent, self.shaped(request));
        self.next_stream = id.next();
        let key = self.streams.reserve(id, stream);
        self.queue_head(key);
        Ok(id)
    }

    fn may_push(&self, parent: StreamId, request: &RequestHead) -> Result<StreamId, Misuse> {
        if self.role == Role::Client {
            return Err(Misuse::WrongRole);
        }
        let (_, found) = self.usable(parent)?;
        if !self.remote_settings().enable_push {
            return Err(Misuse::NotEnabled);
        }
        if !self.farewell.is_open() {
            return Err(Misuse::Draining);
        }
        if found.initiator == Initiator::Us {
            return Err(Misuse::NoSuchStream(parent));
        }
        if found.send.is_closed() {
            return Err(Misuse::AlreadyEnded(parent));
        }
        if found.tunnel || !may_be_promised(request) {
            return Err(Misuse::NotPromisable);
        }
        let limit = self.remote_settings().max_concurrent_streams.unwrap_or(u32::MAX);
        let limit = limit.min(self.config.max_outbound_streams) as usize;
        if self.streams.open_ours() + self.streams.reserved() >= limit {
            return Err(Misuse::NoSlot);
        }
        self.next_stream.ok_or(Misuse::NoMoreStreamIds)
    }

    /// The stream that a promise of ours goes out on, if it can still carry one.
    pub(super) fn parent_of_promise(&self, parent: StreamId) -> Option<Key> {
        let key = self.find(parent)?;
        let found = self.streams.get(key)?;
        let ended = found.send.is_closed() && found.out.is_empty();
        (self.streams.is_open(key) && !ended).then_some(key)
    }

    /// A promise whose parent is gone: the client never hears of it.
    pub(super) fn unpromise(&mut self, key: Key) {
        let code = ErrorCode::CANCEL;
        let event = self.reset_event(key, code, ResetCause::NotProcessed);
        self.emit(key, event);
        self.abandon(key);
    }
}

fn promisable(head: RequestHead) -> Result<RequestHead, Malformed> {
    if may_be_promised(&head) {
        Ok(head)
    } else {
        Err(Malformed::at(HeadRule::UnsafePromise, b":method"))
    }
}
