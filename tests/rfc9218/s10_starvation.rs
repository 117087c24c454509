//! Section 10: "It is RECOMMENDED that servers avoid such starvation": who waits, and how long at most.

use h2_tests::prelude::*;

use crate::{FRAME, flows, get, queue, served, spend_the_window, wide};

/// Frames until a stream is served for the first time.
fn waits(order: &[u32], stream: u32) -> usize {
    order.iter().position(|other| *other == stream).unwrap_or(usize::MAX)
}

/// "At the same urgency level, a non-incremental request for a large resource followed by an incremental
/// request for a small resource."
#[test]
fn a_small_response_does_not_wait_for_the_end_of_a_large_one() {
    wide().run_once(|server| {
        server.hears((get(1, "u=3"), get(3, "u=3, i")));
        queue(server, 1, 300);
        queue(server, 3, 2);
        let order = flows(server);
        assert_eq!(waits(&order, 3), 16);
        assert!(order.iter().rposition(|s| *s == 3).unwrap() <= 40, "{order:?}");
    });
}

/// "At the same urgency level, an incremental request of indeterminate length followed by a
/// non-incremental large resource."
#[test]
fn a_large_response_does_not_wait_for_one_without_end() {
    wide().run_once(|server| {
        server.hears((get(1, "u=3, i"), get(3, "u=3")));
        queue(server, 1, 300);
        queue(server, 3, 100);
        let order = flows(server);
        assert!(waits(&order, 3) <= 1);
        assert!(order.iter().rposition(|s| *s == 3).unwrap() <= 110, "{order:?}");
    });
}

/// Inside an urgency nobody waits longer than a turn of each of the others.
#[test]
fn equals_wait_for_one_turn_of_each_other_at_most() {
    wide().run_once(|server| {
        let streams: Vec<u32> = (1..20).step_by(2).collect();
        for stream in &streams {
            server.hears(get(*stream, "u=3"));
        }
        for stream in &streams {
            queue(server, *stream, 40);
        }
        let order = flows(server);
        assert_eq!(order.len(), streams.len() * 40);
        for stream in &streams {
            let at: Vec<usize> =
                order.iter().enumerate().filter(|(_, s)| *s == stream).map(|(at, _)| at).collect();
            let longest = at.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
            assert!(
                longest <= 16 * (streams.len() - 1) + 1,
                "stream {stream} waited {longest} frames"
            );
        }
    });
}

/// The same where the connection's window opens by little at a time, so that turns are interrupted.
#[test]
fn a_narrow_window_does_not_lengthen_a_turn() {
    wide().run_once(|server| {
        spend_the_window(server, 1);
        server.hears((get(3, "u=3"), get(5, "u=3")));
        queue(server, 3, 200);
        queue(server, 5, 200);
        let mut order = Vec::new();
        for _ in 0..100 {
            server.hears(wire::window_update(0, 2 * FRAME as u32));
            order.extend(served(server));
        }
        assert_eq!(waits(&order, 5), 16, "{order:?}");
        let first = order.iter().filter(|stream| **stream == 3).count();
        assert!((80..=120).contains(&first), "{first} of {} frames", order.len());
    });
}

/// Less urgent bodies get a little, whatever is more urgent, and on every level.
#[test]
fn every_level_gets_something() {
    wide().run_once(|server| {
        for (stream, urgency) in [(1, 0), (3, 3), (5, 5), (7, 7)] {
            server.hears(get(stream, &format!("u={urgency}, i")));
        }
        for stream in [1, 3, 5, 7] {
            queue(server, stream, 400);
        }
        let order = &flows(server)[..400];
        let mut firsts: Vec<usize> = [3, 5, 7].map(|stream| waits(order, stream)).to_vec();
        firsts.sort_unstable();
        assert_eq!(firsts, [32, 65, 98], "one frame after each 32");
        let urgent = order.iter().filter(|stream| **stream == 1).count();
        assert!(urgent >= 380, "the urgent one has {urgent} of 400");
    });
}

/// The same where the connection's window opens by little at a time.
#[test]
fn every_level_gets_something_through_a_narrow_window() {
    for frames in [1, 2, 31, 32, 33] {
        wide().run_once(|server| {
            spend_the_window(server, 1);
            server.hears((get(3, "u=0"), get(5, "u=4"), get(7, "u=7")));
            for stream in [3, 5, 7] {
                queue(server, stream, 400);
            }
            let mut order = Vec::new();
            while order.len() < 200 {
                server.hears(wire::window_update(0, (frames * FRAME) as u32));
                order.extend(served(server));
            }
            let (five, seven) = (waits(&order, 5), waits(&order, 7));
            assert!(five <= 34 && seven <= 70, "windows of {frames}: {five}, {seven}");
        });
    }
}

/// "servers SHOULD allocate some amount of bandwidths to streams acting as tunnels."
#[test]
fn a_tunnel_gets_something_beside_urgent_bodies() {
    wide().run_once(|server| {
        server.hears(get(1, "u=0"));
        server.hears(wire::headers(3, &[(":method", "CONNECT"), (":authority", "a.example:443")]));
        queue(server, 1, 200);
        queue(server, 3, 3);
        let order = flows(server);
        assert!(order.iter().rposition(|s| *s == 3).unwrap() <= 99, "{order:?}");
    });
}

/// RFC 9218 §13.1: behind an intermediary many clients share a connection; whatever some of them ask
/// for, the others are served.
#[test]
fn trap_75_the_urgency_of_one_client_of_a_proxy_does_not_starve_another() {
    wide().run_once(|server| {
        let via = |stream, priority: &'static str| {
            let more = [("via", "2 proxy"), ("priority", priority)];
            wire::headers(stream, &wire::get_and(&more)).end_stream()
        };
        server.hears((via(1, "u=0"), via(3, "u=7")));
        queue(server, 1, 400);
        queue(server, 3, 5);
        let order = flows(server);
        assert!(order.iter().rposition(|s| *s == 3).unwrap() < 170, "{order:?}");
    });
}
