//! Sections 6.6 and 8.4.1: PUSH_PROMISE as its sender, and as a receiver that asked for it.

use h2_core::RequestHead;
use h2_tests::prelude::*;

fn promises(said: &[Frame]) -> Vec<(u32, u32)> {
    said.iter().filter_map(|f| Some((f.stream(), f.promises()?))).collect()
}

// The sender.

/// §5.1.1: streams "initiated by the server MUST use even-numbered stream identifiers"; §6.6: "the
/// promised stream identifier MUST be a valid choice for the next stream sent by the sender".
#[test]
fn promised_streams_are_even_and_rise() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::post(5)));
        server.forget();
        for parent in [1, 5, 1] {
            server.pushes(parent).unwrap();
        }
        assert_eq!(promises(&server.says()), [(1, 2), (5, 4), (1, 6)]);
    });
}

/// §6.6: "PUSH_PROMISE frames MUST only be sent on a peer-initiated stream that is in either the
/// 'open' or 'half-closed (remote)' state."
#[test]
fn promises_are_made_only_on_streams_that_the_client_has_open() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::post(3), wire::post(5), wire::get(7), wire::get(9)));
        server.responds(3, 200, true);
        server.resets(5, CANCEL);
        server.responds(7, 200, true);
        server.releases(7);
        assert_eq!(server.pushes(9), Ok(2));
        server.forget();
        assert_eq!(server.pushes(2), Err(Misuse::NoSuchStream(id(2))), "a stream of our own");
        assert_eq!(server.pushes(3), Err(Misuse::AlreadyEnded(id(3))), "half-closed (local)");
        assert_eq!(server.pushes(5), Err(Misuse::NoSuchStream(id(5))), "reset");
        assert_eq!(server.pushes(7), Err(Misuse::NoSuchStream(id(7))), "closed");
        assert_eq!(server.pushes(11), Err(Misuse::NoSuchStream(id(11))), "idle");
        assert_eq!(server.says(), []);
        server.hears(wire::rst(9, CANCEL));
        assert_eq!(server.pushes(9), Err(Misuse::NoSuchStream(id(9))), "reset by the client");
        assert_eq!(server.says(), []);
        server.hears(wire::get(13));
        assert_eq!(server.pushes(13), Ok(4), "what was refused used no identifier up");
    });
}

/// §6.6: "the promised stream MUST be in the 'idle' state", and RST_STREAM "MUST NOT be sent for a
/// stream in the 'idle' state": a promise that is taken back before it was written leaves nothing.
#[test]
fn a_promise_that_was_not_written_is_not_reset_on_the_wire() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.forget();
        let head = || lone::request("GET", &[]);
        let first = server.conn.push_stream(id(1), head()).unwrap();
        let second = server.conn.push_stream(id(3), head()).unwrap();
        server.conn.reset_stream(first, CANCEL);
        server.hears(wire::rst(3, CANCEL));
        assert!(server.says_on(second.get()).is_empty());
        assert_eq!(server.says(), []);
        assert_eq!(server.pushes(1), Ok(6));
        assert_eq!(promises(&server.says()), [(1, 6)]);
    });
}

/// §6.6: a promise "without the END_HEADERS flag set MUST be followed by a CONTINUATION frame for the
/// same stream". The reader of frames refuses anything between.
#[test]
fn a_long_promise_is_cut_into_contiguous_frames() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3)));
        let head = lone::request("GET", &[("x-long", &"^~".repeat(20_000))]);
        server.conn.push_stream(id(1), head).unwrap();
        server.conn.send_response(id(3), lone::response(200, &[]), End::Now).unwrap();
        server.hears(wire::ping([1; 8]));
        let said = server.says();
        assert_eq!(promises(&said), [(1, 2)]);
        assert!(said.contains(&Frame::Pong([1; 8])));
    });
}

/// §6.6: "PUSH_PROMISE MUST NOT be sent if the SETTINGS_ENABLE_PUSH setting of the peer endpoint is
/// set to 0"; §6.5.2 says so once more.
#[test]
fn nothing_is_promised_to_a_client_that_takes_no_pushes() {
    Setup::server().peer(&[(2, 0)]).run(|server| {
        server.hears(wire::get(1));
        assert_eq!(server.pushes(1), Err(Misuse::NotEnabled));
        assert_eq!(server.says(), []);
    });
    lone::server(|server| {
        server.hears(wire::get(1));
        let head = lone::request("GET", &[]);
        server.conn.push_stream(id(1), head).unwrap();
        server.hears(wire::settings(&[(2, 0)]));
        assert_eq!(promises(&server.says()), [], "it was not written when push was switched off");
    });
}

/// §8.4.1: "PUSH_PROMISE frames MUST NOT be sent by the client."
#[test]
fn a_client_promises_nothing() {
    Setup::client_with_push().run(|client| {
        client.requests("POST", false);
        client.forget();
        assert_eq!(client.pushes(1), Err(Misuse::WrongRole));
        client.must_ignore();
    });
}

/// §8.4: "Promised requests MUST be safe and cacheable" and "cannot include any content"; "the server
/// MUST include a value in the ':authority' pseudo-header field".
#[test]
fn only_requests_without_effect_or_content_are_promised() {
    let of = |fields: &[wire::Pair<'_>]| RequestHead::from_fields(lone::fields(fields)).unwrap();
    let elsewhere = [(":method", "GET"), (":scheme", "urn"), (":path", "/")];
    lone::server(|server| {
        server.hears(wire::get(1));
        server.forget();
        let bad = [
            lone::request("POST", &[]),
            lone::request("DELETE", &[]),
            lone::request("OPTIONS", &[]),
            lone::request("SOMETHING", &[]),
            lone::request("get", &[]),
            lone::request("GET", &[("content-length", "1")]),
            RequestHead::connect("a.example:443", [("x", "y")]).unwrap(),
            of(&elsewhere),
        ];
        for head in bad {
            let note = Note(format!("{head:?}"));
            let refused = server.act(|conn| conn.push_stream(id(1), head)).unwrap_err();
            assert_eq!(refused.why, Misuse::NotPromisable);
            drop(note);
        }
        server.must_ignore();
        let head = lone::request("HEAD", &[("content-length", "0")]);
        assert!(server.act(|conn| conn.push_stream(id(1), head)).is_ok());
    });
}

/// §5.1.2: "Endpoints MUST NOT exceed the limit set by their peer", with pushed streams too.
#[test]
fn pushed_streams_keep_to_the_clients_limit() {
    Setup::server().peer(&[(3, 1)]).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        assert_eq!(server.pushes(1), Ok(2));
        assert_eq!(server.pushes(1), Err(Misuse::NoSlot));
        server.responds(2, 200, true);
        assert_eq!(server.pushes(3), Ok(4), "the first one is over");
    });
    // The limit is lowered between the promises and their responses.
    Setup::server().peer(&[(3, 2)]).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        assert_eq!((server.pushes(1), server.pushes(1)), (Ok(2), Ok(4)));
        server.hears(wire::settings(&[(3, 1)]));
        server.forget();
        server.responds(2, 200, false);
        server.responds(4, 200, false);
        server.responds(3, 200, true);
        let opened: Vec<u32> = server.says().iter().map(Frame::stream).collect();
        assert_eq!(opened, [2, 3], "the second response waits, others pass it");
        server.sends(2, "over", true);
        assert!(matches!(server.says_on(4)[..], [Frame::Headers { .. }]));
    });
}

/// §6.8: "Receivers of a GOAWAY frame MUST NOT open additional streams on the connection".
#[test]
fn nothing_is_promised_after_a_goaway() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3)));
        let head = lone::request("GET", &[]);
        let waiting = server.conn.push_stream(id(1), head).unwrap();
        server.hears(wire::goaway(0x7fff_ffff, NO_ERROR, b""));
        assert_eq!(promises(&server.says()), []);
        assert!(server.told().contains(&format!("reset {waiting} REFUSED_STREAM unprocessed")));
        assert_eq!(server.pushes(3), Err(Misuse::Draining));
        assert_eq!(server.says(), []);
    });
}

// The receiver.

/// §8.4.1: the header fields of a promise are those of a request; the response follows on the stream
/// that it names.
#[test]
fn a_promise_and_its_response_are_told() {
    Setup::client_with_push().run(|client| {
        let stream = client.requests("GET", true);
        let block = wire::block(wire::GET);
        let promise = [&4_u32.to_be_bytes()[..], &block[..9]].concat();
        client.hears((
            wire::push_promise(stream, 2, wire::GET).padded(30),
            wire::raw(wire::PUSH_PROMISE, 0, stream, &promise),
            wire::continuation(stream, &block[9..]),
            wire::push_promise(stream, 0x8000_0006, wire::GET),
        ));
        let told = ["push 2 on 1 GET /", "push 4 on 1 GET /", "push 6 on 1 GET /"];
        assert_eq!(client.told(), told);
        client.hears((wire::ok(4), wire::data(4, "first").end_stream(), wire::ok(2).end_stream()));
        client.hears(wire::headers(6, &[(":status", "103")]));
        let told = ["response 4 200", "data 4 5 end", "response 2 200 end", "interim 6 103"];
        assert_eq!(client.told(), told);
        client.must_be_fine();
    });
}

/// §6.6: "A receiver MUST treat the receipt of any other type of frame or a frame on a different
/// stream" behind a promise without END_HEADERS "as a connection error of type PROTOCOL_ERROR."
#[test]
fn a_promise_is_followed_by_its_continuation() {
    let open = wire::push_promise(1, 2, wire::GET).no_end_headers();
    lone::each_ends_it(
        &Setup::client_with_push(),
        |client| {
            client.requests("GET", true);
            client.requests("GET", true);
        },
        &[
            ("DATA", &(&open, wire::data(1, "x")), PROTOCOL_ERROR),
            ("HEADERS", &(&open, wire::ok(1)), PROTOCOL_ERROR),
            ("HEADERS, promised stream", &(&open, wire::ok(2)), PROTOCOL_ERROR),
            ("PING", &(&open, wire::ping([0; 8])), PROTOCOL_ERROR),
            ("PRIORITY", &(&open, wire::priority(1, 0, 0)), PROTOCOL_ERROR),
            ("another promise", &(&open, wire::push_promise(1, 4, wire::GET)), PROTOCOL_ERROR),
            ("unknown", &(&open, wire::raw(0xfa, 0, 1, b"")), PROTOCOL_ERROR),
            ("the promised stream", &(&open, wire::continuation(2, b"")), PROTOCOL_ERROR),
            ("another stream", &(&open, wire::continuation(3, b"")), PROTOCOL_ERROR),
        ],
    );
}

/// §6.6: stream 0, a stream that is "neither 'open' nor 'half-closed (local)'", "an illegal stream
/// identifier", and padding of "the length of the frame payload or greater" "MUST" each be "a
/// connection error of type PROTOCOL_ERROR". §4.2: too short is a FRAME_SIZE_ERROR.
#[test]
fn a_promise_of_a_wrong_form_or_in_a_wrong_place_ends_the_connection() {
    let begin = |client: &mut Lone| {
        for _ in 0..3 {
            client.requests("POST", false);
        }
        // 1: open. 3: half-closed (remote). 5: closed by the server. 4: promised.
        client.hears((wire::ok(3).end_stream(), wire::rst(5, CANCEL)));
        client.hears((wire::push_promise(1, 4, wire::GET), wire::ok(4)));
    };
    let promise = |stream, promised| wire::push_promise(stream, promised, wire::GET);
    lone::each_ends_it(
        &Setup::client_with_push(),
        begin,
        &[
            ("stream 0", &promise(0, 6), PROTOCOL_ERROR),
            ("half-closed (remote)", &promise(3, 6), PROTOCOL_ERROR),
            ("closed", &promise(5, 6), PROTOCOL_ERROR),
            ("idle", &promise(7, 6), PROTOCOL_ERROR),
            ("on a pushed stream", &promise(4, 6), PROTOCOL_ERROR),
            ("on an idle even stream", &promise(8, 6), PROTOCOL_ERROR),
            ("promising 0", &promise(1, 0), PROTOCOL_ERROR),
            ("promising an odd stream", &promise(1, 9), PROTOCOL_ERROR),
            ("promising one of ours", &promise(1, 3), PROTOCOL_ERROR),
            ("promising one again", &promise(1, 4), PROTOCOL_ERROR),
            ("promising a lower one", &promise(1, 2), PROTOCOL_ERROR),
            ("padding as long", &wire::raw(5, 0xc, 1, &[5, 0, 0, 0, 6]), PROTOCOL_ERROR),
            ("padding into the stream", &wire::raw(5, 0xc, 1, &[1, 0, 0, 0, 6]), PROTOCOL_ERROR),
            ("padding beyond", &wire::raw(5, 0xc, 1, &[200, 0, 0, 0, 6]), PROTOCOL_ERROR),
            ("3 octets", &wire::raw(5, 4, 1, &[0; 3]), FRAME_SIZE_ERROR),
            ("4 octets with PADDED", &wire::raw(5, 0xc, 1, &[0; 4]), FRAME_SIZE_ERROR),
            ("nothing with PADDED", &wire::raw(5, 0xc, 1, &[]), FRAME_SIZE_ERROR),
        ],
    );
}

/// §6.5.2, §6.6: a client that has set ENABLE_PUSH to 0 "and had it acknowledged MUST treat the receipt
/// of a PUSH_PROMISE frame as a connection error of type PROTOCOL_ERROR."
#[test]
fn a_promise_may_come_until_the_client_knows_that_push_is_off() {
    Setup::client_with_push().run(|client| {
        client.requests("GET", true);
        client.act(|conn| conn.update_settings(|s| s.enable_push = false)).unwrap();
        assert!(client.says().contains(&Frame::Settings(vec![(2, 0)])));
        client.hears(wire::push_promise(1, 2, wire::GET));
        client.must_live();
        client.forget();
        client.hears((wire::settings_ack(), wire::push_promise(1, 4, wire::GET)));
        client.must_go_away(PROTOCOL_ERROR);
    });
    Setup::client_with_push().unacknowledged().run(|client| {
        client.requests("GET", true);
        client.hears(wire::push_promise(1, 2, wire::GET));
        assert_eq!(client.told(), ["push 2 on 1 GET /"]);
        client.must_be_fine();
    });
}

/// §6.6: "an endpoint that has sent RST_STREAM on the associated stream MUST handle PUSH_PROMISE
/// frames that might have been created before": the table follows and the promised stream is
/// reserved, then refused.
#[test]
fn a_promise_that_crossed_our_reset_is_handled() {
    Setup::client_with_push().run(|client| {
        let stream = client.requests("GET", true);
        client.requests("GET", true);
        client.resets(stream, CANCEL);
        client.forget();
        let block = [wire::block(wire::GET), wire::incremental("x-kept", "still there")].concat();
        let promise = [&2_u32.to_be_bytes()[..], &block].concat();
        client.hears(wire::raw(wire::PUSH_PROMISE, wire::END_HEADERS, stream, &promise));
        client.must_reset(2, CANCEL);
        assert_eq!(client.told(), Vec::<String>::new());
        client.hears((wire::ok(2), wire::data(2, "late").end_stream()));
        client.must_be_fine();
        assert_eq!(client.told(), Vec::<String>::new());
        let known = [wire::literal(":status", "200"), wire::indexed(62)].concat();
        client.hears(wire::headers_of(3, &known));
        let events = client.events();
        let [Event::ResponseReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(head.get("x-kept"), Some(&b"still there"[..]));
        client.hears(wire::push_promise(3, 2, wire::GET));
        client.must_go_away(PROTOCOL_ERROR);
    });
}

/// §6.8: behind a GOAWAY of ours, PUSH_PROMISE "MUST be minimally processed" too.
#[test]
fn a_promise_behind_our_goaway_keeps_the_compression_state() {
    Setup::client_with_push().run(|client| {
        client.requests("GET", true);
        let now = client.now;
        client.act(|conn| conn.shutdown(now));
        client.forget();
        let block = [wire::block(wire::GET), wire::incremental("x-kept", "still there")].concat();
        let promise = [&2_u32.to_be_bytes()[..], &block].concat();
        client.hears(wire::raw(wire::PUSH_PROMISE, wire::END_HEADERS, 1, &promise));
        client.must_live();
        assert_eq!(client.told(), Vec::<String>::new());
        let known = [wire::literal(":status", "200"), wire::indexed(62)].concat();
        client.hears(wire::headers_of(1, &known));
        let events = client.events();
        let [Event::ResponseReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(head.get("x-kept"), Some(&b"still there"[..]));
    });
}

/// §8.4, §8.4.1: a promise with an incomplete or invalid set of fields, of a method "that is not safe",
/// or with content "MUST" be answered "on the promised stream with a stream error of type
/// PROTOCOL_ERROR."
#[test]
fn promises_that_are_no_sound_requests_are_refused_on_their_stream() {
    let with = |at: usize, value| {
        let mut row = wire::GET.to_vec();
        row[at].1 = value;
        row
    };
    let without = |at: usize| {
        let mut row = wire::GET.to_vec();
        row.remove(at);
        row
    };
    let bad = [
        without(0),
        without(1),
        without(2),
        without(3),
        vec![],
        with(0, "POST"),
        with(0, "PUT"),
        with(0, "UNHEARD-OF"),
        with(3, ""),
        with(2, "user@example.org"),
        wire::get_and(&[("content-length", "3")]),
        wire::get_and(&[("connection", "close")]),
        wire::get_and(&[("Upper", "case")]),
        wire::get_and(&[(":status", "200")]),
        [&[("x", "y")], wire::GET].concat(),
        [&without(2)[..], &[("host", "example.org")]].concat(),
        vec![(":method", "CONNECT"), (":authority", "a.example:443")],
    ];
    for row in bad {
        let note = Note(format!("{row:?}"));
        Setup::client_with_push().run(|client| {
            client.requests("GET", true);
            client.forget();
            client.hears(wire::push_promise(1, 2, &row));
            client.must_reset(2, PROTOCOL_ERROR);
            assert_eq!(client.told(), Vec::<String>::new());
            client.hears((wire::ok(2).end_stream(), wire::ok(1).end_stream()));
            assert_eq!(client.told(), ["response 1 200 end"]);
            client.must_be_fine();
        });
        drop(note);
    }
}

/// §5.1.2: a pushed response that exceeds the client's limit "MUST" be "a stream error of type
/// PROTOCOL_ERROR or REFUSED_STREAM."
#[test]
fn a_pushed_response_above_our_limit_is_refused() {
    let one = Setup::client_with_push().config(|config| config.max_concurrent_streams = 1);
    one.run(|client| {
        client.requests("GET", true);
        client.hears((wire::push_promise(1, 2, wire::GET), wire::push_promise(1, 4, wire::GET)));
        client.hears((wire::ok(2), wire::ok(4)));
        client.must_reset(4, REFUSED_STREAM);
        let told = client.told();
        assert_eq!(told[2..], ["response 2 200", "reset 4 REFUSED_STREAM rule"]);
    });
}
