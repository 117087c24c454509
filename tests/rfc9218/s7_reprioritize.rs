//! Sections 6 and 7: priorities that change while bodies are under way, or come before the request.

use h2_core::Priority;
use h2_tests::prelude::*;

use crate::{FRAME, flows, get, queue, served, spend_the_window, wide};

/// One more frame is let through.
fn next(server: &mut Lone) -> u32 {
    server.hears(wire::window_update(0, FRAME as u32));
    let order = served(server);
    assert_eq!(order.len(), 1, "one window, one frame: {order:?}");
    order[0]
}

/// §6: "the browser would send a reprioritization signal with the Priority Field Value set to u=0": the
/// response that was in the background comes next.
#[test]
fn an_update_takes_effect_with_the_next_frame() {
    wide().run(|server| {
        spend_the_window(server, 1);
        server.hears((get(3, "u=3"), get(5, "u=7"), get(7, "u=3, i")));
        for stream in [3, 5, 7] {
            queue(server, stream, 10);
        }
        assert_eq!(next(server), 3);
        server.hears(wire::priority_update(5, "u=0"));
        assert_eq!([next(server), next(server)], [5, 5]);
        server.hears(wire::priority_update(5, "u=7"));
        server.hears(wire::priority_update(7, "u=2"));
        assert_eq!([next(server), next(server)], [7, 7]);
        server.hears(wire::priority_update(7, "u=7"));
        assert_eq!(next(server), 3);
        let order = flows(server);
        assert_eq!(order.len(), 30 - 6, "nothing is lost");
        assert!(order[..8].iter().all(|stream| *stream == 3), "{order:?}");
    });
}

/// The same for streams that wait for their own windows, and not in any line.
#[test]
fn an_update_reaches_streams_that_cannot_send_yet() {
    Setup::server().peer(&[(4, 0), (9, 1)]).run(|server| {
        server.hears((get(1, "u=1"), get(3, "u=5"), get(5, "u=7")));
        for stream in [1, 3, 5] {
            server.responds(stream, 200, false);
            assert_eq!(server.sends(stream, [0; 1_000], true), 1_000);
        }
        server.forget();
        server.hears((wire::priority_update(5, "u=0"), wire::priority_update(1, "u=6")));
        server.hears(wire::settings(&[(4, 1_000)]));
        assert_eq!(served(server), [5, 3, 1]);
    });
}

/// A response can be reprioritized before it has begun.
#[test]
fn an_update_between_request_and_response_is_kept() {
    wide().run(|server| {
        server.hears((get(1, "u=1"), get(3, "u=1"), wire::priority_update(1, "u=4")));
        for stream in [1, 3] {
            queue(server, stream, 2);
        }
        assert_eq!(flows(server), [3, 3, 1, 1]);
    });
}

/// §7: "Servers SHOULD buffer the most recently received PRIORITY_UPDATE frame and apply it once the
/// referenced stream is opened"; it "overrides any other signal", the field of the request included.
#[test]
fn an_update_that_came_first_overrides_the_field() {
    wide().run(|server| {
        server.hears((wire::priority_update(3, "u=6"), wire::priority_update(3, "u=0")));
        server.hears((get(1, "u=2"), get(3, "u=7"), get(5, "u=1")));
        for stream in [1, 3, 5] {
            queue(server, stream, 2);
        }
        assert_eq!(flows(server), [3, 3, 5, 5, 1, 1]);
    });
}

/// One that is no dictionary is not the most recent.
#[test]
fn an_update_that_says_nothing_replaces_none() {
    wide().run(|server| {
        server.hears((wire::priority_update(3, "u=0"), wire::priority_update(3, "u=7,")));
        server.hears((get(1, "u=1"), wire::get(3)));
        for stream in [1, 3] {
            queue(server, stream, 1);
        }
        assert_eq!(flows(server), [3, 1]);
    });
}

/// An update for a stream that was passed over is forgotten with it.
#[test]
fn an_update_for_a_stream_that_never_comes_is_forgotten() {
    let two = Setup::server().config(|config| config.max_concurrent_streams = 2);
    two.run(|server| {
        server.hears((wire::priority_update(1, "u=0"), wire::get(3)));
        server.hears(wire::priority_update(5, "u=0"));
        server.must_be_fine();
        server.hears(wire::priority_update(7, "u=0"));
        server.must_go_away(PROTOCOL_ERROR);
    });
}

/// A server may have a better view (§8): its own change counts like the client's.
#[test]
fn a_server_may_change_its_own_order() {
    wide().run(|server| {
        server.hears((get(1, "u=3"), get(3, "u=3")));
        server.conn.prioritize(id(3), Priority { urgency: 1, incremental: false }).unwrap();
        for stream in [1, 3] {
            queue(server, stream, 2);
        }
        assert_eq!(flows(server), [3, 3, 1, 1]);
    });
}

/// What is pushed has the priority of any other response, and can be reprioritized.
#[test]
fn a_pushed_response_is_scheduled_like_any_other() {
    wide().run(|server| {
        server.hears(get(1, "u=5"));
        let pushed = server.act(|conn| conn.push_stream(id(1), lone::request("GET", &[]))).unwrap();
        server.hears(wire::priority_update(2, "u=7"));
        queue(server, pushed.get(), 2);
        queue(server, 1, 2);
        assert_eq!(flows(server), [1, 1, 2, 2]);
    });
}
