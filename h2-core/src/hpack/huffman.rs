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

/// How many steps a window is good for if one more is to be made from what it leaves: of its 64
/// bits at most seven are taken already.
const STEPS_A_WINDOW: u32 = 57 / STEP_BITS - 1;

/// Writes all symbols and gives their number.
///
/// The end of the string is not looked for. Beyond it everything reads as ones, and so does the
/// padding: no code of a step is made of ones, so that a step finds nothing there, and one that
/// reaches beyond the end has found padding that is wrong.
fn decode_into(coded: &[u8], room: &mut [u8]) -> Result<usize, DecodeError> {
    let (mut written, mut taken) = (0, 0_usize);
    let mut flipped = flipped_window(coded, taken);
    loop {
        // The first step does not wait for this load: the last window has bits left for it.
        let mut next = flipped_window(coded, taken);
        let mut steps = 0;
        while steps < STEPS_A_WINDOW {
            let step = peek(flipped);
            if step.count() == 0 {
                break;
            }
            put(room, written, step.symbols());
            written += step.count();
            next <<= step.bits();
            taken += step.bits() as usize;
            flipped = next;
            steps += 1;
        }
        if steps == STEPS_A_WINDOW {
            continue;
        }
        let left = (coded.len() * 8).checked_sub(taken).ok_or(DecodeError::HuffmanPadding)?;
        if left < 8 {
            return if flipped == 0 { Ok(written) } else { Err(DecodeError::HuffmanPadding) };
        }
        let (symbol, bits) = long_symbol(!flipped_window(coded, taken));
        if bits as usize > left {
            return Err(DecodeError::HuffmanPadding);
        }
        let symbol = u8::try_from(symbol).map_err(|_| DecodeError::HuffmanEos)?;
        put(room, written, [symbol, 0]);
        written += 1;
        taken += bits as usize;
        flipped = flipped_window(coded, taken);
    }
}

/// The bits after the first `taken`, at least 57 if there are so many, in the place of the most
/// significant ones and flipped, so that a shift brings in what reads as ones.
#[inline]
fn flipped_window(coded: &[u8], taken: usize) -> u64 {
    let (octets, bits) = (taken / 8, taken % 8);
    match coded.get(octets..).and_then(<[u8]>::first_chunk::<8>) {
        Some(&octets) => !u64::from_be_bytes(octets) << bits,
        None => flipped_tail(coded, taken),
    }
}

/// The same where fewer than eight octets are left.
#[inline]
fn flipped_tail(coded: &[u8], taken: usize) -> u64 {
    let last = if let Some(&octets) = coded.last_chunk::<8>() {
        u64::from_be_bytes(octets)
    } else if let (Some(&first), Some(&last)) = (coded.first_chunk::<4>(), coded.last_chunk::<4>())
    {
        let (first, last) = (u32::from_be_bytes(first), u32::from_be_bytes(last));
        // They may overlap, and agree where they do.
        u64::from(first) << (coded.len() * 8 - 32) | u64::from(last)
    } else {
        coded.iter().fold(0, |last, &octet| last << 8 | u64::from(octet))
    };
    let unwanted = 64_usize.saturating_sub((coded.len() * 8).saturating_sub(taken));
    (!last).unbounded_shl(u32::try_from(unwanted).unwrap_or(64))
}

#[inline]
fn peek(flipped: u64) -> Step {
    let index = (flipped >> (64 - STEP_BITS)) as usize;
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
