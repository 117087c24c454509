//! What a peer can make us do is paid for here first; the purse refills with time and nothing else.

use std::time::{Duration, Instant};

use crate::config::Bucket;
use crate::error::Violation;

/// Tokens are counted in millionths: one a microsecond is one a second, so no refill is rounded.
const TOKEN: u64 = 1_000_000;

/// A purse of tokens that fills at a steady rate up to its brim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TokenBucket {
    level: u64,
    brim: u64,
    per_second: u64,
    filled_at: Instant,
    alarm: Alarm,
}

/// Whether somebody is to hear that a purse is nearly empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alarm {
    /// When less than a fifth is left.
    Armed,
    Rings,
    /// Not before the purse is half full again, so that a peer at the edge makes no noise.
    Silent,
}

impl TokenBucket {
    pub(crate) fn new(bucket: Bucket, now: Instant) -> Self {
        let brim = u64::from(bucket.burst) * TOKEN;
        let per_second = u64::from(bucket.per_second);
        Self { level: brim, brim, per_second, filled_at: now, alarm: Alarm::Armed }
    }

    /// Pays `tokens`; false when the purse does not hold them.
    pub(crate) fn take(&mut self, tokens: u32, now: Instant) -> bool {
        self.refill(now);
        match self.level.checked_sub(u64::from(tokens) * TOKEN) {
            Some(level) => {
                if self.alarm == Alarm::Silent && self.level * 2 >= self.brim {
                    self.alarm = Alarm::Armed;
                }
                self.level = level;
                if self.alarm == Alarm::Armed && level * 5 < self.brim {
                    self.alarm = Alarm::Rings;
                }
                true
            }
            None => false,
        }
    }

    /// Whole tokens in the purse, as of the last payment.
    pub(crate) fn tokens(&self) -> u64 {
        self.level / TOKEN
    }

    fn rings(&self) -> bool {
        self.alarm == Alarm::Rings
    }

    /// The alarm, if it rings: what is left, and of how much.
    fn take_alarm(&mut self) -> Option<(u64, u64)> {
        if self.alarm != Alarm::Rings {
            return None;
        }
        self.alarm = Alarm::Silent;
        Some((self.tokens(), self.brim / TOKEN))
    }

    /// Whether less than a quarter is left.
    pub(crate) fn is_low(&self) -> bool {
        self.level * 4 < self.brim
    }

    /// A `now` before the last one refills nothing.
    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled_at);
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let gained = micros.saturating_mul(self.per_second);
        self.level = self.level.saturating_add(gained).min(self.brim);
        // What is left of a microsecond counts the next time.
        self.filled_at += Duration::from_micros(micros);
    }
}

/// The purses of one connection.
#[derive(Debug)]
pub(crate) struct Guard {
    resets: Option<TokenBucket>,
    glitches: Option<TokenBucket>,
    /// A HEADERS or DATA frame passed since the last PING.
    progress: bool,
    /// WINDOW_UPDATE frames received.
    updates: u64,
    /// A purse is nearly empty, and nobody heard of it.
    pub(crate) rings: bool,
    /// Glitches charged, and what the last of them was.
    pub(crate) glitched: u64,
    pub(crate) last_glitch: Option<&'static str>,
}

/// WINDOW_UPDATE frames that are free on any connection.
const FREE_UPDATES: u64 = 1_000;

impl Guard {
    pub(crate) fn new(resets: Option<Bucket>, glitches: Option<Bucket>, now: Instant) -> Self {
        Self {
            resets: resets.map(|bucket| TokenBucket::new(bucket, now)),
            glitches: glitches.map(|bucket| TokenBucket::new(bucket, now)),
            progress: true,
            updates: 0,
            rings: false,
            glitched: 0,
            last_glitch: None,
        }
    }

    /// Useless frames: `cost` says how useless, `what` names them in the GOAWAY.
    pub(crate) fn glitch(
        &mut self,
        cost: u32,
        what: &'static str,
        now: Instant,
    ) -> Result<(), Violation> {
        if cost > 0 {
            self.glitched += u64::from(cost);
            self.last_glitch = Some(what);
        }
        let paid = self.glitches.as_mut().is_none_or(|bucket| bucket.take(cost, now));
        self.rings |= self.glitches.as_ref().is_some_and(TokenBucket::rings);
        if paid { Ok(()) } else { Err(Violation::TooManyGlitches { last: what }) }
    }

    /// A stream that ended early because of the peer.
    pub(crate) fn reset(&mut self, now: Instant) -> Result<(), Violation> {
        let paid = self.resets.as_mut().is_none_or(|bucket| bucket.take(1, now));
        self.rings |= self.resets.as_ref().is_some_and(TokenBucket::rings);
        if paid { Ok(()) } else { Err(Violation::TooManyResets) }
    }

    /// Whether early resets have become so many that new streams should go elsewhere.
    pub(crate) fn resets_are_low(&self) -> bool {
        self.resets.as_ref().is_some_and(TokenBucket::is_low)
    }

    /// Tokens left: for resets, for glitches.
    pub(crate) fn tokens(&self) -> (Option<u64>, Option<u64>) {
        let tokens = |bucket: &Option<TokenBucket>| bucket.as_ref().map(TokenBucket::tokens);
        (tokens(&self.resets), tokens(&self.glitches))
    }

    /// The alarms that ring, resets first: what is left in the purse, and of how much.
    pub(crate) fn take_alarms(&mut self) -> [Option<(u64, u64)>; 2] {
        self.rings = false;
        [&mut self.resets, &mut self.glitches]
            .map(|bucket| bucket.as_mut().and_then(TokenBucket::take_alarm))
    }

    /// HEADERS or DATA passed, either way.
    pub(crate) fn saw_progress(&mut self) {
        self.progress = true;
    }

    /// A PING to be answered; free when something useful happened since the last one.
    pub(crate) fn ping(&mut self, now: Instant) -> Result<(), Violation> {
        if std::mem::take(&mut self.progress) {
            return Ok(());
        }
        self.glitch(1, "too_many_pings", now)
    }

    /// A WINDOW_UPDATE; those beyond what `streams` and `data_sent` frames explain cost a glitch.
    pub(crate) fn window_update(
        &mut self,
        streams: u64,
        data_sent: u64,
        now: Instant,
    ) -> Result<(), Violation> {
        self.updates += 1;
        if self.updates <= FREE_UPDATES + 4 * streams + 10 * data_sent {
            return Ok(());
        }
        self.glitch(1, "window_update", now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(now: Instant) -> TokenBucket {
        TokenBucket::new(Bucket { burst: 10, per_second: 2 }, now)
    }

    // The origin of time for tests; the core itself never asks for it.
    #[allow(clippy::disallowed_methods)]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_bucket_refills_at_its_rate_up_to_its_brim() {
        let now = start();
        let mut bucket = bucket(now);
        assert!(bucket.take(10, now));
        assert!(!bucket.take(1, now));
        assert!(bucket.take(2, now + Duration::from_secs(1)));
        assert!(!bucket.take(11, now + Duration::from_secs(1_000)));
        assert!(bucket.take(10, now + Duration::from_secs(1_000)));
    }

    #[test]
    fn an_alarm_rings_once_below_a_fifth_and_again_after_half() {
        let now = start();
        let mut bucket = bucket(now);
        assert!(bucket.take(8, now));
        assert_eq!(bucket.take_alarm(), None, "exactly a fifth is left");
        assert!(bucket.take(1, now));
        assert_eq!(bucket.take_alarm(), Some((1, 10)));
        assert!(bucket.take(1, now));
        assert_eq!(bucket.take_alarm(), None, "it rang");
        assert!(bucket.take(4, now + Duration::from_secs(2)));
        assert_eq!(bucket.take_alarm(), None, "four of ten is less than half");
        assert!(bucket.take(5, now + Duration::from_millis(4_500)));
        assert_eq!(bucket.take_alarm(), Some((0, 10)));
    }

    #[test]
    fn many_short_steps_refill_as_much_as_one_long_step() {
        let now = start();
        let mut bucket = bucket(now);
        assert!(bucket.take(10, now));
        for step in 1..=1_000_000 {
            bucket.refill(now + Duration::from_micros(step));
        }
        assert!(bucket.take(2, now + Duration::from_secs(1)));
    }

    #[test]
    fn time_that_runs_back_refills_nothing() {
        let now = start();
        let mut bucket = bucket(now + Duration::from_secs(10));
        assert!(bucket.take(10, now + Duration::from_secs(10)));
        assert!(!bucket.take(1, now));
    }
}
