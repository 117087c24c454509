//! Section 10: what an endpoint does about those who ask for too much.

use h2_tests::prelude::*;

/// §10.5.1: "The field block MUST be processed to ensure a consistent connection state", although the
/// list is larger than we take; a server may answer 431.
#[test]
fn a_field_section_above_our_limit_is_processed_and_refused() {
    let setup = Setup::server().config(|config| config.max_header_list_size = 2_000);
    setup.run(|server| {
        let block = [
            wire::block(wire::GET),
            wire::incremental("x-big", "b".repeat(3_000)),
            wire::incremental("x-kept", "still there"),
        ];
        server.hears(wire::headers_of(1, &block.concat()).end_stream());
        server.must_answer_and_reset(1, "431");
        let next = [wire::block(wire::GET), wire::indexed(62)].concat();
        server.hears(wire::headers_of(3, &next).end_stream());
        let events = server.events();
        let [Event::RequestReceived { head, .. }] = &events[..] else { panic!("{events:?}") };
        assert_eq!(head.get("x-kept"), Some(&b"still there"[..]));
    });
}

/// §10.5.1: a client resets the stream of a response that is too large.
#[test]
fn a_response_above_our_limit_resets_its_stream() {
    let setup = Setup::client().config(|config| config.max_header_list_size = 2_000);
    setup.run(|client| {
        let stream = client.requests("GET", true);
        client.forget();
        let big = "b".repeat(3_000);
        client.hears(wire::headers(stream, &[(":status", "200"), ("x-big", &big)]));
        client.must_live();
        let said = client.says_on(stream);
        assert!(matches!(said[..], [Frame::Reset { .. }]), "{said:?}");
        let told = client.told();
        assert!(!told.iter().any(|line| line.starts_with("response")), "{told:?}");
        assert_eq!(told.len(), 1, "{told:?}");
    });
}

/// §10.5.1: what is far above the limit is not worth the processing.
#[test]
fn a_field_section_far_above_our_limit_ends_the_connection() {
    let setup = Setup::server().config(|config| config.max_header_list_size = 2_000);
    setup.run(|server| {
        let block = [
            wire::block(wire::GET),
            wire::incremental("x-big", "b".repeat(1_900)),
            wire::indexed(62).repeat(5),
        ];
        server.hears(wire::headers_of(1, &block.concat()).end_stream());
        server.must_go_away(ENHANCE_YOUR_CALM);
    });
}

/// §10.5.1, §6.5.2: a client keeps to the advice of its peer instead of sending in vain.
#[test]
fn a_request_above_the_peers_limit_is_not_sent() {
    Setup::client().peer(&[(6, 200)]).run(|client| {
        let long = "v".repeat(200);
        let head = lone::request("GET", &[("x-long", &long)]);
        let refused = client.act(|conn| conn.send_request(head, End::Now)).unwrap_err();
        assert!(matches!(refused.why, Misuse::FieldSectionTooLarge { limit: 200, .. }));
        assert_eq!(client.says(), []);
        client.requests("GET", true);
    });
}

/// §10.5.2: CONNECT holds a slot like any request.
#[test]
fn tunnels_count_as_streams() {
    let one = Setup::server().config(|config| config.max_concurrent_streams = 1);
    one.run(|server| {
        let connect = |stream| {
            wire::headers(stream, &[(":method", "CONNECT"), (":authority", "a.example:443")])
        };
        server.hears(connect(1));
        server.responds(1, 200, false);
        server.forget();
        server.hears(connect(3));
        server.must_reset(3, REFUSED_STREAM);
    });
}

/// RFC 7541 §7.1.3 and RFC 9113 §10.6: secrets are never indexed on the way out.
#[test]
fn secrets_are_sent_never_indexed() {
    lone::client(|client| {
        let mut fields = lone::fields(wire::GET);
        fields.push("authorization", "Basic c2VjcmV0");
        fields.push("cookie", "a=short");
        fields.push_sensitive("x-token", "abcdefgh");
        let head = h2_core::RequestHead::from_fields(fields).unwrap();
        let lengths: Vec<usize> = (0..2)
            .map(|_| {
                let head = head.clone();
                client.act(|conn| conn.send_request(head, End::Now)).unwrap();
                let said = client.says();
                let [Frame::Headers { block, fields, .. }] = &said[..] else { panic!("{said:?}") };
                assert_eq!(fields.len(), 7);
                // Never-indexed literals with a known name: 0001 and the index of the name.
                let authorization = wire::integer(0x10, 4, 23);
                let cookie = wire::integer(0x10, 4, 32);
                for prefix in [&authorization, &cookie] {
                    let found = block.windows(prefix.len()).any(|w| w == *prefix);
                    assert!(found, "{prefix:x?} in {block:x?}");
                }
                block.len()
            })
            .collect();
        // Whatever was indexed the first time is short the second; the secrets are not.
        assert!(lengths[1] > 8 + 8 + 6, "{lengths:?}");
    });
}
