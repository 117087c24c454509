//! Deadlines: a table of them, each with its reason; time comes in as an argument and never runs back.

use std::time::{Duration, Instant};

use crate::error::Timer;
use crate::moment::Moment;

/// When [`Connection::handle_timeout`](super::Connection::handle_timeout) is due, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Deadline {
    /// The moment.
    pub at: Instant,
    /// What is due then.
    pub why: Timer,
}

/// All timers, in the order in which they act when they are due together.
const TIMERS: [Timer; 12] = [
    Timer::Handshake,
    Timer::HeaderBlock,
    Timer::SettingsAck,
    Timer::WriteStall,
    Timer::Drain,
    Timer::Farewell,
    Timer::Linger,
    Timer::KeepAlive,
    Timer::Idle,
    Timer::MaxAge,
    Timer::Trim,
    Timer::Stall,
];

/// The deadlines of one connection, and the latest moment it has heard of.
#[derive(Debug)]
pub(crate) struct Clock {
    /// When the connection was made.
    born: Instant,
    now: Instant,
    /// The same, as a moment.
    moment: Moment,
    deadlines: [Option<Instant>; TIMERS.len()],
}

impl Clock {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            born: now,
            now,
            moment: Moment::after(Duration::ZERO),
            deadlines: [None; TIMERS.len()],
        }
    }

    /// The latest moment heard of.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// When the connection was made.
    pub(crate) fn born(&self) -> Instant {
        self.born
    }

    /// The latest moment heard of, from the making of the connection.
    pub(crate) fn age(&self) -> Duration {
        self.now.saturating_duration_since(self.born)
    }

    /// The same as a moment.
    pub(crate) fn moment(&self) -> Moment {
        self.moment
    }

    /// Hears the time; an earlier one than before changes nothing. Returns the latest.
    pub(crate) fn hear(&mut self, now: Instant) -> Instant {
        if now > self.now {
            self.now = now;
            self.moment = Moment::after(self.age());
        }
        self.now
    }

    pub(crate) fn set(&mut self, timer: Timer, after: Option<Duration>) {
        let at = after.and_then(|after| self.now.checked_add(after));
        if let Some(deadline) = self.deadlines.get_mut(place(timer)) {
            *deadline = at;
        }
    }

    /// Brings a deadline forward, or sets it.
    pub(crate) fn hasten(&mut self, timer: Timer, after: Duration) {
        let Some(at) = self.now.checked_add(after) else { return };
        if let Some(deadline) = self.deadlines.get_mut(place(timer)) {
            *deadline = Some(deadline.map_or(at, |set| set.min(at)));
        }
    }

    pub(crate) fn clear(&mut self, timer: Timer) {
        self.set(timer, None);
    }

    pub(crate) fn clear_all(&mut self) {
        self.deadlines = [None; TIMERS.len()];
    }

    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.deadlines.get(place(timer)).is_some_and(Option::is_some)
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<Deadline> {
        let set = TIMERS.iter().zip(&self.deadlines);
        set.filter_map(|(why, at)| at.map(|at| Deadline { at, why: *why })).min_by_key(|d| d.at)
    }

    /// Takes the next deadline that has passed.
    pub(crate) fn take_due(&mut self) -> Option<Timer> {
        let due = self.next().filter(|deadline| deadline.at <= self.now)?;
        self.clear(due.why);
        Some(due.why)
    }
}

fn place(timer: Timer) -> usize {
    TIMERS.iter().position(|other| *other == timer).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::disallowed_methods)] // the origin of time for the test
    fn deadlines_come_due_in_order_and_time_never_runs_back() {
        let start = Instant::now();
        let mut clock = Clock::new(start);
        clock.set(Timer::Idle, Some(Duration::from_secs(2)));
        clock.set(Timer::Drain, Some(Duration::from_secs(1)));
        assert_eq!(clock.next().map(|deadline| deadline.why), Some(Timer::Drain));
        assert_eq!(clock.take_due(), None);
        clock.hear(start + Duration::from_secs(2));
        assert_eq!(clock.hear(start), start + Duration::from_secs(2));
        assert_eq!(clock.take_due(), Some(Timer::Drain));
        assert_eq!(clock.take_due(), Some(Timer::Idle));
        assert_eq!(clock.take_due(), None);
    }
}
