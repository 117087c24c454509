//! Time as one connection counts it.

use std::num::NonZeroU64;
use std::time::Duration;

/// A moment of one connection, half the size of an `Instant`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(NonZeroU64);

impl Moment {
    /// So long after the connection was made. Good for 584 years.
    pub(crate) fn after(age: Duration) -> Self {
        let nanos = age.as_secs().saturating_mul(1_000_000_000);
        let nanos = nanos.saturating_add(u64::from(age.subsec_nanos()));
        Self(NonZeroU64::MIN.saturating_add(nanos))
    }

    /// Nanoseconds, and one: an age of none is a moment too.
    pub(crate) fn nanos(self) -> u64 {
        self.0.get()
    }

    pub(crate) fn until(self, later: Self) -> Duration {
        Duration::from_nanos(later.0.get().saturating_sub(self.0.get()))
    }

    /// The moment `time` later.
    pub(crate) fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)))
    }
}
