//! Section 4: the form of frames, their size, and field blocks.

use h2_tests::prelude::*;

/// Types that RFC 9113 does not define, without ALTSVC, ORIGIN and PRIORITY_UPDATE.
fn unknown_types() -> impl Iterator<Item = u8> {
    (0x0a..=0xff).filter(|kind| ![0x0a, 0x0c, 0x10].contains(kind))
}

/// §4.1: "Implementations MUST ignore and discard frames of unknown types."
#[test]
fn unknown_frame_types_are_ignored() {
    Setup::server().run(|server| {
        server.hears(wire::post(1));
        server.forget();
        for kind in unknown_types().step_by(7).chain([0x0b, 0xff]) {
            for stream in [0, 1, 2, 9] {
                for payload in [&b""[..], b"x", &[0xff; 300]] {
                    server.hears(wire::raw(kind, 0xff, stream, payload));
                }
            }
        }
        server.must_answer_a_ping();
        server.forget();
        server.hears(wire::data(1, "abc").end_stream());
        assert_eq!(server.told(), ["data 1 3 end"]);
        server.hears(wire::get(3));
        assert_eq!(server.told(), ["request 3 GET / end"]);
    });
}

/// §4.1: "Unused flags MUST be ignored on receipt".
#[test]
fn undefined_flags_are_ignored() {
    lone::server(|server| {
        server.hears(wire::post(1).more_flags(!0x2d));
        server.hears(wire::data(1, "abc").more_flags(!0x09));
        server.hears(wire::priority(1, 0, 9).more_flags(0xff));
        server.hears(wire::ping(*b"12345678").more_flags(0xfe));
        server.hears(wire::window_update(0, 1).more_flags(0xff));
        server.hears(wire::window_update(1, 1).more_flags(0xff));
        server.hears(wire::settings(&[]).more_flags(0xfe));
        server.hears(wire::post(3).no_end_headers().more_flags(0xd2));
        server.hears(wire::continuation(3, b"").more_flags(0xfb));
        server.hears(wire::rst(1, CANCEL).more_flags(0xff));
        server.must_be_fine();
        let said = server.says();
        assert!(said.contains(&Frame::Pong(*b"12345678")), "{said:?}");
        assert!(said.contains(&Frame::SettingsAck), "{said:?}");
        let told = server.told();
        let expected = ["request 1 POST /", "data 1 3", "request 3 POST /", "reset 1 CANCEL peer"];
        assert_eq!(told, expected);
    });
}

/// §4.1: the reserved bit "MUST be ignored when receiving".
#[test]
fn the_reserved_bit_is_ignored_in_every_frame() {
    const R: u32 = 0x8000_0000;
    lone::server(|server| {
        server.hears(wire::post(1).on_stream(R | 1).no_end_headers());
        server.hears(wire::continuation(R | 1, b""));
        server.hears(wire::data(R | 1, "abc"));
        server.hears(wire::priority(R | 1, 0, 9));
        server.hears(wire::window_update(R | 1, R | 7));
        server.hears(wire::window_update(R, R | 7));
        server.hears(wire::ping([1; 8]).on_stream(R));
        server.hears(wire::settings(&[]).on_stream(R));
        server.hears(wire::rst(R | 1, CANCEL));
        server.must_be_fine();
        assert_eq!(server.told(), ["request 1 POST /", "data 1 3", "reset 1 CANCEL peer"]);
        assert_eq!(server.may_send(0), 65_535 + 7);
        server.hears(wire::goaway(R, NO_ERROR, b"").on_stream(R));
        assert_eq!(server.told().first().map(String::as_str), Some("goaway 0 NO_ERROR"));
    });
}

/// §4.1: unused flags and the reserved bit "MUST be left unset when sending". The reader of frames
/// refuses them in every test; here everything that a server and a client say goes through it.
#[test]
fn what_is_sent_has_no_unused_flags_and_no_reserved_bit() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::data_of(1, 10), wire::ping([0; 8]), wire::get(3)));
        server.responds(1, 200, false);
        server.sends(1, "body", false);
        server.sends_trailers(1, &[("x", "y")]).unwrap();
        server.resets(3, CANCEL);
        server.act(|conn| conn.ping([3; 8])).unwrap();
        server.act(|conn| conn.close_connection(NO_ERROR, Bytes::from_static(b"bye")));
        assert!(server.says().len() >= 6);
    });
}

/// §4.2: "All implementations MUST be capable of receiving and minimally processing frames up to
/// 2^14 octets in length".
#[test]
fn frames_of_16384_octets_are_taken() {
    lone::server(|server| {
        let value = "v".repeat(15_000);
        let mut block = wire::block(&wire::post_and(&[("x-long", &value)]));
        let rest = 16_384 - block.len() - 3;
        block.extend(wire::literal("a", "b".repeat(rest - 3)));
        assert_eq!(block.len(), 16_384);
        server.hears((wire::headers_of(1, &block), wire::data_of(1, 16_384).end_stream()));
        server.must_be_fine();
        assert_eq!(server.told(), ["request 1 POST /", "data 1 16384 end"]);
    });
}

/// §4.2: "An endpoint MUST send an error code of FRAME_SIZE_ERROR if a frame exceeds the size
/// defined in SETTINGS_MAX_FRAME_SIZE". Its nine octets are enough to know.
#[test]
fn a_frame_above_our_limit_is_refused_from_its_head() {
    for kind in [0, 1, 2, 3, 4, 6, 7, 8, 9, 0xfa] {
        let note = Note(format!("type {kind}"));
        lone::server(|server| {
            server.hears(wire::post(1));
            server.forget();
            let stream = u32::from(![4, 6, 7].contains(&kind));
            server.hears(wire::raw(kind, 0, stream, b"").announcing(16_385));
            server.must_go_away(FRAME_SIZE_ERROR);
        });
        drop(note);
    }
}

/// §4.2 and §6.5.2: the limit is the one we said, once it is acknowledged.
#[test]
fn a_larger_limit_that_we_announced_is_kept() {
    let setup = Setup::server().config(|config| config.max_frame_size = 32_768);
    setup.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 32_768)));
        assert_eq!(server.told(), ["request 1 POST /", "data 1 32768"]);
        server.forget();
        server.hears(wire::data(1, b"").announcing(32_769));
        server.must_go_away(FRAME_SIZE_ERROR);
    });
}

/// §4.1: "Values greater than 2^14 MUST NOT be sent unless the receiver has set a larger value for
/// SETTINGS_MAX_FRAME_SIZE."
#[test]
fn long_bodies_are_cut_at_the_peers_frame_size() {
    for (announced, longest) in [(None, 16_384), (Some(20_000), 20_000)] {
        let mut peer = vec![(4, 1_000_000)];
        peer.extend(announced.map(|size| (5, size)));
        Setup::server().peer(&peer).run(|server| {
            server.allow_frames_of(longest);
            server.hears((wire::get(1), wire::window_update(0, 1_000_000)));
            server.responds(1, 200, false);
            assert_eq!(server.sends(1, vec![7; 100_000], true), 100_000);
            let sizes: Vec<usize> = server
                .says_on(1)
                .iter()
                .filter_map(|f| match f {
                    Frame::Data { data, .. } => Some(data.len()),
                    _ => None,
                })
                .collect();
            assert_eq!(sizes.iter().sum::<usize>(), 100_000);
            assert!(sizes.iter().all(|size| *size <= longest), "{sizes:?}");
        });
    }
}

/// §4.2, §4.3: a field block above the frame size goes into CONTINUATION frames, one after another.
#[test]
fn a_long_field_block_is_cut_into_contiguous_frames() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3)));
        let value = "^~".repeat(20_000);
        server.responds_with(1, 200, &[("x-long", &value)], true);
        server.responds(3, 200, true);
        let said = server.says_on(1);
        assert_eq!(said[0].field("x-long"), Some(value.as_str()));
    });
}

fn undecodable() -> Vec<(&'static str, Vec<u8>)> {
    let huffman = |octets: &[u8]| [&[0x00, 1, b'a', 0x80 | octets.len() as u8], octets].concat();
    vec![
        ("index 0", vec![0x80]),
        ("index beyond both tables", wire::indexed(62)),
        ("name index beyond both tables", [wire::integer(0x40, 6, 70), vec![1, b'v']].concat()),
        ("endless integer", vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        ("integer without its end", vec![0xff, 0x80]),
        ("string longer than the block", vec![0x00, 5, b'a']),
        ("string of 2^31 octets", vec![0x00, 0x7f, 0x81, 0xff, 0xff, 0xff, 0x07, b'a']),
        ("literal without a value", vec![0x00, 1, b'a']),
        ("one octet 3f", vec![0x3f]),
        ("table size above our limit", wire::size_update(4_097)),
        ("table size after a field", [wire::indexed(2), wire::size_update(100)].concat()),
        ("Huffman end-of-string", huffman(&[0xff, 0xff, 0xff, 0xfc])),
        ("Huffman padding of zeros", huffman(&[0x18])),
        ("Huffman padding of eight bits", huffman(&[0x1f, 0xff])),
    ]
}

/// §4.3: "A decoding error in a field block MUST be treated as a connection error of type
/// COMPRESSION_ERROR."
#[test]
fn a_block_that_does_not_decode_is_a_compression_error() {
    for (name, block) in undecodable() {
        let note = Note(name.to_owned());
        lone::server(|server| {
            server.hears(wire::headers_of(1, &block).end_stream());
            server.must_go_away(COMPRESSION_ERROR);
        });
        lone::server(|server| {
            let (head, tail) = block.split_at(block.len() / 2);
            server.hears(wire::headers_of(1, head).no_end_headers());
            server.hears(wire::continuation(1, tail));
            server.must_go_away(COMPRESSION_ERROR);
        });
        lone::client(|client| {
            let stream = client.requests("GET", true);
            client.forget();
            client.hears(wire::headers_of(stream, &block).end_stream());
            client.must_go_away(COMPRESSION_ERROR);
        });
        drop(note);
    }
}

/// §4.3: also in trailers, and on streams that nobody wants any more.
#[test]
fn a_block_that_does_not_decode_is_fatal_wherever_it_stands() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::headers_of(1, &[0x80]).end_stream()));
        server.must_go_away(COMPRESSION_ERROR);
    });
    lone::server(|server| {
        server.hears(wire::post(1));
        server.resets(1, CANCEL);
        server.forget();
        server.hears(wire::headers_of(1, &[0x80]).end_stream());
        server.must_go_away(COMPRESSION_ERROR);
    });
}

/// §4.3: "Field blocks MUST be transmitted as a contiguous sequence of frames, with no interleaved
/// frames of any other type or from any other stream."
#[test]
fn any_other_frame_inside_a_block_is_a_protocol_error() {
    let begin = |server: &mut Lone| {
        server.hears(wire::post(1));
        server.hears(wire::post(3).no_end_headers());
    };
    lone::each_ends_it(
        &Setup::server(),
        begin,
        &[
            ("DATA", &wire::data(1, "x"), PROTOCOL_ERROR),
            ("HEADERS, same stream", &wire::post(3), PROTOCOL_ERROR),
            ("HEADERS, other stream", &wire::post(5), PROTOCOL_ERROR),
            ("PRIORITY", &wire::priority(3, 0, 0), PROTOCOL_ERROR),
            ("RST_STREAM", &wire::rst(3, CANCEL), PROTOCOL_ERROR),
            ("SETTINGS", &wire::settings(&[]), PROTOCOL_ERROR),
            ("SETTINGS ACK", &wire::settings_ack(), PROTOCOL_ERROR),
            ("PUSH_PROMISE", &wire::push_promise(3, 2, wire::GET), PROTOCOL_ERROR),
            ("PING", &wire::ping([0; 8]), PROTOCOL_ERROR),
            ("GOAWAY", &wire::goaway(0, NO_ERROR, b""), PROTOCOL_ERROR),
            ("WINDOW_UPDATE", &wire::window_update(0, 1), PROTOCOL_ERROR),
            ("CONTINUATION, other stream", &wire::continuation(1, b""), PROTOCOL_ERROR),
            ("unknown type", &wire::raw(0xfa, 0, 3, b"x"), PROTOCOL_ERROR),
        ],
    );
}

/// Fills the peer's part of the decoder's table with about two thousand octets.
fn filled(stream: u32) -> wire::Raw {
    let block = [
        wire::block(wire::GET),
        wire::incremental("x-a", "a".repeat(1_000)),
        wire::incremental("x-b", "b".repeat(900)),
    ];
    wire::headers_of(stream, &block.concat()).end_stream()
}

fn get_after(stream: u32, prefix: &[u8]) -> wire::Raw {
    wire::headers_of(stream, &[prefix, &wire::block(wire::GET)].concat()).end_stream()
}

/// §4.3.1: "An endpoint MUST treat a field block that follows an acknowledgment of the reduction to
/// the maximum dynamic table size as a connection error of type COMPRESSION_ERROR if it does not
/// start with a conformant Dynamic Table Size Update instruction."
#[test]
fn a_reduced_table_must_be_confirmed_once_it_is_acknowledged() {
    let reduce = |server: &mut Lone| {
        server.hears(filled(1));
        server.act(|conn| conn.update_settings(|s| s.header_table_size = 64)).unwrap();
        server.hears(filled(3));
        server.must_be_fine();
        server.hears(wire::settings_ack());
    };
    let too_large = get_after(5, &wire::size_update(65));
    lone::each_ends_it(
        &Setup::server(),
        reduce,
        &[
            ("no update", &wire::get(5), COMPRESSION_ERROR),
            ("update above the limit", &too_large, COMPRESSION_ERROR),
        ],
    );
    lone::server(|server| {
        reduce(server);
        server.hears(get_after(5, &wire::size_update(64)));
        server.hears((get_after(7, &wire::size_update(0)), wire::get(9)));
        server.must_be_fine();
    });
}

/// §4.3.1: after a reduction "its HPACK encoder MUST start the next field block with a Dynamic Table
/// Size Update instruction". RFC 7541 §4.2: after several changes, the smallest and the last.
#[test]
fn our_encoder_confirms_a_reduced_table_at_the_start_of_its_next_block() {
    // What the peer says, one SETTINGS each, and how our next block must begin.
    let cases: [(&[u32], &[u8]); 4] = [
        (&[100], &[0x3f, 0x45]),
        (&[0], &[0x20]),
        (&[0, 4_096], &[0x20, 0x3f, 0xe1, 0x1f]),
        (&[2_000, 100, 300], &[0x3f, 0x45, 0x3f, 0x8d, 0x02]),
    ];
    for (sizes, beginning) in cases {
        let note = Note(format!("{sizes:?}"));
        lone::server(|server| {
            server.hears((wire::get(1), wire::get(3), wire::get(5)));
            server.responds_with(1, 200, &[("x-some", "thing")], true);
            server.forget();
            for size in sizes {
                server.hears(wire::settings(&[(1, *size)]));
            }
            for (stream, starts) in [(3, true), (5, false)] {
                server.responds_with(stream, 200, &[("x-some", "thing")], true);
                let said = server.says_on(stream);
                let Frame::Headers { block, .. } = &said[0] else { panic!("{said:?}") };
                let update = block[0] & 0xe0 == 0x20;
                assert_eq!(update, starts, "stream {stream} is {block:x?}");
                assert!(!starts || block.starts_with(beginning), "{block:x?}");
            }
        });
        drop(note);
    }
}
