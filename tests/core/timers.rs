//! Deadlines, by explicit time: each is announced, fires when it is due and not before, and says why.

use h2_core::{Origin, Timer};
use h2_tests::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn must_time_out(lone: &Lone, timer: Timer) {
    let reason = lone.conn.close_reason().unwrap_or_else(|| panic!("{timer:?} did not fire"));
    assert_eq!(reason.origin, Origin::Timeout(timer));
}

#[test]
fn a_handshake_that_does_not_come_times_out() {
    for setup in [Setup::server(), Setup::client()] {
        setup.fresh().run(|lone| {
            let due = lone.now + 10 * SECOND;
            lone.passes(10 * SECOND - Duration::from_millis(1));
            assert!(lone.conn.close_reason().is_none());
            let deadline = lone.conn.poll_timeout().unwrap();
            assert_eq!((deadline.why, deadline.at), (Timer::Handshake, due));
            lone.passes(Duration::from_millis(1));
            must_time_out(lone, Timer::Handshake);
        });
    }
}

#[test]
fn a_preface_that_drips_times_out_all_the_same() {
    Setup::server().fresh().run(|server| {
        for octet in wire::PREFACE {
            server.hears(&[*octet][..]);
            server.passes(SECOND);
        }
        must_time_out(server, Timer::Handshake);
    });
}

#[test]
fn a_header_block_that_does_not_end_times_out() {
    lone::server(|server| {
        server.hears(wire::get(1).no_end_headers());
        for _ in 0..9 {
            server.hears(wire::continuation(1, &[0x0f]).flags(0).announcing(1));
            server.passes(SECOND);
            if server.conn.close_reason().is_some() {
                break;
            }
        }
        server.passes(2 * SECOND);
        let reason = server.conn.close_reason().cloned().unwrap();
        assert_eq!(reason.code, ENHANCE_YOUR_CALM);
    });
    lone::server(|server| {
        server.hears(wire::get(1).no_end_headers());
        server.passes(9 * SECOND);
        server.hears(wire::continuation(1, b""));
        server.passes(20 * SECOND);
        assert!(server.conn.close_reason().is_none(), "it ended in time");
    });
}

#[test]
fn an_acknowledgement_that_does_not_come_times_out() {
    lone::server(|server| {
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 7)).unwrap();
        server.passes(9 * SECOND);
        server.hears(wire::settings_ack());
        server.passes(20 * SECOND);
        assert!(server.conn.close_reason().is_none());
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 8)).unwrap();
        server.passes(11 * SECOND);
        server.must_go_away(SETTINGS_TIMEOUT);
    });
}

#[test]
fn output_that_the_transport_does_not_take_times_out() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.peer_reads(false);
        server.responds(1, 200, false);
        server.sends(1, vec![0; 10_000], true);
        server.passes(29 * SECOND);
        assert!(server.conn.close_reason().is_none());
        server.passes(2 * SECOND);
        must_time_out(server, Timer::WriteStall);
    });
    // A slow transport is not a stalled one.
    lone::server(|server| {
        server.hears(wire::get(1));
        server.peer_reads(false);
        server.responds(1, 200, false);
        server.sends(1, vec![0; 10_000], true);
        for _ in 0..20 {
            server.passes(20 * SECOND);
            let now = server.now;
            let outbox = server.conn.data_to_send(now);
            outbox.advance(1);
            server.settle();
        }
        assert!(server.conn.close_reason().is_none());
    });
    // Nothing to write is no stall.
    lone::server(|server| {
        server.hears(wire::get(1));
        server.passes(1_000 * SECOND);
        server.must_be_fine();
    });
}

#[test]
fn a_window_that_stays_shut_is_no_stall_of_the_transport() {
    Setup::server().peer(&[(4, 0)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, "waits", true);
        server.passes(600 * SECOND);
        server.must_be_fine();
    });
}

fn probing() -> Setup {
    Setup::client().config(|config| {
        config.keep_alive_interval = Some(60 * SECOND);
        config.keep_alive_timeout = 20 * SECOND;
    })
}

#[test]
fn silence_is_probed_with_a_ping_and_its_answer_counts() {
    probing().run(|client| {
        client.requests("GET", true);
        client.forget();
        let mut probes = 0;
        for _ in 0..10 {
            client.passes(60 * SECOND);
            for frame in client.says() {
                let Frame::Ping(payload) = frame else { panic!("{frame:?}") };
                probes += 1;
                client.hears(wire::pong(payload));
            }
        }
        assert!((4..=10).contains(&probes), "{probes}");
        assert_eq!(client.told(), Vec::<String>::new(), "not an answer to the application");
        assert!(client.conn.close_reason().is_none());
    });
}

#[test]
fn a_probe_without_an_answer_ends_the_connection() {
    probing().run(|client| {
        client.requests("GET", true);
        client.passes(200 * SECOND);
        must_time_out(client, Timer::KeepAlive);
        assert!(client.told().last().is_some_and(|line| line.starts_with("closed")));
    });
}

#[test]
fn any_frame_answers_a_probe() {
    probing().run(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::ok(stream));
        for _ in 0..100 {
            client.passes(15 * SECOND);
            client.hears(wire::data(stream, "tick"));
        }
        client.must_live();
    });
}

#[test]
fn without_an_interval_nothing_is_probed() {
    lone::client(|client| {
        client.requests("GET", true);
        client.forget();
        client.passes(100_000 * SECOND);
        client.must_ignore();
        assert_eq!(client.conn.poll_timeout(), None);
    });
}

#[test]
fn a_connection_without_streams_is_wound_up_after_its_idle_time() {
    Setup::server().config(|config| config.idle_timeout = Some(120 * SECOND)).run(|server| {
        server.passes(100 * SECOND);
        server.hears(wire::get(1));
        server.passes(300 * SECOND);
        server.must_be_fine();
        server.responds(1, 200, true);
        server.releases(1);
        server.passes(119 * SECOND);
        server.must_be_fine();
        server.passes(10 * SECOND);
        must_time_out(server, Timer::Idle);
        assert!(server.conn.close_reason().is_some_and(|reason| reason.is_graceful()));
        let said = server.says();
        assert!(said.iter().any(|f| matches!(f, Frame::GoAway { code: 0, .. })), "{said:?}");
    });
}

#[test]
fn an_old_connection_is_wound_up_and_its_streams_finish() {
    Setup::server().config(|config| config.max_age = Some(1_000 * SECOND)).run(|server| {
        server.hears(wire::get(1));
        server.passes(999 * SECOND);
        server.must_be_fine();
        server.forget();
        server.passes(102 * SECOND);
        assert!(server.conn.is_draining(), "a tenth later at most");
        assert!(server.conn.close_reason().is_none());
        server.responds(1, 200, true);
        server.releases(1);
        server.passes(2 * SECOND);
        must_time_out(server, Timer::MaxAge);
        assert!(server.conn.close_reason().is_some_and(|reason| reason.is_graceful()));
    });
}

#[test]
fn an_age_that_never_comes_is_an_age() {
    for age in [Duration::MAX, Duration::MAX - Duration::MAX / 100] {
        Setup::server().config(|config| config.max_age = Some(age)).run(|server| {
            server.passes(1_000_000_000 * SECOND);
            server.must_live();
        });
    }
}

#[test]
fn a_call_that_comes_early_does_nothing() {
    Setup::server().fresh().run(|server| {
        server.forget();
        for _ in 0..5 {
            let now = server.now;
            server.act(|conn| conn.handle_timeout(now));
        }
        assert_eq!((server.says(), server.told()), (vec![], vec![]));
    });
}

#[test]
fn time_that_runs_backwards_does_no_harm() {
    lone::server(|server| {
        let start = server.now;
        server.passes(100 * SECOND);
        server.now = start;
        server.hears((wire::get(1), wire::ping([0; 8])));
        server.responds(1, 200, true);
        server.must_be_fine();
        server.conn.handle_timeout(start);
        server.settle();
        server.must_be_fine();
    });
}

#[test]
fn a_deadline_that_was_switched_off_does_not_come() {
    let setup = Setup::server().fresh().config(|config| {
        config.handshake_timeout = None;
        config.settings_ack_timeout = None;
        config.write_stall_timeout = None;
    });
    setup.run(|server| {
        server.passes(100_000 * SECOND);
        assert!(server.conn.close_reason().is_none());
    });
}
