//! Header blocks that are long, many, or small on the wire and large in memory.

use h2_tests::prelude::*;

use crate::victim::{self, ASLEEP, POLITE, Victim, get, odd};

const KIB: usize = 1024;

fn begun(server: &mut Victim) {
    server.hears(wire::headers_of(1, &[0x82]).no_end_headers());
}

#[test]
fn t_cont_1_continuations_without_end_are_counted() {
    let mut server = victim::server(POLITE);
    begun(&mut server);
    let borne = server.bears(100, |_| wire::continuation(1, &[0x82]).flags(0).octets());
    assert_eq!(borne, 16);
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
    assert!(server.grown() <= 8 * KIB, "{}", server.grown());
}

#[test]
fn t_cont_2_continuations_that_are_long_are_measured() {
    let mut server = victim::server(POLITE);
    begun(&mut server);
    let borne = server.bears(100, |_| wire::continuation(1, &[0x82; 16_384]).flags(0).octets());
    assert_eq!(borne, 7, "eight would be above 128 KiB");
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
    assert!(server.grown() <= 160 * KIB, "{}", server.grown());
}

/// The length in the head of the frame is enough to know.
#[test]
fn t_cont_2_a_continuation_that_would_be_too_much_is_not_waited_for() {
    let mut server = victim::server(POLITE);
    begun(&mut server);
    for _ in 0..7 {
        server.hears(wire::continuation(1, &[0x82; 16_384]).flags(0));
    }
    assert!(!server.is_closed());
    server.hears(wire::continuation(1, &[]).flags(0).announcing(16_384));
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
}

#[test]
fn t_cont_3_empty_continuations_are_no_way_around() {
    let mut server = victim::server(POLITE);
    begun(&mut server);
    let borne = server.bears(100, |_| wire::continuation(1, &[]).flags(0).octets());
    assert!(borne <= 16, "{borne}");
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
}

#[test]
fn t_cont_3_the_third_empty_continuation_in_a_row_is_one_too_many() {
    let mut server = victim::server(POLITE);
    begun(&mut server);
    let borne = server.bears(100, |_| wire::continuation(1, &[]).flags(0).octets());
    assert_eq!(borne, 2);
}

#[test]
fn t_bomb_1_an_indexed_field_that_is_long_is_counted_each_time() {
    let mut server = victim::server(POLITE);
    let mut block = wire::block(wire::GET);
    block.extend([0x40, 0x01, b'a', 0x7f, 0xa1, 0x1e]);
    block.extend([b'v'; 4_000]);
    block.extend([0xbe; 12_000]);
    assert!(block.len() <= 16_384);
    server.hears(wire::headers_of(1, &block).end_stream());
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
    assert!(server.grown() <= 192 * KIB, "{}", server.grown());
}

fn crumbs(stream: u32, fields: usize) -> wire::Raw {
    // cookie with an empty value, then the same again by one octet each.
    let block = [wire::block(wire::GET), vec![0x60, 0x00], vec![0xbe; fields - 5]].concat();
    wire::headers_of(stream, &block).end_stream()
}

#[test]
fn t_bomb_2_heads_that_nobody_takes_have_a_budget() {
    let mut server = victim::server(ASLEEP);
    server.hears(wire::settings(&[(4, 0)]));
    for n in 0..128 {
        server.hears(crumbs(odd(n), 1_000));
    }
    assert!(!server.is_closed());
    let refused = server.resets(REFUSED_STREAM);
    assert!((100..128).contains(&refused), "{refused} refused");
    assert!(server.grown() <= 2 * KIB * KIB, "{}", server.grown());
}

#[test]
fn t_bomb_3_too_many_fields_are_answered_and_the_tables_stay_in_step() {
    let mut server = victim::server(POLITE);
    server.hears(crumbs(1, 1_000));
    assert_eq!(server.shown(), 1);
    server.hears(crumbs(3, 1_001));
    let answer = server.said.iter().find(|f| f.stream() == 3).cloned().unwrap();
    assert_eq!(answer.field(":status"), Some("431"));
    assert_eq!(server.resets(PROTOCOL_ERROR), 1);
    server.hears(wire::headers_of(5, &[wire::block(wire::GET), vec![0xbe]].concat()).end_stream());
    assert_eq!(server.shown(), 2);
    assert!(!server.is_closed());
}

#[test]
fn t_hp_4_a_string_that_is_announced_and_never_comes_reserves_nothing() {
    let mut server = victim::server(POLITE);
    let block =
        [&[0x82, 0x87, 0x84, 0x00, 0x7f, 0x81, 0xff, 0xff, 0xff, 0x07][..], b"abc"].concat();
    server.hears(wire::headers_of(1, &block));
    assert_eq!(server.code(), Some(COMPRESSION_ERROR));
    assert!(server.grown() <= 8 * KIB, "{}", server.grown());
}

#[test]
fn t_hp_3_our_encoder_keeps_to_a_table_that_changes_all_the_time() {
    let mut server = Victim::new(
        {
            let mut config = Config::server();
            config.glitch_bucket = None;
            config
        },
        true,
        POLITE,
        &[],
    );
    for n in 0..2_000 {
        let sizes = [u32::MAX, 0, 4_096, 100];
        if n % 3 == 0 {
            server.hears(wire::settings(&[(1, sizes[n as usize / 3 % 4])]));
        }
        server.hears(get(odd(n)));
        let (a, b) = (format!("value {}", n % 7), "b".repeat(n as usize % 200));
        let head = lone::response(200, &[("x-a", &a), ("x-b", &b), ("server", "same")]);
        server.conn.send_response(id(odd(n)), head, End::Now).unwrap();
        server.conn.release_stream(id(odd(n)));
        server.settle();
        let answer = server.said.pop().unwrap();
        assert_eq!(answer.field("x-a"), Some(a.as_str()));
        assert_eq!(answer.field("x-b"), Some(b.as_str()));
    }
}

#[test]
fn t_431_sections_above_the_limit_are_answered_and_far_above_it_end_the_connection() {
    let filled = |size: usize| {
        let value = vec![b'v'; 4_000];
        let mut block = wire::block(wire::GET);
        for _ in 0..size / 4_033 {
            block.extend(wire::literal("a", &value));
        }
        wire::split(1, &block, &[16_000; 32][..block.len() / 16_000], true)
    };
    let mut server = victim::server(POLITE);
    server.hears(filled(70_000));
    assert_eq!(server.said[0].field(":status"), Some("431"));
    assert!(!server.is_closed());
    drop(server);
    let mut server = victim::server(POLITE);
    let mut block = wire::block(wire::GET);
    block.extend(wire::incremental("a", vec![b'v'; 4_000]));
    block.extend([0xbe; 75]);
    server.hears(wire::headers_of(1, &block).end_stream());
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
}

#[test]
fn t_1xx_interim_responses_are_bounded_in_number_and_size() {
    let mut client = victim::client(ASLEEP);
    let stream = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap().get();
    client.settle();
    for _ in 0..33 {
        client.hears(wire::headers(stream, &[(":status", "103"), ("link", "</a>")]));
    }
    assert_eq!(client.resets(ENHANCE_YOUR_CALM), 1);
    drop(client);
    let mut client = victim::client(POLITE);
    let stream = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap().get();
    client.settle();
    let value = "v".repeat(14_000);
    let block = wire::block(&[(":status", "103"), ("a", &value), ("b", &value)]);
    let block = [block, wire::block(&[("c", &value), ("d", &value), ("e", &value)])].concat();
    client.hears(wire::split(stream, &block, &[16_000; 4], false));
    assert!(client.said.iter().any(|f| matches!(f, Frame::Reset { .. })), "{:?}", client.said);
    assert!(!client.is_closed());
}

/// Five bits an octet: a block grows by more than half, and it is not kept.
#[test]
fn t_cont_4_a_dense_block_is_decoded_and_not_kept() {
    let mut server = victim::server(POLITE);
    // 4,000 times the letter "a", which has five bits; never indexed.
    let letters = [0x18, 0xc6, 0x31, 0x8c, 0x63].repeat(500);
    let dense = [&[0x10, 0x01, b'x', 0xff, 0xc5, 0x12][..], &letters].concat();
    let mut block = wire::block(wire::GET);
    while block.len() < 125_000 {
        block.extend_from_slice(&dense);
    }
    server.hears(wire::split(1, &block, &[16_384; 7], true));
    assert_eq!((server.code(), server.resets(PROTOCOL_ERROR), server.shown()), (None, 1, 0));
    assert_eq!(server.said[0].field(":status"), Some("431"));
    let stats = server.conn.stats();
    assert!(stats.header_octets_received <= 131_072, "{}", stats.header_octets_received);
    assert!(stats.header_list_size_received >= 200_000, "{}", stats.header_list_size_received);
    assert!(server.grown() <= 320 * KIB, "{}", server.grown());
}

#[test]
fn t_cont_5_a_block_that_does_not_end_times_out() {
    for drips in [false, true] {
        let mut server = victim::server(POLITE);
        begun(&mut server);
        for second in 1..=9 {
            server.passes(Duration::from_secs(1));
            if drips {
                server.hears(&wire::continuation(1, &[0x82; 30]).octets()[second - 1..second]);
            }
            assert!(!server.is_closed(), "after {second} s");
        }
        server.passes(Duration::from_secs(1));
        assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
        server.must_be_over();
    }
}

#[test]
fn t_cont_6_nothing_interleaves() {
    for kind in (0..=255).filter(|kind| *kind != wire::CONTINUATION) {
        for stream in [0, 1, 3] {
            let mut server = victim::server(POLITE);
            begun(&mut server);
            server.hears(wire::raw(kind, 0, stream, &[0; 8]));
            assert_eq!(server.code(), Some(PROTOCOL_ERROR), "type {kind:#x} on {stream}");
            server.must_be_over();
        }
    }
    let mut server = victim::server(POLITE);
    begun(&mut server);
    server.hears(wire::continuation(3, &[0x82]));
    assert_eq!(server.code(), Some(PROTOCOL_ERROR), "of another stream");
}

#[test]
fn t_hp_1_blocks_that_cannot_be_end_the_connection_with_compression_error() {
    let late = [&[0x82, 0x87, 0x84][..], &wire::size_update(0)].concat();
    let cut = [&[0x82, 0x87, 0x84, 0x00, 0x03][..], b"ab"].concat();
    let bad: [&[u8]; 11] = [
        &[0x3f],
        &[0x80],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
        &[0xbe],
        &[0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x00],
        &[0x00, 0x82, 0x1f, 0xff, 0x01, b'a'],
        &[0x00, 0x81, 0x00, 0x01, b'a'],
        &[0x3f, 0xe2, 0x1f],
        &late,
        &cut,
        &[0x40],
    ];
    for block in bad {
        let mut server = victim::server(POLITE);
        server.hears(wire::headers_of(1, block).end_stream());
        assert_eq!(server.code(), Some(COMPRESSION_ERROR), "{block:x?}");
        server.must_be_over();
        assert!(server.grown() <= 8 * KIB, "{}", server.grown());
    }
    let mut server = victim::server(POLITE);
    server.conn.update_settings(|settings| settings.header_table_size = 0).unwrap();
    server.settle();
    server.hears((wire::settings_ack(), get(1)));
    assert_eq!(server.code(), Some(COMPRESSION_ERROR), "the smaller table was not confirmed");
}

/// Each octet of a block goes through the decoder once, in however many pieces it comes.
#[test]
fn t_hp_2_pieces_are_not_decoded_again() {
    let value = "a value that is said in several pieces".repeat(20);
    let block = [wire::block(wire::GET), wire::incremental("x-long", &value)].concat();
    let mut server = victim::server(POLITE);
    for octet in wire::headers_of(1, &block).end_stream().octets() {
        server.hears(vec![octet]);
    }
    server.hears(wire::split(3, &block, &[9, 100, 1, 300, 7], true));
    assert_eq!(server.shown(), 2);
    assert_eq!(server.conn.stats().header_octets_received, 2 * block.len() as u64);
}

#[test]
fn t_push_a_promise_that_nobody_asked_for_ends_the_connection() {
    for acknowledged in [true, false] {
        let setup = if acknowledged { Setup::client() } else { Setup::client().unacknowledged() };
        setup.run(|client| {
            client.requests("GET", true);
            client.forget();
            client.hears(wire::push_promise(1, 2, wire::GET));
            client.must_go_away(PROTOCOL_ERROR);
        });
    }
}
