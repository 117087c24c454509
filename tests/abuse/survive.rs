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
fn seeking_in_a_video_is_no_attack() {
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
fn small_messages_each_in_a_frame_of_its_own_are_no_attack() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears(open(1));
    for _ in 0..10_000 {
        server.hears(wire::data_of(1, 600));
    }
    assert!(!server.is_closed());
}

#[test]
fn many_short_calls_for_a_long_time_are_no_attack() {
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
fn many_cookie_crumbs_and_long_heads_are_no_attack() {
    let mut server = victim::server(POLITE);
    let crumbs: Vec<(String, String)> =
        (0..90).map(|n| ("cookie".to_owned(), format!("crumb{n}={n}"))).collect();
    let mut fields = wire::GET.to_vec();
    fields.extend(crumbs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    server.hears(wire::headers(1, &fields).end_stream());
    let value = "v".repeat(10_000);
    let mut fields = wire::GET.to_vec();
    fields.extend([("a", value.as_str()); 6]);
    server.hears(wire::split(3, &wire::block(&fields), &[16_000; 3], true));
    assert_eq!(server.shown(), 2);
    assert!(!server.is_closed());
}

#[test]
fn settings_of_eleven_entries_and_an_old_priority_tree_are_no_attack() {
    let mut server = victim::server(POLITE);
    let entries: Vec<(u16, u32)> = (0x2b60..0x2b6b).map(|setting| (setting, 1)).collect();
    server.hears(wire::settings(&entries));
    for (stream, dependency) in [(3, 0), (5, 0), (7, 0), (9, 7), (11, 3)] {
        server.hears(wire::priority(stream, dependency, 200));
    }
    server.hears(get(13).prioritized(11, 41));
    assert_eq!(server.shown(), 1);
    assert!(!server.is_closed());
}

#[test]
fn events_sent_one_octet_at_a_time_for_an_hour_are_no_attack() {
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
fn a_thousand_aborts_in_a_second_lose_no_request_that_was_not_aborted() {
    let mut server = victim::server(POLITE);
    for n in 0..900 {
        server.hears((get(odd(n)), wire::rst(odd(n), CANCEL)));
        server.passes(Duration::from_millis(1));
    }
    assert!(!server.is_closed());
    server.hears(get(odd(900)));
    assert_eq!(server.shown(), 901);
}
