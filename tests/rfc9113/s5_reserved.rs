//! Section 5.1: streams that a promise has reserved, on the side that promised and on the other.

use h2_tests::prelude::*;

/// A server that has promised stream 2 on stream 1.
fn promised(server: &mut Lone) {
    server.hears(wire::get(1));
    assert_eq!(server.pushes(1), Ok(2));
}

/// A client that was promised stream 2 on stream 1.
fn was_promised(client: &mut Lone) {
    client.requests("GET", true);
    client.hears(wire::push_promise(1, 2, wire::GET));
    assert_eq!(client.told(), ["push 2 on 1 GET /"]);
}

/// Reserved (local): "Receiving any type of frame other than RST_STREAM, PRIORITY, or WINDOW_UPDATE on
/// a stream in this state MUST be treated as a connection error of type PROTOCOL_ERROR."
#[test]
fn a_client_says_nothing_on_a_stream_that_was_promised_to_it() {
    lone::each_ends_it(
        &Setup::server(),
        promised,
        &[
            ("DATA", &wire::data(2, "x"), PROTOCOL_ERROR),
            ("empty DATA", &wire::data(2, "").end_stream(), PROTOCOL_ERROR),
            ("a request", &wire::get(2), PROTOCOL_ERROR),
            ("a response", &wire::ok(2), PROTOCOL_ERROR),
            ("PUSH_PROMISE", &wire::push_promise(2, 4, wire::GET), PROTOCOL_ERROR),
            ("CONTINUATION", &wire::continuation(2, b""), PROTOCOL_ERROR),
        ],
    );
    Setup::server().peer(&[(4, 100)]).run(|server| {
        promised(server);
        server.forget();
        server.hears((wire::priority(2, 0, 7), wire::window_update(2, 10)));
        server.must_ignore();
        assert_eq!(server.may_send(2), 110);
        server.hears(wire::rst(2, CANCEL));
        assert_eq!(server.told(), ["reset 2 CANCEL peer"]);
        server.must_be_fine();
    });
}

/// Reserved (local): "An endpoint MUST NOT send any type of frame other than HEADERS, RST_STREAM, or
/// PRIORITY in this state."
#[test]
fn a_server_begins_what_it_promised_with_a_head() {
    lone::server(|server| {
        promised(server);
        server.forget();
        let mut body = Bytes::from_static(b"body");
        let early = server.act(|conn| conn.send_data(id(2), &mut body, End::Now));
        assert_eq!(early, Err(Misuse::HeadNotSent(id(2))));
        assert_eq!(server.act(|conn| conn.end_stream(id(2))), Err(Misuse::HeadNotSent(id(2))));
        assert_eq!(server.sends_trailers(2, &[("x", "y")]), Err(Misuse::HeadNotSent(id(2))));
        let widened = server.act(|conn| conn.increment_flow_control_window(Some(id(2)), 9));
        assert_eq!(widened, Err(Misuse::NoSuchStream(id(2))));
        server.must_ignore();
        server.responds(2, 200, false);
        server.sends(2, "body", true);
        let said = server.says();
        assert!(
            matches!(said[..], [Frame::Headers { .. }, Frame::Data { end: true, .. }]),
            "{said:?}"
        );
    });
    lone::server(|server| {
        promised(server);
        server.forget();
        server.resets(2, CANCEL);
        server.must_reset(2, CANCEL);
        assert!(
            server
                .act(|conn| conn.send_response(id(2), lone::response(200, &[]), End::Now))
                .is_err()
        );
        server.must_ignore();
    });
}

/// Reserved (remote): "An endpoint MUST NOT send any type of frame other than RST_STREAM,
/// WINDOW_UPDATE, or PRIORITY in this state."
#[test]
fn a_client_can_only_refuse_a_promised_stream_or_widen_its_window() {
    Setup::client_with_push().run(|client| {
        was_promised(client);
        client.forget();
        let mut body = Bytes::from_static(b"body");
        assert!(client.act(|conn| conn.send_data(id(2), &mut body, End::Now)).is_err());
        assert!(client.act(|conn| conn.end_stream(id(2))).is_err());
        assert!(client.sends_trailers(2, &[("x", "y")]).is_err());
        let head = lone::response(200, &[]);
        let wrong = client.act(|conn| conn.send_response(id(2), head, End::Now));
        assert_eq!(wrong, Err(Misuse::WrongRole));
        client.must_ignore();
        client.act(|conn| conn.increment_flow_control_window(Some(id(2)), 9)).unwrap();
        assert_eq!(client.says(), [Frame::WindowUpdate { stream: 2, increment: 9 }]);
        client.resets(2, REFUSED_STREAM);
        client.must_reset(2, REFUSED_STREAM);
    });
}

/// Reserved (remote): "Receiving any type of frame other than HEADERS, RST_STREAM, or PRIORITY on a
/// stream in this state MUST be treated as a connection error of type PROTOCOL_ERROR."
#[test]
fn a_server_begins_nothing_but_a_response_on_a_promised_stream() {
    lone::each_ends_it(
        &Setup::client_with_push(),
        was_promised,
        &[
            ("DATA", &wire::data(2, "x"), PROTOCOL_ERROR),
            ("empty DATA", &wire::data(2, "").end_stream(), PROTOCOL_ERROR),
            ("WINDOW_UPDATE", &wire::window_update(2, 5), PROTOCOL_ERROR),
            ("PUSH_PROMISE", &wire::push_promise(2, 4, wire::GET), PROTOCOL_ERROR),
            ("CONTINUATION", &wire::continuation(2, b""), PROTOCOL_ERROR),
        ],
    );
    Setup::client_with_push().run(|client| {
        was_promised(client);
        client.forget();
        client.hears(wire::priority(2, 0, 7));
        client.must_ignore();
        client.hears((wire::ok(2), wire::data(2, "pushed").end_stream()));
        client.must_be_fine();
        assert_eq!(client.told(), ["response 2 200", "data 2 6 end"]);
    });
    Setup::client_with_push().run(|client| {
        was_promised(client);
        client.hears(wire::rst(2, CANCEL));
        client.must_be_fine();
        assert_eq!(client.told(), ["reset 2 CANCEL peer"]);
    });
}

/// A response to a promise makes its stream half-closed. There "MUST" be "a stream error of type
/// STREAM_CLOSED" for DATA and HEADERS, which §5.4.1 lets be a connection error; and a client that
/// sends on an even stream is out of step in any case (§5.1.1).
#[test]
fn a_client_says_nothing_on_a_pushed_stream() {
    let begin = |server: &mut Lone| {
        promised(server);
        server.responds(2, 200, false);
    };
    lone::each_ends_it(
        &Setup::server(),
        begin,
        &[
            ("DATA", &wire::data(2, "x"), PROTOCOL_ERROR),
            ("HEADERS", &wire::get(2), PROTOCOL_ERROR),
        ],
    );
    lone::server(|server| {
        begin(server);
        server.forget();
        server.hears((wire::priority(2, 0, 7), wire::window_update(2, 10)));
        server.must_ignore();
        server.hears(wire::rst(2, CANCEL));
        assert_eq!(server.told(), ["reset 2 CANCEL peer"]);
    });
}
