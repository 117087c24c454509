//! Section 6.4: RST_STREAM.

use h2_core::Outcome;
use h2_tests::prelude::*;

/// Stream 0: PROTOCOL_ERROR. Another length than 4: FRAME_SIZE_ERROR. An idle stream:
/// PROTOCOL_ERROR. All "MUST be treated as a connection error".
#[test]
fn a_reset_of_nothing_or_of_a_wrong_length_ends_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        let is_client = setup.is_client();
        let begin = |lone: &mut Lone| {
            if is_client {
                lone.requests("POST", false);
            } else {
                lone.hears(wire::post(1));
            }
        };
        lone::each_ends_it(
            &setup,
            begin,
            &[
                ("stream 0", &wire::rst(0, CANCEL), PROTOCOL_ERROR),
                ("3 octets", &wire::raw(3, 0, 1, &[0; 3]), FRAME_SIZE_ERROR),
                ("5 octets", &wire::raw(3, 0, 1, &[0; 5]), FRAME_SIZE_ERROR),
                ("empty", &wire::raw(3, 0, 1, &[]), FRAME_SIZE_ERROR),
                ("idle", &wire::rst(3, CANCEL), PROTOCOL_ERROR),
                ("idle, even", &wire::rst(2, CANCEL), PROTOCOL_ERROR),
            ],
        );
    }
}

/// A reset reaches the application once, with its code, and frees the stream.
#[test]
fn a_reset_is_told_once_with_its_code() {
    for code in [0_u32, 2, 7, 8, 0xd, 0xe, u32::MAX] {
        lone::server(|server| {
            server.hears((wire::post(1), wire::rst(1, code), wire::rst(1, code)));
            let name = ErrorCode::from(code);
            assert_eq!(
                server.told(),
                ["request 1 POST /".to_owned(), format!("reset 1 {name} peer")]
            );
            assert_eq!(server.says_on(1), []);
        });
    }
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.hears(wire::rst(stream, REFUSED_STREAM));
        let events = client.events();
        let [Event::StreamReset { outcome, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(*outcome, Outcome::Refused);
        assert_eq!(client.conn.open_outbound_streams(), 0);
    });
}

/// "RST_STREAM frames MUST NOT be sent for a stream in the 'idle' state."
#[test]
fn a_request_that_was_never_written_is_not_reset_on_the_wire() {
    Setup::client().run(|client| {
        let head = lone::request("GET", &[]);
        let first = client.conn.send_request(head, End::Now).unwrap();
        client.conn.reset_stream(first, CANCEL);
        client.settle();
        assert_eq!(client.says(), []);
        assert_eq!(client.requests("GET", true), 3);
        let said = client.says();
        assert!(matches!(said[..], [Frame::Headers { stream: 3, .. }]), "{said:?}");
    });
}
