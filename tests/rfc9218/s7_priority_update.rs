//! Section 7.1: PRIORITY_UPDATE, what makes one illegal, and how many may wait.

use h2_core::{Priority, RequestHead};
use h2_tests::prelude::*;

/// The changes of priority that the application is told.
fn changes(lone: &mut Lone) -> Vec<(u32, u8, bool)> {
    let change = |event| match event {
        Event::PriorityChanged { stream, priority } => {
            Some((stream.get(), priority.urgency, priority.incremental))
        }
        _ => None,
    };
    lone.events().into_iter().filter_map(change).collect()
}

/// "The Stream Identifier field in the PRIORITY_UPDATE frame header MUST be zero (0x0). Receiving a
/// PRIORITY_UPDATE frame with a field of any other value MUST be treated as a connection error of type
/// PROTOCOL_ERROR."
#[test]
fn an_update_stands_on_stream_0() {
    let begin = |server: &mut Lone| {
        server.hears((wire::post(1), wire::get(3)));
    };
    let rows: [(&str, &dyn Wire, ErrorCode); 3] = [
        ("open", &wire::priority_update(1, "u=1").on_stream(1), PROTOCOL_ERROR),
        ("idle", &wire::priority_update(1, "u=1").on_stream(9), PROTOCOL_ERROR),
        ("even", &wire::priority_update(1, "u=1").on_stream(2), PROTOCOL_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), begin, &rows);
}

/// "If a PRIORITY_UPDATE frame is received with a prioritized stream ID of 0x0, the recipient MUST
/// respond with a connection error of type PROTOCOL_ERROR." The reserved bit does not count.
#[test]
fn an_update_is_about_a_stream() {
    let rows: [(&str, &dyn Wire, ErrorCode); 3] = [
        ("0", &wire::priority_update(0, "u=1"), PROTOCOL_ERROR),
        ("0 and the reserved bit", &wire::priority_update(0x8000_0000, "u=1"), PROTOCOL_ERROR),
        ("no dictionary", &wire::priority_update(0, "?"), PROTOCOL_ERROR),
    ];
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(&setup, |_| {}, &rows);
    }
    lone::server(|server| {
        server.hears((wire::post(1), wire::priority_update(0x8000_0001, "u=1")));
        assert_eq!(changes(server), [(1, 1, false)]);
    });
}

/// RFC 9113 §4.2: a frame too short for its fields is of the wrong size.
#[test]
fn an_update_without_a_whole_identifier_is_of_the_wrong_size() {
    let rows: [(&str, &dyn Wire, ErrorCode); 2] = [
        ("3 octets", &wire::raw(wire::PRIORITY_UPDATE, 0, 0, &[0; 3]), FRAME_SIZE_ERROR),
        ("none", &wire::raw(wire::PRIORITY_UPDATE, 0, 0, &[]), FRAME_SIZE_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), |_| {}, &rows);
}

/// "Servers MUST NOT send PRIORITY_UPDATE frames. If a client receives a PRIORITY_UPDATE frame, it MUST
/// respond with a connection error of type PROTOCOL_ERROR."
#[test]
fn updates_are_the_clients_to_send() {
    let begin = |client: &mut Lone| {
        client.requests("GET", true);
    };
    let rows: [(&str, &dyn Wire, ErrorCode); 3] = [
        ("open", &wire::priority_update(1, "u=1"), PROTOCOL_ERROR),
        ("idle", &wire::priority_update(3, "u=1"), PROTOCOL_ERROR),
        ("pushed", &wire::priority_update(2, "u=1"), PROTOCOL_ERROR),
    ];
    lone::each_ends_it(&Setup::client(), begin, &rows);
    lone::server(|server| {
        server.hears(wire::get(1));
        server.forget();
        let urgent = Priority { urgency: 0, incremental: true };
        server.act(|conn| conn.prioritize(id(1), urgent)).unwrap();
        assert_eq!(server.says(), []);
        // Nor can one be passed off as an extension.
        let refused = server
            .act(|conn| conn.send_extension_frame(0x10, 0, 0, Bytes::from_static(b"\0\0\0\x01")));
        assert_eq!(refused, Err(Misuse::InvalidFrame));
    });
}

/// What a client sends: stream 0, the stream it is about, and the field value.
#[test]
fn a_client_sends_the_whole_set_of_parameters() {
    Setup::client().peer(&[(9, 1)]).run(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        let rows = [(0, true, "u=0, i"), (3, false, "u=3"), (7, false, "u=7")];
        for (urgency, incremental, text) in rows {
            let priority = Priority { urgency, incremental };
            client.act(|conn| conn.prioritize(id(stream), priority)).unwrap();
            let payload = [&stream.to_be_bytes()[..], text.as_bytes()].concat();
            assert_eq!(client.says(), [Frame::Other { kind: 0x10, flags: 0, stream: 0, payload }]);
        }
        let impossible = Priority { urgency: 8, incremental: false };
        let refused = client.act(|conn| conn.prioritize(id(stream), impossible));
        assert_eq!(refused, Err(Misuse::InvalidSetting));
        let unknown = client.act(|conn| conn.prioritize(id(9), Priority::default()));
        assert_eq!(unknown, Err(Misuse::NoSuchStream(id(9))));
        assert_eq!(client.says(), []);
    });
}

/// "A client MAY send a PRIORITY_UPDATE frame before the stream that it references is open".
#[test]
fn an_update_may_leave_before_its_request() {
    Setup::client().peer(&[(9, 1)]).run(|client| {
        let stream = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        client.conn.prioritize(stream, Priority { urgency: 1, incremental: false }).unwrap();
        client.settle();
        let said = client.says();
        assert!(
            matches!(&said[..], [Frame::Other { kind: 0x10, .. }, Frame::Headers { .. }]),
            "{said:?}"
        );
    });
}

/// What waits on our side has a bound.
#[test]
fn updates_that_nobody_takes_are_bounded() {
    Setup::client().peer(&[(9, 1)]).run(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        client.peer_reads(false);
        let mut refused = 0;
        for n in 0..1_000_u32 {
            let priority = Priority { urgency: n as u8 % 8, incremental: false };
            match client.conn.prioritize(id(stream), priority) {
                Ok(()) => {}
                Err(why) => {
                    assert_eq!(why, Misuse::QueueFull);
                    refused += 1;
                }
            }
        }
        assert_eq!(refused, 1_000 - 256);
        client.peer_reads(true);
        assert_eq!(client.says().len(), 256);
    });
}

/// "The number of streams that have been prioritized but remain in the 'idle' state plus the number of
/// active streams ... MUST NOT exceed the value of the SETTINGS_MAX_CONCURRENT_STREAMS parameter.
/// Servers that receive such a PRIORITY_UPDATE MUST respond with a connection error of type
/// PROTOCOL_ERROR."
#[test]
fn streams_that_are_prioritized_before_they_open_count_against_the_limit() {
    let three = || Setup::server().config(|config| config.max_concurrent_streams = 3);
    three().run(|server| {
        server.hears(wire::post(1));
        for stream in [5, 7, 5, 7, 5, 1] {
            server.hears(wire::priority_update(stream, "u=1"));
        }
        server.must_be_fine();
        server.forget();
        server.hears(wire::priority_update(9, "u=1"));
        server.must_go_away(PROTOCOL_ERROR);
    });
    three().run(|server| {
        // Those that open, or are passed over, are idle no more.
        for stream in (1..60).step_by(2) {
            server.hears((
                wire::priority_update(stream, "u=1"),
                wire::priority_update(stream + 2, "u=2"),
            ));
            server.hears(wire::get(stream + 2));
            server.responds(stream + 2, 200, true);
            server.releases(stream + 2);
        }
        server.must_be_fine();
    });
}

/// A limit that the peer has not acknowledged is none that it could have kept (RFC 9113 §6.5.3).
#[test]
fn a_limit_that_was_not_acknowledged_is_no_offence_and_still_a_bound() {
    let two = Setup::server().config(|config| config.max_concurrent_streams = 2).unacknowledged();
    two.run(|server| {
        for stream in (1..400).step_by(2) {
            server.hears(wire::priority_update(stream, "u=0"));
        }
        server.must_be_fine();
        server.forget();
        server.hears(wire::settings_ack());
        server.hears(wire::priority_update(401, "u=0"));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

/// "Servers that receive a PRIORITY_UPDATE for a push stream in the 'idle' state MUST respond with a
/// connection error of type PROTOCOL_ERROR."
#[test]
fn an_update_for_a_push_that_was_not_promised_ends_the_connection() {
    let begin = |server: &mut Lone| {
        server.hears(wire::get(1));
    };
    let rows: [(&str, &dyn Wire, ErrorCode); 2] = [
        ("2", &wire::priority_update(2, "u=1"), PROTOCOL_ERROR),
        ("no dictionary", &wire::priority_update(2, "??"), PROTOCOL_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), begin, &rows);
    Setup::server().run(|server| {
        server.hears(wire::get(1));
        let none: [(&str, &str); 0] = [];
        let promise = RequestHead::new("GET", "https", "example.org", "/a", none).unwrap();
        let pushed = server.act(|conn| conn.push_stream(id(1), promise)).unwrap();
        server.forget();
        server.hears(wire::priority_update(pushed.get(), "u=6"));
        server.must_be_fine();
        assert_eq!(changes(server), [(2, 6, false)]);
        server.hears(wire::priority_update(4, "u=6"));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

/// "Servers can discard frames where the prioritized stream ID refers to a stream in the ... 'closed'
/// state", and reprioritizing what is over changes nothing (RFC 9113 §5.1).
#[test]
fn an_update_for_a_stream_that_is_over_is_discarded() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::post(3), wire::get(7)));
        server.responds(1, 200, true);
        server.releases(1);
        server.resets(3, CANCEL);
        server.forget();
        for stream in [1, 3, 5] {
            server.hears(wire::priority_update(stream, "u=0"));
        }
        server.must_ignore();
        assert_eq!(changes(server), []);
    });
}

/// "Omitting a priority parameter is a signal to use its default value"; what is no dictionary at all
/// is ignored, and the stream stays as it was.
#[test]
fn an_update_is_the_whole_set_or_nothing() {
    lone::server(|server| {
        server.hears(wire::headers(1, &wire::get_and(&[("priority", "u=1, i")])).end_stream());
        server.forget();
        let rows = [("u=5", 5, false), ("i", 3, true), ("", 3, false), ("u=9, i, x", 3, true)];
        for (value, urgency, incremental) in rows {
            server.hears(wire::priority_update(1, value));
            assert_eq!(changes(server), [(1, urgency, incremental)], "{value}");
        }
        for value in ["u=1,", "u", "?", "\u{1}", "u=1 i"] {
            server.hears(wire::priority_update(1, value));
        }
        server.must_live();
        assert_eq!(changes(server), [(1, 3, false)], "\"u\" alone is a Boolean, and ignored");
    });
}

/// RFC 9113 §4.1: flags that a frame does not define are ignored.
#[test]
fn flags_mean_nothing() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::priority_update(1, "u=1").flags(0xff)));
        server.must_be_fine();
        assert_eq!(changes(server), [(1, 1, false)]);
    });
}

/// Updates are cheap, not free: a flood of them ends by the bucket.
#[test]
fn a_flood_of_updates_ends_by_the_bucket() {
    let some = Some(h2_core::Bucket { burst: 50, per_second: 1 });
    Setup::server().config(|config| config.glitch_bucket = some).run_once(|server| {
        server.hears(wire::post(1));
        for _ in 0..50 {
            server.hears(wire::priority_update(1, "u=1"));
        }
        server.must_live();
        server.forget();
        server.hears(wire::priority_update(1, "u=1"));
        server.must_go_away(ENHANCE_YOUR_CALM);
    });
}
