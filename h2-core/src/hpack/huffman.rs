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
    // The shortest code has five bits; a step writes two octets even where it found one.
    out.resize(start + coded.len() * 8 / 5 + 2, 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let decoded = Bits::new(coded).decode_into(room)?;
    out.truncate(start + decoded);
    Ok(())
}

/// What is left of a coded string.
struct Bits<'a> {
    /// The next bits, from the most significant one. Below the first `count` there may already be
    /// bits of `coded`, in their place.
    next: u64,
    /// Below 64.
    count: u32,
    coded: &'a [u8],
}

impl<'a> Bits<'a> {
    fn new(coded: &'a [u8]) -> Self {
        Self { next: 0, count: 0, coded }
    }

    /// Writes all symbols and gives their number.
    fn decode_into(mut self, room: &mut [u8]) -> Result<usize, DecodeError> {
        let mut written = 0;
        while let Some(&octets) = self.coded.first_chunk::<8>() {
            self.next |= u64::from_be_bytes(octets) >> self.count;
            let taken = (63 - self.count) >> 3;
            self.coded = self.coded.get(taken as usize..).unwrap_or_default();
            self.count |= 56;
            while self.count >= STEP_BITS {
                let step = self.peek();
                if step.count() == 0 {
                    if self.count < LONGEST {
                        break;
                    }
                    put(room, written, [self.long_symbol()?, 0]);
                    written += 1;
                } else {
                    put(room, written, step.symbols());
                    written += step.count();
                    self.skip(step.bits());
                }
            }
        }
        self.decode_tail(room, written)
    }

    /// Does the same once fewer than eight octets follow `next`.
    fn decode_tail(mut self, room: &mut [u8], mut written: usize) -> Result<usize, DecodeError> {
        loop {
            self.fill();
            if self.coded.is_empty() {
                // Reads as padding whatever is beyond the end.
                self.next |= u64::MAX >> self.count;
            }
            let step = self.peek();
            if step.count() > 0 && step.bits() <= self.count {
                put(room, written, step.symbols());
                written += step.count();
                self.skip(step.bits());
            } else if step.count() > 0 && step.first_bits() <= self.count {
                put(room, written, step.symbols());
                written += 1;
                self.skip(step.first_bits());
            } else if self.count < 8 {
                let padding = !(u64::MAX >> self.count);
                let valid = self.next & padding == padding;
                return if valid { Ok(written) } else { Err(DecodeError::HuffmanPadding) };
            } else if step.count() > 0 {
                return Err(DecodeError::HuffmanPadding);
            } else {
                put(room, written, [self.long_symbol()?, 0]);
                written += 1;
            }
        }
    }

    /// Takes octets one by one as long as there is room for them.
    #[inline]
    fn fill(&mut self) {
        while self.count < 56
            && let Some((&octet, rest)) = self.coded.split_first()
        {
            self.next |= u64::from(octet) << (56 - self.count);
            self.count += 8;
            self.coded = rest;
        }
    }

    #[inline]
    fn peek(&self) -> Step {
        let index = (self.next >> (64 - STEP_BITS)) as usize;
        STEPS.get(index).copied().unwrap_or(Step::NONE)
    }

    #[inline]
    fn skip(&mut self, bits: u32) {
        self.next <<= bits;
        self.count -= bits;
    }

    /// Takes a symbol whose code is longer than a step.
    #[cold]
    fn long_symbol(&mut self) -> Result<u8, DecodeError> {
        let [a, b, c, d, ..] = self.next.to_be_bytes();
        let window = u32::from_be_bytes([a, b, c, d]);
        for (length, row) in (0_u32..).zip(&ROWS).skip(STEP_BITS as usize + 1) {
            let place = (window >> (32 - length)).wrapping_sub(row.first);
            if place >= row.count {
                continue;
            }
            if length > self.count {
                // Eight ones and more, but not all of a code.
                return Err(DecodeError::HuffmanPadding);
            }
            self.skip(length);
            let symbol = SYMBOLS.get((row.offset + place) as usize).copied().unwrap_or(EOS);
            return u8::try_from(symbol).map_err(|_| DecodeError::HuffmanEos);
        }
        Err(DecodeError::HuffmanEos)
    }
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
