//! An independent implementation, the crate `hpack` 0.3, reads what we write and is read by us.

use h2_core::Fields;
use h2_core::hpack::{Decoder, Encoder};

use crate::properties::Random;
use crate::wire::{decode, encode};

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

const NAMES: [&str; 12] = [
    ":method",
    ":path",
    ":authority",
    ":status",
    "date",
    "cookie",
    "set-cookie",
    "user-agent",
    "x-request-id",
    "x-trace",
    "x",
    "content-type",
];
const VALUES: [&str; 8] =
    ["", "GET", "/", "200", "text/html; charset=utf-8", "~~~~", "\u{fc}\u{2603}", "0123456789"];

/// A list as a connection sends it: some fields recur, some change every time.
fn some_list(random: &mut Random) -> Pairs {
    let mut pairs = Pairs::new();
    for _ in 0..random.below(12) {
        let name = NAMES[random.below(NAMES.len())].as_bytes().to_vec();
        let mut value = VALUES[random.below(VALUES.len())].as_bytes().to_vec();
        if random.below(3) == 0 {
            value.extend(random.octets(40));
        }
        pairs.push((name, value));
    }
    pairs
}

fn pairs(fields: &Fields) -> Pairs {
    fields.iter().map(|field| (field.name.to_vec(), field.value.to_vec())).collect()
}

#[test]
fn what_we_encode_the_oracle_decodes_to_the_same() {
    let mut random = Random::new(1);
    for _ in 0..40 {
        let (mut encoder, mut oracle) = (Encoder::new(4096), hpack_oracle::Decoder::new());
        for _ in 0..50 {
            let list = some_list(&mut random);
            let block = encode(&mut encoder, &list.iter().cloned().collect());
            assert_eq!(oracle.decode(&block).unwrap(), list);
        }
    }
}

#[test]
fn what_the_oracle_encodes_we_decode_to_the_same() {
    let mut random = Random::new(2);
    for _ in 0..40 {
        let (mut oracle, mut decoder) = (hpack_oracle::Encoder::new(), Decoder::new(4096));
        for _ in 0..50 {
            let list = some_list(&mut random);
            let block = oracle.encode(list.iter().map(|(name, value)| (&name[..], &value[..])));
            assert_eq!(pairs(&decode(&mut decoder, &block).unwrap()), list);
        }
    }
}

#[test]
fn the_oracle_agrees_on_the_huffman_code_of_every_octet() {
    for octet in 0..=u8::MAX {
        // Surrounded by enough short codes to make coding worth while.
        let value = [&[b'a'; 40][..], &[octet, octet], &[b'e'; 40]].concat();
        let mut list = Fields::new();
        list.push("x", &value);
        let block = encode(&mut Encoder::new(4096), &list);
        assert!(block.len() < value.len());
        let decoded = hpack_oracle::Decoder::new().decode(&block).unwrap();
        assert_eq!(decoded, [(b"x".to_vec(), value)]);
        assert_eq!(decode(&mut Decoder::new(4096), &block).unwrap(), list);
    }
}

/// A peer that offers 4 GiB, then nothing, then 4,096 octets costs us no more than 4,096.
#[test]
fn the_oracle_stays_in_step_over_ten_thousand_blocks_with_changing_tables() {
    let mut random = Random::new(3);
    let (mut encoder, mut oracle) = (Encoder::new(4096), hpack_oracle::Decoder::new());
    for round in 0..10_000 {
        if round % 3 == 0 {
            for size in [u32::MAX as usize, 0, random.below(5_000)] {
                encoder.set_peer_table_size(size);
            }
        }
        let list = some_list(&mut random);
        let block = encode(&mut encoder, &list.iter().cloned().collect());
        assert_eq!(oracle.decode(&block).unwrap(), list);
        assert!(encoder.table_size() <= 4096);
    }
}
