//! Sections 8.2 and 8.3: fields and pseudo-fields. The full tables are in `tests/core`.

use h2_tests::prelude::*;
use wire::{Pair, get_and};

fn malformed_request(rows: &[Vec<Pair<'_>>]) {
    for row in rows {
        let note = Note(format!("{row:?}"));
        lone::server(|server| {
            server.hears(wire::headers(1, row).end_stream());
            server.must_answer_and_reset(1, "400");
            server.hears(wire::get(3));
            assert_eq!(server.told(), ["request 3 GET / end"]);
        });
        drop(note);
    }
}

fn malformed_response(rows: &[Vec<Pair<'_>>]) {
    for row in rows {
        let note = Note(format!("{row:?}"));
        lone::client(|client| {
            let stream = client.requests("GET", true);
            client.forget();
            client.hears(wire::headers(stream, row).end_stream());
            client.must_reset(stream, PROTOCOL_ERROR);
            assert_eq!(client.told(), ["reset 1 PROTOCOL_ERROR rule"]);
        });
        drop(note);
    }
}

const OK: Pair<'static> = (":status", "200");

/// §8.2.1: "A field name MUST NOT contain characters in the ranges 0x00-0x20, 0x41-0x5a, or
/// 0x7f-0xff"; "field names MUST NOT include a colon"; "A field value MUST NOT contain the zero value,
/// line feed, or carriage return at any position"; nor "start or end with an ASCII whitespace".
#[test]
fn names_and_values_with_forbidden_characters_are_malformed() {
    let bad: [Pair<'_>; 15] = [
        ("", "empty name"),
        ("X-Upper", "v"),
        ("x-uppeR", "v"),
        ("x y", "v"),
        ("x\0", "v"),
        ("x\u{7f}", "v"),
        ("x\u{e9}", "v"),
        ("x:y", "v"),
        ("x:", "v"),
        ("x", "a\0b"),
        ("x", "a\nb"),
        ("x", "a\r"),
        ("x", " v"),
        ("x", "v\t"),
        ("x", " "),
    ];
    malformed_request(&bad.map(|field| get_and(&[field])));
    malformed_response(&bad.map(|field| vec![OK, field]));
}

/// §8.2.2: "Any message containing connection-specific header fields MUST be treated as malformed."
#[test]
fn connection_specific_fields_are_malformed() {
    let bad: [Pair<'_>; 6] = [
        ("connection", "close"),
        ("proxy-connection", "keep-alive"),
        ("keep-alive", "timeout=5"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("te", "gzip"),
    ];
    malformed_request(&bad.map(|field| get_and(&[field])));
    malformed_request(&[get_and(&[("te", "trailers, gzip")])]);
    malformed_response(&bad.map(|field| vec![OK, field]));
    lone::server(|server| {
        server.hears(wire::headers(1, &get_and(&[("te", "trailers")])));
        server.must_be_fine();
    });
}

/// §8.3: pseudo-fields are those of the message's kind, before all others, each at most once.
#[test]
fn pseudo_fields_out_of_place_are_malformed() {
    let late = vec![wire::GET[0], wire::GET[1], wire::GET[2], ("x", "y"), wire::GET[3]];
    malformed_request(&[
        get_and(&[(":unknown", "x")]),
        get_and(&[(":status", "200")]),
        get_and(&[(":path", "/")]),
        get_and(&[(":method", "GET")]),
        get_and(&[("x", "y"), (":authority", "example.org")]),
        [&[("x", "y")], wire::GET].concat(),
        late,
    ]);
    malformed_response(&[
        vec![OK, (":path", "/")],
        vec![(":method", "GET"), OK],
        vec![OK, OK],
        vec![("x", "y"), OK],
        vec![OK, (":unknown", "x")],
    ]);
}

/// §8.3.1: "All HTTP/2 requests MUST include exactly one valid value for the ':method', ':scheme', and
/// ':path' pseudo-header fields, unless they are CONNECT requests."
#[test]
fn requests_without_their_pseudo_fields_are_malformed() {
    for missing in [0, 1, 3] {
        let mut row = wire::GET.to_vec();
        row.remove(missing);
        malformed_request(&[row]);
    }
    malformed_request(&[vec![], vec![("x", "y")]]);
}

/// §8.3.1: ':path' "MUST NOT be empty for 'http' or 'https' URIs"; ':authority' "MUST NOT include the
/// deprecated userinfo subcomponent".
#[test]
fn paths_and_authorities_are_checked() {
    let with = |at: usize, value| {
        let mut row = wire::GET.to_vec();
        row[at].1 = value;
        row
    };
    malformed_request(&[with(3, ""), with(2, "user@example.org"), with(2, "u:p@example.org")]);
    malformed_request(&[get_and(&[("host", "other.example")])]);
    lone::server(|server| {
        server.hears(wire::headers(1, &get_and(&[("host", "example.org")])).end_stream());
        server.must_be_fine();
        let asterisk = [(":method", "OPTIONS"), (":scheme", "https"), (":path", "*"), OK_AUTHORITY];
        server.hears(wire::headers(3, &asterisk).end_stream());
        server.must_be_fine();
    });
}

const OK_AUTHORITY: Pair<'static> = (":authority", "example.org");

/// §8.3.1: "The recipient of an HTTP/2 request MUST NOT use the Host header field to determine the
/// target URI if ':authority' is present"; without it, it may.
#[test]
fn the_authority_goes_before_the_host() {
    lone::server(|server| {
        let no_authority =
            [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("host", "h.example")];
        server.hears(wire::headers(1, &get_and(&[("host", "EXAMPLE.org:443")])));
        server.hears(wire::headers(3, &no_authority));
        let authorities: Vec<String> = server
            .events()
            .iter()
            .filter_map(|event| match event {
                Event::RequestReceived { head, .. } => head.authority().map(str::to_owned),
                _ => None,
            })
            .collect();
        assert_eq!(authorities, ["example.org", "h.example"]);
    });
}

/// §8.3.2: ":status ... MUST be included in all responses, including interim responses; otherwise, the
/// response is malformed."
#[test]
fn responses_need_a_status_of_three_digits() {
    malformed_response(&[
        vec![],
        vec![("x", "y")],
        vec![(":status", "")],
        vec![(":status", "20")],
        vec![(":status", "2000")],
        vec![(":status", "abc")],
        vec![(":status", "099")],
        vec![(":status", " 200")],
        vec![(":status", "+20")],
    ]);
}

/// §8.1: "Trailers MUST NOT include pseudo-header fields"; §8.2 holds for them too.
#[test]
fn trailers_are_checked_like_heads() {
    let bad: [Pair<'_>; 5] =
        [(":path", "/"), (":status", "200"), ("X", "y"), ("connection", "close"), ("x", "a\nb")];
    for field in bad {
        let note = Note(format!("{field:?}"));
        lone::server(|server| {
            server.hears((wire::post(1), wire::headers(1, &[field]).end_stream()));
            server.must_reset(1, PROTOCOL_ERROR);
            assert_eq!(server.told(), ["request 1 POST /", "reset 1 PROTOCOL_ERROR rule"]);
        });
        lone::client(|client| {
            let stream = client.requests("GET", true);
            client.hears((wire::ok(stream), wire::headers(stream, &[field]).end_stream()));
            client.must_reset(stream, PROTOCOL_ERROR);
            assert_eq!(client.told(), ["response 1 200", "reset 1 PROTOCOL_ERROR rule"]);
        });
        drop(note);
    }
}

/// §8.1.1, §4.3: a malformed section still goes through the decoder as a whole.
#[test]
fn a_malformed_section_keeps_the_compression_state() {
    lone::server(|server| {
        let block = [
            wire::literal("Bad", "name"),
            wire::block(wire::GET),
            wire::incremental("x-kept", "still there"),
        ]
        .concat();
        server.hears(wire::split(1, &block, &[5], true));
        server.must_answer_and_reset(1, "400");
        let next = [wire::block(wire::GET), wire::indexed(62)].concat();
        server.hears(wire::headers_of(3, &next).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(head.get("x-kept"), Some(&b"still there"[..]));
    });
}

/// §8.2.2: "An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header
/// fields", nor any other malformed one: heads are checked when they are made.
#[test]
fn malformed_messages_cannot_be_made() {
    use h2_core::{RequestHead, ResponseHead, Trailers};
    for field in [("connection", "close"), ("te", "gzip"), ("Upper", "v"), ("x", "a\r\nb")] {
        assert!(RequestHead::new("GET", "https", "example.org", "/", [field]).is_err());
        assert!(ResponseHead::new(200, [field]).is_err());
        assert!(Trailers::new(lone::fields(&[field])).is_err());
    }
    assert!(ResponseHead::new(101, [("upgrade", "h2c")]).is_err());
    assert!(ResponseHead::new(200, [("te", "trailers")]).is_err());
    assert!(Trailers::new(lone::fields(&[(":status", "200")])).is_err());
    let none: [Pair<'_>; 0] = [];
    assert!(RequestHead::new("GET", "https", "user@example.org", "/", none).is_err());
    assert!(RequestHead::new("GET", "https", "example.org", "", none).is_err());
}
