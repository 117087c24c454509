//! What stands still: noticed where it stops and where it goes on, told when it lasts too long.
//!
//! Nothing here runs while octets move, and no frame makes anybody look at all streams: a stall
//! begins and ends where the core decides that something cannot go on and that it can again.

use std::time::Duration;

use super::Connection;
use crate::StreamId;
use crate::error::Timer;
use crate::event::{Event, Limit};
use crate::moment::Moment;
use crate::observe::{Blocked, StallCause};
use crate::stream::{Key, Stream};

impl Connection {
    /// A stream has DATA, and its own window is shut.
    #[cold]
    pub(super) fn window_shut(&mut self, key: Key) {
        let now = self.clock.moment();
        let Some(stream) = self.streams.get_mut(key) else { return };
        if stream.send_stalled.is_none() {
            stream.send_stalled = Some(now);
            self.stalls.begin(StallCause::StreamWindow, now);
            self.watch_for_stalls();
        }
    }

    /// A stream has DATA and a window of its own, and that of the connection is shut: it is set
    /// aside.
    #[cold]
    pub(super) fn starve(&mut self, key: Key) {
        let now = self.clock.moment();
        if let Some(stream) = self.streams.get_mut(key) {
            stream.in_ready = true;
            stream.send_stalled = Some(now);
        }
        self.egress.scheduler.starve(key);
        self.hold(StallCause::ConnectionWindow);
    }

    /// A stream's own window may have opened, or what it had queued is gone.
    #[cold]
    pub(super) fn watch_sending(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        if stream.send_stalled.is_none() {
            return;
        }
        // Whoever is in line and stalled was set aside; its own window does not matter.
        let shut = stream.in_ready || stream.send_window.available() == 0;
        if shut && stream.out.queued() > 0 {
            return;
        }
        let now = self.clock.moment();
        stream.send_stalled = None;
        if !std::mem::take(&mut stream.in_ready) {
            self.stalls.end(StallCause::StreamWindow, now);
        } else if !self.egress.scheduler.forget_starved(key) {
            self.stalls.let_go(StallCause::ConnectionWindow, now);
        }
    }

    /// The connection's window opened: whoever was set aside stands in line again.
    pub(super) fn feed_starved(&mut self) {
        self.stalls.let_go(StallCause::ConnectionWindow, self.clock.moment());
        for key in self.egress.scheduler.take_starved() {
            let Some(stream) = self.streams.get_mut(key) else { continue };
            stream.in_ready = false;
            stream.send_stalled = None;
            let left = stream.turn;
            self.schedule(key);
            // It goes on with the turn that it had begun, or it would never come to the end of it.
            if let Some(stream) = self.streams.get_mut(key) {
                stream.turn = left;
            }
        }
    }

    /// What is unread on a stream, or may be sent on it, changed.
    #[cold]
    pub(super) fn watch_reading(&mut self, key: Key) {
        let Some(stream) = self.streams.get_mut(key) else { return };
        let open = !stream.recv.is_closed() && !stream.discard;
        let stalled = open && stream.inbound.is_used_up();
        if stalled == stream.recv_stalled.is_some() {
            return;
        }
        let now = self.clock.moment();
        if stalled {
            stream.recv_stalled = Some(now);
            self.stalls.begin(StallCause::StreamUnread, now);
            self.watch_for_stalls();
        } else {
            stream.recv_stalled = None;
            self.stalls.end(StallCause::StreamUnread, now);
        }
    }

    /// A stall of the whole connection begins, or goes on.
    #[cold]
    pub(super) fn hold(&mut self, cause: StallCause) {
        self.stalls.hold(cause, self.clock.moment());
        self.watch_for_stalls();
    }

    /// A stall of the whole connection ends, if there is one.
    #[inline]
    pub(super) fn let_pass(&mut self, cause: StallCause) {
        if self.stalls.since(cause).is_some() {
            self.stalls.let_go(cause, self.clock.moment());
        }
    }

    /// Somebody found no slot and wants to hear of one.
    pub(super) fn want_slot(&mut self) {
        self.slot_wanted = true;
        self.hold(StallCause::Slot);
    }

    /// Whoever wanted a slot hears of one, or will never get one.
    pub(super) fn slot_settled(&mut self) {
        self.slot_wanted = false;
        self.let_pass(StallCause::Slot);
    }

    /// Output waits, and some of it was taken or none waited before.
    pub(super) fn output_moves(&mut self) {
        self.let_pass(StallCause::Transport);
        self.output_since = Some(self.clock.moment());
        self.watch_for_stalls();
    }

    /// Output waits, none of it was taken since it was looked at last.
    pub(super) fn output_waits(&mut self) {
        let now = self.clock.moment();
        if let Some(since) = self.output_since.filter(|since| *since < now) {
            self.stalls.hold(StallCause::Transport, since);
        }
    }

    /// Sets the deadline for the report, if anybody wants one. A deadline that is set is left: when
    /// it comes, the next one is found.
    pub(super) fn watch_for_stalls(&mut self) {
        if self.config.stall_after.is_some() && !self.clock.is_set(Timer::Stall) {
            self.clock.set(Timer::Stall, self.config.stall_after);
        }
    }

    /// The deadline came: tells of what has stood still for so long and was not told yet.
    pub(super) fn report_stalls(&mut self) {
        let Some(after) = self.config.stall_after else { return };
        let now = self.clock.moment();
        let last = self.stalls_told.replace(now);
        let mut report = Report { after, now, last, next: None, found: Vec::new() };
        for key in self.streams.keys() {
            let Some(stream) = self.streams.get(key).filter(|stream| is_known(stream)) else {
                continue;
            };
            if !stream.in_ready {
                report.look(stream.send_stalled, StallCause::StreamWindow, Some(key.id));
            }
            report.look(stream.recv_stalled, StallCause::StreamUnread, Some(key.id));
        }
        for cause in [StallCause::ConnectionWindow, StallCause::Slot, StallCause::ConnectionUnread]
        {
            report.look(self.stalls.since(cause), cause, None);
        }
        report.look(self.output_since, StallCause::Transport, None);
        let Report { next, found, .. } = report;
        self.clock.set(Timer::Stall, next);
        for (by, lasted, mut streams) in found {
            if by == StallCause::ConnectionWindow {
                streams = self.starved_streams();
            } else if by == StallCause::ConnectionUnread {
                streams = self.hoarders();
            }
            self.events.push_back(Event::Stalled { by, streams, lasted });
        }
    }

    /// The streams that wait for the connection's window.
    fn starved_streams(&self) -> Vec<StreamId> {
        let starved = |key: &Key| {
            let stream = self.streams.get(*key);
            stream.is_some_and(|stream| stream.in_ready && stream.send_stalled.is_some())
        };
        self.streams.keys().into_iter().filter(starved).map(|key| key.id).collect()
    }

    /// The streams that hold octets unread, the largest first.
    fn hoarders(&self) -> Vec<StreamId> {
        let unread = |key: &Key| self.streams.get(*key).map_or(0, |s| s.inbound.unread());
        let mut keys = self.streams.keys();
        keys.retain(|key| unread(key) > 0);
        keys.sort_by_key(|key| std::cmp::Reverse(unread(key)));
        keys.into_iter().map(|key| key.id).collect()
    }

    /// Tells of buckets that are nearly empty.
    #[cold]
    pub(super) fn warn_of_limits(&mut self) {
        let alarms = self.guard.take_alarms();
        for (limit, alarm) in [Limit::Resets, Limit::Glitches].into_iter().zip(alarms) {
            if let Some((left, of)) = alarm {
                self.events.push_back(Event::LimitNear { limit, left, of });
            }
        }
    }

    /// What keeps a stream from sending.
    pub(super) fn send_blocked(&self, stream: &Stream) -> Option<Blocked> {
        let now = self.clock.moment();
        let since = |since: Moment, by| Some(Blocked { by, lasted: since.until(now) });
        if let Some(stalled) = stream.send_stalled {
            let starved = stream.in_ready;
            let by = if starved { StallCause::ConnectionWindow } else { StallCause::StreamWindow };
            return since(stalled, by);
        }
        if stream.out.is_empty() {
            return None;
        }
        let limit = self.remote_settings().max_concurrent_streams;
        if !stream.on_wire && limit.is_some_and(|limit| self.wired >= limit as usize) {
            return since(stream.opened, StallCause::Slot);
        }
        since(self.stalls.since(StallCause::Transport)?, StallCause::Transport)
    }

    /// What keeps the peer from sending on a stream.
    pub(super) fn receive_blocked(&self, stream: &Stream) -> Option<Blocked> {
        let whole = self.stalls.since(StallCause::ConnectionUnread);
        let (since, by) = match stream.recv_stalled {
            Some(since) => (since, StallCause::StreamUnread),
            None if stream.recv.is_closed() => return None,
            None => (whole?, StallCause::ConnectionUnread),
        };
        Some(Blocked { by, lasted: since.until(self.clock.moment()) })
    }
}

/// Whether the application has heard of a stream.
fn is_known(stream: &Stream) -> bool {
    !stream.silent && stream.waiting.is_none()
}

/// A look at everything that stands still.
struct Report {
    after: Duration,
    now: Moment,
    /// When the last one was made: what was due then has been told.
    last: Option<Moment>,
    /// In how much time the next is due.
    next: Option<Duration>,
    found: Vec<(StallCause, Duration, Vec<StreamId>)>,
}

impl Report {
    fn look(&mut self, since: Option<Moment>, by: StallCause, stream: Option<StreamId>) {
        let Some(since) = since else { return };
        let due = since.plus(self.after);
        if due > self.now {
            let wait = self.now.until(due);
            self.next = Some(self.next.map_or(wait, |next| next.min(wait)));
        } else if self.last.is_none_or(|last| due > last) {
            let lasted = since.until(self.now);
            match self.found.iter_mut().find(|(cause, ..)| *cause == by) {
                Some((_, longest, streams)) => {
                    *longest = lasted.max(*longest);
                    streams.extend(stream);
                }
                None => self.found.push((by, lasted, stream.into_iter().collect())),
            }
        }
    }
}
