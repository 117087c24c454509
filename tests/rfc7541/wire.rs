//! Blocks by hand, and one-line ways to code and decode them.

use h2_core::Fields;
use h2_core::hpack::{DecodeError, Decoded, Decoder, Encoder, ListLimits};

/// What the defaults of a connection allow.
pub(crate) const LIMITS: ListLimits =
    ListLimits { max_list_size: 65_536, max_fields: 1_000, hard_list_size: 262_144 };

/// Limits that nothing meets.
pub(crate) const UNLIMITED: ListLimits =
    ListLimits { max_list_size: usize::MAX, max_fields: usize::MAX, hard_list_size: usize::MAX };

/// Octets from hexadecimal digits; white space is for the reader.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.chars().filter_map(|digit| digit.to_digit(16)).collect();
    assert!(digits.len() % 2 == 0, "half an octet");
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

pub(crate) fn list(fields: &[(&str, &str)]) -> Fields {
    fields.iter().copied().collect()
}

/// The fields of one more block.
pub(crate) fn decode(decoder: &mut Decoder, block: &[u8]) -> Result<Fields, DecodeError> {
    decode_within(decoder, block, &LIMITS).map(|(fields, _)| fields)
}

pub(crate) fn decode_within(
    decoder: &mut Decoder,
    block: &[u8],
    limits: &ListLimits,
) -> Result<(Fields, Decoded), DecodeError> {
    let mut fields = Fields::new();
    let decoded = decoder.decode(block, limits, &mut fields)?;
    Ok((fields, decoded))
}

/// What a fresh decoder makes of a block in hexadecimal digits.
pub(crate) fn decode_first(digits: &str) -> Result<Fields, DecodeError> {
    decode(&mut Decoder::new(4096), &hex(digits))
}

pub(crate) fn encode(encoder: &mut Encoder, fields: &Fields) -> Vec<u8> {
    let mut block = Vec::new();
    encoder.encode(fields, &mut block);
    block
}
