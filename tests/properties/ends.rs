//! Promises kept to the end: what was accepted goes out, and after the end there is silence.

use h2_tests::prelude::*;

/// `push_stream`: "The promise goes out before whatever is queued on `parent` later on."
#[test]
fn a_promise_goes_out_before_the_response_that_was_queued_after_it() {
    lone::Setup::server().peer(&[(2, 1)]).run(|server| {
        server.hears(wire::get(1));
        server.forget();
        let promised = server.act(|conn| {
            conn.send_informational(id(1), lone::response(103, &[("link", "</style>")])).unwrap();
            let promised = conn.push_stream(id(1), lone::request("GET", &[])).unwrap();
            conn.send_response(id(1), lone::response(200, &[]), End::Now).unwrap();
            promised
        });
        assert_eq!(server.told(), Vec::<String>::new(), "nothing happened to {promised}");
        let kinds: Vec<u8> = server
            .says()
            .iter()
            .map(|frame| match frame {
                Frame::Headers { .. } => wire::HEADERS,
                Frame::Other { kind, .. } => *kind,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds, [wire::HEADERS, wire::PUSH_PROMISE, wire::HEADERS]);
    });
}

/// `reset_stream`: "With NO_ERROR, after our side has ended, the reset waits behind what is queued".
#[test]
fn a_pushed_response_that_is_complete_survives_a_reset_with_no_error() {
    lone::Setup::server().peer(&[(2, 1)]).run(|server| {
        server.hears(wire::get(1));
        let pushed = server.act(|conn| conn.push_stream(id(1), lone::request("GET", &[])).unwrap());
        server.forget();
        server.act(|conn| {
            conn.send_response(pushed, lone::response(200, &[]), End::Now).unwrap();
            conn.reset_stream(pushed, NO_ERROR);
        });
        let said = server.says_on(pushed.get());
        assert!(matches!(said[..], [Frame::Headers { end: true, .. }, ..]), "said {said:?}");
    });
}
