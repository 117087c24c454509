//! How the rules for field sections are tested: what comes in against one is malformed, what would go
//! out against it cannot be made.

use h2_core::{Fields, HeadRule, RequestHead, ResponseHead, Trailers};
use h2_tests::prelude::*;

pub(crate) type Octets = (&'static [u8], &'static [u8]);

pub(crate) const METHOD: Octets = (b":method", b"GET");
pub(crate) const SCHEME: Octets = (b":scheme", b"https");
pub(crate) const AUTHORITY: Octets = (b":authority", b"example.org");
pub(crate) const PATH: Octets = (b":path", b"/");
pub(crate) const STATUS: Octets = (b":status", b"200");

pub(crate) fn list(fields: &[Octets]) -> Fields {
    fields.iter().copied().collect()
}

pub(crate) fn block(fields: &[Octets]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| wire::literal(name, value)).collect()
}

/// A request, in and out; `None` is well formed.
#[track_caller]
pub(crate) fn request(fields: &[Octets], rule: Option<HeadRule>) {
    let note = Note(format!(
        "request {}",
        list(fields).iter().fold(String::new(), |all, field| { format!("{all} {field:?}") })
    ));
    let made = RequestHead::from_fields(list(fields));
    assert_eq!(made.as_ref().err().map(|malformed| malformed.rule()), rule, "outbound");
    request_in(fields, rule.is_none());
    drop(note);
}

#[track_caller]
pub(crate) fn request_in(fields: &[Octets], good: bool) {
    Setup::server().run_once(|server| {
        server.hears(wire::headers_of(1, &block(fields)).end_stream());
        if good {
            server.must_be_fine();
            let events = server.events();
            let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
            assert_eq!(head.as_fields().len(), fields.len());
        } else {
            server.must_answer_and_reset(1, "400");
        }
        server.hears(wire::get(3));
        assert_eq!(server.told(), ["request 3 GET / end"]);
    });
}

#[track_caller]
pub(crate) fn get_and(more: &[Octets], rule: Option<HeadRule>) {
    request(&[&[METHOD, SCHEME, AUTHORITY, PATH], more].concat(), rule);
}

#[track_caller]
pub(crate) fn response(fields: &[Octets], rule: Option<HeadRule>) {
    let made = ResponseHead::from_fields(list(fields));
    assert_eq!(made.as_ref().err().map(|malformed| malformed.rule()), rule, "out: {fields:?}");
    Setup::client().run_once(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears(wire::headers_of(stream, &block(fields)));
        if rule.is_none() {
            client.must_be_fine();
            assert_eq!(client.told().len(), 1, "in: {fields:?}");
        } else {
            client.must_reset(stream, PROTOCOL_ERROR);
            assert_eq!(client.told(), ["reset 1 PROTOCOL_ERROR rule"]);
        }
    });
}

#[track_caller]
pub(crate) fn trailer(field: Octets, rule: Option<HeadRule>) {
    let made = Trailers::new(list(&[field]));
    assert_eq!(made.as_ref().err().map(|malformed| malformed.rule()), rule, "out: {field:?}");
    Setup::server().run_once(|server| {
        server.hears((wire::post(1), wire::headers_of(1, &block(&[field])).end_stream()));
        if rule.is_none() {
            assert_eq!(server.told(), ["request 1 POST /", "trailers 1"], "in: {field:?}");
        } else {
            server.must_reset(1, PROTOCOL_ERROR);
            assert_eq!(server.told(), ["request 1 POST /", "reset 1 PROTOCOL_ERROR rule"]);
        }
    });
}

#[track_caller]
pub(crate) fn everywhere(field: Octets, rule: Option<HeadRule>) {
    get_and(&[field], rule);
    response(&[STATUS, field], rule);
    trailer(field, rule);
}
