//! Section 6.8: GOAWAY.

use h2_tests::prelude::*;

/// "An endpoint MUST treat a GOAWAY frame with a stream identifier other than 0x00 as a connection
/// error of type PROTOCOL_ERROR." §4.2: too short is a FRAME_SIZE_ERROR.
#[test]
fn a_goaway_of_a_wrong_form_ends_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        let on_stream = wire::goaway(0, NO_ERROR, b"").on_stream(1);
        lone::each_ends_it(
            &setup,
            |_| {},
            &[
                ("on a stream", &on_stream, PROTOCOL_ERROR),
                ("7 octets", &wire::raw(7, 0, 0, &[0; 7]), FRAME_SIZE_ERROR),
                ("empty", &wire::raw(7, 0, 0, &[]), FRAME_SIZE_ERROR),
            ],
        );
    }
}

/// "Receivers of a GOAWAY frame MUST NOT open additional streams on the connection"; what is above
/// its last stream was not processed, the rest goes on.
#[test]
fn a_client_opens_no_more_streams_after_goaway() {
    lone::client(|client| {
        let streams = [(); 3].map(|()| client.requests("GET", true));
        client.forget();
        client.hears(wire::goaway(streams[1], NO_ERROR, b"restart"));
        let mut told = client.told();
        told.sort();
        assert_eq!(told, ["goaway 3 NO_ERROR", "reset 5 REFUSED_STREAM unprocessed"]);
        let head = lone::request("GET", &[]);
        let refused = client.act(|conn| conn.send_request(head, End::Now)).unwrap_err();
        assert_eq!(refused.why, Misuse::Draining);
        assert!(client.conn.is_draining());
        assert!(client.conn.reserve_slot().is_none());
        client.hears((wire::ok(1).end_stream(), wire::ok(3), wire::data(3, "x").end_stream()));
        let told = client.told();
        assert!(
            told.starts_with(&["response 1 200 end".into(), "response 3 200".into()]),
            "{told:?}"
        );
        let graceful = client.conn.close_reason().is_none_or(|reason| reason.is_graceful());
        assert!(graceful, "{:?}", client.conn.close_reason());
    });
}

/// As above: a request that was accepted and not written when GOAWAY came is not opened either.
#[test]
fn a_request_that_waits_is_not_opened_after_goaway() {
    lone::client(|client| {
        let head = lone::request("GET", &[]);
        client.conn.send_request(head, End::Now).unwrap();
        client.hears(wire::goaway(0x7fff_ffff, NO_ERROR, b""));
        assert_eq!(client.says_on(1), []);
        assert!(client.told().contains(&"reset 1 REFUSED_STREAM unprocessed".to_owned()));
    });
}

/// The streams that a GOAWAY counts are those that its receiver opened: a client that says
/// GOAWAY(0) still wants its own answers.
#[test]
fn a_goaway_of_a_client_leaves_its_requests_alone() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::post(3), wire::goaway(0, NO_ERROR, b"")));
        let told = server.told();
        assert_eq!(told, ["request 1 GET / end", "request 3 POST /", "goaway 0 NO_ERROR"]);
        server.hears(wire::data(3, "more").end_stream());
        assert_eq!(server.told(), ["data 3 4 end"]);
        server.responds(1, 200, true);
        server.responds(3, 200, true);
        let said = server.says();
        for stream in [1, 3] {
            assert!(said.iter().any(|f| f.stream() == stream), "{said:?}");
        }
    });
}

/// "Endpoints MUST NOT increase the value they send in the last stream identifier": a later one can
/// only lower it.
#[test]
fn a_second_goaway_can_only_lower_the_last_stream() {
    lone::client(|client| {
        for _ in 0..4 {
            client.requests("GET", true);
        }
        client.hears(wire::goaway(5, NO_ERROR, b""));
        client.hears(wire::goaway(0x7fff_ffff, NO_ERROR, b""));
        client.hears(wire::goaway(1, NO_ERROR, b""));
        let told = client.told();
        let resets: Vec<&str> = told
            .iter()
            .filter(|line| line.starts_with("reset"))
            .map(|line| line.split(' ').nth(1).unwrap_or(""))
            .collect();
        assert_eq!(resets.len(), 3, "{told:?}");
        assert_eq!(resets[0], "7");
        assert!(resets[1..].contains(&"3") && resets[1..].contains(&"5"), "{told:?}");
    });
}

/// A graceful shutdown begins with the highest identifier, so that requests in flight are kept; "a
/// server that is attempting to gracefully shut down a connection SHOULD send an initial GOAWAY frame
/// with the last stream identifier set to 2^31-1 and a NO_ERROR code".
#[test]
fn a_graceful_shutdown_has_two_phases() {
    lone::server(|server| {
        server.hears(wire::get(1));
        let payload = server.begins_to_part();
        server.hears(wire::get(3));
        assert_eq!(server.told(), ["request 3 GET / end"]);
        server.hears(wire::pong(payload));
        server.must_serve_up_to(3);
        server.hears(wire::get(5));
        assert_eq!(server.told(), Vec::<String>::new(), "above the last stream: ignored");
        assert_eq!(server.says(), []);
        server.must_part_after(&[1, 3]);
    });
}

/// "GOAWAY ... endpoints MUST NOT increase the value": the last stream never grows from one GOAWAY
/// of ours to the next, even if the connection then fails.
#[test]
fn our_last_stream_never_grows() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3)));
        let now = server.now;
        server.act(|conn| conn.shutdown(now));
        let said = server.says();
        let Some(Frame::Ping(payload)) = said.last() else { panic!("{said:?}") };
        server.hears((wire::pong(*payload), wire::get(5), wire::data(0, "x")));
        let lasts: Vec<u32> = server
            .says()
            .iter()
            .filter_map(|f| if let Frame::GoAway { last, .. } = f { Some(*last) } else { None })
            .collect();
        assert_eq!(lasts, [3, 3]);
    });
}

/// The same of a client: its GOAWAY counts pushed streams, those that it was shown at least (§8.7).
#[test]
fn the_last_stream_of_a_client_covers_its_pushes_and_never_grows() {
    Setup::client_with_push().run(|client| {
        client.requests("GET", true);
        client.hears((wire::push_promise(1, 2, wire::GET), wire::push_promise(1, 4, wire::GET)));
        client.hears(wire::ok(2));
        client.forget();
        let now = client.now;
        client.act(|conn| conn.shutdown(now));
        client.hears((wire::push_promise(1, 6, wire::GET), wire::ok(4), wire::data(4, "x")));
        assert_eq!(client.told(), ["response 4 200", "data 4 1"]);
        client.hears(wire::data(0, "x"));
        let lasts: Vec<u32> = client
            .says()
            .iter()
            .filter_map(|f| if let Frame::GoAway { last, .. } = f { Some(*last) } else { None })
            .collect();
        assert_eq!(lasts, [4, 4]);
    });
}

/// "flow-control frames" and field blocks beyond the last stream still count: "DATA frames MUST be
/// counted toward the connection flow-control window" and field blocks keep the compression state.
#[test]
fn streams_above_our_last_one_still_count_for_the_connection() {
    Setup::server().config(lone::narrow).run(|server| {
        let now = server.now;
        server.act(|conn| conn.shutdown(now));
        // The stream keeps the connection open.
        server.hears(wire::post(1));
        let said = server.says();
        let Some(payload) = said.iter().find_map(|f| match f {
            Frame::Ping(payload) => Some(*payload),
            _ => None,
        }) else {
            panic!("{said:?}")
        };
        server.hears(wire::pong(payload));
        server.forget();
        let block = [wire::block(wire::POST), wire::incremental("x-late", "kept")].concat();
        server.hears(wire::headers_of(3, &block));
        for _ in 0..40 {
            server.hears(wire::data_of(3, 9_000));
            server.must_have_its_credit_back();
        }
        server.must_be_fine();
        assert_eq!(server.told(), Vec::<String>::new());
        server.hears(wire::headers_of(1, &wire::indexed(62)).end_stream());
        let events = server.events();
        let [Event::TrailersReceived { trailers, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(trailers.get("x-late"), Some(&b"kept"[..]));
    });
}

/// The debug data is told, cut to a bound.
#[test]
fn debug_data_is_kept_up_to_a_bound() {
    lone::client(|client| {
        client.requests("GET", true);
        client.forget();
        client.hears(wire::goaway(1, ENHANCE_YOUR_CALM, &[b'd'; 10_000]));
        let events = client.events();
        let debug = events.iter().find_map(|e| match e {
            Event::GoAwayReceived { debug, code: ENHANCE_YOUR_CALM, .. } => Some(debug.len()),
            _ => None,
        });
        assert_eq!(debug, Some(256), "{events:?}");
    });
}
