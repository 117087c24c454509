//! Section 4: what an extended CONNECT request is made of.

use h2_core::{HeadRule, RequestHead};
use h2_tests::prelude::*;

use crate::{AUTHORITY, CONNECT, EXTENDED, PATH, PROTOCOL, SCHEME, client, extended};

/// A request that comes in is refused as malformed, and one that would go out cannot be made.
#[track_caller]
fn refused(fields: &[wire::Pair<'_>], rule: HeadRule) {
    let made = RequestHead::from_fields(lone::fields(fields));
    assert_eq!(made.unwrap_err().rule(), rule, "outbound: {fields:?}");
    let note = Note(format!("inbound: {fields:?}"));
    crate::server().run(|server| {
        server.hears(wire::headers(1, fields));
        server.must_answer_and_reset(1, "400");
        server.hears(wire::headers(3, &EXTENDED));
        assert_eq!(server.told(), ["request 3 CONNECT /chat"]);
    });
    drop(note);
}

#[track_caller]
fn taken(fields: &[wire::Pair<'_>]) {
    let made = RequestHead::from_fields(lone::fields(fields)).expect("outbound");
    crate::server().run(|server| {
        server.hears(wire::headers(1, fields));
        let events = server.events();
        let [Event::RequestReceived { head, end: false, .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(*head, made);
    });
    client().run(|client| {
        client.act(|conn| conn.send_request(made.clone(), End::Later)).unwrap();
        let said = client.says();
        for (name, value) in fields {
            assert_eq!(said[0].field(name), Some(*value));
        }
    });
}

/// "On requests that contain the :protocol pseudo-header field, the :scheme and :path pseudo-header
/// fields of the target URI MUST also be included."
#[test]
fn scheme_and_path_stand_beside_the_protocol() {
    refused(&[CONNECT, PROTOCOL, PATH, AUTHORITY], HeadRule::MissingPseudo);
    refused(&[CONNECT, PROTOCOL, SCHEME, AUTHORITY], HeadRule::MissingPseudo);
    refused(&[CONNECT, PROTOCOL, AUTHORITY], HeadRule::MissingPseudo);
    taken(&[CONNECT, PROTOCOL, SCHEME, PATH, AUTHORITY]);
    taken(&[AUTHORITY, PATH, SCHEME, PROTOCOL, CONNECT]);
}

/// The target is checked like that of any other request.
#[test]
fn the_target_is_checked() {
    refused(&[CONNECT, PROTOCOL, ("x", "y"), SCHEME, PATH, AUTHORITY], HeadRule::LatePseudo);
    refused(&[CONNECT, PROTOCOL, SCHEME, (":path", "chat"), AUTHORITY], HeadRule::InvalidPath);
    refused(&[CONNECT, PROTOCOL, SCHEME, (":path", ""), AUTHORITY], HeadRule::InvalidPath);
    refused(&[CONNECT, PROTOCOL, SCHEME, (":path", "*"), AUTHORITY], HeadRule::InvalidPath);
    refused(&[CONNECT, PROTOCOL, (":scheme", "1"), PATH, AUTHORITY], HeadRule::InvalidScheme);
}

/// ":authority ... is interpreted according to Section 8.1.2.3 of [RFC7540] instead of Section 8.3": a
/// port is not needed, and user information is not allowed.
#[test]
fn the_authority_is_that_of_a_uri() {
    for authority in ["server.example.com", "server.example.com:8443", "[::1]", "192.0.2.1"] {
        taken(&[CONNECT, PROTOCOL, SCHEME, PATH, (":authority", authority)]);
    }
    refused(&[CONNECT, PROTOCOL, SCHEME, PATH], HeadRule::MissingPseudo);
    for authority in ["", "user@server.example.com", "a b"] {
        let fields = [CONNECT, PROTOCOL, SCHEME, PATH, (":authority", authority)];
        refused(&fields, HeadRule::InvalidAuthority);
    }
    let both = [CONNECT, PROTOCOL, SCHEME, PATH, AUTHORITY, ("host", "other.example.com")];
    refused(&both, HeadRule::HostMismatch);
}

/// "the server MUST NOT create a tunnel to the host indicated by the :authority": whoever is handed the
/// request sees that it is none for a host and a port.
#[test]
fn an_extended_connect_is_told_from_an_ordinary_one() {
    crate::server().run(|server| {
        server.hears(wire::headers(1, &EXTENDED));
        server.hears(wire::headers(3, &[CONNECT, (":authority", "server.example.com:443")]));
        let heads: Vec<RequestHead> = server
            .events()
            .into_iter()
            .filter_map(|event| match event {
                Event::RequestReceived { head, .. } => Some(head),
                _ => None,
            })
            .collect();
        assert_eq!((heads[0].protocol(), heads[0].path()), (Some("websocket"), Some("/chat")));
        assert_eq!(heads[0].scheme(), Some("https"));
        assert_eq!((heads[1].protocol(), heads[1].path()), (None, None));
    });
}

/// ":protocol MAY be included on request HEADERS" of CONNECT: on no other method, and in no response or
/// trailers.
#[test]
fn the_protocol_belongs_to_connect() {
    for method in ["GET", "POST", "OPTIONS", "connect"] {
        refused(&[(":method", method), PROTOCOL, SCHEME, PATH, AUTHORITY], HeadRule::Protocol);
    }
    client().run(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears(wire::headers(stream, &[(":status", "200"), PROTOCOL]));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
    crate::server().run(|server| {
        server.hears((wire::post(1), wire::headers(1, &[PROTOCOL]).end_stream()));
        server.must_reset(1, PROTOCOL_ERROR);
    });
}

/// "The pseudo-header field is single valued and contains a value from the 'Hypertext Transfer Protocol
/// (HTTP) Upgrade Token Registry'".
#[test]
fn the_protocol_is_one_token() {
    for value in ["", "web socket", "websocket, other", "web/socket", "\"websocket\"", "w\u{e9}b"] {
        refused(&[CONNECT, (":protocol", value), SCHEME, PATH, AUTHORITY], HeadRule::Protocol);
    }
    refused(&[CONNECT, PROTOCOL, PROTOCOL, SCHEME, PATH, AUTHORITY], HeadRule::RepeatedPseudo);
    for value in ["websocket", "connect-udp", "webtransport", "X~1"] {
        taken(&[CONNECT, (":protocol", value), SCHEME, PATH, AUTHORITY]);
    }
}

/// §5: "[RFC6455] requires the use of Connection and Upgrade header fields that are not part of HTTP/2.
/// They MUST NOT be included in the CONNECT request defined here."
#[test]
fn connection_and_upgrade_have_no_place_in_it() {
    for field in [("connection", "Upgrade"), ("upgrade", "websocket")] {
        let fields = [CONNECT, PROTOCOL, SCHEME, PATH, AUTHORITY, field];
        refused(&fields, HeadRule::ConnectionSpecific);
    }
}

/// §5: "The scheme of the target URI MUST be 'https' for 'wss'-schemed WebSockets and 'http' for
/// 'ws'-schemed WebSockets": both pass, in either direction.
#[test]
fn both_schemes_of_websockets_pass() {
    for scheme in ["https", "http"] {
        taken(&[CONNECT, PROTOCOL, (":scheme", scheme), PATH, AUTHORITY]);
    }
}

/// An announced protocol is no way around the limit on streams or the rules for fields.
#[test]
fn it_is_a_request_like_any_other() {
    crate::server().config(|config| config.max_concurrent_streams = 1).run(|server| {
        server.hears((wire::headers(1, &EXTENDED), wire::headers(3, &EXTENDED)));
        server.must_reset(3, REFUSED_STREAM);
    });
    client().config(|config| config.max_outbound_streams = 1).run(|client| {
        client.act(|conn| conn.send_request(extended(), End::Later)).unwrap();
        let refused = client.act(|conn| conn.send_request(extended(), End::Later)).unwrap_err();
        assert_eq!(refused.why, Misuse::NoSlot);
    });
}
