//! One test for each sentence of RFC 7541 that an endpoint can break, on octets by hand.

use h2_core::Fields;
use h2_core::hpack::{DecodeError, Decoder, Encoder, ListLimits};

use crate::wire::{LIMITS, decode, decode_first, decode_within, encode, hex, list};

// §2.3.3, §6.1: indices

/// "Indices strictly greater than the sum of the lengths of both tables MUST be treated as a
/// decoding error." (§2.3.3)
#[test]
fn an_index_beyond_both_tables_is_an_error() {
    let error = Err(DecodeError::IndexBeyondTable);
    assert_eq!(decode_first("be"), error);
    assert_eq!(decode_first("7e 01 61"), error);
    assert_eq!(decode_first("0f 2f 01 61"), error);
    assert_eq!(decode_first("1f 2f 01 61"), error);
    assert_eq!(decode_first("40 01 61 01 62 bf"), error);
    assert_eq!(decode_first("40 01 61 01 62 be"), Ok(list(&[("a", "b"), ("a", "b")])));
    assert_eq!(decode_first("ff 80 ff ff ff 0f"), error);
}

/// "The index value of 0 is not used. It MUST be treated as a decoding error if found in an
/// indexed header field representation." (§6.1)
#[test]
fn an_indexed_field_with_index_0_is_an_error() {
    assert_eq!(decode_first("80"), Err(DecodeError::IndexZero));
}

/// "Indices between 1 and the length of the static table (inclusive) refer to elements in the
/// static table." (§2.3.3)
#[test]
fn the_static_table_ends_with_entry_61() {
    assert_eq!(decode_first("81 bd"), Ok(list(&[(":authority", ""), ("www-authenticate", "")])));
}

// §2.3.2: the dynamic table

/// "Duplicate entries MUST NOT be treated as an error by a decoder." (§2.3.2)
#[test]
fn duplicate_entries_are_no_error_and_each_takes_its_place() {
    let mut decoder = Decoder::new(4096);
    let fields = decode(&mut decoder, &hex("40 01 61 01 31  40 01 61 01 31  be bf")).unwrap();
    assert_eq!(fields, list(&[("a", "1"); 4]));
    assert_eq!(decoder.table_size(), 68);
    // An entry of the static table may be entered once more.
    let fields = decode(&mut decoder, &hex("42 03 474554  be 82")).unwrap();
    assert_eq!(fields, list(&[(":method", "GET"); 3]));
}

// §3.2: order

/// "All the header field representations contained in a header block are processed in the order
/// in which they appear." (§3.2)
#[test]
fn fields_keep_their_order_and_their_repetitions() {
    let expected = list(&[("b", "1"), ("a", "2"), ("b", "1"), (":method", "GET")]);
    assert_eq!(decode_first("40 01 62 01 31  00 01 61 01 32  be 82"), Ok(expected.clone()));
    let block = encode(&mut Encoder::new(4096), &expected);
    assert_eq!(decode(&mut Decoder::new(4096), &block), Ok(expected));
}

// §4.1, §4.3, §4.4: the table

/// "The size of an entry is calculated using the length of its name and value without any Huffman
/// encoding applied." (§4.1)
#[test]
fn the_size_of_an_entry_is_that_of_its_plain_octets_and_32() {
    let mut decoder = Decoder::new(4096);
    decode(&mut decoder, &hex("40 81 1f 82 1c 7f")).unwrap();
    assert_eq!(decoder.table_size(), 1 + 2 + 32);
}

/// "It is not an error to attempt to add an entry that is larger than the maximum size; an attempt
/// to add an entry larger than the maximum size causes the table to be emptied of all existing
/// entries and results in an empty table." (§4.4)
#[test]
fn an_entry_larger_than_the_table_empties_it() {
    let mut decoder = Decoder::new(40);
    decode(&mut decoder, &hex("40 01 61 01 62")).unwrap();
    assert_eq!(decoder.table_size(), 34);
    let fields = decode(&mut decoder, &hex("40 01 61 08 6262626262626262")).unwrap();
    assert_eq!(fields, list(&[("a", "bbbbbbbb")]));
    assert_eq!(decoder.table_size(), 0);
    assert_eq!(decode(&mut decoder, &hex("be")), Err(DecodeError::IndexBeyondTable));
}

/// "A new entry can reference the name of an entry in the dynamic table that will be evicted when
/// adding this new entry into the dynamic table." (§4.4)
#[test]
fn a_literal_may_take_its_name_from_the_entry_that_it_evicts() {
    let mut decoder = Decoder::new(44);
    decode(&mut decoder, &hex("40 04 6e616d65 01 31")).unwrap();
    let fields = decode(&mut decoder, &hex("7e 08 3232323232323232 be")).unwrap();
    assert_eq!(fields, list(&[("name", "22222222"), ("name", "22222222")]));
    assert_eq!(decoder.table_size(), 44);
}

/// The same when the new entry is larger than the whole table.
#[test]
fn a_literal_may_take_its_name_from_an_entry_although_it_empties_the_table() {
    let mut decoder = Decoder::new(40);
    decode(&mut decoder, &hex("40 04 6e616d65 01 31")).unwrap();
    let fields = decode(&mut decoder, &hex("7e 08 3232323232323232")).unwrap();
    assert_eq!(fields, list(&[("name", "22222222")]));
    assert_eq!(decoder.table_size(), 0);
}

/// "Whenever the maximum size for the dynamic table is reduced, entries are evicted from the end
/// of the dynamic table." (§4.3)
#[test]
fn a_size_update_evicts_the_oldest_entries() {
    let mut decoder = Decoder::new(4096);
    decode(&mut decoder, &hex("40 01 61 01 31  40 01 61 01 32  40 01 61 01 33")).unwrap();
    let fields = decode(&mut decoder, &hex("3f 25 be bf")).unwrap();
    assert_eq!(fields, list(&[("a", "3"), ("a", "2")]));
    assert_eq!(decoder.table_size(), 68);
    assert_eq!(decode(&mut decoder, &hex("20")), Ok(Fields::new()));
    assert_eq!(decoder.table_size(), 0);
}

// §4.2, §6.3: its maximum size

/// "The new maximum size MUST be lower than or equal to the limit determined by the protocol using
/// HPACK. A value that exceeds this limit MUST be treated as a decoding error." (§6.3)
#[test]
fn a_size_update_beyond_the_limit_is_an_error() {
    assert_eq!(decode_first("3f e1 1f"), Ok(Fields::new()));
    assert_eq!(decode_first("3f e2 1f"), Err(DecodeError::SizeUpdateTooLarge));
    let mut decoder = Decoder::new(4096);
    decoder.set_max_table_size(4097);
    assert_eq!(decode(&mut decoder, &hex("3f e2 1f")), Ok(Fields::new()));
}

/// "This dynamic table size update MUST occur at the beginning of the first header block following
/// the change to the dynamic table size." (§4.2)
#[test]
fn a_size_update_after_a_field_is_an_error() {
    assert_eq!(decode_first("82 20"), Err(DecodeError::SizeUpdateNotAtStart));
    assert_eq!(decode_first("20 82 20"), Err(DecodeError::SizeUpdateNotAtStart));
    assert_eq!(decode_first("20 3f e1 1f 82"), Ok(list(&[(":method", "GET")])));
}

/// "An endpoint MUST treat a field block that follows an acknowledgment of the reduction to the
/// maximum dynamic table size as a connection error of type COMPRESSION_ERROR if it does not start
/// with a conformant Dynamic Table Size Update instruction." (RFC 9113 §4.3.1)
#[test]
fn a_block_without_the_update_that_a_reduction_asks_for_is_an_error() {
    let shrunk = || {
        let mut decoder = Decoder::new(4096);
        decoder.set_max_table_size(100);
        decoder
    };
    assert_eq!(decode(&mut shrunk(), &hex("82")), Err(DecodeError::SizeUpdateMissing));
    assert_eq!(decode(&mut shrunk(), &[]), Err(DecodeError::SizeUpdateMissing));
    assert_eq!(decode(&mut shrunk(), &hex("3f 46")), Err(DecodeError::SizeUpdateTooLarge));
    let mut decoder = shrunk();
    assert!(decode(&mut decoder, &hex("3f 45 82")).is_ok());
    assert!(decode(&mut decoder, &hex("82")).is_ok());
}

/// The table keeps its size until the peer's own update: what it sent before counts.
#[test]
fn a_reduction_evicts_nothing_before_the_update_arrives() {
    let mut decoder = Decoder::new(4096);
    decode(&mut decoder, &hex("40 01 61 01 31")).unwrap();
    decoder.set_max_table_size(0);
    assert_eq!(decoder.table_size(), 34);
    decode(&mut decoder, &hex("20 82")).unwrap();
    assert_eq!(decoder.table_size(), 0);
}

/// "In the case that this size is changed more than once in this interval, the smallest maximum
/// table size that occurs in that interval MUST be signaled in a dynamic table size update." (§4.2)
#[test]
fn the_smallest_of_several_reductions_must_be_announced_to_us() {
    let changed = || {
        let mut decoder = Decoder::new(4096);
        for size in [100, 0, 4096] {
            decoder.set_max_table_size(size);
        }
        decoder
    };
    assert_eq!(decode(&mut changed(), &hex("3f e1 1f 82")), Err(DecodeError::SizeUpdateMissing));
    assert_eq!(decode(&mut changed(), &hex("82")), Err(DecodeError::SizeUpdateMissing));
    assert!(decode(&mut changed(), &hex("20 3f e1 1f 82")).is_ok());
}

/// A reduction to what the peer's encoder uses anyway, or to more, asks for nothing.
#[test]
fn a_reduction_that_the_peer_had_anticipated_needs_no_update() {
    let mut decoder = Decoder::new(4096);
    decode(&mut decoder, &hex("3f 45 82")).unwrap();
    decoder.set_max_table_size(100);
    assert!(decode(&mut decoder, &hex("82")).is_ok());
}

/// "In the case that this size is changed more than once in this interval, the smallest maximum
/// table size that occurs in that interval MUST be signaled [...] The final maximum size is always
/// signaled, resulting in at most two dynamic table size updates." (§4.2)
#[test]
fn we_announce_the_smallest_size_and_then_the_last() {
    let mut encoder = Encoder::new(4096);
    for size in [u32::MAX as usize, 10, 0, 300, 4096] {
        encoder.set_peer_table_size(size);
    }
    let get = list(&[(":method", "GET")]);
    assert_eq!(encode(&mut encoder, &get), hex("20 3f e1 1f 82"));
    assert_eq!(encode(&mut encoder, &get), hex("82"));
    encoder.set_peer_table_size(10);
    assert_eq!(encode(&mut encoder, &get), hex("2a 82"));
    encoder.set_peer_table_size(30);
    assert_eq!(encode(&mut encoder, &get), hex("3e 82"));
}

/// "An encoder can choose to use less capacity than this maximum size (see Section 6.3), but the
/// chosen size MUST stay lower than or equal to the maximum set by the protocol." (§4.2)
#[test]
fn we_never_use_more_than_the_peer_allows_nor_more_than_our_own_cap() {
    let entry = |n: u32| list(&[("x", &n.to_string())]);
    let mut encoder = Encoder::new(4096);
    encoder.set_peer_table_size(u32::MAX as usize);
    assert_eq!(encode(&mut encoder, &entry(0))[0], 0x40, "no update: nothing changed");
    for n in 1..500 {
        encode(&mut encoder, &entry(n));
        assert!(encoder.table_size() <= 4096);
    }
    assert!(encoder.table_size() > 4000);
    encoder.set_peer_table_size(70);
    assert!(encoder.table_size() <= 70);

    let mut small = Encoder::new(70);
    assert!(encode(&mut small, &entry(0)).starts_with(&hex("3f 27")));
    small.set_peer_table_size(4096);
    assert!(!encode(&mut small, &entry(0)).starts_with(&hex("3f")));
}

#[test]
fn a_larger_table_is_used_only_once_the_peer_offers_it() {
    let mut encoder = Encoder::new(65_536);
    for n in 0..500 {
        encode(&mut encoder, &list(&[("x", &n.to_string())]));
    }
    assert!(encoder.table_size() <= 4096);
    encoder.set_peer_table_size(1 << 20);
    assert!(encode(&mut encoder, &Fields::new()).starts_with(&hex("3f e1 ff 03")));
    for n in 0..500 {
        encode(&mut encoder, &list(&[("x", &n.to_string())]));
    }
    assert!(encoder.table_size() > 4096);
}

// §5.1: integers

/// "Integer encodings that exceed implementation limits — in value or octet length — MUST be
/// treated as decoding errors." (§5.1)
#[test]
fn an_integer_that_is_too_large_or_too_long_is_an_error() {
    let error = Err(DecodeError::IntegerOverflow);
    for block in [
        "ff ff ff ff ff ff 0f",
        "ff ff ff ff ff 7f",
        "7f ff ff ff ff ff",
        "0f ff ff ff ff ff ff ff ff ff ff ff ff",
        "3f ff ff ff ff ff 01",
        "ff 80 80 80 80 80 00",
        "00 7f ff ff ff ff ff 01",
        "00 01 61 ff ff ff ff ff ff 01",
    ] {
        assert_eq!(decode_first(block), error, "{block}");
    }
    assert_eq!(decode_first("ff 80 80 80 80 00"), decode_first("ff 00"), "long, but not too long");
}

#[test]
fn a_block_that_ends_inside_an_integer_is_an_error() {
    for block in ["3f", "ff", "ff 80", "7f", "0f", "1f 80", "00 7f", "00 01 61 ff", "3f e1"] {
        assert_eq!(decode_first(block), Err(DecodeError::Truncated), "{block}");
    }
}

// §5.2: strings

#[test]
fn a_block_that_ends_inside_a_literal_is_an_error() {
    let whole = hex("40 04 6e616d65 05 76616c7565");
    for cut in 1..whole.len() {
        let error = decode(&mut Decoder::new(4096), &whole[..cut]);
        assert_eq!(error, Err(DecodeError::Truncated), "after {cut} octets");
    }
}

/// "In the same way, it has to set a limit to the length it accepts for string literals." (§7.4)
#[test]
fn a_length_beyond_the_block_is_refused_before_anything_is_allocated() {
    for block in ["00 7f 81 ff ff ff 07 61 62 63", "00 ff 81 ff ff ff 07 61 62 63"] {
        assert_eq!(decode_first(block), Err(DecodeError::Truncated));
    }
}

/// "A padding strictly longer than 7 bits MUST be treated as a decoding error." (§5.2)
#[test]
fn padding_of_eight_bits_is_an_error() {
    for block in
        ["00 01 61 82 1f ff", "00 01 61 81 ff", "00 82 1f ff 01 61", "00 01 61 83 1f ff ff"]
    {
        assert_eq!(decode_first(block), Err(DecodeError::HuffmanPadding), "{block}");
    }
}

/// "A padding not corresponding to the most significant bits of the code for the EOS symbol MUST
/// be treated as a decoding error." (§5.2)
#[test]
fn padding_with_a_zero_is_an_error() {
    for block in ["00 01 61 81 18", "00 01 61 81 1e", "00 01 61 81 1b", "00 81 1e 01 61"] {
        assert_eq!(decode_first(block), Err(DecodeError::HuffmanPadding), "{block}");
    }
    assert_eq!(decode_first("00 01 61 81 1f"), Ok(list(&[("a", "a")])));
}

/// "A Huffman-encoded string literal containing the EOS symbol MUST be treated as a decoding
/// error." (§5.2)
#[test]
fn eos_in_a_string_is_an_error() {
    for block in
        ["00 01 61 84 ff ff ff ff", "00 01 61 85 1f ff ff ff ff", "00 84 ff ff ff fc 01 61"]
    {
        assert_eq!(decode_first(block), Err(DecodeError::HuffmanEos), "{block}");
    }
}

#[test]
fn an_empty_string_is_one_whether_or_not_it_is_called_huffman_coded() {
    assert_eq!(decode_first("00 01 61 80"), Ok(list(&[("a", "")])));
    assert_eq!(decode_first("00 01 61 00"), Ok(list(&[("a", "")])));
    assert_eq!(decode_first("00 00 00"), Ok(list(&[("", "")])));
}

#[test]
fn the_huffman_code_is_used_only_where_it_is_shorter() {
    let mut encoder = Encoder::new(4096);
    assert_eq!(encode(&mut encoder, &list(&[("etag", "307")])), hex("0f 13 03 333037"));
    assert_eq!(encode(&mut encoder, &list(&[("etag", "302")])), hex("0f 13 82 6402"));
    assert_eq!(encode(&mut encoder, &list(&[("etag", "~~")])), hex("0f 13 02 7e7e"));
}

// §6.2.3, §7.1: never indexed

/// "When a header field is represented as a literal header field never indexed, it MUST always be
/// encoded with this specific literal representation." (§6.2.3)
#[test]
fn a_never_indexed_field_is_never_indexed_again_when_forwarded() {
    let mut decoder = Decoder::new(4096);
    let fields = decode(&mut decoder, &hex("10 01 78 01 31  11 01 61  1f 0b 01 62")).unwrap();
    assert!(fields.iter().all(|field| field.sensitive));
    let mut encoder = Encoder::new(4096);
    encode(&mut encoder, &list(&[("x", "1"), (":authority", "a")]));
    let forwarded = encode(&mut encoder, &fields);
    // By the name of the entry that is there, but not by its value.
    assert_eq!(forwarded, hex("1f 30 01 31  11 01 61  1f 0b 01 62"));
    assert!(!decode_first("00 01 78 01 31").unwrap().at(0).unwrap().sensitive);
}

#[test]
fn secrets_are_sent_never_indexed_without_being_marked() {
    for (name, value) in [
        ("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("authorization", ""),
        ("proxy-authorization", "x"),
        ("cookie", "session=0123456789A"),
    ] {
        let mut encoder = Encoder::new(4096);
        let block = encode(&mut encoder, &list(&[(name, value)]));
        assert_eq!(block[0] & 0xf0, 0x10, "{name}: {value}");
        assert_eq!(encoder.table_size(), 0);
        let decoded = decode(&mut Decoder::new(4096), &block).unwrap();
        assert!(decoded.at(0).unwrap().sensitive);
    }
    let mut encoder = Encoder::new(4096);
    let block = encode(&mut encoder, &list(&[("cookie", "session=0123456789AB")]));
    assert_eq!(block[0], 0x60, "a cookie of 20 octets is indexed");
}

#[test]
fn values_that_seldom_recur_do_not_enter_the_table() {
    let mut encoder = Encoder::new(4096);
    for name in [
        ":path",
        "age",
        "content-length",
        "etag",
        "if-modified-since",
        "if-none-match",
        "location",
        "set-cookie",
    ] {
        let block = encode(&mut encoder, &list(&[(name, "17")]));
        assert_eq!(block[0] & 0xf0, 0x00, "{name}");
        assert_eq!(encoder.table_size(), 0, "{name}");
    }
    encode(&mut encoder, &list(&[("date", "Mon, 21 Oct 2013 20:13:21 GMT")]));
    assert_eq!(encoder.table_size(), 65);
}

#[test]
fn an_entry_above_three_quarters_of_the_table_is_not_indexed() {
    let mut encoder = Encoder::new(4096);
    let value = |len: usize| "v".repeat(len);
    encode(&mut encoder, &list(&[("x", &value(3072 - 33 + 1))]));
    assert_eq!(encoder.table_size(), 0);
    encode(&mut encoder, &list(&[("x", &value(3072 - 33))]));
    assert_eq!(encoder.table_size(), 3072);
}

// Limits on lists

#[test]
fn beyond_the_list_limit_nothing_is_stored_but_the_table_stays_in_step() {
    let limits = ListLimits { max_list_size: 70, max_fields: 10, hard_list_size: 1_000 };
    let mut decoder = Decoder::new(4096);
    let block = hex("00 01 61 01 31  00 01 62 01 32  40 01 63 01 33  00 00 00");
    let (fields, told) = decode_within(&mut decoder, &block, &limits).unwrap();
    assert_eq!(fields, list(&[("a", "1"), ("b", "2")]));
    assert!(told.too_large);
    assert_eq!((told.fields, told.list_size), (4, 3 * 34 + 32));
    assert_eq!(decode(&mut decoder, &hex("be")), Ok(list(&[("c", "3")])));
}

#[test]
fn every_field_line_counts_towards_the_limit_of_fields() {
    let limits = ListLimits { max_fields: 2, ..LIMITS };
    let mut decoder = Decoder::new(4096);
    let (fields, told) = decode_within(&mut decoder, &hex("82 82"), &limits).unwrap();
    assert_eq!((fields.len(), told.too_large), (2, false));
    let (fields, told) = decode_within(&mut decoder, &hex("82 82 60 00 be"), &limits).unwrap();
    assert_eq!((fields.len(), told.too_large, told.fields), (2, true, 4));
    assert_eq!(decode(&mut decoder, &hex("be")), Ok(list(&[("cookie", "")])));
}

/// A large entry and one octet for each of its copies: the list stops growing at its limit, and
/// decoding stops at the hard one.
#[test]
fn a_bomb_of_indexed_fields_stops_at_the_hard_limit() {
    let mut block = hex("40 01 61 7f a1 1e");
    block.extend([b'v'; 4000]);
    block.extend([0xbe; 12_000]);
    let mut fields = Fields::new();
    let stopped = Decoder::new(4096).decode(&block, &LIMITS, &mut fields);
    assert_eq!(stopped, Err(DecodeError::ListTooLarge));
    assert!(fields.list_size() <= LIMITS.max_list_size);
    assert_eq!(fields.len(), LIMITS.max_list_size / 4033);

    let survived = &block[..4006 + 63];
    let told = Decoder::new(4096).decode(survived, &LIMITS, &mut Fields::new()).unwrap();
    assert!(told.too_large);
    assert_eq!((told.fields, told.list_size), (64, 64 * 4033));
    let beyond = &block[..4006 + 64];
    let stopped = Decoder::new(4096).decode(beyond, &LIMITS, &mut Fields::new());
    assert_eq!(stopped, Err(DecodeError::ListTooLarge));
}

/// The densest Huffman code there is: each octet of the block becomes 1.6.
#[test]
fn a_huffman_dense_block_stops_at_the_hard_limit() {
    let mut block = hex("00 01 61 ff fe fd 03");
    block.extend([0; 65_405]);
    let (fields, told) = decode_within(&mut Decoder::new(4096), &block, &LIMITS).unwrap();
    assert!(fields.is_empty() && told.too_large);
    assert_eq!(told.list_size, 104_648 + 33);
    let thrice = block.repeat(3);
    let stopped = decode(&mut Decoder::new(4096), &thrice);
    assert_eq!(stopped, Err(DecodeError::ListTooLarge));
}

// Names that both sides know

#[test]
fn decoded_fields_carry_the_index_of_a_well_known_name() {
    let mut decoder = Decoder::new(4096);
    let fields = decode(&mut decoder, &hex("82 58 01 61 00 01 78 01 31 be 7e 01 62")).unwrap();
    let indices: Vec<_> = fields.iter().map(|field| field.name_index).collect();
    assert_eq!(indices, [2, 24, 0, 24, 24]);
}
