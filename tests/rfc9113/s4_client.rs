//! Section 4 as a client: what `s4_frames` asks of a server, asked of the other side.

use h2_tests::prelude::*;

/// §4.1: "Implementations MUST ignore and discard frames of unknown types." §5.5: they "MUST discard
/// frames that have unknown or unsupported types."
#[test]
fn unknown_frame_types_are_ignored() {
    Setup::client().run(|client| {
        client.requests("GET", true);
        client.hears(wire::ok(1));
        client.forget();
        for kind in (0x11..=0xff).step_by(11).chain([0x0b, 0x0d, 0x0e, 0x0f, 0xff]) {
            for stream in [0, 1, 2, 3] {
                for payload in [&b""[..], b"x", &[0xff; 300]] {
                    client.hears(wire::raw(kind, 0xff, stream, payload));
                }
            }
        }
        client.must_answer_a_ping();
        client.forget();
        client.hears(wire::data(1, "abc").end_stream());
        assert_eq!(client.told(), ["data 1 3 end"]);
    });
}

/// §4.1: "Unused flags MUST be ignored on receipt"; the reserved bit "MUST be ignored when receiving".
#[test]
fn undefined_flags_and_the_reserved_bit_are_ignored() {
    const R: u32 = 0x8000_0000;
    Setup::client_with_push().run(|client| {
        for _ in 0..2 {
            client.requests("POST", false);
        }
        client.forget();
        client.hears(wire::push_promise(R | 1, R | 2, wire::GET).more_flags(!0x08));
        client.hears(wire::ok(R | 1).more_flags(!0x2d));
        client.hears(wire::data(R | 1, "abc").more_flags(!0x09));
        client.hears((wire::ok(3).on_stream(R | 3), wire::priority(R | 3, R, 9).more_flags(0xff)));
        client.hears(wire::ping(*b"12345678").more_flags(0xfe).on_stream(R));
        client.hears(wire::settings(&[]).more_flags(0xfe).on_stream(R));
        client.hears(wire::window_update(R, R | 7).more_flags(0xff));
        client.hears(wire::window_update(R | 1, R | 1).more_flags(0xff));
        client.hears(wire::rst(R | 3, CANCEL).more_flags(0xff));
        client.must_be_fine();
        assert_eq!(client.says(), [Frame::Pong(*b"12345678"), Frame::SettingsAck]);
        assert_eq!(client.may_send(0), 65_535 + 7);
        let told = [
            "push 2 on 1 GET /",
            "response 1 200",
            "data 1 3",
            "response 3 200",
            "reset 3 CANCEL peer",
        ];
        assert_eq!(client.told(), told);
        client.hears(wire::goaway(R | 1, NO_ERROR, b"").more_flags(0xff).on_stream(R));
        assert_eq!(client.told(), ["goaway 1 NO_ERROR"]);
    });
}

/// §4.1: unused flags "MUST be left unset when sending", the bit "MUST remain unset". The reader of
/// frames refuses both in every test; here everything that a client says goes through it.
#[test]
fn what_is_sent_has_no_unused_flags_and_no_reserved_bit() {
    Setup::client_with_push().run(|client| {
        client.requests("POST", false);
        client.sends(1, "body", false);
        client.sends_trailers(1, &[("x", "y")]).unwrap();
        client.hears((wire::ok(1), wire::data_of(1, 10), wire::ping([0; 8])));
        client.hears(wire::push_promise(1, 2, wire::GET));
        client.requests("GET", true);
        client.resets(2, CANCEL);
        client.resets(3, CANCEL);
        client.act(|conn| conn.increment_flow_control_window(None, 70)).unwrap();
        client.act(|conn| conn.increment_flow_control_window(Some(id(1)), 70)).unwrap();
        client.act(|conn| conn.update_settings(|s| s.max_frame_size = 20_000)).unwrap();
        client.act(|conn| conn.ping([3; 8])).unwrap();
        client.act(|conn| conn.close_connection(NO_ERROR, Bytes::from_static(b"bye")));
        assert!(client.says().len() >= 10);
    });
}

/// §4.2: "All implementations MUST be capable of receiving and minimally processing frames up to
/// 2^14 octets in length", each type that may be so long.
#[test]
fn frames_of_16384_octets_are_taken() {
    let value = "v".repeat(15_000);
    let long = |fields: &[wire::Pair<'_>], room: usize| {
        let mut block = wire::block(fields);
        block.extend(wire::literal("x-long", &value));
        block.extend(wire::literal("a", "b".repeat(room - block.len() - 6)));
        assert_eq!(block.len(), room);
        block
    };
    Setup::client_with_push().run(|client| {
        client.requests("GET", true);
        client.forget();
        let promise = [&2_u32.to_be_bytes()[..], &long(wire::GET, 16_380)].concat();
        client.hears(wire::raw(wire::PUSH_PROMISE, wire::END_HEADERS, 1, &promise));
        client.hears(wire::headers_of(1, &long(&[(":status", "200")], 16_384)));
        client.hears(wire::data_of(1, 16_384));
        client.hears(wire::raw(0xfa, 0, 0, &[0; 16_384]));
        client.must_be_fine();
        let told = client.told();
        assert_eq!(told[..3], ["push 2 on 1 GET /", "response 1 200", "data 1 16384"]);
        client.hears(wire::goaway(1, NO_ERROR, &[b'd'; 16_376]));
        assert_eq!(client.told(), ["goaway 1 NO_ERROR"]);
    });
}

/// §4.2: "An endpoint MUST send an error code of FRAME_SIZE_ERROR if a frame exceeds the size
/// defined in SETTINGS_MAX_FRAME_SIZE", also where a stream error might do.
#[test]
fn a_frame_above_our_limit_is_refused_from_its_head() {
    for kind in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xfa] {
        let note = Note(format!("type {kind}"));
        Setup::client_with_push().run(|client| {
            client.requests("GET", true);
            client.forget();
            let stream = u32::from(![4, 6, 7].contains(&kind));
            client.hears(wire::raw(kind, 0, stream, b"").announcing(16_385));
            client.must_go_away(FRAME_SIZE_ERROR);
        });
        drop(note);
    }
}

/// §4.1: "Values greater than 2^14 MUST NOT be sent unless the receiver has set a larger value for
/// SETTINGS_MAX_FRAME_SIZE": bodies, heads, trailers, and debug data.
#[test]
fn nothing_is_sent_above_the_peers_frame_size() {
    for (announced, longest) in [(None, 16_384), (Some(20_000), 20_000)] {
        let mut peer = vec![(4, 1_000_000)];
        peer.extend(announced.map(|size| (5, size)));
        Setup::client().peer(&peer).run(|client| {
            client.allow_frames_of(longest);
            client.hears(wire::window_update(0, 1_000_000));
            let long = "^~".repeat(20_000);
            let stream = client.requests_with("POST", &[("x-long", &long)], false);
            assert_eq!(client.sends(stream, vec![7; 100_000], false), 100_000);
            client.sends_trailers(stream, &[("x-long", &long)]).unwrap();
            let said = client.says();
            let (first, last) = (&said[0], &said[said.len() - 1]);
            assert_eq!(first.field("x-long"), Some(long.as_str()));
            assert_eq!(last.field("x-long"), Some(long.as_str()));
            client.act(|conn| conn.close_connection(NO_ERROR, vec![b'd'; 60_000]));
            let said = client.says();
            assert!(matches!(&said[..], [Frame::GoAway { debug, .. }] if debug.len() > 10_000));
        });
    }
}

/// §4.3: "Field blocks MUST be transmitted as a contiguous sequence of frames", however little the
/// transport takes at a time and whatever becomes urgent meanwhile.
#[test]
fn nothing_urgent_comes_between_the_frames_of_a_block() {
    for setup in [Setup::client(), Setup::server()] {
        let is_client = setup.is_client();
        setup.config(|config| config.batch = 1_024).run(|lone| {
            let long = "^~".repeat(30_000);
            lone.peer_reads(false);
            lone.allow_frames_of(30_000);
            if is_client {
                lone.requests_with("POST", &[("x-long", &long)], false);
            } else {
                lone.hears((wire::post(1), wire::get(3)));
                lone.responds_with(1, 200, &[("x-long", &long)], false);
            }
            lone.hears((wire::ping([1; 8]), wire::settings(&[(5, 30_000)])));
            lone.sends(1, "body", false);
            lone.sends_trailers(1, &[("x-long", &long)]).unwrap();
            lone.act(|conn| conn.ping([2; 8])).unwrap();
            if is_client {
                lone.requests("GET", true);
            } else {
                lone.responds(3, 200, true);
            }
            lone.peer_reads(true);
            let said = lone.says();
            // The reader of frames refuses anything else inside a block.
            let blocks = said.iter().filter(|f| f.field("x-long") == Some(long.as_str())).count();
            assert_eq!(blocks, 2);
            assert!(said.contains(&Frame::Pong([1; 8])) && said.contains(&Frame::Ping([2; 8])));
            assert!(said.contains(&Frame::SettingsAck));
            assert!(said.iter().any(|frame| frame.stream() == 3));
        });
    }
}

/// §4.3, §6.2, §6.10: "A receiver MUST treat the receipt of any other type of frame or a frame on a
/// different stream as a connection error of type PROTOCOL_ERROR", behind HEADERS and behind a
/// CONTINUATION.
#[test]
fn any_other_frame_inside_a_block_is_a_protocol_error() {
    let heads = [
        vec![wire::ok(1).no_end_headers()],
        vec![wire::ok(1).no_end_headers(), wire::continuation(1, b"").no_end_headers()],
    ];
    for begin in heads {
        lone::each_ends_it(
            &Setup::client_with_push(),
            |client| {
                client.requests("POST", false);
                client.requests("POST", false);
                client.hears(&begin);
            },
            &[
                ("DATA", &wire::data(1, "x"), PROTOCOL_ERROR),
                ("HEADERS, same stream", &wire::ok(1), PROTOCOL_ERROR),
                ("HEADERS, other stream", &wire::ok(3), PROTOCOL_ERROR),
                ("PRIORITY", &wire::priority(1, 0, 0), PROTOCOL_ERROR),
                ("RST_STREAM", &wire::rst(1, CANCEL), PROTOCOL_ERROR),
                ("SETTINGS", &wire::settings(&[]), PROTOCOL_ERROR),
                ("PUSH_PROMISE", &wire::push_promise(1, 2, wire::GET), PROTOCOL_ERROR),
                ("PING", &wire::ping([0; 8]), PROTOCOL_ERROR),
                ("GOAWAY", &wire::goaway(1, NO_ERROR, b""), PROTOCOL_ERROR),
                ("WINDOW_UPDATE", &wire::window_update(1, 1), PROTOCOL_ERROR),
                ("CONTINUATION, other stream", &wire::continuation(3, b""), PROTOCOL_ERROR),
                ("unknown type", &wire::raw(0xfa, 0, 1, b"x"), PROTOCOL_ERROR),
            ],
        );
    }
}

/// §4.3.1, both ways: "its HPACK encoder MUST start the next field block with a Dynamic Table Size
/// Update", and a block that does not "MUST" be "a connection error of type COMPRESSION_ERROR".
#[test]
fn a_reduced_table_is_confirmed_both_ways() {
    lone::client(|client| {
        client.requests_with("GET", &[("x-some", "thing")], true);
        client.hears(wire::settings(&[(1, 100)]));
        client.forget();
        client.requests_with("GET", &[("x-some", "thing")], true);
        client.requests_with("GET", &[("x-some", "thing")], true);
        let said = client.says();
        let [Frame::Headers { block, .. }, Frame::Headers { block: next, .. }] = &said[..] else {
            panic!("{said:?}")
        };
        assert!(block.starts_with(&[0x3f, 0x45]), "{block:x?}");
        assert_ne!(next[0] & 0xe0, 0x20, "{next:x?}");
    });
    let begin = |client: &mut Lone| {
        client.requests("GET", true);
        client.act(|conn| conn.update_settings(|s| s.header_table_size = 64)).unwrap();
        client.hears((wire::headers(1, &[(":status", "103")]), wire::settings_ack()));
    };
    lone::each_ends_it(&Setup::client(), begin, &[("no update", &wire::ok(1), COMPRESSION_ERROR)]);
    lone::client(|client| {
        begin(client);
        let block = [wire::size_update(64), wire::literal(":status", "200")].concat();
        client.hears(wire::headers_of(1, &block));
        client.must_be_fine();
    });
}
