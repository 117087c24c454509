//! DATA that is small, empty, padded, late or too much.

use h2_tests::prelude::*;

use crate::victim::{self, ASLEEP, HOARDING, Manners, POLITE, Victim, get, odd, open};

const KIB: usize = 1024;

#[test]
fn t_data_1_octets_one_by_one_that_nobody_reads_are_bounded() {
    let mut server = victim::server(ASLEEP);
    server.hears(open(1));
    for _ in 0..65_535 {
        server.hears(wire::data(1, "x"));
        if server.unconsumed() > 4 * KIB {
            break;
        }
    }
    assert!(!server.is_closed());
    assert!(server.grown() <= 2 * 65_535 + 4 * KIB, "{}", server.grown());
    drop(server);
    let mut server = victim::server(HOARDING);
    server.keeps = false;
    server.hears(open(1));
    server.measure_from_here();
    for _ in 0..65_535 {
        server.hears(wire::data(1, "x"));
    }
    assert!(!server.is_closed(), "small DATA is never an offence");
    assert!(server.grown() <= 16 * KIB, "{}", server.grown());
}

#[test]
fn t_data_2_empty_data_ends_by_the_bucket_and_wakes_nobody() {
    let grown = victim::least(|| {
        let mut server = victim::server(POLITE);
        server.hears(open(1));
        server.forget();
        server.measure_from_here();
        let borne = server.bears(20_000, |_| wire::data(1, "").octets());
        assert_eq!(borne, 10_000);
        assert_eq!(server.told, 2, "nothing but the warning and the end");
        server.grown()
    });
    assert!(grown <= 2 * KIB, "{grown}");
}

#[test]
fn t_data_3_padding_that_is_all_there_is_costs_no_window() {
    for padding in [255, 0] {
        let mut server = victim::server_with(POLITE, lone::narrow);
        server.hears(open(1));
        for _ in 0..9_999 {
            server.hears(wire::data(1, "").padded(padding));
        }
        assert!(!server.is_closed());
        assert_eq!(server.resets(FLOW_CONTROL_ERROR), 0);
        for stream in [None, Some(id(1))] {
            let window = server.conn.remote_flow_control_window(stream).unwrap();
            assert!(window >= 32_767, "{stream:?}: {window}");
        }
    }
}

#[test]
fn t_data_4_late_data_in_any_amount_costs_nothing() {
    let grown = victim::least(|| {
        let mut server = victim::server_with(POLITE, |config| {
            lone::narrow(config);
            config.max_concurrent_streams = 1;
        });
        server.keeps = false;
        server.hears((open(1), open(3)));
        server.conn.reset_stream(id(1), CANCEL);
        server.settle();
        server.measure_from_here();
        for _ in 0..2_000 {
            server.hears((wire::data_of(1, 16_000), wire::data_of(3, 16_000)));
        }
        assert!(!server.is_closed());
        server.grown()
    });
    assert!(grown <= 4 * KIB, "{grown}");
}

#[test]
fn t_send_1_what_is_queued_behind_closed_windows_is_bounded() {
    let mut server = Victim::new(Config::server(), true, POLITE, &[(4, 0)]);
    server.keeps = false;
    let body = Bytes::from(vec![0; 1 << 20]);
    let mut taken = 0;
    for n in 0..128 {
        server.hears(get(odd(n)));
        server.conn.send_response(id(odd(n)), lone::response(200, &[]), End::Later).unwrap();
        for _ in 0..4 {
            let mut offer = body.clone();
            taken += server.conn.send_data(id(odd(n)), &mut offer, End::Later).unwrap();
            server.settle();
        }
    }
    assert!(taken <= (1 << 20) + 128 * 16 * KIB, "{taken}");
    assert!(taken >= 128 * 16 * KIB, "{taken}");
}

#[test]
fn t_send_2_a_reset_behind_a_closed_window_goes_out_at_once_and_frees_the_queue() {
    let mut server = Victim::new(Config::server(), true, POLITE, &[(4, 0)]);
    server.hears((get(1), get(3)));
    server.measure_from_here();
    for stream in [1, 3] {
        server.conn.send_response(id(stream), lone::response(200, &[]), End::Later).unwrap();
        let mut body = Bytes::from(vec![0; 16 * KIB]);
        server.conn.send_data(id(stream), &mut body, End::Later).unwrap();
    }
    server.settle();
    let before = server.holds();
    assert!(before >= 32 * KIB, "{before}");
    server.forget();
    server.conn.reset_stream(id(1), CANCEL);
    server.settle();
    assert_eq!(server.said, [Frame::Reset { stream: 1, code: 8 }]);
    assert!(server.holds() + 15 * KIB <= before, "{} of {before}", server.holds());
}

/// What goes to streams that are over, refused or given up comes back to the connection.
#[test]
fn t_data_4_data_that_nobody_takes_is_given_back_wherever_it_went() {
    let tokens = |server: &Victim| {
        let stats = server.conn.stats();
        (stats.reset_tokens, stats.glitch_tokens)
    };
    let flood = |server: &mut Victim, stream| {
        let before = tokens(server);
        for _ in 0..64 {
            server.hears(wire::data_of(stream, 1_024));
            let window = server.conn.remote_flow_control_window(None).unwrap();
            assert!(window >= 32_767, "{window} on stream {stream}");
        }
        assert!(!server.is_closed());
        assert_eq!(tokens(server), before, "stream {stream}");
    };
    // A stream that we reset, one that was refused, one whose handle was dropped unread.
    let mut server = victim::server_with(POLITE, |config| {
        lone::narrow(config);
        config.max_concurrent_streams = 2;
    });
    server.hears((open(1), open(3), open(5)));
    assert_eq!(server.resets(REFUSED_STREAM), 1);
    flood(&mut server, 5);
    server.conn.reset_stream(id(1), CANCEL);
    server.settle();
    flood(&mut server, 1);
    drop(server);
    let mut server = victim::server_with(POLITE, lone::narrow);
    server.hears(open(1));
    server.conn.release_stream(id(1));
    server.settle();
    for _ in 0..63 {
        server.hears(wire::data_of(1, 1_024));
        assert!(server.conn.remote_flow_control_window(None).unwrap() >= 32_767);
    }
    assert!(!server.is_closed());
    drop(server);
    // A stream above our last one.
    let mut server = victim::server_with(POLITE, lone::narrow);
    server.hears(open(1));
    server.conn.shutdown(server.now);
    server.settle();
    let Some(Frame::Ping(payload)) = server.said.last().cloned() else { panic!("no PING") };
    server.hears((wire::pong(payload), open(9)));
    for _ in 0..64 {
        server.hears(wire::data_of(9, 1_024));
        assert!(server.conn.remote_flow_control_window(None).unwrap() >= 32_767);
    }
    assert!(!server.is_closed());
}

#[test]
fn t_data_5_one_octet_too_many_is_a_flow_control_error_and_padding_counts() {
    for padded in [false, true] {
        let last = |stream| {
            if padded { wire::data(stream, "").padded(0) } else { wire::data(stream, "x") }
        };
        let mut server = victim::server_with(HOARDING, |config| {
            config.stream_window = 1_000;
            config.isolation = false;
        });
        server.manners.polls = false;
        server.hears((open(1), wire::data_of(1, 1_000), last(1)));
        assert_eq!((server.code(), server.resets(FLOW_CONTROL_ERROR)), (None, 1));
        drop(server);
        let mut server = victim::server_with(POLITE, |config| {
            lone::narrow(config);
            config.stream_window = 100_000;
        });
        server.manners.polls = false;
        server.hears((open(1), vec![wire::data_of(1, 13_107); 5]));
        assert!(!server.is_closed());
        server.hears(last(1));
        assert_eq!(server.code(), Some(FLOW_CONTROL_ERROR));
    }
}

#[test]
fn t_data_6_a_body_is_as_long_as_was_said_wherever_it_ends() {
    let head = |length| wire::headers(1, &wire::post_and(&[("content-length", length)]));
    let trailers = wire::headers(1, &[("x", "y")]).end_stream();
    for (octets, fits) in [(4, false), (5, true), (6, false)] {
        let data = wire::data_of(1, octets);
        let ends: [Vec<wire::Raw>; 3] = [
            vec![data.clone().end_stream()],
            vec![data.clone(), wire::data(1, "").end_stream()],
            vec![data.clone(), trailers.clone()],
        ];
        for end in ends {
            let mut server = victim::server(POLITE);
            server.hears((head("5"), end));
            assert_eq!(server.resets(PROTOCOL_ERROR), usize::from(!fits), "{octets} octets");
        }
    }
    for (length, fits) in [("0", true), ("5", false)] {
        let mut server = victim::server(POLITE);
        server.hears(head(length).end_stream());
        assert_eq!(server.resets(PROTOCOL_ERROR), usize::from(!fits), "ends on HEADERS: {length}");
    }
    for (method, status) in [("HEAD", "200"), ("GET", "304"), ("GET", "204")] {
        let mut client = victim::client(POLITE);
        let head = lone::request(method, &[]);
        client.conn.send_request(head, End::Now).unwrap();
        client.settle();
        client
            .hears(wire::headers(1, &[(":status", status), ("content-length", "5")]).end_stream());
        assert_eq!(client.resets(PROTOCOL_ERROR), 0, "{method} {status}");
    }
}

#[test]
fn t_hol_streams_that_nobody_reads_hold_up_no_other() {
    let mut server = victim::server(Manners { releases: false, ..POLITE });
    server.keeps = false;
    for n in 0..127 {
        server.hears(open(odd(n)));
        for _ in 0..4 {
            server.hears(wire::data_of(odd(n), 16_384));
        }
    }
    let free = server.conn.remote_flow_control_window(None).unwrap();
    assert!(free >= 65_536, "{free} octets are left for the last one");
    server.keeps = true;
    server.hears(open(odd(127)));
    server.hears(vec![wire::data_of(odd(127), 16_384); 3]);
    server.hears(wire::data_of(odd(127), 16_384).end_stream());
    assert!(!server.is_closed());
    let ended = |event: &Event| matches!(event, Event::DataReceived { end: true, .. });
    assert!(server.events.iter().any(ended), "the 128th is whole");
    assert_eq!(server.conn.stats().unread, 128 * 65_536, "what lies unread is told");
}

#[test]
fn t_send_3_a_response_that_is_whole_survives_the_reset_behind_it() {
    let mut client = victim::client(POLITE);
    let head = lone::request("POST", &[]);
    let stream = client.conn.send_request(head, End::Later).unwrap();
    let mut upload = Bytes::from(vec![0; 100_000]);
    client.conn.send_data(stream, &mut upload, End::Later).unwrap();
    client.settle();
    client.hears((wire::ok(1), wire::data(1, "too much").end_stream(), wire::rst(1, NO_ERROR)));
    let whole = |event: &Event| matches!(event, Event::DataReceived { end: true, .. });
    assert!(client.events.iter().any(whole));
    let stopped =
        |event: &Event| matches!(event, Event::SendStopped { code, .. } if *code == NO_ERROR);
    assert!(client.events.iter().any(stopped), "{:?}", client.events);
    assert!(!client.events.iter().any(|event| matches!(event, Event::StreamReset { .. })));
    assert!(!client.is_closed());
}
