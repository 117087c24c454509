//! Turns header blocks into fields; reads every block to its end, so that the table stays in step.

use super::dynamic_table::DynamicTable;
use super::{DecodeError, FIRST_DYNAMIC_INDEX, huffman, integer};
use crate::fields::{FIELD_OVERHEAD, Facts, Fields, NameSource, WELL_KNOWN, well_known};

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
                0x80.. => self.indexed(first, after, &mut list)?,
                0x40..0x80 => self.literal(Form::INDEXED, first, after, &mut list)?,
                0x20..0x40 => return Err(DecodeError::SizeUpdateNotAtStart),
                0x10..0x20 => self.literal(Form::NEVER_INDEXED, first, after, &mut list)?,
                0x00..0x10 => self.literal(Form::NOT_INDEXED, first, after, &mut list)?,
            };
        }
        Ok(list.decoded)
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

    /// A field that is an entry of a table (§6.1).
    #[inline]
    fn indexed<'a>(
        &mut self,
        first: u8,
        rest: &'a [u8],
        list: &mut List<'_>,
    ) -> Result<&'a [u8], DecodeError> {
        let (index, rest) = integer::decode(7, first, rest)?;
        match static_index(index) {
            Some(0) => return Err(DecodeError::IndexZero),
            Some(index) => {
                let (name, value) = well_known(index);
                if list.count(name.len() + value.len())? {
                    list.out.push_static(index);
                }
            }
            None => {
                let age = index as usize - FIRST_DYNAMIC_INDEX;
                let entry = self.table.get(age).ok_or(DecodeError::IndexBeyondTable)?;
                // An entry that is used is likely to be used again.
                let facts = match self.looks {
                    true => entry.extra.or_look(entry.name_index, entry.name(), entry.value()),
                    false => Facts::UNKNOWN,
                };
                let fresh = facts != *entry.extra;
                if list.count(entry.name_len + entry.value_len)? {
                    let arena = list.out.arena();
                    let start = arena.len();
                    arena.extend_from_slice(entry.octets);
                    let name = name_source(entry.name_index, entry.name_len);
                    list.out.seal_known(start, name, false, facts);
                }
                if fresh && let Some(known) = self.table.extra_mut(age) {
                    *known = facts;
                }
            }
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
        let (name, rest) = if index == 0 {
            let rest = string(rest, arena)?;
            (NameSource::Arena(arena.len() - start), rest)
        } else {
            (self.indexed_name(index, arena)?, rest)
        };
        let rest = string(rest, arena)?;

        let octets = arena.get(start..).unwrap_or_default();
        let (name_index, name, value) = match name {
            NameSource::Arena(len) => {
                let (name, value) = octets.split_at_checked(len).unwrap_or_default();
                (0, name, value)
            }
            NameSource::Static(index) => (index, well_known(index).0.as_bytes(), octets),
        };
        let name_len = name.len();
        let size = name_len + value.len();
        if form.indexed {
            self.table.insert(name_index, name, value, Facts::UNKNOWN);
        }
        if list.count(size)? {
            let name = name_source(name_index, name_len);
            list.out.seal_known(start, name, form.sensitive, Facts::UNKNOWN);
        } else {
            list.out.arena().truncate(start);
        }
        Ok(rest)
    }

    /// Finds the name of an entry and copies it to the arena unless it is a static one.
    fn indexed_name(&self, index: u32, arena: &mut Vec<u8>) -> Result<NameSource, DecodeError> {
        if let Some(index) = static_index(index) {
            return Ok(NameSource::Static(index));
        }
        let entry = self.table.get(index as usize - FIRST_DYNAMIC_INDEX);
        let entry = entry.ok_or(DecodeError::IndexBeyondTable)?;
        if entry.name_index == 0 {
            arena.extend_from_slice(entry.name());
        }
        Ok(name_source(entry.name_index, entry.name_len))
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
    decoded: Decoded,
}

impl<'a> List<'a> {
    fn new(limits: &'a ListLimits, out: &'a mut Fields) -> Self {
        Self { limits, out, decoded: Decoded { list_size: 0, fields: 0, too_large: false } }
    }

    /// Counts a field with so many octets of name and value; tells whether to store it.
    #[inline]
    fn count(&mut self, octets: usize) -> Result<bool, DecodeError> {
        let Decoded { list_size, fields, too_large } = &mut self.decoded;
        *list_size = list_size.saturating_add(octets + FIELD_OVERHEAD);
        *fields += 1;
        if *list_size > self.limits.hard_list_size {
            return Err(DecodeError::ListTooLarge);
        }
        *too_large |= *list_size > self.limits.max_list_size || *fields > self.limits.max_fields;
        Ok(!*too_large)
    }
}

/// `index` if it is 0 or belongs to the static table.
#[inline]
fn static_index(index: u32) -> Option<u8> {
    u8::try_from(index).ok().filter(|&index| usize::from(index) <= WELL_KNOWN.len())
}

#[inline]
fn name_source(name_index: u8, name_len: usize) -> NameSource {
    if name_index == 0 { NameSource::Arena(name_len) } else { NameSource::Static(name_index) }
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
