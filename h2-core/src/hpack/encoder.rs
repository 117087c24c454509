//! Turns fields into header blocks; never lets a secret into the table, nor what will not recur.

use super::search::{Key, SearchTable};
use super::{FIRST_DYNAMIC_INDEX, INITIAL_TABLE_SIZE, huffman, integer};
use crate::fields::{COOKIE, Fields, Span, static_table};

/// The encoding half of a connection's header compression.
///
/// What it encodes must be sent, and in that order: each block counts on those before it.
#[derive(Debug)]
pub struct Encoder {
    table: SearchTable,
    /// The most that the table may take, whatever the peer offers.
    cap: usize,
    /// The smallest size that was set since the last block, if the peer must hear of a change.
    unannounced_minimum: Option<usize>,
    /// The size that the peer's table has.
    announced: usize,
}

/// Static entries whose names' values seldom recur: `:path`, `age`, `content-length`, `etag`,
/// `if-modified-since`, `if-none-match`, `location`, `set-cookie`.
const NOT_INDEXED: u64 = bits(&[4, 21, 28, 34, 40, 41, 46, 55]);

/// Static entries whose names' values are secrets: `authorization`, `proxy-authorization`.
const SECRET: u64 = bits(&[23, 49]);

/// Static entries that may be sent as such: all but the empty secrets.
const HARMLESS: u64 = ((1 << 62) - 2) & !SECRET & !bits(&[COOKIE]);

/// A cookie below this length can be guessed piece by piece (RFC 7541 §7.1.3).
const SHORT_COOKIE: usize = 20;

#[expect(clippy::indexing_slicing, reason = "runs in the compiler")]
const fn bits(indices: &[u8]) -> u64 {
    let mut set = 0;
    let mut at = 0;
    while at < indices.len() {
        set |= 1 << indices[at];
        at += 1;
    }
    set
}

/// A literal representation of §6.2: its bit pattern, and how many bits are left for the index.
#[derive(Clone, Copy)]
struct Form(u8, u32);

impl Form {
    const INDEXED: Self = Self(0x40, 6);
    const NOT_INDEXED: Self = Self(0x00, 4);
    const NEVER_INDEXED: Self = Self(0x10, 4);

    fn indexed(self) -> bool {
        self.0 == Self::INDEXED.0
    }
}

impl Encoder {
    /// An encoder with an empty table that never takes more than `max_table_size`, whatever the
    /// peer offers.
    #[must_use]
    pub fn new(max_table_size: usize) -> Self {
        let size = max_table_size.min(INITIAL_TABLE_SIZE);
        Self {
            table: SearchTable::new(size),
            cap: max_table_size,
            unannounced_minimum: (size < INITIAL_TABLE_SIZE).then_some(size),
            announced: INITIAL_TABLE_SIZE,
        }
    }

    /// Follows the peer's SETTINGS_HEADER_TABLE_SIZE.
    ///
    /// The next block announces the change, and the smallest size in between if there were
    /// several.
    pub fn set_peer_table_size(&mut self, size: usize) {
        let size = size.min(self.cap);
        self.table.set_max_size(size);
        let minimum = self.unannounced_minimum.map_or(size, |minimum| minimum.min(size));
        let unchanged = size == self.announced && minimum >= size;
        self.unannounced_minimum = (!unchanged).then_some(minimum);
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

    /// Appends one whole block that stands for `fields` (RFC 7541 §6). It must reach the peer, and
    /// in the order of the calls: each block builds on the table that the ones before it left.
    pub fn encode(&mut self, fields: &Fields, out: &mut Vec<u8>) {
        self.announce_size(out);
        for span in fields.spans() {
            if span.static_value && HARMLESS >> span.name_index & 1 == 1 {
                out.push(0x80 | span.name_index);
            } else {
                self.field(fields, span, out);
            }
        }
    }

    fn announce_size(&mut self, out: &mut Vec<u8>) {
        let Some(minimum) = self.unannounced_minimum.take() else { return };
        let size = self.table.max_size();
        if minimum < size {
            integer::encode(0x20, 5, minimum, out);
        }
        integer::encode(0x20, 5, size, out);
        self.announced = size;
    }

    #[inline]
    fn field(&mut self, fields: &Fields, span: &Span, out: &mut Vec<u8>) {
        let index = match span.name_index {
            0 => static_table::find_name(fields.name(span)).unwrap_or(0),
            index => static_table::first_of_name(index),
        };
        let value = fields.value(span);
        let form = if span.sensitive || is_secret(index, value) {
            Form::NEVER_INDEXED
        } else {
            if index != 0
                && let Some(index) = static_table::find_value(index, value)
            {
                return out.push(0x80 | index);
            }
            let recurs =
                NOT_INDEXED >> index & 1 == 0 && span.list_size() <= self.table.max_size() / 4 * 3;
            if recurs { Form::INDEXED } else { Form::NOT_INDEXED }
        };
        if !form.indexed() {
            return self.literal(form, index, fields, span, value, out);
        }
        let octets = if index == 0 { fields.own(span) } else { value };
        let key = Key::new(index, span.name_len as usize, octets);
        if let Some(age) = self.table.find_field(&key) {
            return integer::encode(0x80, 7, FIRST_DYNAMIC_INDEX + age, out);
        }
        self.literal(form, index, fields, span, value, out);
        self.table.insert(&key);
    }

    /// A field that is written out; its name, unless static entry `index` has it.
    fn literal(
        &self,
        Form(pattern, prefix_bits): Form,
        index: u8,
        fields: &Fields,
        span: &Span,
        value: &[u8],
        out: &mut Vec<u8>,
    ) {
        if index != 0 {
            integer::encode(pattern, prefix_bits, usize::from(index), out);
        } else {
            let name = fields.name(span);
            if let Some(age) = self.table.find_name(name) {
                integer::encode(pattern, prefix_bits, FIRST_DYNAMIC_INDEX + age, out);
            } else {
                out.push(pattern);
                string(name, out);
            }
        }
        string(value, out);
    }
}

fn is_secret(name_index: u8, value: &[u8]) -> bool {
    SECRET >> name_index & 1 == 1 || (name_index == COOKIE && value.len() < SHORT_COOKIE)
}

/// Appends a string literal (§5.2), Huffman-coded if that is shorter.
fn string(text: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    // One octet says the length, unless the text is long; then its code is measured first.
    let short = text.len() < 0x7f;
    if short {
        out.push(0x80);
        huffman::encode(text, out);
        let coded_len = out.len() - start - 1;
        if coded_len < text.len()
            && let (Some(first), Ok(len)) = (out.get_mut(start), u8::try_from(coded_len))
        {
            *first |= len;
            return;
        }
        out.truncate(start);
    } else {
        let coded_len = huffman::encoded_len(text);
        if coded_len < text.len() {
            integer::encode(0x80, 7, coded_len, out);
            return huffman::encode(text, out);
        }
    }
    integer::encode(0x00, 7, text.len(), out);
    out.extend_from_slice(text);
}
