//! Commands: a wrong one changes nothing, a late one does no harm, and what was not written leaves no
//! trace.

use h2_tests::prelude::*;

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Misuse>, why: Misuse) {
    assert_eq!(outcome.unwrap_err(), why);
}

/// After the wrong commands, the right ones work as if nothing had been.
#[test]
fn wrong_commands_of_a_server_change_nothing() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.forget();
        let ok = || lone::response(200, &[]);
        let early = || lone::response(103, &[]);
        let mut data = Bytes::from_static(b"data");
        let s = id(1);
        refused(server.act(|c| c.send_data(s, &mut data, End::Later)), Misuse::HeadNotSent(s));
        refused(server.act(|c| c.end_stream(s)), Misuse::HeadNotSent(s));
        refused(server.sends_trailers(1, &[("x", "y")]), Misuse::HeadNotSent(s));
        refused(server.act(|c| c.send_response(s, early(), End::Later)), Misuse::WrongStatusKind);
        refused(server.act(|c| c.send_informational(s, ok())), Misuse::WrongStatusKind);
        refused(
            server.act(|c| c.send_response(id(3), ok(), End::Now)),
            Misuse::NoSuchStream(id(3)),
        );
        let promise = lone::response(200, &[("content-length", "5")]);
        refused(server.act(|c| c.send_response(s, promise, End::Now)), Misuse::ContentLength(s));
        let head = lone::request("GET", &[]);
        let open = server.act(|c| c.send_request(head, End::Now)).unwrap_err();
        assert_eq!(open.why, Misuse::WrongRole);
        assert_eq!((server.says(), data.len()), (vec![], 4));

        server.act(|c| c.send_informational(s, early())).unwrap();
        server.responds(1, 200, false);
        refused(server.act(|c| c.send_response(s, ok(), End::Now)), Misuse::HeadAlreadySent(s));
        refused(server.act(|c| c.send_informational(s, early())), Misuse::HeadAlreadySent(s));
        assert_eq!(server.says().len(), 2);
        server.sends(1, "data", true);
        refused(server.act(|c| c.send_data(s, &mut data, End::Now)), Misuse::NoSuchStream(s));
        let said = server.says();
        assert!(matches!(said[..], [Frame::Data { end: true, .. }]), "{said:?}");
    });
}

#[test]
fn wrong_commands_of_a_client_change_nothing() {
    lone::client(|client| {
        let stream = client.requests("POST", false);
        client.forget();
        let s = id(stream);
        let ok = lone::response(200, &[]);
        refused(client.act(|c| c.send_response(s, ok, End::Now)), Misuse::WrongRole);
        let early = lone::response(103, &[]);
        refused(client.act(|c| c.send_informational(s, early)), Misuse::WrongRole);
        client.sends(stream, "body", true);
        refused(client.act(|c| c.end_stream(s)), Misuse::AlreadyEnded(s));
        refused(client.sends_trailers(stream, &[]), Misuse::AlreadyEnded(s));
        let mut data = Bytes::from_static(b"more");
        refused(client.act(|c| c.send_data(s, &mut data, End::Now)), Misuse::AlreadyEnded(s));
        let said = client.says();
        assert!(matches!(said[..], [Frame::Data { end: true, .. }]), "{said:?}");
    });
}

#[test]
fn a_body_that_does_not_fit_its_content_length_is_refused() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds_with(1, 200, &[("content-length", "5")], false);
        server.forget();
        let s = id(1);
        let mut six = Bytes::from_static(b"123456");
        refused(server.act(|c| c.send_data(s, &mut six, End::Now)), Misuse::ContentLength(s));
        assert_eq!(six.len(), 6, "nothing was taken");
        let mut four = Bytes::from_static(b"1234");
        refused(server.act(|c| c.send_data(s, &mut four, End::Now)), Misuse::ContentLength(s));
        refused(server.act(|c| c.end_stream(s)), Misuse::ContentLength(s));
        assert_eq!(server.says(), []);
        server.sends(1, "1234", false);
        refused(server.sends_trailers(1, &[("x", "y")]), Misuse::ContentLength(s));
        server.sends(1, "5", true);
        server.must_be_fine();
    });
    // No body where there is none.
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        lone::server(|server| {
            let mut fields = wire::GET.to_vec();
            fields[0].1 = method;
            server.hears(wire::headers(1, &fields).end_stream());
            server.responds(1, status, false);
            let s = id(1);
            let mut data = Bytes::from_static(b"x");
            refused(server.act(|c| c.send_data(s, &mut data, End::Now)), Misuse::ContentLength(s));
            server.act(|c| c.end_stream(s)).unwrap();
            server.must_be_fine();
        });
    }
    lone::server(|server| {
        let mut fields = wire::GET.to_vec();
        fields[0].1 = "HEAD";
        server.hears(wire::headers(1, &fields).end_stream());
        server.responds_with(1, 200, &[("content-length", "99")], true);
        server.must_be_fine();
    });
}

#[test]
fn a_request_that_ends_at_once_promises_no_body() {
    lone::client(|client| {
        let head = lone::request("POST", &[("content-length", "5")]);
        let refused = client.act(|conn| conn.send_request(head, End::Now)).unwrap_err();
        assert!(matches!(refused.why, Misuse::ContentLength(_)));
        assert_eq!(client.says(), []);
        assert_eq!(client.requests("GET", true), 1);
    });
}

#[test]
fn a_reset_may_be_repeated_and_may_come_too_late() {
    lone::server(|server| {
        server.hears(wire::post(1));
        for _ in 0..3 {
            server.resets(1, CANCEL);
            server.resets(1, INTERNAL_ERROR);
        }
        server.resets(77, CANCEL);
        server.must_reset(1, CANCEL);
        server.forget();
        server.releases(1);
        server.releases(1);
        server.releases(77);
        server.resets(1, CANCEL);
        server.must_ignore();
    });
}

#[test]
fn a_request_that_was_cancelled_before_it_was_cut_leaves_nothing() {
    lone::client(|client| {
        let mut expected = Vec::new();
        for n in 0..10 {
            let head = lone::request("POST", &[("x-number", "indexed")]);
            let stream = client.conn.send_request(head, End::Later).unwrap();
            let mut body = Bytes::from(vec![n; 100]);
            client.conn.send_data(stream, &mut body, End::Now).unwrap();
            if n % 3 == 0 {
                expected.push(stream.get());
            } else {
                client.conn.reset_stream(stream, CANCEL);
                assert_eq!(client.conn.request_outcome(stream), None);
            }
        }
        client.settle();
        let heads: Vec<u32> = client
            .says()
            .iter()
            .filter(|f| !matches!(f, Frame::Data { .. }))
            .map(Frame::stream)
            .collect();
        assert_eq!(heads, expected);
        assert_eq!(client.conn.open_outbound_streams(), expected.len());
        // The skipped streams are idle or closed for the peer, and it never says a word about them.
        client.hears(wire::ok(expected[1]).end_stream());
        client.must_be_fine();
    });
}

#[test]
fn a_priority_of_a_request_that_was_cancelled_leaves_nothing() {
    Setup::client().peer(&[(9, 1)]).run(|client| {
        let stream = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        let urgent = h2_core::Priority { urgency: 0, incremental: false };
        client.conn.prioritize(stream, urgent).unwrap();
        client.conn.reset_stream(stream, CANCEL);
        client.settle();
        assert_eq!(client.says(), []);
    });
}

#[test]
fn how_far_a_request_came_can_be_asked() {
    use h2_core::Outcome;
    lone::client(|client| {
        let stream = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        assert_eq!(client.conn.request_outcome(stream), Some(Outcome::NotSent));
        client.settle();
        assert_eq!(client.conn.request_outcome(stream), Some(Outcome::MaybeProcessed));
        client.hears(wire::headers(1, &[(":status", "103")]));
        assert_eq!(client.conn.request_outcome(stream), Some(Outcome::MaybeProcessed));
        client.hears(wire::ok(1));
        assert_eq!(client.conn.request_outcome(stream), Some(Outcome::ResponseStarted));
        assert_eq!(client.conn.request_outcome(id(3)), None);
        let unsent = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        client.conn.close_connection(NO_ERROR, Bytes::new());
        assert_eq!(client.conn.request_outcome(stream), Some(Outcome::ResponseStarted));
        assert_eq!(client.conn.request_outcome(unsent), Some(Outcome::NotSent));
    });
}

#[test]
fn the_end_moves_onto_the_last_data_that_was_not_cut() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.forget();
        let mut data = Bytes::from_static(b"tail");
        server.conn.send_data(id(1), &mut data, End::Later).unwrap();
        server.conn.end_stream(id(1)).unwrap();
        server.settle();
        let said = server.says();
        assert!(matches!(&said[..], [Frame::Data { data, end: true, .. }] if data == b"tail"));
    });
    // After it was cut, an empty DATA follows.
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, "tail", false);
        server.forget();
        server.act(|conn| conn.end_stream(id(1))).unwrap();
        let said = server.says();
        assert!(matches!(&said[..], [Frame::Data { data, end: true, .. }] if data.is_empty()));
    });
}

#[test]
fn the_end_never_moves_onto_a_head() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
        server.conn.end_stream(id(1)).unwrap();
        server.settle();
        let said = server.says_on(1);
        assert!(
            matches!(said[..], [Frame::Headers { end: false, .. }, Frame::Data { end: true, .. }]),
            "{said:?}"
        );
    });
    lone::client(|client| {
        let stream = client.conn.send_request(lone::request("POST", &[]), End::Later).unwrap();
        client.conn.end_stream(stream).unwrap();
        client.settle();
        let said = client.says();
        assert!(
            matches!(said[..], [Frame::Headers { end: false, .. }, Frame::Data { end: true, .. }]),
            "{said:?}"
        );
    });
}

#[test]
fn slots_can_be_reserved_and_given_back() {
    Setup::client().peer(&[(3, 2)]).run(|client| {
        let first = client.conn.reserve_slot().unwrap();
        assert_eq!(client.conn.free_slots(), 1);
        let second = client.conn.reserve_slot().unwrap();
        assert!(client.conn.reserve_slot().is_none());
        let head = lone::request("GET", &[]);
        assert_eq!(client.act(|c| c.send_request(head, End::Now)).unwrap_err().why, Misuse::NoSlot);
        client.act(|conn| conn.release_slot(first));
        assert!(client.events().contains(&Event::SlotsAvailable));
        let head = lone::request("GET", &[]);
        let stream = client.act(|c| c.send_request_with(second, head, End::Now)).unwrap();
        assert_eq!((stream.get(), client.conn.free_slots()), (1, 1));
        client.hears(wire::ok(1).end_stream());
        assert_eq!(client.conn.free_slots(), 2);
    });
}

/// A stream of the peer holds its slot until it is closed and the application has let go of it.
#[test]
fn a_slot_belongs_to_the_work_and_not_to_the_wire() {
    Setup::server().config(|config| config.max_concurrent_streams = 2).run(|server| {
        server.hears((wire::post(1), wire::post(3)));
        server.forget();
        server.hears((wire::rst(1, CANCEL), wire::rst(3, CANCEL)));
        assert_eq!(server.told(), ["reset 1 CANCEL peer", "reset 3 CANCEL peer"]);
        server.hears((wire::get(5), wire::get(7), wire::get(9)));
        server.must_reset(9, REFUSED_STREAM);
        assert_eq!(server.told(), Vec::<String>::new(), "they wait");
        server.releases(3);
        assert_eq!(server.told(), ["request 5 GET / end"]);
        server.hears(wire::rst(7, CANCEL));
        server.releases(1);
        assert_eq!(server.told(), Vec::<String>::new(), "one that was reset vanishes");
        server.must_be_fine();
    });
}

#[test]
fn commands_after_the_end_say_so() {
    lone::client(|client| {
        let stream = client.requests("POST", false);
        client.act(|conn| conn.close_connection(INTERNAL_ERROR, Bytes::from_static(b"why")));
        let said = client.says();
        assert_eq!(said.last(), Some(&Frame::GoAway { last: 0, code: 2, debug: b"why".to_vec() }));
        let head = lone::request("GET", &[]);
        let refused = client.act(|c| c.send_request(head, End::Now)).unwrap_err();
        assert_eq!(refused.why, Misuse::ConnectionClosed);
        assert_eq!(client.act(|c| c.ping([0; 8])), Err(Misuse::ConnectionClosed));
        assert!(client.act(|c| c.end_stream(id(stream))).is_err());
        client.resets(stream, CANCEL);
        client.act(|conn| conn.close_connection(NO_ERROR, Bytes::new()));
        client.forget();
        client.must_be_deaf();
        assert_eq!(client.conn.close_reason().map(|r| r.code), Some(INTERNAL_ERROR));
    });
}

#[test]
fn settings_out_of_range_are_not_sent() {
    lone::server(|server| {
        let wrong: [fn(&mut h2_core::Settings); 3] = [
            |s| s.initial_window_size = 1 << 31,
            |s| s.max_frame_size = 16_383,
            |s| s.max_frame_size = 1 << 24,
        ];
        for change in wrong {
            let refused = server.act(|conn| conn.update_settings(change));
            assert_eq!(refused, Err(Misuse::InvalidSetting));
        }
        assert_eq!(server.says(), []);
    });
}

#[test]
fn only_so_many_pings_and_interim_responses_may_wait() {
    lone::server(|server| {
        for n in 0..16 {
            server.act(|conn| conn.ping([n; 8])).unwrap();
        }
        assert_eq!(server.act(|conn| conn.ping([99; 8])), Err(Misuse::QueueFull));
        server.hears((wire::get(1), wire::pong([0; 8])));
        server.act(|conn| conn.ping([99; 8])).unwrap();
        let early = || lone::response(103, &[]);
        for _ in 0..32 {
            server.conn.send_informational(id(1), early()).unwrap();
        }
        let refused = server.conn.send_informational(id(1), early());
        assert_eq!(refused, Err(Misuse::QueueFull));
        server.settle();
        server.act(|conn| conn.send_informational(id(1), early())).unwrap();
    });
}

/// The application may let go of a stream while the peer still sends: what comes is credited to the
/// connection, makes no event, and the slot is free when the stream is closed.
#[test]
fn a_stream_that_was_let_go_goes_on_in_silence() {
    let narrow = Setup::server().config(|config| {
        lone::narrow(config);
        config.max_concurrent_streams = 1;
    });
    narrow.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 10_000)));
        server.responds(1, 200, true);
        server.releases(1);
        server.forget();
        for _ in 0..5 {
            server.hears(wire::data_of(1, 10_000));
            server.must_have_its_credit_back();
        }
        assert_eq!((server.told(), server.says_on(1)), (vec![], vec![]));
        server.hears((wire::data_of(1, 10).end_stream(), wire::get(3)));
        server.must_be_fine();
        assert_eq!(server.told(), ["request 3 GET / end"]);
    });
}

#[test]
fn the_end_of_what_we_send_is_told_to_who_asked() {
    let ended = |e: &Event| matches!(e, Event::SendEnded { .. });
    Setup::server().peer(&[(4, 4)]).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.responds(1, 200, false);
        server.responds(3, 200, true);
        server.act(|conn| conn.watch_send_end(id(1)));
        server.act(|conn| conn.watch_send_end(id(99)));
        server.sends(1, "12345", true);
        assert!(!server.events().iter().any(ended), "one octet waits");
        server.hears(wire::window_update(1, 1));
        assert_eq!(server.events().iter().filter(|e| ended(e)).count(), 1);
    });
}

#[test]
fn an_acknowledgement_of_settings_that_were_not_written_is_of_nothing() {
    lone::server(|server| {
        server.conn.update_settings(|s| s.initial_window_size = 7).unwrap();
        let octets = wire::settings_ack().octets();
        let mut input = bytes::BytesMut::from(&octets[..]);
        assert_eq!(server.conn.receive_data(&mut input, server.now), Received::Ended);
        server.settle();
        server.must_go_away(PROTOCOL_ERROR);
    });
}

#[test]
fn every_question_has_an_answer_on_a_fresh_connection() {
    for setup in [Setup::server(), Setup::client()] {
        setup.fresh().run(|lone| {
            let conn = &lone.conn;
            assert!(!conn.is_drained() && !conn.is_draining() && !conn.is_handshake_complete());
            assert_eq!((conn.open_inbound_streams(), conn.open_outbound_streams()), (0, 0));
            assert_eq!((conn.close_reason(), conn.send_capacity(id(1))), (None, 0));
            assert_eq!(conn.request_outcome(id(1)), None);
            assert_eq!(conn.local_flow_control_window(None), Ok(65_535));
            let unknown = Err(Misuse::NoSuchStream(id(1)));
            assert_eq!(conn.local_flow_control_window(Some(id(1))), unknown);
            assert_eq!(conn.remote_flow_control_window(Some(id(1))), unknown);
            assert_eq!(conn.local_settings().initial_window_size, 65_535);
            assert_eq!(conn.remote_settings().max_frame_size, 16_384);
        });
    }
}
