//! An ordered list of fields in one arena of octets: order, duplicates and the never-indexed mark survive.
//!
//! It is raw: it says nothing about whether the names and values may stand in a message.
//! [`RequestHead`](crate::RequestHead), [`ResponseHead`](crate::ResponseHead) and
//! [`Trailers`](crate::Trailers) are lists that passed the rules.

mod facts;
mod shaping;
mod shared;
pub(crate) mod static_table;
mod well_known;

use std::fmt;

pub(crate) use facts::{Facts, has_value_octets, is_origin, is_token};
pub use shared::SharedFields;
pub(crate) use well_known::WELL_KNOWN;

/// What RFC 9113 §6.5.2 adds to the octets of each field when it counts the size of a list.
pub(crate) const FIELD_OVERHEAD: usize = 32;

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

/// Where one field lies.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// Where its octets start in the arena: the name unless it is well known, then the value
    /// unless that is.
    start: u32,
    name_len: u32,
    value_len: u32,
    /// Index of the name in the static table, 1 to 61; 0 when the name lies in the arena.
    pub(crate) name_index: u8,
    /// The value, too, is that of the static entry `name_index`.
    pub(crate) static_value: bool,
    sensitive: bool,
    pub(crate) facts: Facts,
}

/// One field of a list: octets, as RFC 9113 §8.2 has them.
#[derive(Clone, Copy, PartialEq, Eq)]
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
    /// The value, too, is that of static entry `name_index`.
    pub(crate) static_value: bool,
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
        if let Some(index) = static_table::find_name(name) {
            return match static_table::find_value(index, value) {
                Some(index) if !sensitive => self.push_static(index),
                _ => self.push_named(index, value, sensitive),
            };
        }
        let start = self.octets.len();
        self.octets.extend_from_slice(name);
        self.octets.extend_from_slice(value);
        self.seal(start, NameSource::Arena(name.len()), sensitive);
    }

    /// Appends the pseudo-fields of a request, those that there are.
    pub fn push_request(
        &mut self,
        method: &str,
        scheme: Option<&str>,
        path: Option<&str>,
        authority: Option<&str>,
    ) {
        match method {
            "GET" => self.push_static(2),
            "POST" => self.push_static(3),
            other => self.push_named(2, other.as_bytes(), false),
        }
        match scheme {
            Some("http") => self.push_static(6),
            Some("https") => self.push_static(7),
            Some(other) => self.push_named(6, other.as_bytes(), false),
            None => {}
        }
        match path {
            Some("/") => self.push_static(4),
            Some(other) => self.push_named(4, other.as_bytes(), false),
            None => {}
        }
        if let Some(authority) = authority {
            self.push_named(1, authority.as_bytes(), false);
        }
    }

    /// Appends a field whose name is that of static entry `name_index` (1 to 61).
    pub(crate) fn push_named(&mut self, name_index: u8, value: &[u8], sensitive: bool) {
        let start = self.octets.len();
        self.octets.extend_from_slice(value);
        self.seal(start, NameSource::Static(name_index), sensitive);
    }

    /// Appends static entry `index` (1 to 61), name and value.
    pub(crate) fn push_static(&mut self, index: u8) {
        let (name, value) = well_known(index);
        self.list_size += name.len() + value.len() + FIELD_OVERHEAD;
        self.spans.push(Span {
            start: 0,
            name_len: length(name.len()),
            value_len: length(value.len()),
            name_index: index,
            static_value: true,
            sensitive: false,
            facts: Facts::of_static(index),
        });
    }

    /// The arena, for writers that produce octets in place; [`seal_known`](Self::seal_known) makes
    /// them a field.
    pub(crate) fn arena(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    /// Makes a field of everything in the arena from `start` on.
    fn seal(&mut self, start: usize, name: NameSource, sensitive: bool) {
        self.seal_known(start, name, sensitive, Facts::UNKNOWN);
    }

    /// The same for octets that were looked at before.
    pub(crate) fn seal_known(
        &mut self,
        start: usize,
        name: NameSource,
        sensitive: bool,
        facts: Facts,
    ) {
        let written = self.octets.len().saturating_sub(start);
        let (name_index, name_len, value_len) = match name {
            NameSource::Arena(len) => (0, len, written.saturating_sub(len)),
            NameSource::Static(index) => (index, well_known(index).0.len(), written),
        };
        self.list_size += name_len + value_len + FIELD_OVERHEAD;
        self.spans.push(Span {
            start: length(start),
            name_len: length(name_len),
            value_len: length(value_len),
            name_index,
            static_value: false,
            sensitive,
            facts,
        });
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

    /// The memory of a list that is not needed any more, unless it is too much to keep.
    pub(crate) fn emptied(mut self) -> Option<Self> {
        if self.octets.capacity() > 256 || self.spans.capacity() > 16 {
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
            let kept = keep(resolve(octets, span));
            if !kept {
                *list_size -= span.name_len as usize + span.value_len as usize + FIELD_OVERHEAD;
            }
            kept
        });
    }

    /// Where the field at `index` lies, for those who can tell by its index what it says.
    pub(crate) fn span(&self, index: usize) -> Option<Span> {
        self.spans.get(index).copied()
    }

    pub(crate) fn resolve(&self, span: &Span) -> Field<'_> {
        resolve(&self.octets, span)
    }
}

/// Where the name of a field that is being sealed comes from.
#[derive(Clone, Copy)]
pub(crate) enum NameSource {
    /// It is the first so many octets after `start`.
    Arena(usize),
    /// It is that of this static entry, 1 to 61.
    Static(u8),
}

/// Name and value of static entry `index` (1 to 61); empty ones for any other index.
pub(crate) fn well_known(index: u8) -> (&'static str, &'static str) {
    WELL_KNOWN.get(usize::from(index).wrapping_sub(1)).copied().unwrap_or_default()
}

/// Lists are capped far below 4 GiB by whoever fills them; a longer one is cut, not wrapped.
fn length(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

fn resolve<'a>(octets: &'a [u8], span: &Span) -> Field<'a> {
    let Span { start, name_len, value_len, name_index, static_value, sensitive, facts } = *span;
    let (start, name_len, value_len) = (start as usize, name_len as usize, value_len as usize);
    let (name, value) = if name_index == 0 {
        let both = octets.get(start..start + name_len + value_len).unwrap_or_default();
        both.split_at_checked(name_len).unwrap_or_default()
    } else {
        let (name, value) = well_known(name_index);
        if static_value {
            (name.as_bytes(), value.as_bytes())
        } else {
            (name.as_bytes(), octets.get(start..start + value_len).unwrap_or_default())
        }
    };
    Field { name, value, sensitive, name_index, static_value, facts }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .zip(other)
                .all(|(a, b)| a.name == b.name && a.value == b.value && a.sensitive == b.sensitive)
    }
}

impl Eq for Fields {}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> Extend<(N, V)> for Fields {
    fn extend<T: IntoIterator<Item = (N, V)>>(&mut self, iter: T) {
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

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.start, self.name_len, self.value_len)
    }
}

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
    fn retaining_some_keeps_the_list_size_true() {
        let mut fields: Fields = [("a", "1"), ("bb", "22")].into_iter().collect();
        fields.retain(|field| field.name == b"bb");
        assert_eq!(fields.list_size(), 36);
        assert_eq!(fields.len(), 1);
    }
}
