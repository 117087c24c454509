//! The last words after an error are written and read before the transport is closed, within bounds.

use h2_core::Timer;
use h2_tests::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

fn breaks_a_rule(lone: &mut Lone) {
    lone.hears(wire::data(0, "x"));
    lone.must_go_away(PROTOCOL_ERROR);
}

#[test]
fn after_an_error_the_peer_gets_a_second_to_read_why() {
    for setup in [Setup::server(), Setup::client()] {
        setup.run(|lone| {
            breaks_a_rule(lone);
            assert!(lone.conn.is_drained() && !lone.conn.is_finished());
            let deadline = lone.conn.poll_timeout().unwrap();
            assert_eq!((deadline.why, deadline.at), (Timer::Linger, lone.now + SECOND));
            lone.passes(SECOND - Duration::from_millis(1));
            assert!(!lone.conn.is_finished());
            lone.passes(Duration::from_millis(1));
            assert!(lone.conn.is_finished());
            assert_eq!(lone.conn.poll_timeout(), None);
            assert_eq!((lone.says(), lone.told()), (vec![], vec![]), "silent after the end");
        });
    }
}

#[test]
fn a_peer_that_closes_its_side_has_read_enough() {
    lone::server(|server| {
        breaks_a_rule(server);
        server.hears_eof();
        assert!(server.conn.is_finished());
    });
}

#[test]
fn a_peer_that_goes_on_sending_is_listened_to_for_64_kib() {
    lone::server(|server| {
        breaks_a_rule(server);
        let now = server.now;
        server.conn.handle_discarded(65_535, now);
        assert!(!server.conn.is_finished());
        server.conn.handle_discarded(1, now);
        assert!(server.conn.is_finished());
    });
}

#[test]
fn last_words_that_the_transport_does_not_take_are_given_up() {
    lone::server(|server| {
        server.peer_reads(false);
        server.hears(wire::data(0, "x"));
        assert!(!server.conn.is_drained() && !server.conn.is_finished());
        server.passes(SECOND);
        assert!(server.conn.is_drained() && server.conn.is_finished());
        assert_eq!(server.conn.close_reason().map(|reason| reason.code), Some(PROTOCOL_ERROR));
    });
    // The time to read them begins when they are written.
    lone::server(|server| {
        server.peer_reads(false);
        server.hears(wire::data(0, "x"));
        server.passes(Duration::from_millis(900));
        server.peer_reads(true);
        server.passes(Duration::from_millis(900));
        assert!(server.conn.is_drained() && !server.conn.is_finished());
        server.passes(Duration::from_millis(100));
        assert!(server.conn.is_finished());
    });
}

#[test]
fn without_an_error_nothing_is_waited_for() {
    lone::server(|server| {
        server.act(|conn| conn.close_connection(NO_ERROR, Bytes::new()));
        assert!(server.conn.is_drained() && server.conn.is_finished());
    });
    lone::client(|client| {
        client.requests("GET", true);
        client.hears_eof();
        assert!(client.conn.is_finished(), "nobody is there to read");
    });
    lone::client(|client| {
        client.requests("GET", true);
        let now = client.now;
        client.act(|conn| conn.handle_failure(now));
        assert!(client.conn.is_finished());
    });
}

/// A slow peer gets the rest of a complete response: without an error, what waits is only given up
/// when the transport takes nothing at all for the time of a write stall.
#[test]
fn the_rest_of_a_graceful_end_may_take_its_time() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.peer_reads(false);
        server.sends(1, vec![0; 16_000], true);
        server.releases(1);
        let now = server.now;
        server.act(|conn| conn.shutdown(now));
        server.passes(2 * SECOND);
        assert!(server.conn.close_reason().is_some());
        for _ in 0..100 {
            server.passes(20 * SECOND);
            let now = server.now;
            server.conn.data_to_send(now).advance(100);
            server.settle();
        }
        assert!(!server.conn.is_finished());
        server.passes(31 * SECOND);
        assert!(server.conn.is_finished());
        assert!(server.conn.close_reason().is_some_and(|reason| reason.is_graceful()));
    });
}

#[test]
fn what_is_closed_at_once_waits_for_no_transport() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.peer_reads(false);
        server.responds(1, 200, false);
        server.act(|conn| conn.close_connection(NO_ERROR, Bytes::new()));
        assert!(!server.conn.is_finished());
        server.passes(SECOND);
        assert!(server.conn.is_finished());
    });
}

#[test]
fn a_failure_of_the_transport_drops_what_waits_and_says_so() {
    lone::client(|client| {
        client.requests("GET", true);
        client.peer_reads(false);
        client.requests("POST", false);
        let now = client.now;
        client.act(|conn| conn.handle_failure(now));
        let reason = client.conn.close_reason().cloned().unwrap();
        assert_eq!((reason.origin, reason.code), (h2_core::Origin::Transport, INTERNAL_ERROR));
        assert!(client.conn.data_to_send(now).is_empty());
        assert!(client.told().last().is_some_and(|line| line.starts_with("closed")));
    });
}
