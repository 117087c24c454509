//! The Huffman code of string literals (RFC 7541 §5.2): every octet is looked at once.

use super::DecodeError;
use super::huffman_tables::{CODES, Code, EOS, LONGEST, ROWS, STEP_BITS, STEPS, SYMBOLS, Step};

/// Octets that `text` takes when it is coded.
#[inline]
pub(super) fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|&octet| usize::from(code(octet).length)).sum();
    bits.div_ceil(8)
}

/// Appends `text`, coded and padded.
pub(super) fn encode(text: &[u8], out: &mut Vec<u8>) {
    // Invariant: of `codes` the low `pending` bits, fewer than 32, are yet to be written.
    let mut codes = 0_u64;
    let mut pending = 0_u32;
    for &octet in text {
        let Code { bits, length } = code(octet);
        codes = codes << length | u64::from(bits);
        pending += u32::from(length);
        if pending >= 32 {
            pending -= 32;
            let [.., a, b, c, d] = (codes >> pending).to_be_bytes();
            out.extend_from_slice(&[a, b, c, d]);
        }
    }
    // The padding is the start of EOS, which is all ones.
    let padded = codes << 32 | u64::from(u32::MAX);
    let [_, _, _, _, last @ ..] = (padded >> pending).to_be_bytes();
    let octets = pending.div_ceil(8) as usize;
    out.extend_from_slice(last.get(..octets).unwrap_or_default());
}

#[inline]
fn code(octet: u8) -> Code {
    CODES.get(usize::from(octet)).copied().unwrap_or(Code { bits: 0, length: 0 })
}

/// Appends the octets that `coded` stands for.
pub(super) fn decode(coded: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let start = out.len();
    // Enough: the shortest code has five bits, and a step writes two octets even if it found one.
    out.resize(start + coded.len() / 5 * 8 + 8, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let decoded = decode_into(coded, room)?;
    out.truncate(start + decoded);
    Ok(())
}

/// How many steps a window is good for: of its 64 bits at most seven are taken already.
const STEPS_A_WINDOW: u32 = 57 / STEP_BITS;

/// Writes all symbols and gives their number.
fn decode_into(coded: &[u8], room: &mut [u8]) -> Result<usize, DecodeError> {
    let mut written = 0;
    // Bits taken so far of the octets before `rest`, and beyond: below 64.
    let mut taken = 0;
    let mut rest = coded;
    loop {
        rest = rest.get(taken as usize / 8..).unwrap_or_default();
        taken %= 8;
        let Some(&octets) = rest.first_chunk::<8>() else { break };
        let mut window = u64::from_be_bytes(octets) << taken;
        for _ in 0..STEPS_A_WINDOW {
            let step = peek(window);
            if step.count() == 0 {
                // Such a code may need bits, or leave too few of them, that are not in the window.
                if taken <= 64 - LONGEST {
                    let (symbol, bits) = long_symbol(window);
                    let symbol = u8::try_from(symbol).map_err(|_| DecodeError::HuffmanEos)?;
                    put(room, written, [symbol, 0]);
                    written += 1;
                    taken += bits;
                }
                break;
            }
            put(room, written, step.symbols());
            written += step.count();
            window <<= step.bits();
            taken += step.bits();
        }
    }
    let left = (rest.len() * 8).saturating_sub(taken as usize);
    let left = u32::try_from(left).unwrap_or_default();
    decode_tail(last_window(coded, left), left, room, written)
}

/// The last `left` bits, fewer than 64, and then ones: beyond the end everything reads as padding.
#[inline]
fn last_window(coded: &[u8], left: u32) -> u64 {
    let last = match coded.last_chunk::<8>() {
        Some(&octets) => u64::from_be_bytes(octets),
        None => coded.iter().fold(0, |last, &octet| last << 8 | u64::from(octet)),
    };
    last.unbounded_shl(64 - left) | u64::MAX >> left
}

/// Does the same with the last `left` bits, fewer than 64, which stand first in `window`, before
/// nothing but ones.
fn decode_tail(
    mut window: u64,
    mut left: u32,
    room: &mut [u8],
    mut written: usize,
) -> Result<usize, DecodeError> {
    loop {
        let step = peek(window);
        let (symbols, count, bits) = if step.count() == 0 {
            if left <= STEP_BITS {
                break;
            }
            let (symbol, bits) = long_symbol(window);
            if bits > left {
                break;
            }
            ([u8::try_from(symbol).map_err(|_| DecodeError::HuffmanEos)?, 0], 1, bits)
        } else if step.bits() <= left {
            (step.symbols(), step.count(), step.bits())
        } else if step.first_bits() <= left {
            (step.symbols(), 1, step.first_bits())
        } else {
            break;
        };
        put(room, written, symbols);
        written += count;
        window = !(!window << bits);
        left -= bits;
    }
    // Of what is left no code could be made: it is ones, and fewer than eight of them, or wrong.
    if left < 8 && window == u64::MAX { Ok(written) } else { Err(DecodeError::HuffmanPadding) }
}

#[inline]
fn peek(window: u64) -> Step {
    let index = (window >> (64 - STEP_BITS)) as usize;
    STEPS.get(index).copied().unwrap_or(Step::NONE)
}

/// The symbol at the start of a window whose code is longer than a step, and its bits.
#[cold]
fn long_symbol(window: u64) -> (u16, u32) {
    let [a, b, c, d, ..] = window.to_be_bytes();
    let window = u32::from_be_bytes([a, b, c, d]);
    for (length, row) in (0_u32..).zip(&ROWS).skip(STEP_BITS as usize + 1) {
        let place = (window >> (32 - length)).wrapping_sub(row.first);
        if place < row.count {
            let symbol = SYMBOLS.get((row.offset + place) as usize).copied().unwrap_or(EOS);
            return (symbol, length);
        }
    }
    (EOS, LONGEST)
}

#[inline]
fn put(room: &mut [u8], at: usize, symbols: [u8; 2]) {
    if let Some(pair) = room.get_mut(at..at + 2) {
        pair.copy_from_slice(&symbols);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coded(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(text, &mut out);
        assert_eq!(out.len(), encoded_len(text));
        out
    }

    fn decoded(wire: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let mut out = b"before".to_vec();
        decode(wire, &mut out)?;
        assert_eq!(out.drain(..6).as_slice(), b"before");
        Ok(out)
    }

    #[test]
    fn strings_of_appendix_c_4_and_c_6_hold() {
        let host = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(coded(b"www.example.com"), host);
        assert_eq!(decoded(&host).unwrap(), b"www.example.com");
        assert_eq!(coded(b"302"), [0x64, 0x02]);
    }

    #[test]
    fn every_octet_survives_at_every_offset_and_length() {
        for octet in 0..=u8::MAX {
            for before in 0..9 {
                for after in [0, 1, 5, 20] {
                    let mut text = vec![b'1'; before];
                    text.extend([octet, octet]);
                    text.extend(vec![b'X'; after]);
                    assert_eq!(decoded(&coded(&text)).unwrap(), text);
                }
            }
        }
    }

    #[test]
    fn nothing_stands_for_nothing() {
        assert!(coded(b"").is_empty());
        assert!(decoded(b"").unwrap().is_empty());
    }

    #[test]
    fn padding_is_at_most_seven_ones() {
        assert_eq!(decoded(&[0x1f]).unwrap(), b"a");
        assert_eq!(decoded(&[0x1e]), Err(DecodeError::HuffmanPadding));
        assert_eq!(decoded(&[0x18]), Err(DecodeError::HuffmanPadding));
        assert_eq!(decoded(&[0x1f, 0xff]), Err(DecodeError::HuffmanPadding));
        assert_eq!(decoded(&[0xfe]), Err(DecodeError::HuffmanPadding));
        assert_eq!(decoded(&[0xff]), Err(DecodeError::HuffmanPadding));
        assert_eq!(decoded(&[0xff; 3]), Err(DecodeError::HuffmanPadding));
    }

    #[test]
    fn eos_is_refused_wherever_it_stands() {
        assert_eq!(decoded(&[0xff; 4]), Err(DecodeError::HuffmanEos));
        assert_eq!(decoded(&[0xff; 40]), Err(DecodeError::HuffmanEos));
        let mut wire = coded(b"0000000000000000");
        wire.extend([0xff; 4]);
        assert_eq!(decoded(&wire), Err(DecodeError::HuffmanEos));
    }
}
