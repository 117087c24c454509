//! Dead peers: asked once, when there is reason to; any octet is an answer, and the time for one
//! runs from the moment when the question was taken.

use h2_core::{Origin, Timer};
use h2_tests::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

/// A request of ours is given up, as an application does it.
fn gives_up(client: &mut Lone, stream: u32) {
    client.act(|conn| {
        conn.suspect(id(stream));
        conn.reset_stream(id(stream), CANCEL);
    });
}

fn pings(said: &[Frame]) -> Vec<[u8; 8]> {
    said.iter().filter_map(|f| if let Frame::Ping(p) = f { Some(*p) } else { None }).collect()
}

fn answers(client: &mut Lone, pings: &[[u8; 8]]) {
    for ping in pings {
        client.hears(wire::pong(*ping));
    }
}

#[test]
fn a_request_given_up_in_silence_makes_the_connection_suspect_and_asks_once() {
    lone::client(|client| {
        let streams = [client.requests("GET", true), client.requests("GET", true)];
        client.forget();
        client.passes(5 * SECOND);
        gives_up(client, streams[0]);
        assert!(client.conn.is_suspect());
        let asked = pings(&client.says());
        assert_eq!(asked.len(), 1);
        client.passes(SECOND);
        gives_up(client, streams[1]);
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new(), "one question at a time");
        client.hears(wire::pong(asked[0]));
        assert!(!client.conn.is_suspect());
        assert_eq!(client.told(), Vec::<String>::new(), "not an answer to the application");
        client.passes(1_000 * SECOND);
        client.must_live();
        assert_eq!(client.conn.stats().glitch_tokens, Some(10_000));
    });
}

#[test]
fn a_dead_connection_ends_when_the_time_for_an_answer_is_over() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.passes(5 * SECOND);
        gives_up(client, stream);
        // An idle connection gives back its memory first.
        client.passes(2 * SECOND);
        let deadline = client.conn.poll_timeout().unwrap();
        assert_eq!((deadline.why, deadline.at), (Timer::KeepAlive, client.now + 18 * SECOND));
        client.passes(18 * SECOND - Duration::from_millis(1));
        client.must_live();
        client.passes(Duration::from_millis(1));
        let reason = client.conn.close_reason().unwrap();
        assert_eq!(reason.origin, Origin::Timeout(Timer::KeepAlive));
        assert!(!reason.is_graceful() && !client.conn.is_suspect());
    });
}

#[test]
fn a_part_of_a_frame_proves_life_as_well_as_a_whole_one() {
    lone::client(|client| {
        let streams = [client.requests("GET", true), client.requests("GET", true)];
        client.passes(SECOND);
        client.hears(&wire::ok(streams[0]).octets()[..1]);
        client.forget();
        gives_up(client, streams[0]);
        assert!(!client.conn.is_suspect());
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new());
    });
    lone::client(|client| {
        let streams = [client.requests("GET", true), client.requests("GET", true)];
        gives_up(client, streams[0]);
        assert!(client.conn.is_suspect());
        client.hears(&wire::ok(streams[1]).octets()[..1]);
        assert!(!client.conn.is_suspect());
        client.passes(1_000 * SECOND);
        client.must_live();
    });
}

#[test]
fn what_arrived_before_the_request_was_sent_proves_nothing() {
    lone::client(|client| {
        client.hears(wire::ping([1; 8]));
        let stream = client.requests("GET", true);
        client.forget();
        gives_up(client, stream);
        assert!(client.conn.is_suspect());
        assert_eq!(pings(&client.says()).len(), 1);
    });
}

#[test]
fn a_request_that_was_never_sent_raises_no_suspicion() {
    Setup::client().peer(&[(3, 1)]).run(|client| {
        client.requests("GET", true);
        client.hears(wire::settings(&[(3, 5)]));
        let head = lone::request("GET", &[]);
        let waits = client.act(|c| c.send_request(head, End::Now)).unwrap();
        client.forget();
        client.conn.suspect(id(99));
        client.peer_reads(false);
        let unsent = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
        client.conn.suspect(unsent);
        assert!(!client.conn.is_suspect());
        client.conn.suspect(waits);
        assert!(client.conn.is_suspect());
    });
}

#[test]
fn the_time_for_an_answer_runs_from_when_the_transport_took_the_question() {
    let setup = Setup::client().config(|config| config.write_stall_timeout = None);
    setup.run(|client| {
        let stream = client.requests("POST", false);
        client.peer_reads(false);
        client.sends(stream, vec![0; 10_000], false);
        gives_up(client, stream);
        assert!(client.conn.is_suspect());
        client.passes(1_000 * SECOND);
        client.must_live();
        client.peer_reads(true);
        let deadline = client.conn.poll_timeout().unwrap();
        assert_eq!((deadline.why, deadline.at), (Timer::KeepAlive, client.now + 20 * SECOND));
        client.passes(20 * SECOND);
        assert!(client.conn.close_reason().is_some());
    });
}

#[test]
fn a_question_that_the_transport_does_not_take_is_a_write_stall() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.peer_reads(false);
        gives_up(client, stream);
        client.passes(31 * SECOND);
        let reason = client.conn.close_reason().unwrap();
        assert_eq!(reason.origin, Origin::Timeout(Timer::WriteStall));
    });
}

#[test]
fn a_ping_of_the_application_is_question_enough() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.act(|conn| conn.ping([7; 8])).unwrap();
        client.forget();
        client.passes(3 * SECOND);
        gives_up(client, stream);
        assert!(client.conn.is_suspect());
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new());
        client.hears(wire::pong([7; 8]));
        assert!(!client.conn.is_suspect());
        assert_eq!(client.told(), ["pong"]);
    });
}

#[test]
fn an_answer_that_comes_late_is_still_expected() {
    lone::client(|client| {
        let streams = [client.requests("GET", true), client.requests("GET", true)];
        client.forget();
        gives_up(client, streams[0]);
        let asked = pings(&client.says());
        client.hears(wire::ok(streams[1]).end_stream());
        let third = client.requests("GET", true);
        gives_up(client, third);
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new(), "the first is unanswered");
        assert!(client.conn.is_suspect());
        client.hears(wire::pong(asked[0]));
        assert!(!client.conn.is_suspect());
        assert_eq!(client.conn.stats().glitch_tokens, Some(10_000));
    });
}

#[test]
fn a_periodic_probe_is_no_suspicion_until_a_request_is_given_up() {
    Setup::client().config(|config| config.keep_alive_interval = Some(60 * SECOND)).run(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::ping([0; 8]));
        client.forget();
        client.passes(60 * SECOND - Duration::from_millis(1));
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new(), "silence is counted exactly");
        client.passes(Duration::from_millis(1));
        assert_eq!(pings(&client.says()).len(), 1);
        assert!(!client.conn.is_suspect());
        gives_up(client, stream);
        assert!(!client.conn.is_suspect(), "something was heard since the request");
        let late = client.requests("GET", true);
        gives_up(client, late);
        assert!(client.conn.is_suspect());
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new());
        client.passes(20 * SECOND);
        let reason = client.conn.close_reason().unwrap();
        assert_eq!(reason.origin, Origin::Timeout(Timer::KeepAlive));
    });
}

/// Servers that follow gRPC end connections with `too_many_pings` for the third PING in five minutes.
#[test]
fn requests_given_up_one_after_the_other_ask_once_in_half_a_minute() {
    lone::client(|client| {
        let mut asked = Vec::new();
        for _ in 0..10 {
            let stream = client.requests("GET", true);
            client.passes(SECOND);
            gives_up(client, stream);
            let pings = pings(&client.says());
            answers(client, &pings);
            assert!(!client.conn.is_suspect());
            asked.extend(pings);
        }
        assert_eq!(asked.len(), 1, "nothing was heard after the answer, in nine seconds");
        client.passes(21 * SECOND - Duration::from_millis(1));
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new());
        client.passes(Duration::from_millis(1));
        assert_eq!(pings(&client.says()).len(), 1, "half a minute after the last question");
        assert!(client.conn.is_suspect());
        client.passes(20 * SECOND);
        let reason = client.conn.close_reason().unwrap();
        assert_eq!(reason.origin, Origin::Timeout(Timer::KeepAlive));
    });
}

#[test]
fn a_question_that_was_put_off_is_not_asked_when_anything_arrives() {
    let probed = Setup::client().config(|config| config.keep_alive_interval = Some(45 * SECOND));
    for setup in [Setup::client(), probed] {
        setup.run(|client| {
            for _ in 0..2 {
                let stream = client.requests("GET", true);
                client.passes(SECOND);
                gives_up(client, stream);
                let asked = pings(&client.says());
                answers(client, &asked);
            }
            client.passes(10 * SECOND);
            client.hears(wire::ping([1; 8]));
            client.forget();
            client.passes(44 * SECOND);
            assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new());
            client.must_live();
        });
    }
}

#[test]
fn a_periodic_probe_does_not_bring_forward_what_was_put_off() {
    Setup::client().config(|config| config.keep_alive_interval = Some(60 * SECOND)).run(|client| {
        client.hears(wire::ping([0; 8]));
        client.passes(50 * SECOND);
        for _ in 0..2 {
            let stream = client.requests("GET", true);
            client.passes(SECOND);
            gives_up(client, stream);
            let asked = pings(&client.says());
            answers(client, &asked);
        }
        // The timer of the interval was set a minute before it comes, and something was heard since.
        client.passes(29 * SECOND - Duration::from_millis(1));
        assert_eq!(pings(&client.says()), Vec::<[u8; 8]>::new());
        client.passes(Duration::from_millis(1));
        assert_eq!(pings(&client.says()).len(), 1);
        assert!(client.conn.is_suspect());
    });
}

#[test]
fn a_complaint_about_pings_is_told_from_other_ends() {
    let ends_with = |code: ErrorCode, debug: &'static [u8]| {
        let mut client = Setup::client().start(lone::Delivery::Whole);
        client.requests("GET", true);
        client.hears(wire::goaway(0, code, debug));
        client.hears_eof();
        client.conn.close_reason().unwrap().is_too_many_pings()
    };
    assert!(ends_with(ENHANCE_YOUR_CALM, b"too_many_pings"));
    assert!(!ends_with(ENHANCE_YOUR_CALM, b"too_many_resets"));
    assert!(!ends_with(NO_ERROR, b"too_many_pings"));
}
