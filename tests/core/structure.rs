//! Messages as a whole: rows M (structure and content-length) and K (cookies, size, secrets) of the
//! table of header rules.

use h2_core::{HeadRule, RequestHead, ResponseHead, Trailers};
use h2_tests::prelude::*;

use crate::rows::{STATUS, get_and, response};
use crate::traps::{keeping, must_be_in_sync};

const LENGTH: &[u8] = b"content-length";

#[test]
fn row_m1_a_second_head_ends_the_stream() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::headers(1, &[("x", "y")])));
        server.must_reset(1, PROTOCOL_ERROR);
    });
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears((wire::ok(stream), wire::headers(stream, &[("x", "y")])));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.forget();
        server.sends_trailers(1, &[("x", "y")]).unwrap();
        let said = server.says();
        assert!(matches!(said[..], [Frame::Headers { end: true, .. }]), "{said:?}");
        let none: [wire::Pair<'_>; 0] = [];
        let again = ResponseHead::new(200, none).unwrap();
        let refused = server.act(|conn| conn.send_response(id(1), again, End::Now));
        assert!(refused.is_err());
    });
}

#[test]
fn row_m2_a_body_stands_between_head_and_trailers() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears((wire::headers(stream, &[(":status", "103")]), wire::data(stream, "x")));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
    lone::server(|server| {
        server.hears((wire::post(1), wire::headers(1, &[("x", "y")]).end_stream()));
        server.hears(wire::data(1, "x"));
        server.must_reset(1, STREAM_CLOSED);
    });
    lone::server(|server| {
        server.hears(wire::get(1));
        let mut early = Bytes::from_static(b"early");
        let refused = server.act(|conn| conn.send_data(id(1), &mut early, End::Later));
        assert_eq!(refused, Err(Misuse::HeadNotSent(id(1))));
        assert_eq!(server.sends_trailers(1, &[]), Err(Misuse::HeadNotSent(id(1))));
        server.responds(1, 200, false);
        server.sends_trailers(1, &[("x", "y")]).unwrap();
        let refused = server.act(|conn| conn.send_data(id(1), &mut early, End::Later));
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(early, "early");
    });
}

#[test]
fn row_m3_a_content_length_is_digits_up_to_two_to_the_63() {
    for value in [&b"0"[..], b"007", b"9223372036854775807"] {
        response(&[STATUS, (LENGTH, value)], None);
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
        get_and(&[(LENGTH, value)], rule);
        response(&[STATUS, (LENGTH, value)], rule);
    }
}

#[test]
fn row_m4_a_content_length_stands_once() {
    for values in [[&b"0"[..], b"0"], [b"0", b"1"]] {
        let twice = values.map(|value| (LENGTH, value));
        get_and(&twice, Some(HeadRule::RepeatedContentLength));
        response(&[&[STATUS], &twice[..]].concat(), Some(HeadRule::RepeatedContentLength));
    }
    for value in [&b"5, 5"[..], b"5,5"] {
        get_and(&[(LENGTH, value)], Some(HeadRule::InvalidContentLength));
    }
}

#[test]
fn row_m5_a_body_is_as_long_as_its_head_says_both_ways() {
    let head = wire::headers(1, &wire::post_and(&[("content-length", "5")]));
    let trailers = wire::headers(1, &[("x", "y")]).end_stream();
    let bad: [Vec<wire::Raw>; 5] = [
        vec![wire::data(1, "1234").end_stream()],
        vec![wire::data(1, "1234"), wire::data(1, "").end_stream()],
        vec![wire::data(1, "1234"), trailers],
        vec![wire::data(1, "1234").padded(1).end_stream()],
        vec![wire::data(1, "12345"), wire::data(1, "6")],
    ];
    for frames in bad {
        lone::server(|server| {
            server.hears((&head, &frames));
            server.must_reset(1, PROTOCOL_ERROR);
            let told = server.told();
            assert!(!told.iter().any(|line| line.ends_with("end")), "{told:?}");
            assert!(!told.contains(&"data 1 6".to_owned()), "no octet too many is given out");
        });
    }
    lone::server(|server| {
        server.hears(head.clone().end_stream());
        server.must_reset(1, PROTOCOL_ERROR);
    });
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds_with(1, 200, &[("content-length", "5")], false);
        server.forget();
        let refused = Err(Misuse::ContentLength(id(1)));
        let send = |server: &mut Lone, octets: &'static str, end| {
            let mut data = Bytes::from_static(octets.as_bytes());
            server.act(|conn| conn.send_data(id(1), &mut data, end))
        };
        assert_eq!(send(server, "123456", End::Later), refused);
        assert_eq!(send(server, "1234", End::Now), refused);
        assert_eq!(server.sends_trailers(1, &[]), Err(Misuse::ContentLength(id(1))));
        assert_eq!(server.says(), []);
        assert_eq!(send(server, "12345", End::Now), Ok(5));
    });
}

#[test]
fn row_m6_a_message_without_a_body_may_say_a_length_and_has_no_octets() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let code = status.to_string();
        let head = [(":status", code.as_str()), ("content-length", "5")];
        lone::client(|client| {
            let stream = client.requests(method, true);
            client.forget();
            client.hears((wire::headers(stream, &head), wire::data(stream, "").end_stream()));
            client.must_be_fine();
        });
        lone::client(|client| {
            let stream = client.requests(method, true);
            client.forget();
            client.hears((wire::headers(stream, &head), wire::data(stream, "x")));
            client.must_reset(stream, PROTOCOL_ERROR);
        });
        lone::server(|server| {
            let request = wire::headers(1, &[&[(":method", method)], &wire::GET[1..]].concat());
            server.hears(request.end_stream());
            server.responds(1, status, false);
            server.forget();
            let mut body = Bytes::from_static(b"x");
            let refused = server.act(|conn| conn.send_data(id(1), &mut body, End::Now));
            assert_eq!(refused, Err(Misuse::ContentLength(id(1))));
            assert_eq!(server.says(), []);
        });
    }
    let refused = ResponseHead::new(204, [("content-length", "0")]).unwrap_err();
    assert_eq!(refused.rule(), HeadRule::UnexpectedContentLength);
}

#[test]
fn row_m7_an_interim_response_and_a_tunnel_have_no_length() {
    let refused = ResponseHead::new(103, [("content-length", "0")]).unwrap_err();
    assert_eq!(refused.rule(), HeadRule::UnexpectedContentLength);
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears(wire::headers(stream, &[(":status", "103"), ("content-length", "5")]));
        client.hears(wire::ok(stream).end_stream());
        client.must_be_fine();
        let events = client.events();
        let Some(Event::InformationalReceived { head, .. }) = events.first() else {
            panic!("{events:?}")
        };
        assert_eq!((head.get("content-length"), head.content_length()), (None, None));
    });
    let connect = [(":method", "CONNECT"), (":authority", "a.example:443")];
    lone::client(|client| {
        let head = RequestHead::from_fields(lone::fields(&connect)).unwrap();
        client.act(|conn| conn.send_request(head, End::Later)).unwrap();
        client.hears(wire::headers(1, &[(":status", "200"), ("content-length", "1")]));
        client.hears(wire::data(1, "more than one").end_stream());
        client.must_be_fine();
    });
    lone::server(|server| {
        server.hears(wire::headers(1, &connect));
        server.responds_with(1, 200, &[("content-length", "1"), ("x", "y")], false);
        let said = server.says_on(1);
        assert_eq!((said[0].field("content-length"), said[0].field("x")), (None, Some("y")));
        assert_eq!(server.sends(1, "more than one", true), 13);
    });
    // What is refused has a body like any other, and its length.
    lone::server(|server| {
        server.hears(wire::headers(1, &connect));
        server.responds_with(1, 403, &[("content-length", "2")], false);
        assert_eq!(server.says_on(1)[0].field("content-length"), Some("2"));
    });
}

#[test]
fn row_m8_trailers_frame_nothing() {
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
}

#[test]
fn row_m9_a_body_that_was_cut_short_never_looks_complete() {
    type Cut = (&'static str, fn(&mut Lone));
    let cuts: [Cut; 5] = [
        ("RST_STREAM", |client| {
            client.hears(wire::rst(1, CANCEL));
        }),
        ("RST_STREAM without an error", |client| {
            client.hears(wire::rst(1, NO_ERROR));
        }),
        ("the end of the transport", |client| client.hears_eof()),
        ("GOAWAY with an error, and the end", |client| {
            client.hears(wire::goaway(1, INTERNAL_ERROR, b""));
            client.hears_eof();
        }),
        ("a violation", |client| {
            client.hears(wire::data(9, "idle"));
        }),
    ];
    for (name, cut) in cuts {
        let note = Note(name.to_owned());
        lone::client(|client| {
            client.requests("GET", true);
            client.hears((wire::ok(1), wire::data(1, "half")));
            cut(client);
            let told = client.told();
            assert!(!told.iter().any(|line| line.ends_with("end")), "{told:?}");
            let last = told.last().map(String::as_str).unwrap_or_default();
            let said = last.starts_with("reset 1") || last.starts_with("closed");
            assert!(said && last != "closed NO_ERROR", "{told:?}");
        });
        drop(note);
    }
    // The response was whole: what follows it takes nothing back.
    lone::client(|client| {
        client.requests("POST", false);
        client.hears((wire::ok(1), wire::data(1, "all").end_stream(), wire::rst(1, NO_ERROR)));
        let told = client.told();
        assert_eq!(told, ["response 1 200", "data 1 3 end", "stopped 1 NO_ERROR"]);
    });
}

/// They are joined where a message leaves HTTP/2, which is in the adapter; until then each counts.
#[test]
fn row_k1_cookie_crumbs_are_counted_one_by_one() {
    for (crumbs, fits) in [(16, true), (17, false)] {
        Setup::server().config(|config| config.max_header_fields = 20).run(|server| {
            let fields = wire::get_and(&vec![("cookie", "a=b"); crumbs]);
            server.hears(wire::headers(1, &fields).end_stream());
            if fits {
                server.must_be_fine();
                assert_eq!(server.told(), ["request 1 GET / end"]);
            } else {
                server.must_answer_and_reset(1, "431");
            }
        });
    }
}

#[test]
fn row_k2_a_section_is_bounded_in_size_fields_and_octets() {
    let small = || {
        Setup::server().config(|config| {
            config.max_header_list_size = 1_000;
            config.max_header_fields = 20;
            config.max_header_block = 9_000;
        })
    };
    // 4 pseudo-fields of 171 octets together, and one that fills the rest.
    let with = |value: &str| wire::headers(1, &wire::get_and(&[("x", value)])).end_stream();
    let used: usize = wire::GET.iter().map(|(n, v)| n.len() + v.len() + 32).sum::<usize>() + 33;
    for (octets, fits) in [(1_000 - used, true), (1_001 - used, false)] {
        small().run(|server| {
            server.hears(with(&"v".repeat(octets)));
            if fits {
                server.must_be_fine();
            } else {
                server.must_answer_and_reset(1, "431");
            }
        });
    }
    small().run(|server| {
        server.hears(with(&"v".repeat(4_001)));
        server.must_go_away(ENHANCE_YOUR_CALM);
    });
    small().run(|server| {
        let long = wire::block(&wire::get_and(&[("x", &"v".repeat(9_000))]));
        server.hears(wire::split(1, &long, &[4_000, 4_000], true));
        server.must_go_away(ENHANCE_YOUR_CALM);
    });
    // A client keeps to what its server takes; a server sends what it has to say.
    Setup::client().peer(&[(6, 300)]).run(|client| {
        let long = "v".repeat(300);
        let head = lone::request("GET", &[("x", &long)]);
        let refused = client.act(|conn| conn.send_request(head, End::Now)).unwrap_err();
        assert!(matches!(refused.why, Misuse::FieldSectionTooLarge { limit: 300, .. }));
        assert_eq!(client.says(), []);
        client.requests("GET", true);
    });
    Setup::server().peer(&[(6, 10)]).run(|server| {
        server.hears(wire::get(1));
        server.responds_with(1, 200, &[("x", "y")], true);
        assert_eq!(server.says_on(1)[0].field("x"), Some("y"));
    });
}

#[test]
fn row_k3_secrets_are_never_indexed_and_the_mark_survives() {
    let secrets = [
        ("authorization", "Basic YTpi", false),
        ("proxy-authorization", "x", false),
        ("cookie", "a=b", false),
        ("x-token", "t", true),
    ];
    for (name, value, marked) in secrets {
        lone::client(|client| {
            client.requests("GET", true);
            let before = client.conn.stats().encoder_table;
            client.forget();
            let mut list = lone::fields(wire::GET);
            if marked {
                list.push_sensitive(name, value);
            } else {
                list.push(name, value);
            }
            let head = RequestHead::from_fields(list).unwrap();
            client.act(|conn| conn.send_request(head, End::Now)).unwrap();
            let said = client.says();
            let Frame::Headers { block, .. } = &said[0] else { panic!("{said:?}") };
            // Four pseudo-fields that both tables know, then the literal never indexed.
            assert_eq!(block[4] & 0xf0, 0x10, "{name}: {block:x?}");
            assert_eq!(client.conn.stats().encoder_table, before, "{name} is in no table");
        });
    }
    // A long cookie cannot be guessed octet by octet, and is worth an index.
    lone::client(|client| {
        client.requests("GET", true);
        let before = client.conn.stats().encoder_table;
        client.requests_with("GET", &[("cookie", "session=0123456789abcdef0123456789")], true);
        assert!(client.conn.stats().encoder_table > before);
    });
    // Both ways: what came marked is handed out marked.
    lone::server(|server| {
        let block = [wire::block(wire::GET), wire::never_indexed("x-token", "t")].concat();
        server.hears(wire::headers_of(1, &block).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert!(head.fields().all(|field| field.sensitive));
    });
}

#[test]
fn row_k4_the_tables_follow_the_wire_whatever_becomes_of_a_block() {
    let get = wire::block(wire::GET);
    let bad = [get.clone(), wire::literal("Bad", "x")].concat();
    let big = [get.clone(), wire::literal("x", "v".repeat(1_100))].concat();
    for (name, before) in [("accepted", &get), ("malformed", &bad), ("oversize", &big)] {
        let note = Note(name.to_owned());
        Setup::server().config(|config| config.max_header_list_size = 1_000).run(|server| {
            server.hears(keeping(1, before).end_stream());
            server.must_live();
            must_be_in_sync(server, 3);
        });
        drop(note);
    }
    Setup::server().config(|config| config.max_concurrent_streams = 1).run(|server| {
        server.hears((wire::post(1), keeping(3, &get).end_stream()));
        server.must_reset(3, REFUSED_STREAM);
        server.resets(1, CANCEL);
        server.releases(1);
        server.hears(keeping(1, b"").end_stream());
        must_be_in_sync(server, 5);
    });
    // A command that was refused has not touched the table that it would have been encoded with.
    Setup::client().peer(&[(6, 400)]).run(|client| {
        let long = "v".repeat(500);
        let refused = lone::request("GET", &[("x-new", "1"), ("x-long", &long)]);
        assert!(client.act(|conn| conn.send_request(refused, End::Now)).is_err());
        assert_eq!(client.conn.stats().encoder_table, 0);
        client.requests_with("GET", &[("x-new", "1")], true);
        assert_eq!(client.says()[0].field("x-new"), Some("1"));
    });
}

/// What was taken can be written into HTTP/1.1 as it stands, and reads back as the same message: no
/// octet of it ends a line or a part of one.
#[test]
fn row_k5_what_was_accepted_is_safe_in_http1() {
    for octet in 0..=255_u8 {
        for at in 0..5 {
            let odd = [&b"a"[..], &[octet], b"b"].concat();
            let mut parts: [Vec<u8>; 5] = [
                b"GET".to_vec(),
                b"/".to_vec(),
                b"example.org".to_vec(),
                b"x".to_vec(),
                b"y".to_vec(),
            ];
            parts[at] = if at == 1 { [&b"/"[..], &odd].concat() } else { odd };
            let [method, path, authority, name, value] = &parts;
            let fields = [
                (&b":method"[..], &method[..]),
                (b":scheme", b"https"),
                (b":authority", authority),
                (b":path", path),
                (name, value),
            ];
            let Ok(head) = RequestHead::from_fields(fields.into_iter().collect()) else { continue };
            let mut text = [head.method().as_bytes(), b" ", path, b" HTTP/1.1\r\nhost: "].concat();
            text.extend_from_slice(authority);
            for field in head.fields() {
                text.extend([b"\r\n", field.name, b": ", field.value].concat());
            }
            let lines: Vec<&[u8]> =
                text.split(|octet| matches!(octet, b'\r' | b'\n' | 0)).collect();
            // CR and LF between two lines: one empty piece.
            assert_eq!(lines.len(), 5, "octet {octet:#x} at {at}");
            let words: Vec<&[u8]> =
                lines[0].split(|octet| *octet == b' ' || *octet == b'\t').collect();
            assert_eq!(words, [&method[..], &path[..], b"HTTP/1.1"]);
            let colon = lines[4].iter().position(|octet| *octet == b':').unwrap();
            assert_eq!((&lines[4][..colon], &lines[4][colon + 2..]), (&name[..], &value[..]));
        }
    }
}
