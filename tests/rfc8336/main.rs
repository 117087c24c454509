//! RFC 8336, the ORIGIN frame: said by servers and heard by clients.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

use h2_tests::prelude::*;

const A: &str = "https://a.example";
const B: &str = "https://b.example:8443";

/// The origins that a client is told of, frame by frame.
fn sets(lone: &mut Lone) -> Vec<Vec<String>> {
    origins_in(lone.events())
}

fn origins_in(events: Vec<Event>) -> Vec<Vec<String>> {
    let text = |octets: Bytes| String::from_utf8(octets.to_vec()).unwrap();
    let set = |event| match event {
        Event::Origin { origins } => Some(origins.into_iter().map(text).collect()),
        Event::UnknownFrame { kind, .. } => panic!("type {kind:#x} is known"),
        _ => None,
    };
    events.into_iter().filter_map(set).collect()
}

/// The frame is read over: nothing is told, nothing is said, and the next one is taken.
#[track_caller]
fn ignored(lone: &mut Lone, frame: impl Wire) {
    lone.forget();
    lone.hears(frame);
    lone.must_be_fine();
    assert_eq!(lone.says(), []);
    assert_eq!(sets(lone), Vec::<Vec<String>>::new());
    lone.must_answer_a_ping();
}

/// §2.2: "When received by an implementing client, it is used to initialize and manipulate the Origin
/// Set"; an empty one initializes it too, and each frame adds to those before.
#[test]
fn a_client_is_told_every_set_in_its_order() {
    lone::client(|client| {
        client.hears((wire::origin(&[A, B]), wire::origin(&[]), wire::origin(&[B])));
        client.must_be_fine();
        assert_eq!(sets(client), [vec![A, B], vec![], vec![B]]);
    });
}

/// "The ORIGIN frame MUST be sent on stream 0; an ORIGIN frame on any other stream is invalid and MUST
/// be ignored."
#[test]
fn on_any_other_stream_it_is_ignored() {
    lone::client(|client| {
        let open = client.requests("GET", true);
        let done = client.requests("GET", true);
        client.hears(wire::ok(done).end_stream());
        for stream in [open, done, 2, 99] {
            ignored(client, wire::origin(&[A]).on_stream(stream));
        }
        client.hears(wire::ok(open).end_stream());
        assert_eq!(client.told(), [format!("response {open} 200 end")]);
        // The reserved bit is none of the identifier's.
        client.hears(wire::origin(&[A]).on_stream(0x8000_0000));
        assert_eq!(sets(client), [vec![A]]);
    });
}

/// "The first four flags (0x1, 0x2, 0x4, and 0x8) are reserved for backwards-incompatible changes;
/// therefore, when any of them are set, the ORIGIN frame containing them MUST be ignored by clients
/// conforming to this specification".
#[test]
fn with_one_of_the_first_four_flags_it_is_ignored() {
    for flags in [0x1, 0x2, 0x4, 0x8, 0x3, 0xf, 0xff, 0x18] {
        lone::client(|client| ignored(client, wire::origin(&[A]).flags(flags)));
    }
}

/// "The remaining flags are reserved for backwards-compatible changes and do not affect processing".
#[test]
fn the_other_flags_mean_nothing() {
    for flags in [0x10, 0x20, 0x40, 0x80, 0xf0] {
        lone::client(|client| {
            client.hears(wire::origin(&[A]).flags(flags));
            assert_eq!(sets(client), [vec![A]]);
        });
    }
}

/// "it MUST be ignored when received on a connection with the 'h2c' protocol identifier": the core knows
/// that of connections that began with an upgrade.
#[test]
fn after_an_upgrade_to_h2c_it_is_ignored() {
    let now = std::time::Instant::now();
    let request = lone::request("GET", &[]);
    let mut client = Connection::upgraded_client(Config::client(), &request, now);
    let octets = (wire::settings(&[]), wire::origin(&[A]), wire::ok(1).end_stream()).octets();
    let mut input = bytes::BytesMut::from(&octets[..]);
    assert_eq!(client.receive_data(&mut input, now), Received::NeedMore);
    let events: Vec<Event> = std::iter::from_fn(|| client.poll_event()).collect();
    assert!(events.iter().any(|event| matches!(event, Event::ResponseReceived { .. })));
    assert_eq!(origins_in(events), Vec::<Vec<String>>::new());
}

/// "Each ASCII-Origin field in the frame's payload MUST be parsed as an ASCII serialization of an origin.
/// If parsing fails, the field MUST be ignored." The others count.
#[test]
fn what_is_no_origin_is_left_out_and_the_others_count() {
    let bad = [
        "",
        "null",
        "a.example",
        "https:a.example",
        "https://",
        "https://a.example/",
        "https://a.example:",
        "https://u@a.example",
        "https://a.example?q",
        "*.example.com",
        "https://\u{e4}.example",
        " https://a.example",
        "1://a",
    ];
    lone::client(|client| {
        for bad in bad {
            client.hears(wire::origin(&[A, bad, B]));
            client.must_be_fine();
            assert_eq!(sets(client), [vec![A, B]], "{bad:?}");
        }
        for good in
            ["http://a", "https://[::1]:443", "https://192.0.2.1", "coap://a-b.example:5683"]
        {
            client.hears(wire::origin(&[good]));
            assert_eq!(sets(client), [vec![good]]);
        }
    });
}

/// An entry that reaches beyond the frame is no entry; those before it stand.
#[test]
fn an_entry_that_is_cut_off_ends_the_list() {
    lone::client(|client| {
        for tail in [&b"\0"[..], b"\0\x02h", b"\xff\xffhttps://c.example"] {
            let whole = wire::origin(&[A, B]).octets().split_off(9);
            client.hears(wire::raw(wire::ORIGIN, 0, 0, &[&whole[..], tail].concat()));
            client.must_be_fine();
            assert_eq!(sets(client), [vec![A, B]]);
        }
    });
}

/// §2.2: "The ORIGIN frame describes a property of the connection" that clients act on: a server has no
/// use for it.
#[test]
fn a_server_ignores_it() {
    lone::server(|server| {
        server.hears(wire::post(1));
        for frame in [
            wire::origin(&[A]),
            wire::origin(&[]),
            wire::origin(&[A]).on_stream(1),
            wire::origin(&[A]).flags(0xff),
            wire::raw(wire::ORIGIN, 0, 0, &[1]),
        ] {
            ignored(server, frame);
        }
    });
}

/// RFC 9113 §5.5: inside a header block it is a connection error, like any frame.
#[test]
fn inside_a_header_block_it_is_an_error() {
    scenes::no_header_block_holds(&[
        ("stream 0", &wire::origin(&[A])),
        ("the stream", &wire::origin(&[A]).on_stream(1)),
    ]);
}

/// RFC 9113 §3.4: it is no substitute for SETTINGS as the first frame.
#[test]
fn it_is_not_the_first_frame() {
    Setup::client().fresh().run(|client| {
        client.hears(wire::origin(&[A]));
        client.must_go_away(PROTOCOL_ERROR);
    });
}

/// A flood of them ends by the bucket, of those that are ignored too.
#[test]
fn a_flood_ends_by_the_bucket() {
    let frame = || wire::origin(&[A]);
    scenes::a_flood_ends_by_the_bucket(&[frame(), frame().flags(1), frame().on_stream(1)]);
}

/// §2.1: what a server says is a list of lengths and origins, on stream 0, without flags.
#[test]
fn a_server_says_its_origins() {
    lone::server(|server| {
        server.act(|conn| conn.advertise_origins(&[A, B])).unwrap();
        let payload = [b"\0\x11", A.as_bytes(), b"\0\x16", B.as_bytes()].concat();
        assert_eq!(server.says(), [Frame::Other { kind: 0xc, flags: 0, stream: 0, payload }]);
        server.act(|conn| conn.advertise_origins(&[])).unwrap();
        let payload = Vec::new();
        assert_eq!(server.says(), [Frame::Other { kind: 0xc, flags: 0, stream: 0, payload }]);
    });
}

/// What a client would have to ignore cannot be said, and a list is said whole or not at all.
#[test]
fn what_is_no_origin_cannot_be_said() {
    lone::server(|server| {
        let long = format!("https://{}", "a".repeat(16_384));
        let longer = format!("https://{}", "a".repeat(70_000));
        for bad in ["", "null", "a.example", "https://a.example/", "https://\u{e4}", &long, &longer]
        {
            let said = server.act(|conn| conn.advertise_origins(&[A, bad]));
            assert_eq!(said, Err(Misuse::InvalidFrame), "{}", bad.len());
        }
        let many = vec![A; 1_000];
        assert_eq!(server.act(|conn| conn.advertise_origins(&many)), Err(Misuse::InvalidFrame));
        assert_eq!(server.says(), []);
    });
}

/// It is a server's to say; and "An intermediary MUST NOT forward ORIGIN frames".
#[test]
fn it_is_neither_said_by_clients_nor_passed_on() {
    lone::client(|client| {
        assert_eq!(client.act(|conn| conn.advertise_origins(&[A])), Err(Misuse::WrongRole));
        client.hears(wire::origin(&[A]));
        assert_eq!(client.says(), []);
    });
    for setup in [Setup::server(), Setup::client()] {
        setup.run(|lone| {
            let said = lone.act(|conn| conn.send_extension_frame(0xc, 0, 0, Bytes::new()));
            assert_eq!(said, Err(Misuse::InvalidFrame));
        });
    }
}
