//! Streams that come and go faster than anybody can use them.

use h2_tests::prelude::*;

use crate::victim::{self, ASLEEP, DEAF, HOARDING, POLITE, get, odd, open};

const KIB: usize = 1024;

fn get_and_reset(n: u32) -> Vec<u8> {
    (get(odd(n)), wire::rst(odd(n), CANCEL)).octets()
}

#[test]
fn t_rst_1_rapid_reset_is_asked_to_leave_and_then_cut() {
    let mut server = victim::server(POLITE);
    let mut asked = None;
    let borne = server.bears(2_000, get_and_reset);
    for (at, frame) in server.said.iter().enumerate() {
        if matches!(frame, Frame::GoAway { code: 0, .. }) && asked.is_none() {
            asked = Some(at);
        }
    }
    assert_eq!(borne, 1_000);
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
    assert!(asked.is_some(), "a graceful GOAWAY came first");
    assert!(server.grown() <= 128 * KIB, "{}", server.grown());
}

#[test]
fn t_rst_1_rapid_reset_of_a_sleeping_application_stops_at_a_bound() {
    let mut server = victim::server(ASLEEP);
    for n in 0..2_000 {
        server.hears(get_and_reset(n));
    }
    assert!(server.is_closed() || server.unconsumed() > 0, "it reads no further, or it ends");
    assert!(server.grown() <= 128 * KIB, "{}", server.grown());
}

#[test]
fn t_rst_2_rapid_reset_never_shows_more_streams_than_there_are_slots() {
    let mut server = victim::server(HOARDING);
    for n in 0..1_000 {
        server.hears(get_and_reset(n));
        assert!(server.shown() <= 128, "{} shown", server.shown());
    }
    assert_eq!(server.shown(), 128);
    server.hears(get_and_reset(1_000));
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
}

#[test]
fn t_rst_3_a_hundred_resets_a_second_are_borne_for_ever() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    for n in 0..60_000 {
        server.hears(get_and_reset(n));
        server.passes(Duration::from_millis(10));
    }
    assert!(!server.is_closed());
    assert!(server.holds() <= 64 * KIB, "{}", server.holds());
}

#[test]
fn t_rst_5_a_client_bears_any_number_of_resets_of_its_requests() {
    let mut client = victim::client(POLITE);
    client.keeps = false;
    for _ in 0..20_000 {
        let head = lone::request("GET", &[]);
        let stream = client.conn.send_request(head, End::Now).unwrap();
        client.settle();
        client.hears(wire::rst(stream.get(), CANCEL));
    }
    assert!(!client.is_closed());
    assert!(client.grown() <= 128 * KIB, "{}", client.grown());
}

/// One of the six ways to make a server reset its own streams (CVE-2025-8671): a request, and a frame
/// about it that ends it. Whatever it is, it ends by the bucket, and no work escapes the slots.
fn made_you_reset(frame: fn(u32) -> wire::Raw, code: ErrorCode) {
    let mut server = victim::server(HOARDING);
    let borne = server.bears(2_000, |n| (get(odd(n)), frame(odd(n))).octets());
    assert!((900..=1_000).contains(&borne), "{borne}");
    assert_eq!(server.code(), Some(ENHANCE_YOUR_CALM));
    let resets = server.resets(code);
    assert!(resets >= borne as usize / 2 && resets <= borne as usize + 1, "{resets}");
    assert!(server.shown() <= 128, "{} shown", server.shown());
}

#[test]
fn t_myr_1_increments_of_nothing_end_by_the_bucket() {
    made_you_reset(|s| wire::window_update(s, 0), PROTOCOL_ERROR);
}

#[test]
fn t_myr_2_windows_that_overflow_end_by_the_bucket() {
    made_you_reset(|s| wire::window_update(s, 0x7fff_ffff), FLOW_CONTROL_ERROR);
}

#[test]
fn t_myr_3_priorities_of_a_wrong_length_end_by_the_bucket() {
    made_you_reset(|s| wire::raw(2, 0, s, &[0; 4]), FRAME_SIZE_ERROR);
}

#[test]
fn t_myr_4_streams_that_depend_on_themselves_end_by_the_bucket() {
    made_you_reset(|s| wire::priority(s, s, 15), PROTOCOL_ERROR);
}

#[test]
fn t_myr_5_heads_after_the_end_end_by_the_bucket() {
    made_you_reset(get, STREAM_CLOSED);
}

#[test]
fn t_myr_6_octets_after_the_end_end_by_the_bucket() {
    made_you_reset(|s| wire::data(s, "a"), STREAM_CLOSED);
}

/// A reset of what was of use, or is no longer young, is no offence (nodejs/node#56306).
#[test]
fn t_rst_4_resets_of_what_was_of_use_cost_nothing() {
    let mut server = victim::server(POLITE);
    server.keeps = false;
    server.hears(wire::settings(&[(4, 1 << 20)]));
    let tokens = server.conn.stats().reset_tokens;
    for n in 0..10_000 {
        server.hears((get(odd(n)), wire::window_update(0, 20_000)));
        if n % 2 == 0 {
            server.conn.send_response(id(odd(n)), lone::response(200, &[]), End::Later).unwrap();
            let mut body = Bytes::from(vec![0; 16_384]);
            server.conn.send_data(id(odd(n)), &mut body, End::Later).unwrap();
            server.settle();
        } else {
            server.passes(Duration::from_millis(1_001));
        }
        server.hears(wire::rst(odd(n), CANCEL));
        server.conn.release_stream(id(odd(n)));
    }
    assert!(!server.is_closed());
    assert_eq!(server.conn.stats().reset_tokens, tokens);
}

#[test]
fn t_id_identifiers_out_of_order_end_the_connection() {
    let rows: [(&str, &dyn Wire); 6] = [
        ("even", &wire::get(4)),
        ("lower", &wire::get(5)),
        ("passed over", &wire::get(1)),
        ("the last, then a lower", &(wire::get(0x7fff_ffff), wire::get(0x7fff_fffd))),
        ("0", &wire::get(0)),
        ("0 and the reserved bit", &wire::get(0x8000_0000)),
    ];
    for (name, frames) in rows {
        let note = Note(name.to_owned());
        let mut server = victim::server(POLITE);
        server.hears((wire::get(3), wire::get(7)));
        server.hears(frames);
        assert_eq!(server.code(), Some(PROTOCOL_ERROR), "{name}");
        server.must_be_over();
        drop(server);
        drop(note);
    }
    // Used again while it is open it is a second head, and closed it is over (RFC 9113 §5.1).
    let mut server = victim::server(POLITE);
    server.hears((get(7), get(7)));
    assert_eq!((server.code(), server.resets(STREAM_CLOSED)), (None, 1));
    // The reserved bit is none of the identifier's.
    server.hears(get(0x8000_0009));
    assert!(!server.is_closed());
    assert_eq!(server.shown(), 2);
}

#[test]
fn t_myr_7_malformed_requests_end_by_the_bucket_and_their_answers_are_bounded() {
    let bad = |n| {
        let block = [&[0x82, 0x87, 0x84, 0x01, 1, b'a'][..], &wire::literal("Bad", "x")].concat();
        wire::headers_of(odd(n), &block).end_stream().octets()
    };
    let mut server = victim::server(POLITE);
    let borne = server.bears(2_000, bad);
    assert_eq!(borne, 1_000);
    assert_eq!(server.shown(), 0);
    drop(server);
    let mut server = victim::server_with(DEAF, |config| {
        config.reset_bucket = None;
        config.glitch_bucket = None;
    });
    for n in 0..50_000 {
        server.hears(bad(n));
        if server.unconsumed() > 0 {
            break;
        }
    }
    assert!(server.unconsumed() > 0, "it stops reading while nobody takes its answers");
    assert!(server.grown() <= 512 * KIB, "{}", server.grown());
}

#[test]
fn t_mcs_1_streams_beyond_the_limit_are_refused_from_the_first_octet_on() {
    let mut server = victim::server(HOARDING);
    let borne = server.bears(3_000, |n| open(odd(n)).octets());
    assert_eq!(borne, 128 + 1_000);
    assert_eq!(server.shown(), 128);
    assert_eq!(server.resets(REFUSED_STREAM), 1_000);
    assert!(server.grown() <= 512 * KIB, "{}", server.grown());
}

#[test]
fn t_mcs_2_a_hundred_requests_before_the_settings_are_read_are_taken() {
    let mut server = victim::server(POLITE);
    server.hears((0..100).map(|n| open(odd(n))).collect::<Vec<_>>());
    assert_eq!((server.shown(), server.resets(REFUSED_STREAM)), (100, 0));
}

#[test]
fn t_slot_slots_that_are_held_keep_later_requests_waiting() {
    let mut server = victim::server(HOARDING);
    for n in 0..128 {
        server.hears(get_and_reset(n));
    }
    for n in 128..256 {
        server.hears(open(odd(n)));
    }
    assert_eq!(server.shown(), 128, "the second half waits");
    for n in 0..10 {
        server.conn.release_stream(id(odd(n)));
    }
    server.settle();
    assert_eq!(server.shown(), 138);
}

#[test]
fn t_pend_requests_that_were_taken_back_leave_no_memory_behind() {
    let mut server = victim::server(ASLEEP);
    server.keeps = false;
    for n in 0..128 {
        server.hears(get(odd(n)));
    }
    for n in 0..128 {
        server.hears(wire::rst(odd(n), CANCEL));
    }
    server.manners = POLITE;
    server.settle();
    server.conn.trim();
    assert_eq!(server.conn.open_inbound_streams(), 0);
    assert!(server.holds() <= 32 * KIB, "{}", server.holds());
}
