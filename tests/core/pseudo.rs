//! Pseudo-fields: rows P of the table of header rules.

use h2_core::{HeadRule, RequestHead, ResponseHead};
use h2_tests::prelude::*;

use crate::rows::{
    AUTHORITY, METHOD, Octets, PATH, SCHEME, STATUS, get_and, list, request, request_in, response,
    trailer,
};

#[test]
fn row_p1_a_message_has_the_pseudo_fields_of_its_kind_and_no_others() {
    for field in [STATUS, (b":", b"x"), (b":other", b"x"), (b":x", b"")] {
        get_and(&[field], Some(HeadRule::UnknownPseudo));
    }
    for field in [METHOD, SCHEME, AUTHORITY, PATH, (b":protocol", b"x"), (b":other", b"x")] {
        response(&[STATUS, field], Some(HeadRule::UnknownPseudo));
    }
}

#[test]
fn row_p2_pseudo_fields_stand_before_all_others() {
    for at in 0..4 {
        let mut fields = vec![METHOD, SCHEME, AUTHORITY, PATH];
        let late = fields.remove(at);
        fields.extend([(&b"x"[..], &b"y"[..]), late]);
        request(&fields, Some(HeadRule::LatePseudo));
    }
    response(&[(b"x", b"y"), STATUS], Some(HeadRule::MissingPseudo));
    request(&[PATH, AUTHORITY, SCHEME, METHOD], None);
    // Also across the frames of a block.
    lone::server(|server| {
        let first = wire::block(&wire::GET[..3]);
        let block = [first.clone(), wire::literal("x", "y"), wire::literal(":path", "/")].concat();
        server.hears(wire::split(1, &block, &[first.len(), 4], true));
        server.must_answer_and_reset(1, "400");
    });
}

#[test]
fn row_p3_pseudo_fields_stand_once() {
    let all = [METHOD, SCHEME, AUTHORITY, PATH];
    for field in all {
        request(&[&all[..], &[field]].concat(), Some(HeadRule::RepeatedPseudo));
    }
    response(&[STATUS, STATUS], Some(HeadRule::RepeatedPseudo));
}

#[test]
fn row_p4_trailers_have_no_pseudo_fields() {
    for field in [METHOD, SCHEME, AUTHORITY, PATH, STATUS, (b":x", b"")] {
        trailer(field, Some(HeadRule::PseudoInTrailers));
    }
}

#[test]
fn row_p5_a_request_has_a_method_a_scheme_and_a_path() {
    for at in [0, 1, 3] {
        let mut missing = vec![METHOD, SCHEME, AUTHORITY, PATH];
        missing.remove(at);
        request(&missing, Some(HeadRule::MissingPseudo));
    }
    request(&[], Some(HeadRule::MissingPseudo));
    request(&[(b"x", b"y")], Some(HeadRule::MissingPseudo));
}

fn with(at: usize, value: &'static [u8], rule: Option<HeadRule>) {
    let mut fields = [METHOD, SCHEME, AUTHORITY, PATH];
    fields[at].1 = value;
    request(&fields, rule);
}

#[test]
fn row_p6_a_method_is_a_token_of_up_to_64_octets() {
    let (long, too_long): (&[u8], &[u8]) = (&[b'M'; 64], &[b'M'; 65]);
    for method in [&b"get"[..], b"M-SEARCH", b"X!#$%&'*+-.^_`|~", long] {
        with(0, method, None);
    }
    for method in [&b""[..], b"GET /", b"GE\tT", b"G:T", b"G(T)", b"G\xe9T", too_long] {
        with(0, method, Some(HeadRule::InvalidMethod));
    }
}

#[test]
fn row_p7_a_scheme_begins_with_a_letter() {
    for scheme in [&b"http"[..], b"HTTPS", b"a+b-c.d9", b"coap"] {
        with(1, scheme, None);
    }
    for scheme in [&b""[..], b"1a", b"+a", b"ht tp", b"http:", b"ht/tp", b"\xe9"] {
        with(1, scheme, Some(HeadRule::InvalidScheme));
    }
}

#[test]
fn row_p8_path_begins_with_a_slash() {
    for path in [&b""[..], b"a", b"?a", b"*", b"http://example.org/", b"./a", b"Service/Method"] {
        with(3, path, Some(HeadRule::InvalidPath));
    }
    for path in [&b"/"[..], b"/a?b=c&d", b"//", b"/?"] {
        with(3, path, None);
    }
    request(&[(b":method", b"OPTIONS"), SCHEME, AUTHORITY, (b":path", b"*")], None);
    request(&[(b":method", b"OPTIONS"), SCHEME, (b":path", b"*")], None);
    // An empty path is empty, whatever the scheme.
    let other = [METHOD, (b":scheme", b"coap"), AUTHORITY, (b":path", b"")];
    request(&other, Some(HeadRule::InvalidPath));
}

#[test]
fn row_p9_a_path_has_no_control_no_blank_and_no_fragment() {
    for path in [&b"/%00"[..], b"/a|b\"<>{}^`\\", b"/;:@!$"] {
        with(3, path, None);
    }
    for octet in (0..=0x20).chain([b'#', 0x7f]) {
        let path: &'static [u8] = Box::leak(Box::new([b'/', octet, b'a']));
        let fields = [METHOD, SCHEME, AUTHORITY, (&b":path"[..], path)];
        let made = RequestHead::from_fields(list(&fields));
        // A control octet breaks the rule for values first, wherever that is checked.
        let seen = made.err().map(|malformed| malformed.rule());
        let rules = [Some(HeadRule::InvalidPath), Some(HeadRule::InvalidValue)];
        assert!(rules.contains(&seen), "{octet:#x}: {seen:?}");
        request_in(&fields, false);
    }
}

const GOOD_AUTHORITIES: [&[u8]; 8] =
    [b"a", b"a.example", b"a:80", b"a:", b"[::1]", b"[2001:db8::1]:8443", b"192.0.2.1", b"a_b"];

const BAD_AUTHORITIES: [&[u8]; 23] = [
    b"u@a", b"u:p@a", b"a b", b"a/b", b"a?b", b"a#b", b"a\\b", b"a\"b", b"<a>", b"a^b", b"{a}",
    b"a`b", b"a|b", b"[::1", b"::1]", b"[]", b"[::1]x", b"a:b", b"a:8x", b":80", b"a\xe9", b"a[b]",
    b"a:1:2",
];

#[test]
fn row_p10_an_authority_is_a_host_and_perhaps_a_port() {
    for authority in GOOD_AUTHORITIES {
        request(&[METHOD, SCHEME, (b":authority", authority), PATH], None);
        request(&[METHOD, SCHEME, PATH, (b"host", authority)], None);
    }
    let rule = Some(HeadRule::InvalidAuthority);
    for authority in BAD_AUTHORITIES {
        request(&[METHOD, SCHEME, (b":authority", authority), PATH], rule);
        request(&[METHOD, SCHEME, PATH, (b"host", authority)], rule);
    }
    request(&[METHOD, SCHEME, (b":authority", b""), PATH], rule);
    request_in(&[METHOD, SCHEME, (b":authority", b"a\0"), PATH], false);
}

#[test]
fn row_p11_a_request_names_its_host() {
    request(&[METHOD, SCHEME, PATH], Some(HeadRule::MissingAuthority));
    request(&[METHOD, (b":scheme", b"http"), PATH], Some(HeadRule::MissingAuthority));
    request(&[METHOD, SCHEME, PATH, (b"host", b"a")], None);
    // RFC 9110 §4.2.2: an https URI names a host. Another one may have none, and says so (§7.2).
    request(&[METHOD, SCHEME, PATH, (b"host", b"")], Some(HeadRule::MissingAuthority));
    request(&[METHOD, (b":scheme", b"coap"), PATH, (b"host", b"")], None);
    request(&[(b":method", b"OPTIONS"), SCHEME, (b":path", b"*")], None);
    request(&[METHOD, (b":scheme", b"coap"), PATH], None);
}

#[test]
fn row_p12_a_host_stands_once_and_agrees_with_the_authority() {
    get_and(&[(b"host", b"example.org")], None);
    get_and(&[(b"host", b"EXAMPLE.ORG:443")], None);
    get_and(&[(b"host", b"example.org:80")], Some(HeadRule::HostMismatch));
    get_and(&[(b"host", b"other")], Some(HeadRule::HostMismatch));
    get_and(&[(b"host", b"example.org.")], Some(HeadRule::HostMismatch));
    let twice = [(&b"host"[..], &b"example.org"[..]); 2];
    get_and(&twice, Some(HeadRule::RepeatedHost));
    let plain =
        |host| [METHOD, (&b":scheme"[..], &b"http"[..]), AUTHORITY, PATH, (&b"host"[..], host)];
    request(&plain(b"example.org:80"), None);
    request(&plain(b"example.org:443"), Some(HeadRule::HostMismatch));
}

#[test]
fn row_p13_the_authority_goes_before_the_host() {
    let authority = |fields: &[Octets]| {
        let head = RequestHead::from_fields(list(fields)).unwrap();
        head.authority().map(str::to_owned)
    };
    let both = [METHOD, SCHEME, AUTHORITY, PATH, (&b"host"[..], &b"EXAMPLE.org:443"[..])];
    assert_eq!(authority(&both).as_deref(), Some("example.org"));
    let host = [METHOD, SCHEME, PATH, (&b"host"[..], &b"h.example"[..])];
    assert_eq!(authority(&host).as_deref(), Some("h.example"));
}

#[test]
fn row_p14_a_connect_request_has_an_authority_with_a_port_alone() {
    const CONNECT: Octets = (b":method", b"CONNECT");
    request(&[CONNECT, (b":authority", b"a:443")], None);
    request(&[CONNECT, (b":authority", b"[::1]:443")], None);
    request(&[CONNECT, (b":authority", b"a:443"), (b"x", b"y")], None);
    request(&[CONNECT], Some(HeadRule::MissingPseudo));
    for authority in [&b"a"[..], b"a:", b"[::1]"] {
        request(&[CONNECT, (b":authority", authority)], Some(HeadRule::InvalidAuthority));
    }
    for more in [SCHEME, PATH] {
        let fields = [CONNECT, (b":authority", b"a:443"), more];
        request(&fields, Some(HeadRule::ConnectTarget));
    }
}

#[test]
fn row_p15_a_protocol_belongs_to_connect_where_the_server_has_announced_it() {
    const CONNECT: Octets = (b":method", b"CONNECT");
    const PROTOCOL: Octets = (b":protocol", b"websocket");
    let whole = [CONNECT, PROTOCOL, SCHEME, AUTHORITY, PATH];
    // It was not announced.
    request_in(&whole, false);
    let head = RequestHead::from_fields(list(&whole)).unwrap();
    lone::client(|client| {
        let refused = client.act(|conn| conn.send_request(head.clone(), End::Later)).unwrap_err();
        assert_eq!(refused.why, Misuse::NotEnabled);
    });
    request(&[METHOD, PROTOCOL, SCHEME, AUTHORITY, PATH], Some(HeadRule::Protocol));
    request(&[CONNECT, (b":protocol", b""), SCHEME, AUTHORITY, PATH], Some(HeadRule::Protocol));
    for at in 2..5 {
        let mut missing = whole.to_vec();
        missing.remove(at);
        request(&missing, Some(HeadRule::MissingPseudo));
    }
    Setup::server().config(|config| config.enable_connect_protocol = true).run(|server| {
        server.hears(wire::headers_of(1, &crate::rows::block(&whole)));
        assert_eq!(server.told(), ["request 1 CONNECT /"]);
    });
}

#[test]
fn row_p16_a_status_is_three_digits_from_100_on() {
    for status in [&b"200"[..], b"299", b"404", b"599", b"600", b"999"] {
        response(&[(b":status", status)], None);
    }
    for status in [&b""[..], b"0", b"20", b"099", b"000", b"2000", b"2 0", b"+20", b"20x", b"-20"] {
        response(&[(b":status", status)], Some(HeadRule::InvalidStatus));
    }
    response(&[], Some(HeadRule::MissingPseudo));
    response(&[(b"x", b"y")], Some(HeadRule::MissingPseudo));
    response(&[STATUS, (b"x", b"y"), STATUS], Some(HeadRule::LatePseudo));
    response(&[(b":status", b"103"), (b"link", b"</a>")], None);
}

#[test]
fn row_p17_there_is_no_status_101() {
    response(&[(b":status", b"101")], Some(HeadRule::SwitchingProtocols));
}

#[test]
fn row_p18_an_interim_response_does_not_end_the_stream() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears(wire::headers(stream, &[(":status", "103")]).end_stream());
        client.must_reset(stream, PROTOCOL_ERROR);
    });
    lone::server(|server| {
        server.hears(wire::get(1));
        server.forget();
        let none: [wire::Pair<'_>; 0] = [];
        let early = ResponseHead::new(103, none).unwrap();
        let refused = server.act(|conn| conn.send_response(id(1), early, End::Now));
        assert_eq!(refused, Err(Misuse::WrongStatusKind));
        assert_eq!(server.says(), []);
    });
}

/// While push is off a promise ends the connection; where it is on, only what asks for something
/// without changing it and without a body may be promised.
#[test]
fn row_p19_a_promise_is_a_safe_request_without_a_body() {
    lone::client(|client| {
        client.requests("GET", true);
        client.forget();
        client.hears(wire::push_promise(1, 2, wire::GET));
        client.must_go_away(PROTOCOL_ERROR);
    });
    let bodied = wire::get_and(&[("content-length", "5")]);
    let anonymous = [wire::GET[0], wire::GET[1], wire::GET[3]];
    for request in [wire::POST, &bodied, &anonymous] {
        let takes = Setup::client().config(|config| {
            config.enable_push = true;
            config.max_concurrent_streams = 10;
        });
        takes.run(|client| {
            client.requests("GET", true);
            client.forget();
            client.hears(wire::push_promise(1, 2, request));
            client.must_reset(2, PROTOCOL_ERROR);
            assert_eq!(client.told(), Vec::<String>::new());
        });
    }
    lone::server(|server| {
        server.hears(wire::get(1));
        for head in [lone::request("POST", &[]), lone::request("GET", &[("content-length", "5")])] {
            let refused = server.act(|conn| conn.push_stream(id(1), head)).unwrap_err();
            assert_eq!(refused.why, Misuse::NotPromisable);
        }
    });
}
