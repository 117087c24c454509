//! Sections 8.1, 8.6 and 8.7: how a message is made of frames, and what proves it unprocessed.

use h2_tests::prelude::*;
use wire::{get_and, post_and};

/// §8.1: a request is a head, a body and trailers.
#[test]
fn a_whole_exchange_is_told_in_order() {
    lone::server(|server| {
        server.hears((
            wire::post(1),
            wire::data(1, "hello "),
            wire::data(1, "world"),
            wire::headers(1, &[("x-sum", "11")]).end_stream(),
        ));
        assert_eq!(server.told(), ["request 1 POST /", "data 1 11", "trailers 1"]);
        server.responds_with(1, 200, &[("x-a", "b")], false);
        assert_eq!(server.sends(1, "answer", false), 6);
        server.sends_trailers(1, &[("x-c", "d")]).unwrap();
        let said = server.says_on(1);
        let [head, Frame::Data { data, end: false, .. }, tail] = &said[..] else {
            panic!("{said:?}")
        };
        assert_eq!((head.field(":status"), head.field("x-a")), (Some("200"), Some("b")));
        assert_eq!(data, b"answer");
        assert!(matches!(tail, Frame::Headers { end: true, .. }));
        assert_eq!(tail.field("x-c"), Some("d"));
    });
    lone::client(|client| {
        let stream = client.requests_with("POST", &[("x-a", "b")], false);
        client.sends(stream, "question", true);
        client.hears((
            wire::headers(stream, &[(":status", "103"), ("link", "</a>")]),
            wire::headers(stream, &[(":status", "100")]),
            wire::ok(stream),
            wire::data(stream, "answer"),
            wire::headers(stream, &[("x-sum", "6")]).end_stream(),
        ));
        let expected =
            ["interim 1 103", "interim 1 100", "response 1 200", "data 1 6", "trailers 1"];
        assert_eq!(client.told(), expected);
    });
}

/// §8.1: "An endpoint that receives a HEADERS frame without the END_STREAM flag set after receiving
/// the HEADERS frame that opens a request or after receiving a final (non-informational) status code
/// MUST treat the corresponding request or response as malformed."
#[test]
fn trailers_that_do_not_end_the_stream_are_malformed() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::headers(1, &[("x", "y")])));
        server.must_reset(1, PROTOCOL_ERROR);
        assert_eq!(server.told(), ["request 1 POST /", "reset 1 PROTOCOL_ERROR rule"]);
    });
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears((wire::ok(stream), wire::headers(stream, &[("x", "y")])));
        client.must_reset(stream, PROTOCOL_ERROR);
        assert_eq!(client.told(), ["response 1 200", "reset 1 PROTOCOL_ERROR rule"]);
    });
}

/// §8.1: a final response comes once; an interim one never after it.
#[test]
fn a_second_response_is_malformed() {
    for status in ["200", "100"] {
        lone::client(|client| {
            let stream = client.requests("GET", true);
            client.hears((wire::ok(stream), wire::headers(stream, &[(":status", status)])));
            client.must_reset(stream, PROTOCOL_ERROR);
        });
    }
}

/// §8.1: an interim response does not end the message: "A HEADERS frame with the END_STREAM flag set
/// that carries an informational status code is malformed."
#[test]
fn an_interim_response_cannot_end_the_stream() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::headers(stream, &[(":status", "103")]).end_stream());
        client.must_reset(stream, PROTOCOL_ERROR);
        assert_eq!(client.told(), ["reset 1 PROTOCOL_ERROR rule"]);
    });
}

/// §8.1: a response begins with HEADERS.
#[test]
fn data_before_the_final_response_is_malformed() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::data(stream, "x"));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears((wire::headers(stream, &[(":status", "100")]), wire::data(stream, "x")));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
}

/// §8.1.1: "A request or response that includes message content that has a Content-Length header field
/// is malformed if the value ... does not equal the sum of the DATA frame payload lengths".
#[test]
fn a_body_is_as_long_as_its_content_length() {
    let head = |length| wire::headers(1, &post_and(&[("content-length", length)]));
    let trailers = wire::headers(1, &[("x", "y")]).end_stream();
    let bad: [(&str, Vec<wire::Raw>); 7] = [
        ("too short", vec![head("5"), wire::data(1, "abcd").end_stream()]),
        ("too long", vec![head("5"), wire::data(1, "abcdef")]),
        ("too long, later", vec![head("5"), wire::data(1, "abcde"), wire::data(1, "f")]),
        ("short before trailers", vec![head("5"), wire::data(1, "abcd"), trailers.clone()]),
        ("empty end", vec![head("5"), wire::data(1, "abcd"), wire::data(1, "").end_stream()]),
        ("padding is no body", vec![head("5"), wire::data(1, "abcd").padded(1).end_stream()]),
        ("more than zero", vec![head("0"), wire::data(1, "a")]),
    ];
    for (name, frames) in bad {
        let note = Note(name.to_owned());
        lone::server(|server| {
            server.hears(&frames);
            server.must_reset(1, PROTOCOL_ERROR);
            let told = server.told();
            assert_eq!(told.last().map(String::as_str), Some("reset 1 PROTOCOL_ERROR rule"));
            assert!(!told.iter().any(|line| line.ends_with("end")), "{told:?}");
        });
        drop(note);
    }
    lone::server(|server| {
        server.hears(head("5").end_stream());
        server.must_live();
        assert!(server.says().contains(&Frame::Reset { stream: 1, code: 1 }));
        assert!(!server.told().iter().any(|line| line.starts_with("request")));
    });
    let good: [Vec<wire::Raw>; 4] = [
        vec![head("5"), wire::data(1, "abcde").padded(9).end_stream()],
        vec![head("5"), wire::data(1, "abc"), wire::data(1, "de"), trailers],
        vec![head("0").end_stream()],
        vec![head("5"), wire::data(1, "abcde"), wire::data(1, "").end_stream()],
    ];
    for frames in good {
        lone::server(|server| {
            server.hears(&frames);
            server.must_be_fine();
        });
    }
}

/// §8.1.1, of responses: "Clients MUST NOT accept a malformed response." No event ever says that such
/// a body has ended.
#[test]
fn a_length_that_a_response_does_not_keep_is_malformed() {
    let head = || wire::headers(1, &[(":status", "200"), ("content-length", "5")]);
    let trailers = wire::headers(1, &[("x", "y")]).end_stream();
    let bad: [(&str, Vec<wire::Raw>); 5] = [
        ("too short", vec![head(), wire::data(1, "abcd").end_stream()]),
        ("too long", vec![head(), wire::data(1, "abcdef").end_stream()]),
        ("too long, later", vec![head(), wire::data(1, "abcde"), wire::data(1, "f")]),
        ("short before trailers", vec![head(), wire::data(1, "abcd"), trailers.clone()]),
        ("empty end", vec![head(), wire::data(1, "abcd"), wire::data(1, "").end_stream()]),
    ];
    for (name, frames) in bad {
        let note = Note(name.to_owned());
        lone::client(|client| {
            client.requests("GET", true);
            client.hears(&frames);
            client.must_reset(1, PROTOCOL_ERROR);
            let told = client.told();
            assert_eq!(told.last().map(String::as_str), Some("reset 1 PROTOCOL_ERROR rule"));
            let whole = |line: &String| line.ends_with("end") || line.starts_with("trailers");
            assert!(!told.iter().any(whole), "{told:?}");
        });
        drop(note);
    }
    lone::client(|client| {
        client.requests("GET", true);
        client.hears((head(), wire::data(1, "abc").padded(2), wire::data(1, "de"), &trailers));
        client.must_be_fine();
        assert_eq!(client.told(), ["response 1 200", "data 1 5", "trailers 1"]);
    });
}

/// §8.1.1: "A response that is defined to have no content ... MAY have a non-zero Content-Length field,
/// even though no content is included in DATA frames."
#[test]
fn answers_without_a_body_may_say_any_length() {
    for (method, status) in [("HEAD", "200"), ("HEAD", "404"), ("GET", "304"), ("GET", "204")] {
        let head = [(":status", status), ("content-length", "1234")];
        for with_data in [false, true] {
            lone::client(|client| {
                let stream = client.requests(method, true);
                if with_data {
                    client.hears(wire::headers(stream, &head));
                    client.hears(wire::data(stream, "").end_stream());
                } else {
                    client.hears(wire::headers(stream, &head).end_stream());
                }
                client.must_be_fine();
                let told = client.told();
                assert!(told.last().is_some_and(|line| line.ends_with("end")), "{told:?}");
            });
        }
        lone::client(|client| {
            let stream = client.requests(method, true);
            client.hears((wire::headers(stream, &head), wire::data(stream, "x")));
            client.must_reset(stream, PROTOCOL_ERROR);
        });
    }
    lone::client(|client| {
        let stream = client.requests("GET", true);
        let head = [(":status", "200"), ("content-length", "3")];
        client.hears(wire::headers(stream, &head).end_stream());
        client.must_reset(stream, PROTOCOL_ERROR);
    });
}

/// §8.1: after a complete response a server may send "RST_STREAM with an error code of NO_ERROR";
/// "Clients MUST NOT discard responses as a result of receiving such a RST_STREAM".
#[test]
fn a_complete_response_survives_the_reset_behind_it() {
    lone::client(|client| {
        let stream = client.requests("POST", false);
        client.sends(stream, "part of a long upload", false);
        client.hears((
            wire::ok(stream),
            wire::data(stream, "all of it").end_stream(),
            wire::rst(stream, NO_ERROR),
        ));
        let expected = ["response 1 200", "data 1 9 end", "stopped 1 NO_ERROR"];
        assert_eq!(client.told(), expected);
        client.must_be_fine();
        assert_eq!(client.conn.open_outbound_streams(), 0);
        client.acknowledges(stream, 9);
    });
}

/// §8.1, the other side: the response is written as a whole before that reset.
#[test]
fn a_server_stops_an_upload_behind_its_whole_response() {
    Setup::server().peer(&[(4, 4)]).run(|server| {
        server.hears((wire::post(1), wire::data(1, "part")));
        server.responds(1, 413, false);
        server.sends(1, "too much", true);
        server.resets(1, NO_ERROR);
        let said = server.says_on(1);
        assert!(matches!(said[..], [Frame::Headers { .. }, Frame::Data { end: false, .. }]));
        server.hears(wire::window_update(1, 100));
        let said = server.says_on(1);
        let [Frame::Data { end: true, .. }, Frame::Reset { code: 0, .. }] = said[..] else {
            panic!("{said:?}")
        };
        server.hears(wire::data(1, "late").end_stream());
        server.must_live();
    });
}

/// §8.6: "HTTP/2 removes support for the 101 (Switching Protocols) informational status code".
#[test]
fn status_101_is_malformed() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::headers(stream, &[(":status", "101"), ("x", "y")]));
        client.must_reset(stream, PROTOCOL_ERROR);
    });
}

/// §8.1.1: "Malformed requests or responses that are detected MUST be treated as a stream error of type
/// PROTOCOL_ERROR." A server may answer before; it may also leave that.
#[test]
fn the_answer_to_a_malformed_request_can_be_switched_off() {
    Setup::server().config(|config| config.answer_malformed = false).run(|server| {
        server.hears(wire::headers(1, &get_and(&[("Bad", "name")])).end_stream());
        assert_eq!(server.says(), [Frame::Reset { stream: 1, code: 1 }]);
        assert_eq!(server.told(), Vec::<String>::new());
    });
}

/// §8.7: REFUSED_STREAM and a GOAWAY below the stream prove that a request was not processed, and
/// nothing else does.
#[test]
fn only_two_things_prove_a_request_unprocessed() {
    lone::client(|client| {
        for _ in 0..4 {
            client.requests("POST", false);
        }
        client.hears((wire::rst(1, REFUSED_STREAM), wire::rst(3, CANCEL)));
        client.hears(wire::goaway(5, NO_ERROR, b""));
        let mut proofs: Vec<(u32, bool)> = client
            .events()
            .iter()
            .filter_map(|event| match event {
                Event::StreamReset { stream, outcome, .. } => {
                    Some((stream.get(), outcome.is_unprocessed()))
                }
                _ => None,
            })
            .collect();
        proofs.sort_unstable();
        assert_eq!(proofs, [(1, true), (3, false), (7, true)]);
    });
}

/// §8.7: "If frames that are on a stream are passed to the application layer for any stream, then
/// REFUSED_STREAM MUST NOT be used for that stream, and a GOAWAY frame MUST include a stream identifier
/// that is greater than or equal to the given stream identifier."
#[test]
fn requests_that_were_shown_are_within_the_goaway() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::post(7)));
        assert_eq!(server.told(), ["request 1 GET / end", "request 7 POST /"]);
        server.forget();
        server.act(|conn| conn.close_connection(NO_ERROR, Bytes::new()));
        let said = server.says();
        assert!(matches!(said[..], [Frame::GoAway { last: 7, code: 0, .. }]), "{said:?}");
    });
}
