//! The examples of RFC 7541 appendix C, octet for octet.
//!
//! Our encoder writes what C.4 shows. C.3, C.5 and C.6 show choices that it does not make (no
//! Huffman code; Huffman code where it saves nothing; `location` and `set-cookie` indexed), so
//! there what it writes is only decoded again.

use h2_core::Fields;
use h2_core::hpack::{Decoder, Encoder};

use crate::wire::{decode, decode_first, encode, hex, list};

/// A block, the list that it stands for, and the size of the table after it.
type Example = (&'static str, &'static [(&'static str, &'static str)], usize);

fn assert_decodes(table_size: usize, examples: &[Example]) {
    let mut decoder = Decoder::new(table_size);
    for (digits, fields, size) in examples {
        assert_eq!(decode(&mut decoder, &hex(digits)).unwrap(), list(fields));
        assert_eq!(decoder.table_size(), *size);
    }
}

fn assert_survives(table_size: usize, examples: &[Example]) {
    let (mut encoder, mut decoder) = (Encoder::new(table_size), Decoder::new(4096));
    for (_, fields, _) in examples {
        let block = encode(&mut encoder, &list(fields));
        assert_eq!(decode(&mut decoder, &block).unwrap(), list(fields));
        assert_eq!(decoder.table_size(), encoder.table_size());
    }
}

/// C.1.1: 10 with a 5-bit prefix, here the size of a table.
#[test]
fn ten_fits_a_prefix_of_five_bits() {
    let mut encoder = Encoder::new(10);
    assert_eq!(encode(&mut encoder, &Fields::new()), hex("2a"));
    assert!(decode_first("2a").unwrap().is_empty());
}

/// C.1.2: 1337 with a 5-bit prefix.
#[test]
fn thirteen_thirty_seven_takes_two_octets_beyond_a_prefix_of_five_bits() {
    let mut encoder = Encoder::new(1337);
    assert_eq!(encode(&mut encoder, &Fields::new()), hex("3f 9a 0a"));
    let mut decoder = Decoder::new(1337);
    assert!(decode(&mut decoder, &hex("3f 9a 0a")).unwrap().is_empty());
    let mut smaller = Decoder::new(1336);
    assert!(decode(&mut smaller, &hex("3f 9a 0a")).is_err());
}

/// C.1.3: 42 fills part of a prefix. HPACK has no prefix of eight bits; the widest has seven.
#[test]
fn forty_two_fits_a_prefix_of_seven_bits() {
    let fields = decode_first("aa").unwrap();
    assert_eq!(fields, list(&[("if-range", "")]));
    assert_eq!(encode(&mut Encoder::new(4096), &fields), hex("aa"));
}

const C_2_1: &str = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
const C_2_3: &str = "1008 7061 7373 776f 7264 0673 6563 7265 74";

#[test]
fn c_2_1_a_literal_with_indexing_enters_the_table() {
    assert_decodes(4096, &[(C_2_1, &[("custom-key", "custom-header")], 55)]);
}

#[test]
fn c_2_2_a_literal_without_indexing_does_not() {
    let block = "040c 2f73 616d 706c 652f 7061 7468";
    assert_decodes(4096, &[(block, &[(":path", "/sample/path")], 0)]);
    let coded = encode(&mut Encoder::new(4096), &list(&[(":path", "/sample/path")]));
    // The same representation; the value is shorter with the Huffman code.
    assert_eq!(coded, hex("04 89 61 03 a6 ba 0a c5 63 4c ff"));
}

#[test]
fn c_2_3_a_literal_never_indexed_does_not_and_says_so() {
    let mut decoder = Decoder::new(4096);
    let fields = decode(&mut decoder, &hex(C_2_3)).unwrap();
    let mut expected = Fields::new();
    expected.push_sensitive("password", "secret");
    assert_eq!(fields, expected);
    assert_eq!(decoder.table_size(), 0);
    let coded = encode(&mut Encoder::new(4096), &fields);
    assert_eq!(coded[0], 0x10);
    assert_eq!(decode(&mut Decoder::new(4096), &coded).unwrap(), expected);
}

#[test]
fn c_2_4_an_indexed_field_is_one_octet() {
    assert_decodes(4096, &[("82", &[(":method", "GET")], 0)]);
    assert_eq!(encode(&mut Encoder::new(4096), &list(&[(":method", "GET")])), hex("82"));
}

const REQUEST_1: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];
const REQUEST_2: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "http"),
    (":path", "/"),
    (":authority", "www.example.com"),
    ("cache-control", "no-cache"),
];
const REQUEST_3: &[(&str, &str)] = &[
    (":method", "GET"),
    (":scheme", "https"),
    (":path", "/index.html"),
    (":authority", "www.example.com"),
    ("custom-key", "custom-value"),
];

const C_3: [Example; 3] = [
    ("8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", REQUEST_1, 57),
    ("8286 84be 5808 6e6f 2d63 6163 6865", REQUEST_2, 110),
    ("8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65", REQUEST_3, 164),
];

const C_4: [Example; 3] = [
    ("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", REQUEST_1, 57),
    ("8286 84be 5886 a8eb 1064 9cbf", REQUEST_2, 110),
    ("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", REQUEST_3, 164),
];

#[test]
fn c_3_requests_without_huffman_code() {
    assert_decodes(4096, &C_3);
}

#[test]
fn c_4_requests_with_huffman_code_in_both_directions() {
    assert_decodes(4096, &C_4);
    let mut encoder = Encoder::new(4096);
    for (digits, fields, size) in C_4 {
        assert_eq!(encode(&mut encoder, &list(fields)), hex(digits));
        assert_eq!(encoder.table_size(), size);
    }
}

const COOKIE: &str = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const RESPONSE_1: &[(&str, &str)] = &[
    (":status", "302"),
    ("cache-control", "private"),
    ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
    ("location", "https://www.example.com"),
];
const RESPONSE_2: &[(&str, &str)] = &[
    (":status", "307"),
    ("cache-control", "private"),
    ("date", "Mon, 21 Oct 2013 20:13:21 GMT"),
    ("location", "https://www.example.com"),
];
const RESPONSE_3: &[(&str, &str)] = &[
    (":status", "200"),
    ("cache-control", "private"),
    ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
    ("location", "https://www.example.com"),
    ("content-encoding", "gzip"),
    ("set-cookie", COOKIE),
];

const C_5: [Example; 3] = [
    (
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133
         2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70
         6c65 2e63 6f6d",
        RESPONSE_1,
        222,
    ),
    ("4803 3330 37c1 c0bf", RESPONSE_2, 222),
    (
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d
         54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049
         5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e
         3d31",
        RESPONSE_3,
        215,
    ),
];

const C_6: [Example; 3] = [
    (
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6
         2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        RESPONSE_1,
        222,
    ),
    ("4883 640e ffc1 c0bf", RESPONSE_2, 222),
    (
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab
         77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f
         9587 3160 65c0 03ed 4ee5 b106 3d50 07",
        RESPONSE_3,
        215,
    ),
];

#[test]
fn c_5_responses_without_huffman_code_evict_entries() {
    assert_decodes(256, &C_5);
    assert_survives(256, &C_5);
}

#[test]
fn c_6_responses_with_huffman_code_evict_entries() {
    assert_decodes(256, &C_6);
    assert_survives(256, &C_6);
}
