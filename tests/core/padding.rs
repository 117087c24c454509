//! Padding as a policy: it hides lengths, costs window, and changes nothing else (RFC 9113 §10.7).

use h2_core::Padding;
use h2_tests::prelude::*;

/// Heads of the frames in some octets: type, flags, length of the payload, and its first octet.
fn frames(octets: &[u8]) -> Vec<(u8, u8, usize, u8)> {
    let mut frames = Vec::new();
    let mut rest = octets;
    while let Some(head) = rest.get(..9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        frames.push((head[3], head[4], length, rest.get(9).copied().unwrap_or(0)));
        rest = &rest[9 + length..];
    }
    frames
}

/// What the connection would write, without the writing.
fn output(lone: &mut Lone) -> Vec<u8> {
    let now = lone.now;
    lone.conn.data_to_send(now).peek_owned(usize::MAX).concat()
}

fn padding(policy: Padding) -> Setup {
    Setup::server().config(|config| config.padding = policy)
}

#[test]
fn every_frame_of_a_message_is_a_multiple_of_what_was_asked_for() {
    padding(Padding::ToMultipleOf(64)).run(|server| {
        server.hears((wire::get(1), wire::get(3)));
        server.forget();
        server.peer_reads(false);
        server.responds_with(1, 200, &[("x-name", "value")], false);
        server.sends(1, vec![b'x'; 20_000], false);
        server.sends(1, "a", true);
        server.responds(3, 200, false);
        server.act(|conn| conn.end_stream(id(3))).unwrap();
        let octets = output(server);
        let seen = frames(&octets);
        assert!(seen.len() >= 5, "{seen:?}");
        for (kind, flags, length, pad) in seen {
            assert!(matches!(kind, wire::DATA | wire::HEADERS), "{kind}");
            assert_eq!(flags & wire::PADDED, wire::PADDED, "{kind}");
            assert_eq!(length % 64, 0, "frame of type {kind} with {pad} octets of padding");
            assert!(length <= 16_384);
        }
        server.peer_reads(true);
        let sent: usize = server
            .says_on(1)
            .iter()
            .map(|f| if let Frame::Data { data, .. } = f { data.len() } else { 0 })
            .sum();
        assert_eq!(sent, 20_001, "the body is what it was");
        assert!(matches!(server.says_on(3).last(), Some(Frame::Data { end: true, .. })));
    });
}

#[test]
fn padding_and_its_length_cost_window_on_both_levels() {
    padding(Padding::ToMultipleOf(256)).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        let before = (server.may_send(0), server.may_send(1));
        server.sends(1, "ten octets", false);
        assert_eq!(server.may_send(0), before.0 - 256);
        assert_eq!(server.may_send(1), before.1 - 256);
    });
}

#[test]
fn padding_never_takes_more_window_than_there_is() {
    for window in 1..=14 {
        padding(Padding::ToMultipleOf(256)).peer(&[(4, window)]).run(|server| {
            server.hears(wire::get(1));
            server.responds(1, 200, false);
            server.forget();
            server.sends(1, "ten octets", true);
            for _ in 0..40 {
                assert!((0..=i64::from(window)).contains(&server.may_send(1)));
                if server.conn.open_inbound_streams() == 0 {
                    break;
                }
                server.hears(wire::window_update(1, 1));
                if server.conn.has_unsent(id(1)) {
                    assert_eq!(server.may_send(1), 0, "what there is, is used");
                }
            }
            let said = server.says_on(1);
            let sent: Vec<u8> = said
                .iter()
                .flat_map(|f| if let Frame::Data { data, .. } = f { data.clone() } else { vec![] })
                .collect();
            assert_eq!(sent, b"ten octets");
            let ends = said.iter().filter(|f| matches!(f, Frame::Data { end: true, .. })).count();
            assert_eq!(ends, 1, "the stream ends once");
            assert!(matches!(said.last(), Some(Frame::Data { end: true, .. })), "{said:?}");
        });
    }
}

#[test]
fn an_empty_end_goes_out_without_padding_when_the_window_is_shut() {
    padding(Padding::UpTo(255)).peer(&[(4, 0)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.forget();
        server.act(|conn| conn.end_stream(id(1))).unwrap();
        assert!(matches!(server.says()[..], [Frame::Data { end: true, .. }]));
        assert_eq!(server.may_send(0), 65_535);
    });
}

#[test]
fn random_padding_follows_from_the_seed() {
    let lengths = |seed| {
        let setup = padding(Padding::UpTo(100)).config(|config| config.seed = seed);
        let mut server = setup.start(lone::Delivery::Whole);
        server.hears(wire::get(1));
        server.peer_reads(false);
        server.responds(1, 200, false);
        for _ in 0..20 {
            server.sends(1, "x", false);
        }
        let octets = output(&mut server);
        frames(&octets).iter().map(|frame| frame.2).collect::<Vec<_>>()
    };
    assert_eq!(lengths(1), lengths(1));
    assert_ne!(lengths(1), lengths(2));
    assert!(lengths(1).windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn a_head_that_needs_more_than_one_frame_is_not_padded() {
    padding(Padding::UpTo(255)).run(|server| {
        server.hears(wire::get(1));
        let long = "v".repeat(30_000);
        server.responds_with(1, 200, &[("x-long", &long)], true);
        let said = server.says_on(1);
        assert_eq!(said[0].field("x-long").map(str::len), Some(30_000));
    });
}

#[test]
fn requests_and_promises_are_padded_too() {
    let setup = Setup::client().config(|config| config.padding = Padding::ToMultipleOf(128));
    setup.run(|client| {
        client.peer_reads(false);
        client.requests("GET", true);
        let octets = output(client);
        let heads = frames(&octets);
        assert_eq!((heads[0].0, heads[0].2 % 128), (wire::HEADERS, 0));
        client.peer_reads(true);
        assert_eq!(client.says()[0].field(":method"), Some("GET"));
    });
    padding(Padding::ToMultipleOf(128)).peer(&[(2, 1)]).run(|server| {
        server.hears(wire::get(1));
        server.forget();
        server.peer_reads(false);
        server.act(|conn| conn.push_stream(id(1), lone::request("GET", &[]))).unwrap();
        let octets = output(server);
        let heads = frames(&octets);
        assert_eq!((heads[0].0, heads[0].2 % 128), (wire::PUSH_PROMISE, 0));
        assert_eq!(heads[0].1 & wire::PADDED, wire::PADDED);
    });
}
