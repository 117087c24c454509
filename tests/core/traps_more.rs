//! Rules that implementations got wrong, by their number: more flow control, streams, SETTINGS, PING,
//! GOAWAY, messages, robustness. Those that are missing are in `traps_rest`, beside other tests of
//! their kind, or with the adapter.

use h2_tests::prelude::*;

use crate::traps::{keeping, must_be_in_sync};

#[test]
fn trap_32_credit_is_announced_before_the_window_is_empty_and_not_per_frame() {
    Setup::server().config(lone::narrow).run(|server| {
        server.hears(wire::post(1));
        server.forget();
        let mut updates = 0;
        for _ in 0..1_000 {
            server.hears(wire::data_of(1, 1_000));
            server.acknowledges(1, 1_000);
            updates += server.says().len();
            assert!(server.peer_may_send(1) >= 32_767, "never less than half is left");
        }
        assert!(updates <= 2 * 2 * 16, "{updates} updates for a million octets");
    });
}

#[test]
fn trap_33_a_stream_that_the_peer_has_ended_gets_no_credit() {
    Setup::server().config(lone::narrow).run(|server| {
        server.hears(wire::post(1));
        for _ in 0..4 {
            server.hears(wire::data_of(1, 15_000));
        }
        server.hears(wire::data_of(1, 5_000).end_stream());
        server.forget();
        server.acknowledges(1, 65_000);
        assert_eq!(server.says_on(1), []);
        server.must_have_its_credit_back();
    });
}

#[test]
fn trap_35_a_stream_that_is_reset_gives_its_queue_and_its_share_to_others() {
    let setup = Setup::server().peer(&[(4, 1_000_000)]).config(|config| {
        config.send_pool = 50_000;
        config.send_credit = 1_000;
        config.max_send_credit = 60_000;
    });
    setup.run(|server| {
        server.hears((wire::get(1), wire::get(3), wire::window_update(0, 500)));
        for stream in [1, 3] {
            server.responds(stream, 200, false);
        }
        // The connection's window of 65,535 + 500 is spent, then the pool.
        let taken = server.sends(1, vec![0; 200_000], false);
        let taken = taken + server.sends(1, vec![0; 200_000], false);
        assert!(taken < 200_000, "{taken}");
        let before = server.conn.send_capacity(id(3));
        server.resets(1, CANCEL);
        assert!(server.conn.send_capacity(id(3)) > before);
    });
}

#[test]
fn trap_36_reading_never_waits_for_writing() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::post(3)));
        server.peer_reads(false);
        server.responds(1, 200, false);
        server.sends(1, vec![0; 16_000], true);
        server.forget();
        for _ in 0..4 {
            server.hears(wire::data_of(3, 16_000));
        }
        assert_eq!(server.told(), ["data 3 64000"]);
        assert_eq!(server.unconsumed(), 0);
    });
}

#[test]
fn trap_37_requests_leave_in_the_order_of_their_identifiers() {
    Setup::client().peer(&[(9, 1)]).run(|client| {
        let first = client.conn.send_request(lone::request("POST", &[]), End::Later).unwrap();
        let second = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        let third = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        let urgent = h2_core::Priority { urgency: 0, incremental: false };
        client.conn.prioritize(third, urgent).unwrap();
        client.conn.reset_stream(second, CANCEL);
        client.settle();
        let said = client.says();
        let heads = said.iter().filter(|f| matches!(f, Frame::Headers { .. }));
        assert_eq!(heads.map(Frame::stream).collect::<Vec<_>>(), [first.get(), third.get()]);
    });
}

#[test]
fn trap_38_a_reset_is_never_the_first_frame_of_a_stream() {
    lone::client(|client| {
        let stream = client.conn.send_request(lone::request("POST", &[]), End::Later).unwrap();
        let mut body = Bytes::from_static(b"body");
        client.conn.send_data(stream, &mut body, End::Now).unwrap();
        client.conn.reset_stream(stream, CANCEL);
        client.settle();
        assert_eq!(client.says(), []);
        assert_eq!(client.conn.open_outbound_streams(), 0);
    });
}

#[test]
fn trap_39_late_frames_of_stream_management_are_tolerated() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::ok(stream).end_stream());
        client.forget();
        for _ in 0..20 {
            client.hears((wire::window_update(stream, 9), wire::rst(stream, NO_ERROR)));
            client.hears((wire::priority(stream, 0, 1), wire::raw(0xbb, 0, stream, b"")));
        }
        client.must_be_fine();
    });
}

#[test]
fn trap_40_frames_about_a_request_that_was_not_written_are_about_an_idle_stream() {
    Setup::client().run(|client| {
        client.peer_reads(false);
        client.conn.send_request(lone::request("POST", &[]), End::Later).unwrap();
        // Nothing was cut yet, so the peer cannot know of the stream.
        let octets = wire::window_update(1, 9).octets();
        let mut input = bytes::BytesMut::from(&octets[..]);
        assert_eq!(client.conn.receive_data(&mut input, client.now), Received::Ended);
        client.peer_reads(true);
        client.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_41_streams_that_we_reset_are_remembered_and_their_frames_never_answered() {
    lone::server(|server| {
        for stream in (1..6_000).step_by(2) {
            server.hears(wire::post(stream));
            server.resets(stream, CANCEL);
            server.releases(stream);
        }
        server.forget();
        for stream in [1, 501, 2_001, 3_999, 5_997, 5_999] {
            server.hears((wire::data(stream, "late"), wire::window_update(stream, 1)));
            server.hears(wire::headers(stream, &[("x", "y")]).end_stream());
        }
        server.must_be_fine();
        assert!(server.says().iter().all(|frame| frame.stream() == 0));
    });
}

#[test]
fn trap_42_how_a_stream_ended_decides_what_late_data_means() {
    let half_closed = |server: &mut Lone| {
        server.hears((wire::get(1), wire::data(1, "x")));
    };
    let ended = |server: &mut Lone| {
        server.hears(wire::get(1));
        server.responds(1, 200, true);
        server.releases(1);
        server.hears(wire::data(1, "x"));
    };
    let reset = |server: &mut Lone| {
        server.hears(wire::post(1));
        server.resets(1, CANCEL);
        server.forget();
        server.hears(wire::data(1, "x"));
    };
    lone::server(|server| {
        half_closed(server);
        server.must_reset(1, STREAM_CLOSED);
    });
    lone::server(|server| {
        ended(server);
        server.must_go_away(STREAM_CLOSED);
    });
    lone::server(|server| {
        reset(server);
        server.must_be_fine();
    });
}

#[test]
fn trap_43_a_push_while_push_is_off_ends_the_connection() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.resets(stream, CANCEL);
        client.hears(wire::push_promise(stream, 2, wire::GET));
        client.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_45_a_lower_limit_of_streams_leaves_those_that_are_open() {
    lone::client(|client| {
        for _ in 0..3 {
            client.requests("GET", true);
        }
        client.hears(wire::settings(&[(3, 0)]));
        client.must_be_fine();
        assert_eq!(client.conn.free_slots(), 0);
        client.hears((wire::ok(1).end_stream(), wire::ok(3).end_stream()));
        assert_eq!(client.conn.free_slots(), 0);
        client.hears((wire::ok(5).end_stream(), wire::settings(&[(3, 1)])));
        assert_eq!(
            client.told(),
            ["response 1 200 end", "response 3 200 end", "response 5 200 end"]
        );
        assert_eq!(client.conn.free_slots(), 1);
    });
}

#[test]
fn trap_46_what_exceeds_our_limit_may_be_sent_again() {
    Setup::server().config(|c| c.max_concurrent_streams = 1).unacknowledged().run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.must_reset(3, REFUSED_STREAM);
    });
}

#[test]
fn trap_47_settings_without_a_limit_mean_no_limit_at_first_and_no_change_later() {
    Setup::client().fresh().run(|client| {
        assert_eq!(client.conn.free_slots(), 100);
        client.hears(wire::settings(&[]));
        assert_eq!(client.conn.free_slots(), 128, "our own limit");
        client.hears((wire::settings(&[(3, 5)]), wire::settings(&[(4, 1_000)])));
        assert_eq!(client.conn.free_slots(), 5);
    });
}

#[test]
fn trap_48_an_early_response_is_whole_before_the_reset() {
    lone::server(|server| {
        server.hears(wire::post(1));
        server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
        let mut body = Bytes::from(vec![0; 10_000]);
        server.conn.send_data(id(1), &mut body, End::Now).unwrap();
        server.conn.reset_stream(id(1), NO_ERROR);
        server.settle();
        let said = server.says_on(1);
        assert!(matches!(
            &said[..],
            [Frame::Headers { .. }, Frame::Data { data, end: true, .. }, Frame::Reset { code: 0, .. }]
                if data.len() == 10_000
        ));
    });
    // Any other code drops what is queued.
    lone::server(|server| {
        server.hears(wire::post(1));
        server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
        let mut body = Bytes::from(vec![0; 10_000]);
        server.conn.send_data(id(1), &mut body, End::Now).unwrap();
        server.conn.reset_stream(id(1), INTERNAL_ERROR);
        server.settle();
        let said = server.says_on(1);
        assert!(matches!(said.last(), Some(Frame::Reset { code: 2, .. })), "{said:?}");
        assert!(!said.iter().any(|f| matches!(f, Frame::Data { .. })), "{said:?}");
    });
}

#[test]
fn trap_49_data_before_a_reset_is_told_before_the_reset() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears((wire::ok(stream), wire::data(stream, "some"), wire::rst(stream, CANCEL)));
        assert_eq!(client.told(), ["response 1 200", "data 1 4", "reset 1 CANCEL peer"]);
    });
}

#[test]
fn trap_50_only_a_clean_end_is_an_end() {
    let spoil: [&dyn Wire; 3] =
        [&wire::rst(1, NO_ERROR), &wire::rst(1, CANCEL), &wire::headers(1, &[("x", "y")])];
    for spoiling in spoil {
        lone::client(|client| {
            let stream = client.requests("GET", true);
            client.hears((wire::ok(stream), wire::data(stream, "half"), spoiling));
            let told = client.told();
            assert!(told.iter().all(|line| !line.ends_with("end")), "{told:?}");
            assert!(told.last().is_some_and(|line| line.starts_with("reset")), "{told:?}");
        });
    }
}

#[test]
fn trap_51_the_last_of_repeated_settings_counts_and_all_are_checked() {
    lone::client(|client| {
        client.hears(wire::settings(&[(3, 1), (3, 9), (3, 4)]));
        assert_eq!(client.conn.remote_settings().max_concurrent_streams, Some(4));
        client.hears(wire::settings(&[(5, 1), (5, 16_384)]));
        client.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_52_every_settings_frame_has_its_own_acknowledgement_also_in_a_row() {
    lone::server(|server| {
        let many = vec![wire::settings(&[(4, 7)]); 50];
        server.hears(many);
        assert_eq!(server.says(), vec![Frame::SettingsAck; 50]);
        server.hears(wire::settings_ack());
        server.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_53_the_acknowledgement_precedes_what_relies_on_the_settings() {
    Setup::client().peer(&[(3, 0)]).run(|client| {
        client.forget();
        let octets = wire::settings(&[(3, 1)]).octets();
        let mut input = bytes::BytesMut::from(&octets[..]);
        assert_eq!(client.conn.receive_data(&mut input, client.now), Received::NeedMore);
        client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        client.settle();
        let said = client.says();
        assert!(matches!(said[..], [Frame::SettingsAck, Frame::Headers { .. }]), "{said:?}");
    });
}

#[test]
fn trap_54_a_client_says_that_it_takes_no_pushes() {
    Setup::client().fresh().run(|client| {
        let said = client.says();
        assert!(matches!(&said[0], Frame::Settings(entries) if entries.contains(&(2, 0))));
    });
}

#[test]
fn trap_55_a_server_announces_extended_connect_only_if_it_is_on() {
    for on in [false, true] {
        Setup::server().fresh().config(|config| config.enable_connect_protocol = on).run(
            |server| {
                let said = server.says();
                let Frame::Settings(entries) = &said[0] else { panic!("{said:?}") };
                assert_eq!(entries.contains(&(8, 1)), on);
            },
        );
    }
}

#[test]
fn trap_56_no_rfc7540_priorities_is_a_flag() {
    lone::server(|server| {
        server.hears(wire::settings(&[(9, 2)]));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn trap_57_a_shutdown_waits_for_the_answer_to_its_own_ping() {
    let payload_of = |seed| {
        let mut payload = [0; 8];
        Setup::server().config(|config| config.seed = seed).run_once(|server| {
            let now = server.now;
            server.act(|conn| conn.shutdown(now));
            let said = server.says();
            let Some(Frame::Ping(seen)) = said.last() else { panic!("{said:?}") };
            payload = *seen;
            server.hears((wire::pong([0; 8]), wire::pong([0xff; 8])));
            server.act(|conn| conn.ping(*b"app ping")).unwrap();
            server.hears(wire::pong(*b"app ping"));
            let said = server.says();
            assert!(!said.iter().any(|f| matches!(f, Frame::GoAway { .. })), "{said:?}");
        });
        payload
    };
    assert_ne!(payload_of(1), payload_of(2), "the payload cannot be guessed");
    assert_eq!(payload_of(3), payload_of(3), "the same inputs give the same output");
}

#[test]
fn trap_59_refused_and_malformed_requests_are_decoded_but_the_last_stream_covers_the_shown() {
    Setup::server().config(|config| config.max_concurrent_streams = 1).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.act(|conn| conn.close_connection(INTERNAL_ERROR, Bytes::new()));
        let said = server.says();
        let Some(Frame::GoAway { last, .. }) = said.last() else { panic!("{said:?}") };
        assert!([1, 3].contains(last), "{last}");
    });
}

#[test]
fn trap_60_a_goaway_of_the_client_ends_none_of_its_streams() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::goaway(0, NO_ERROR, b""), wire::data(1, "x")));
        assert_eq!(server.told(), ["request 1 POST /", "goaway 0 NO_ERROR", "data 1 1"]);
        server.must_live();
    });
}

#[test]
fn trap_61_a_request_that_was_answered_with_an_error_code_is_no_proof() {
    for (code, proof) in [(REFUSED_STREAM, true), (CANCEL, false), (INTERNAL_ERROR, false)] {
        lone::client(|client| {
            let stream = client.requests("GET", true);
            client.forget();
            client.hears(wire::rst(stream, code));
            let events = client.events();
            let [Event::StreamReset { outcome, .. }] = &events[..] else { panic!() };
            assert_eq!(outcome.is_unprocessed(), proof);
        });
    }
}

#[test]
fn trap_63_an_end_of_the_transport_is_graceful_only_without_open_streams() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::ok(stream).end_stream());
        client.hears_eof();
        assert!(client.conn.close_reason().is_some_and(|reason| reason.is_graceful()));
    });
    lone::client(|client| {
        client.requests("GET", true);
        client.hears_eof();
        assert!(client.conn.close_reason().is_some_and(|reason| !reason.is_graceful()));
        assert!(client.told().last().is_some_and(|line| line.starts_with("closed")));
    });
}

#[test]
fn trap_66_interim_responses_may_come_many_times_and_only_before_the_final_one() {
    lone::client(|client| {
        let stream = client.requests("POST", false);
        for _ in 0..32 {
            client.hears(wire::headers(stream, &[(":status", "103"), ("link", "</a>")]));
        }
        client.hears(wire::ok(stream));
        client.must_be_fine();
        assert_eq!(client.told().len(), 33);
        client.hears(wire::headers(stream, &[(":status", "103")]));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
}

#[test]
fn trap_68_the_length_holds_wherever_the_end_stands() {
    let head = |length| wire::headers(1, &wire::post_and(&[("content-length", length)]));
    for length in ["+5", "5 ", "", "0x5", "5,5", "-1", "99999999999999999999"] {
        lone::server(|server| {
            server.hears(head(length).end_stream());
            server.must_answer_and_reset(1, "400");
        });
    }
}

#[test]
fn trap_72_an_oversize_request_is_answered_and_forgotten() {
    Setup::server().config(|config| config.max_header_list_size = 1_000).run(|server| {
        let big = "b".repeat(2_000);
        let before = wire::block(&wire::post_and(&[("x-big", &big)]));
        server.hears(keeping(1, &before));
        server.must_answer_and_reset(1, "431");
        server.hears(wire::data(1, "its body"));
        server.must_be_fine();
        assert_eq!(server.conn.open_inbound_streams(), 0);
        must_be_in_sync(server, 3);
    });
}

#[test]
fn trap_73_the_answer_to_head_may_end_with_an_empty_data() {
    lone::client(|client| {
        let stream = client.requests("HEAD", true);
        let head = wire::headers(stream, &[(":status", "200"), ("content-length", "9")]);
        client.hears((head, wire::data(stream, "").end_stream()));
        client.must_be_fine();
        assert_eq!(client.told(), ["response 1 200", "data 1 0 end"]);
    });
}

/// PRIORITY_UPDATE (RFC 9218 §7.1): the stream it is about, then a structured field.
fn priority_update(stream: u32, value: &str) -> wire::Raw {
    wire::raw(0x10, 0, 0, &[&stream.to_be_bytes()[..], value.as_bytes()].concat())
}

#[test]
fn trap_74_a_priority_update_stands_on_stream_0_and_is_the_clients() {
    let open = |server: &mut Lone| {
        server.hears(wire::post(1));
    };
    lone::each_ends_it(
        &Setup::server(),
        open,
        &[
            ("on a stream", &priority_update(1, "u=1").on_stream(1), PROTOCOL_ERROR),
            ("about stream 0", &priority_update(0, "u=1"), PROTOCOL_ERROR),
            ("3 octets", &wire::raw(0x10, 0, 0, &[0; 3]), FRAME_SIZE_ERROR),
        ],
    );
    let to_client = priority_update(1, "u=1");
    lone::each_ends_it(&Setup::client(), |_| {}, &[("a server's", &to_client, PROTOCOL_ERROR)]);
    lone::server(|server| {
        open(server);
        for value in ["", "u=9", "u=x", "\u{1}", "i=?2", "u=1, u=2, x=y", "u"] {
            server.hears(priority_update(1, value));
        }
        server.resets(1, CANCEL);
        server.hears(priority_update(1, "u=0"));
        server.hears((priority_update(9, "u=0"), priority_update(9, "u=5")));
        server.must_live();
    });
}

#[test]
fn trap_74_a_priority_that_comes_before_its_request_is_obeyed() {
    Setup::server().peer(&[(4, 1_000_000)]).run(|server| {
        server.hears(priority_update(3, "u=0"));
        server.hears((wire::get(1), wire::get(3), wire::window_update(0, 1_000_000)));
        server.peer_reads(false);
        for stream in [1, 3] {
            server.conn.send_response(id(stream), lone::response(200, &[]), End::Later).unwrap();
            let mut body = Bytes::from(vec![0; 100_000]);
            server.conn.send_data(id(stream), &mut body, End::Now).unwrap();
        }
        server.peer_reads(true);
        let said = server.says();
        let order = said.iter().filter(|f| matches!(f, Frame::Data { .. })).map(Frame::stream);
        let order: Vec<u32> = order.collect();
        let split = order.iter().position(|stream| *stream == 1).unwrap();
        assert!(order[split..].iter().all(|stream| *stream == 1), "{order:?}");
    });
}

/// Reserved streams do not count against the limit on streams (§5.1.2), so they need one of their own.
#[test]
fn trap_44_promises_are_bounded() {
    let takes_pushes = Setup::client().config(|config| {
        config.enable_push = true;
        config.max_concurrent_streams = 10;
    });
    takes_pushes.run_once(|client| {
        client.requests("GET", true);
        client.forget();
        for promised in (2..4_000).step_by(2) {
            client.hears(wire::push_promise(1, promised, wire::GET));
        }
        let told = client.events();
        let promised = told.iter().filter(|e| matches!(e, Event::PushReceived { .. })).count();
        assert!((1..=200).contains(&promised), "{promised} promises are held");
    });
}

#[test]
fn trap_79_answers_that_nobody_takes_stop_the_reading() {
    lone::server(|server| {
        server.peer_reads(false);
        for _ in 0..100 {
            server.hears(wire::ping([5; 8]));
        }
        assert_eq!(server.last, Received::DrainFirst);
        assert!(server.unconsumed() >= 17 * (100 - 64), "{}", server.unconsumed());
        server.peer_reads(true);
        assert_eq!(server.says(), vec![Frame::Pong([5; 8]); 100]);
        assert_eq!(server.unconsumed(), 0);
    });
}
