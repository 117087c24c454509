//! A window for receiving: promised + unread + released-but-unannounced = target, always.

/// What the peer may send, what came and was not used up, and what is to be announced. Windows are
/// of 31 bits and so is the difference of two, so each part fits into 32 bits with its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inbound {
    /// Credit the peer holds. Negative after our SETTINGS shrank it.
    promised: i32,
    /// Octets that came and are not released.
    unread: i32,
    /// Octets released and not announced with WINDOW_UPDATE.
    unannounced: i32,
}

/// More came than was promised, or more was released than came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exceeded;

/// The largest window.
const MAX: i64 = 0x7fff_ffff;

impl Inbound {
    /// A window of which the peer knows `known`, and which is to be `target`.
    pub(crate) fn new(known: u32, target: u32) -> Self {
        let (known, target) = (narrow(i64::from(known)), narrow(i64::from(target)));
        Self { promised: known, unread: 0, unannounced: target - known }
    }

    /// The sum that is kept.
    pub(crate) fn target(&self) -> i64 {
        i64::from(self.promised) + i64::from(self.unread) + i64::from(self.unannounced)
    }

    /// Credit the peer holds.
    pub(crate) fn promised(&self) -> i64 {
        i64::from(self.promised)
    }

    /// Octets that came and are not released.
    pub(crate) fn unread(&self) -> usize {
        usize::try_from(self.unread).unwrap_or(0)
    }

    /// Whether the peer may send nothing, and hears of nothing either, until more is released.
    #[inline]
    pub(crate) fn is_used_up(&self) -> bool {
        self.promised <= 0 && self.unannounced <= 0 && self.unread > 0
    }

    /// Octets came.
    pub(crate) fn receive(&mut self, octets: usize) -> Result<(), Exceeded> {
        let octets = i32::try_from(octets).map_err(|_| Exceeded)?;
        if octets > self.promised {
            return Err(Exceeded);
        }
        self.promised -= octets;
        self.unread += octets;
        Ok(())
    }

    /// Octets were used up.
    pub(crate) fn release(&mut self, octets: usize) -> Result<(), Exceeded> {
        let octets = i32::try_from(octets).map_err(|_| Exceeded)?;
        if octets > self.unread {
            return Err(Exceeded);
        }
        self.unread -= octets;
        self.unannounced += octets;
        Ok(())
    }

    /// Moves the target; what is added goes out with the next announcement.
    pub(crate) fn widen(&mut self, octets: u32) -> Result<(), Exceeded> {
        if self.target() + i64::from(octets) > MAX {
            return Err(Exceeded);
        }
        self.unannounced += narrow(i64::from(octets));
        Ok(())
    }

    /// Our SETTINGS_INITIAL_WINDOW_SIZE changed by `delta` and the peer knows it.
    pub(crate) fn shift(&mut self, delta: i64) {
        self.promised = narrow(i64::from(self.promised) + delta);
    }

    /// Whether an announcement pays: half of what is not held back by unread octets, or a lump.
    pub(crate) fn is_due(&self) -> bool {
        let unannounced = i64::from(self.unannounced);
        let target = self.target();
        let unheld = target - i64::from(self.unread);
        let lump = LUMP.max(target / LUMPS);
        unannounced > 0 && unannounced * 2 >= unheld.min(2 * lump)
    }

    /// Whether the peer holds credit for all that is still to come, and it is not nothing: then it
    /// may send whatever happens here.
    pub(crate) fn covers(&self, left: u64) -> bool {
        left > 0 && u64::try_from(self.promised).is_ok_and(|promised| promised >= left)
    }

    /// Takes what is to be announced, at most 2^31-1 and never so much that the peer's window
    /// passes that.
    pub(crate) fn announce(&mut self) -> Option<u32> {
        let increment = self.unannounced.min(i32::MAX - self.promised.max(0));
        let announced = u32::try_from(increment).ok().filter(|increment| *increment > 0)?;
        self.unannounced -= increment;
        self.promised += increment;
        Some(announced)
    }
}

/// Octets that are announced even if they are less than half of a window. The sender of a window
/// that just covers a round trip stands still for as long as an announcement takes to gather: over
/// 50 ms with 8 MiB, halves of 4 MiB reach 0.80 of the rate, and these reach 0.92.
const LUMP: i64 = 512 * 1024;

/// Of a window that is larger, such a part of it is a lump: the sender loses no more by it, and
/// each announcement is a write, which wakes the peer.
const LUMPS: i64 = 16;

/// A part of a window, which a correct one never exceeds.
fn narrow(part: i64) -> i32 {
    i32::try_from(part).unwrap_or(if part < 0 { i32::MIN } else { i32::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_parts_always_add_up_to_the_target() {
        let mut inbound = Inbound::new(100, 100);
        inbound.receive(60).unwrap();
        assert_eq!(inbound.target(), 100);
        inbound.release(25).unwrap();
        assert!(!inbound.is_due(), "25 is less than half of 100 - 35");
        inbound.release(15).unwrap();
        assert!(inbound.is_due(), "40 is half of 100 - 20");
        assert_eq!(inbound.announce(), Some(40));
        assert_eq!((inbound.promised(), inbound.unread(), inbound.target()), (80, 20, 100));
    }

    #[test]
    fn of_a_large_window_less_than_half_is_announced() {
        let mut inbound = Inbound::new(8 << 20, 8 << 20);
        inbound.receive(2 << 20).unwrap();
        inbound.release((512 << 10) - 1).unwrap();
        assert!(!inbound.is_due());
        inbound.release(1).unwrap();
        assert!(inbound.is_due());
        assert_eq!(inbound.announce(), Some(512 << 10));
    }

    #[test]
    fn credit_covers_what_is_to_come_as_long_as_anything_is() {
        let mut inbound = Inbound::new(10, 10);
        assert!(inbound.covers(10) && !inbound.covers(11) && !inbound.covers(0));
        inbound.receive(10).unwrap();
        assert!(!inbound.covers(1));
        inbound.shift(-5);
        assert!(!inbound.covers(1), "it is below zero");
    }

    #[test]
    fn nobody_receives_or_releases_more_than_there_is() {
        let mut inbound = Inbound::new(10, 10);
        assert_eq!(inbound.receive(11), Err(Exceeded));
        inbound.receive(10).unwrap();
        assert_eq!(inbound.release(11), Err(Exceeded));
    }

    #[test]
    fn a_larger_target_is_announced_at_once() {
        let mut inbound = Inbound::new(65_535, 1 << 20);
        assert!(inbound.is_due());
        assert_eq!(inbound.announce(), Some((1 << 20) - 65_535));
        assert_eq!(inbound.announce(), None);
    }
}
