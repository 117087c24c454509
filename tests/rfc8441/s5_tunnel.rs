//! Section 5: the tunnel, octets both ways, and how it ends.

use h2_tests::prelude::*;

use crate::{EXTENDED, client, extended};

/// A server with a tunnel on stream 1.
fn accepted(server: &mut Lone) {
    server.hears(wire::headers(1, &EXTENDED));
    server.responds_with(1, 200, &[("sec-websocket-protocol", "chat")], false);
    server.must_be_fine();
    server.forget();
}

/// A client with a tunnel on stream 1.
fn connected(client: &mut Lone) {
    let stream = client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
    assert_eq!(stream, id(1));
    client.hears(wire::ok(1));
    client.must_be_fine();
    assert_eq!(client.told(), ["response 1 200"]);
    client.forget();
}

fn data(octets: &str, end: bool) -> Frame {
    Frame::Data { stream: 1, data: octets.as_bytes().to_vec(), end }
}

/// §5.1, the example: the request, 200, then DATA in both directions.
#[test]
fn octets_go_both_ways_as_they_come() {
    crate::server().run(|server| {
        accepted(server);
        server.hears((wire::data(1, "one"), wire::data(1, "two").padded(9)));
        assert_eq!(server.told(), ["data 1 6"]);
        assert_eq!(server.sends(1, "back", false), 4);
        assert_eq!(server.says(), [data("back", false)]);
    });
    client().run(|client| {
        connected(client);
        assert_eq!(client.sends(1, "there", false), 5);
        assert_eq!(client.says(), [data("there", false)]);
        client.hears((wire::data(1, "here"), wire::window_update(1, 5)));
        assert_eq!(client.told(), ["data 1 4"]);
    });
}

/// "Orderly TCP-level closures are represented as END_STREAM flags": each side for itself.
#[test]
fn an_orderly_close_of_one_side_leaves_the_other_open() {
    crate::server().run(|server| {
        accepted(server);
        server.hears(wire::data(1, "bye").end_stream());
        assert_eq!(server.told(), ["data 1 3 end"]);
        server.sends(1, "still", false);
        server.sends(1, "here", true);
        assert_eq!(server.says(), [data("still", false), data("here", true)]);
        assert_eq!(server.conn.open_inbound_streams(), 0);
    });
    client().run(|client| {
        connected(client);
        client.act(|conn| conn.end_stream(id(1))).unwrap();
        assert_eq!(client.says(), [data("", true)]);
        client.hears((wire::data(1, "more"), wire::data(1, "").end_stream()));
        assert_eq!(client.told(), ["data 1 4 end"]);
        assert_eq!(client.conn.open_outbound_streams(), 0);
    });
}

/// "RST exceptions are represented with the RST_STREAM frame with the CANCEL error code."
#[test]
fn an_exception_is_a_reset_with_cancel() {
    crate::server().run(|server| {
        accepted(server);
        server.hears((wire::data(1, "half"), wire::rst(1, CANCEL)));
        assert_eq!(server.told(), ["data 1 4", "reset 1 CANCEL peer"]);
    });
    crate::server().run(|server| {
        accepted(server);
        server.sends(1, "half", false);
        server.resets(1, CANCEL);
        assert_eq!(server.says(), [data("half", false), Frame::Reset { stream: 1, code: 8 }]);
        server.hears((wire::data(1, "late"), wire::data(1, "later").end_stream()));
        server.must_ignore();
    });
    client().run(|client| {
        connected(client);
        client.hears((wire::data(1, "half"), wire::rst(1, CANCEL)));
        assert_eq!(client.told(), ["data 1 4", "reset 1 CANCEL peer"]);
        assert_eq!(client.conn.open_outbound_streams(), 0);
    });
}

/// A tunnel that was half closed can still be broken off.
#[test]
fn a_reset_after_one_end_is_a_reset() {
    client().run(|client| {
        connected(client);
        client.act(|conn| conn.end_stream(id(1))).unwrap();
        client.hears((wire::data(1, "half"), wire::rst(1, CANCEL)));
        assert_eq!(client.told(), ["data 1 4", "reset 1 CANCEL peer"]);
    });
}

/// RFC 9113 §8.5: "Frame types other than DATA or stream management frames MUST NOT be sent on a
/// connected stream and MUST be treated as a stream error if received."
#[test]
fn a_tunnel_has_no_fields() {
    crate::server().run(|server| {
        accepted(server);
        assert_eq!(server.sends_trailers(1, &[("x", "y")]), Err(Misuse::ContentLength(id(1))));
        server.hears(wire::headers(1, &[("x", "y")]).end_stream());
        server.must_reset(1, PROTOCOL_ERROR);
    });
    client().run(|client| {
        connected(client);
        assert_eq!(client.sends_trailers(1, &[("x", "y")]), Err(Misuse::ContentLength(id(1))));
        client.hears(wire::headers(1, &[("x", "y")]).end_stream());
        client.must_reset(1, PROTOCOL_ERROR);
    });
}

/// Trailers that were given before the answer would leave after it, in the tunnel.
#[test]
fn a_client_cannot_give_trailers_before_the_tunnel_stands() {
    Setup::client().peer(&[(8, 1), (4, 0)]).run(|client| {
        client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
        client.sends(1, "queued", false);
        assert_eq!(client.sends_trailers(1, &[("x", "y")]), Err(Misuse::ContentLength(id(1))));
        client.forget();
        client.hears((wire::ok(1), wire::window_update(1, 100)));
        assert_eq!(client.says(), [data("queued", false)]);
    });
}

/// A content-length means nothing in a 2xx answer to CONNECT (RFC 9110 §8.6).
#[test]
fn a_content_length_does_not_end_the_tunnel() {
    client().run(|client| {
        client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
        client.hears(wire::headers(1, &[(":status", "200"), ("content-length", "1")]));
        client.hears(wire::data(1, "more than one"));
        client.must_be_fine();
        assert_eq!(client.told(), ["response 1 200", "data 1 13"]);
    });
}

/// A server that does not want the protocol answers with any other status, and then there is no tunnel
/// but a response with a body, perhaps with trailers.
#[test]
fn a_refusal_is_an_ordinary_response() {
    crate::server().run(|server| {
        server.hears(wire::headers(1, &EXTENDED));
        server.responds_with(1, 501, &[("content-length", "2")], false);
        server.sends(1, "no", false);
        server.sends_trailers(1, &[("x", "y")]).unwrap();
        let said = server.says_on(1);
        assert!(
            matches!(&said[..], [.., Frame::Data { .. }, Frame::Headers { end: true, .. }]),
            "{said:?}"
        );
    });
    client().run(|client| {
        client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
        client.hears(wire::headers(1, &[(":status", "403"), ("content-length", "2")]));
        client.hears((wire::data(1, "no"), wire::headers(1, &[("x", "y")]).end_stream()));
        client.must_be_fine();
        assert_eq!(client.told(), ["response 1 403", "data 1 2", "trailers 1"]);
    });
}

/// Interim responses come before the tunnel stands.
#[test]
fn interim_responses_are_no_answer() {
    client().run(|client| {
        client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
        client.hears((wire::headers(1, &[(":status", "103")]), wire::ok(1), wire::data(1, "x")));
        assert_eq!(client.told(), ["interim 1 103", "response 1 200", "data 1 1"]);
        client.forget();
        client.hears(wire::headers(1, &[(":status", "103")]));
        client.must_reset(1, PROTOCOL_ERROR);
    });
}

/// What a tunnel carries is flow-controlled like any other DATA.
#[test]
fn a_tunnel_keeps_to_its_window() {
    Setup::server()
        .config(|config| {
            config.enable_connect_protocol = true;
            config.stream_window = 10;
            config.max_stream_window = 10;
        })
        .peer(&[(4, 5)])
        .run(|server| {
            accepted(server);
            assert_eq!(server.sends(1, "1234567", false), 7);
            assert_eq!(server.says(), [data("12345", false)]);
            server.hears(wire::window_update(1, 1));
            assert_eq!(server.says(), [data("6", false)]);
            server.hears(wire::data_of(1, 10));
            server.must_be_fine();
            server.forget();
            server.hears(wire::data_of(1, 1));
            server.must_reset(1, FLOW_CONTROL_ERROR);
        });
}

/// A connection that ends cuts its tunnels short, and says so.
#[test]
fn a_tunnel_does_not_end_cleanly_with_its_transport() {
    client().run(|client| {
        connected(client);
        client.hears(wire::data(1, "half"));
        client.hears_eof();
        assert_eq!(client.told(), ["data 1 4", "closed INTERNAL_ERROR"]);
        assert!(client.conn.close_reason().is_some_and(|reason| !reason.is_graceful()));
    });
}
