//! How long to wait before the next connection is tried: twice as long after each failure, up to a
//! limit, and never all clients at the same moment.

use std::time::Duration;

/// Doublings after which any pause has long reached its limit.
const MOST_DOUBLINGS: u32 = 20;

/// The pauses between attempts, and the randomness in them.
#[derive(Debug)]
pub(super) struct Pauses {
    first: Duration,
    longest: Duration,
    state: u64,
}

impl Pauses {
    pub(super) fn new(first: Duration, longest: Duration, seed: u64) -> Self {
        Self { first, longest, state: seed }
    }

    /// The pause after so many failures in a row: between half of what it may be and the whole.
    pub(super) fn after(&mut self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(MOST_DOUBLINGS);
        let whole = self.first.saturating_mul(1 << doublings).min(self.longest);
        let half = whole / 2;
        half + half.mul_f64(self.random())
    }

    /// A number from 0 up to 1: SplitMix64 (Steele, Lea and Flood, 2014). Nobody gains by guessing
    /// it.
    fn random(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const LONGEST: Duration = Duration::from_secs(3);

    #[test]
    fn pauses_double_up_to_the_longest_and_lose_at_most_half() {
        let mut pauses = Pauses::new(FIRST, LONGEST, 7);
        for (failures, whole) in [(1, 100), (2, 200), (3, 400), (5, 1_600), (6, 3_000), (99, 3_000)]
        {
            let whole = Duration::from_millis(whole);
            let pause = pauses.after(failures);
            assert!(pause >= whole / 2 && pause <= whole, "{failures}: {pause:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses_and_another_gives_others() {
        let row = |seed| {
            let mut pauses = Pauses::new(FIRST, LONGEST, seed);
            (1..9).map(|failures| pauses.after(failures)).collect::<Vec<_>>()
        };
        assert_eq!(row(1), row(1));
        assert_ne!(row(1), row(2));
    }

    #[test]
    fn the_largest_numbers_overflow_nothing() {
        let mut pauses = Pauses::new(Duration::MAX, Duration::MAX, u64::MAX);
        assert!(pauses.after(u32::MAX) >= Duration::MAX / 2);
    }
}
