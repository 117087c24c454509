//! Section 6.10: CONTINUATION.

use h2_tests::prelude::*;

/// "A CONTINUATION frame MUST be preceded by a HEADERS, PUSH_PROMISE or CONTINUATION frame without
/// the END_HEADERS flag set"; on stream 0 it is the same error.
#[test]
fn a_continuation_of_nothing_is_a_protocol_error() {
    let begin = |server: &mut Lone| {
        server.hears(wire::post(1));
    };
    lone::each_ends_it(
        &Setup::server(),
        begin,
        &[
            ("after END_HEADERS", &wire::continuation(1, b""), PROTOCOL_ERROR),
            ("stream 0", &wire::continuation(0, b""), PROTOCOL_ERROR),
            ("after DATA", &(wire::data(1, "x"), wire::continuation(1, b"")), PROTOCOL_ERROR),
            (
                "stream 0 inside a block",
                &(wire::get(3).no_end_headers(), wire::continuation(0, b"")),
                PROTOCOL_ERROR,
            ),
            (
                "after the last one",
                &(
                    wire::get(3).no_end_headers(),
                    wire::continuation(3, b""),
                    wire::continuation(3, b""),
                ),
                PROTOCOL_ERROR,
            ),
        ],
    );
}

/// A block may be cut anywhere, inside an integer or a string too.
#[test]
fn a_block_may_be_cut_at_every_octet() {
    let block = [
        wire::block(wire::POST),
        wire::incremental("x-some-name", "v".repeat(200)),
        wire::indexed(62),
    ]
    .concat();
    for at in 0..=block.len() {
        Setup::server().run_once(|server| {
            server.hears(wire::split(1, &block, &[at], false));
            let events = server.events();
            let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
            assert_eq!(head.fields().count(), 2, "cut at {at}");
        });
    }
}

/// Trailers may be split as well.
#[test]
fn trailers_may_be_split() {
    lone::server(|server| {
        let block = wire::block(&[("x-a", "1"), ("x-b", "2")]);
        server.hears(wire::post(1));
        server.hears(wire::split(1, &block, &[2, 2], true));
        assert_eq!(server.told(), ["request 1 POST /", "trailers 1"]);
    });
}
