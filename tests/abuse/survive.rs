//! What real peers do and must not be punished for, with the defaults.

use h2_tests::prelude::*;

use crate::victim::{self, POLITE, get, odd, open};

/// Answers a request at once and lets go of it.
fn answer(server: &mut victim::Victim, stream: u32) {
    server.conn.send_response(id(stream), lone::response(200, &[]), End::Later).unwrap();
    let trailers = lone::trailers(&[("grpc-status", "0")]);
    server.conn.send_trailers(id(stream), trailers).unwrap();
    server.conn.release_stream(id(stream));
    server.settle();
}

#[test]
fn survive_01_seeking_in_a_video() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears(wire::settings(&[(4, 1 << 20)]));
    for n in 0..1_200 {
        server.hears((get(odd(n)), wire::window_update(0, 40_000)));
        server.conn.send_response(id(odd(n)), lone::response(206, &[]), End::Later).unwrap();
        let mut body = Bytes::from(vec![0; 30_000]);
        server.conn.send_data(id(odd(n)), &mut body, End::Later).unwrap();
        server.settle();
        server.hears((wire::rst(odd(n), CANCEL), wire::window_update(odd(n), 10)));
        server.conn.release_stream(id(odd(n)));
    }
    assert!(!server.is_closed());
}

#[test]
fn survive_03_small_messages_each_in_a_frame_of_its_own() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears(open(1));
    for _ in 0..10_000 {
        server.hears(wire::data_of(1, 600));
    }
    assert!(!server.is_closed());
}

#[test]
fn survive_04_many_short_calls_for_a_long_time() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    for n in 0..20_000 {
        server.hears((open(odd(n)), wire::data(odd(n), "call").end_stream()));
        answer(&mut server, odd(n));
        server.hears(wire::window_update(0, 9));
        server.passes(Duration::from_millis(5));
    }
    assert!(!server.is_closed());
}

#[test]
fn survive_05_pings_that_measure_the_bandwidth() {
    let mut client = victim::client(POLITE);
    client.keeps = false;
    client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
    client.settle();
    client.hears(wire::ok(1));
    for _ in 0..20_000 {
        client.hears((wire::data_of(1, 1_000), wire::ping([7; 8])));
    }
    assert!(!client.is_closed());
}

#[test]
fn survive_06_a_ping_each_ten_seconds_for_a_day() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears(open(1));
    for _ in 0..24 * 360 {
        server.passes(Duration::from_secs(10));
        server.hears(wire::ping([1; 8]));
    }
    assert!(!server.is_closed());
    assert_eq!(server.conn.stats().glitch_tokens, Some(9_999));
}

#[test]
fn survive_07_ninety_cookie_crumbs_and_fifteen_fields() {
    let mut server = victim::server(POLITE);
    let crumbs: Vec<String> = (0..90).map(|n| format!("crumb{n}={n}")).collect();
    let mut fields = wire::GET.to_vec();
    fields.extend(crumbs.iter().map(|crumb| ("cookie", crumb.as_str())));
    fields.extend([("x-other", "y"); 11]);
    server.hears(wire::headers(1, &fields).end_stream());
    assert_eq!((server.shown(), server.is_closed()), (1, false));
}

#[test]
fn survive_08_a_head_of_sixty_kib() {
    let mut server = victim::server(POLITE);
    let value = "v".repeat(10_000);
    let mut fields = wire::GET.to_vec();
    fields.extend([("a", value.as_str()); 6]);
    server.hears(wire::split(1, &wire::block(&fields), &[16_000; 3], true));
    assert_eq!((server.shown(), server.is_closed()), (1, false));
}

#[test]
fn survive_09_settings_of_eleven_entries() {
    let mut server = victim::server(POLITE);
    let entries: Vec<(u16, u32)> = (0x2b60..0x2b6b).map(|setting| (setting, 1)).collect();
    server.hears((wire::settings(&entries), get(1)));
    assert_eq!((server.shown(), server.is_closed()), (1, false));
}

#[test]
fn survive_10_a_hundred_requests_in_the_first_flight() {
    Setup::server().fresh().run_once(|server| {
        let flight: Vec<wire::Raw> = (0..100).map(|n| get(odd(n))).collect();
        server.hears((wire::preface(), wire::settings(&[]), flight));
        server.must_be_fine();
        assert_eq!(server.told().len(), 100);
    });
}

#[test]
fn survive_11_an_old_priority_tree() {
    let mut server = victim::server(POLITE);
    for (stream, dependency) in [(3, 0), (5, 0), (7, 0), (9, 7), (11, 3)] {
        server.hears(wire::priority(stream, dependency, 200));
    }
    server.hears(get(13).prioritized(11, 41));
    assert_eq!((server.shown(), server.is_closed()), (1, false));
}

#[test]
fn survive_12_bodies_that_end_with_an_empty_frame() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    let before = server.conn.stats().glitch_tokens;
    for n in 0..20_000 {
        server.hears((open(odd(n)), wire::data(odd(n), "x"), wire::data(odd(n), "").end_stream()));
        answer(&mut server, odd(n));
    }
    assert!(!server.is_closed());
    assert_eq!(server.conn.stats().glitch_tokens, before);
}

#[test]
fn survive_13_events_sent_one_octet_at_a_time_for_an_hour() {
    let mut client = victim::client(POLITE);
    client.keeps = false;
    client.conn.send_request(lone::request("GET", &[]), End::Now).unwrap();
    client.settle();
    client.hears(wire::ok(1));
    for _ in 0..36_000 {
        client.hears(wire::data(1, "."));
        client.passes(Duration::from_millis(100));
    }
    assert!(!client.is_closed(), "{:?}", client.conn.close_reason());
}

#[test]
fn survive_02_a_thousand_aborts_in_a_second_lose_no_request_that_was_not_aborted() {
    let mut server = victim::server(POLITE);
    for n in 0..900 {
        server.hears((get(odd(n)), wire::rst(odd(n), CANCEL)));
        server.passes(Duration::from_millis(1));
    }
    assert!(!server.is_closed());
    server.hears(get(odd(900)));
    assert_eq!(server.shown(), 901);
}

#[test]
fn survive_14_a_receiver_that_pauses_for_ten_minutes() {
    let mut server = victim::Victim::new(Config::server(), true, POLITE, &[(4, 1_000)]);
    server.hears(get(1));
    server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
    let mut body = Bytes::from(vec![0; 5_000]);
    server.conn.send_data(id(1), &mut body, End::Now).unwrap();
    server.settle();
    for _ in 0..600 {
        server.passes(Duration::from_secs(1));
    }
    assert!(!server.is_closed());
    server.hears(wire::window_update(1, 4_000));
    assert!(matches!(server.said.last(), Some(Frame::Data { end: true, .. })));
}

/// A response without a body that says how long its body would be.
fn bodiless(method: &str, status: &str) {
    let mut client = victim::client(POLITE);
    let before = client.conn.stats().glitch_tokens;
    for n in 0..200 {
        client.conn.send_request(lone::request(method, &[]), End::Now).unwrap();
        client.settle();
        let head = wire::headers(odd(n), &[(":status", status), ("content-length", "5")]);
        if n % 2 == 0 {
            client.hears(head.end_stream());
        } else {
            client.hears((head, wire::data(odd(n), "").end_stream()));
        }
    }
    assert!(!client.is_closed());
    assert_eq!(client.conn.stats().glitch_tokens, before);
    assert_eq!(client.conn.open_outbound_streams(), 0);
}

#[test]
fn survive_15_the_answer_to_head_with_a_length() {
    bodiless("HEAD", "200");
}

#[test]
fn survive_16_not_modified_with_a_length() {
    bodiless("GET", "304");
}

#[test]
fn survive_17_te_in_any_case() {
    let mut server = victim::server(POLITE);
    for (n, value) in (0..).zip(["trailers", "Trailers", "TRAILERS"]) {
        server.hears(wire::headers(odd(n), &wire::get_and(&[("te", value)])).end_stream());
    }
    assert_eq!((server.shown(), server.is_closed()), (3, false));
}

#[test]
fn survive_18_options_for_the_whole_server() {
    let mut server = victim::server(POLITE);
    let asterisk = [(":method", "OPTIONS"), (":scheme", "https"), (":path", "*")];
    server.hears(wire::headers(1, &asterisk).end_stream());
    assert_eq!((server.shown(), server.is_closed()), (1, false));
}

#[test]
fn survive_19_a_tunnel_of_a_gibibyte() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    let connect = [(":method", "CONNECT"), (":authority", "a.example:443")];
    server.hears(wire::headers(1, &connect));
    server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
    server.measure_from_here();
    let four = vec![wire::data_of(1, 16_384); 4].octets();
    for _ in 0..(1 << 30) / (4 * 16_384) {
        server.hears(&four[..]);
    }
    assert!(!server.is_closed());
    assert!(server.grown() <= 1 << 20, "{}", server.grown());
}

#[test]
fn survive_20_a_client_that_reads_every_five_seconds() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears((wire::settings(&[(4, 1 << 20)]), get(1), wire::window_update(0, 1 << 20)));
    server.conn.send_response(id(1), lone::response(200, &[]), End::Later).unwrap();
    for _ in 0..100 {
        server.manners.reads = false;
        let mut body = Bytes::from(vec![0; 8_000]);
        server.conn.send_data(id(1), &mut body, End::Later).unwrap();
        for _ in 0..5 {
            server.passes(Duration::from_secs(1));
        }
        server.manners.reads = true;
        server.settle();
    }
    assert!(!server.is_closed(), "{:?}", server.conn.close_reason());
}
