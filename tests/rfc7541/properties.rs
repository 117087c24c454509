//! What holds for all lists, all changes of the table and all octets.

use h2_core::Fields;
use h2_core::hpack::{Decoder, Encoder};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::wire::{LIMITS, UNLIMITED, decode_within, encode};

/// Xorshift: the same sequence everywhere.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % end
    }

    pub(crate) fn octet(&mut self) -> u8 {
        u8::try_from(self.next() >> 56).unwrap()
    }

    /// Fewer than `end` octets.
    pub(crate) fn octets(&mut self, end: usize) -> Vec<u8> {
        (0..self.below(end)).map(|_| self.octet()).collect()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Block(Vec<(Vec<u8>, Vec<u8>, bool)>),
    TableSize(usize),
    Trim,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![
            ":method", ":path", ":status", "cookie", "authorization", "etag", "age", "date", "via",
            "x-a", "x-b", "x-c",
        ]).prop_map(|name| name.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..40),
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec!["", "GET", "/", "200", "a", "bb", "no-cache"])
            .prop_map(|value| value.as_bytes().to_vec()),
        2 => "[ -~]{0,60}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..300),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let field = (name(), value(), prop::bool::weighted(0.1));
    prop_oneof![
        6 => vec(field, 0..12).prop_map(Step::Block),
        2 => prop_oneof![Just(0), 0..600_usize, 0..5_000_usize].prop_map(Step::TableSize),
        1 => Just(Step::Trim),
    ]
}

proptest! {
    #[test]
    fn every_list_survives_whatever_happens_to_the_table(
        cap in prop_oneof![Just(4096_usize), 0..6_000_usize],
        steps in vec(step(), 1..40),
    ) {
        let (mut encoder, mut decoder) = (Encoder::new(cap), Decoder::new(4096));
        for step in steps {
            match step {
                Step::Block(list) => {
                    let mut fields = Fields::new();
                    for (name, value, sensitive) in &list {
                        if *sensitive {
                            fields.push_sensitive(name, value);
                        } else {
                            fields.push(name, value);
                        }
                    }
                    let block = encode(&mut encoder, &fields);
                    let (decoded, told) = decode_within(&mut decoder, &block, &UNLIMITED).unwrap();
                    prop_assert_eq!(decoded.len(), fields.len());
                    for (left, right) in decoded.iter().zip(&fields) {
                        prop_assert_eq!((left.name, left.value), (right.name, right.value));
                        prop_assert!(left.sensitive || !right.sensitive);
                    }
                    prop_assert_eq!(told.list_size, fields.list_size());
                    prop_assert_eq!(encoder.table_size(), decoder.table_size());

                    // What was decoded, with the indices of its names, is as good a source.
                    let again = encode(&mut Encoder::new(4096), &decoded);
                    prop_assert_eq!(again, encode(&mut Encoder::new(4096), &plain(&decoded)));
                }
                Step::TableSize(size) => {
                    encoder.set_peer_table_size(size);
                    decoder.set_max_table_size(size);
                }
                Step::Trim => {
                    encoder.trim();
                    decoder.trim();
                }
            }
        }
    }

    #[test]
    fn no_octets_make_a_list_beyond_its_limits(
        blocks in vec(vec(any::<u8>(), 0..200), 1..8),
        max_list_size in 0..500_usize,
        max_fields in 0..10_usize,
    ) {
        let limits = h2_core::hpack::ListLimits { max_list_size, max_fields, hard_list_size: 2_000 };
        let mut decoder = Decoder::new(4096);
        for block in blocks {
            let mut fields = Fields::new();
            let told = decoder.decode(&block, &limits, &mut fields);
            prop_assert!(fields.list_size() <= max_list_size);
            prop_assert!(fields.len() <= max_fields);
            prop_assert!(decoder.table_size() <= 4096);
            let Ok(told) = told else { break };
            prop_assert!(told.list_size <= 2_000);
            prop_assert_eq!(told.too_large, told.fields > fields.len());
        }
    }
}

/// The same fields without the indices of their names.
fn plain(fields: &Fields) -> Fields {
    let mut plain = Fields::new();
    for field in fields {
        if field.sensitive {
            plain.push_sensitive(field.name, field.value);
        } else {
            plain.push(field.name, field.value);
        }
    }
    plain
}

#[test]
fn a_million_random_blocks_do_no_harm() {
    let mut random = Random::new(4);
    let mut fields = Fields::new();
    for _ in 0..250_000 {
        let mut decoder = Decoder::new(4096);
        for _ in 0..4 {
            let block = random.octets(40);
            fields.clear();
            let told = decoder.decode(&block, &LIMITS, &mut fields);
            assert!(decoder.table_size() <= 4096);
            if let Ok(told) = told {
                assert_eq!((told.fields, told.list_size), (fields.len(), fields.list_size()));
            }
        }
    }
}

#[test]
fn a_million_valid_blocks_with_one_change_do_no_harm() {
    let mut random = Random::new(5);
    let mut valid = Vec::new();
    let mut encoder = Encoder::new(4096);
    for round in 0..16_usize {
        let mut list = Fields::new();
        list.push(":method", "GET");
        list.push(":path", format!("/{}", round % 5));
        list.push("user-agent", "Mozilla/5.0 (X11; Linux x86_64)");
        list.push("x-number", (round % 3).to_string());
        list.push("x-octets", [0xff; 9]);
        encoder.set_peer_table_size(4096 - round);
        valid.push(encode(&mut encoder, &list));
    }
    let mut fields = Fields::new();
    for _ in 0..62_500 {
        let mut decoder = Decoder::new(4096);
        for block in &valid {
            let mut block = block.clone();
            let at = random.below(block.len());
            match random.below(4) {
                0 => block[at] ^= 1 << random.below(8),
                1 => block[at] = random.octet(),
                2 => block.insert(at, random.octet()),
                _ => block.truncate(at),
            }
            fields.clear();
            let _ = decoder.decode(&block, &LIMITS, &mut fields);
            assert!(decoder.table_size() <= 4096);
        }
    }
}
