//! The Huffman code of string literals (RFC 7541 §5.2): every octet is looked at once.

use super::DecodeError;
use super::huffman_tables::{
    CODES, Code, EOS, LONGEST, ROWS, STEP_BITS, STEPS, SYMBOLS, Step, Sum,
};

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
    // Enough: the shortest code has five bits, and a walk writes eight octets whatever it found.
    out.resize(start + coded.len() + coded.len() / 5 * 3 + 3 + 8, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let decoded = decode_into(coded, room)?;
    out.truncate(start + decoded);
    Ok(())
}

/// How many steps a window is good for if one more is to be made from what it leaves: of its 64
/// bits at most seven are taken already.
const STEPS_A_WINDOW: u32 = 57 / STEP_BITS - 1;

/// How many steps fill the eight octets that are written at once.
const STEPS_A_WORD: u32 = 4;

/// Writes all symbols and gives their number.
///
/// The end of the string is not looked for. Beyond it everything reads as ones, and so does the
/// padding: no code of a step is made of ones, so that a step finds nothing there, and one that
/// reaches beyond the end has found padding that is wrong.
fn decode_into(coded: &[u8], room: &mut [u8]) -> Result<usize, DecodeError> {
    let (mut rest, mut taken) = (coded, 0);
    let mut free = room;
    let most = free.len();
    if let Some(&first) = rest.first_chunk() {
        let mut window = flipped(first);
        while let Some((&octets, [_, ..])) = rest.split_first_chunk() {
            // The first step does not wait for this load: the last window has bits left for it.
            let walk = walk::<STEPS_A_WINDOW>(window, flipped(octets) << taken);
            free = put(free, walk.symbols, walk.found.count());
            taken += walk.found.bits();
            window = walk.window;
            if walk.stuck {
                let (symbol, length) = long_symbol(rest, taken)?;
                free = put(free, u64::from(symbol), 1);
                taken += length;
                window = flipped_tail(rest, taken);
            }
            // Nothing reaches beyond nine octets. A branch, for the next load not to wait for it.
            let Some(after) = rest.get(taken / 8..) else { break };
            (rest, taken) = (after, taken % 8);
        }
    }
    // Most strings are no longer than this from the start: one load, and no more of them.
    let bits = rest.len() * 8;
    let mut window = flipped_tail(rest, taken);
    loop {
        let walk = walk::<STEPS_A_WORD>(window, window);
        free = put(free, walk.symbols, walk.found.count());
        taken += walk.found.bits();
        window = walk.window;
        if walk.stuck {
            let left = bits.checked_sub(taken).ok_or(DecodeError::HuffmanPadding)?;
            if left < 8 {
                let good = window == 0;
                return if good { Ok(most - free.len()) } else { Err(DecodeError::HuffmanPadding) };
            }
            let (symbol, length) = long_symbol(rest, taken)?;
            free = put(free, u64::from(symbol), 1);
            taken += length;
            window = flipped_tail(rest, taken);
        }
    }
}

/// Some steps in a row.
struct Walk {
    /// What was found, the first symbol in the least significant octet.
    symbols: u64,
    found: Sum,
    /// What is left of the window.
    window: u64,
    /// The last step found nothing.
    stuck: bool,
}

/// Makes so many steps, the first of them from what stands first in `first`, as it does in
/// `window`. It does not look whether they find something: a step that does not stands still, and
/// so do those after it. Testing each of them made strings cost a quarter more.
#[inline]
fn walk<const STEPS: u32>(first: u64, mut window: u64) -> Walk {
    let mut step = peek(first);
    let (mut symbols, mut found) = (0, Sum::default());
    for left in (0..STEPS).rev() {
        symbols |= step.symbols() << found.shift();
        found.add(step);
        window <<= step.bits();
        if left > 0 {
            step = peek(window);
        }
    }
    Walk { symbols, found, window, stuck: step.is_none() }
}

/// Eight octets, flipped so that a shift brings in what reads as ones.
#[inline]
fn flipped(octets: [u8; 8]) -> u64 {
    !u64::from_be_bytes(octets)
}

/// The bits after the first `taken`, at most 64 of them, flipped, in the place of the most
/// significant ones.
#[inline]
fn flipped_tail(coded: &[u8], taken: usize) -> u64 {
    if let Some(&octets) = coded.get(taken / 8..).and_then(<[u8]>::first_chunk) {
        return flipped(octets) << (taken % 8);
    }
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

/// The symbol after the first `taken` bits, whose code is longer than a step, and its bits.
#[cold]
fn long_symbol(coded: &[u8], taken: usize) -> Result<(u8, usize), DecodeError> {
    let left = (coded.len() * 8).saturating_sub(taken);
    let [a, b, c, d, ..] = (!flipped_tail(coded, taken)).to_be_bytes();
    let window = u32::from_be_bytes([a, b, c, d]);
    let mut rows = (0_u32..).zip(&ROWS).skip(STEP_BITS as usize + 1);
    let found = rows.find_map(|(length, row)| {
        let place = (window >> (32 - length)).wrapping_sub(row.first);
        let symbol = || SYMBOLS.get((row.offset + place) as usize).copied().unwrap_or(EOS);
        (place < row.count).then(|| (symbol(), length))
    });
    let (symbol, length) = found.unwrap_or((EOS, LONGEST));
    if length as usize > left {
        return Err(DecodeError::HuffmanPadding);
    }
    let symbol = u8::try_from(symbol).map_err(|_| DecodeError::HuffmanEos)?;
    Ok((symbol, length as usize))
}

/// Writes symbols and gives the room behind so many of them.
#[inline]
fn put(room: &mut [u8], symbols: u64, count: usize) -> &mut [u8] {
    if let Some(word) = room.first_chunk_mut() {
        *word = symbols.to_le_bytes();
    }
    room.get_mut(count..).unwrap_or_default()
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
