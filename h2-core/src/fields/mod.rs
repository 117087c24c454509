//! An ordered list of fields in one arena of octets: order, duplicates and the never-indexed mark survive.
//!
//! It is raw: it says nothing about whether the names and values may stand in a message.
//! [`RequestHead`](crate::RequestHead), [`ResponseHead`](crate::ResponseHead) and
//! [`Trailers`](crate::Trailers) are lists that passed the rules.

mod alike;
mod facts;
mod shaping;
mod shared;
mod span;
pub(crate) mod static_table;
mod well_known;

use std::fmt;

pub(crate) use facts::{
    CONTENT_LENGTH, COOKIE, Facts, LAST_PSEUDO, has_value_octets, is_origin, is_token,
};
pub use shared::SharedFields;
pub(crate) use span::Span;
pub(crate) use well_known::WELL_KNOWN;

/// What RFC 9113 §6.5.2 adds to the octets of each field when it counts the size of a list.
pub(crate) const FIELD_OVERHEAD: usize = 32;

/// Octets that make room for a field of which nothing is known but that it comes. Names are mostly
/// known by number.
const USUAL_FIELD: usize = 16;

/// For so many fields there is room in any message: its memory may serve the next one, and requests
/// seldom have fewer. A list that has to grow costs 430 instructions.
const LEAST_FIELDS: usize = 8;

/// For more fields than this no room is made before they come: a guess must not cost much.
const MOST_GUESSED: usize = 64;

/// An ordered list of field names and values.
///
/// Names and values are octets. Pseudo-fields (`:method` and the like) are ordinary entries here.
/// The octets of all fields share one allocation; a field whose name or whole content stands in
/// the static table of RFC 7541 costs no octets at all.
#[derive(Clone, Default)]
pub struct Fields {
    octets: Vec<u8>,
    spans: Vec<Span>,
    /// Invariant: the sum of name, value and 32 over all fields.
    list_size: usize,
}

/// One field of a list: octets, as RFC 9113 §8.2 has them.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// The name, lower case in HTTP/2.
    pub name: &'a [u8],
    /// The value.
    pub value: &'a [u8],
    /// Whether the value must never enter a compression table (RFC 7541 §7.1.3).
    pub sensitive: bool,
    /// Index of an entry of HPACK's static table with this name (RFC 7541 appendix A), 1 to 61,
    /// or 0 when the name is not known to be there.
    pub name_index: u8,
    /// What is known of its octets.
    pub(crate) facts: Facts,
}

impl Field<'_> {
    /// What its octets are fit for; looks at them if nobody has.
    #[inline]
    pub(crate) fn facts(&self) -> Facts {
        self.facts.or_look(self.name_index, self.name, self.value)
    }
}

/// Fields are equal that say the same, however they came to be known.
impl PartialEq for Field<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value == other.value && self.sensitive == other.sensitive
    }
}

impl Eq for Field<'_> {}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.escape_ascii();
        if self.sensitive {
            write!(f, "{name}: <sensitive>")
        } else {
            write!(f, "{name}: {}", self.value.escape_ascii())
        }
    }
}

impl Fields {
    /// An empty list; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { octets: Vec::new(), spans: Vec::new(), list_size: 0 }
    }

    /// An empty list with room for `fields` fields of `octets` octets together.
    #[must_use]
    pub fn with_capacity(fields: usize, octets: usize) -> Self {
        Self { octets: Vec::with_capacity(octets), spans: Vec::with_capacity(fields), list_size: 0 }
    }

    /// An empty list with room for so many pseudo-fields and what `fields` say they have.
    pub(crate) fn for_message<T>(pseudo: usize, fields: &impl Iterator<Item = T>) -> Self {
        let count = fields.size_hint().0.min(MOST_GUESSED) + pseudo;
        let count = count.max(LEAST_FIELDS);
        Self::with_capacity(count, count * USUAL_FIELD)
    }

    /// Makes room for `fields` more fields of `octets` octets together.
    pub fn reserve(&mut self, fields: usize, octets: usize) {
        self.spans.reserve(fields);
        self.octets.reserve(octets);
    }

    /// Appends a field as it is: a head made of the list refuses a name with an upper-case letter
    /// and a value with white space around it. [`normalized`](Self::normalized) brings a list into
    /// form.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.push_field(name.as_ref(), value.as_ref(), false);
    }

    /// Appends a field whose value must never enter a compression table (RFC 7541 §7.1.3).
    pub fn push_sensitive(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.push_field(name.as_ref(), value.as_ref(), true);
    }

    fn push_field(&mut self, name: &[u8], value: &[u8], sensitive: bool) {
        let first = static_table::find_name(name).unwrap_or(0);
        let start = self.octets.len();
        if first == 0 {
            self.octets.extend_from_slice(name);
        } else if !sensitive && let Some(index) = static_table::find_value(first, value) {
            return self.push_static(index);
        }
        self.octets.extend_from_slice(value);
        let facts = Facts::of(first, name, value);
        self.append(Span::in_arena(start, first, name.len(), value.len(), sensitive, facts));
    }

    /// Appends the pseudo-fields of a request, those that there are.
    pub fn push_request(
        &mut self,
        method: &str,
        scheme: Option<&str>,
        path: Option<&str>,
        authority: Option<&str>,
    ) {
        self.push_method(method);
        if let Some(scheme) = scheme {
            self.push_scheme(scheme);
        }
        if let Some(path) = path {
            self.push_path(path);
        }
        if let Some(authority) = authority {
            self.push_named(1, authority.as_bytes(), false);
        }
    }

    pub(crate) fn push_method(&mut self, method: &str) {
        match method {
            "GET" => self.push_static(2),
            "POST" => self.push_static(3),
            other => self.push_named(2, other.as_bytes(), false),
        }
    }

    pub(crate) fn push_scheme(&mut self, scheme: &str) {
        match scheme {
            "http" => self.push_static(6),
            "https" => self.push_static(7),
            other => self.push_named(6, other.as_bytes(), false),
        }
    }

    pub(crate) fn push_path(&mut self, path: &str) {
        match path {
            "/" => self.push_static(4),
            "/index.html" => self.push_static(5),
            other => self.push_named(4, other.as_bytes(), false),
        }
    }

    /// Appends a field whose name is that of static entry `name_index` (1 to 61).
    pub(crate) fn push_named(&mut self, name_index: u8, value: &[u8], sensitive: bool) {
        let start = self.octets.len();
        self.octets.extend_from_slice(value);
        let name_len = well_known(name_index).0.len();
        let facts = Facts::of_named(name_index, value);
        self.append(Span::in_arena(start, name_index, name_len, value.len(), sensitive, facts));
    }

    /// Appends `:status`. A value outside 100 to 999 is refused by the head that is made of it.
    pub fn push_status(&mut self, status: u16) {
        match status {
            200 => self.push_static(8),
            204 => self.push_static(9),
            206 => self.push_static(10),
            304 => self.push_static(11),
            400 => self.push_static(12),
            404 => self.push_static(13),
            500 => self.push_static(14),
            other => self.push_named(8, other.to_string().as_bytes(), false),
        }
    }

    /// Appends static entry `index` (1 to 61), name and value.
    #[inline]
    pub(crate) fn push_static(&mut self, index: u8) {
        if let Some(span) = Span::of_static(index) {
            self.append(span);
        }
    }

    /// The arena, for writers that produce octets in place; [`append`](Self::append) makes them a
    /// field.
    #[inline]
    pub(crate) fn arena(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    /// Appends a field whose octets, if it has any of its own, lie in the arena already.
    #[inline]
    pub(crate) fn append(&mut self, span: Span) {
        self.list_size += span.list_size();
        self.spans.push(span);
    }

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

    /// The size that SETTINGS_MAX_HEADER_LIST_SIZE counts: octets of names and values plus 32 a
    /// field (RFC 9113 §6.5.2).
    #[must_use]
    pub fn list_size(&self) -> usize {
        self.list_size
    }

    /// The fields in order.
    pub fn iter(&self) -> Iter<'_> {
        Iter { fields: self, next: 0 }
    }

    /// The field at `index`.
    #[inline]
    #[must_use]
    pub fn at(&self, index: usize) -> Option<Field<'_>> {
        self.spans.get(index).map(|span| self.resolve(span))
    }

    /// The value of the first field called `name`, compared octet by octet: names are lower case in
    /// HTTP/2 (RFC 9113 §8.2.1).
    #[must_use]
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        let name = name.as_ref();
        self.iter().find(|field| field.name == name).map(|field| field.value)
    }

    /// The room that a list like this one takes, for the next to begin with: at most 16 fields and
    /// 512 octets, because a guess must not cost much.
    pub(crate) fn room_for_another_like_it(&self) -> (usize, usize) {
        (self.spans.len().min(16), self.octets.len().min(512))
    }

    /// The memory of a list that is not needed any more, unless it is too much to keep, or too
    /// little for `fields` fields of `octets` octets: to let it grow costs more than a fresh list.
    pub(crate) fn emptied(mut self, fields: usize, octets: usize) -> Option<Self> {
        let (most_fields, most_octets) = (self.spans.capacity(), self.octets.capacity());
        if !(fields..=16).contains(&most_fields) || !(octets..=256).contains(&most_octets) {
            return None;
        }
        self.clear();
        Some(self)
    }

    /// Removes all fields and keeps the memory.
    pub fn clear(&mut self) {
        self.octets.clear();
        self.spans.clear();
        self.list_size = 0;
    }

    /// Keeps the fields for which `keep` holds. The octets of the others stay in the arena.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(Field<'_>) -> bool) {
        let octets = &self.octets;
        let list_size = &mut self.list_size;
        self.spans.retain(|span| {
            let kept = keep(span.resolve(octets));
            if !kept {
                *list_size -= span.list_size();
            }
            kept
        });
    }

    /// Where the fields lie, for those who can tell by its index what a field says.
    #[inline]
    pub(crate) fn spans(&self) -> &[Span] {
        &self.spans
    }

    #[inline]
    pub(crate) fn resolve(&self, span: &Span) -> Field<'_> {
        span.resolve(&self.octets)
    }

    #[inline]
    pub(crate) fn name(&self, span: &Span) -> &[u8] {
        span.name(&self.octets)
    }

    #[inline]
    pub(crate) fn value(&self, span: &Span) -> &[u8] {
        span.value(&self.octets)
    }

    /// The octets that a field has of its own: its name, if that is written out, and its value.
    #[inline]
    pub(crate) fn own(&self, span: &Span) -> &[u8] {
        span.own(&self.octets)
    }
}

/// Whether two strings are the same. Those of fields are short: one word that overlaps another
/// costs half of what a call does.
#[inline]
pub(crate) fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() || a.len() > 16 {
        return a == b;
    }
    let ends = |octets: &[u8]| Some((*octets.first_chunk::<8>()?, *octets.last_chunk::<8>()?));
    if let (Some(a), Some(b)) = (ends(a), ends(b)) {
        return a == b;
    }
    let ends = |octets: &[u8]| Some((*octets.first_chunk::<4>()?, *octets.last_chunk::<4>()?));
    if let (Some(a), Some(b)) = (ends(a), ends(b)) {
        return a == b;
    }
    a.iter().eq(b)
}

/// Name and value of static entry `index` (1 to 61); empty ones for any other index.
#[inline]
pub(crate) fn well_known(index: u8) -> (&'static str, &'static str) {
    WELL_KNOWN.get(usize::from(index).wrapping_sub(1)).copied().unwrap_or_default()
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other)
    }
}

impl Eq for Fields {}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> Extend<(N, V)> for Fields {
    fn extend<T: IntoIterator<Item = (N, V)>>(&mut self, iter: T) {
        let iter = iter.into_iter();
        let least = iter.size_hint().0.min(MOST_GUESSED);
        self.reserve(least, least * USUAL_FIELD);
        for (name, value) in iter {
            self.push(name, value);
        }
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Fields {
    fn from_iter<T: IntoIterator<Item = (N, V)>>(iter: T) -> Self {
        let mut fields = Self::new();
        fields.extend(iter);
        fields
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = Field<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The fields of a list, in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    fields: &'a Fields,
    next: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let span = self.fields.spans.get(self.next)?;
        self.next += 1;
        Some(self.fields.resolve(span))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.fields.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_duplicates_and_the_sensitive_mark_survive() {
        let mut fields = Fields::new();
        fields.push("b", "1");
        fields.push_sensitive("a", "2");
        fields.push("b", "");
        let seen: Vec<_> = fields.iter().map(|f| (f.name, f.value, f.sensitive)).collect();
        assert_eq!(seen, [(&b"b"[..], &b"1"[..], false), (b"a", b"2", true), (b"b", b"", false)]);
        assert_eq!(fields.list_size(), 3 * 32 + 5);
        assert_eq!(fields.get("b"), Some(&b"1"[..]));
    }

    #[test]
    fn a_well_known_field_costs_no_octets_and_resolves() {
        let mut fields = Fields::new();
        fields.push_static(2);
        fields.push_named(1, b"example.org", false);
        assert_eq!(fields.octets.len(), 11);
        assert_eq!(fields.get(":method"), Some(&b"GET"[..]));
        assert_eq!(fields.get(":authority"), Some(&b"example.org"[..]));
        let shared = fields.share();
        let values: Vec<_> = shared.iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["GET", "example.org"]);
    }

    #[test]
    fn every_octet_counts_when_strings_are_compared() {
        for len in 0..40 {
            let text = vec![b'v'; len];
            assert!(same(&text, &text.clone()), "{len}");
            assert!(!same(&text, &vec![b'v'; len + 1]), "{len}");
            for at in 0..len {
                let mut other = text.clone();
                other[at] = b'w';
                assert!(!same(&text, &other), "{at} of {len}");
            }
        }
    }

    #[test]
    fn retaining_some_keeps_the_list_size_true() {
        let mut fields: Fields = [("a", "1"), ("bb", "22")].into_iter().collect();
        fields.retain(|field| field.name == b"bb");
        assert_eq!(fields.list_size(), 36);
        assert_eq!(fields.len(), 1);
    }
}
