//! Finds entries of the static table (RFC 7541 appendix A) with one look and one comparison.

use super::{WELL_KNOWN, same, well_known};

/// Chosen by trial so that no two of the 52 names meet in one slot; a test holds it to that.
const MULTIPLIER: u32 = 0xbadc_aa07;
const SLOT_BITS: u32 = 7;
const SLOTS: usize = 1 << SLOT_BITS;

/// For each slot the first index of the name that belongs there, or 0.
static FIRST_INDEX: [u8; SLOTS] = first_indices();

/// The slot where a name stands if it is in the table at all.
const fn slot(first: u8, last: u8, len: usize) -> usize {
    let [len, ..] = len.to_le_bytes();
    let key = u32::from_le_bytes([len, last, first, 0]);
    (key.wrapping_mul(MULTIPLIER) >> (32 - SLOT_BITS)) as usize
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "runs in the compiler, where a wrong index is a compile error"
)]
const fn first_indices() -> [u8; SLOTS] {
    let mut slots = [0; SLOTS];
    let mut entry = WELL_KNOWN.len();
    while entry > 0 {
        let name = WELL_KNOWN[entry - 1].0.as_bytes();
        slots[slot(name[0], name[name.len() - 1], name.len())] = entry as u8;
        entry -= 1;
    }
    slots
}

/// The first index with this name.
#[inline]
pub(crate) fn find_name(name: &[u8]) -> Option<u8> {
    let (&first, &last) = (name.first()?, name.last()?);
    let index = *FIRST_INDEX.get(slot(first, last, name.len()))?;
    let (candidate, _) = WELL_KNOWN.get(usize::from(index).checked_sub(1)?)?;
    same(candidate.as_bytes(), name).then_some(index)
}

/// The first index that has the name of entry `index`.
#[inline]
pub(crate) fn first_of_name(index: u8) -> u8 {
    // Entries that share a name are pseudo-fields.
    match index {
        only @ (0..=2 | 15..) => only,
        3 => 2,
        4 | 5 => 4,
        6 | 7 => 6,
        8..=14 => 8,
    }
}

/// The first indices whose names have values that are not empty, a bit for each.
const VALUED: u64 = 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 16;

/// The index of the entry that has the name of `first`, its first index, and this value.
#[inline]
pub(crate) fn find_value(first: u8, value: &[u8]) -> Option<u8> {
    if VALUED >> first & 1 == 0 {
        return value.is_empty().then_some(first);
    }
    find_octets(first, value)
}

fn find_octets(first: u8, value: &[u8]) -> Option<u8> {
    let last = match first {
        2 | 4 | 6 => first + 1,
        8 => 14,
        only => only,
    };
    (first..=last).find(|&index| same(well_known(index).1.as_bytes(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_found_by_its_name_and_value() {
        for (index, (name, value)) in (1..).zip(WELL_KNOWN) {
            let first = find_name(name.as_bytes()).unwrap();
            assert_eq!(first, first_of_name(index), "{name}");
            assert_eq!(find_value(first, value.as_bytes()), Some(index), "{name}: {value}");
        }
    }

    #[test]
    fn names_and_values_that_are_not_there_are_not_found() {
        for name in ["", ":", "x", "dat", "dbte", "accept-charse", "accept-Charset", "vary "] {
            assert_eq!(find_name(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(find_value(2, b"PUT"), None);
        assert_eq!(find_value(8, b"302"), None);
        assert_eq!(find_value(38, b"example.org"), None);
    }
}
