//! Every way in which a header block can break RFC 7541 has one name here.

use std::fmt;

/// Why a header block could not be decoded.
///
/// All of these are connection errors. [`ListTooLarge`](Self::ListTooLarge) breaks a limit of
/// ours, the others a rule of RFC 7541.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeError {
    /// An integer has more than five continuation octets or is above 2^32-1 (§5.1).
    IntegerOverflow,
    /// The block ends inside an integer, or a string is longer than what is left of it.
    Truncated,
    /// A field refers to index 0 (§6.1).
    IndexZero,
    /// A field refers to an index beyond both tables (§2.3.3).
    IndexBeyondTable,
    /// A Huffman-coded string ends in more than seven bits of padding, or in bits that are not
    /// the start of EOS (§5.2).
    HuffmanPadding,
    /// A Huffman-coded string contains EOS (§5.2).
    HuffmanEos,
    /// A size update goes beyond SETTINGS_HEADER_TABLE_SIZE (§6.3).
    SizeUpdateTooLarge,
    /// A size update follows a field (§4.2).
    SizeUpdateNotAtStart,
    /// The first block after an acknowledged reduction does not begin with an update to the
    /// reduced size or less (§4.2, RFC 9113 §4.3.1).
    SizeUpdateMissing,
    /// The list is beyond [`ListLimits::hard_list_size`](super::ListLimits::hard_list_size).
    ListTooLarge,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IntegerOverflow => "integer too large or too long",
            Self::Truncated => "header block ends inside a field",
            Self::IndexZero => "field refers to index 0",
            Self::IndexBeyondTable => "field refers to an index beyond the tables",
            Self::HuffmanPadding => "bad padding of a Huffman-coded string",
            Self::HuffmanEos => "EOS in a Huffman-coded string",
            Self::SizeUpdateTooLarge => "table size update beyond the limit",
            Self::SizeUpdateNotAtStart => "table size update after a field",
            Self::SizeUpdateMissing => "no table size update after a reduction",
            Self::ListTooLarge => "header list beyond the hard limit",
        })
    }
}

impl std::error::Error for DecodeError {}
