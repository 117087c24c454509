//! Requests that are given up while their answers are under way: what still arrives is nobody's fault,
//! costs nobody anything, and is decoded all the same.

use h2_tests::prelude::*;

/// More than a connection remembers one by one.
const REQUESTS: u32 = 10_000;

/// The head of an answer that adds a field to the table.
fn late_head(stream: u32, value: &str) -> wire::Raw {
    wire::headers_of(stream, &[wire::indexed(8), wire::incremental("x-late", value)].concat())
}

/// R-A5: all of them are open at once, and of each answer 64 KiB are under way.
#[test]
fn ten_thousand_requests_cancelled_at_once_cost_the_connection_nothing() {
    let setup = Setup::client().peer(&[(3, REQUESTS)]).config(|config| {
        config.max_outbound_streams = REQUESTS;
        config.glitch_bucket = Some(h2_core::Bucket { burst: 1, per_second: 0 });
    });
    setup.run_once(|client| {
        let window = client.peer_may_send(0);
        let streams: Vec<u32> = (0..REQUESTS).map(|_| client.requests("GET", true)).collect();
        streams.iter().for_each(|stream| client.resets(*stream, CANCEL));
        client.forget();
        let piece = wire::data_of(0, 16_384);
        for stream in &streams {
            client.hears(late_head(*stream, &stream.to_string()));
            for _ in 0..4 {
                client.hears(piece.clone().on_stream(*stream));
            }
            client.hears((wire::window_update(*stream, 9), wire::rst(*stream, NO_ERROR)));
        }
        client.must_be_fine();
        assert_eq!(client.told(), Vec::<String>::new());
        assert_eq!(client.conn.stats().glitches, 0);
        assert_eq!(client.conn.stats().unread, 0);
        assert!(client.peer_may_send(0) > window / 2, "all of it was credited");

        // The table is in step with the wire: its newest field is the last that was late.
        let stream = client.requests("GET", true);
        let block = [wire::indexed(8), wire::indexed(62)].concat();
        client.hears(wire::headers_of(stream, &block).end_stream());
        let events = client.events();
        let Some(Event::ResponseReceived { head, .. }) = events.last() else {
            panic!("{events:?}")
        };
        let last = streams.last().unwrap().to_string();
        assert_eq!(head.as_fields().get("x-late"), Some(last.as_bytes()));
    });
}
