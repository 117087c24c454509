//! Section 10: by urgency; one by one or side by side among equals.

use h2_tests::prelude::*;

use crate::{flows, get, queue, wide};

/// "It is RECOMMENDED that, when possible, servers respect the urgency parameter, sending
/// higher-urgency responses before lower-urgency responses."
#[test]
fn the_more_urgent_go_first() {
    wide().run(|server| {
        let streams = [(1, 7), (3, 2), (5, 0), (7, 5), (9, 1), (11, 6), (13, 4)];
        for (stream, urgency) in streams {
            server.hears(get(stream, &format!("u={urgency}")));
        }
        server.hears(wire::get(15));
        for (stream, _) in streams {
            queue(server, stream, 2);
        }
        queue(server, 15, 2);
        assert_eq!(flows(server), [5, 5, 9, 9, 3, 3, 15, 15, 13, 13, 7, 7, 11, 11, 1, 1]);
    });
}

/// "Non-incremental responses of the same urgency SHOULD be served by prioritizing bandwidth allocation
/// in ascending order of the stream ID".
#[test]
fn equals_that_are_of_no_use_in_parts_are_served_one_by_one() {
    wide().run(|server| {
        for stream in [1, 3, 5] {
            server.hears(get(stream, "u=2"));
        }
        for stream in [1, 3, 5] {
            queue(server, stream, 10);
        }
        assert_eq!(flows(server), [[1; 10], [3; 10], [5; 10]].concat());
    });
}

/// "Incremental responses of the same urgency SHOULD be served by sharing bandwidth among them."
#[test]
fn equals_that_are_of_use_in_parts_share() {
    wide().run(|server| {
        for stream in [1, 3, 5] {
            server.hears(get(stream, "u=2, i"));
        }
        queue(server, 1, 4);
        queue(server, 3, 2);
        queue(server, 5, 3);
        assert_eq!(flows(server), [1, 3, 5, 1, 3, 5, 1, 5, 1]);
    });
}

/// Clients that say nothing of priorities are served as if they were many: they share.
#[test]
fn requests_that_say_nothing_share() {
    wide().run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        for stream in [1, 3] {
            queue(server, stream, 3);
        }
        assert_eq!(flows(server), [1, 3, 1, 3, 1, 3]);
    });
}

/// Urgency orders DATA alone: a head is what lets the client decide, and waits for no body.
#[test]
fn heads_do_not_wait_for_more_urgent_bodies() {
    wide().run(|server| {
        server.hears((get(1, "u=0"), get(3, "u=7")));
        server.forget();
        for stream in [1, 3] {
            server.conn.send_response(id(stream), lone::response(200, &[]), End::Later).unwrap();
            let mut body = Bytes::from(vec![0; 30_000]);
            server.conn.send_data(id(stream), &mut body, End::Now).unwrap();
        }
        server.settle();
        let said = server.says();
        let heads: Vec<u32> = said[..2].iter().map(Frame::stream).collect();
        assert!(said[..2].iter().all(|f| matches!(f, Frame::Headers { .. })), "{said:?}");
        assert_eq!(heads, [1, 3]);
    });
}

/// §11: "the scheduling guidance in this document applies to the frames on the stream" of a CONNECT.
#[test]
fn tunnels_have_priorities_too() {
    wide().run(|server| {
        let connect = |stream, priority: &'static str| {
            let fields =
                [(":method", "CONNECT"), (":authority", "a.example:443"), ("priority", priority)];
            wire::headers(stream, &fields)
        };
        server.hears((connect(1, "u=3, i"), connect(3, "u=3, i"), connect(5, "u=1")));
        for stream in [1, 3, 5] {
            queue(server, stream, 2);
        }
        assert_eq!(flows(server), [5, 5, 1, 3, 1, 3]);
    });
}

/// Urgency decides between streams that could send: one whose window is shut holds up nobody.
#[test]
fn a_more_urgent_stream_that_cannot_send_is_passed() {
    Setup::server().peer(&[(4, 1_000), (9, 1)]).run(|server| {
        server.hears((get(1, "u=0"), get(3, "u=7"), wire::window_update(3, 1_000)));
        for stream in [1, 3] {
            server.responds(stream, 200, false);
            server.sends(stream, [0; 3_000], true);
        }
        let sizes = |server: &mut Lone| {
            let mut sizes = [0; 4];
            for frame in server.says() {
                if let Frame::Data { stream, data, .. } = frame {
                    sizes[stream as usize] += data.len();
                }
            }
            (sizes[1], sizes[3])
        };
        assert_eq!(sizes(server), (1_000, 2_000));
        server.hears(wire::window_update(3, 5));
        assert_eq!(sizes(server), (0, 5));
    });
}
