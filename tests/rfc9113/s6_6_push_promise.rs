//! Sections 6.6 and 8.4: PUSH_PROMISE, while push is off.

use h2_tests::prelude::*;

/// §8.4: "servers MUST treat the receipt of a PUSH_PROMISE frame as a connection error of type
/// PROTOCOL_ERROR."
#[test]
fn a_client_cannot_push() {
    let begin = |server: &mut Lone| {
        server.hears(wire::post(1));
    };
    lone::each_ends_it(
        &Setup::server(),
        begin,
        &[
            ("open stream", &wire::push_promise(1, 2, wire::GET), PROTOCOL_ERROR),
            ("idle stream", &wire::push_promise(3, 2, wire::GET), PROTOCOL_ERROR),
            ("stream 0", &wire::push_promise(0, 2, wire::GET), PROTOCOL_ERROR),
        ],
    );
}

/// §6.6: an endpoint that has set ENABLE_PUSH to 0 "MUST treat the receipt of a PUSH_PROMISE frame as
/// a connection error of type PROTOCOL_ERROR." It is also said before any acknowledgement.
#[test]
fn a_client_that_takes_no_pushes_is_sent_none() {
    for setup in [Setup::client(), Setup::client().unacknowledged()] {
        lone::each_ends_it(
            &setup,
            |client| {
                client.requests("GET", true);
            },
            &[
                ("promise", &wire::push_promise(1, 2, wire::GET), PROTOCOL_ERROR),
                ("stream 0", &wire::push_promise(0, 2, wire::GET), PROTOCOL_ERROR),
                ("odd promise", &wire::push_promise(1, 3, wire::GET), PROTOCOL_ERROR),
            ],
        );
    }
}

/// §6.6: a PUSH_PROMISE is no exception after a reset, while push is off.
#[test]
fn a_push_on_a_stream_that_we_reset_is_a_protocol_error_too() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.resets(stream, CANCEL);
        client.forget();
        client.hears(wire::push_promise(stream, 2, wire::GET));
        client.must_go_away(PROTOCOL_ERROR);
    });
}
