//! What the numbers of `stats` and `stream_stats` say, checked against a count by hand.

use h2_core::{Limit, Stats};
use h2_tests::prelude::*;
use h2_tests::wire;

#[test]
fn frames_are_counted_by_type_both_ways() {
    lone::server(|server| {
        let before = server.conn.stats();
        assert_eq!((before.received.settings, before.sent.settings), (2, 2));
        server.hears((wire::post(1), wire::data(1, "abc"), wire::ping([1; 8])));
        server.hears((wire::settings(&[]), wire::window_update(0, 1), wire::raw(0xbe, 0, 0, b"")));
        server.hears(wire::split(3, &wire::block(wire::POST), &[2, 2], false));
        server.hears((wire::rst(3, 8_u32), wire::priority(1, 0, 1)));
        server.responds(1, 200, false);
        server.sends(1, vec![0; 20_000], true);
        server.resets(1, CANCEL);
        let Stats { received, sent, .. } = server.conn.stats();
        let received =
            (received.data, received.headers, received.continuation, received.ping, received.other);
        assert_eq!(received, (1, 2, 2, 1, 1));
        let stats = server.conn.stats();
        assert_eq!(stats.received.settings + stats.received.window_update, 4);
        assert_eq!((stats.received.rst_stream, stats.received.priority), (1, 1));
        assert_eq!((sent.headers, sent.data, sent.ping, sent.settings), (1, 2, 1, 3));
        // The request was not complete, so what ended the stream is our RST_STREAM.
        assert_eq!(sent.rst_stream, 1);
        assert_eq!(sent.total(), 8 + sent.window_update);
    });
}

#[test]
fn header_octets_give_the_ratio_of_compression_both_ways() {
    lone::server(|server| {
        let fresh = server.conn.stats();
        assert_eq!((fresh.hpack_ratio_received(), fresh.hpack_ratio_sent()), (None, None));
        let block = wire::block(wire::GET);
        server.hears(wire::headers_of(1, &block).end_stream().padded(9));
        server.responds_with(1, 200, &[("x", "y")], true);
        let sent = server.says().into_iter().find_map(|frame| match frame {
            Frame::Headers { block, .. } => Some(block.len() as u64),
            _ => None,
        });
        let stats = server.conn.stats();
        let list: usize = wire::GET.iter().map(|(n, v)| n.len() + v.len() + 32).sum();
        assert_eq!(stats.header_octets_received, block.len() as u64);
        assert_eq!(stats.header_list_size_received, list as u64);
        assert_eq!(Some(stats.header_octets_sent), sent);
        assert_eq!(stats.header_list_size_sent, (7 + 3 + 32) + (1 + 1 + 32));
        assert_eq!(stats.hpack_ratio_received(), Some(block.len() as f64 / list as f64));
        assert_eq!(stats.hpack_ratio_sent(), sent.map(|octets| octets as f64 / 76.0));
    });
}

#[test]
fn octets_that_wait_are_counted_where_they_wait() {
    Setup::server().peer(&[(4, 10)]).run(|server| {
        server.hears((wire::post(1), wire::data(1, "abc").padded(4)));
        server.responds(1, 200, false);
        assert_eq!(server.sends(1, vec![0; 100], false), 100);
        let stats = server.conn.stats();
        assert_eq!((stats.queued, stats.unread, stats.outbox), (90, 3, 0));
        let stream = server.conn.stream_stats(id(1)).unwrap();
        assert_eq!((stream.queued, stream.unread, stream.send_window), (90, 3, 0));
        assert_eq!(stream.receive_window, 64 * 1024 - 8, "padding comes back when it pays");
        assert_eq!(stream.moved, 10 + 8);
        server.peer_reads(false);
        server.hears(wire::window_update(1, 50));
        let stats = server.conn.stats();
        assert_eq!((stats.queued, stats.outbox), (40, 59));
        assert_eq!((stats.held_streams, stats.open_inbound_streams), (1, 1));
        server.peer_reads(true);
        server.resets(1, CANCEL);
        server.releases(1);
        let stats = server.conn.stats();
        assert_eq!((stats.queued, stats.unread, stats.outbox), (0, 0, 0));
        assert_eq!(server.conn.stream_stats(id(1)), None);
        server.must_live();
    });
}

#[test]
fn a_connection_that_ended_has_nothing_queued() {
    Setup::server().peer(&[(4, 1_000_000)]).run(|server| {
        server.hears(wire::get(1));
        server.responds(1, 200, false);
        server.sends(1, vec![0; 100_000], true);
        assert!(server.conn.stats().pool_used > 0);
        assert_eq!(server.conn.stats().stalls.connection_window.open, 1);
        server.act(|conn| conn.close_connection(CANCEL, ""));
        let stats = server.conn.stats();
        assert_eq!((stats.queued, stats.pool_used, stats.stalls.connection_window.open), (0, 0, 0));
        let stream = server.conn.stream_stats(id(1)).unwrap();
        assert_eq!(stream.send_blocked, None);
    });
}

#[test]
fn resets_are_counted_by_who_caused_them() {
    let setup = Setup::server().config(|config| config.max_concurrent_streams = 4);
    setup.run(|server| {
        server.hears((wire::post(1), wire::post(3), wire::post(5), wire::post(7)));
        server.hears(wire::get(9)); // refused
        server.hears(wire::rst(1, 8_u32));
        server.resets(3, CANCEL);
        server.resets(3, CANCEL);
        server.hears(wire::window_update(5, 0)); // against §6.9
        let bad = wire::headers(11, &wire::get_and(&[("Bad", "")]));
        server.hears(bad.end_stream());
        let resets = server.conn.stats().resets;
        let counts = (resets.by_peer, resets.by_us, resets.by_violation, resets.refused);
        assert_eq!(counts, (1, 1, 2, 1));
    });
    lone::client(|client| {
        let first = client.requests("GET", true);
        client.requests("GET", true);
        client.hears(wire::goaway(first, 0_u32, b""));
        assert_eq!(client.conn.stats().resets.not_processed, 1);
    });
}

#[test]
fn buckets_show_their_level_and_warn_once_before_they_are_empty() {
    let setup = Setup::server().config(|config| {
        config.glitch_bucket = Some(h2_core::Bucket { burst: 10, per_second: 1 });
    });
    setup.run(|server| {
        let near = |server: &mut Lone| {
            let events = server.events().into_iter();
            let near = events.filter(|event| matches!(event, Event::LimitNear { .. }));
            near.collect::<Vec<_>>()
        };
        for _ in 0..8 {
            server.hears(wire::priority(1, 0, 1));
        }
        assert_eq!(near(server), [], "a fifth is left");
        assert_eq!(server.conn.stats().glitch_tokens, Some(2));
        assert_eq!(server.conn.stats().glitch_bucket.map(|bucket| bucket.burst), Some(10));
        server.hears(wire::priority(1, 0, 1));
        let warning = Event::LimitNear { limit: Limit::Glitches, left: 1, of: 10 };
        assert_eq!(near(server), [warning]);
        server.hears(wire::priority(1, 0, 1));
        assert_eq!(near(server), [], "once");
        let stats = server.conn.stats();
        assert_eq!((stats.glitches, stats.last_glitch), (10, Some("priority")));
        // It fills up and comes near again.
        server.passes(Duration::from_secs(10));
        for _ in 0..9 {
            server.hears(wire::priority(1, 0, 1));
        }
        assert_eq!(near(server).len(), 1);
        server.must_be_fine();
    });
}

#[test]
fn a_warning_comes_before_the_end_even_when_one_frame_brings_both() {
    let setup = Setup::server().config(|config| {
        config.reset_bucket = Some(h2_core::Bucket { burst: 1, per_second: 0 });
    });
    setup.run(|server| {
        server.hears((wire::post(1), wire::post(3), wire::rst(1, 8_u32), wire::rst(3, 8_u32)));
        let events = server.events();
        let at = |find: fn(&Event) -> bool| events.iter().position(find);
        let warned = at(|e| matches!(e, Event::LimitNear { limit: Limit::Resets, left: 0, of: 1 }));
        let closed = at(|e| matches!(e, Event::ConnectionClosed { .. }));
        assert!(warned.is_some() && warned < closed, "{events:?}");
        assert_eq!(closed, Some(events.len() - 1));
    });
}
