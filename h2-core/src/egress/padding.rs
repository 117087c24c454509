//! How much padding a frame gets, by the policy that the configuration names (RFC 9113 §10.7).

use crate::config::{Padding, SplitMix};

/// Most octets of padding of one frame.
const MOST: usize = 255;

/// Chooses padding.
#[derive(Debug)]
pub(crate) struct Padder {
    policy: Padding,
    random: SplitMix,
}

impl Padder {
    pub(crate) fn new(policy: Padding, seed: u64) -> Self {
        Self { policy, random: SplitMix::new(seed) }
    }

    /// Whether frames carry padding at all.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.policy != Padding::None
    }

    /// Octets of padding for `len` octets of content in a payload that holds at most `most`. `None`
    /// when there is not even room for the octet that says how many.
    #[inline]
    pub(crate) fn choose(&mut self, len: usize, most: usize) -> Option<u8> {
        if self.is_on() { self.choose_some(len, most) } else { None }
    }

    #[cold]
    fn choose_some(&mut self, len: usize, most: usize) -> Option<u8> {
        let room = most.checked_sub(len)?.checked_sub(1)?;
        let wanted = match self.policy {
            Padding::None => return None,
            Padding::UpTo(octets) => {
                let choices = u64::from(octets) + 1;
                usize::try_from(self.random.next() % choices).unwrap_or(0)
            }
            Padding::ToMultipleOf(octets) => {
                let unit = usize::from(octets.max(1));
                (len + 1).next_multiple_of(unit) - (len + 1)
            }
        };
        u8::try_from(wanted.min(room).min(MOST)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_fills_a_payload_to_a_multiple_and_never_beyond_its_room() {
        let mut padder = Padder::new(Padding::ToMultipleOf(64), 1);
        assert_eq!(padder.choose(0, 16_384), Some(63));
        assert_eq!(padder.choose(63, 16_384), Some(0));
        assert_eq!(padder.choose(64, 16_384), Some(63));
        assert_eq!(padder.choose(64, 70), Some(5));
        assert_eq!(padder.choose(64, 65), Some(0));
        assert_eq!(padder.choose(64, 64), None);
        assert_eq!(Padder::new(Padding::ToMultipleOf(0), 1).choose(9, 100), Some(0));
        assert_eq!(Padder::new(Padding::ToMultipleOf(1_000), 1).choose(0, 10_000), Some(255));
        assert_eq!(Padder::new(Padding::None, 1).choose(9, 100), None);
    }

    #[test]
    fn random_padding_uses_every_length_and_follows_from_the_seed() {
        let lengths = |seed| {
            let mut padder = Padder::new(Padding::UpTo(7), seed);
            (0..200).map(|_| padder.choose(10, 100).unwrap()).collect::<Vec<u8>>()
        };
        let seen = lengths(1);
        assert!((0..=7).all(|length| seen.contains(&length)) && seen.iter().all(|l| *l <= 7));
        assert_eq!(seen, lengths(1));
        assert_ne!(seen, lengths(2));
    }
}
