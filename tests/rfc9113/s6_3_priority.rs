//! Section 6.3: PRIORITY, which is deprecated and without effect.

use h2_tests::prelude::*;

/// "If a PRIORITY frame is received with a stream identifier of 0x00, the recipient MUST respond with
/// a connection error of type PROTOCOL_ERROR."
#[test]
fn priority_on_stream_0_is_a_protocol_error() {
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(&setup, |_| {}, &[("", &wire::priority(0, 1, 1), PROTOCOL_ERROR)]);
    }
}

/// "A PRIORITY frame with a length other than 5 octets MUST be treated as a stream error of type
/// FRAME_SIZE_ERROR."
#[test]
fn priority_of_a_wrong_length_is_a_frame_size_error_of_the_stream() {
    for length in [0, 1, 4, 6, 10] {
        lone::server(|server| {
            server.hears(wire::post(1));
            server.forget();
            server.hears(wire::raw(2, 0, 1, &vec![0; length]));
            server.must_reset(1, FRAME_SIZE_ERROR);
            assert_eq!(server.told(), ["reset 1 FRAME_SIZE_ERROR rule"]);
            server.must_answer_a_ping();
        });
        lone::client(|client| {
            client.requests("GET", true);
            client.forget();
            client.hears(wire::raw(2, 0, 1, &vec![0; length]));
            client.must_reset(1, FRAME_SIZE_ERROR);
        });
    }
}

/// PRIORITY "can be sent or received in any stream state".
#[test]
fn priority_is_fine_in_every_state() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::post(3), wire::post(5)));
        server.responds(1, 200, true);
        server.resets(5, CANCEL);
        server.forget();
        for stream in [1, 3, 5, 7, 2, 0x7fff_ffff] {
            server.hears(wire::priority(stream, 0x8000_0000, 255));
        }
        server.must_ignore();
        server.hears(wire::get(7));
        assert_eq!(server.told(), ["request 7 GET / end"]);
    });
}
