//! A map from streams to what is kept of each: found in a few instructions, grown by little.

use std::fmt;

use crate::StreamId;

/// A map from stream identifiers, for whoever keeps something of every stream.
///
/// To find a stream takes one multiplication and, nearly always, one look. Values are not moved when
/// others are removed. Beyond 32 of them room is made for an eighth more at a time, not for twice as
/// many: a stream costs what it holds.
///
/// ```
/// use h2_core::{StreamId, StreamMap};
///
/// let mut started = StreamMap::new();
/// started.insert(StreamId::ONE, "a download");
/// assert_eq!(started.get(StreamId::ONE), Some(&"a download"));
/// assert_eq!(started.remove(StreamId::ONE), Some("a download"));
/// ```
#[derive(Clone)]
pub struct StreamMap<T> {
    /// Where each identifier's value lies, by open addressing: a power of two, never full.
    cells: Vec<Cell>,
    places: Vec<Place<T>>,
    /// The first free place, or `NONE`.
    free: u32,
    len: usize,
    /// Mixed into identifiers, so that nobody can choose those that meet in one cell.
    secret: u32,
    /// 32 less the binary logarithm of the number of cells.
    shift: u32,
}

/// One cell of the index; `id` is 0 where nothing is.
#[derive(Clone, Copy, Default)]
struct Cell {
    id: u32,
    place: u32,
}

#[derive(Clone)]
enum Place<T> {
    Taken(StreamId, T),
    /// The next free place, or `NONE`.
    Free(u32),
}

const NONE: u32 = u32::MAX;

/// 2^32 divided by the golden ratio: spreads numbers that follow each other evenly.
const GOLDEN: u32 = 0x9e37_79b9;

impl<T> StreamMap<T> {
    /// An empty map; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_secret(0)
    }

    /// An empty map whose order of cells depends on a number that the peer does not know: without
    /// one, a peer that may have many streams open can choose their identifiers so that each is
    /// searched for among all others.
    #[must_use]
    pub const fn with_secret(secret: u64) -> Self {
        let [a, b, c, d, ..] = secret.to_le_bytes();
        let secret = u32::from_le_bytes([a, b, c, d]);
        Self { cells: Vec::new(), places: Vec::new(), free: NONE, len: 0, secret, shift: 31 }
    }

    /// How many streams are in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether `stream` is in it.
    #[must_use]
    pub fn contains(&self, stream: StreamId) -> bool {
        self.place_of(stream).is_some()
    }

    /// What is kept of `stream`.
    #[must_use]
    pub fn get(&self, stream: StreamId) -> Option<&T> {
        self.at(self.place_of(stream)?, stream)
    }

    /// What is kept of `stream`, to be changed.
    #[must_use]
    pub fn get_mut(&mut self, stream: StreamId) -> Option<&mut T> {
        self.at_mut(self.place_of(stream)?, stream)
    }

    /// Keeps `value` for `stream`; gives back what was kept before.
    pub fn insert(&mut self, stream: StreamId, value: T) -> Option<T> {
        if let Some(before) = self.get_mut(stream) {
            return Some(std::mem::replace(before, value));
        }
        self.insert_fresh(stream, value);
        None
    }

    /// Forgets `stream`; gives back what was kept of it.
    pub fn remove(&mut self, stream: StreamId) -> Option<T> {
        let (place, free) = self.detach(stream)?;
        match std::mem::replace(self.places.get_mut(place as usize)?, Place::Free(free)) {
            Place::Taken(_, value) => Some(value),
            Place::Free(_) => None,
        }
    }

    /// Forgets `stream` and drops what was kept of it where it lies: a large value is not moved.
    pub(crate) fn discard(&mut self, stream: StreamId) {
        let Some((place, free)) = self.detach(stream) else { return };
        if let Some(place) = self.places.get_mut(place as usize) {
            *place = Place::Free(free);
        }
    }

    /// Takes `stream` out of the index; its place is free, once it says what the next free one is.
    fn detach(&mut self, stream: StreamId) -> Option<(u32, u32)> {
        let cell = self.cell_of(stream)?;
        let place = self.cells.get(cell)?.place;
        self.vacate(cell);
        self.len -= 1;
        Some((place, std::mem::replace(&mut self.free, place)))
    }

    /// The streams and what is kept of each, in no useful order but always the same one.
    pub fn iter(&self) -> impl Iterator<Item = (StreamId, &T)> {
        self.places.iter().filter_map(|place| match place {
            Place::Taken(stream, value) => Some((*stream, value)),
            Place::Free(_) => None,
        })
    }

    /// Gives back memory: all of it once the map is empty.
    pub fn shrink_to_fit(&mut self) {
        if self.is_empty() {
            *self = Self::with_secret(u64::from(self.secret));
        }
    }

    /// What a stream costs beside its value: at most, while the index is at its emptiest and the
    /// places at their emptiest.
    pub(crate) const fn octets_each() -> usize {
        let place = size_of::<Place<T>>();
        2 * place + 4 * size_of::<Cell>()
    }

    /// Keeps `value` for a stream that is not in the map, and says in which place.
    #[inline]
    pub(crate) fn insert_fresh(&mut self, stream: StreamId, value: T) -> u32 {
        if self.cells.len() * 3 <= self.len * 4 {
            self.grow_index();
        }
        let place = self.settle(Place::Taken(stream, value));
        self.index(Cell { id: stream.get(), place });
        self.len += 1;
        place
    }

    #[inline]
    fn settle(&mut self, taken: Place<T>) -> u32 {
        if let Some(place) = self.places.get_mut(self.free as usize)
            && let Place::Free(next) = *place
        {
            *place = taken;
            return std::mem::replace(&mut self.free, next);
        }
        let len = self.places.len();
        if len == self.places.capacity() {
            self.places.reserve_exact(if len < 32 { len.max(1) } else { len / 8 });
        }
        self.places.push(taken);
        u32::try_from(len).unwrap_or(NONE)
    }

    /// In which place the value of `stream` lies.
    #[inline]
    pub(crate) fn place_of(&self, stream: StreamId) -> Option<u32> {
        let cell = self.cell_of(stream)?;
        self.cells.get(cell).map(|cell| cell.place)
    }

    /// The value in a place, if it is that of `stream`.
    #[inline]
    pub(crate) fn at(&self, place: u32, stream: StreamId) -> Option<&T> {
        match self.places.get(place as usize)? {
            Place::Taken(id, value) if *id == stream => Some(value),
            Place::Taken(..) | Place::Free(_) => None,
        }
    }

    /// The same, to be changed.
    #[inline]
    pub(crate) fn at_mut(&mut self, place: u32, stream: StreamId) -> Option<&mut T> {
        match self.places.get_mut(place as usize)? {
            Place::Taken(id, value) if *id == stream => Some(value),
            Place::Taken(..) | Place::Free(_) => None,
        }
    }

    /// Every place that is taken, and by which stream.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u32, StreamId)> {
        (0_u32..).zip(&self.places).filter_map(|(at, place)| match place {
            Place::Taken(stream, _) => Some((at, *stream)),
            Place::Free(_) => None,
        })
    }

    /// The cell in which the search for an identifier begins. The upper bits are spread best.
    #[inline]
    fn home(&self, id: u32) -> usize {
        ((id ^ self.secret).wrapping_mul(GOLDEN) >> self.shift) as usize
    }

    #[inline]
    fn cell_of(&self, stream: StreamId) -> Option<usize> {
        let mut at = self.home(stream.get());
        loop {
            match self.cells.get(at)?.id {
                id if id == stream.get() => return Some(at),
                0 => return None,
                _ => at = (at + 1) & (self.cells.len() - 1),
            }
        }
    }

    fn index(&mut self, cell: Cell) {
        let mut at = self.home(cell.id);
        let mask = self.cells.len().wrapping_sub(1);
        while let Some(found) = self.cells.get_mut(at) {
            if found.id == 0 {
                *found = cell;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    /// Empties a cell and moves up those behind it that were pushed on by it.
    fn vacate(&mut self, cell: usize) {
        let mask = self.cells.len().wrapping_sub(1);
        let (mut hole, mut at) = (cell, cell);
        loop {
            at = (at + 1) & mask;
            let Some(found) = self.cells.get(at).copied().filter(|found| found.id != 0) else {
                break;
            };
            let home = self.home(found.id);
            // One that is at home, or pushed on from behind the hole, stays.
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                if let Some(empty) = self.cells.get_mut(hole) {
                    *empty = found;
                }
                hole = at;
            }
        }
        if let Some(empty) = self.cells.get_mut(hole) {
            *empty = Cell::default();
        }
    }

    #[cold]
    fn grow_index(&mut self) {
        let wanted = (self.cells.len() * 2).max(4);
        self.shift = 32_u32.saturating_sub(wanted.trailing_zeros());
        let before = std::mem::replace(&mut self.cells, vec![Cell::default(); wanted]);
        for cell in before.into_iter().filter(|cell| cell.id != 0) {
            self.index(cell);
        }
    }
}

impl<T> Default for StreamMap<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for StreamMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<T> IntoIterator for StreamMap<T> {
    type Item = (StreamId, T);
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter { places: self.places.into_iter() }
    }
}

/// The streams of a [`StreamMap`] and what was kept of each.
pub struct IntoIter<T> {
    places: std::vec::IntoIter<Place<T>>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = (StreamId, T);

    fn next(&mut self) -> Option<Self::Item> {
        self.places.find_map(|place| match place {
            Place::Taken(stream, value) => Some((stream, value)),
            Place::Free(_) => None,
        })
    }
}

impl<T> fmt::Debug for IntoIter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> StreamId {
        StreamId::new(n).expect("in range")
    }

    fn longest_search<T>(map: &StreamMap<T>) -> usize {
        let mask = map.cells.len() - 1;
        let away = |(at, cell): (usize, &Cell)| at.wrapping_sub(map.home(cell.id)) & mask;
        map.cells.iter().enumerate().filter(|(_, cell)| cell.id != 0).map(away).max().unwrap_or(0)
    }

    #[test]
    fn streams_in_a_row_are_found_at_once() {
        for secret in [0, 1, 0x8000_0001, 0xdead_beef, u64::MAX] {
            let mut map = StreamMap::with_secret(secret);
            for n in 0..10_000 {
                map.insert(id(2 * n + 1), n);
            }
            assert!(longest_search(&map) <= 8, "{}", longest_search(&map));
        }
    }

    #[test]
    fn identifiers_chosen_to_meet_do_not_where_the_secret_is_not_known() {
        let mut open = StreamMap::new();
        let mut guarded = StreamMap::with_secret(0x5bd1_e995);
        // Multiples of the inverse of the multiplier: without a secret they all begin in one cell.
        let inverse =
            (0..5).fold(GOLDEN, |x, _| x.wrapping_mul(2_u32.wrapping_sub(GOLDEN.wrapping_mul(x))));
        let chosen = (1..).map(|n: u32| n.wrapping_mul(inverse)).filter_map(StreamId::new);
        for stream in chosen.take(1_000) {
            open.insert(stream, ());
            guarded.insert(stream, ());
        }
        assert!(longest_search(&open) > 500, "{}", longest_search(&open));
        assert!(longest_search(&guarded) < 64, "{}", longest_search(&guarded));
    }

    #[test]
    fn an_empty_map_holds_no_memory_after_it_was_shrunk() {
        let mut map = StreamMap::new();
        map.insert(StreamId::ONE, [0_u8; 100]);
        map.shrink_to_fit();
        assert_eq!(map.len(), 1);
        map.remove(StreamId::ONE);
        map.shrink_to_fit();
        assert_eq!((map.cells.capacity(), map.places.capacity()), (0, 0));
    }
}
