//! How far a request came that failed, and what to do about it: every way to fail at every stage of
//! a request (RFC 9113 §8.7).

use h2_core::{Outcome, Retry};
use h2_tests::prelude::*;

use Outcome::{MaybeProcessed, NotSent, Refused, ResponseStarted};
use Retry::{DoNot, NewConnection, SameConnection};

/// How far a request is when it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Accepted, and no frame was cut.
    Accepted,
    /// Cut, and the transport took nothing of it.
    Cut,
    /// Cut, and the transport took all but the last octet of its head.
    TakenInPart,
    /// Sent whole.
    Sent,
    /// An interim response came.
    Interim,
    /// The final response came, its body not.
    Answered,
}

const STAGES: [Stage; 6] =
    [Stage::Accepted, Stage::Cut, Stage::TakenInPart, Stage::Sent, Stage::Interim, Stage::Answered];

/// A client that has had a request before, and a request at this stage.
fn at(stage: Stage, first: bool) -> (Lone, u32) {
    let mut client = Setup::client().start(lone::Delivery::Whole);
    if !first {
        let earlier = client.requests("GET", true);
        client.hears(wire::ok(earlier).end_stream());
    }
    client.forget();
    client.peer_reads(stage > Stage::TakenInPart);
    let stream = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
    let now = client.now;
    match stage {
        Stage::Accepted => {}
        Stage::Cut => drop(client.conn.data_to_send(now).len()),
        Stage::TakenInPart => {
            let outbox = client.conn.data_to_send(now);
            outbox.advance(outbox.len() - 1);
        }
        Stage::Sent | Stage::Interim | Stage::Answered => client.settle(),
    }
    if stage >= Stage::Interim {
        client.hears(wire::headers(stream.get(), &[(":status", "103")]));
    }
    if stage == Stage::Answered {
        client.hears(wire::ok(stream.get()));
    }
    client.forget();
    (client, stream.get())
}

/// What the client is told of the stream, or can ask after the end.
fn told(client: &mut Lone, stream: u32) -> Option<(Outcome, Retry)> {
    let events = client.events();
    let reset = events.iter().find_map(|event| match event {
        Event::StreamReset { stream: s, outcome, retry, .. } if s.get() == stream => {
            Some((*outcome, *retry))
        }
        _ => None,
    });
    let closed = events.iter().any(|event| matches!(event, Event::ConnectionClosed { .. }));
    let stream = id(stream);
    let asked = client.conn.request_outcome(stream).zip(client.conn.retry_hint(stream));
    if reset.is_some() || !closed { reset } else { asked }
}

type Row = (&'static str, fn(&mut Lone, u32), [(Outcome, Retry); 6]);

/// What each way to fail says at each stage, on a connection that served a request before.
const ROWS: [Row; 14] = [
    (
        "the transport fails",
        |client, _| client.conn.handle_failure(client.now),
        [
            (NotSent, NewConnection),
            (NotSent, NewConnection),
            (NotSent, NewConnection),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "the transport ends, which leaves it free to take what waits",
        |client, _| client.conn.receive_eof(client.now),
        [
            (NotSent, NewConnection),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (ResponseStarted, DoNot),
        ],
    ),
    ("GOAWAY names a lower stream", |client, stream| hears_goaway(client, stream - 2, NO_ERROR), {
        let sent = (Refused, NewConnection);
        [(NotSent, NewConnection), sent, sent, sent, sent, (ResponseStarted, DoNot)]
    }),
    (
        "GOAWAY names a lower stream and asks for calm",
        |client, stream| hears_goaway(client, stream - 2, ENHANCE_YOUR_CALM),
        [
            (NotSent, DoNot),
            (Refused, DoNot),
            (Refused, DoNot),
            (Refused, DoNot),
            (Refused, DoNot),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "GOAWAY names a lower stream because of an error of the server",
        |client, stream| hears_goaway(client, stream - 2, INTERNAL_ERROR),
        [
            (NotSent, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "GOAWAY names the stream, then a lower one",
        |client, stream| {
            hears_goaway(client, stream, NO_ERROR);
            hears_goaway(client, stream - 2, NO_ERROR);
        },
        [
            (NotSent, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "GOAWAY names a lower stream, then this one, which it must not",
        |client, stream| {
            hears_goaway(client, stream - 2, NO_ERROR);
            hears_goaway(client, stream, NO_ERROR);
        },
        [
            (NotSent, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (Refused, NewConnection),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "GOAWAY names the stream with an error, then the transport ends",
        |client, stream| {
            hears_goaway(client, stream, INTERNAL_ERROR);
            client.conn.receive_eof(client.now);
        },
        [
            // What was not sent when GOAWAY came never is.
            (NotSent, NewConnection),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "we close the connection",
        |client, _| client.conn.close_connection(NO_ERROR, Bytes::new()),
        [
            (NotSent, NewConnection),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "the server breaks a rule of the connection",
        |client, _| feed(client, wire::data(0, "x")),
        [
            (NotSent, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (ResponseStarted, DoNot),
        ],
    ),
    (
        "the transport takes nothing for too long",
        |client, _| {
            if !client.conn.data_to_send(client.now).is_empty() {
                client.passes(Duration::from_secs(31));
            } else {
                client.conn.close_connection(NO_ERROR, Bytes::new());
            }
        },
        [
            // Asking for output cuts it.
            (NotSent, NewConnection),
            (NotSent, NewConnection),
            (NotSent, NewConnection),
            (MaybeProcessed, DoNot),
            (MaybeProcessed, DoNot),
            (ResponseStarted, DoNot),
        ],
    ),
    ("the stream is refused", |client, stream| feed(client, wire::rst(stream, REFUSED_STREAM)), {
        let sent = (Refused, SameConnection);
        [
            // A reset of a stream that was not cut is one of an idle stream.
            (NotSent, DoNot),
            sent,
            sent,
            sent,
            sent,
            (ResponseStarted, DoNot),
        ]
    }),
    ("the stream is cancelled", |client, stream| feed(client, wire::rst(stream, CANCEL)), {
        let sent = (MaybeProcessed, DoNot);
        [(NotSent, DoNot), sent, sent, sent, sent, (ResponseStarted, DoNot)]
    }),
    (
        "the response breaks a rule",
        |client, stream| feed(client, wire::headers(stream, &[("X-Upper", "1")])),
        {
            let sent = (MaybeProcessed, DoNot);
            [(NotSent, DoNot), sent, sent, sent, sent, (ResponseStarted, DoNot)]
        },
    ),
];

/// Octets arrive, and nothing is sent meanwhile.
fn feed(client: &mut Lone, wire: impl Wire) {
    let mut input = bytes::BytesMut::from(&wire.octets()[..]);
    let _ = client.conn.receive_data(&mut input, client.now);
}

fn hears_goaway(client: &mut Lone, last: u32, code: ErrorCode) {
    feed(client, wire::goaway(last, code, b""));
}

#[test]
fn every_failure_at_every_stage_says_how_far_the_request_came() {
    for (name, fails, expected) in ROWS {
        for (stage, expected) in STAGES.into_iter().zip(expected) {
            let note = Note(format!("{name}, {stage:?}"));
            let (mut client, stream) = at(stage, false);
            fails(&mut client, stream);
            while let Some(event) = client.conn.poll_event() {
                client.notes(event);
            }
            assert_eq!(told(&mut client, stream), Some(expected));
            drop(note);
        }
    }
}

#[test]
fn the_first_request_of_a_connection_that_ends_with_an_error_is_not_sent_again() {
    type Row = (fn(&mut Lone), (Outcome, Retry));
    let rows: [Row; 6] = [
        (|client| hears_goaway(client, 0, INTERNAL_ERROR), (Refused, DoNot)),
        (|client| hears_goaway(client, 0, NO_ERROR), (Refused, NewConnection)),
        (|client| feed(client, wire::rst(1, REFUSED_STREAM)), (Refused, SameConnection)),
        (
            |client| {
                hears_goaway(client, 1, NO_ERROR);
                feed(client, wire::rst(1, REFUSED_STREAM));
            },
            (Refused, NewConnection),
        ),
        (|client| client.conn.handle_failure(client.now), (MaybeProcessed, DoNot)),
        (|client| feed(client, wire::rst(1, ENHANCE_YOUR_CALM)), (MaybeProcessed, DoNot)),
    ];
    for (at_row, (fails, expected)) in rows.into_iter().enumerate() {
        let note = Note(format!("row {at_row}"));
        let (mut client, stream) = at(Stage::Sent, true);
        fails(&mut client);
        client.settle();
        assert_eq!(told(&mut client, stream), Some(expected));
        drop(note);
    }
    let (mut client, stream) = at(Stage::Cut, true);
    client.conn.handle_failure(client.now);
    client.settle();
    assert_eq!(told(&mut client, stream), Some((NotSent, DoNot)));
}

#[test]
fn what_can_be_asked_while_a_request_lives_is_what_would_be_told() {
    for stage in STAGES {
        let (client, stream) = at(stage, false);
        let expected = match stage {
            Stage::Accepted => (NotSent, SameConnection),
            Stage::Answered => (ResponseStarted, DoNot),
            _ => (MaybeProcessed, DoNot),
        };
        let (outcome, retry) =
            (client.conn.request_outcome(id(stream)), client.conn.retry_hint(id(stream)));
        assert_eq!((outcome, retry), (Some(expected.0), Some(expected.1)), "{stage:?}");
        let written = client.conn.is_request_written(id(stream));
        assert_eq!(written, stage >= Stage::Sent, "{stage:?}");
    }
}

#[test]
fn of_a_request_of_the_peer_nothing_is_said_but_that_it_may_have_been_processed() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.responds(3, 200, false);
        server.forget();
        server.hears((wire::rst(1, REFUSED_STREAM), wire::rst(3, CANCEL)));
        let outcomes: Vec<(u32, Outcome)> = server
            .events()
            .iter()
            .filter_map(|event| match event {
                Event::StreamReset { stream, outcome, .. } => Some((stream.get(), *outcome)),
                _ => None,
            })
            .collect();
        assert_eq!(outcomes, [(1, MaybeProcessed), (3, MaybeProcessed)]);
        assert_eq!(server.conn.request_outcome(id(1)), None, "not a request of its own");
        assert!(!server.conn.is_request_written(id(1)));
    });
}

/// The offence names all that is known about it, and the GOAWAY says the same.
#[test]
fn an_offence_names_rule_section_frame_stream_and_field() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears(wire::headers(stream, &[(":status", "200"), ("X-Upper", "secret")]));
        let events = client.events();
        let [Event::StreamReset { cause: h2_core::ResetCause::Violation(offence), .. }] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!(offence.frame(), Some(wire::HEADERS));
        assert_eq!(offence.stream(), Some(id(stream)));
        assert_eq!(offence.field(), Some("X-Upper"));
        assert_eq!((offence.code(), offence.section()), (PROTOCOL_ERROR, "8.1.1"));
        let text = offence.to_string();
        assert!(text.contains("X-Upper") && text.ends_with(", in HEADERS on stream 1"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    });
    lone::server(|server| {
        server.hears(wire::window_update(7, 1));
        let said = server.says();
        let Some(Frame::GoAway { debug, .. }) = said.last() else { panic!("{said:?}") };
        let text = String::from_utf8(debug.clone()).unwrap();
        assert!(text.ends_with("(section 5.1), in WINDOW_UPDATE on stream 7"), "{text}");
        let reason = server.conn.close_reason().unwrap();
        assert!(reason.to_string().contains(&text), "{reason}");
        let h2_core::Origin::Violation(offence) = &reason.origin else { panic!("{reason}") };
        assert_eq!((offence.frame(), offence.stream()), (Some(wire::WINDOW_UPDATE), Some(id(7))));
        assert_eq!(offence.field(), None);
    });
    Setup::server().fresh().run(|server| {
        server.hears(&b"GET / HTTP/1.1\r\n"[..]);
        let reason = server.conn.close_reason().unwrap();
        let h2_core::Origin::Violation(offence) = &reason.origin else { panic!("{reason}") };
        assert_eq!((offence.frame(), offence.stream()), (None, None));
    });
}

#[test]
fn a_frame_that_is_refused_from_its_head_is_named_as_well() {
    lone::server(|server| {
        server.hears(wire::data(5, "").announcing(16_385));
        let reason = server.conn.close_reason().unwrap();
        let h2_core::Origin::Violation(offence) = &reason.origin else { panic!("{reason}") };
        assert_eq!((offence.frame(), offence.stream()), (Some(wire::DATA), Some(id(5))));
    });
}
