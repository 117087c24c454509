//! Integers with a prefix (RFC 7541 §5.1): at most five continuation octets, at most 2^32-1.

use super::DecodeError;

const MAX_CONTINUATIONS: usize = 5;

/// Reads the integer whose prefix is the low `prefix_bits` bits (1 to 7) of `first` and gives
/// what follows it.
#[inline]
pub(super) fn decode(
    prefix_bits: u32,
    first: u8,
    rest: &[u8],
) -> Result<(u32, &[u8]), DecodeError> {
    let mask = (1_u32 << prefix_bits) - 1;
    let prefix = u32::from(first) & mask;
    if prefix < mask { Ok((prefix, rest)) } else { continuations(mask, rest) }
}

fn continuations(mask: u32, rest: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
    let mut value = u64::from(mask);
    for (count, &octet) in rest.iter().take(MAX_CONTINUATIONS).enumerate() {
        value += u64::from(octet & 0x7f) << (7 * count);
        if octet & 0x80 == 0 {
            let value = u32::try_from(value).map_err(|_| DecodeError::IntegerOverflow)?;
            return Ok((value, rest.get(count + 1..).unwrap_or_default()));
        }
    }
    // Not another octet is waited for once no legal integer can begin like this.
    let cut = rest.len() < MAX_CONTINUATIONS;
    Err(if cut { DecodeError::Truncated } else { DecodeError::IntegerOverflow })
}

/// Appends `value` with a prefix of `prefix_bits` bits (1 to 7), below the bits of `pattern`.
#[inline]
pub(super) fn encode(pattern: u8, prefix_bits: u32, value: usize, out: &mut Vec<u8>) {
    let mask = (1_u8 << prefix_bits) - 1;
    match u8::try_from(value) {
        Ok(small) if small < mask => out.push(pattern | small),
        _ => {
            out.push(pattern | mask);
            let mut left = value - usize::from(mask);
            while left >= 0x80 {
                let [low, ..] = left.to_le_bytes();
                out.push(low | 0x80);
                left >>= 7;
            }
            let [low, ..] = left.to_le_bytes();
            out.push(low);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(prefix_bits: u32, wire: &[u8]) -> Result<(u32, &[u8]), DecodeError> {
        decode(prefix_bits, wire[0], &wire[1..])
    }

    fn written(prefix_bits: u32, value: usize) -> Vec<u8> {
        let mut out = Vec::new();
        encode(0, prefix_bits, value, &mut out);
        out
    }

    #[test]
    fn the_examples_of_appendix_c_1_hold() {
        assert_eq!(written(5, 10), [0x0a]);
        assert_eq!(read(5, &[0x0a]), Ok((10, &[][..])));
        assert_eq!(written(5, 1337), [0x1f, 0x9a, 0x0a]);
        assert_eq!(read(5, &[0xff, 0x9a, 0x0a, 0x55]), Ok((1337, &[0x55][..])));
    }

    #[test]
    fn what_is_written_reads_back_at_every_boundary() {
        let edges = [0, 1, 14, 15, 16, 30, 31, 62, 63, 126, 127, 128, 254, 255, 256, 16_510];
        for value in edges.into_iter().chain([u32::MAX as usize - 1, u32::MAX as usize]) {
            for prefix_bits in 4..=7 {
                let wire = written(prefix_bits, value);
                assert_eq!(read(prefix_bits, &wire), Ok((u32::try_from(value).unwrap(), &[][..])));
            }
        }
    }

    #[test]
    fn the_largest_integer_is_the_last_one_accepted() {
        assert_eq!(read(7, &[0x7f, 0x80, 0xff, 0xff, 0xff, 0x0f]), Ok((u32::MAX, &[][..])));
        let above = [0x7f, 0x81, 0xff, 0xff, 0xff, 0x0f];
        assert_eq!(read(7, &above), Err(DecodeError::IntegerOverflow));
    }

    #[test]
    fn five_continuation_octets_are_the_most() {
        assert_eq!(read(7, &[0x7f, 0x80, 0x80, 0x80, 0x80, 0x00]), Ok((127, &[][..])));
        let six = [0x7f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00];
        assert_eq!(read(7, &six), Err(DecodeError::IntegerOverflow));
        assert_eq!(read(7, &six[..6]), Err(DecodeError::IntegerOverflow));
        assert_eq!(read(7, &six[..5]), Err(DecodeError::Truncated));
        assert_eq!(read(7, &six[..1]), Err(DecodeError::Truncated));
    }
}
