//! Turns header blocks into fields; reads every block to its end, so that the table stays in step.

use super::dynamic_table::DynamicTable;
use super::{DecodeError, FIRST_DYNAMIC_INDEX, huffman, integer};
use crate::fields::{FIELD_OVERHEAD, Facts, Fields, Span, well_known};

/// The decoding half of a connection's header compression.
///
/// After an error the table no longer agrees with the peer's: the decoder must not be used again,
/// and the connection must end.
#[derive(Debug)]
pub struct Decoder {
    table: DynamicTable<Facts>,
    /// Whether an entry that is used is looked at, for rules that need to know what it is fit for.
    looks: bool,
    /// SETTINGS_HEADER_TABLE_SIZE as the peer acknowledged it.
    limit: usize,
    /// The next block must begin with an update to this size or less.
    owed_update: Option<usize>,
}

/// The octet that stands for the last entry of the static table.
const LAST_STATIC: u8 = 0x80 | 61;

/// What a list may cost.
///
/// Sizes are those of RFC 9113 §6.5.2: octets of names and values, plus 32 a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListLimits {
    /// Beyond this size fields are decoded but not stored.
    pub max_list_size: usize,
    /// Beyond this number, too. Every field line counts.
    pub max_fields: usize,
    /// Beyond this size decoding stops with [`DecodeError::ListTooLarge`].
    pub hard_list_size: usize,
}

/// What a block held, by the counting of RFC 9113 §6.5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decoded {
    /// Size of the list as sent, fields that were not stored included.
    pub list_size: usize,
    /// Number of fields as sent, those that were not stored included.
    pub fields: usize,
    /// A limit was exceeded and fields are missing.
    pub too_large: bool,
}

impl Decoder {
    /// A decoder with an empty table.
    ///
    /// `max_table_size` is the SETTINGS_HEADER_TABLE_SIZE in force for the peer's encoder: 4,096
    /// until it has acknowledged another.
    #[must_use]
    pub fn new(max_table_size: usize) -> Self {
        Self {
            table: DynamicTable::new(max_table_size),
            looks: false,
            limit: max_table_size,
            owed_update: None,
        }
    }

    /// The same decoder, which finds out once what the entries of its table are fit for.
    pub(crate) fn looking(mut self) -> Self {
        self.looks = true;
        self
    }

    /// Sets the SETTINGS_HEADER_TABLE_SIZE that the peer has just acknowledged.
    ///
    /// The table itself changes when the peer says so in a block. When `size` is less than what
    /// its encoder uses, the next block must begin by saying so; of several reductions between
    /// two blocks the smallest counts.
    pub fn set_max_table_size(&mut self, size: usize) {
        self.limit = size;
        if size < self.table.max_size() {
            self.owed_update = Some(self.owed_update.map_or(size, |owed| owed.min(size)));
        }
    }

    /// Octets in the dynamic table by the accounting of RFC 7541 §4.1.
    #[must_use]
    pub fn table_size(&self) -> usize {
        self.table.size()
    }

    /// Gives back the memory that no entry of the table needs.
    pub fn trim(&mut self) {
        self.table.trim();
    }

    /// Decodes one whole header block and appends its fields to `out`.
    ///
    /// The block is read to its end even if its list is too large.
    ///
    /// # Errors
    ///
    /// The first rule that the block breaks. `out` then holds some of the fields.
    pub fn decode(
        &mut self,
        block: &[u8],
        limits: &ListLimits,
        out: &mut Fields,
    ) -> Result<Decoded, DecodeError> {
        let mut rest = self.size_updates(block)?;
        let mut list = List::new(limits, out);
        while let Some((&first, after)) = rest.split_first() {
            rest = match first {
                0x81..=LAST_STATIC => {
                    list.push_static(first & 0x7f)?;
                    after
                }
                0x80.. => self.indexed(first, after, &mut list)?,
                0x40..0x80 => self.literal(Form::INDEXED, first, after, &mut list)?,
                0x20..0x40 => return Err(DecodeError::SizeUpdateNotAtStart),
                0x10..0x20 => self.literal(Form::NEVER_INDEXED, first, after, &mut list)?,
                0x00..0x10 => self.literal(Form::NOT_INDEXED, first, after, &mut list)?,
            };
        }
        Ok(list.decoded())
    }

    /// Follows the size updates at the start of a block and gives what is after them.
    fn size_updates<'a>(&mut self, block: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let mut rest = block;
        while let Some((&first @ 0x20..0x40, after)) = rest.split_first() {
            let (size, after) = integer::decode(5, first, after)?;
            let size = size as usize;
            if size > self.limit {
                return Err(DecodeError::SizeUpdateTooLarge);
            }
            self.owed_update = self.owed_update.filter(|&owed| size > owed);
            self.table.set_max_size(size);
            rest = after;
        }
        match self.owed_update {
            None => Ok(rest),
            Some(_) => Err(DecodeError::SizeUpdateMissing),
        }
    }

    /// A field that is an entry of the dynamic table (§6.1).
    #[inline]
    fn indexed<'a>(
        &self,
        first: u8,
        rest: &'a [u8],
        list: &mut List<'_>,
    ) -> Result<&'a [u8], DecodeError> {
        let (index, rest) = integer::decode(7, first, rest)?;
        // Static entries have an octet of their own.
        let age =
            (index as usize).checked_sub(FIRST_DYNAMIC_INDEX).ok_or(DecodeError::IndexZero)?;
        let entry = self.table.get(age).ok_or(DecodeError::IndexBeyondTable)?;
        let (name_len, value_len) = (entry.name_len, entry.value_len);
        if list.count(name_len + value_len)? {
            let arena = list.out.arena();
            let start = arena.len();
            arena.extend_from_slice(entry.octets);
            let (index, facts) = (entry.name_index, *entry.extra);
            list.out.append(Span::in_arena(start, index, name_len, value_len, false, facts));
        }
        Ok(rest)
    }

    /// A field whose value, and maybe name, is written out (§6.2).
    #[inline]
    fn literal<'a>(
        &mut self,
        form: Form,
        first: u8,
        rest: &'a [u8],
        list: &mut List<'_>,
    ) -> Result<&'a [u8], DecodeError> {
        let (index, rest) = integer::decode(form.prefix_bits, first, rest)?;
        // Both strings are decoded to where they will lie if the field is stored.
        let arena = list.out.arena();
        let start = arena.len();
        let (name_index, name_len, rest) = if index == 0 {
            let rest = string(rest, arena)?;
            (0, arena.len() - start, rest)
        } else {
            let (name_index, name_len) = self.indexed_name(index, arena)?;
            (name_index, name_len, rest)
        };
        let rest = string(rest, arena)?;

        let octets = arena.get(start..).unwrap_or_default();
        let (name, value) = match name_index {
            0 => octets.split_at_checked(name_len).unwrap_or_default(),
            index => (well_known(index).0.as_bytes(), octets),
        };
        let value_len = value.len();
        let mut facts = Facts::UNKNOWN;
        if form.indexed {
            // An entry is likely to be used again, and then comes with its facts.
            if self.looks {
                facts = Facts::of(name_index, name, value);
            }
            self.table.insert(name_index, name_len, octets, facts);
        }
        if list.count(name_len + value_len)? {
            let (index, secret) = (name_index, form.sensitive);
            list.out.append(Span::in_arena(start, index, name_len, value_len, secret, facts));
        } else {
            list.out.arena().truncate(start);
        }
        Ok(rest)
    }

    /// Finds the name of an entry and copies it to the arena unless it is a static one.
    /// Gives the static entry of the name, or 0, and its length.
    fn indexed_name(&self, index: u32, arena: &mut Vec<u8>) -> Result<(u8, usize), DecodeError> {
        let Some(age) = (index as usize).checked_sub(FIRST_DYNAMIC_INDEX) else {
            let index = u8::try_from(index).unwrap_or(0);
            return Ok((index, well_known(index).0.len()));
        };
        let entry = self.table.get(age).ok_or(DecodeError::IndexBeyondTable)?;
        if entry.name_index == 0 {
            arena.extend_from_slice(entry.name());
        }
        Ok((entry.name_index, entry.name_len))
    }
}

/// The three literal representations of §6.2.
#[derive(Clone, Copy)]
struct Form {
    prefix_bits: u32,
    indexed: bool,
    sensitive: bool,
}

impl Form {
    const INDEXED: Self = Self { prefix_bits: 6, indexed: true, sensitive: false };
    const NOT_INDEXED: Self = Self { prefix_bits: 4, indexed: false, sensitive: false };
    const NEVER_INDEXED: Self = Self { prefix_bits: 4, indexed: false, sensitive: true };
}

/// The list that a block is decoded to, and what it has cost.
struct List<'a> {
    limits: &'a ListLimits,
    out: &'a mut Fields,
    size: usize,
    fields: usize,
}

impl<'a> List<'a> {
    fn new(limits: &'a ListLimits, out: &'a mut Fields) -> Self {
        Self { limits, out, size: 0, fields: 0 }
    }

    /// Counts a field with so many octets of name and value; tells whether to store it.
    #[inline]
    fn count(&mut self, octets: usize) -> Result<bool, DecodeError> {
        self.size = self.size.saturating_add(octets + FIELD_OVERHEAD);
        self.fields += 1;
        if self.size > self.limits.hard_list_size {
            return Err(DecodeError::ListTooLarge);
        }
        Ok(!self.too_large())
    }

    /// Counts static entry `index` and stores it if that is wanted.
    #[inline]
    fn push_static(&mut self, index: u8) -> Result<(), DecodeError> {
        if let Some(span) = Span::of_static(index)
            && self.count(span.list_size() - FIELD_OVERHEAD)?
        {
            self.out.append(span);
        }
        Ok(())
    }

    /// Whether a limit was exceeded. Nothing makes a list smaller, so it stays true.
    #[inline]
    fn too_large(&self) -> bool {
        self.size > self.limits.max_list_size || self.fields > self.limits.max_fields
    }

    fn decoded(&self) -> Decoded {
        Decoded { list_size: self.size, fields: self.fields, too_large: self.too_large() }
    }
}

/// Appends a string literal (§5.2) to the arena and gives what follows it.
#[inline]
fn string<'a>(rest: &'a [u8], arena: &mut Vec<u8>) -> Result<&'a [u8], DecodeError> {
    let (&first, rest) = rest.split_first().ok_or(DecodeError::Truncated)?;
    let (len, rest) = integer::decode(7, first, rest)?;
    // Before anything is allocated: an announced length costs the peer as many octets.
    let (text, rest) = rest.split_at_checked(len as usize).ok_or(DecodeError::Truncated)?;
    if first & 0x80 == 0 {
        arena.extend_from_slice(text);
    } else {
        huffman::decode(text, arena)?;
    }
    Ok(rest)
}
