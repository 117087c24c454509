//! Section 8.5: CONNECT; with RFC 8441, its extended form.

use h2_tests::prelude::*;

const TARGET: (&str, &str) = (":authority", "a.example:443");
const CONNECT: (&str, &str) = (":method", "CONNECT");

/// "The ':scheme' and ':path' pseudo-header fields MUST be omitted"; ':authority' is needed. "A CONNECT
/// request that does not conform to these restrictions is malformed."
#[test]
fn a_connect_request_names_host_and_port_and_nothing_else() {
    let bad: [&[wire::Pair<'_>]; 5] = [
        &[CONNECT],
        &[CONNECT, TARGET, (":path", "/")],
        &[CONNECT, TARGET, (":scheme", "https")],
        &[CONNECT, (":authority", "a.example")],
        &[CONNECT, (":authority", "")],
    ];
    for fields in bad {
        let note = Note(format!("{fields:?}"));
        lone::server(|server| {
            server.hears(wire::headers(1, fields));
            server.must_answer_and_reset(1, "400");
        });
        drop(note);
    }
    lone::server(|server| {
        server.hears(wire::headers(1, &[CONNECT, TARGET]));
        assert_eq!(server.told(), ["request 1 CONNECT a.example:443"]);
    });
}

/// "Frame types other than DATA or stream management frames (RST_STREAM, WINDOW_UPDATE, and PRIORITY)
/// MUST NOT be sent on a connected stream and MUST be treated as a stream error if received."
#[test]
fn a_tunnel_takes_data_and_no_headers() {
    lone::server(|server| {
        server.hears(wire::headers(1, &[CONNECT, TARGET]));
        server.responds(1, 200, false);
        server.hears((wire::data(1, "to the other end"), wire::window_update(1, 5)));
        server.hears(wire::priority(1, 0, 0));
        assert_eq!(server.told(), ["request 1 CONNECT a.example:443", "data 1 16"]);
        assert_eq!(server.sends(1, "and back", false), 8);
        server.forget();
        server.hears(wire::headers(1, &[("x", "y")]).end_stream());
        server.must_live();
        let said = server.says_on(1);
        assert!(matches!(said[..], [Frame::Reset { .. }]), "{said:?}");
    });
    lone::client(|client| {
        let none: [wire::Pair<'_>; 0] = [];
        let head = h2_core::RequestHead::connect("a.example:443", none).unwrap();
        let stream = client.act(|conn| conn.send_request(head, End::Later)).unwrap().get();
        client.hears((wire::ok(stream), wire::data(stream, "x")));
        assert_eq!(client.told(), ["response 1 200", "data 1 1"]);
        client.forget();
        client.hears(wire::headers(stream, &[("x", "y")]).end_stream());
        client.must_live();
        let said = client.says_on(stream);
        assert!(matches!(said[..], [Frame::Reset { .. }]), "{said:?}");
    });
}

/// As above, the frames that a tunnel must not carry on the way out: none of ours can be made.
#[test]
fn nothing_but_data_is_sent_in_a_tunnel() {
    lone::server(|server| {
        server.hears(wire::headers(1, &[CONNECT, TARGET]));
        server.responds(1, 200, false);
        server.forget();
        assert!(server.sends_trailers(1, &[("x", "y")]).is_err());
        let interim = lone::response(103, &[]);
        assert!(server.act(|conn| conn.send_informational(id(1), interim)).is_err());
        assert_eq!(server.pushes(1), Err(Misuse::NotPromisable));
        server.must_ignore();
        server.sends(1, "octets", true);
        let said = server.says();
        assert!(matches!(said[..], [Frame::Data { stream: 1, end: true, .. }]), "{said:?}");
    });
    Setup::client_with_push().run(|client| {
        let stream = opens_a_tunnel(client);
        client.forget();
        assert!(client.sends_trailers(stream, &[("x", "y")]).is_err());
        client.must_ignore();
        client.sends(stream, "octets", true);
        let said = client.says();
        assert!(matches!(said[..], [Frame::Data { stream: 1, end: true, .. }]), "{said:?}");
    });
}

fn opens_a_tunnel(client: &mut Lone) -> u32 {
    let none: [wire::Pair<'_>; 0] = [];
    let head = h2_core::RequestHead::connect("a.example:443", none).unwrap();
    let stream = client.act(|conn| conn.send_request(head, End::Later)).unwrap().get();
    client.hears(wire::ok(stream));
    stream
}

/// As above, PUSH_PROMISE: a stream error of the tunnel, and the promised stream is refused.
#[test]
fn a_promise_in_a_tunnel_is_an_error_of_its_stream() {
    Setup::client_with_push().run(|client| {
        let stream = opens_a_tunnel(client);
        client.requests("GET", true);
        client.forget();
        client.hears(wire::push_promise(stream, 2, wire::GET));
        client.must_reset(stream, PROTOCOL_ERROR);
        client.must_reset(2, CANCEL);
        assert_eq!(client.told(), ["reset 1 PROTOCOL_ERROR rule"]);
        client.hears(wire::ok(3).end_stream());
        assert_eq!(client.told(), ["response 3 200 end"]);
    });
}

/// RFC 9110 §8.6: a 2xx answer to CONNECT has no content-length; what it says is ignored.
#[test]
fn a_content_length_means_nothing_in_a_tunnel() {
    lone::client(|client| {
        let none: [wire::Pair<'_>; 0] = [];
        let head = h2_core::RequestHead::connect("a.example:443", none).unwrap();
        let stream = client.act(|conn| conn.send_request(head, End::Later)).unwrap().get();
        client.hears(wire::headers(stream, &[(":status", "200"), ("content-length", "2")]));
        client.hears(wire::data(stream, "more than two").end_stream());
        client.must_be_fine();
        assert_eq!(client.told(), ["response 1 200", "data 1 13 end"]);
    });
}

/// A CONNECT that is refused is an ordinary exchange.
#[test]
fn a_refused_connect_has_a_response_with_a_body() {
    lone::client(|client| {
        let none: [wire::Pair<'_>; 0] = [];
        let head = h2_core::RequestHead::connect("a.example:443", none).unwrap();
        let stream = client.act(|conn| conn.send_request(head, End::Later)).unwrap().get();
        client.hears(wire::headers(stream, &[(":status", "502"), ("content-length", "2")]));
        client.hears((wire::data(stream, "no"), wire::headers(stream, &[("x", "y")]).end_stream()));
        client.must_be_fine();
        assert_eq!(client.told(), ["response 1 502", "data 1 2", "trailers 1"]);
    });
}

const EXTENDED: [wire::Pair<'static>; 5] = [
    CONNECT,
    (":protocol", "websocket"),
    (":scheme", "https"),
    (":authority", "example.org"),
    (":path", "/chat"),
];

/// RFC 8441 §4: ":protocol" may be used once the server has announced it, and then scheme and path
/// stand beside it.
#[test]
fn extended_connect_needs_the_servers_announcement() {
    lone::server(|server| {
        server.hears(wire::headers(1, &EXTENDED));
        server.must_answer_and_reset(1, "400");
    });
    Setup::server().config(|config| config.enable_connect_protocol = true).run(|server| {
        server.hears(wire::headers(1, &EXTENDED));
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!((head.protocol(), head.path()), (Some("websocket"), Some("/chat")));
    });
    let head = || h2_core::RequestHead::from_fields(lone::fields(&EXTENDED)).unwrap();
    lone::client(|client| {
        let refused = client.act(|conn| conn.send_request(head(), End::Later)).unwrap_err();
        assert_eq!(refused.why, Misuse::NotEnabled);
        assert_eq!(client.says(), []);
    });
    Setup::client().peer(&[(8, 1)]).run(|client| {
        client.act(|conn| conn.send_request(head(), End::Later)).unwrap();
        assert_eq!(client.says()[0].field(":protocol"), Some("websocket"));
    });
}

/// RFC 8441 §3: the setting is 0 or 1, and "MUST NOT" go back to 0.
#[test]
fn extended_connect_cannot_be_taken_back() {
    let rows: [(&str, &dyn Wire, ErrorCode); 2] = [
        ("back to 0", &wire::settings(&[(8, 0)]), PROTOCOL_ERROR),
        ("2", &wire::settings(&[(8, 2)]), PROTOCOL_ERROR),
    ];
    lone::each_ends_it(&Setup::client().peer(&[(8, 1)]), |_| {}, &rows);
}
