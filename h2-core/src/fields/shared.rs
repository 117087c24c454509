//! A list whose values can be held on their own: all octets in one allocation of about their size.

use bytes::Bytes;

use super::{Field, Fields, Span, well_known};

/// A list of fields whose values are slices of one shared allocation. See [`Fields::share`].
#[derive(Clone, Debug)]
pub struct SharedFields {
    octets: Bytes,
    spans: Vec<Span>,
    /// Memory of the list that this was.
    spare: Vec<u8>,
}

impl Fields {
    /// Turns the list into one whose values can be held on their own.
    ///
    /// All octets move into one allocation, at most twice their size; every value is a slice of it.
    #[must_use]
    pub fn share(self) -> SharedFields {
        let Self { octets, spans, .. } = self;
        if octets.len() <= LARGEST {
            return SharedFields { octets: inlined(&octets), spans, spare: octets };
        }
        let mut octets = octets;
        octets.shrink_to_fit();
        SharedFields { octets: Bytes::from(octets), spans, spare: Vec::new() }
    }
}

impl SharedFields {
    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The fields in order, with their values as owned slices.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Field<'_>, Bytes)> {
        self.spans.iter().map(|span| (span.resolve(&self.octets), self.owned(span)))
    }

    /// The field at `index`.
    #[inline]
    #[must_use]
    pub fn at(&self, index: usize) -> Option<Field<'_>> {
        self.spans.get(index).map(|span| span.resolve(&self.octets))
    }

    /// The value of the field at `index` as an owned slice; empty if there is no such field.
    #[must_use]
    pub fn value(&self, index: usize) -> Bytes {
        self.spans.get(index).map(|span| self.owned(span)).unwrap_or_default()
    }

    #[inline]
    fn owned(&self, span: &Span) -> Bytes {
        if span.static_value {
            Bytes::from_static(well_known(span.name_index).1.as_bytes())
        } else {
            self.octets.slice_ref(span.value(&self.octets))
        }
    }

    /// An empty list with the memory that this one does not need any more.
    #[must_use]
    pub fn into_spare(self) -> Fields {
        let Self { spans, spare, .. } = self;
        let mut fields = Fields { octets: spare, spans, list_size: 0 };
        fields.clear();
        fields
    }
}

/// Most octets that are copied next to their reference count: one allocation instead of two, and
/// the memory that they were gathered in stays for the next list.
const LARGEST: usize = 512;

/// Octets beside the reference count of the [`Bytes`] that owns them.
struct Inline<const ROOM: usize> {
    len: usize,
    octets: [u8; ROOM],
}

impl<const ROOM: usize> Inline<ROOM> {
    fn share(octets: &[u8]) -> Bytes {
        let mut inline = Self { len: octets.len(), octets: [0; ROOM] };
        if let Some(room) = inline.octets.get_mut(..octets.len()) {
            room.copy_from_slice(octets);
        }
        Bytes::from_owner(inline)
    }
}

impl<const ROOM: usize> AsRef<[u8]> for Inline<ROOM> {
    fn as_ref(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

fn inlined(octets: &[u8]) -> Bytes {
    match octets.len() {
        0 => Bytes::new(),
        1..=32 => Inline::<32>::share(octets),
        33..=64 => Inline::<64>::share(octets),
        65..=128 => Inline::<128>::share(octets),
        129..=256 => Inline::<256>::share(octets),
        _ => Inline::<LARGEST>::share(octets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_every_size_keep_their_values_and_give_their_memory_back() {
        for len in [0, 1, 32, 33, 64, 65, 128, 200, 256, 300, 500, 511, 2000] {
            let mut fields = Fields::new();
            fields.push_static(2);
            fields.push("x", vec![b'v'; len]);
            let shared = fields.share();
            let values: Vec<_> = shared.iter().map(|(_, value)| value).collect();
            assert_eq!(values[0], "GET");
            assert_eq!(values[1], vec![b'v'; len]);
            assert_eq!(shared.len(), 2);
            assert_eq!(shared.value(1), values[1]);
            assert_eq!(shared.at(1).map(|field| field.value), Some(&values[1][..]));
            assert_eq!((shared.value(2), shared.at(2)), (Bytes::new(), None));
            let spare = shared.into_spare();
            assert!(spare.is_empty());
            assert_eq!(spare.list_size(), 0);
            // What was given away is still held.
            assert_eq!(values[1], vec![b'v'; len]);
        }
    }
}
