//! What stands still: who holds it, for how long, and when that is told; by explicit time.

use h2_core::{Blocked, Stall, StallCause, Stats, Timer};
use h2_tests::prelude::*;
use h2_tests::wire;

const SECOND: Duration = Duration::from_secs(1);

/// Tells of what stands still for five seconds.
fn watchful(setup: Setup) -> Setup {
    setup.config(|config| {
        config.stall_after = Some(5 * SECOND);
        config.write_stall_timeout = None;
    })
}

/// The stalls told since the last look.
fn told(lone: &mut Lone) -> Vec<(StallCause, Vec<u32>, u64)> {
    let events = lone.events().into_iter().filter_map(|event| match event {
        Event::Stalled { by, streams, lasted } => {
            assert_eq!(lasted.subsec_nanos(), 0);
            Some((by, streams.iter().map(|stream| stream.get()).collect(), lasted.as_secs()))
        }
        _ => None,
    });
    events.collect()
}

/// What a cause has done: how often, how many now, for how many seconds.
fn sum(stall: Stall) -> (u64, usize, u64) {
    (stall.count, stall.open, stall.time.as_secs())
}

fn seen(lone: &Lone, of: fn(&Stats) -> Stall) -> (u64, usize, u64) {
    sum(of(&lone.conn.stats()))
}

fn blocked(by: Option<Blocked>) -> Option<(StallCause, u64)> {
    by.map(|blocked| (blocked.by, blocked.lasted.as_secs()))
}

fn sending(lone: &Lone, stream: u32) -> Option<(StallCause, u64)> {
    blocked(lone.conn.stream_stats(id(stream)).unwrap().send_blocked)
}

#[test]
fn a_window_of_a_stream_that_the_peer_keeps_shut() {
    watchful(Setup::server().peer(&[(4, 10)])).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.responds(1, 200, false);
        server.sends(1, "0123456789", false);
        assert_eq!(sending(server, 1), None, "the window is used up and nothing waits");
        server.sends(1, "a", false);
        server.passes(2 * SECOND);
        server.responds(3, 200, false);
        server.sends(3, "0123456789a", false);
        assert_eq!(sending(server, 1), Some((StallCause::StreamWindow, 2)));
        assert_eq!(seen(server, |s| s.stalls.stream_window), (2, 2, 2));
        server.passes(2 * SECOND);
        assert_eq!(told(server), []);
        server.passes(SECOND);
        assert_eq!(told(server), [(StallCause::StreamWindow, vec![1], 5)]);
        server.passes(4 * SECOND);
        assert_eq!(told(server), [(StallCause::StreamWindow, vec![3], 5)], "each once");
        server.hears(wire::window_update(1, 1));
        assert_eq!(sending(server, 1), None);
        assert_eq!(seen(server, |s| s.stalls.stream_window), (2, 1, 9 + 7));
        // Dropped, it waits for nothing.
        server.resets(3, CANCEL);
        server.passes(100 * SECOND);
        assert_eq!(seen(server, |s| s.stalls.stream_window), (2, 0, 9 + 7));
        assert_eq!(told(server), []);
        server.must_live();
    });
}

#[test]
fn settings_shut_a_window_and_open_it() {
    watchful(Setup::server().peer(&[(4, 0)])).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, "abc", false);
        server.passes(6 * SECOND);
        assert_eq!(told(server), [(StallCause::StreamWindow, vec![1], 5)]);
        server.hears(wire::settings(&[(4, 2)]));
        assert_eq!(seen(server, |s| s.stalls.stream_window), (2, 1, 6), "it ran and stopped again");
        server.passes(6 * SECOND);
        assert_eq!(told(server), [(StallCause::StreamWindow, vec![1], 5)], "another stall");
    });
}

#[test]
fn the_window_of_the_connection() {
    watchful(Setup::server().peer(&[(4, 1_000_000)])).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        for stream in [1, 3] {
            server.responds(stream, 200, false);
            server.sends(stream, vec![0; 70_000], true);
        }
        server.passes(5 * SECOND);
        assert_eq!(told(server), [(StallCause::ConnectionWindow, vec![1, 3], 5)]);
        assert_eq!(sending(server, 3), Some((StallCause::ConnectionWindow, 5)));
        assert_eq!(seen(server, |s| s.stalls.connection_window), (1, 1, 5));
        assert_eq!(seen(server, |s| s.stalls.stream_window), (0, 0, 0));
        server.hears(wire::window_update(0, 1_000_000));
        assert_eq!(seen(server, |s| s.stalls.connection_window), (1, 0, 5));
        server.passes(100 * SECOND);
        assert_eq!(told(server), []);
        assert_eq!(seen(server, |s| s.stalls.connection_window), (1, 0, 5));
    });
}

#[test]
fn streams_that_are_reset_while_the_connections_window_is_shut_leave_nothing_behind() {
    Setup::server().peer(&[(4, 1_000_000)]).run_once(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, vec![0; 65_535], false);
        for stream in (3..2_003).step_by(2) {
            server.hears(wire::get(stream));
            server.responds(stream, 200, false);
            server.sends(stream, "waits", true);
            assert_eq!(seen(server, |s| s.stalls.connection_window).1, 1);
            server.passes(2 * SECOND);
            server.hears(wire::rst(stream, 8_u32));
            server.releases(stream);
            assert_eq!(seen(server, |s| s.stalls.connection_window).1, 0, "nobody waits");
            server.forget();
        }
        // Debug prints every queue: one that grew would show.
        let printed = format!("{:?}", server.conn);
        let starved = printed.split("starved: [").nth(1).and_then(|rest| rest.split(']').next());
        assert_eq!(starved, Some(""));
    });
}

#[test]
fn no_slot_for_a_request() {
    watchful(Setup::client().peer(&[(3, 1)])).run(|client| {
        let first = client.requests("GET", true);
        assert!(client.conn.reserve_slot().is_none());
        client.passes(5 * SECOND);
        assert_eq!(told(client), [(StallCause::Slot, vec![], 5)]);
        client.hears(wire::ok(first).end_stream());
        assert_eq!(seen(client, |s| s.stalls.slot), (1, 0, 5));
        client.passes(50 * SECOND);
        assert_eq!(told(client), []);
        client.requests("GET", true);
        assert!(client.conn.reserve_slot().is_none());
        let now = client.now;
        client.act(|conn| conn.shutdown(now));
        assert_eq!(seen(client, |s| s.stalls.slot), (2, 0, 5), "there will be none");
    });
}

#[test]
fn a_transport_that_takes_nothing() {
    // A batch holds less than the connection's window.
    let setup = Setup::server().peer(&[(4, 1_000_000)]).config(|config| config.batch = 60_000);
    watchful(setup).run(|server| {
        server.hears(wire::get(1));
        server.peer_reads(false);
        server.responds(1, 200, false);
        server.sends(1, vec![0; 200_000], true);
        assert_eq!(seen(server, |s| s.stalls.transport), (0, 0, 0), "no time has passed");
        server.passes(3 * SECOND);
        assert_eq!(seen(server, |s| s.stalls.transport), (1, 1, 3));
        assert_eq!(sending(server, 1), Some((StallCause::Transport, 3)));
        let now = server.now;
        server.conn.data_to_send(now).advance(1);
        server.settle();
        assert_eq!(seen(server, |s| s.stalls.transport), (1, 0, 3), "an octet is progress");
        server.passes(5 * SECOND);
        assert_eq!(told(server), [(StallCause::Transport, vec![], 5)]);
        server.passes(60 * SECOND);
        assert_eq!(told(server), [], "once");
        let now = server.now;
        while server.conn.data_to_send(now).has_remaining() {
            server.conn.data_to_send(now).advance(usize::MAX);
        }
        assert_eq!(sending(server, 1), Some((StallCause::ConnectionWindow, 0)));
        assert_eq!(seen(server, |s| s.stalls.transport), (2, 0, 3 + 65));
    });
}

#[test]
fn a_transport_that_keeps_up_never_stalls() {
    watchful(Setup::server()).run(|server| {
        for stream in (1..41).step_by(2) {
            server.hears(wire::get(stream));
            server.responds(stream, 200, false);
            server.sends(stream, vec![0; 1_000], true);
            server.releases(stream);
            server.passes(SECOND);
        }
        assert_eq!(seen(server, |s| s.stalls.transport), (0, 0, 0));
        assert_eq!(told(server), []);
        server.passes(10 * SECOND);
        assert_eq!(server.conn.poll_timeout(), None, "an idle connection is left alone");
    });
}

#[test]
fn an_application_that_does_not_read_a_stream() {
    let setup = watchful(Setup::server()).config(|config| config.stream_window = 100);
    setup.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 99)));
        server.passes(9 * SECOND);
        assert_eq!(told(server), [], "an octet of window is left");
        server.hears(wire::data_of(1, 1));
        server.passes(5 * SECOND);
        assert_eq!(told(server), [(StallCause::StreamUnread, vec![1], 5)]);
        let stream = server.conn.stream_stats(id(1)).unwrap();
        assert_eq!(blocked(stream.receive_blocked), Some((StallCause::StreamUnread, 5)));
        server.acknowledges(1, 1);
        assert_eq!(seen(server, |s| s.stalls.stream_unread), (1, 0, 5), "the peer hears of it");
        assert_eq!(server.peer_may_send(1), 1);
        server.hears(wire::data_of(1, 1));
        server.passes(2 * SECOND);
        // Whoever lets go of a stream holds nothing of it.
        server.releases(1);
        assert_eq!(seen(server, |s| s.stalls.stream_unread), (2, 0, 7));
        server.passes(100 * SECOND);
        assert_eq!(told(server), []);
    });
}

#[test]
fn a_body_that_has_ended_stalls_nobody() {
    let setup = watchful(Setup::server()).config(|config| config.stream_window = 100);
    setup.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 100).end_stream()));
        server.passes(100 * SECOND);
        assert_eq!(told(server), []);
        assert_eq!(seen(server, |s| s.stalls.stream_unread), (0, 0, 0));
    });
}

#[test]
fn an_application_that_holds_the_window_of_the_connection() {
    let setup = watchful(Setup::server()).config(|config| {
        lone::narrow(config);
        config.stream_window = 50_000;
    });
    setup.run(|server| {
        server.hears((wire::post(1), wire::post(3), wire::post(5)));
        server.hears((wire::data_of(1, 10_000), wire::data_of(1, 10_000)));
        server.hears((
            wire::data_of(3, 15_000),
            wire::data_of(3, 15_000),
            wire::data_of(3, 15_535),
        ));
        server.passes(5 * SECOND);
        assert_eq!(told(server), [(StallCause::ConnectionUnread, vec![3, 1], 5)]);
        let stream = server.conn.stream_stats(id(5)).unwrap();
        assert_eq!(blocked(stream.receive_blocked), Some((StallCause::ConnectionUnread, 5)));
        server.acknowledges(3, 40_000);
        assert_eq!(seen(server, |s| s.stalls.connection_unread), (1, 0, 5));
        let stream = server.conn.stream_stats(id(5)).unwrap();
        assert_eq!(stream.receive_blocked, None);
        server.passes(100 * SECOND);
        assert_eq!(told(server), []);
    });
}

#[test]
fn several_stalls_are_told_each_in_its_time() {
    let setup = watchful(Setup::server().peer(&[(4, 0)])).config(|c| c.stream_window = 10);
    setup.run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 10)));
        server.passes(3 * SECOND);
        server.responds(1, 200, false);
        server.sends(1, "x", true);
        let deadline = server.conn.poll_timeout().map(|deadline| deadline.why);
        assert_eq!(deadline, Some(Timer::Stall));
        server.passes(2 * SECOND);
        assert_eq!(told(server), [(StallCause::StreamUnread, vec![1], 5)]);
        server.passes(3 * SECOND);
        assert_eq!(told(server), [(StallCause::StreamWindow, vec![1], 5)]);
        assert_eq!(server.conn.poll_timeout(), None, "all is told");
    });
}

#[test]
fn without_a_limit_nothing_is_told_and_no_deadline_is_set() {
    Setup::server().peer(&[(4, 0)]).config(|c| c.stream_window = 10).run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 10)));
        server.responds(1, 200, false);
        server.sends(1, "x", true);
        assert_eq!(server.conn.poll_timeout(), None);
        server.passes(1_000 * SECOND);
        assert_eq!(told(server), []);
        assert_eq!(seen(server, |s| s.stalls.stream_window), (1, 1, 1_000));
        assert_eq!(seen(server, |s| s.stalls.stream_unread), (1, 1, 1_000));
    });
}
