//! Rules that implementations got wrong, by their number: framing, compression, flow control.

use h2_tests::prelude::*;

/// Whether the decoder of the server still knows what came in `x-kept` of an earlier block.
#[track_caller]
pub(crate) fn must_be_in_sync(server: &mut Lone, stream: u32) {
    server.events();
    let block = [wire::block(wire::GET), wire::indexed(62)].concat();
    server.hears(wire::headers_of(stream, &block).end_stream());
    let events = server.events();
    let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(head.get("x-kept"), Some(&b"kept"[..]));
}

/// A head whose last field enters the decoder's table.
pub(crate) fn keeping(stream: u32, before: &[u8]) -> wire::Raw {
    wire::headers_of(stream, &[before, &wire::incremental("x-kept", "kept")].concat())
}

pub(crate) fn keeping_post(stream: u32) -> wire::Raw {
    keeping(stream, &wire::block(wire::POST))
}

#[test]
fn trap_01_an_overlong_frame_is_refused_before_it_is_buffered() {
    Setup::server().run_once(|server| {
        server.hears(wire::post(1));
        server.forget();
        server.hears(wire::data(1, "").announcing(0xff_ffff));
        server.must_go_away(FRAME_SIZE_ERROR);
    });
}

#[test]
fn trap_02_a_wrong_length_is_an_error_of_the_connection_but_for_priority() {
    let begin = |server: &mut Lone| {
        server.hears(wire::post(1));
    };
    lone::each_ends_it(
        &Setup::server(),
        begin,
        &[
            ("HEADERS", &wire::raw(1, 0x24, 1, &[0; 4]), FRAME_SIZE_ERROR),
            ("RST_STREAM", &wire::raw(3, 0, 1, &[0; 3]), FRAME_SIZE_ERROR),
            ("SETTINGS", &wire::raw(4, 0, 0, &[0; 3]), FRAME_SIZE_ERROR),
            ("PING", &wire::raw(6, 0, 0, &[0; 3]), FRAME_SIZE_ERROR),
            ("GOAWAY", &wire::raw(7, 0, 0, &[0; 3]), FRAME_SIZE_ERROR),
            ("WINDOW_UPDATE", &wire::raw(8, 0, 1, &[0; 3]), FRAME_SIZE_ERROR),
            ("PRIORITY, idle", &wire::raw(2, 0, 9, &[0; 3]), FRAME_SIZE_ERROR),
        ],
    );
    lone::server(|server| {
        begin(server);
        server.hears(wire::raw(2, 0, 1, &[0; 3]));
        server.must_reset(1, FRAME_SIZE_ERROR);
    });
}

#[test]
fn trap_03_an_unknown_frame_is_ignored_but_not_inside_a_block() {
    lone::server(|server| {
        server.hears((wire::raw(0x2a, 0xff, 0x8000_0000, &[7; 500]), wire::get(1)));
        server.must_be_fine();
        server.hears((wire::get(3).no_end_headers(), wire::raw(0x2a, 0, 3, b"")));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_04_the_first_frame_is_settings_without_ack() {
    Setup::client().fresh().run(|client| {
        client.hears(wire::settings_ack());
        client.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_05_the_preface_may_come_in_any_pieces() {
    for at in 0..=24 {
        Setup::server().fresh().run_once(|server| {
            let (head, tail) = wire::PREFACE.split_at(at);
            server.hears(head);
            server.hears((tail, wire::settings(&[]), wire::get(1)));
            assert_eq!(server.told(), ["request 1 GET / end"], "cut at {at}");
        });
    }
}

#[test]
fn trap_06_padding_from_none_to_255_octets_is_counted_and_taken_off() {
    Setup::server().config(lone::narrow).run(|server| {
        server.hears(wire::post(1));
        for padding in (0..=255).cycle().take(1_000) {
            server.hears(wire::data(1, "").padded(padding));
            server.must_have_its_credit_back();
        }
        server.must_be_fine();
        server.hears(wire::raw(0, 8, 1, &[3, 0, 0]));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_07_blocks_of_dead_streams_are_decoded_all_the_same() {
    lone::server(|server| {
        server.hears(wire::post(1));
        server.resets(1, CANCEL);
        server.hears(keeping(1, b"").end_stream());
        server.must_live();
        must_be_in_sync(server, 3);
    });
    Setup::server().config(|config| config.max_concurrent_streams = 1).run(|server| {
        server.hears((wire::get(1), keeping_post(3)));
        server.must_reset(3, REFUSED_STREAM);
        server.responds(1, 200, true);
        server.releases(1);
        must_be_in_sync(server, 5);
    });
    lone::server(|server| {
        server.hears((wire::get(1), keeping(1, b"").end_stream()));
        server.must_reset(1, STREAM_CLOSED);
        must_be_in_sync(server, 3);
    });
    lone::server(|server| {
        server.hears((wire::post(1), keeping(1, b"")));
        server.must_reset(1, PROTOCOL_ERROR);
        must_be_in_sync(server, 3);
    });
}

#[test]
fn trap_08_a_malformed_field_does_not_stop_the_decoder() {
    let bad: [(&str, &str); 5] =
        [("UP", "v"), ("content-length", "x"), (":late", "v"), ("te", "x"), ("a", "\0")];
    for (name, value) in bad {
        lone::server(|server| {
            let before = [wire::block(wire::GET), wire::literal(name, value)].concat();
            server.hears(keeping(1, &before).end_stream());
            server.must_answer_and_reset(1, "400");
            must_be_in_sync(server, 3);
        });
    }
}

#[test]
fn trap_09_a_decoding_failure_is_a_compression_error_and_fatal() {
    lone::server(|server| {
        server.hears((wire::headers_of(1, &wire::indexed(99)), wire::get(3)));
        assert_eq!(server.events().len(), 1);
        assert!(matches!(server.says()[..], [Frame::GoAway { code: 9, .. }]));
    });
}

#[test]
fn trap_10_several_table_sizes_are_confirmed_by_the_smallest_and_the_last() {
    for peer in [vec![wire::settings(&[(1, 0), (1, 4_096)])], [0, 4_096].map(one_size).to_vec()] {
        lone::server(|server| {
            server.hears((wire::get(1), &peer));
            server.responds(1, 200, true);
            let said = server.says_on(1);
            let Frame::Headers { block, .. } = &said[0] else { panic!("{said:?}") };
            assert_eq!(block[..4], [0x20, 0x3f, 0xe1, 0x1f]);
        });
    }
}

fn one_size(size: u32) -> wire::Raw {
    wire::settings(&[(1, size)])
}

fn with_table(server: &mut Lone, size: u32) {
    server.act(|conn| conn.update_settings(|s| s.header_table_size = size)).unwrap();
}

#[test]
fn trap_11_a_reduced_table_that_is_not_confirmed_is_a_compression_error() {
    let begin = |server: &mut Lone| {
        server.hears(keeping_post(1));
        with_table(server, 0);
        server.hears(wire::settings_ack());
    };
    let reference = wire::headers_of(3, &wire::indexed(62));
    let rows: [(&str, &dyn Wire, ErrorCode); 2] =
        [("get", &wire::get(3), COMPRESSION_ERROR), ("index", &reference, COMPRESSION_ERROR)];
    lone::each_ends_it(&Setup::server(), begin, &rows);
}

#[test]
fn trap_12_size_updates_stand_before_the_first_field_and_may_be_several() {
    lone::server(|server| {
        let updates = [wire::size_update(0), wire::size_update(4_096)].concat();
        server.hears(keeping(1, &[updates, wire::block(wire::GET)].concat()).end_stream());
        server.must_be_fine();
        must_be_in_sync(server, 3);
        server.forget();
        let late = [wire::block(wire::GET), wire::size_update(0)].concat();
        server.hears(wire::headers_of(5, &late));
        server.must_go_away(COMPRESSION_ERROR);
    });
}

#[test]
fn trap_13_a_larger_table_may_be_used_from_the_acknowledgement_on() {
    let block = [wire::size_update(8_192), wire::block(wire::GET)].concat();
    let larger = |server: &mut Lone| with_table(server, 8_192);
    let frame = wire::headers_of(1, &block).end_stream();
    lone::each_ends_it(&Setup::server(), larger, &[("early", &frame, COMPRESSION_ERROR)]);
    lone::server(|server| {
        larger(server);
        server.hears((wire::settings_ack(), &frame));
        server.must_be_fine();
    });
    lone::server(|server| {
        larger(server);
        // The table stays as it is until the peer's encoder says otherwise.
        server.hears((wire::settings_ack(), keeping_post(1)));
        must_be_in_sync(server, 3);
    });
}

#[test]
fn trap_14_our_encoders_table_is_capped_whatever_the_peer_offers() {
    Setup::server().peer(&[(1, u32::MAX)]).run(|server| {
        for stream in (1..80).step_by(2) {
            server.hears(wire::get(stream));
            let value = format!("{stream}").repeat(100);
            // The reader's table has 4,096 octets: it fails if ours were larger.
            server.responds_with(stream, 200, &[("x-a", &value), ("x-b", "same")], true);
            server.releases(stream);
            let said = server.says_on(stream);
            assert_eq!(said[0].field("x-a"), Some(value.as_str()));
        }
    });
}

#[test]
fn trap_15_an_entry_larger_than_the_table_empties_it() {
    lone::server(|server| {
        server.hears(keeping_post(1));
        let huge = wire::incremental("x-huge", "h".repeat(5_000));
        let block = [wire::block(wire::GET), huge].concat();
        server.hears(wire::headers_of(3, &block).end_stream());
        server.must_be_fine();
        server.hears(wire::headers_of(5, &wire::indexed(62)));
        server.must_go_away(COMPRESSION_ERROR);
    });
    lone::server(|server| {
        // A literal that names the entry which its own insertion evicts.
        let filled = wire::incremental("x-name", "f".repeat(3_000));
        server.hears(wire::headers_of(1, &[wire::block(wire::POST), filled].concat()));
        let value = "g".repeat(3_000);
        let mut literal = wire::integer(0x40, 6, 62);
        literal.extend(wire::integer(0, 7, value.len()));
        literal.extend(value.as_bytes());
        let block = [wire::block(wire::GET), literal].concat();
        server.forget();
        server.hears(wire::headers_of(3, &block).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(head.get("x-name"), Some(value.as_bytes()));
    });
}

#[test]
fn trap_17_never_indexed_fields_are_marked_and_stay_so() {
    lone::server(|server| {
        let block = [
            wire::block(wire::GET),
            wire::never_indexed("x-secret", "s"),
            wire::literal("x-plain", "p"),
        ];
        server.hears(wire::headers_of(1, &block.concat()).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        let marks: Vec<bool> = head.fields().map(|field| field.sensitive).collect();
        assert_eq!(marks, [true, false]);
        // Sent on as it came, it goes out never-indexed.
        let mut fields = lone::fields(&[(":status", "200")]);
        for field in head.fields().filter(|field| field.sensitive) {
            fields.push_sensitive(field.name, field.value);
        }
        let head = h2_core::ResponseHead::from_fields(fields).unwrap();
        server.act(|conn| conn.send_response(id(1), head, End::Now)).unwrap();
        let said = server.says_on(1);
        let Frame::Headers { block, .. } = &said[0] else { panic!("{said:?}") };
        assert_eq!(block[1] & 0xf0, 0x10, "{block:x?}");
    });
}

#[test]
fn trap_18_repeated_names_survive_a_split_block() {
    lone::server(|server| {
        let block = [
            wire::block(wire::GET),
            wire::incremental("x-many", "1"),
            [wire::integer(0x40, 6, 62), vec![1, b'2']].concat(),
            [wire::integer(0x40, 6, 62), vec![1, b'3']].concat(),
        ]
        .concat();
        let split = wire::block(wire::GET).len() + 8;
        server.hears(wire::split(1, &block, &[split, 2, 3], true));
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        let values: Vec<&[u8]> = head.fields().map(|field| field.value).collect();
        assert_eq!(values, [b"1", b"2", b"3"]);
        assert!(head.fields().all(|field| field.name == b"x-many"));
    });
}

#[test]
fn trap_19_a_refused_command_leaves_no_trace_on_the_encoder() {
    Setup::client().peer(&[(6, 400)]).run(|client| {
        let long = "v".repeat(500);
        let head = lone::request("GET", &[("x-indexed", "yes"), ("x-long", &long)]);
        assert!(client.act(|conn| conn.send_request(head, End::Now)).is_err());
        assert_eq!(client.requests_with("GET", &[("x-indexed", "yes")], true), 1);
        let said = client.says();
        assert_eq!(said[0].field("x-indexed"), Some("yes"));
    });
}

#[test]
fn trap_20_padding_is_credited_by_the_core_on_both_levels() {
    let setup = Setup::server().config(|config| {
        config.stream_window = 1_000;
        config.connection_window = 65_535;
        config.isolation = false;
    });
    setup.run(|server| {
        server.hears(wire::post(1));
        // More than both windows together, had the padding been lost.
        for _ in 0..400 {
            server.hears(wire::data(1, "x").padded(255));
            server.acknowledges(1, 1);
        }
        server.must_be_fine();
    });
}

#[test]
fn trap_21_a_new_initial_window_never_touches_the_connection() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::settings(&[(4, 0)]), wire::settings(&[(4, 9)])));
        assert_eq!(server.may_send(0), 65_535);
        assert_eq!(server.may_send(1), 9);
    });
}

#[test]
fn trap_22_windows_below_zero_do_not_wrap() {
    Setup::server().peer(&[(4, 0x7fff_ffff)]).run(|server| {
        server.hears((wire::get(1), wire::window_update(0, 0x7fff_0000)));
        server.responds(1, 200, false);
        server.sends(1, vec![0; 100_000], false);
        for _ in 0..3 {
            server.hears((wire::settings(&[(4, 0)]), wire::settings(&[(4, 0x7fff_ffff)])));
        }
        server.hears(wire::settings(&[(4, 0)]));
        server.must_be_fine();
        assert_eq!(server.may_send(1), -100_000);
        server.hears(wire::window_update(1, 0x7fff_ffff));
        assert_eq!(server.may_send(1), 0x7fff_ffff - 100_000);
    });
}

#[test]
fn trap_23_an_empty_end_goes_out_with_a_window_below_zero() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, "abc", false);
        server.hears(wire::settings(&[(4, 0)]));
        server.forget();
        assert_eq!(server.sends(1, "", true), 0);
        let said = server.says_on(1);
        assert!(matches!(&said[..], [Frame::Data { data, end: true, .. }] if data.is_empty()));
    });
}

#[test]
fn trap_24_trailers_do_not_wait_for_a_window() {
    Setup::server().peer(&[(4, 0)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends_trailers(1, &[("x", "y")]).unwrap();
        let said = server.says_on(1);
        assert!(matches!(said[..], [Frame::Headers { .. }, Frame::Headers { end: true, .. }]));
    });
}

#[test]
fn trap_25_overflow_by_update_ends_the_stream_by_settings_the_connection() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::window_update(1, 0x7fff_ffff)));
        server.must_reset(1, FLOW_CONTROL_ERROR);
        server.hears((wire::post(3), wire::window_update(3, 1)));
        server.hears(wire::settings(&[(4, 0x7fff_ffff)]));
        server.must_go_away(FLOW_CONTROL_ERROR);
    });
}

#[test]
fn trap_26_an_increment_of_zero_ends_only_what_it_is_about() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::window_update(1, 0)));
        server.must_reset(1, PROTOCOL_ERROR);
        server.hears(wire::window_update(0, 0));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_27_data_that_nobody_takes_is_credited_to_the_connection() {
    let one = Setup::server().config(|config| {
        lone::narrow(config);
        config.max_concurrent_streams = 1;
    });
    one.run(|server| {
        server.hears((wire::post(1), wire::post(3)));
        server.must_reset(3, REFUSED_STREAM);
        server.resets(1, CANCEL);
        server.must_reset(1, CANCEL);
        for dead in [3, 1, 3, 1] {
            for _ in 0..20 {
                server.hears(wire::data_of(dead, 5_000).padded(3));
                server.must_have_its_credit_back();
            }
        }
        server.must_be_fine();
    });
}

#[test]
fn trap_28_an_unread_body_is_credited_to_the_connection_alone() {
    Setup::server().config(lone::narrow).run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 10_000)));
        server.act(|conn| conn.discard_received_data(id(1)));
        server.forget();
        for _ in 0..5 {
            server.hears(wire::data_of(1, 10_000));
            server.must_have_its_credit_back();
        }
        assert_eq!(server.told(), Vec::<String>::new());
        assert_eq!(server.peer_may_send(1), 5_535);
        assert_eq!(server.says_on(1), []);
        server.hears(wire::data_of(1, 5_535).end_stream());
        server.must_be_fine();
    });
}

#[test]
fn trap_29_an_error_in_data_is_credited_exactly_once() {
    Setup::server().config(lone::narrow).run(|server| {
        for stream in (1..80).step_by(4) {
            server.hears(wire::headers(stream, &wire::post_and(&[("content-length", "5")])));
            server.hears(wire::data_of(stream, 10_000));
            server.must_reset(stream, PROTOCOL_ERROR);
            server.must_have_its_credit_back();
            server.hears((wire::get(stream + 2), wire::data_of(stream + 2, 10_000)));
            server.must_reset(stream + 2, STREAM_CLOSED);
            server.must_have_its_credit_back();
            server.releases(stream);
            server.releases(stream + 2);
        }
    });
}

#[test]
fn trap_30_a_smaller_window_binds_from_its_acknowledgement_on() {
    Setup::server().config(|config| config.stream_window = 10).unacknowledged().run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 5_000), wire::settings_ack()));
        server.must_be_fine();
        assert_eq!(server.peer_may_send(1), 10 - 5_000);
        server.hears(wire::data_of(1, 1));
        server.must_reset(1, FLOW_CONTROL_ERROR);
    });
}

#[test]
fn trap_31_the_connection_window_is_raised_by_window_update() {
    Setup::server().fresh().run(|server| {
        let said = server.says();
        let raised = Frame::WindowUpdate { stream: 0, increment: 16 * 1024 * 1024 - 65_535 };
        assert!(said.contains(&raised), "{said:?}");
        assert_eq!(server.peer_may_send(0), 16 * 1024 * 1024);
    });
}
