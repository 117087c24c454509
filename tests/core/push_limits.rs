//! Promises and the client's limit on streams: what was promised waits when the limit was lowered
//! since, and holds up nothing else (RFC 9113 §5.1.2).

use h2_tests::prelude::*;

/// A server with requests on streams 1 and 3 that has promised streams 2, 4 and 6 on stream 1.
fn promising(script: impl Fn(&mut Lone)) {
    Setup::server().peer(&[(2, 1), (3, 10)]).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        for stream in [2, 4, 6] {
            let promise = lone::request("GET", &[]);
            let pushed = server.act(|conn| conn.push_stream(id(1), promise)).unwrap();
            assert_eq!(pushed.get(), stream);
        }
        server.forget();
        script(server);
    });
}

fn opened(server: &mut Lone) -> Vec<u32> {
    let head = |f: &Frame| matches!(f, Frame::Headers { .. }).then(|| f.stream());
    server.says().iter().filter_map(head).collect()
}

#[test]
fn a_response_waits_when_the_client_lowered_its_limit_after_the_promise() {
    promising(|server| {
        server.hears(wire::settings(&[(3, 1)]));
        for stream in [2, 4, 6] {
            server.responds(stream, 200, false);
            server.sends(stream, "pushed", true);
        }
        // Not even the DATA of 4 and 6 was sent, but 2 is complete, so 4 follows, and so on.
        assert_eq!(opened(server), [2, 4, 6]);
    });
    promising(|server| {
        server.hears(wire::settings(&[(3, 1)]));
        for stream in [2, 4, 6] {
            server.responds(stream, 200, false);
        }
        assert_eq!(opened(server), [2]);
        assert_eq!(server.sends(4, "early", true), 5);
        server.responds(1, 200, true);
        server.responds(3, 200, true);
        assert_eq!(opened(server), [1, 3], "the client's own streams do not wait");
        server.sends(2, "x", true);
        let said = server.says();
        let last = said.iter().rev().find(|f| f.stream() == 4);
        assert!(matches!(last, Some(Frame::Data { end: true, .. })), "{said:?}");
        assert!(said.iter().any(|f| f.stream() == 6), "{said:?}");
        assert_eq!(server.conn.open_outbound_streams(), 1);
    });
}

#[test]
fn a_limit_that_rises_lets_go_of_as_many_as_it_says() {
    promising(|server| {
        server.hears(wire::settings(&[(3, 0)]));
        for stream in [2, 4, 6] {
            server.act(|c| c.send_informational(id(stream), lone::response(103, &[]))).unwrap();
            server.responds(stream, 200, false);
        }
        assert_eq!(opened(server), Vec::<u32>::new(), "an interim response opens a stream too");
        server.hears(wire::settings(&[(3, 2)]));
        assert_eq!(opened(server), [2, 2, 4, 4]);
        server.resets(4, CANCEL);
        assert_eq!(opened(server), [6, 6]);
        server.must_live();
    });
}

#[test]
fn a_response_that_waits_can_be_taken_back_by_either_side() {
    promising(|server| {
        server.hears(wire::settings(&[(3, 0)]));
        for stream in [2, 4] {
            server.responds(stream, 200, true);
        }
        server.forget();
        server.hears(wire::rst(2, CANCEL));
        server.resets(4, CANCEL);
        assert!(matches!(server.says()[..], [Frame::Reset { stream: 4, .. }]));
        server.hears(wire::settings(&[(3, 9)]));
        assert_eq!(opened(server), Vec::<u32>::new());
        server.must_be_fine();
    });
}

/// The connection does not end under a response that waits.
#[test]
fn a_graceful_end_waits_for_what_waits() {
    promising(|server| {
        server.hears(wire::settings(&[(3, 1)]));
        for stream in [2, 4, 6] {
            server.responds(stream, 200, stream == 2);
        }
        for stream in [1, 3] {
            server.responds(stream, 200, true);
            server.releases(stream);
        }
        let now = server.now;
        server.act(|conn| conn.shutdown(now));
        server.passes(Duration::from_secs(2));
        assert!(server.conn.close_reason().is_none());
        server.sends(4, "x", true);
        server.sends(6, "x", true);
        assert!(server.conn.close_reason().is_some_and(|reason| reason.is_graceful()));
    });
}

/// What was promised before the end is still sent, and still taken.
#[test]
fn a_graceful_end_waits_for_promised_responses_on_both_sides() {
    promising(|server| {
        for stream in [1, 3] {
            server.responds(stream, 200, true);
            server.releases(stream);
        }
        let now = server.now;
        server.act(|conn| conn.shutdown(now));
        server.passes(Duration::from_secs(2));
        assert!(server.conn.close_reason().is_none());
        for stream in [2, 4] {
            server.responds(stream, 200, true);
        }
        server.resets(6, CANCEL);
        assert!(server.conn.close_reason().is_some_and(|reason| reason.is_graceful()));
    });
    let takes_pushes = Setup::client().config(|config| {
        config.enable_push = true;
        config.max_concurrent_streams = 10;
    });
    takes_pushes.run(|client| {
        let parent = client.requests("GET", true);
        client.hears((wire::push_promise(parent, 2, wire::GET), wire::ok(parent).end_stream()));
        client.forget();
        let now = client.now;
        client.act(|conn| conn.shutdown(now));
        let said = client.says();
        assert!(matches!(said[..], [Frame::GoAway { last: 2, code: 0, .. }]), "{said:?}");
        assert!(client.conn.close_reason().is_none());
        client.hears(wire::ok(2).end_stream());
        assert_eq!(client.told(), ["response 2 200 end", "closed NO_ERROR"]);
    });
}
