//! Interface without a body.
#![allow(missing_docs, unused_variables, clippy::all)]

use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::egress::Outbox;
use crate::error::{CloseReason, ErrorCode, Misuse, OpenError, Timer};
use crate::{
    Config, End, Event, Priority, RequestHead, ResponseHead, Settings, StreamId, Trailers,
};

/// One side of an HTTP/2 connection.
#[derive(Debug)]
pub struct Connection {}

/// What [`Connection::receive_data`] did with its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Every whole frame was taken; the rest of the next one must arrive.
    NeedMore,
    /// It stopped early: take the events and the output, then call again with what is left.
    DrainFirst,
    /// The connection has ended; nothing more is consumed.
    Ended,
}

/// When [`Connection::handle_timeout`] must be called, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub at: Instant,
    pub why: Timer,
}

/// The right to open one stream. Give it to `send_request_with`, or back with `release_slot`.
#[derive(Debug)]
#[must_use]
pub struct Permit(());

/// How far a request of ours came (RFC 9113 §8.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No octet of it was cut into a frame: certainly not processed.
    NotSent,
    /// Its head was sent; nothing tells whether the peer acted on it.
    MaybeProcessed,
    /// The final response has begun.
    ResponseStarted,
}

impl Connection {
    pub fn client(config: Config, now: Instant) -> Self {
        todo!()
    }
    pub fn server(config: Config, now: Instant) -> Self {
        todo!()
    }

    // A. Inputs. Never an Err.
    /// Takes whole frames out of `input` and leaves the tail.
    pub fn receive_data(&mut self, input: &mut BytesMut, now: Instant) -> Received {
        todo!()
    }
    /// The transport delivered its end.
    pub fn receive_eof(&mut self, now: Instant) {
        todo!()
    }
    /// To be called at or after the deadline of `poll_timeout`; early calls do nothing.
    pub fn handle_timeout(&mut self, now: Instant) {
        todo!()
    }
    /// Everything that was taken out of the outbox has left our buffers (the transport's flush completed).
    pub fn handle_flushed(&mut self, now: Instant) {
        todo!()
    }

    // B. Commands. An Err changed nothing.
    /// Needs a free slot; assigns the id.
    pub fn send_request(&mut self, head: RequestHead, end: End) -> Result<StreamId, OpenError> {
        todo!()
    }
    pub fn send_request_with(
        &mut self,
        permit: Permit,
        head: RequestHead,
        end: End,
    ) -> Result<StreamId, OpenError> {
        todo!()
    }
    /// `None`: no slot; Event::SlotsAvailable follows when there is one again.
    pub fn reserve_slot(&mut self) -> Option<Permit> {
        todo!()
    }
    pub fn release_slot(&mut self, permit: Permit) {
        todo!()
    }
    /// How many requests could be opened at once (permits taken are not free).
    pub fn free_slots(&self) -> usize {
        todo!()
    }
    pub fn send_informational(
        &mut self,
        stream: StreamId,
        head: ResponseHead,
    ) -> Result<(), Misuse> {
        todo!()
    }
    pub fn send_response(
        &mut self,
        stream: StreamId,
        head: ResponseHead,
        end: End,
    ) -> Result<(), Misuse> {
        todo!()
    }
    /// Takes the prefix that fits `send_capacity`; `end` counts only when all of `data` was taken.
    /// If less was taken, Event::Writable follows when more fits.
    pub fn send_data(
        &mut self,
        stream: StreamId,
        data: &mut Bytes,
        end: End,
    ) -> Result<usize, Misuse> {
        todo!()
    }
    /// Ends our side.
    pub fn send_trailers(&mut self, stream: StreamId, trailers: Trailers) -> Result<(), Misuse> {
        todo!()
    }
    /// Ends our side.
    pub fn end_stream(&mut self, stream: StreamId) -> Result<(), Misuse> {
        todo!()
    }
    /// Idempotent; nothing for streams that are gone. NO_ERROR after our side ended: waits behind the queued DATA; any other code drops it.
    /// A request whose head was not cut yet leaves nothing on the wire.
    pub fn reset_stream(&mut self, stream: StreamId, code: ErrorCode) {
        todo!()
    }
    /// The application has let go of a stream the peer opened: its slot is free once it is closed. Idempotent.
    pub fn release_stream(&mut self, stream: StreamId) {
        todo!()
    }
    /// The application will read no more of what the peer sends on the stream: what is unread and what arrives is
    /// credited to the connection only and makes no event.
    pub fn discard_received_data(&mut self, stream: StreamId) {
        todo!()
    }
    /// Gives back credit for data that was used up; for streams that are gone, to the connection alone.
    pub fn acknowledge_received_data(
        &mut self,
        stream: StreamId,
        bytes: usize,
    ) -> Result<(), Misuse> {
        todo!()
    }
    pub fn increment_flow_control_window(
        &mut self,
        stream: Option<StreamId>,
        increment: u32,
    ) -> Result<(), Misuse> {
        todo!()
    }
    pub fn update_settings(
        &mut self,
        change: impl FnOnce(&mut Settings),
        now: Instant,
    ) -> Result<(), Misuse> {
        todo!()
    }
    /// Event::PingAcknowledged{payload} follows when the peer answers.
    pub fn ping(&mut self, payload: [u8; 8]) -> Result<(), Misuse> {
        todo!()
    }
    pub fn prioritize(&mut self, stream: StreamId, priority: Priority) -> Result<(), Misuse> {
        todo!()
    }
    /// Graceful, two-phase: open streams finish, then the connection is drained.
    pub fn shutdown(&mut self, now: Instant) {
        todo!()
    }
    /// At once: GOAWAY, every stream gone, Event::ConnectionClosed.
    pub fn close_connection(&mut self, code: ErrorCode, debug: Bytes) {
        todo!()
    }

    // C. Outputs.
    /// Cuts frames until the outbox holds a batch. Peek (chunk / chunks_vectored), write, `advance`.
    pub fn data_to_send(&mut self, now: Instant) -> &mut Outbox {
        todo!()
    }
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Deadline> {
        todo!()
    }

    // D. Questions.
    /// Whether everything is over: closed or drained, and the outbox is empty. The transport can be shut down.
    pub fn is_drained(&self) -> bool {
        todo!()
    }
    /// Whether no more streams may be opened: GOAWAY sent or received, or ids used up.
    pub fn is_draining(&self) -> bool {
        todo!()
    }
    pub fn close_reason(&self) -> Option<&CloseReason> {
        todo!()
    }
    pub fn send_capacity(&self, stream: StreamId) -> usize {
        todo!()
    }
    /// How far a request of ours came; `None` for streams that are gone. Still answers after the connection closed.
    pub fn request_outcome(&self, stream: StreamId) -> Option<Outcome> {
        todo!()
    }
    pub fn local_flow_control_window(&self, stream: Option<StreamId>) -> i64 {
        todo!()
    }
    pub fn remote_flow_control_window(&self, stream: Option<StreamId>) -> i64 {
        todo!()
    }
    pub fn open_outbound_streams(&self) -> usize {
        todo!()
    }
    pub fn open_inbound_streams(&self) -> usize {
        todo!()
    }
    pub fn local_settings(&self) -> &Settings {
        todo!()
    }
    pub fn remote_settings(&self) -> &Settings {
        todo!()
    }
    /// Whether the peer's first SETTINGS have arrived.
    pub fn is_handshake_complete(&self) -> bool {
        todo!()
    }
    /// Whether memory could be given back by `trim`.
    pub fn trim(&mut self) {
        todo!()
    }
}
