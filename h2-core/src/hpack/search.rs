//! Finds entries of the encoder's dynamic table by name and value without scanning it.
//!
//! Chains of entries that share a bucket, newest first. Entries leave the table oldest first, so
//! nothing is ever removed from a chain: the first link that leads out of the table is its end.
//! A search follows a bounded number of links: names and values that were chosen to collide cost
//! compression, not time.

use super::dynamic_table::{DynamicTable, Entry};
use crate::fields::same;

const MOST_LINKS: usize = 16;
const FEWEST_BUCKETS: usize = 16;

/// What the search keeps beside each entry of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    /// Hash of name and value.
    hash: u32,
    /// The number of the next older entry in the same bucket of whole fields.
    older_field: u32,
    /// The same in the bucket of names.
    older_name: u32,
}

/// A dynamic table that can be searched.
#[derive(Debug)]
pub(super) struct SearchTable {
    table: DynamicTable<Links>,
    /// The number of the newest entry, counted from 1 modulo 2^32. A number whose entry has left,
    /// or 0, never finds anything: after a wrap it may lead to another entry, which is compared.
    newest: u32,
    /// By hash of name and value the number of the newest entry. A power of two, or none.
    fields: Vec<u32>,
    /// By hash of the name, for names that are not in the static table. As long as `fields`.
    names: Vec<u32>,
}

/// What is searched for: a field as an entry of the table would have it, and its hash.
#[derive(Clone, Copy)]
pub(super) struct Key<'a> {
    /// The first static entry with the name, or 0 when there is none.
    name_index: u8,
    name_len: usize,
    /// The name, unless the index says it, and the value.
    octets: &'a [u8],
    hash: u32,
}

impl<'a> Key<'a> {
    /// A field of these octets, which are in this order: the name, unless `name_index` says which
    /// static entry has it first, and the value.
    #[inline]
    pub(super) fn new(name_index: u8, name_len: usize, octets: &'a [u8]) -> Self {
        let seed = u64::from(name_index) << 32 | name_len as u64;
        Self { name_index, name_len, octets, hash: fold(hash_octets(seed, octets)) }
    }

    #[inline]
    fn is(&self, entry: &Entry<'_, Links>) -> bool {
        entry.extra.hash == self.hash
            && entry.name_index == self.name_index
            && entry.name_len == self.name_len
            && same(entry.octets, self.octets)
    }

    /// The hash of the name, if it has octets here.
    fn own_name(&self) -> Option<u32> {
        let name = || self.octets.get(..self.name_len).unwrap_or_default();
        (self.name_index == 0).then(|| fold(hash_octets(0, name())))
    }
}

impl SearchTable {
    pub(super) fn new(max_size: usize) -> Self {
        let table = DynamicTable::new(max_size);
        Self { table, newest: 0, fields: Vec::new(), names: Vec::new() }
    }

    pub(super) fn size(&self) -> usize {
        self.table.size()
    }

    pub(super) fn max_size(&self) -> usize {
        self.table.max_size()
    }

    pub(super) fn set_max_size(&mut self, size: usize) {
        self.table.set_max_size(size);
    }

    pub(super) fn trim(&mut self) {
        self.table.trim();
        if self.table.len() == 0 {
            self.fields = Vec::new();
            self.names = Vec::new();
        }
    }

    /// How many entries are younger than one that is this field.
    #[inline]
    pub(super) fn find_field(&self, key: &Key<'_>) -> Option<usize> {
        let mut number = *self.fields.get(bucket(key.hash, self.fields.len()))?;
        for _ in 0..MOST_LINKS {
            let (age, entry) = self.entry(number)?;
            if key.is(&entry) {
                return Some(age);
            }
            number = entry.extra.older_field;
        }
        None
    }

    /// How many entries are younger than one with this name, which is not in the static table.
    pub(super) fn find_name(&self, name: &[u8]) -> Option<usize> {
        let hash = fold(hash_octets(0, name));
        let mut number = *self.names.get(bucket(hash, self.names.len()))?;
        for _ in 0..MOST_LINKS {
            let (age, entry) = self.entry(number)?;
            if entry.name() == name {
                return Some(age);
            }
            number = entry.extra.older_name;
        }
        None
    }

    /// Adds an entry; see [`DynamicTable::insert`].
    pub(super) fn insert(&mut self, key: &Key<'_>) {
        let Key { name_index, name_len, octets, hash } = *key;
        let links = Links { hash, older_field: 0, older_name: 0 };
        if !self.table.insert(name_index, name_len, octets, links) {
            return;
        }
        self.newest = self.newest.wrapping_add(1);
        if self.table.len() > self.fields.len() {
            self.grow();
        } else {
            self.link(0, hash, key.own_name());
        }
    }

    #[inline]
    fn entry(&self, number: u32) -> Option<(usize, Entry<'_, Links>)> {
        let age = self.newest.wrapping_sub(number) as usize;
        self.table.get(age).map(|entry| (age, entry))
    }

    /// Puts the entry with so many younger ones in front of its chains.
    #[inline]
    fn link(&mut self, age: usize, field_hash: u32, name_hash: Option<u32>) {
        let Self { table, newest, fields, names } = self;
        let buckets = fields.len();
        // Fits: an entry takes at least 32 octets of a table whose size fits.
        let number = newest.wrapping_sub(u32::try_from(age).unwrap_or_default());
        let Some(links) = table.extra_mut(age) else { return };
        if let Some(head) = fields.get_mut(bucket(field_hash, buckets)) {
            links.older_field = std::mem::replace(head, number);
        }
        let Some(hash) = name_hash else { return };
        if let Some(head) = names.get_mut(bucket(hash, buckets)) {
            links.older_name = std::mem::replace(head, number);
        }
    }

    #[cold]
    fn grow(&mut self) {
        let buckets = self.table.len().next_power_of_two().max(FEWEST_BUCKETS);
        self.fields = vec![0; buckets];
        self.names = vec![0; buckets];
        for age in (0..self.table.len()).rev() {
            let Some(entry) = self.table.get(age) else { continue };
            let own_name = entry.name_index == 0;
            let name = own_name.then(|| fold(hash_octets(0, entry.name())));
            self.link(age, entry.extra.hash, name);
        }
    }
}

#[inline]
fn bucket(hash: u32, buckets: usize) -> usize {
    hash as usize & buckets.wrapping_sub(1)
}

/// An odd number whose bits have no pattern: the golden ratio, times 2^64.
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

#[inline]
fn mix(state: u64, word: u64) -> u64 {
    let both = state ^ word;
    let high = (u128::from(both) * u128::from(MULTIPLIER)) >> 64;
    high as u64 ^ both.wrapping_mul(MULTIPLIER)
}

#[inline]
fn fold(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[inline]
fn hash_octets(seed: u64, octets: &[u8]) -> u64 {
    let state = seed ^ octets.len() as u64;
    // Up to sixteen octets are two words, which overlap where there are fewer: no loop for them.
    if let (Some(&first), Some(&last)) = (octets.first_chunk(), octets.last_chunk()) {
        let state = if octets.len() > 16 { hash_words(state, octets) } else { state };
        mix(mix(state, u64::from_le_bytes(first)), u64::from_le_bytes(last))
    } else if let (Some(&first), Some(&last)) = (octets.first_chunk(), octets.last_chunk()) {
        let both = u64::from(u32::from_le_bytes(first)) << 32 | u64::from(u32::from_le_bytes(last));
        mix(state, both)
    } else {
        mix(state, octets.iter().fold(0, |word, &octet| word << 8 | u64::from(octet)))
    }
}

/// All whole words but the first.
fn hash_words(state: u64, octets: &[u8]) -> u64 {
    let (words, _) = octets.as_chunks();
    words.iter().skip(1).fold(state, |state, word| mix(state, u64::from_le_bytes(*word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, value: &str) -> Key<'static> {
        let octets: &'static str = Box::leak(format!("{name}{value}").into_boxed_str());
        Key::new(0, name.len(), octets.as_bytes())
    }

    #[test]
    fn every_entry_is_found_and_none_that_has_left() {
        let mut table = SearchTable::new(4096);
        let values: Vec<_> = (0..500).map(|n| n.to_string()).collect();
        for (n, value) in values.iter().enumerate() {
            table.insert(&key("name", value));
            let held = table.table.len();
            for (age, value) in values[..=n].iter().rev().enumerate() {
                let found = table.find_field(&key("name", value));
                assert_eq!(found, (age < held).then_some(age));
            }
        }
    }

    #[test]
    fn a_name_leads_to_its_newest_entry() {
        let mut table = SearchTable::new(4096);
        for (name, value) in [("a", "1"), ("b", "1"), ("a", "2"), ("c", "1")] {
            table.insert(&key(name, value));
        }
        let find = |name: &str| table.find_name(name.as_bytes());
        assert_eq!([find("a"), find("b"), find("c"), find("d")], [Some(1), Some(2), Some(0), None]);
    }

    #[test]
    fn every_octet_of_a_value_counts() {
        for len in 0..40 {
            let value = vec![b'v'; len];
            for at in 0..len {
                let mut other = value.clone();
                other[at] = b'w';
                assert_ne!(hash_octets(0, &value), hash_octets(0, &other), "{at} of {len}");
            }
        }
    }

    #[test]
    fn colliding_fields_are_searched_for_only_so_far() {
        let mut table = SearchTable::new(4096);
        let hash = |value: &str| key("n", value).hash;
        let values = (0..).map(|n| format!("{n}")).filter(|value| hash(value) % 128 == 0);
        let values: Vec<_> = values.take(40).collect();
        for value in &values {
            table.insert(&key("n", value));
        }
        for (age, value) in values.iter().rev().enumerate() {
            let expected = (age < MOST_LINKS).then_some(age);
            assert_eq!(table.find_field(&key("n", value)), expected);
        }
    }

    #[test]
    fn numbers_that_wrap_find_only_what_is_there() {
        let mut table = SearchTable::new(400);
        table.newest = u32::MAX - 20;
        let values: Vec<_> = (0..60).map(|n| n.to_string()).collect();
        for value in &values {
            table.insert(&key("n", value));
            assert_eq!(table.find_field(&key("n", value)), Some(0));
        }
        assert_eq!(table.find_field(&key("n", "0")), None);
    }
}
