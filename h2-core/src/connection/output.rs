//! Frames as they leave: cut when the transport has room, most urgent first.

use std::time::{Duration, Instant};

use super::receive::Place;
use super::{Connection, Role};
use crate::StreamId;
use crate::egress::Cut;
use crate::error::{CloseReason, Fault, Timer, Violation};
use crate::event::Event;
use crate::frame::kind;
use crate::observe::StallCause;
use crate::stream::{How, Initiator, Key, Standing};

/// Idle time after which memory is given back.
const TRIM_AFTER: Duration = Duration::from_secs(1);

impl Connection {
    /// Cuts frames until a batch is full or there is nothing left to cut.
    pub(super) fn cut(&mut self) {
        if self.reason.is_none() {
            if self.egress.outbox.len() < self.config.batch {
                self.cut_control();
                self.cut_updates();
            }
            while self.egress.outbox.len() < self.config.batch {
                if let Some(key) = self.next_head() {
                    self.cut_heads(key);
                } else if let Some(key) = self.egress.scheduler.pop() {
                    self.cut_body(key);
                } else {
                    break;
                }
            }
            self.end_if_drained();
        }
        self.watch_progress();
    }

    fn cut_control(&mut self) {
        if !self.egress.agenda.has_control() {
            return;
        }
        if self.egress.agenda.has_settings() {
            self.negotiation.all_cut(self.clock.now());
            if !self.clock.is_set(Timer::SettingsAck) {
                self.clock.set(Timer::SettingsAck, self.config.settings_ack_timeout);
            }
        }
        self.egress.cut_control();
        self.pings_were_cut();
    }

    fn cut_updates(&mut self) {
        if self.inbound.is_due()
            && let Some(increment) = self.inbound.announce()
        {
            self.egress.cut_window_update(None, increment);
        }
        while let Some(key) = self.egress.agenda.updates.pop_front() {
            let Some(stream) = self.streams.get_mut(key) else { continue };
            stream.in_updates = false;
            if stream.recv.is_closed() || stream.discard {
                continue;
            }
            self.grow_window(key);
            let Some(stream) = self.streams.get_mut(key) else { continue };
            if let Some(increment) = stream.inbound.announce() {
                self.egress.cut_window_update(Some(key.id), increment);
            }
        }
    }

    /// The stream whose head is next. The peer may have lowered its limit on streams since requests
    /// were accepted; then those that are not open yet wait, in their order.
    fn next_head(&mut self) -> Option<Key> {
        if !self.egress.agenda.unbegun.is_empty() && !self.at_limit_of_pushes() {
            return self.egress.agenda.unbegun.pop_front();
        }
        let key = *self.egress.agenda.heads.front()?;
        let limit = self.remote_settings().max_concurrent_streams;
        if self.role == Role::Client && limit.is_some_and(|limit| self.wired >= limit as usize) {
            let opens = self.streams.get(key).is_some_and(|stream| !stream.on_wire);
            if opens {
                return None;
            }
        }
        self.egress.agenda.heads.pop_front()
    }

    /// Whether the client takes no more pushed responses at once: it may have lowered its limit since
    /// they were promised (§5.1.2).
    fn at_limit_of_pushes(&self) -> bool {
        let limit = self.remote_settings().max_concurrent_streams;
        limit.is_some_and(|limit| self.streams.open_ours() >= limit as usize)
    }

    /// Cuts what a stream has in line of heads: nearly always one, which begins a message.
    fn cut_heads(&mut self, key: Key) {
        let busy = self.streams.len() > 1;
        let promises = self.streams.reserved() > 0;
        let Some(stream) = self.streams.get_mut(key) else { return };
        if promises || !stream.out.is_plain() {
            return self.cut_many_heads(key);
        }
        stream.in_heads = false;
        let opens = self.goes_on_wire(key);
        let Some(stream) = self.streams.get_mut(key) else { return };
        if let Some((fields, end)) = stream.out.pop_head(false) {
            self.egress.cut_head(key.id, &fields, end);
            self.spare.keep(fields, busy.then_some(self.usual_fields));
        }
        if opens {
            stream.head_end = self.egress.outbox.end();
        }
        if stream.has_data_or_tail() {
            let queued = stream.out.queued();
            if !self.egress.cut_short_body(key.id, stream) {
                return self.schedule(key);
            }
            self.credit_returned(queued, 0);
            self.guard.saw_progress();
        }
        self.cut_off(key);
    }

    /// The head of a stream is about to be cut; tells whether that opens one of ours.
    fn goes_on_wire(&mut self, key: Key) -> bool {
        let Some(stream) = self.streams.get_mut(key) else { return false };
        let opens = stream.initiator == Initiator::Us && !stream.on_wire;
        stream.on_wire = true;
        if opens {
            stream.heard = self.liveness.heard();
            self.highest_ours = self.highest_ours.max(key.id.get());
            self.streams_opened += 1;
            self.wired += 1;
            self.guard.saw_progress();
        }
        opens
    }

    /// Cuts the heads of a stream that has interim responses, or is promised, or of any while there
    /// are promises.
    #[cold]
    fn cut_many_heads(&mut self, key: Key) {
        let busy = self.streams.len() > 1;
        let Some(stream) = self.streams.get_mut(key) else { return };
        let hold = stream.out.take_hold();
        stream.in_heads = hold;
        if let Some((parent, request)) = stream.out.take_promise() {
            // The client may have switched push off since.
            let wanted = self.negotiation.remote().enable_push;
            if !wanted || self.parent_of_promise(parent).is_none() {
                return self.unpromise(key);
            }
            self.egress.cut_promise(parent, key.id, &request);
        }
        let promised =
            self.streams.reserved() > 0 && self.streams.standing(key) == Standing::Reserved;
        let held_back = promised && self.at_limit_of_pushes();
        let opens = self.goes_on_wire(key);
        let Some(stream) = self.streams.get_mut(key) else { return };
        if held_back && stream.out.has_heads() {
            stream.in_heads = true;
            return self.egress.agenda.unbegun.push_back(key);
        }
        let begins = !hold && stream.initiator == Initiator::Us && stream.out.has_heads();
        while let Some((fields, end)) = stream.out.pop_head(hold) {
            self.egress.cut_head(key.id, &fields, end);
            self.spare.keep(fields, busy.then_some(self.usual_fields));
        }
        if begins {
            self.streams.activate(key);
        }
        let end = self.egress.outbox.end();
        let Some(stream) = self.streams.get_mut(key) else { return };
        if opens {
            stream.head_end = end;
        }
        if hold {
            return;
        }
        if let Some(code) = stream.out.take_reset() {
            self.egress.agenda.reset(key.id, code);
            self.cut_control();
            self.was_reset(key);
        } else if stream.has_data_or_tail() {
            self.schedule(key);
        } else {
            self.cut_off(key);
        }
    }

    fn cut_body(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        stream.in_ready = false;
        let before = stream.out.queued();
        let cut = self.egress.cut_body(key.id, stream);
        let (after, open) = (stream.out.queued(), stream.send_window.available() > 0);
        if before > after {
            self.credit_returned(before, after);
            self.guard.saw_progress();
        }
        match cut {
            Cut::Starved if open => self.starve(key),
            // WINDOW_UPDATE brings it back.
            Cut::Starved => self.window_shut(key),
            Cut::Reset => self.was_reset(key),
            Cut::Done => {
                if before > after {
                    self.wake_writer(key);
                }
                self.go_on(key);
                self.cut_off(key);
            }
        }
    }

    /// A frame was cut from a stream: it keeps its turn, or goes to the end of the line.
    fn go_on(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let more = stream.out.queued() > 0 && stream.send_window.available() > 0;
        if more && stream.turn > 0 {
            stream.turn -= 1;
            stream.in_ready = true;
            self.egress.scheduler.keep(key, stream.priority);
        } else {
            self.schedule(key);
        }
    }

    /// Everything that was queued may have been cut: the stream may be over.
    fn cut_off(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        if !stream.send.is_closed() || !stream.out.is_empty() {
            return;
        }
        if stream.watched {
            self.events.push_back(Event::SendEnded { stream: key.id });
        }
        self.settle(key);
    }

    /// A reset that waited behind a complete message was cut.
    fn was_reset(&mut self, key: Key) {
        if let Some(stream) = self.streams.get_mut(key) {
            stream.recv.close();
            stream.send.close();
        }
        self.forsake(key);
        self.close_stream(key, true);
        self.settle(key);
    }

    /// Puts a stream in line if there is anything it could send at once.
    pub(super) fn schedule(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        if stream.in_ready || stream.out.has_heads() || !stream.on_wire {
            return;
        }
        let can_send = match stream.out.queued() {
            0 => stream.out.has_tail() || stream.out.reset_waits(),
            _ => stream.send_window.available() > 0,
        };
        if can_send {
            stream.in_ready = true;
            stream.turn = if stream.prioritized { stream.priority.turn() - 1 } else { 0 };
            self.egress.scheduler.push(key, stream.priority);
        } else if stream.out.queued() > 0 {
            self.window_shut(key);
        }
    }

    /// Tells a writer that it may go on, when that is worth a wake-up.
    pub(super) fn wake_writer(&mut self, key: Key) {
        let Some(stream) = self.streams.get(key) else { return };
        if !stream.blocked {
            return;
        }
        let worth = stream.out.queued() == 0 || self.capacity_of(stream) >= self.config.send_credit;
        if worth && let Some(stream) = self.streams.get_mut(key) {
            stream.blocked = false;
            self.events.push_back(Event::Writable { stream: key.id });
        }
    }

    pub(super) fn on_window_update(
        &mut self,
        stream: Option<StreamId>,
        increment: u32,
        now: Instant,
    ) -> Result<(), Fault> {
        self.guard.window_update(self.streams_opened, self.egress.sent.frames.data, now)?;
        let Some(id) = stream else { return self.widen_connection(increment) };
        let key = match self.place(id) {
            Place::Live(key) => key,
            Place::Idle => {
                let kind = kind::WINDOW_UPDATE;
                return Err(Violation::IdleStream { kind, stream: id }.into());
            }
            Place::Gone(How::ResetByUs) => return Ok(()),
            Place::Gone(_) => return Ok(self.guard.glitch(1, "late_window_update", now)?),
        };
        self.on_promised_to_us(key, kind::WINDOW_UPDATE)?;
        if increment == 0 {
            return Err(Fault::Stream(id, Violation::ZeroIncrement));
        }
        let Some(found) = self.streams.get_mut(key) else { return Ok(()) };
        found
            .send_window
            .grow(increment)
            .map_err(|_| Fault::Stream(id, Violation::WindowOverflow))?;
        if found.send_stalled.is_some() {
            self.watch_sending(key);
        }
        self.schedule(key);
        self.wake_writer(key);
        Ok(())
    }

    fn widen_connection(&mut self, increment: u32) -> Result<(), Fault> {
        if increment == 0 {
            return Err(Violation::ZeroIncrement.into());
        }
        self.egress.window.grow(increment).map_err(|_| Violation::WindowOverflow)?;
        self.feed_starved();
        Ok(())
    }

    /// Keeps the deadlines that depend on what the transport takes and on how busy we are.
    fn watch_progress(&mut self) {
        let taken = self.egress.outbox.taken();
        let moved = std::mem::replace(&mut self.taken, taken) != taken;
        if self.egress.outbox.is_empty() {
            if self.output_since.take().is_some() {
                self.clock.clear(Timer::WriteStall);
                self.let_pass(StallCause::Transport);
            }
        } else if moved || self.output_since.is_none() {
            self.clock.set(Timer::WriteStall, self.config.write_stall_timeout);
            self.output_moves();
        } else {
            self.output_waits();
        }
        self.watch_question();
        self.watch_parting();
        self.watch_memory();
        if self.config.idle_timeout.is_some() && self.reason.is_none() {
            let busy = self.streams.len() > 0 || !self.farewell.is_open();
            if busy {
                self.clock.clear(Timer::Idle);
            } else if !self.clock.is_set(Timer::Idle) {
                self.clock.set(Timer::Idle, self.config.idle_timeout);
            }
        }
    }

    /// A second after the last stream, memory goes back that was needed for streams.
    fn watch_memory(&mut self) {
        let idle = self.streams.len() == 0 && self.reason.is_none();
        let used = self.trimmed_at != self.streams_opened;
        match (idle && used, self.clock.is_set(Timer::Trim)) {
            (true, false) => self.clock.set(Timer::Trim, Some(TRIM_AFTER)),
            (false, true) => self.clock.clear(Timer::Trim),
            _ => {}
        }
    }

    /// A graceful end: the last GOAWAY was promised, nothing is open.
    pub(super) fn finish(&mut self, reason: CloseReason) {
        self.egress.cut_control();
        self.end(reason);
    }

    /// Drops a stream of ours that the peer has not processed: nothing is said about it.
    pub(super) fn abandon(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        stream.send.close();
        stream.recv.close();
        self.drop_queue(key);
        self.forsake(key);
        self.close_stream(key, true);
        self.settle(key);
    }
}
