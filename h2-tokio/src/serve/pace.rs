//! Whether handlers are quick enough to be polled in place, judged by the average of many.
//!
//! One handler that was interrupted says nothing about the others, so no single one weighs much; nor
//! does a single measure, however many handlers it is of, for all its time may be that of one.

use std::time::{Duration, Instant};

/// First polls that take longer than this on average belong into tasks.
const TOO_LONG: u32 = 50_000;
/// For how long they then do.
const PENANCE: Duration = Duration::from_secs(1);
/// How many handlers the average forgets one after.
const MEMORY: u32 = 32;
/// The most that one of them counts for: a few slow ones in a row are noticed, one alone is not.
const CLAMP: u32 = 8 * TOO_LONG;

/// A running average of first polls.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Nanoseconds.
    average: u32,
    tasks_until: Option<Instant>,
}

impl Pace {
    /// Whether handlers may be polled in place.
    pub(super) fn is_quick(&self, now: Instant) -> bool {
        self.tasks_until.is_none_or(|until| until <= now)
    }

    /// `count` handlers together took so long.
    pub(super) fn took(&mut self, time: Duration, count: u32, now: Instant) {
        if count == 0 {
            return;
        }
        let each = u32::try_from(time.as_nanos() / u128::from(count)).unwrap_or(CLAMP).min(CLAMP);
        let weight = count.min(MEMORY);
        let average = (self.average * (MEMORY - weight) + each * weight) / MEMORY;
        if average > TOO_LONG && self.average >= TOO_LONG {
            *self = Self { average: 0, tasks_until: Some(now + PENANCE) };
        } else {
            // To the brink and no further: the next one decides.
            self.average = average.min(TOO_LONG);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_handler_sends_nobody_into_a_task_but_a_few_do() {
        let now = Instant::now();
        let mut pace = Pace::default();
        pace.took(Duration::from_micros(64), 64, now);
        pace.took(Duration::from_secs(1), 1, now);
        assert!(pace.is_quick(now));
        for _ in 0..8 {
            pace.took(Duration::from_millis(1), 1, now);
        }
        assert!(!pace.is_quick(now));
        assert!(pace.is_quick(now + PENANCE));
    }

    #[test]
    fn a_batch_that_was_interrupted_sends_nobody_into_a_task_but_a_second_slow_one_does() {
        let now = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace.took(Duration::from_millis(10), 64, now);
            assert!(pace.is_quick(now));
            pace.took(Duration::from_micros(64), 64, now);
        }
        pace.took(Duration::from_millis(10), 64, now);
        pace.took(Duration::from_millis(10), 64, now);
        assert!(!pace.is_quick(now));
    }
}
