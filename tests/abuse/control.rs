//! Control frames in numbers: each has an answer, and somebody must take it.

use h2_tests::prelude::*;

use crate::victim::{self, DEAF, POLITE, Victim, get, odd, open};

const KIB: usize = 1024;

#[test]
fn t_ping_1_pings_whose_answers_nobody_takes_stop_the_reading() {
    let mut server = victim::server(DEAF);
    for n in 0..1_000_u64 {
        server.hears(wire::ping(n.to_be_bytes()));
    }
    assert!(!server.is_closed());
    let consumed = 1_000 - server.unconsumed() / 17;
    assert!(consumed <= 33, "{consumed} consumed");
    assert!(server.grown() <= 8 * KIB, "{}", server.grown());
    server.manners = POLITE;
    server.settle();
    let expected: Vec<Frame> = (0..1_000_u64).map(|n| Frame::Pong(n.to_be_bytes())).collect();
    assert!(server.said == expected, "all answers come, in order");
}

#[test]
fn t_ping_2_pings_without_purpose_end_by_the_bucket() {
    let mut server = victim::server(POLITE);
    let borne = server.bears(20_000, |_| wire::ping([1; 8]).octets());
    assert!((10_000..=10_001).contains(&borne), "{borne}");
    drop(server);
    let mut server = victim::server(POLITE);
    server.keeps = false;
    for _ in 0..10_000 {
        for _ in 0..3 {
            server.hears(wire::ping([1; 8]));
        }
        server.passes(Duration::from_millis(10));
    }
    assert!(!server.is_closed(), "300 a second are borne");
}

#[test]
fn t_ping_3_pings_between_data_are_free() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears(open(1));
    for _ in 0..30_000 {
        server.hears((wire::data(1, "x"), wire::ping([2; 8])));
    }
    assert!(!server.is_closed());
}

#[test]
fn t_set_1_settings_end_by_the_bucket_or_stop_the_reading() {
    let mut server = victim::server(POLITE);
    let borne = server.bears(20_000, |_| wire::settings(&[]).octets());
    assert_eq!(borne, 10_000);
    drop(server);
    let mut server = victim::server(DEAF);
    for _ in 0..1_000 {
        server.hears(wire::settings(&[(4, 70_000)]));
    }
    let consumed = 1_000 - server.unconsumed() / 15;
    assert!(consumed <= 5, "{consumed} consumed");
    assert!(server.grown() <= 8 * KIB, "{}", server.grown());
}

#[test]
fn t_set_3_windows_that_open_and_close_all_the_time_stay_right() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears(wire::settings(&[(4, 0)]));
    for n in 0..128 {
        server.hears(get(odd(n)));
        server.conn.send_response(id(odd(n)), lone::response(200, &[]), End::Later).unwrap();
        let mut body = Bytes::from_static(&[7; 10]);
        server.conn.send_data(id(odd(n)), &mut body, End::Later).unwrap();
    }
    server.told = 0;
    for _ in 0..4_000 {
        server.hears((wire::settings(&[(4, 65_535)]), wire::settings(&[(4, 0)])));
    }
    assert!(!server.is_closed());
    for n in 0..128 {
        // Both fit between two SETTINGS, or none was cut: what was sent was paid for.
        let window = server.conn.local_flow_control_window(Some(id(odd(n)))).unwrap();
        assert!(window == 0 || window == -10, "{window}");
    }
}

#[test]
fn t_set_6_limits_of_nothing_are_borne() {
    let mut client = Victim::new(Config::client(), false, POLITE, &[(3, 0), (6, 0), (4, 0)]);
    for _ in 0..10 {
        assert!(client.conn.send_request(lone::request("GET", &[]), End::Now).is_err());
    }
    client.settle();
    assert_eq!(client.written, 0);
    client.hears(wire::settings(&[(3, 5)]));
    let refused = client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap_err();
    assert!(matches!(refused.why, Misuse::FieldSectionTooLarge { limit: 0, .. }));
    client.hears(wire::settings(&[(6, 10_000)]));
    client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
    assert!(!client.is_closed());
}

#[test]
fn t_prio_priority_builds_nothing_and_ends_by_the_bucket() {
    let grown = victim::least(|| {
        let mut server = victim::server(POLITE);
        let borne = server.bears(20_000, |n| wire::priority(odd(n), 0, 16).octets());
        assert_eq!(borne, 10_000);
        server.grown()
    });
    assert!(grown <= 2 * KIB, "{grown}");
    let mut server = victim::server(POLITE);
    for n in 0..128 {
        server.hears(open(odd(n)));
        for _ in 0..64 {
            server.hears(wire::priority(odd(n), 0, 16));
        }
    }
    assert!(!server.is_closed());
}

#[test]
fn t_unk_every_type_with_every_length_on_every_stream_has_a_reaction() {
    let flags = [0, 0x1, 0x4, 0x5, 0x8, 0x20, 0x2d, 0xff];
    let streams = [0, 1, 3, 5, 7, 9, 2, 0x8000_0003];
    for kind in (0..=0x11).chain([0x42, 0xfe, 0xff]) {
        for flags in flags {
            for stream in streams {
                for length in [0, 1, 4, 5, 6, 8, 255] {
                    let mut server = victim::server(POLITE);
                    // 1: closed; 3: open; 5: half-closed; 7: reset by us; 9: idle.
                    server.hears((get(1), open(3), get(5), open(7)));
                    server.conn.send_response(id(1), lone::response(200, &[]), End::Now).unwrap();
                    server.conn.release_stream(id(1));
                    server.conn.reset_stream(id(7), CANCEL);
                    server.settle();
                    server.forget();
                    server.hears(wire::raw(kind, flags, stream, &vec![0; length]));
                    if kind > 0x11 {
                        assert!(!server.is_closed() && server.said.is_empty());
                    }
                    if server.is_closed() {
                        let graceful = server.code() == Some(NO_ERROR);
                        assert!(graceful || server.said.len() == 1, "{:?}", server.said);
                    } else {
                        assert!(server.said.len() <= 3, "{:?}", server.said);
                    }
                }
            }
        }
    }
}

#[test]
fn t_goaway_a_flood_of_goodbyes_ends_by_the_bucket() {
    let mut client = victim::client(POLITE);
    for _ in 0..3 {
        client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
    }
    client.settle();
    let borne = client.bears(20_000, |n| wire::goaway(5 + 2 * n, NO_ERROR, &[b'd'; 300]).octets());
    assert!((10_000..=10_001).contains(&borne), "{borne}");
    assert_eq!(client.code(), Some(ENHANCE_YOUR_CALM));
}

#[test]
fn t_wu_1_window_updates_for_nothing_end_by_the_bucket() {
    let mut server = victim::server(POLITE);
    server.hears(open(1));
    let borne = server.bears(30_000, |_| wire::window_update(1, 1).octets());
    assert!((10_900..=11_200).contains(&borne), "{borne}");
}

#[test]
fn t_wu_2_a_body_that_is_let_through_octet_by_octet_arrives() {
    let mut server = victim::server(POLITE);
    server.hears((wire::settings(&[(4, 0)]), get(1)));
    server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
    let mut body = Bytes::from(vec![1; 20_000]);
    server.conn.send_data(id(1), &mut body, End::Now).unwrap();
    server.settle();
    server.forget();
    for n in 1..=20_000 {
        server.hears(wire::window_update(1, 1));
        assert_eq!(server.said.len(), 1, "one DATA for one WINDOW_UPDATE, {n}");
        let last = server.said.pop();
        assert!(
            matches!(last, Some(Frame::Data { end, .. }) if end == (n == 20_000)),
            "{n}: {last:?}"
        );
        if !body.is_empty() {
            server.conn.send_data(id(1), &mut body, End::Now).unwrap();
        }
    }
    assert!(!server.is_closed());
}

#[test]
fn t_pre_what_is_no_http2_costs_nothing() {
    for octets in [&b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..], &[0x16; 600], &[0; 600]] {
        Setup::server().fresh().run_once(|server| {
            server.hears(octets);
            assert!(server.conn.close_reason().is_some());
        });
    }
}

#[test]
fn t_ping_4_answers_to_nothing_are_ignored_and_counted() {
    let mut server = victim::server(POLITE);
    let before = server.conn.stats().glitch_tokens.unwrap();
    for n in 1..=100 {
        server.hears(wire::pong([7; 8]));
        assert_eq!(server.conn.stats().glitch_tokens, Some(before - n));
    }
    assert!(!server.is_closed() && server.said.is_empty() && server.told == 0);
}

#[test]
fn t_set_2_a_frame_has_64_settings_at_most() {
    for (entries, borne) in [(64, true), (65, false), (2_400, false)] {
        let mut server = victim::server(POLITE);
        server.hears(wire::settings(&vec![(0xf0f0, 1); entries]));
        assert_eq!(!server.is_closed(), borne, "{entries}");
        assert_eq!(server.code(), (!borne).then_some(ENHANCE_YOUR_CALM));
    }
}

/// A value out of range ends the connection before it is stored, and no loop is made with it
/// (CVE-2026-33814).
#[test]
fn t_set_4_values_out_of_range_are_not_taken_over() {
    let both = [
        (2, 2, PROTOCOL_ERROR),
        (4, 0x8000_0000, FLOW_CONTROL_ERROR),
        (5, 0, PROTOCOL_ERROR),
        (5, 16_383, PROTOCOL_ERROR),
        (5, 0x0100_0000, PROTOCOL_ERROR),
        (8, 2, PROTOCOL_ERROR),
        (9, 2, PROTOCOL_ERROR),
    ];
    for (setting, value, code) in both {
        for of_server in [true, false] {
            let mut victim =
                if of_server { victim::server(POLITE) } else { victim::client(POLITE) };
            let before = victim.conn.remote_settings().clone();
            victim.hears(wire::settings(&[(setting, value)]));
            assert_eq!(victim.code(), Some(code), "{setting:#x} {value}");
            assert_eq!(*victim.conn.remote_settings(), before);
            victim.must_be_over();
        }
    }
    let mut client = victim::client(POLITE);
    client.hears(wire::settings(&[(2, 1)]));
    assert_eq!(client.code(), Some(PROTOCOL_ERROR), "a server that takes pushes");
    drop(client);
    let mut client = victim::client(POLITE);
    client.hears((wire::settings(&[(8, 1)]), wire::settings(&[(8, 0)])));
    assert_eq!(client.code(), Some(PROTOCOL_ERROR), "extended CONNECT taken back");
}

#[test]
fn t_set_5_sending_resumes_exactly_above_zero() {
    let mut server = Victim::new(Config::server(), true, POLITE, &[(4, 1_000)]);
    server.hears(get(1));
    server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
    let mut body = Bytes::from(vec![0; 2_000]);
    server.conn.send_data(id(1), &mut body, End::Now).unwrap();
    server.settle();
    server.hears(wire::settings(&[(4, 100)]));
    let sent = |server: &mut Victim| {
        let data = |f: &Frame| if let Frame::Data { data, .. } = f { data.len() } else { 0 };
        let sum: usize = server.said.iter().map(data).sum();
        server.forget();
        sum
    };
    assert_eq!(sent(&mut server), 1_000);
    assert_eq!(server.conn.local_flow_control_window(Some(id(1))), Ok(-900));
    server.hears(wire::window_update(1, 900));
    assert_eq!(sent(&mut server), 0);
    server.hears(wire::window_update(1, 1));
    assert_eq!(sent(&mut server), 1);
}

/// The goodbye of a client is about what we would open, and ends none of its requests; of a long
/// farewell little is kept.
#[test]
fn t_goaway_a_client_that_says_goodbye_is_served() {
    let mut server = victim::server(POLITE);
    server.hears((open(1), wire::goaway(0, NO_ERROR, &[b'd'; 16_000]), wire::data(1, "x")));
    assert!(!server.is_closed());
    let kept = server.events.iter().find_map(|event| match event {
        Event::GoAwayReceived { debug, .. } => Some(debug.len()),
        _ => None,
    });
    assert!(kept.is_some_and(|kept| kept <= 256), "{kept:?}");
    assert!(server.events.iter().any(|event| matches!(event, Event::DataReceived { .. })));
    server.conn.send_response(id(1), lone::response(200, &[]), End::Now).unwrap();
    server.settle();
    assert!(server.said.iter().any(|f| matches!(f, Frame::Headers { stream: 1, .. })));
}

#[test]
fn t_wu_3_increments_are_31_bits_and_neither_nothing_nor_too_much() {
    let mut server = victim::server(POLITE);
    server.hears((get(1), wire::window_update(0, 0x8000_0001)));
    assert_eq!(server.conn.local_flow_control_window(None), Ok(65_536));
    server.hears(wire::window_update(0, 0x7fff_ffff));
    assert_eq!(server.code(), Some(FLOW_CONTROL_ERROR));
    drop(server);
    for increment in [0, 0x8000_0000] {
        let mut server = victim::server(POLITE);
        server.hears(wire::window_update(0, increment));
        assert_eq!(server.code(), Some(PROTOCOL_ERROR));
    }
}

#[test]
fn t_pre_a_preface_that_is_wrong_anywhere_or_never_ends_is_the_end() {
    for at in 0..wire::PREFACE.len() {
        Setup::server().fresh().run(|server| {
            let mut preface = wire::preface();
            preface[at] ^= 1;
            server.hears(preface);
            assert!(server.conn.close_reason().is_some(), "octet {at}");
        });
    }
    let rows: [(&str, &dyn Wire); 3] = [
        ("SETTINGS ack first", &(wire::preface(), wire::settings_ack())),
        ("PING first", &(wire::preface(), wire::ping([0; 8]))),
        ("a request first", &(wire::preface(), get(1))),
    ];
    for (name, octets) in rows {
        Setup::server().fresh().run(|server| {
            server.hears(octets);
            assert_eq!(server.conn.close_reason().map(|r| r.code), Some(PROTOCOL_ERROR), "{name}");
        });
    }
    Setup::server().fresh().run_once(|server| {
        for octet in &wire::PREFACE[..9] {
            server.hears(vec![*octet]);
            server.passes(Duration::from_secs(1));
            assert!(server.conn.close_reason().is_none());
        }
        server.passes(Duration::from_secs(1));
        assert!(server.conn.close_reason().is_some());
    });
}
