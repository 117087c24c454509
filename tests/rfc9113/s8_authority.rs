//! Section 8.3.1: what a client puts into its requests, and `:authority` beside `host`.

use h2_core::RequestHead;
use h2_tests::prelude::*;
use wire::{Pair, get_and};

const NONE: [Pair<'static>; 0] = [];

fn sent(head: RequestHead) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    Setup::client().run_once(|client| {
        client.act(|conn| conn.send_request(head, End::Now)).unwrap();
        let said = client.says();
        let [Frame::Headers { fields: list, .. }] = &said[..] else { panic!("{said:?}") };
        fields.clone_from(list);
    });
    fields
}

fn pairs(list: &[Pair<'_>]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// "Clients that generate HTTP/2 requests directly MUST use the ':authority' pseudo-header field to
/// convey authority information"; "All HTTP/2 requests MUST include exactly one valid value for the
/// ':method', ':scheme', and ':path' pseudo-header fields"; §8.3: they "MUST appear in a field block
/// before all regular field lines", and no other is generated.
#[test]
fn a_request_has_its_pseudo_fields_first_and_once() {
    let head = RequestHead::new("GET", "https", "example.org", "/x", [("a", "b")]).unwrap();
    let mut expected = pairs(wire::GET);
    expected[3].1 = "/x".to_owned();
    expected.extend(pairs(&[("a", "b")]));
    assert_eq!(sent(head), expected);
    let made = |fields: &[Pair<'_>]| RequestHead::from_fields(lone::fields(fields));
    for row in [
        get_and(&[(":path", "/")]),
        get_and(&[(":made-up", "x")]),
        get_and(&[("a", "b"), (":protocol", "x")]),
        wire::GET[1..].to_vec(),
        [&[(":status", "200")], wire::GET].concat(),
    ] {
        assert!(made(&row).is_err(), "{row:?}");
    }
}

/// Where there is no authority to convey, a client "MUST NOT generate ':authority'".
#[test]
fn a_request_without_authority_has_no_authority_field() {
    let head = RequestHead::new("OPTIONS", "https", "", "*", NONE).unwrap();
    assert_eq!(sent(head), pairs(&[(":method", "OPTIONS"), (":scheme", "https"), (":path", "*")]));
    let head = RequestHead::new("GET", "urn", "", "isbn:1", NONE).unwrap();
    assert_eq!(sent(head), pairs(&[(":method", "GET"), (":scheme", "urn"), (":path", "isbn:1")]));
    let absent = [(":method", "GET"), (":scheme", "https"), (":authority", ""), (":path", "/")];
    assert!(RequestHead::from_fields(lone::fields(&absent)).is_err());
}

/// "Clients MUST NOT generate a request with a Host header field that differs from the ':authority'
/// pseudo-header field."
#[test]
fn a_host_that_differs_cannot_be_sent() {
    let with = |host| RequestHead::new("GET", "https", "example.org", "/", [("host", host)]);
    for host in ["example.com", "example.org:80", "example.org:4430", "www.example.org", ""] {
        assert!(with(host).is_err(), "{host}");
    }
    for host in ["example.org", "example.org:443"] {
        assert!(with(host).is_ok(), "{host}");
    }
}

/// "An intermediary that forwards a request over HTTP/2 MUST construct an ':authority' pseudo-header
/// field": what came with `host` alone is not sent on as it is.
#[test]
fn a_host_alone_cannot_be_sent() {
    let mut came = None;
    Setup::server().run_once(|server| {
        let fields =
            [(":method", "GET"), (":scheme", "https"), (":path", "/"), ("host", "h.example")];
        server.hears(wire::headers(1, &fields).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        came = Some(head.clone());
    });
    let came = came.unwrap();
    lone::client(|client| {
        let head = came.clone();
        let refused = client.act(|conn| conn.send_request(head, End::Now)).unwrap_err();
        assert_eq!(refused.why, Misuse::NoAuthority);
        assert_eq!(*refused.head, came);
        assert_eq!(client.says(), []);
        assert_eq!(client.requests("GET", true), 1);
    });
}

/// "Other servers MUST perform scheme-based normalization of the two fields" before they compare
/// them: the port that the scheme implies, an empty port and the case of host and scheme.
#[test]
fn host_and_authority_are_compared_by_the_rules_of_their_scheme() {
    let request = |scheme, authority, host| {
        [
            (":method", "GET"),
            (":scheme", scheme),
            (":authority", authority),
            (":path", "/"),
            ("host", host),
        ]
    };
    let same = [
        request("https", "example.org", "EXAMPLE.org"),
        request("https", "example.org", "example.org:443"),
        request("https", "example.org:443", "example.org:"),
        request("HTTPS", "example.org:443", "example.org"),
        request("http", "example.org:80", "example.org"),
        request("Http", "example.org", "example.org:80"),
        request("http", "[::1]:80", "[::1]"),
    ];
    for fields in same {
        let note = Note(format!("{fields:?}"));
        lone::server(|server| {
            server.hears(wire::headers(1, &fields).end_stream());
            assert_eq!(server.told(), ["request 1 GET / end"]);
        });
        drop(note);
    }
    let other = [
        request("https", "example.org", "example.org:80"),
        request("http", "example.org", "example.org:443"),
        request("https", "example.org:8443", "example.org"),
        request("https", "example.org", "example.com"),
        request("urn", "example.org", "example.org:443"),
    ];
    for fields in other {
        let note = Note(format!("{fields:?}"));
        lone::server(|server| {
            server.hears(wire::headers(1, &fields).end_stream());
            server.must_answer_and_reset(1, "400");
        });
        drop(note);
    }
}

/// §8.3.2: ':status' "MUST be included in all responses, including interim responses".
#[test]
fn every_response_has_a_status() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.forget();
        let interim = lone::response(103, &[("link", "</a>")]);
        server.act(|conn| conn.send_informational(id(1), interim)).unwrap();
        server.responds_with(1, 200, &[("a", "b")], true);
        let said = server.says();
        let [Frame::Headers { fields: interim, .. }, Frame::Headers { fields: last, .. }] =
            &said[..]
        else {
            panic!("{said:?}")
        };
        assert_eq!(*interim, pairs(&[(":status", "103"), ("link", "</a>")]));
        assert_eq!(*last, pairs(&[(":status", "200"), ("a", "b")]));
        for row in [&[][..], &[("a", "b")], &[("a", "b"), (":status", "200")], wire::GET] {
            assert!(h2_core::ResponseHead::from_fields(lone::fields(row)).is_err(), "{row:?}");
        }
    });
}
