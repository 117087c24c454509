//! What handles ask for, done to the protocol.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2_core::{Connection, End, ErrorCode, Misuse, ResponseHead, StreamId};

use super::command::{Command, Rare};
use super::due::By;
use super::entry::{Entry, Rest};
use super::{Engine, Ping};
use crate::chunks::Chunks;
use crate::error::{CloseReason, Error, Outcome, Reason};
use crate::exchange::{Finish, Slot, State, wake};
use crate::trace;

/// Commands taken at once.
const BATCH: usize = 128;

/// What a handle left in its slot.
struct Work {
    stream: Option<StreamId>,
    interim: VecDeque<ResponseHead>,
    head: Option<ResponseHead>,
    chunks: Chunks,
    finish: Finish,
    reset: Option<ErrorCode>,
    released: usize,
    unread: bool,
    abandoned: bool,
}

impl Work {
    fn take(state: &mut State) -> Self {
        state.looked();
        let opened = state.stream.is_some();
        let finish = match &state.send.finish {
            Finish::End | Finish::Trailers(_) if opened => {
                std::mem::replace(&mut state.send.finish, Finish::Done)
            }
            Finish::Open | Finish::End | Finish::Trailers(_) | Finish::Done => Finish::Open,
        };
        Self {
            stream: state.stream,
            interim: state.take_interim(),
            head: state.take_response(),
            chunks: if opened { std::mem::take(&mut state.send.chunks) } else { Chunks::default() },
            finish,
            reset: state.send.reset,
            released: state.recv.take_released(),
            unread: state.recv.gone && !state.recv.ended,
            abandoned: state.is_abandoned(),
        }
    }
}

impl Engine {
    /// Takes what handles have sent; says whether there was any.
    pub(super) fn take_commands(&mut self, cx: &mut Context<'_>) -> bool {
        if self.deserted {
            return false;
        }
        let mut batch = std::mem::take(&mut self.batch);
        let Poll::Ready(count) = self.commands.poll_recv_many(cx, &mut batch, BATCH) else {
            self.batch = batch;
            return false;
        };
        if count == 0 {
            // No handle and no stream is left, so nobody needs the connection.
            self.deserted = true;
            self.shut_down(None);
        }
        for command in batch.drain(..) {
            match command {
                Command::Open(slot) => self.queue_request(slot),
                Command::Look(slot) => {
                    self.look(&slot);
                    self.shared.recycle(slot);
                }
                Command::Rare(rare) => self.rare(*rare),
            }
        }
        // Its memory is kept until the connection is idle: growing it anew for each burst of a
        // hundred commands was a fortieth of what they cost.
        self.batch = batch;
        true
    }

    fn rare(&mut self, rare: Rare) {
        match rare {
            Rare::Reserve { hub, wait, answer } => self.queue_reservation(&hub, wait, answer),
            Rare::Return(permit) => {
                self.conn.release_slot(permit);
                self.line.loosen();
                self.open_waiting();
            }
            Rare::OpenWith(permit, slot, by) => self.open_with(permit, slot, by),
            Rare::Leave => self.line.leave(),
            Rare::Promise { hub, parent, head, answer } => {
                self.promise(hub, parent, head, answer);
            }
            Rare::Ping(answer) => self.ping(answer),
            Rare::Call(call) => call.run(&mut self.conn),
            Rare::Tell(to) => self.observers.push(to),
            Rare::Shutdown(time) => self.shut_down(time),
            Rare::Close(code, debug) => self.conn.close_connection(code, debug),
            // That is done at the end of every turn.
            Rare::Publish => {}
        }
    }

    /// Ends the connection gracefully. Nobody waits in line for what will not come.
    fn shut_down(&mut self, time: Option<Duration>) {
        match time {
            Some(time) => self.conn.shutdown_within(time, self.now),
            None => self.conn.shutdown(self.now),
        }
        self.drains(|| CloseReason::draining(Reason::Us, ErrorCode::NO_ERROR, Bytes::new()));
    }

    /// Opens a stream for a request that has a permit or a deadline.
    fn open_with(&mut self, permit: Option<h2_core::Permit>, slot: Arc<Slot>, by: Option<By>) {
        let over = slot.lock().failure().is_some();
        if let Some(by) = by.filter(|_| !over) {
            self.hold_to(&slot, by);
        }
        match permit {
            Some(permit) if over => self.conn.release_slot(permit),
            Some(permit) => self.open(slot, Some(permit)),
            None if over => {}
            None => self.queue_request(slot),
        }
    }

    fn ping(&mut self, answer: tokio::sync::oneshot::Sender<Result<Duration, Error>>) {
        self.next_ping = self.next_ping.wrapping_add(1);
        let payload = self.next_ping.to_be_bytes();
        match self.conn.ping(payload) {
            Ok(()) => {
                self.pings.insert(payload, Ping { asked: self.now, answer });
            }
            Err(misuse) => {
                // Whoever asked may have left.
                let _ = answer.send(Err(Error::misuse(misuse)));
            }
        }
    }

    /// Does what the handles of a stream want done.
    pub(super) fn look(&mut self, slot: &Arc<Slot>) {
        let work = Work::take(&mut slot.lock());
        let Some(stream) = work.stream else {
            return self.leave_line(slot, work.unread);
        };
        if work.released > 0 {
            // A stream that is gone releases to its connection.
            let _ = self.conn.acknowledge_received_data(stream, work.released);
        }
        if !self.entries.contains(stream) {
            if work.abandoned {
                self.conn.release_stream(stream);
            }
            return;
        }
        self.send(stream, slot, work);
    }

    /// A request that has no stream yet was given up.
    fn leave_line(&mut self, slot: &Arc<Slot>, given_up: bool) {
        let mut state = slot.lock();
        if !given_up && state.send.reset.is_none() || state.failure().is_some() {
            return;
        }
        let code = state.send.reset.unwrap_or(ErrorCode::CANCEL);
        let wakers = state.fail(Error::given_up(code));
        state.detached = true;
        drop(state);
        wake(wakers);
        self.line.leave();
    }

    fn send(&mut self, stream: StreamId, slot: &Arc<Slot>, work: Work) {
        let Work { interim, head, mut chunks, finish, reset, unread, abandoned, .. } = work;
        let Some(entry) = self.entries.get_mut(stream) else { return };
        entry.abandoned |= abandoned;
        let mut rest = entry.take_rest();
        if !matches!(finish, Finish::Open) {
            rest.finish = finish;
        }
        let had_more = !chunks.is_empty() || !matches!(rest.finish, Finish::Open | Finish::Done);
        rest.chunks.append(&mut chunks);
        let mut sent = Ok(());
        for interim in interim {
            sent = sent.and_then(|()| self.conn.send_informational(stream, interim));
        }
        if let Some(head) = head {
            self.patience.answer();
            sent = sent.and_then(|()| send_head(&mut self.conn, stream, head, &mut rest));
        }
        if had_more {
            sent = sent.and_then(|()| feed(&mut self.conn, stream, &mut rest));
        }
        entry.keep(rest);
        match (sent, reset) {
            (Err(misuse), _) => return self.cannot_send(stream, misuse),
            (Ok(()), Some(code)) => return self.give_up(stream, code, unread),
            (Ok(()), None) => {}
        }
        if unread && !self.stop_reading(stream) {
            return;
        }
        self.settle(stream, slot);
    }

    /// Nobody reads what the peer sends any more. Says whether the stream goes on.
    fn stop_reading(&mut self, stream: StreamId) -> bool {
        if self.is_client {
            self.give_up(stream, ErrorCode::CANCEL, true);
            return false;
        }
        if let Some(entry) = self.entries.get_mut(stream)
            && !std::mem::replace(&mut entry.discarding, true)
        {
            self.conn.discard_received_data(stream);
        }
        true
    }

    /// Tells the sender how much room there is, and lets go of what is over.
    pub(super) fn settle(&mut self, stream: StreamId, slot: &Arc<Slot>) {
        let Some(entry) = self.entries.get_mut(stream) else { return };
        let sent = entry.is_sent();
        if sent && entry.discarding && !entry.received {
            // The response is complete; the rest of the request is not wanted (RFC 9113 §8.1).
            self.conn.reset_stream(stream, ErrorCode::NO_ERROR);
            entry.received = true;
        }
        if entry.abandoned {
            if sent {
                self.entries.remove(stream);
                self.conn.release_stream(stream);
            }
            return;
        }
        // A stream that the server opened is kept until it is let go: it holds one of ours.
        let ours = self.is_client && stream.is_client_initiated();
        let over = sent && entry.received && ours;
        let waits = entry.has_waiting();
        let room = if waits { 0 } else { self.room(stream).max(1) };
        let mut state = slot.lock();
        state.send.set_room(room);
        let crowded = state.note_interim(|| self.conn.unsent_informational(stream));
        if crowded && !self.crowded.contains(&stream) {
            self.crowded.push(stream);
        }
        if state.send.flush_wanted && !self.flushing.contains(&stream) {
            self.flushing.push(stream);
        }
        let wants_room = matches!(state.send.finish, Finish::Open) && room > 0;
        let over = over && !state.send.flush_wanted;
        let waker = if wants_room || over { state.send.waker.take() } else { None };
        state.detached |= over;
        drop(state);
        if over {
            self.entries.remove(stream);
        }
        wake((waker, None));
    }

    /// Octets that the slot of a stream may hold: its own credit, and a share of the pool. Many
    /// streams are told before the first of them sends, so no two are promised the same octets.
    fn room(&self, stream: StreamId) -> usize {
        let capacity = self.conn.send_capacity(stream);
        if capacity == 0 {
            return 0;
        }
        let pool = self.pool.saturating_sub(self.conn.stats().pool_used);
        let own = if self.conn.has_unsent(stream) {
            // At least so much of it does not come out of the pool.
            capacity.saturating_sub(pool)
        } else {
            self.shared.room
        };
        own + capacity.saturating_sub(own).min(pool / self.entries.len().max(1))
    }

    /// Moves what the core now has room for.
    pub(super) fn resume(&mut self, stream: StreamId) {
        let Some(entry) = self.entries.get_mut(stream) else { return };
        let mut rest = entry.take_rest();
        let fed = feed(&mut self.conn, stream, &mut rest);
        entry.keep(rest);
        if let Err(misuse) = fed {
            return self.cannot_send(stream, misuse);
        }
        match entry.slot.clone() {
            Some(slot) => self.settle(stream, &slot),
            None if entry.is_sent() => {
                self.entries.remove(stream);
            }
            None => {}
        }
    }

    /// A command that the core refused. A stream that is gone will say so, or has said so.
    fn cannot_send(&mut self, stream: StreamId, misuse: Misuse) {
        if matches!(misuse, Misuse::NoSuchStream(_) | Misuse::ConnectionClosed) {
            if let Some(entry) = self.entries.get_mut(stream) {
                entry.stop_sending();
                if entry.abandoned {
                    self.entries.remove(stream);
                    self.conn.release_stream(stream);
                }
            }
            return;
        }
        trace::debug!(stream = stream.get(), %misuse, "response or body cannot be sent");
        let outcome = self.outcome(stream, false);
        self.conn.reset_stream(stream, ErrorCode::INTERNAL_ERROR);
        self.drop_entry(stream, Error::misuse(misuse).on(Some(stream), outcome));
    }

    /// Resets a stream by the application's wish, which both of its handles learn.
    /// If nobody waits for the answer any more, its want may be the reason; a body that failed, or
    /// was left unfinished, says nothing about the peer.
    fn give_up(&mut self, stream: StreamId, code: ErrorCode, unread: bool) {
        let answered = self.entries.get(stream).is_some_and(|entry| entry.answered);
        let outcome = self.outcome(stream, answered);
        if self.is_client && unread {
            self.conn.suspect(stream);
        }
        self.conn.reset_stream(stream, code);
        self.drop_entry(stream, Error::reset_by_us(Some(stream), code, outcome));
    }

    /// Ends a stream for its handles.
    pub(super) fn drop_entry(&mut self, stream: StreamId, error: Error) {
        let Some(entry) = self.entries.remove(stream) else { return };
        let Some(slot) = entry.slot else { return };
        let mut state = slot.lock();
        // What was buffered stays readable, but it is no longer counted against the peer.
        let credit = state.recv.data.octets() + state.recv.take_released();
        state.recv.stop_reports();
        let abandoned = state.is_abandoned();
        let wakers = state.fail(error);
        let promises = state.take_promises();
        drop(state);
        drop(promises);
        if credit > 0 {
            let _ = self.conn.acknowledge_received_data(stream, credit);
        }
        if abandoned {
            self.conn.release_stream(stream);
        }
        wake(wakers);
    }

    /// Makes a slot for a stream that the peer opened.
    pub(crate) fn open_inbound(&mut self, stream: StreamId, ended: bool) -> Arc<Slot> {
        self.patience.hand();
        let (room, report_at) = (self.shared.room, self.shared.report_at);
        let slot = self.shared.slot();
        slot.lock().accept(stream, room, report_at, ended);
        self.entries.insert(stream, Entry::new(Some(Arc::clone(&slot)), ended));
        self.peak = self.peak.max(self.entries.len());
        slot
    }

    /// Sends a whole response to a stream that nobody else has to do with.
    pub(crate) fn respond(
        &mut self,
        stream: StreamId,
        head: ResponseHead,
        chunks: Chunks,
        finish: Finish,
    ) {
        let mut rest = Rest { chunks, finish };
        let sent = send_head(&mut self.conn, stream, head, &mut rest)
            .and_then(|()| feed(&mut self.conn, stream, &mut rest));
        if let Err(misuse) = sent {
            // A stream that was reset meanwhile wants no answer.
            trace::debug!(stream = stream.get(), %misuse, "response not sent");
            self.conn.reset_stream(stream, ErrorCode::INTERNAL_ERROR);
        } else if !rest.is_sent() {
            let mut entry = Entry::new(None, true);
            entry.keep(rest);
            self.entries.insert(stream, entry);
        }
        self.conn.release_stream(stream);
    }

    /// Resets a stream that has no response yet and that nobody else has to do with.
    pub(crate) fn reject(&mut self, stream: StreamId, code: ErrorCode) {
        self.conn.reset_stream(stream, code);
        self.conn.release_stream(stream);
        self.drop_entry(stream, Error::reset_by_us(Some(stream), code, Outcome::MaybeProcessed));
    }
}

/// Sends a head; with END_STREAM if nothing follows it.
fn send_head(
    conn: &mut Connection,
    stream: StreamId,
    head: ResponseHead,
    rest: &mut Rest,
) -> Result<(), Misuse> {
    let whole = rest.chunks.is_empty() && matches!(rest.finish, Finish::End);
    conn.send_response(stream, head, End::from_bool(whole))?;
    if whole {
        rest.finish = Finish::Done;
    }
    Ok(())
}

/// Gives the core what it has room for, then the end.
fn feed(conn: &mut Connection, stream: StreamId, rest: &mut Rest) -> Result<(), Misuse> {
    while let Some(mut piece) = rest.chunks.pop() {
        let last = rest.chunks.is_empty() && matches!(rest.finish, Finish::End);
        conn.send_data(stream, &mut piece, End::from_bool(last))?;
        if !piece.is_empty() {
            rest.chunks.push_front(piece);
            return Ok(());
        }
        if last {
            rest.finish = Finish::Done;
        }
    }
    match std::mem::replace(&mut rest.finish, Finish::Done) {
        Finish::Open => rest.finish = Finish::Open,
        Finish::End => conn.end_stream(stream)?,
        Finish::Trailers(trailers) => conn.send_trailers(stream, *trailers)?,
        Finish::Done => {}
    }
    Ok(())
}
