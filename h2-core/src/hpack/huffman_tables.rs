//! Everything the Huffman coder looks up, computed by the compiler from the lengths of the codes.
//!
//! The code of RFC 7541 appendix B is canonical: ordered by length and then by symbol, each code
//! is the one before it plus one. So the lengths say it all.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "all of this runs in the compiler, where a wrong index is a compile error"
)]

/// The symbol that ends a string and never stands in one.
pub(super) const EOS: u16 = 256;

/// Bits of the longest code.
pub(super) const LONGEST: u32 = 30;

/// Length in bits of the code of each octet, and of EOS.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, //
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, //
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, //
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, //
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, //
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, //
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, //
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, //
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, //
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, //
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, //
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30,
];

/// A code, aligned to its least significant bit, and its length.
#[derive(Clone, Copy)]
pub(super) struct Code {
    pub(super) bits: u32,
    pub(super) length: u8,
}

/// The code of each octet.
pub(super) static CODES: [Code; 256] = codes();

/// The codes of one length.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// The smallest code of this length.
    pub(super) first: u32,
    /// How many codes there are.
    pub(super) count: u32,
    /// Where their symbols start in [`SYMBOLS`].
    pub(super) offset: u32,
}

/// For each length of a code the codes that have it.
pub(super) static ROWS: [Row; LONGEST as usize + 1] = rows();

/// The symbols in the order of their codes.
pub(super) static SYMBOLS: [u16; 257] = symbols();

/// How many bits the decoder looks up at once.
pub(super) const STEP_BITS: u32 = 12;

const STEPS_LEN: usize = 1 << STEP_BITS;

/// What the next [`STEP_BITS`] bits of a string say: one symbol or two, when their codes fit.
///
/// From the least significant bit: six bits for the bits of all codes; seven for eight times the
/// number of symbols, 0 when no code fits; an octet for each symbol. Both numbers can be shifted
/// by as they are, and added up for a few steps without taking them apart.
#[derive(Clone, Copy)]
pub(super) struct Step(u32);

const SYMBOLS_AT: u32 = 13;
const COUNT_AT: u32 = 6;

impl Step {
    /// No code fits.
    pub(super) const NONE: Self = Self(0);

    /// The symbols, the first in the least significant octet.
    #[inline]
    pub(super) fn symbols(self) -> u64 {
        u64::from(self.0 >> SYMBOLS_AT)
    }

    /// Bits of all its codes.
    #[inline]
    pub(super) fn bits(self) -> u32 {
        self.0 & 0x3f
    }

    #[inline]
    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }
}

/// Bits and symbols of at most four steps together, added up where they stand in [`Step`].
#[derive(Clone, Copy, Default)]
pub(super) struct Sum(u32);

impl Sum {
    #[inline]
    pub(super) fn add(&mut self, step: Step) {
        // What becomes of the symbols is of no interest: they stand above the numbers.
        self.0 = self.0.wrapping_add(step.0);
    }

    /// Bits of all codes.
    #[inline]
    pub(super) fn bits(self) -> usize {
        (self.0 & 0x3f) as usize
    }

    /// How many symbols there are.
    #[inline]
    pub(super) fn count(self) -> usize {
        (self.0 >> (COUNT_AT + 3) & 0xf) as usize
    }

    /// How far to shift what comes behind so many symbols, if they are fewer than eight.
    #[inline]
    pub(super) fn shift(self) -> u32 {
        self.0 >> COUNT_AT & 0x3f
    }
}

/// The step for each value of the flipped bits.
pub(super) static STEPS: [Step; STEPS_LEN] = steps();

const fn rows() -> [Row; LONGEST as usize + 1] {
    let mut rows = [Row { first: 0, count: 0, offset: 0 }; LONGEST as usize + 1];
    let mut symbol = 0;
    while symbol < LENGTHS.len() {
        rows[LENGTHS[symbol] as usize].count += 1;
        symbol += 1;
    }
    let mut length = 1;
    while length < rows.len() {
        let shorter = rows[length - 1];
        rows[length].first = (shorter.first + shorter.count) << 1;
        rows[length].offset = shorter.offset + shorter.count;
        length += 1;
    }
    rows
}

const fn codes() -> [Code; 256] {
    let mut rows = rows();
    let mut codes = [Code { bits: 0, length: 0 }; 256];
    let mut symbol = 0;
    while symbol < 256 {
        let length = LENGTHS[symbol];
        codes[symbol] = Code { bits: rows[length as usize].first, length };
        rows[length as usize].first += 1;
        symbol += 1;
    }
    codes
}

const fn symbols() -> [u16; 257] {
    let mut rows = rows();
    let mut symbols = [0; 257];
    let mut symbol = 0;
    while symbol < LENGTHS.len() {
        let row = &mut rows[LENGTHS[symbol] as usize];
        symbols[row.offset as usize] = symbol as u16;
        row.offset += 1;
        symbol += 1;
    }
    symbols
}

/// For each value of [`STEP_BITS`] bits the octet whose code stands first in it and the length of
/// that code; length 0 when the code is longer.
const fn first_symbols() -> [(u8, u32); STEPS_LEN] {
    let codes = codes();
    let mut table = [(0, 0); STEPS_LEN];
    let mut symbol = 0;
    while symbol < 256 {
        let Code { bits, length } = codes[symbol];
        let length = length as u32;
        if length <= STEP_BITS {
            let unused = STEP_BITS - length;
            let mut filler = 0;
            while filler < 1 << unused {
                table[((bits << unused) | filler) as usize] = (symbol as u8, length);
                filler += 1;
            }
        }
        symbol += 1;
    }
    table
}

const fn steps() -> [Step; STEPS_LEN] {
    let firsts = first_symbols();
    let mut steps = [Step(0); STEPS_LEN];
    let mut index = 0;
    while index < STEPS_LEN {
        let (first, first_bits) = firsts[index];
        if first_bits > 0 {
            let (second, second_bits) = firsts[(index << first_bits) % STEPS_LEN];
            let both = second_bits > 0 && first_bits + second_bits <= STEP_BITS;
            let (second, bits, count) =
                if both { (second, first_bits + second_bits, 2) } else { (0, first_bits, 1) };
            let symbols = first as u32 | (second as u32) << 8;
            steps[STEPS_LEN - 1 - index] =
                Step(bits | (8 * count) << COUNT_AT | symbols << SYMBOLS_AT);
        }
        index += 1;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_appendix_b() {
        let expected = [
            (0, 0x1ff8, 13),
            (1, 0x7f_ffd8, 23),
            (10, 0x3fff_fffc, 30),
            (b'0', 0x0, 5),
            (b'/', 0x18, 6),
            (b'a', 0x3, 5),
            (b'z', 0x7b, 7),
            (b'\\', 0x7_fff0, 19),
            (128, 0xf_ffe6, 20),
            (255, 0x3ff_ffee, 26),
        ];
        for (symbol, bits, length) in expected {
            let code = CODES[usize::from(symbol)];
            assert_eq!((code.bits, code.length), (bits, length), "symbol {symbol}");
        }
    }

    #[test]
    fn the_code_is_complete_and_its_last_word_is_eos() {
        let taken: u64 = LENGTHS.iter().map(|&length| 1 << (LONGEST - u32::from(length))).sum();
        assert_eq!(taken, 1 << LONGEST);
        assert_eq!(SYMBOLS[256], EOS);
        let last = ROWS[LONGEST as usize];
        assert_eq!(last.first + last.count, 1 << LONGEST);
    }
}
