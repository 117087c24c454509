//! Where a field lies, and all that the static table knows of one in advance.

use super::{FIELD_OVERHEAD, Facts, Field, WELL_KNOWN, well_known};

/// Where one field lies.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// Where its octets start in the arena: the name unless it is well known, then the value
    /// unless that is.
    start: u32,
    pub(crate) name_len: u32,
    value_len: u32,
    /// Index of the name in the static table, 1 to 61; 0 when the name lies in the arena.
    pub(crate) name_index: u8,
    /// The value, too, is that of the static entry `name_index`.
    pub(crate) static_value: bool,
    pub(crate) sensitive: bool,
    pub(crate) facts: Facts,
}

/// The spans of the static entries, each at its index: appending one is a copy.
static STATIC: [Span; WELL_KNOWN.len() + 1] = static_spans();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "runs in the compiler, where a wrong index is a compile error"
)]
const fn static_spans() -> [Span; WELL_KNOWN.len() + 1] {
    let mut spans = [Span {
        start: 0,
        name_len: 0,
        value_len: 0,
        name_index: 0,
        static_value: false,
        sensitive: false,
        facts: Facts::UNKNOWN,
    }; _];
    let mut index = 1;
    while index < spans.len() {
        let (name, value) = WELL_KNOWN[index - 1];
        spans[index].name_len = name.len() as u32;
        spans[index].value_len = value.len() as u32;
        spans[index].name_index = index as u8;
        spans[index].static_value = true;
        spans[index].facts = Facts::of_static(index as u8);
        index += 1;
    }
    spans
}

impl Span {
    /// Static entry `index` (1 to 61), name and value. There is none for any other index.
    #[inline]
    pub(crate) fn of_static(index: u8) -> Option<Self> {
        STATIC.get(usize::from(index)).copied().filter(|_| index != 0)
    }

    /// A field whose octets lie in the arena from `start` on: the name, of `name_len` octets,
    /// unless it is that of static entry `name_index`, and the value.
    #[inline]
    pub(crate) fn in_arena(
        start: usize,
        name_index: u8,
        name_len: usize,
        value_len: usize,
        sensitive: bool,
        facts: Facts,
    ) -> Self {
        Self {
            start: length(start),
            name_len: length(name_len),
            value_len: length(value_len),
            name_index,
            static_value: false,
            sensitive,
            facts,
        }
    }

    /// Where its octets start in the arena, if it has any there.
    #[inline]
    pub(super) fn start(&self) -> Option<usize> {
        (!self.static_value).then_some(self.start as usize)
    }

    /// The same field with a value of `value_len` octets, its octets starting at `start`.
    pub(super) fn moved(&self, start: usize, value_len: usize) -> Self {
        Self { start: length(start), value_len: length(value_len), ..*self }
    }

    /// Whether it is cut as `other` is, whose octets lie `shift` before its own.
    #[inline]
    pub(super) fn is_shifted(&self, other: &Self, shift: usize) -> bool {
        self.name_index == other.name_index
            && self.static_value == other.static_value
            && self.sensitive == other.sensitive
            && self.name_len == other.name_len
            && self.value_len == other.value_len
            && (self.static_value || self.start as usize == other.start as usize + shift)
    }

    /// What it adds to the size of its list (RFC 9113 §6.5.2).
    #[inline]
    pub(crate) fn list_size(&self) -> usize {
        self.name_len as usize + self.value_len as usize + FIELD_OVERHEAD
    }

    /// The value, `octets` being the arena.
    #[inline]
    pub(crate) fn value<'a>(&self, octets: &'a [u8]) -> &'a [u8] {
        if self.static_value {
            return well_known(self.name_index).1.as_bytes();
        }
        let own_name = if self.name_index == 0 { self.name_len as usize } else { 0 };
        let start = self.start as usize + own_name;
        octets.get(start..start + self.value_len as usize).unwrap_or_default()
    }

    /// Name and value, those of them that lie in the arena; `octets` is the arena.
    #[inline]
    pub(crate) fn own<'a>(&self, octets: &'a [u8]) -> &'a [u8] {
        if self.static_value {
            return &[];
        }
        let own_name = if self.name_index == 0 { self.name_len as usize } else { 0 };
        let start = self.start as usize;
        octets.get(start..start + own_name + self.value_len as usize).unwrap_or_default()
    }

    /// The name, `octets` being the arena.
    #[inline]
    pub(crate) fn name<'a>(&self, octets: &'a [u8]) -> &'a [u8] {
        if self.name_index != 0 {
            return well_known(self.name_index).0.as_bytes();
        }
        let start = self.start as usize;
        octets.get(start..start + self.name_len as usize).unwrap_or_default()
    }

    /// The field itself, `octets` being the arena.
    #[inline]
    pub(crate) fn resolve<'a>(&self, octets: &'a [u8]) -> Field<'a> {
        Field {
            name: self.name(octets),
            value: self.value(octets),
            sensitive: self.sensitive,
            name_index: self.name_index,
            facts: self.facts,
        }
    }
}

impl std::fmt::Debug for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}+{}", self.start, self.name_len, self.value_len)
    }
}

/// Lists are capped far below 4 GiB by whoever fills them; a longer one is cut, not wrapped.
#[inline]
fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
