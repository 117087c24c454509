//! The rules for names, values, pseudo-fields and lengths as tables: what comes in against them is
//! malformed, what would go out against them cannot be made.

use h2_core::{Fields, HeadRule, RequestHead, ResponseHead, Trailers};
use h2_tests::prelude::*;

type Octets = (&'static [u8], &'static [u8]);

const METHOD: Octets = (b":method", b"GET");
const SCHEME: Octets = (b":scheme", b"https");
const AUTHORITY: Octets = (b":authority", b"example.org");
const PATH: Octets = (b":path", b"/");
const STATUS: Octets = (b":status", b"200");

fn list(fields: &[Octets]) -> Fields {
    fields.iter().copied().collect()
}

fn block(fields: &[Octets]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| wire::literal(name, value)).collect()
}

/// A request, in and out; `None` is well formed.
#[track_caller]
fn request(fields: &[Octets], rule: Option<HeadRule>) {
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
fn request_in(fields: &[Octets], good: bool) {
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
fn get_and(more: &[Octets], rule: Option<HeadRule>) {
    request(&[&[METHOD, SCHEME, AUTHORITY, PATH], more].concat(), rule);
}

#[track_caller]
fn response(fields: &[Octets], rule: Option<HeadRule>) {
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
fn trailer(field: Octets, rule: Option<HeadRule>) {
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
fn everywhere(field: Octets, rule: Option<HeadRule>) {
    get_and(&[field], rule);
    response(&[STATUS, field], rule);
    trailer(field, rule);
}

/// N1 to N4: every octet, as a name.
#[test]
fn names_are_tokens_in_lower_case() {
    everywhere((b"", b"v"), Some(HeadRule::EmptyName));
    for octet in 0..=255_u8 {
        let token = octet.is_ascii_lowercase()
            || octet.is_ascii_digit()
            || b"!#$%&'*+-.^_`|~".contains(&octet);
        let name: &'static [u8] = Box::leak(Box::new([b'x', octet]));
        let rule = match octet {
            _ if token => None,
            b'A'..=b'Z' => Some(HeadRule::UppercaseName),
            _ => Some(HeadRule::InvalidName),
        };
        everywhere((name, b"v"), rule);
    }
}

/// V1 to V5: every octet, inside a value and at its ends.
#[test]
fn values_have_no_control_octets_and_no_blanks_around() {
    for octet in 0..=255_u8 {
        let inside: &'static [u8] = Box::leak(Box::new([b'x', octet, b'x']));
        let good = octet == b'\t' || (octet >= 0x20 && octet != 0x7f);
        everywhere((b"x", inside), (!good).then_some(HeadRule::InvalidValue));
    }
    let padded: [&[u8]; 6] = [b" v", b"\tv", b"v ", b"v\t", b" ", b"\t\t"];
    for value in padded {
        everywhere((b"x", value), Some(HeadRule::PaddedValue));
    }
    everywhere((b"x", b""), None);
}

/// V6: what a particular field means is not ours to judge.
#[test]
fn nonsense_in_a_known_field_is_no_offence() {
    let odd: [Octets; 4] =
        [(b"date", b"soon"), (b"age", b"-1"), (b"content-type", b"///"), (b"etag", b"x y")];
    for field in odd {
        everywhere(field, None);
    }
}

/// C1 to C4.
#[test]
fn connection_specific_fields_are_refused_everywhere() {
    let names: [&[u8]; 5] =
        [b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"];
    for name in names {
        everywhere((name, b"x"), Some(HeadRule::ConnectionSpecific));
        everywhere((name, b""), Some(HeadRule::ConnectionSpecific));
    }
    for value in [&b"trailers"[..], b"Trailers", b"TRAILERS"] {
        get_and(&[(b"te", value)], None);
        response(&[STATUS, (b"te", value)], Some(HeadRule::Te));
        trailer((b"te", value), Some(HeadRule::Te));
    }
    for value in [&b""[..], b"gzip", b"trailers, gzip", b"trailers;q=1", b"trailer"] {
        get_and(&[(b"te", value)], Some(HeadRule::Te));
    }
    everywhere((b"http2-settings", b"x"), None);
    everywhere((b"upgrade-insecure-requests", b"1"), None);
}

/// P1 to P5.
#[test]
fn pseudo_fields_of_a_request_stand_first_once_and_all() {
    for at in 0..4 {
        let all = [METHOD, SCHEME, AUTHORITY, PATH];
        let mut missing = all.to_vec();
        let gone = missing.remove(at);
        let rule =
            if gone == AUTHORITY { HeadRule::MissingAuthority } else { HeadRule::MissingPseudo };
        request(&missing, Some(rule));
        request(&[&all[..], &[all[at]]].concat(), Some(HeadRule::RepeatedPseudo));
        missing.extend([(&b"x"[..], &b"y"[..]), gone]);
        request(&missing, Some(HeadRule::LatePseudo));
    }
    get_and(&[STATUS], Some(HeadRule::UnknownPseudo));
    get_and(&[(b":", b"x")], Some(HeadRule::UnknownPseudo));
    get_and(&[(b":other", b"x")], Some(HeadRule::UnknownPseudo));
    request(&[PATH, AUTHORITY, SCHEME, METHOD], None);
    request(&[], Some(HeadRule::MissingPseudo));
    for field in [METHOD, SCHEME, AUTHORITY, PATH, STATUS, (b":x", b"")] {
        trailer(field, Some(HeadRule::PseudoInTrailers));
    }
}

/// P6 and P7.
#[test]
fn methods_and_schemes_have_their_own_alphabets() {
    let with = |at: usize, value: &'static [u8], rule| {
        let mut fields = [METHOD, SCHEME, AUTHORITY, PATH];
        fields[at].1 = value;
        request(&fields, rule);
    };
    let long: &'static [u8] = &[b'M'; 64];
    for method in [&b"get"[..], b"M-SEARCH", b"X!#$%&'*+-.^_`|~", long] {
        with(0, method, None);
    }
    let too_long: &'static [u8] = &[b'M'; 65];
    for method in [&b""[..], b"GET /", b"GE\tT", b"G:T", b"G(T)", b"G\xe9T", too_long] {
        with(0, method, Some(HeadRule::InvalidMethod));
    }
    for scheme in [&b"http"[..], b"HTTPS", b"a+b-c.d9", b"coap"] {
        with(1, scheme, None);
    }
    for scheme in [&b""[..], b"1a", b"+a", b"ht tp", b"http:", b"ht/tp", b"\xe9"] {
        with(1, scheme, Some(HeadRule::InvalidScheme));
    }
}

/// P8 and P9.
#[test]
fn paths_begin_with_a_slash_and_have_no_blanks() {
    let with = |path: &'static [u8], rule| {
        request(&[METHOD, SCHEME, AUTHORITY, (b":path", path)], rule);
    };
    for path in [&b"/"[..], b"/a?b=c&d", b"//", b"/%00", b"/a|b\"<>{}^`\\", b"/?", b"/;:@!$"] {
        with(path, None);
    }
    let bad: [&[u8]; 12] = [
        b"",
        b"a",
        b"?a",
        b"*",
        b"http://example.org/",
        b"/a b",
        b"/a\tb",
        b"/a#b",
        b"/\0",
        b"/\x7f",
        b"/\r\n",
        b"./a",
    ];
    for path in bad {
        let rule = HeadRule::InvalidPath;
        // A control octet breaks the rule for values first, wherever that is checked.
        let made = RequestHead::from_fields(list(&[METHOD, SCHEME, AUTHORITY, (b":path", path)]));
        let seen = made.err().map(|malformed| malformed.rule());
        assert!([Some(rule), Some(HeadRule::InvalidValue)].contains(&seen), "{seen:?} {path:?}");
        request_in(&[METHOD, SCHEME, AUTHORITY, (b":path", path)], false);
    }
    request(&[(b":method", b"OPTIONS"), SCHEME, AUTHORITY, (b":path", b"*")], None);
    request(&[(b":method", b"OPTIONS"), SCHEME, (b":path", b"*")], None);
    // An empty path is empty, whatever the scheme.
    let other = [METHOD, (b":scheme", b"coap"), AUTHORITY, (b":path", b"")];
    request(&other, Some(HeadRule::InvalidPath));
}

/// P10 to P12.
#[test]
fn authorities_are_a_host_and_perhaps_a_port() {
    let good: [&[u8]; 8] =
        [b"a", b"a.example", b"a:80", b"a:", b"[::1]", b"[2001:db8::1]:8443", b"192.0.2.1", b"a_b"];
    for authority in good {
        request(&[METHOD, SCHEME, (b":authority", authority), PATH], None);
        request(&[METHOD, SCHEME, PATH, (b"host", authority)], None);
    }
    let bad: [&[u8]; 23] = [
        b"u@a", b"u:p@a", b"a b", b"a/b", b"a?b", b"a#b", b"a\\b", b"a\"b", b"<a>", b"a^b", b"{a}",
        b"a`b", b"a|b", b"[::1", b"::1]", b"[]", b"[::1]x", b"a:b", b"a:8x", b":80", b"a\xe9",
        b"a[b]", b"a:1:2",
    ];
    let rule = Some(HeadRule::InvalidAuthority);
    for authority in bad {
        request(&[METHOD, SCHEME, (b":authority", authority), PATH], rule);
        request(&[METHOD, SCHEME, PATH, (b"host", authority)], rule);
    }
    request(&[METHOD, SCHEME, (b":authority", b""), PATH], rule);
    // RFC 9110 §4.2.2: an https URI names a host. Another one may have none, and says so (§7.2).
    request(&[METHOD, SCHEME, PATH, (b"host", b"")], Some(HeadRule::MissingAuthority));
    request(&[METHOD, (b":scheme", b"coap"), PATH, (b"host", b"")], None);
    request_in(&[METHOD, SCHEME, (b":authority", b"a\0"), PATH], false);
    get_and(&[(b"host", b"example.org")], None);
    get_and(&[(b"host", b"EXAMPLE.ORG:443")], None);
    get_and(&[(b"host", b"example.org:80")], Some(HeadRule::HostMismatch));
    get_and(&[(b"host", b"other")], Some(HeadRule::HostMismatch));
    get_and(&[(b"host", b"example.org.")], Some(HeadRule::HostMismatch));
    let twice = [(&b"host"[..], &b"example.org"[..]); 2];
    get_and(&twice, Some(HeadRule::RepeatedHost));
    let plain = |host| [METHOD, (b":scheme", b"http"), AUTHORITY, PATH, (b"host", host)];
    request(&plain(b"example.org:80"), None);
    request(&plain(b"example.org:443"), Some(HeadRule::HostMismatch));
    let other = [METHOD, (b":scheme", b"coap"), PATH];
    request(&other, None);
}

/// P14.
#[test]
fn a_connect_request_has_an_authority_with_a_port_alone() {
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
    get_and(&[], None);
    request(&[METHOD, (b":protocol", b"x"), SCHEME, AUTHORITY, PATH], Some(HeadRule::Protocol));
}

/// P16 to P18.
#[test]
fn a_status_is_three_digits_from_100_on_and_not_101() {
    for status in [&b"200"[..], b"299", b"404", b"599", b"600", b"999"] {
        response(&[(b":status", status)], None);
    }
    for status in [&b""[..], b"0", b"20", b"099", b"000", b"2000", b"2 0", b"+20", b"20x", b"-20"] {
        response(&[(b":status", status)], Some(HeadRule::InvalidStatus));
    }
    response(&[(b":status", b"101")], Some(HeadRule::SwitchingProtocols));
    response(&[], Some(HeadRule::MissingPseudo));
    response(&[(b"x", b"y")], Some(HeadRule::MissingPseudo));
    response(&[STATUS, STATUS], Some(HeadRule::RepeatedPseudo));
    response(&[STATUS, (b"x", b"y"), STATUS], Some(HeadRule::LatePseudo));
    response(&[STATUS, PATH], Some(HeadRule::UnknownPseudo));
    response(&[(b":status", b"103"), (b"link", b"</a>")], None);
}

/// M3, M4, M7, M8.
#[test]
fn a_content_length_is_digits_and_stands_once() {
    for value in [&b"0"[..], b"007", b"9223372036854775807"] {
        response(&[STATUS, (b"content-length", value)], None);
    }
    let bad: [&[u8]; 10] = [
        b"",
        b"+1",
        b"-1",
        b"1 1",
        b"1,1",
        b"0x1",
        b"1.0",
        b"one",
        b"9223372036854775808",
        b"00000000000000000001",
    ];
    for value in bad {
        let rule = Some(HeadRule::InvalidContentLength);
        get_and(&[(b"content-length", value)], rule);
        response(&[STATUS, (b"content-length", value)], rule);
    }
    let twice = [(&b"content-length"[..], &b"0"[..]); 2];
    get_and(&twice, Some(HeadRule::RepeatedContentLength));
    response(&[&[STATUS], &twice[..]].concat(), Some(HeadRule::RepeatedContentLength));
    for name in ["content-length", "host"] {
        let refused = Trailers::new([(name, "1")].into_iter().collect()).unwrap_err();
        assert_eq!(refused.rule(), HeadRule::ForbiddenTrailer);
        lone::server(|server| {
            let fields = [(name, "1"), ("x", "y")];
            server.hears((wire::post(1), wire::headers(1, &fields).end_stream()));
            let events = server.events();
            let Some(Event::TrailersReceived { trailers, .. }) = events.last() else {
                panic!("{events:?}")
            };
            assert_eq!(trailers.fields().count(), 1, "it is dropped");
        });
    }
    for status in [103, 204] {
        let refused = ResponseHead::new(status, [("content-length", "0")]).unwrap_err();
        assert_eq!(refused.rule(), HeadRule::UnexpectedContentLength);
    }
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::headers(stream, &[(":status", "103"), ("content-length", "x1")]));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::headers(stream, &[(":status", "103"), ("content-length", "5")]));
        client.hears(wire::ok(stream).end_stream());
        client.must_be_fine();
    });
}

/// The same rules hold for fields that come as indices of the static table.
#[test]
fn the_static_table_is_no_way_around_the_rules() {
    // Transfer-encoding (57) by name, :status 200 (8) and a second :path (4), host (38) twice.
    let get = wire::block(wire::GET);
    let rows: [&[u8]; 5] = [
        &[0x0f, 57 - 15, 1, b'x'],
        &[0x88],
        &[0x84],
        &[0x0f, 38 - 15, 1, b'a', 0x0f, 38 - 15, 1, b'a'],
        &[0x0f, 28 - 15, 1, b'x'],
    ];
    for row in rows {
        lone::server(|server| {
            server.hears(wire::headers_of(1, &[&get, row].concat()).end_stream());
            server.must_answer_and_reset(1, "400");
        });
    }
    lone::server(|server| {
        // The same by the dynamic table, where the field was stored by an earlier block.
        let stored = wire::incremental("transfer-encoding", "chunked");
        server.hears(wire::headers_of(1, &[&get[..], &stored].concat()).end_stream());
        server.must_answer_and_reset(1, "400");
        let again = [&get[..], &wire::indexed(62)].concat();
        server.hears(wire::headers_of(3, &again).end_stream());
        server.must_answer_and_reset(3, "400");
    });
}
