//! The dynamic table (RFC 7541 §2.3.2, §4): its entries take no more than the size in force.
//!
//! The octets of all entries lie in one buffer, oldest first, so that adding an entry is an
//! append, evicting one moves a mark, and reading one is a slice. The dead octets in front are
//! squeezed out when the buffer is full. It starts empty and grows with what it holds.

use std::collections::VecDeque;

use crate::fields::{FIELD_OVERHEAD, well_known};

/// A dynamic table whose entries each carry a `T` for the owner.
#[derive(Debug)]
pub(super) struct DynamicTable<T> {
    octets: Vec<u8>,
    /// How many octets, modulo 2^32, were squeezed out of `octets` so far.
    squeezed: u32,
    /// Oldest first.
    records: VecDeque<Record<T>>,
    /// Invariant: the sum of name, value and 32 over all entries, at most `max_size`.
    size: usize,
    max_size: usize,
}

#[derive(Debug)]
struct Record<T> {
    /// Where its octets start, counted modulo 2^32 over everything that was ever added.
    start: u32,
    name_len: u32,
    value_len: u32,
    /// The static entry with the same name; then only the value has octets of its own. Or 0.
    name_index: u8,
    extra: T,
}

/// One entry of the table.
#[derive(Debug)]
pub(super) struct Entry<'a, T> {
    pub(super) name_index: u8,
    pub(super) name_len: usize,
    pub(super) value_len: usize,
    /// The name, unless it is that of `name_index`, and the value.
    pub(super) octets: &'a [u8],
    pub(super) extra: &'a T,
}

impl<T> DynamicTable<T> {
    pub(super) fn new(max_size: usize) -> Self {
        Self { octets: Vec::new(), squeezed: 0, records: VecDeque::new(), size: 0, max_size }
    }

    /// Octets in use by the accounting of §4.1.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn max_size(&self) -> usize {
        self.max_size
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Sets the maximum size and evicts what exceeds it.
    pub(super) fn set_max_size(&mut self, max_size: usize) {
        self.max_size = max_size;
        self.evict_down_to(max_size);
    }

    /// The entry before which `age` younger ones were added that are still there.
    #[inline]
    pub(super) fn get(&self, age: usize) -> Option<Entry<'_, T>> {
        let place = self.records.len().checked_sub(age)?.checked_sub(1)?;
        let record = self.records.get(place)?;
        let start = record.start.wrapping_sub(self.squeezed) as usize;
        let octets = self.octets.get(start..start + record.own_octets())?;
        Some(Entry {
            name_index: record.name_index,
            name_len: record.name_len as usize,
            value_len: record.value_len as usize,
            octets,
            extra: &record.extra,
        })
    }

    pub(super) fn extra_mut(&mut self, age: usize) -> Option<&mut T> {
        let place = self.records.len().checked_sub(age)?.checked_sub(1)?;
        self.records.get_mut(place).map(|record| &mut record.extra)
    }

    /// Evicts what must go and adds an entry, unless it is larger than the whole table.
    ///
    /// `octets` are the name, unless `name_index` (1 to 61, or 0) says which static entry has it,
    /// and the value. Tells whether the entry was added.
    pub(super) fn insert(
        &mut self,
        name_index: u8,
        name_len: usize,
        octets: &[u8],
        extra: T,
    ) -> bool {
        let own_name = if name_index == 0 { name_len } else { 0 };
        let value_len = octets.len().saturating_sub(own_name);
        let size = name_len + value_len + FIELD_OVERHEAD;
        let Some(left) = self.max_size.checked_sub(size) else {
            self.evict_down_to(0);
            return false;
        };
        let (Ok(name_len), Ok(value_len)) = (u32::try_from(name_len), u32::try_from(value_len))
        else {
            // Above 4 GiB: no table that size signals can announce has room for it.
            self.evict_down_to(0);
            return false;
        };
        self.evict_down_to(left);
        self.make_room(octets.len());
        let start = self.end();
        self.octets.extend_from_slice(octets);
        self.records.push_back(Record { start, name_len, value_len, name_index, extra });
        self.size += size;
        true
    }

    /// Gives back the memory that no live entry needs.
    pub(super) fn trim(&mut self) {
        self.squeeze();
        self.octets.shrink_to_fit();
        self.records.shrink_to_fit();
    }

    fn evict_down_to(&mut self, size: usize) {
        while self.size > size {
            let Some(oldest) = self.records.pop_front() else { return };
            self.size -= oldest.name_len as usize + oldest.value_len as usize + FIELD_OVERHEAD;
        }
        if self.records.is_empty() {
            self.squeeze();
        }
    }

    /// Where the next entry starts, in the count of [`Record::start`].
    fn end(&self) -> u32 {
        // Fits: live octets are fewer than the table's size, the dead ones no more than that.
        self.squeezed.wrapping_add(u32::try_from(self.octets.len()).unwrap_or(u32::MAX))
    }

    /// How many octets in front belong to entries that were evicted.
    fn dead(&self) -> usize {
        let live = self.records.front().map_or_else(|| self.end(), |oldest| oldest.start);
        live.wrapping_sub(self.squeezed) as usize
    }

    fn squeeze(&mut self) {
        let dead = self.dead();
        self.octets.drain(..dead.min(self.octets.len()));
        self.squeezed = self.squeezed.wrapping_add(u32::try_from(dead).unwrap_or(u32::MAX));
    }

    /// Makes room for `len` more octets.
    fn make_room(&mut self, len: usize) {
        if self.octets.capacity() - self.octets.len() >= len {
            return;
        }
        // A quarter of dead octets is the least for which moving the others pays: each octet that
        // is added then costs at most four that are moved.
        let dead = self.dead();
        if dead > 0 && dead >= (self.octets.len() - dead) / 4 {
            self.squeeze();
        }
        if self.octets.capacity() - self.octets.len() >= len {
            return;
        }
        let enough = (self.max_size + self.max_size / 4).saturating_sub(self.octets.len());
        let doubled = self.octets.len().max(128);
        self.octets.reserve_exact(len.max(doubled.min(enough)));
    }
}

impl<T> Record<T> {
    #[inline]
    fn own_octets(&self) -> usize {
        let name = if self.name_index == 0 { self.name_len } else { 0 };
        name as usize + self.value_len as usize
    }
}

impl<'a, T> Entry<'a, T> {
    #[inline]
    pub(super) fn name(&self) -> &'a [u8] {
        if self.name_index == 0 {
            self.octets.get(..self.name_len).unwrap_or_default()
        } else {
            well_known(self.name_index).0.as_bytes()
        }
    }

    #[cfg(test)]
    pub(super) fn value(&self) -> &'a [u8] {
        let own_name = self.octets.len().saturating_sub(self.value_len);
        self.octets.get(own_name..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(table: &DynamicTable<()>) -> Vec<(String, String)> {
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        let entries = (0..table.len()).map(|age| table.get(age).unwrap());
        entries.map(|entry| (text(entry.name()), text(entry.value()))).collect()
    }

    fn insert(table: &mut DynamicTable<()>, index: u8, name: &[u8], value: &[u8]) -> bool {
        let own_name = if index == 0 { name } else { &[] };
        table.insert(index, name.len(), &[own_name, value].concat(), ())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_oldest_entries_leave_first() {
        let mut table = DynamicTable::new(80);
        assert!(insert(&mut table, 0, b"one", b"1"));
        assert!(insert(&mut table, 0, b"two", b"2"));
        assert_eq!(contents(&table), [pair("two", "2"), pair("one", "1")]);
        assert!(insert(&mut table, 0, b"three", b"3"));
        assert_eq!(contents(&table), [pair("three", "3"), pair("two", "2")]);
        assert_eq!(table.size(), 74);
    }

    #[test]
    fn an_entry_of_exactly_the_maximum_fits_and_one_octet_more_empties_the_table() {
        let mut table = DynamicTable::new(34);
        assert!(insert(&mut table, 0, b"a", b"b"));
        assert!(!insert(&mut table, 0, b"a", b"bc"));
        assert_eq!((table.len(), table.size()), (0, 0));
    }

    #[test]
    fn a_static_name_is_counted_but_not_stored() {
        let mut table = DynamicTable::new(4096);
        insert(&mut table, 38, b"host", b"a");
        assert_eq!(table.size(), 37);
        assert_eq!(table.octets, b"a");
        assert_eq!(contents(&table), [pair("host", "a")]);
    }

    #[test]
    fn a_small_table_takes_little_memory_however_much_goes_through_it() {
        let mut table = DynamicTable::new(4096);
        for round in 0..20_000_usize {
            let value = vec![b'v'; round % 700];
            insert(&mut table, 0, round.to_string().as_bytes(), &value);
            let entry = table.get(0).unwrap();
            assert_eq!((entry.name(), entry.value()), (round.to_string().as_bytes(), &value[..]));
            let oldest = table.get(table.len() - 1).unwrap();
            assert_eq!(oldest.value().len(), oldest.value_len);
        }
        assert!(table.octets.capacity() <= 4096 + 1024 + 700, "{}", table.octets.capacity());
    }

    #[test]
    fn positions_survive_the_wrap_of_their_counter() {
        let mut table = DynamicTable::new(200);
        table.squeezed = u32::MAX - 50;
        for round in 0..100_u8 {
            insert(&mut table, 0, b"name", &[round; 20]);
            assert_eq!(table.get(0).unwrap().value(), [round; 20]);
            if round > 1 {
                assert_eq!(table.get(1).unwrap().value(), [round - 1; 20]);
            }
        }
    }

    #[test]
    fn trimming_keeps_the_entries_and_nothing_else() {
        let mut table = DynamicTable::new(100);
        for value in [b"1", b"2", b"3", b"4"] {
            insert(&mut table, 0, b"name", value);
        }
        table.trim();
        assert_eq!(table.octets.capacity(), 10);
        assert_eq!(contents(&table), [pair("name", "4"), pair("name", "3")]);
        table.set_max_size(0);
        table.trim();
        assert_eq!((table.octets.capacity(), table.records.capacity()), (0, 0));
    }
}
