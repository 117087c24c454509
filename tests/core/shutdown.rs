//! Farewell: two phases, open streams finish, deadlines cut what does not, and then silence.

use h2_core::{Origin, Timer};
use h2_tests::prelude::*;

fn shuts_down(lone: &mut Lone) {
    let now = lone.now;
    lone.act(|conn| conn.shutdown(now));
}

fn lasts(said: &[Frame]) -> Vec<u32> {
    said.iter()
        .filter_map(
            |f| if let Frame::GoAway { last, code: 0, .. } = f { Some(*last) } else { None },
        )
        .collect()
}

#[test]
fn without_an_answer_the_second_goaway_comes_by_itself() {
    lone::server(|server| {
        server.hears(wire::get(1));
        shuts_down(server);
        assert_eq!(lasts(&server.says()), [0x7fff_ffff]);
        server.passes(Duration::from_millis(900));
        assert_eq!(lasts(&server.says()), Vec::<u32>::new());
        server.passes(Duration::from_millis(200));
        assert_eq!(lasts(&server.says()), [1]);
        server.responds(1, 200, true);
        server.releases(1);
        assert!(server.conn.is_drained());
        assert_eq!(server.conn.close_reason().map(|r| r.origin.clone()), Some(Origin::Local));
    });
}

#[test]
fn a_time_given_to_a_shutdown_stands_for_the_configured_one_and_can_only_be_made_shorter() {
    for (first, second, seconds) in
        [(90, None, 90), (3, None, 3), (90, Some(4), 4), (4, Some(9), 4)]
    {
        lone::server(|server| {
            server.hears(wire::get(1));
            for time in [Some(first), second].into_iter().flatten() {
                let now = server.now;
                server.act(|conn| conn.shutdown_within(Duration::from_secs(time), now));
            }
            server.passes(Duration::from_secs(seconds) - Duration::from_millis(1));
            assert_eq!(server.conn.close_reason(), None);
            server.passes(Duration::from_millis(1));
            let origin = server.conn.close_reason().map(|reason| reason.origin.clone());
            assert_eq!(origin, Some(Origin::Timeout(Timer::Drain)));
        });
    }
}

#[test]
fn a_shutdown_of_the_configured_time_can_be_made_shorter() {
    lone::server(|server| {
        server.hears(wire::get(1));
        shuts_down(server);
        let now = server.now;
        server.act(|conn| conn.shutdown_within(Duration::from_secs(2), now));
        server.passes(Duration::from_secs(2));
        let origin = server.conn.close_reason().map(|reason| reason.origin.clone());
        assert_eq!(origin, Some(Origin::Timeout(Timer::Drain)));
    });
}

#[test]
fn a_server_without_streams_ends_after_both_phases() {
    lone::server(|server| {
        shuts_down(server);
        let said = server.says();
        let Some(Frame::Ping(payload)) = said.last() else { panic!("{said:?}") };
        server.hears(wire::pong(*payload));
        assert_eq!(lasts(&server.says()), [0]);
        assert_eq!(server.told(), ["closed NO_ERROR"]);
        assert!(server.conn.is_drained());
        server.must_be_deaf();
    });
}

#[test]
fn a_client_says_goodbye_once_and_finishes_its_requests() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        shuts_down(client);
        assert_eq!(lasts(&client.says()), [0]);
        let head = lone::request("GET", &[]);
        let refused = client.act(|c| c.send_request(head, End::Now)).unwrap_err();
        assert_eq!(refused.why, Misuse::Draining);
        client.hears((wire::ok(stream), wire::data(stream, "x").end_stream()));
        assert_eq!(client.told(), ["response 1 200", "data 1 1 end", "closed NO_ERROR"]);
        assert!(client.conn.is_drained());
    });
}

#[test]
fn what_does_not_finish_in_time_is_cut() {
    lone::server(|server| {
        server.hears(wire::post(1));
        shuts_down(server);
        server.passes(Duration::from_secs(29));
        assert!(server.conn.close_reason().is_none());
        server.passes(Duration::from_secs(2));
        let reason = server.conn.close_reason().cloned().unwrap();
        assert_eq!(reason.origin, Origin::Timeout(Timer::Drain));
        assert!(!reason.is_graceful());
        assert!(server.conn.is_drained());
        assert!(server.told().last().is_some_and(|line| line.starts_with("closed")));
    });
}

#[test]
fn shutting_down_twice_changes_nothing() {
    lone::server(|server| {
        server.hears(wire::get(1));
        shuts_down(server);
        server.forget();
        shuts_down(server);
        assert_eq!(server.says(), []);
    });
}

#[test]
fn requests_between_the_phases_are_served_and_later_ones_are_not() {
    lone::server(|server| {
        server.hears(wire::get(1));
        shuts_down(server);
        server.hears(wire::get(3));
        server.passes(Duration::from_secs(2));
        server.forget();
        server.hears((wire::post(5), wire::data(5, "x").end_stream(), wire::rst(5, CANCEL)));
        server.must_live();
        assert_eq!((server.says(), server.told()), (vec![], vec![]));
        for stream in [1, 3] {
            server.responds(stream, 200, true);
            server.releases(stream);
        }
        assert!(server.conn.is_drained());
    });
}

#[test]
fn a_goaway_of_the_peer_ends_an_idle_connection_and_lets_a_busy_one_finish() {
    lone::client(|client| {
        client.hears(wire::goaway(0, NO_ERROR, b""));
        assert_eq!(client.told(), ["goaway 0 NO_ERROR", "closed NO_ERROR"]);
        assert!(client.conn.is_drained());
    });
    lone::client(|client| {
        let stream = client.requests("GET", true);
        client.hears(wire::goaway(0x7fff_ffff, NO_ERROR, b""));
        assert!(client.conn.is_draining() && !client.conn.is_drained());
        client.hears(wire::goaway(stream, NO_ERROR, b""));
        client.must_answer_a_ping();
        client.hears(wire::ok(stream).end_stream());
        let told = client.told();
        assert_eq!(told.last().map(String::as_str), Some("closed NO_ERROR"));
        assert!(client.conn.close_reason().is_some_and(|r| r.origin == Origin::Peer));
    });
}

#[test]
fn the_end_of_the_transport_reaches_every_stream_once() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::get(3), wire::data(1, "ha")));
        server.hears_eof();
        let told = server.told();
        let expected = ["request 1 POST /", "request 3 GET / end", "data 1 2"];
        assert_eq!(told[..3], expected);
        assert!(told.last().is_some_and(|line| line.starts_with("closed")), "{told:?}");
        assert!(server.conn.close_reason().is_some_and(|r| r.origin == Origin::Eof));
        let before = server.events().len();
        server.hears_eof();
        assert_eq!(before + server.events().len(), 0, "once");
    });
}

#[test]
fn an_end_inside_a_frame_is_not_graceful_for_open_streams() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        let octets = wire::ok(stream).octets();
        client.hears(&octets[..octets.len() - 1]);
        client.hears_eof();
        assert!(client.conn.close_reason().is_some_and(|r| !r.is_graceful()));
        assert!(!client.told().iter().any(|line| line.starts_with("response")));
    });
}

#[test]
fn the_first_cause_wins() {
    lone::server(|server| {
        server.hears(wire::get(1));
        server.hears(wire::data(0, "x"));
        server.hears_eof();
        server.act(|conn| conn.close_connection(NO_ERROR, Bytes::new()));
        server.passes(Duration::from_secs(1_000));
        let reason = server.conn.close_reason().cloned().unwrap();
        assert!(matches!(reason.origin, Origin::Violation(_)), "{reason:?}");
        let closed = server.told().iter().filter(|line| line.starts_with("closed")).count();
        assert_eq!(closed, 1);
    });
}

#[test]
fn a_closed_connection_has_no_deadline_but_that_of_its_last_words() {
    lone::server(|server| {
        server.hears((wire::get(1), wire::data(0, "x")));
        server.forget();
        assert_eq!(server.conn.poll_timeout().map(|deadline| deadline.why), Some(Timer::Linger));
        server.passes(Duration::from_secs(2));
        assert_eq!(server.conn.poll_timeout(), None);
        server.passes(Duration::from_secs(100));
        assert_eq!((server.says(), server.told()), (vec![], vec![]));
    });
}
