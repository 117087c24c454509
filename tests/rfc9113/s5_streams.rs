//! Section 5: the life of streams, their identifiers, their number, and errors.

use h2_tests::prelude::*;

/// A stream of the server that both sides have ended and the application has let go of.
fn finished(server: &mut Lone, stream: u32) {
    server.hears(wire::get(stream));
    server.responds(stream, 200, true);
    server.releases(stream);
    server.forget();
}

/// §5.1, idle: "Receiving any frame other than HEADERS or PRIORITY on a stream in this state MUST be
/// treated as a connection error of type PROTOCOL_ERROR."
#[test]
fn only_headers_and_priority_may_come_on_an_idle_stream() {
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(
            &setup,
            |_| {},
            &[
                ("DATA", &wire::data(5, "x"), PROTOCOL_ERROR),
                ("empty DATA", &wire::data(5, "").end_stream(), PROTOCOL_ERROR),
                ("RST_STREAM", &wire::rst(5, CANCEL), PROTOCOL_ERROR),
                ("WINDOW_UPDATE", &wire::window_update(5, 1), PROTOCOL_ERROR),
                ("CONTINUATION", &wire::continuation(5, b""), PROTOCOL_ERROR),
                ("even DATA", &wire::data(2, "x"), PROTOCOL_ERROR),
                ("even RST_STREAM", &wire::rst(2, CANCEL), PROTOCOL_ERROR),
                ("even WINDOW_UPDATE", &wire::window_update(2, 1), PROTOCOL_ERROR),
            ],
        );
        setup.run(|lone| {
            lone.hears((wire::priority(5, 0, 1), wire::priority(2, 1, 200)));
            lone.must_ignore();
        });
    }
}

/// §5.1, idle: "If this stream is initiated by the server, then receiving a HEADERS frame MUST also
/// be treated as a connection error of type PROTOCOL_ERROR." §5.1.1 has the other parity.
#[test]
fn headers_cannot_open_a_stream_from_the_wrong_side() {
    let even = wire::get(2);
    lone::each_ends_it(&Setup::server(), |_| {}, &[("even", &even, PROTOCOL_ERROR)]);
    lone::each_ends_it(
        &Setup::client(),
        |client| {
            client.requests("GET", true);
        },
        &[
            ("even", &wire::ok(2), PROTOCOL_ERROR),
            ("not yet requested", &wire::ok(3), PROTOCOL_ERROR),
        ],
    );
}

/// §5.1, half-closed (remote): "If an endpoint receives additional frames, other than WINDOW_UPDATE,
/// PRIORITY, or RST_STREAM, for a stream that is in this state, it MUST respond with a stream error
/// of type STREAM_CLOSED."
#[test]
fn after_end_stream_only_three_frames_may_come() {
    for frame in [wire::data(1, "x"), wire::data(1, "").end_stream(), wire::get(1), wire::post(1)] {
        lone::server(|server| {
            server.hears(wire::get(1));
            server.forget();
            server.hears(&frame);
            server.must_reset(1, STREAM_CLOSED);
            assert_eq!(server.told(), ["reset 1 STREAM_CLOSED rule"]);
            server.hears(wire::get(3));
            assert_eq!(server.told(), ["request 3 GET / end"]);
        });
        lone::client(|client| {
            let stream = client.requests("POST", false);
            client.hears(wire::ok(stream).end_stream());
            client.forget();
            client.hears(&frame);
            client.must_reset(stream, STREAM_CLOSED);
        });
    }
    lone::server(|server| {
        server.hears((wire::get(1), wire::window_update(1, 5), wire::priority(1, 0, 3)));
        server.must_be_fine();
        server.responds(1, 200, false);
        server.hears(wire::rst(1, CANCEL));
        server.must_be_fine();
        assert_eq!(server.told().last().map(String::as_str), Some("reset 1 CANCEL peer"));
    });
}

/// §5.1, closed: PRIORITY, WINDOW_UPDATE and RST_STREAM may be in flight when a stream closes.
#[test]
fn late_stream_management_frames_on_a_closed_stream_are_ignored() {
    lone::server(|server| {
        finished(server, 1);
        server.hears((wire::window_update(1, 1), wire::priority(1, 0, 0), wire::rst(1, CANCEL)));
        server.must_ignore();
    });
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::ok(stream).end_stream());
        client.forget();
        client.hears((wire::window_update(1, 1), wire::priority(1, 0, 0), wire::rst(1, NO_ERROR)));
        client.must_ignore();
    });
}

/// §5.1, closed: on a stream that the peer itself had ended, DATA and HEADERS are nobody's race.
#[test]
fn data_or_headers_on_a_stream_that_the_peer_closed_end_the_connection() {
    let rows: [(&str, &dyn Wire, ErrorCode); 2] =
        [("DATA", &wire::data(1, "x"), STREAM_CLOSED), ("HEADERS", &wire::get(1), STREAM_CLOSED)];
    lone::each_ends_it(&Setup::server(), |server| finished(server, 1), &rows);
    let cancelled = |server: &mut Lone| {
        server.hears((wire::post(1), wire::rst(1, CANCEL)));
        server.releases(1);
        server.forget();
    };
    lone::each_ends_it(&Setup::server(), cancelled, &rows);
    let answered = |client: &mut Lone| {
        let stream = client.requests("GET", true);
        client.hears(wire::ok(stream).end_stream());
    };
    let late = wire::ok(1).end_stream();
    lone::each_ends_it(
        &Setup::client(),
        answered,
        &[("DATA", &wire::data(1, "x"), STREAM_CLOSED), ("HEADERS", &late, STREAM_CLOSED)],
    );
}

/// §5.1, closed: "An endpoint MUST minimally process and then discard any frames it receives in this
/// state" after it has sent RST_STREAM.
#[test]
fn whatever_comes_on_a_stream_that_we_reset_is_discarded() {
    Setup::server().config(lone::narrow).run(|server| {
        server.hears(wire::post(1));
        server.resets(1, CANCEL);
        server.must_reset(1, CANCEL);
        server.forget();
        let trailers = wire::headers(1, &[("x", "y")]).end_stream();
        for _ in 0..40 {
            server.hears((wire::data_of(1, 5_000), wire::data_of(1, 10).padded(9)));
            server.must_have_its_credit_back();
        }
        server.hears((wire::window_update(1, 1), wire::priority(1, 0, 0), trailers));
        server.hears(wire::rst(1, CANCEL));
        server.must_be_fine();
        assert_eq!(server.told(), Vec::<String>::new());
        assert!(server.says_on(1).is_empty());
    });
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.resets(stream, CANCEL);
        client.forget();
        client.hears((wire::ok(stream), wire::data_of(stream, 5_000).end_stream()));
        client.hears(wire::rst(stream, INTERNAL_ERROR));
        client.must_be_fine();
        assert_eq!(client.told(), Vec::<String>::new());
        assert!(client.says_on(stream).is_empty());
    });
}

/// §5.1: "Receipt of frames for which the semantics are unknown cannot be treated as an error".
#[test]
fn unknown_frames_are_no_error_in_any_state() {
    lone::server(|server| {
        finished(server, 1);
        server.hears((wire::post(3), wire::get(5)));
        for stream in [0, 1, 2, 3, 5, 7] {
            server.hears(wire::raw(0xbe, 0x5, stream, b"?"));
        }
        server.must_be_fine();
    });
}

/// §5.1.1: "The identifier of a newly established stream MUST be numerically greater than all
/// streams that the initiating endpoint has opened or reserved." An unexpected one "MUST" be "a
/// connection error of type PROTOCOL_ERROR".
#[test]
fn a_lower_identifier_cannot_be_opened() {
    let begin = |server: &mut Lone| {
        server.hears((wire::get(1), wire::get(9)));
    };
    lone::each_ends_it(
        &Setup::server(),
        begin,
        &[
            ("skipped", &wire::get(3), PROTOCOL_ERROR),
            ("next to the highest", &wire::get(7), PROTOCOL_ERROR),
            ("even", &wire::get(10), PROTOCOL_ERROR),
            ("stream 0", &wire::get(0), PROTOCOL_ERROR),
        ],
    );
    lone::server(|server| {
        server.hears(wire::get(0x7fff_ffff));
        // No other can follow it, so the server says goodbye.
        server.forget();
        server.hears(wire::get(5));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

/// §5.1.1: identifiers may be skipped; the skipped ones are closed, so frames about the end of a
/// stream are tolerated there.
#[test]
fn identifiers_may_be_skipped() {
    lone::server(|server| {
        server.hears((wire::get(7), wire::get(101)));
        assert_eq!(server.told(), ["request 7 GET / end", "request 101 GET / end"]);
        server.forget();
        server.hears((wire::rst(9, CANCEL), wire::window_update(11, 3), wire::priority(13, 0, 0)));
        server.must_ignore();
    });
}

/// §5.1.1: "Streams initiated by a client MUST use odd-numbered stream identifiers", rising.
#[test]
fn our_requests_have_rising_odd_identifiers() {
    lone::client(|client| {
        let streams = [(); 5].map(|()| client.requests("GET", true));
        assert_eq!(streams, [1, 3, 5, 7, 9]);
        let said: Vec<u32> = client.says().iter().map(Frame::stream).collect();
        assert_eq!(said, [1, 3, 5, 7, 9]);
    });
}

/// §5.1.2: "An endpoint that receives a HEADERS frame that causes its advertised concurrent stream
/// limit to be exceeded MUST treat this as a stream error of type PROTOCOL_ERROR or REFUSED_STREAM."
#[test]
fn streams_above_our_limit_are_refused() {
    let two = Setup::server().config(|config| config.max_concurrent_streams = 2);
    two.run(|server| {
        server.hears((wire::post(1), wire::get(3), wire::get(5), wire::post(7)));
        server.must_reset(5, REFUSED_STREAM);
        server.must_reset(7, REFUSED_STREAM);
        assert_eq!(server.told(), ["request 1 POST /", "request 3 GET / end"]);
        server.responds(3, 200, true);
        server.releases(3);
        server.forget();
        server.hears(wire::get(9));
        assert_eq!(server.told(), ["request 9 GET / end"]);
    });
}

/// §5.1.2: "Endpoints MUST NOT exceed the limit set by their peer."
#[test]
fn our_requests_keep_to_the_peers_limit() {
    Setup::client().peer(&[(3, 2)]).run(|client| {
        client.requests("GET", true);
        client.requests("GET", true);
        let head = lone::request("GET", &[]);
        let refused = client.act(|conn| conn.send_request(head, End::Now)).unwrap_err();
        assert_eq!(refused.why, Misuse::NoSlot);
        assert_eq!(refused.head.method(), "GET", "the head is handed back");
        client.hears(wire::ok(1).end_stream());
        assert!(client.events().contains(&Event::SlotsAvailable));
        assert_eq!(client.requests("GET", true), 5);
    });
    Setup::client().peer(&[(3, 0)]).run(|client| {
        let head = lone::request("GET", &[]);
        assert!(client.act(|conn| conn.send_request(head, End::Now)).is_err());
        assert_eq!(client.says(), []);
        client.hears(wire::settings(&[(3, 1)]));
        assert!(client.events().contains(&Event::SlotsAvailable));
        client.requests("GET", true);
    });
}

/// §5.2.1 (2): "A sender MUST respect flow-control limits imposed by a receiver", and only DATA is
/// flow-controlled.
#[test]
fn only_data_waits_for_the_window() {
    Setup::server().peer(&[(4, 0)]).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.responds(1, 200, false);
        server.sends(1, "body", false);
        let said = server.says_on(1);
        assert!(matches!(said[..], [Frame::Headers { end: false, .. }]), "{said:?}");
        server.responds(3, 204, true);
        server.hears(wire::ping([4; 8]));
        server.resets(1, CANCEL);
        let said = server.says();
        assert!(said.contains(&Frame::Pong([4; 8])), "{said:?}");
        assert!(said.contains(&Frame::Reset { stream: 1, code: 8 }), "{said:?}");
        assert!(said.iter().any(|f| f.stream() == 3), "{said:?}");
    });
    Setup::client().peer(&[(4, 0)]).run(|client| {
        client.requests("POST", false);
        client.sends(1, "body", false);
        client.requests("GET", true);
        client.hears(wire::ping([4; 8]));
        client.resets(1, CANCEL);
        let said = client.says();
        let data = |frame: &Frame| matches!(frame, Frame::Data { .. });
        assert!(said.len() == 4 && !said.iter().any(data), "{said:?}");
    });
}

/// §5.4.1: an endpoint that ends the connection "SHOULD first send a GOAWAY frame with the stream
/// identifier of the last stream that it successfully received from its peer".
#[test]
fn the_goaway_of_an_error_names_the_last_stream() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(5)));
        server.forget();
        server.hears(wire::data(0, "x"));
        let said = server.says();
        assert!(matches!(said[..], [Frame::GoAway { last: 5, code: 1, .. }]), "{said:?}");
    });
    lone::client(|client| {
        client.requests("GET", true);
        client.forget();
        client.hears(wire::data(0, "x"));
        let said = client.says();
        assert!(matches!(said[..], [Frame::GoAway { last: 0, code: 1, .. }]), "{said:?}");
    });
}

/// §5.4.2: "To avoid looping, an endpoint MUST NOT send a RST_STREAM in response to a RST_STREAM
/// frame."
#[test]
fn a_reset_is_never_answered_with_a_reset() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::rst(1, CANCEL)));
        server.hears((wire::rst(1, CANCEL), wire::rst(1, PROTOCOL_ERROR)));
        server.resets(1, CANCEL);
        server.must_be_fine();
        assert_eq!(server.told(), ["request 1 POST /", "reset 1 CANCEL peer"]);
    });
    lone::client(|client| {
        client.requests("POST", false);
        client.forget();
        client.hears((wire::ok(1), wire::rst(1, CANCEL), wire::rst(1, PROTOCOL_ERROR)));
        client.resets(1, CANCEL);
        client.must_be_fine();
        assert_eq!(client.told(), ["response 1 200", "reset 1 CANCEL peer"]);
    });
}

/// §5.1, closed: "An endpoint MUST NOT send frames other than PRIORITY on a closed stream": after both
/// ends, after our own reset, and after the peer's, also for credit that is released late.
#[test]
fn nothing_is_sent_on_a_stream_that_is_over() {
    let silent = |lone: &mut Lone, stream: u32| {
        let mut body = Bytes::from_static(b"late");
        assert!(lone.act(|conn| conn.send_data(id(stream), &mut body, End::Now)).is_err());
        assert!(lone.act(|conn| conn.end_stream(id(stream))).is_err());
        assert!(lone.sends_trailers(stream, &[("x", "y")]).is_err());
        lone.act(|conn| conn.acknowledge_received_data(id(stream), 60_000)).unwrap();
        let widened = lone.act(|conn| conn.increment_flow_control_window(Some(id(stream)), 9));
        assert!(widened.is_err());
        lone.resets(stream, CANCEL);
        lone.releases(stream);
        assert_eq!(lone.says_on(stream), []);
    };
    for (setup, end) in [0, 1, 2]
        .iter()
        .flat_map(|end| [Setup::server(), Setup::client()].map(|setup| (setup, *end)))
    {
        let is_client = setup.is_client();
        setup.config(lone::narrow).run(|lone| {
            let begun = if is_client {
                lone.requests("POST", false);
                wire::ok(1)
            } else {
                wire::post(1)
            };
            let body = [(); 4].map(|()| wire::data_of(1, 15_000));
            lone.hears((begun, body));
            if !is_client {
                lone.responds(1, 200, false);
            }
            match end {
                0 => {
                    lone.sends(1, "", true);
                    lone.hears(wire::data(1, "").end_stream());
                }
                1 => lone.resets(1, CANCEL),
                _ => {
                    lone.hears(wire::rst(1, CANCEL));
                }
            }
            lone.forget();
            silent(lone, 1);
        });
    }
}

/// §6.4: "After receiving a RST_STREAM on a stream, the receiver MUST NOT send additional frames for
/// that stream". Commands that come too late say so.
#[test]
fn nothing_is_sent_on_a_stream_that_the_peer_reset() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::rst(1, CANCEL)));
        server.forget();
        let head = lone::response(200, &[]);
        assert!(server.act(|conn| conn.send_response(id(1), head, End::Now)).is_err());
        assert!(server.act(|conn| conn.end_stream(id(1))).is_err());
        assert_eq!(server.says(), []);
    });
    Setup::server().peer(&[(4, 0)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, "waits for the window", true);
        server.forget();
        server.hears((wire::rst(1, CANCEL), wire::settings(&[(4, 65_535)])));
        assert!(server.says_on(1).is_empty());
    });
}

/// §5.5: "Implementations MUST ignore unknown or unsupported values in all extensible protocol
/// elements." §7: "Unknown or unsupported error codes MUST NOT trigger any special behavior."
#[test]
fn unknown_settings_and_error_codes_are_taken_as_they_are() {
    lone::server(|server| {
        server.hears(wire::settings(&[(0x0a0a, 7), (0, 1), (0xffff, u32::MAX), (7, 3)]));
        assert_eq!(server.says(), [Frame::SettingsAck]);
        server.hears((wire::post(1), wire::rst(1, 0xdead_beef_u32)));
        server.must_be_fine();
        assert_eq!(server.told(), ["request 1 POST /", "reset 1 0xdeadbeef peer"]);
        server.hears((wire::get(3), wire::goaway(0, 0xfeed_u32, b"")));
        server.must_answer_a_ping();
    });
}
