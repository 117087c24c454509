//! When a receive window is too small: a whole one was used up within two round trips.

use std::time::Duration;

use crate::moment::Moment;

/// How fast one window is being used up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    since: Moment,
    released: u32,
    /// Octets by which the window was widened.
    grown: u32,
}

impl Growth {
    pub(crate) fn new(now: Moment) -> Self {
        Self { since: now, released: 0, grown: 0 }
    }

    /// Octets by which the window was widened.
    pub(crate) fn grown(&self) -> u32 {
        self.grown
    }

    /// The application used up octets.
    pub(crate) fn release(&mut self, octets: usize) {
        self.released = self.released.saturating_add(u32::try_from(octets).unwrap_or(u32::MAX));
    }

    /// By how much to widen a window of `target` octets, at most up to `ceiling`.
    ///
    /// A sender that is held back by the window sends one a round trip. One that is not uses the
    /// window up more slowly, and widening it would cost memory for nothing.
    pub(crate) fn widen_by(
        &mut self,
        now: Moment,
        round_trip: Duration,
        target: i64,
        ceiling: u32,
    ) -> Option<u32> {
        if i64::from(self.released) < target {
            return None;
        }
        let took = self.since.until(now);
        self.since = now;
        self.released = 0;
        let room = u32::try_from(i64::from(ceiling) - target).ok().filter(|room| *room > 0)?;
        (took <= round_trip * 2).then(|| room.min(u32::try_from(target).unwrap_or(room)))
    }

    /// The window was widened.
    pub(crate) fn widened(&mut self, octets: u32) {
        self.grown = self.grown.saturating_add(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_grows_only_while_it_is_what_holds_the_sender_back() {
        let start = Moment::after(Duration::ZERO);
        let rtt = Duration::from_millis(50);
        let mut growth = Growth::new(start);
        growth.release(99);
        assert_eq!(growth.widen_by(start, rtt, 100, 1000), None, "less than a window");
        growth.release(1);
        let soon = start.plus(Duration::from_millis(100));
        assert_eq!(growth.widen_by(soon, rtt, 100, 1000), Some(100));
        growth.release(200);
        let late = soon.plus(Duration::from_millis(101));
        assert_eq!(growth.widen_by(late, rtt, 200, 1000), None, "a slow reader");
        growth.release(900);
        assert_eq!(growth.widen_by(late, rtt, 900, 1000), Some(100), "up to the ceiling");
        growth.release(1000);
        assert_eq!(growth.widen_by(late, rtt, 1000, 1000), None);
    }
}
