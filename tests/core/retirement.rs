//! Connections that have served their time: by number of requests, or for want of identifiers.

use h2_core::{Origin, StreamId};
use h2_tests::prelude::*;

fn lasts(said: &[Frame]) -> Vec<u32> {
    let last = |f: &Frame| if let Frame::GoAway { last, .. } = f { Some(*last) } else { None };
    said.iter().filter_map(last).collect()
}

#[test]
fn after_so_many_requests_a_server_says_goodbye_and_serves_what_was_under_way() {
    Setup::server().config(|config| config.max_requests = Some(2)).run(|server| {
        server.hears(wire::get(1));
        server.must_be_fine();
        server.hears(wire::get(3));
        assert!(server.conn.is_draining());
        assert_eq!(lasts(&server.says()), [0x7fff_ffff]);
        server.hears(wire::get(5));
        server.passes(Duration::from_secs(2));
        assert_eq!(lasts(&server.says()), [5]);
        for stream in [1, 3, 5] {
            server.responds(stream, 200, true);
            server.releases(stream);
        }
        let reason = server.conn.close_reason().unwrap();
        assert_eq!(reason.origin, Origin::MaxRequests);
        assert!(reason.is_graceful() && server.conn.is_finished());
    });
}

#[test]
fn after_so_many_requests_a_client_opens_no_more() {
    Setup::client().config(|config| config.max_requests = Some(2)).run(|client| {
        let first = client.requests("GET", true);
        assert!(!client.conn.is_draining());
        let second = client.requests("GET", true);
        assert!(client.conn.is_draining());
        let refused = client.act(|c| c.send_request(lone::request("GET", &[]), End::Now));
        assert_eq!(refused.unwrap_err().why, Misuse::Draining);
        client.hears((wire::ok(first).end_stream(), wire::ok(second).end_stream()));
        let reason = client.conn.close_reason().unwrap();
        assert_eq!((&reason.origin, reason.code), (&Origin::MaxRequests, NO_ERROR));
        assert_eq!(client.told().iter().filter(|line| line.starts_with("response")).count(), 2);
    });
}

#[test]
fn a_client_whose_identifiers_run_out_drains_before_anything_fails() {
    let setup = Setup::client().config(|config| config.first_stream = StreamId::new(0x7fff_fffd));
    setup.run(|client| {
        assert_eq!(client.conn.next_stream_id(), StreamId::new(0x7fff_fffd));
        let first = client.requests("GET", true);
        assert_eq!(first, 0x7fff_fffd);
        assert!(!client.conn.is_draining());
        let last = client.requests("GET", true);
        assert_eq!((last, client.conn.next_stream_id()), (0x7fff_ffff, None));
        assert!(client.conn.is_draining(), "known before a request fails for it");
        assert!(client.conn.reserve_slot().is_none());
        client.hears((wire::ok(first).end_stream(), wire::ok(last).end_stream()));
        assert_eq!(client.conn.close_reason().unwrap().origin, Origin::NoMoreStreamIds);
        assert_eq!(client.told().iter().filter(|line| line.starts_with("response")).count(), 2);
    });
}

#[test]
fn a_server_whose_client_has_no_more_identifiers_says_goodbye() {
    lone::server(|server| {
        server.hears(wire::get(0x7fff_ffff));
        assert_eq!(server.told(), ["request 2147483647 GET / end"]);
        assert_eq!(lasts(&server.says()), [0x7fff_ffff]);
        server.responds(0x7fff_ffff, 200, true);
        server.releases(0x7fff_ffff);
        server.passes(Duration::from_secs(2));
        assert_eq!(server.conn.close_reason().unwrap().origin, Origin::NoMoreStreamIds);
    });
}

#[test]
fn a_server_that_can_promise_no_more_goes_on_answering() {
    let setup = Setup::server()
        .peer(&[(2, 1)])
        .config(|config| config.first_stream = StreamId::new(0x7fff_fffe));
    setup.run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        let promise = || lone::request("GET", &[]);
        let pushed = server.act(|conn| conn.push_stream(id(1), promise())).unwrap();
        assert_eq!((pushed.get(), server.conn.next_stream_id()), (0x7fff_fffe, None));
        let refused = server.act(|conn| conn.push_stream(id(1), promise())).unwrap_err();
        assert_eq!(refused.why, Misuse::NoMoreStreamIds);
        server.responds(3, 200, true);
        server.must_be_fine();
    });
}

#[test]
fn a_first_stream_of_the_other_side_is_as_good_as_none() {
    let setup = Setup::client().config(|config| config.first_stream = StreamId::new(6));
    setup.run(|client| assert_eq!(client.requests("GET", true), 1));
}
