//! Section 6.7: PING.

use h2_tests::prelude::*;

/// "Receivers of a PING frame that does not include an ACK flag MUST send a PING frame with the ACK
/// flag set in response, with an identical frame payload."
#[test]
fn a_ping_is_answered_with_its_payload() {
    for setup in [Setup::server(), Setup::client()] {
        setup.run(|lone| {
            lone.hears([wire::ping(*b"first..."), wire::ping(*b"second..")]);
            assert_eq!(lone.says(), [Frame::Pong(*b"first..."), Frame::Pong(*b"second..")]);
        });
    }
}

/// "An endpoint MUST NOT respond to PING frames containing this flag."
#[test]
fn an_answer_is_not_answered() {
    for setup in [Setup::server(), Setup::client()] {
        setup.run(|lone| {
            lone.hears(wire::pong([7; 8]));
            lone.must_ignore();
        });
    }
}

/// "If a PING frame is received with a Stream Identifier field value other than 0x00, the recipient
/// MUST respond with a connection error of type PROTOCOL_ERROR", and another length than 8 is a
/// FRAME_SIZE_ERROR.
#[test]
fn a_ping_of_a_wrong_form_ends_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(
            &setup,
            |_| {},
            &[
                ("on a stream", &wire::ping([0; 8]).on_stream(1), PROTOCOL_ERROR),
                ("7 octets", &wire::raw(6, 0, 0, &[0; 7]), FRAME_SIZE_ERROR),
                ("9 octets", &wire::raw(6, 0, 0, &[0; 9]), FRAME_SIZE_ERROR),
                ("empty", &wire::raw(6, 0, 0, &[]), FRAME_SIZE_ERROR),
                ("answer of 7 octets", &wire::raw(6, 1, 0, &[0; 7]), FRAME_SIZE_ERROR),
            ],
        );
    }
}

/// "PING responses SHOULD be given higher priority than any other frame": than DATA, for certain.
#[test]
fn an_answer_goes_before_bodies() {
    Setup::server().peer(&[(4, 200_000)]).run(|server| {
        server.hears((wire::get(1), wire::window_update(0, 200_000)));
        server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
        let mut body = Bytes::from(vec![1; 50_000]);
        server.conn.send_data(id(1), &mut body, End::Now).unwrap();
        server.forget();
        server.hears(wire::ping([9; 8]));
        let said = server.says();
        assert_eq!(said[0], Frame::Pong([9; 8]), "{said:?}");
    });
}

#[test]
fn the_answer_to_our_ping_is_told() {
    lone::client(|client| {
        client.act(|conn| conn.ping(*b"question")).unwrap();
        assert_eq!(client.says(), [Frame::Ping(*b"question")]);
        client.hears(wire::pong(*b"question"));
        let events = client.events();
        assert_eq!(events, [Event::PingAcknowledged { payload: *b"question" }]);
        client.hears(wire::pong(*b"question"));
        assert_eq!(client.told(), Vec::<String>::new(), "it was answered already");
    });
}
