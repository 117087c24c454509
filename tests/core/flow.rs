//! Flow control both ways: what is received is accounted for, what is sent keeps to the windows, and
//! nothing leaks.

use h2_tests::prelude::*;
use h2_tests::rng::Rng;

fn body(said: &[Frame]) -> usize {
    said.iter().map(|f| if let Frame::Data { data, .. } = f { data.len() } else { 0 }).sum()
}

/// Whatever mixture of good, padded, late, excessive and refused DATA arrives, and whatever the
/// application does, the connection's credit adds up: promised + unread + unannounced = target.
#[test]
fn no_mixture_of_data_leaks_credit() {
    for seed in 0..60 {
        let note = Note(format!("seed {seed}"));
        Setup::server().config(lone::narrow).run_once(|server| {
            let mut rng = Rng::new(seed);
            let mut unread = std::collections::BTreeMap::<u32, usize>::new();
            let mut next = 1;
            for _ in 0..400 {
                let stream = 1 + 2 * rng.below(next as usize / 2 + 1) as u32;
                let size = rng.small(0, 2_000);
                match rng.below(8) {
                    0 => {
                        server.hears(wire::post(next));
                        next += 2;
                    }
                    1..=3 if stream < next && unread.contains_key(&stream) => {
                        let padding = rng.below(256) as u8;
                        server.hears(wire::data_of(stream, size).padded(padding));
                    }
                    4 => {
                        let have = unread.get(&stream).copied().unwrap_or(0);
                        let some = rng.below(have + 1);
                        let released =
                            server.act(|c| c.acknowledge_received_data(id(stream), some));
                        assert_eq!(released, Ok(()));
                        unread.entry(stream).and_modify(|n| *n -= some);
                    }
                    5 if rng.one_in(3) => {
                        server.resets(stream.min(next), CANCEL);
                        unread.remove(&stream);
                        server.releases(stream);
                        if stream < next {
                            server.hears(wire::data_of(stream, size));
                        }
                    }
                    6 if rng.one_in(3) => {
                        server.act(|conn| conn.discard_received_data(id(stream)));
                        unread.remove(&stream);
                    }
                    _ => {}
                }
                for event in server.events() {
                    match event {
                        Event::RequestReceived { stream, .. } => {
                            unread.insert(stream.get(), 0);
                        }
                        Event::DataReceived { stream, data, .. } => {
                            *unread.entry(stream.get()).or_default() += data.len();
                        }
                        Event::StreamReset { stream, .. } => {
                            unread.remove(&stream.get());
                        }
                        _ => {}
                    }
                }
                if server.conn.close_reason().is_some() {
                    // The application read too little: that is a legal end of this run.
                    return;
                }
                let held: usize = unread.values().sum();
                let window = server.peer_may_send(0);
                let target = 65_535 - held as i64;
                assert!(window <= target, "{window} promised, {held} unread");
                assert!(window * 2 >= target - 1, "{window} promised, {held} unread");
            }
        });
        drop(note);
    }
}

/// The sender never exceeds what it was allowed, and in the end sends everything.
#[test]
fn whatever_the_windows_do_they_are_kept_and_the_body_arrives() {
    for seed in 0..40 {
        let note = Note(format!("seed {seed}"));
        let mut rng = Rng::new(seed);
        let mut initial = rng.small(0, 70_000) as i64;
        Setup::server().peer(&[(4, initial as u32)]).run_once(|server| {
            server.hears((wire::get(1), wire::get(3)));
            for stream in [1, 3] {
                server.responds(stream, 200, false);
            }
            let mut windows = [65_535, initial, initial];
            let mut left = [100_000_usize, 60_000];
            let mut ended = [false, false];
            for turn in 0.. {
                for (at, stream) in [(0, 1), (1, 3)] {
                    if left[at] > 0 {
                        let offer = rng.small(1, left[at]);
                        left[at] -= server.sends(stream, vec![b'b'; offer], offer == left[at]);
                    }
                }
                for frame in server.says() {
                    if let Frame::Data { stream, data, end } = frame {
                        let at = if stream == 1 { 1 } else { 2 };
                        windows[0] -= data.len() as i64;
                        windows[at] -= data.len() as i64;
                        assert!(data.is_empty() || windows[at] >= 0, "stream {stream}");
                        assert!(windows[0] >= 0, "connection");
                        ended[at - 1] |= end;
                    }
                }
                if ended == [true, true] {
                    break;
                }
                assert!(turn < 50_000, "left {left:?}, windows {windows:?}");
                match rng.below(4) {
                    0 => {
                        let new = rng.small(0, 70_000) as i64;
                        server.hears(wire::settings(&[(4, new as u32)]));
                        windows[1] += new - initial;
                        windows[2] += new - initial;
                        initial = new;
                    }
                    at => {
                        let more = rng.small(1, 9_000);
                        let stream = [0, 1, 3][at - 1];
                        if stream == 0 || !ended[at - 2] {
                            server.hears(wire::window_update(stream, more as u32));
                            windows[at - 1] += more as i64;
                        }
                    }
                }
                server.must_be_fine();
                // The peer forgives its own noise.
                server.passes(Duration::from_millis(10));
            }
        });
        drop(note);
    }
}

#[test]
fn a_stream_that_is_shut_does_not_stop_another() {
    Setup::server().peer(&[(4, 0)]).run(|server| {
        server.hears((wire::get(1), wire::get(3), wire::window_update(3, 50_000)));
        for stream in [1, 3] {
            server.responds(stream, 200, false);
            server.sends(stream, vec![0; 10_000], true);
        }
        assert_eq!(body(&server.says_on(3)), 10_000);
        assert_eq!(body(&server.says_on(1)), 0);
    });
}

/// R-A3.3: whoever keeps an octet of the window back, for streams that have nothing to send yet, waits
/// for such a peer for ever.
#[test]
fn a_peer_that_widens_its_windows_at_zero_alone_gets_the_whole_body() {
    Setup::client().run(|client| {
        for _ in 0..50 {
            client.requests("POST", false);
        }
        let stream = client.requests("POST", false);
        client.forget();
        let (mut given, mut arrived, mut window) = (0, 0, 65_535);
        while arrived < 1 << 20 {
            given += client.sends(stream, vec![7; (1 << 20) - given], false);
            let octets = body(&client.says());
            assert!(octets > 0, "it stands still with {window} octets left after {arrived}");
            (arrived, window) = (arrived + octets, window - octets);
            if window == 0 {
                client.hears((wire::window_update(0, 65_535), wire::window_update(stream, 65_535)));
                window = 65_535;
            }
        }
        client.must_be_fine();
    });
}

#[test]
fn credit_is_bounded_whatever_the_windows_are() {
    Setup::server().peer(&[(4, 0x7fff_ffff)]).run(|server| {
        server.hears((wire::get(1), wire::window_update(0, 0x7fff_ffff - 65_535)));
        server.peer_reads(false);
        server.responds(1, 200, false);
        let mut taken = 0;
        for _ in 0..100 {
            taken += server.sends(1, vec![0; 100_000], false);
        }
        // What a stream may have queued, and what is serialized ahead.
        assert!(taken <= 256 * 1024 + 96 * 1024 + 20_000, "{taken}");
        assert_eq!(server.conn.send_capacity(id(1)), 0);
        server.forget();
        server.peer_reads(true);
        let writable = |e: &Event| matches!(e, Event::Writable { .. });
        assert!(server.events().iter().any(writable), "room is told");
        assert!(server.conn.send_capacity(id(1)) > 0);
    });
}

#[test]
fn streams_always_have_their_own_credit_when_others_hoard() {
    Setup::server().config(|config| config.send_pool = 100_000).peer(&[(4, 0)]).run(|server| {
        for n in 0..100 {
            let stream = 2 * n + 1;
            server.hears(wire::get(stream));
            server.responds(stream, 200, false);
            assert!(server.conn.send_capacity(id(stream)) >= 16 * 1024);
            let taken = server.sends(stream, vec![0; 50_000], false);
            assert!(taken >= 16 * 1024, "stream {stream} got {taken}");
        }
    });
}

#[test]
fn a_window_can_be_widened_by_hand() {
    lone::server(|server| {
        server.hears(wire::post(1));
        server.forget();
        let before = server.peer_may_send(1);
        server.act(|conn| conn.increment_flow_control_window(Some(id(1)), 1_000)).unwrap();
        assert_eq!(server.says(), [Frame::WindowUpdate { stream: 1, increment: 1_000 }]);
        assert_eq!(server.peer_may_send(1), before + 1_000);
        for (stream, increment) in [(Some(id(1)), 0), (Some(id(1)), 0x7fff_ffff), (None, 0)] {
            let refused = server.act(|c| c.increment_flow_control_window(stream, increment));
            assert_eq!(refused, Err(Misuse::WindowOverflow));
        }
        let unknown = server.act(|c| c.increment_flow_control_window(Some(id(9)), 5));
        assert_eq!(unknown, Err(Misuse::NoSuchStream(id(9))));
        assert_eq!(server.says(), []);
        let now = server.peer_may_send(0);
        server.act(|conn| conn.increment_flow_control_window(None, 0x7f00_0000 / 2)).unwrap();
        assert!(server.peer_may_send(0) > now);
    });
}

#[test]
fn more_than_was_received_cannot_be_released() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::data_of(1, 100).padded(50)));
        server.acknowledges(1, 60);
        let refused = server.act(|conn| conn.acknowledge_received_data(id(1), 41));
        assert_eq!(refused, Err(Misuse::ReleasedTooMuch));
        server.acknowledges(1, 40);
        assert_eq!(
            server.act(|c| c.acknowledge_received_data(id(1), 1)),
            Err(Misuse::ReleasedTooMuch)
        );
        server.resets(1, CANCEL);
        assert_eq!(server.act(|c| c.acknowledge_received_data(id(1), 1)), Ok(()));
    });
}

/// With isolation, streams that nobody reads never stop another.
#[test]
fn unread_streams_do_not_stop_others() {
    Setup::server().config(|c| c.max_concurrent_streams = 16).run_once(|server| {
        for n in 0..15 {
            let stream = 2 * n + 1;
            server.hears(wire::post(stream));
            for _ in 0..4 {
                server.hears(wire::data_of(stream, 16_384));
            }
        }
        server.must_be_fine();
        server.forget();
        server.hears((wire::post(31), wire::data_of(31, 16_384), wire::data(31, "x").end_stream()));
        assert_eq!(server.told(), ["request 31 POST /", "data 31 16385 end"]);
    });
}

#[test]
fn isolation_raises_the_connection_window_to_all_streams_together() {
    let setup = Setup::server().config(|config| {
        config.max_concurrent_streams = 100;
        config.stream_window = 1_000_000;
        config.connection_window = 65_535;
    });
    setup.run(|server| assert!(server.peer_may_send(0) >= 100_000_000));
}

#[test]
fn no_limit_on_streams_shuts_their_windows() {
    for streams in [0, 1, 32_768, 32_769, 1_000_000, u32::MAX] {
        for window in [0, 1, 16_384, 65_535, 1 << 20, u32::MAX] {
            let mut config = Config::server();
            (config.max_concurrent_streams, config.stream_window) = (streams, window);
            config.max_outbound_streams = streams;
            let checked = config.checked();
            assert!(checked.stream_window >= window.min(65_535), "{streams} of {window}");
            assert!(checked.max_concurrent_streams >= streams.min(32_768), "{streams} of {window}");
            let all = u64::from(checked.stream_window) * u64::from(checked.max_concurrent_streams);
            assert!(all <= u64::from(checked.connection_window), "they are isolated");
        }
    }
    let mut config = Config::server();
    config.isolation = false;
    config.max_concurrent_streams = u32::MAX;
    assert_eq!(config.clone().checked().max_concurrent_streams, u32::MAX);
    assert_eq!(config.checked().stream_window, 64 * 1024);
}

#[test]
fn raising_our_initial_window_widens_open_streams_at_the_acknowledgement() {
    lone::server(|server| {
        server.hears((wire::post(1), wire::data_of(1, 1_000)));
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 100_000)).unwrap();
        assert_eq!(server.peer_may_send(1), 65_536 - 1_000);
        server.hears(wire::settings_ack());
        assert_eq!(server.peer_may_send(1), 100_000 - 1_000);
        server.hears(wire::post(3));
        assert_eq!(server.peer_may_send(3), 100_000);
    });
}

/// Credit that was too little to announce in a large window is much in a small one: without it the
/// peer, whose window is below zero, would wait for ever.
#[test]
fn credit_released_before_a_window_shrinks_is_announced_once_it_has() {
    Setup::server().config(|config| config.stream_window = 100).unacknowledged().run(|server| {
        server.hears((wire::post(1), wire::data_of(1, 1_000)));
        server.acknowledges(1, 1_000);
        server.forget();
        server.hears(wire::settings_ack());
        assert_eq!(server.says_on(1), [Frame::WindowUpdate { stream: 1, increment: 1_000 }]);
        assert_eq!(server.peer_may_send(1), 100);
    });
    lone::server(|server| {
        server.hears((wire::post(1), wire::data_of(1, 10_000)));
        server.acknowledges(1, 10_000);
        server.act(|conn| conn.update_settings(|s| s.initial_window_size = 5_000)).unwrap();
        server.forget();
        server.hears(wire::settings_ack());
        assert!(server.peer_may_send(1) >= 2_500, "{}", server.peer_may_send(1));
    });
}

/// Each announcement is a write that wakes the peer, and what it already may send it needs not be
/// allowed once more.
#[test]
fn a_stream_is_given_no_credit_that_its_length_says_it_needs_not() {
    lone::server(|server| {
        let head =
            |stream, length| wire::headers(stream, &wire::post_and(&[("content-length", length)]));
        let updates = |server: &mut Lone, stream, octets, padding| {
            for _ in 0..4 {
                let frame = wire::data_of(stream, octets);
                server.hears(if padding > 0 { frame.padded(padding) } else { frame });
                server.acknowledges(stream, octets);
            }
            server.must_be_fine();
            let update = |f: &&Frame| matches!(f, Frame::WindowUpdate { .. });
            server.says_on(stream).iter().filter(update).count()
        };
        server.hears((head(1, "65536"), head(3, "65537"), wire::post(5), head(7, "65536")));
        server.forget();
        assert_eq!(updates(server, 1, 16_000, 0), 0, "the window holds all of it");
        assert_eq!(updates(server, 3, 16_000, 0), 1, "one octet more than the window holds");
        assert_eq!(updates(server, 5, 16_000, 0), 1, "nobody knows what is to come");
        server.hears(wire::data_of(1, 1_536));
        let update = Frame::WindowUpdate { stream: 1, increment: 64_000 };
        assert_eq!(
            server.says_on(1),
            [update],
            "whoever ends it later may want a window to do that"
        );
        assert_eq!(updates(server, 7, 16_000, 1), 1, "padding needs some beyond the length");
    });
}
