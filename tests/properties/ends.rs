//! Promises kept to the end: what was accepted goes out, and after the end there is silence.

use h2_tests::prelude::*;

/// `push_stream`: "The promise goes out before whatever is queued on `parent` later on."
#[test]
fn a_promise_goes_out_before_the_response_that_was_queued_after_it() {
    Setup::server().peer(&[(2, 1)]).run(|server| {
        server.hears(wire::get(1));
        server.forget();
        let promised = server.act(|conn| {
            conn.send_informational(id(1), lone::response(103, &[("link", "</style>")])).unwrap();
            let promised = conn.push_stream(id(1), lone::request("GET", &[])).unwrap();
            conn.send_response(id(1), lone::response(200, &[]), End::Now).unwrap();
            promised
        });
        assert_eq!(server.told(), Vec::<String>::new(), "nothing happened to {promised}");
        let kinds: Vec<u8> = server
            .says()
            .iter()
            .map(|frame| match frame {
                Frame::Headers { .. } => wire::HEADERS,
                Frame::Other { kind, .. } => *kind,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds, [wire::HEADERS, wire::PUSH_PROMISE, wire::HEADERS]);
    });
}

/// `reset_stream`: "With NO_ERROR, after our side has ended, the reset waits behind what is queued".
#[test]
fn a_pushed_response_that_is_complete_survives_a_reset_with_no_error() {
    Setup::server().peer(&[(2, 1)]).run(|server| {
        server.hears(wire::get(1));
        let pushed = server.act(|conn| conn.push_stream(id(1), lone::request("GET", &[])).unwrap());
        server.forget();
        server.act(|conn| {
            conn.send_response(pushed, lone::response(200, &[]), End::Now).unwrap();
            conn.reset_stream(pushed, NO_ERROR);
        });
        let said = server.says_on(pushed.get());
        assert!(matches!(said[..], [Frame::Headers { end: true, .. }, ..]), "said {said:?}");
    });
}

/// `receive_data`: "call again with what is left, even if nothing has arrived". Nothing that arrived
/// is no sign of life.
#[test]
fn a_keep_alive_ping_is_not_answered_by_looking_for_input_in_vain() {
    let setup = Setup::server().config(|config| {
        config.keep_alive_interval = Some(Duration::from_secs(10));
        config.keep_alive_timeout = Duration::from_secs(5);
    });
    setup.run_once(|server| {
        server.hears(wire::ping([1; 8]));
        let mut nothing = bytes::BytesMut::new();
        let end = server.now + Duration::from_secs(60);
        while server.conn.close_reason().is_none() && server.now < end {
            // The loop of the crate's documentation: deadline, input, output.
            server.now = server.conn.poll_timeout().map_or(end, |d| d.at.min(end));
            server.conn.handle_timeout(server.now);
            let _ = server.conn.receive_data(&mut nothing, server.now);
            server.settle();
        }
        let reason = server.conn.close_reason().expect("the peer is silent for a minute");
        assert!(matches!(reason.origin, h2_core::Origin::Timeout(_)), "{reason:?}");
    });
}

/// Once everything is over nothing is due but to close the transport, whatever still arrives.
#[test]
fn no_deadline_is_set_after_the_end_but_that_of_closing() {
    for is_server in [true, false] {
        let setup = if is_server { Setup::server() } else { Setup::client() };
        setup.config(|config| config.keep_alive_interval = Some(Duration::from_secs(5))).run(
            |lone| {
                lone.act(|conn| conn.close_connection(NO_ERROR, ""));
                let due = lone.conn.poll_timeout().map(|deadline| deadline.why);
                assert_eq!(due, Some(h2_core::Timer::Linger));
                lone.passes(Duration::from_secs(1));
                assert_eq!(lone.conn.poll_timeout(), None);
                lone.hears(wire::ping([1; 8]));
                assert_eq!(lone.last, Received::Ended);
                assert_eq!(lone.conn.poll_timeout(), None, "after the end");
            },
        );
    }
}

/// `Stats::waiting_requests`: "Requests that wait for a slot." Those that the client has reset wait
/// for nothing, and what they cost must not pile up.
#[test]
fn requests_that_were_reset_do_not_wait_for_a_slot() {
    let setup = Setup::server().config(|config| {
        config.max_concurrent_streams = 2;
        config.reset_bucket = None;
    });
    setup.run(|server| {
        for stream in [1, 3] {
            server.hears(wire::get(stream));
            server.responds(stream, 200, true);
        }
        // The application holds both, so these are never shown.
        for n in 2..500 {
            server.hears((wire::get(2 * n + 1), wire::rst(2 * n + 1, CANCEL)));
        }
        server.must_live();
        assert_eq!(server.conn.open_inbound_streams(), 0);
        assert_eq!(server.conn.stats().waiting_requests, 0);
    });
}

/// `Stats::pool_used`: octets "that wait to be cut"; after the end of a response none do, also when
/// RST_STREAM(NO_ERROR) follows its last DATA.
#[test]
fn the_pool_gets_everything_back_from_a_response_that_a_reset_follows() {
    Setup::server().config(|config| config.send_credit = 1_000).run(|server| {
        server.hears(wire::post(1));
        server.responds(1, 200, false);
        server.forget();
        server.act(|conn| {
            let mut body = Bytes::from(vec![0; 10_000]);
            assert_eq!(conn.send_data(id(1), &mut body, End::Now), Ok(10_000));
            conn.reset_stream(id(1), NO_ERROR);
        });
        server.releases(1);
        let last = server.says().pop();
        assert_eq!(last, Some(Frame::Reset { stream: 1, code: 0 }));
        assert_eq!(server.conn.stats().pool_used, 0);
    });
}
