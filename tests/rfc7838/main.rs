//! RFC 7838, HTTP alternative services: the ALTSVC frame, said by servers and heard by clients.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

use h2_tests::prelude::*;

const ORIGIN: &str = "https://example.org";
const VALUE: &str = "h2=\"alt.example.org:8000\", h2=\":443\"; ma=3600";

/// The services that a client is told of: stream, origin, value.
fn offers(lone: &mut Lone) -> Vec<(u32, String, String)> {
    let text = |octets: Bytes| String::from_utf8(octets.to_vec()).unwrap();
    let offer = |event| match event {
        Event::AlternativeService { stream, origin, value } => {
            Some((stream.map_or(0, |stream| stream.get()), text(origin), text(value)))
        }
        Event::UnknownFrame { kind, .. } => panic!("type {kind:#x} is known"),
        _ => None,
    };
    lone.events().into_iter().filter_map(offer).collect()
}

/// The frame is read over: nothing is told, nothing is said, and the next one is taken.
#[track_caller]
fn ignored(lone: &mut Lone, frame: impl Wire) {
    lone.forget();
    lone.hears(frame);
    lone.must_be_fine();
    assert_eq!(lone.says(), []);
    assert_eq!(offers(lone), []);
    lone.must_answer_a_ping();
}

/// "An ALTSVC frame from a server to a client on stream 0 indicates that the conveyed alternative
/// service is associated with the origin contained in the Origin field of the frame."
#[test]
fn on_stream_0_the_frame_names_its_origin() {
    lone::client(|client| {
        client.hears(wire::altsvc(0, ORIGIN, VALUE));
        client.must_be_fine();
        assert_eq!(offers(client), [(0, ORIGIN.into(), VALUE.into())]);
        client.hears((wire::altsvc(0, "http://a:8080", "clear"), wire::altsvc(0, ORIGIN, "")));
        assert_eq!(
            offers(client),
            [(0, "http://a:8080".into(), "clear".into()), (0, ORIGIN.into(), String::new())]
        );
    });
}

/// "An ALTSVC frame from a server to a client on a stream other than stream 0 indicates that the
/// conveyed alternative service is associated with the origin of that stream."
#[test]
fn on_a_stream_the_origin_is_that_of_the_stream() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::altsvc(stream, "", VALUE));
        assert_eq!(offers(client), [(stream, String::new(), VALUE.into())]);
        client.hears((wire::ok(stream), wire::altsvc(stream, "", "clear")));
        assert_eq!(offers(client), [(stream, String::new(), "clear".into())]);
    });
}

/// "The ALTSVC frame is intended for receipt by clients. A device acting as a server MUST ignore it."
#[test]
fn a_server_ignores_it() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::get(3)));
        for frame in [
            wire::altsvc(0, ORIGIN, VALUE),
            wire::altsvc(1, "", VALUE),
            wire::altsvc(3, ORIGIN, VALUE),
            wire::altsvc(9, "", VALUE),
            wire::raw(wire::ALTSVC, 0xff, 0, &[0xff; 4]),
            wire::raw(wire::ALTSVC, 0, 0, &[]),
        ] {
            ignored(server, frame);
        }
    });
}

/// "An ALTSVC frame on stream 0 with empty (length 0) 'Origin' information is invalid and MUST be
/// ignored."
#[test]
fn on_stream_0_without_an_origin_it_is_ignored() {
    lone::client(|client| ignored(client, wire::altsvc(0, "", VALUE)));
}

/// "An ALTSVC frame on a stream other than stream 0 containing non-empty 'Origin' information is
/// invalid and MUST be ignored."
#[test]
fn on_a_stream_with_an_origin_it_is_ignored() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        ignored(client, wire::altsvc(stream, ORIGIN, VALUE));
        client.hears(wire::ok(stream).end_stream());
        assert_eq!(client.told(), ["response 1 200 end"]);
    });
}

/// "An association with an origin that the client does not consider authoritative for the current
/// connection MUST be ignored": what is no origin cannot be authoritative.
#[test]
fn what_is_no_origin_is_ignored() {
    for origin in ["example.org", "null", "https://", "https://a/", "https://u@a", "//a", "\u{1}"] {
        lone::client(|client| ignored(client, wire::altsvc(0, origin, VALUE)));
    }
}

/// A frame that is too short for what it announces says nothing.
#[test]
fn a_frame_that_is_cut_off_is_ignored() {
    for payload in [&b""[..], b"\0", b"\0\x01", b"\0\x05http", b"\xff\xff"] {
        lone::client(|client| ignored(client, wire::raw(wire::ALTSVC, 0, 0, payload)));
    }
}

/// A stream that is not open has no origin that could be meant.
#[test]
fn a_stream_that_is_not_open_offers_nothing() {
    lone::client(|client| {
        let done = client.requests("GET", true);
        client.hears(wire::ok(done).end_stream());
        let gone = client.requests("GET", true);
        client.resets(gone, CANCEL);
        for stream in [done, gone, 2, 99] {
            ignored(client, wire::altsvc(stream, "", VALUE));
        }
    });
}

/// "The ALTSVC frame does not define any flags", and those that are set mean nothing (RFC 9113 §4.1).
#[test]
fn flags_mean_nothing() {
    lone::client(|client| {
        client.hears(wire::altsvc(0, ORIGIN, VALUE).flags(0xff));
        assert_eq!(offers(client), [(0, ORIGIN.into(), VALUE.into())]);
    });
}

/// RFC 9113 §5.5: extension frames inside a header block are a connection error like any other.
#[test]
fn inside_a_header_block_it_is_an_error() {
    scenes::no_header_block_holds(&[
        ("stream 0", &wire::altsvc(0, ORIGIN, VALUE)),
        ("the stream", &wire::altsvc(1, "", VALUE)),
    ]);
}

/// A flood of them ends by the bucket, whoever is flooded.
#[test]
fn a_flood_ends_by_the_bucket() {
    let frames = [wire::altsvc(0, ORIGIN, VALUE), wire::raw(wire::ALTSVC, 0, 0, b"")];
    scenes::a_flood_ends_by_the_bucket(&frames);
}

/// What a server says: the length of the origin in two octets, the origin, the field value.
#[test]
fn a_server_says_it_for_an_origin_or_for_a_stream() {
    lone::server(|server| {
        server.hears(wire::post(1));
        server.forget();
        server.act(|conn| conn.advertise_alternative_service(Some(ORIGIN), None, VALUE)).unwrap();
        let payload = [b"\0\x13", ORIGIN.as_bytes(), VALUE.as_bytes()].concat();
        assert_eq!(server.says(), [Frame::Other { kind: 0xa, flags: 0, stream: 0, payload }]);
        server.act(|conn| conn.advertise_alternative_service(None, Some(id(1)), "clear")).unwrap();
        let payload = b"\0\0clear".to_vec();
        assert_eq!(server.says(), [Frame::Other { kind: 0xa, flags: 0, stream: 1, payload }]);
    });
}

/// What a client would have to ignore cannot be said.
#[test]
fn an_invalid_one_cannot_be_said() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::get(3)));
        server.responds(3, 200, true);
        server.releases(3);
        server.forget();
        let long = "v".repeat(16_384);
        let rows = [
            (None, None, VALUE, Misuse::InvalidFrame),
            (Some(""), None, VALUE, Misuse::InvalidFrame),
            (Some(ORIGIN), Some(1), VALUE, Misuse::InvalidFrame),
            (Some(""), Some(1), VALUE, Misuse::InvalidFrame),
            (Some("example.org"), None, VALUE, Misuse::InvalidFrame),
            (Some("https://\u{fc}.example"), None, VALUE, Misuse::InvalidFrame),
            (Some("https://example.org/"), None, VALUE, Misuse::InvalidFrame),
            (Some(ORIGIN), None, "h2=\":443\"\r\n", Misuse::InvalidFrame),
            (Some(ORIGIN), None, "\u{fc}", Misuse::InvalidFrame),
            (Some(ORIGIN), None, long.as_str(), Misuse::InvalidFrame),
            (None, Some(3), VALUE, Misuse::NoSuchStream(id(3))),
            (None, Some(5), VALUE, Misuse::NoSuchStream(id(5))),
        ];
        for (origin, stream, value, why) in rows {
            let stream = stream.map(id);
            let said = server.act(|conn| conn.advertise_alternative_service(origin, stream, value));
            assert_eq!(said, Err(why), "{origin:?} {stream:?} {value:?}");
        }
        assert_eq!(server.says(), []);
    });
}

/// It is a server's to say, and no client's; nor can a frame be passed on as an extension: "An
/// intermediary MUST NOT forward ALTSVC frames".
#[test]
fn it_is_neither_said_by_clients_nor_passed_on() {
    lone::client(|client| {
        client.forget();
        let said = client.act(|conn| conn.advertise_alternative_service(Some(ORIGIN), None, VALUE));
        assert_eq!(said, Err(Misuse::WrongRole));
        assert_eq!(client.says(), []);
    });
    for setup in [Setup::server(), Setup::client()] {
        setup.run(|lone| {
            let octets = Bytes::from_static(b"\0\0");
            let said = lone.act(|conn| conn.send_extension_frame(0xa, 0, 0, octets));
            assert_eq!(said, Err(Misuse::InvalidFrame));
        });
    }
}

/// RFC 9113 §5.1: "An endpoint MUST NOT send frames other than PRIORITY on a closed stream": what waits
/// to be said on a stream is dropped with it.
#[test]
fn nothing_is_said_on_a_stream_that_was_reset_meanwhile() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::post(3)));
        server.forget();
        for stream in [1, 3] {
            server.conn.advertise_alternative_service(None, Some(id(stream)), VALUE).unwrap();
        }
        server.conn.reset_stream(id(1), CANCEL);
        server.hears(wire::rst(3, CANCEL));
        assert_eq!(server.says(), [Frame::Reset { stream: 1, code: 8 }]);
    });
}

/// What waits to be written has a bound, and what was dropped does not count.
#[test]
fn what_waits_is_bounded() {
    lone::server(|server| {
        server.hears(wire::post(1));
        server.forget();
        server.peer_reads(false);
        let value = "v".repeat(8_000);
        let offer = |server: &mut Lone, stream| {
            server.conn.advertise_alternative_service(None, Some(id(stream)), &value)
        };
        let fits = (0..100).take_while(|_| offer(server, 1).is_ok()).count();
        assert_eq!(fits, 8, "64 KiB");
        assert_eq!(offer(server, 1), Err(Misuse::QueueFull));
        server.conn.reset_stream(id(1), CANCEL);
        let long = server.conn.advertise_alternative_service(Some(ORIGIN), None, &value);
        assert_eq!(long, Ok(()));
        server.peer_reads(true);
        assert_eq!(server.says().len(), 2);
    });
}
