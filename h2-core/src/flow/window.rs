//! A window for sending: at most 2^31-1, and below zero only by SETTINGS (RFC 9113 §6.9.2).

const MAX: i64 = 0x7fff_ffff;

/// Octets that may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window(i64);

/// The window would pass 2^31-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overflow;

impl Window {
    pub(crate) fn new(size: u32) -> Self {
        Self(i64::from(size).min(MAX))
    }

    /// The size; negative after the peer shrank its windows below what is in flight.
    pub(crate) fn size(self) -> i64 {
        self.0
    }

    /// Octets that may be sent at once.
    pub(crate) fn available(self) -> usize {
        usize::try_from(self.0).unwrap_or(0)
    }

    /// Takes `octets` that were checked against [`available`](Self::available).
    pub(crate) fn spend(&mut self, octets: usize) {
        debug_assert!(octets <= self.available(), "spent more than the window");
        self.0 -= i64::try_from(octets).unwrap_or(MAX);
    }

    /// WINDOW_UPDATE.
    pub(crate) fn grow(&mut self, increment: u32) -> Result<(), Overflow> {
        self.shift(i64::from(increment))
    }

    /// A change of SETTINGS_INITIAL_WINDOW_SIZE by `delta`.
    pub(crate) fn shift(&mut self, delta: i64) -> Result<(), Overflow> {
        let size = self.0.saturating_add(delta);
        if size > MAX {
            return Err(Overflow);
        }
        // The peer's settings are at most 2^31-1 apart, but they may come again and again.
        self.0 = size.max(-(MAX << 8));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_never_passes_its_maximum() {
        let mut window = Window::new(0x7fff_fffe);
        assert_eq!(window.grow(1), Ok(()));
        assert_eq!(window.grow(1), Err(Overflow));
        assert_eq!(window.size(), MAX);
    }

    #[test]
    fn settings_may_make_it_negative_and_updates_bring_it_back() {
        let mut window = Window::new(10);
        window.spend(10);
        window.shift(-10).unwrap();
        assert_eq!((window.size(), window.available()), (-10, 0));
        window.grow(11).unwrap();
        assert_eq!(window.available(), 1);
    }
}
