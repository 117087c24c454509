//! What each suspicious input leads to and what it costs the peer: glitches and reset tokens, out of
//! small buckets.
//!
//! The number in the name of a test is the row of the table of reactions; `reaction_more` goes on.

use h2_core::Bucket;
use h2_tests::prelude::*;

pub(crate) const BURST: u32 = 40;

/// Repetitions after which an input counts as free; fewer than there are slots.
const FREE: u32 = 100;

/// How often an input may be repeated until the bucket is empty, at most [`FREE`] times.
fn survives(setup: Setup, begin: &dyn Fn(&mut Lone), nth: &dyn Fn(u32) -> Vec<u8>) -> u32 {
    let mut times = 0;
    setup.run_once(|lone| {
        begin(lone);
        lone.must_live();
        lone.forget();
        while times < FREE {
            lone.hears(nth(times));
            if lone.conn.close_reason().is_some() {
                lone.must_go_away(ENHANCE_YOUR_CALM);
                break;
            }
            times += 1;
        }
    });
    times
}

pub(crate) fn small(per_second: u32) -> Option<Bucket> {
    Some(Bucket { burst: BURST, per_second })
}

/// Checks the price in glitches and in reset tokens, the other bucket being without a bound.
#[track_caller]
pub(crate) fn costs(
    name: &str,
    glitches: u32,
    tokens: u32,
    begin: impl Fn(&mut Lone),
    nth: impl Fn(u32) -> Vec<u8>,
) {
    let price = |price: u32| BURST.checked_div(price).unwrap_or(FREE);
    let server = |glitches, tokens| {
        Setup::server().config(move |config| {
            config.glitch_bucket = glitches;
            config.reset_bucket = tokens;
        })
    };
    let note = Note(format!("row: {name}, glitches"));
    assert_eq!(survives(server(small(1), None), &begin, &nth), price(glitches), "{name}: glitches");
    drop(note);
    let note = Note(format!("row: {name}, reset tokens"));
    assert_eq!(survives(server(None, small(1)), &begin, &nth), price(tokens), "{name}: tokens");
    drop(note);
}

pub(crate) fn nothing(_: &mut Lone) {}

pub(crate) fn open(server: &mut Lone) {
    server.hears(wire::post(1));
}

pub(crate) fn odd(n: u32) -> u32 {
    2 * n + 1
}

pub(crate) fn closed_by_both(server: &mut Lone) {
    server.hears(wire::get(1));
    server.responds(1, 200, true);
    server.releases(1);
}

pub(crate) fn closed_by_us(server: &mut Lone) {
    server.hears(wire::post(1));
    server.resets(1, CANCEL);
    server.releases(1);
}

pub(crate) fn reset_by_peer(server: &mut Lone) {
    server.hears((wire::post(1), wire::rst(1, CANCEL)));
    server.releases(1);
}

#[test]
fn matrix_01_unknown_frame_types_are_read_over() {
    costs("unknown", 1, 0, nothing, |_| wire::raw(0xbb, 0, 0, b"x").octets());
}

#[test]
fn matrix_02_priority_is_dropped() {
    costs("idle", 1, 0, nothing, |n| wire::priority(odd(n), 0, 0).octets());
    costs("open", 1, 0, open, |_| wire::priority(1, 0, 0).octets());
}

#[test]
fn matrix_03_priority_on_stream_0_ends_the_connection() {
    let rows: [(&str, &dyn Wire, ErrorCode); 2] = [
        ("right length", &wire::priority(0, 1, 1), PROTOCOL_ERROR),
        ("wrong length", &wire::raw(2, 0, 0, &[0; 4]), PROTOCOL_ERROR),
    ];
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(&setup, |_| {}, &rows);
    }
}

/// A stream error (RFC 9113 §6.3); on an idle stream there is none to end.
#[test]
fn matrix_04_priority_of_a_wrong_length_ends_the_stream() {
    let post = |n| wire::post(odd(n)).octets();
    for length in [0, 4, 6] {
        costs("length", 10, 1, nothing, |n| {
            [post(n), wire::raw(2, 0, odd(n), &vec![0; length]).octets()].concat()
        });
    }
    let idle = wire::raw(2, 0, 9, &[0; 4]);
    lone::each_ends_it(&Setup::server(), open, &[("idle", &idle, FRAME_SIZE_ERROR)]);
    lone::server(|server| {
        open(server);
        server.hears(wire::raw(2, 0, 1, &[0; 6]));
        server.must_reset(1, FRAME_SIZE_ERROR);
    });
}

#[test]
fn matrix_05_a_stream_that_depends_on_itself_ends() {
    costs("PRIORITY", 10, 1, nothing, |n| {
        (wire::post(odd(n)), wire::priority(odd(n), odd(n), 4)).octets()
    });
    costs("HEADERS", 10, 1, nothing, |n| wire::post(odd(n)).prioritized(odd(n), 4).octets());
    let idle = wire::priority(9, 9, 4);
    lone::each_ends_it(&Setup::server(), open, &[("idle", &idle, PROTOCOL_ERROR)]);
    lone::server(|server| {
        server.hears(wire::post(1).prioritized(1, 4));
        server.must_reset(1, PROTOCOL_ERROR);
        assert_eq!(server.told(), Vec::<String>::new());
    });
}

#[test]
fn matrix_06_a_ping_beside_something_of_use_is_free() {
    costs("with data", 0, 0, open, |_| (wire::data(1, "x"), wire::ping([0; 8])).octets());
    costs("with a request", 0, 0, nothing, |n| (wire::get(odd(n)), wire::ping([0; 8])).octets());
}

#[test]
fn matrix_07_a_ping_without_purpose_is_answered_and_costs() {
    let used = |server: &mut Lone| {
        server.hears((wire::post(1), wire::ping([0; 8])));
    };
    costs("idle pings", 1, 0, used, |_| wire::ping([0; 8]).octets());
    lone::server(|server| {
        used(server);
        server.forget();
        server.hears(wire::ping([1; 8]));
        assert_eq!(server.says(), [Frame::Pong([1; 8])]);
    });
}

#[test]
fn matrix_08_an_answer_to_no_ping_is_ignored() {
    costs("an answer to nothing", 1, 0, nothing, |_| wire::pong([3; 8]).octets());
    lone::server(|server| {
        server.hears(wire::pong([3; 8]));
        server.must_ignore();
    });
}

#[test]
fn matrix_09_later_settings_are_taken_over_and_acknowledged() {
    costs("settings", 1, 0, nothing, |_| wire::settings(&[]).octets());
    lone::server(|server| {
        server.hears(wire::settings(&[(4, 7)]));
        assert_eq!(server.says(), [Frame::SettingsAck]);
        assert_eq!(server.conn.remote_settings().initial_window_size, 7);
    });
}

#[test]
fn matrix_10_an_acknowledgement_of_nothing_ends_the_connection() {
    for setup in [Setup::server(), Setup::client()] {
        let rows: [(&str, &dyn Wire, ErrorCode); 1] =
            [("ack", &wire::settings_ack(), PROTOCOL_ERROR)];
        lone::each_ends_it(&setup, |_| {}, &rows);
    }
}

#[test]
fn matrix_11_an_increment_of_zero_ends_the_stream() {
    costs("stream", 10, 1, nothing, |n| {
        (wire::post(odd(n)), wire::window_update(odd(n), 0)).octets()
    });
    lone::server(|server| {
        open(server);
        server.hears(wire::window_update(1, 0));
        server.must_reset(1, PROTOCOL_ERROR);
    });
}

#[test]
fn matrix_12_an_increment_of_zero_for_the_connection_ends_it() {
    for setup in [Setup::server(), Setup::client()] {
        let zero = wire::window_update(0, 0);
        lone::each_ends_it(&setup, |_| {}, &[("zero", &zero, PROTOCOL_ERROR)]);
    }
}

#[test]
fn matrix_13_a_window_that_overflows_ends_what_it_is_of() {
    costs("stream", 10, 1, nothing, |n| {
        (wire::post(odd(n)), wire::window_update(odd(n), 0x7fff_ffff)).octets()
    });
    lone::server(|server| {
        open(server);
        server.hears(wire::window_update(1, 0x7fff_ffff));
        server.must_reset(1, FLOW_CONTROL_ERROR);
    });
    for setup in [Setup::server(), Setup::client()] {
        let much = wire::window_update(0, 0x7fff_ffff);
        lone::each_ends_it(&setup, |_| {}, &[("connection", &much, FLOW_CONTROL_ERROR)]);
    }
}

#[test]
fn matrix_14_window_updates_that_nobody_needs_cost_after_a_while() {
    Setup::server().config(|config| config.glitch_bucket = small(1)).run_once(|server| {
        let mut times = 0;
        while server.conn.close_reason().is_none() && times < 3_000 {
            server.hears(wire::window_update(0, 1));
            times += 1;
        }
        server.must_go_away(ENHANCE_YOUR_CALM);
        assert!((1_000..1_200).contains(&times), "{times}");
    });
}

#[test]
fn matrix_15_late_frames_about_a_stream_are_ignored() {
    costs("WINDOW_UPDATE, closed", 1, 0, closed_by_both, |_| wire::window_update(1, 1).octets());
    costs("RST_STREAM, closed", 1, 0, closed_by_both, |_| wire::rst(1, CANCEL).octets());
    costs("RST_STREAM, reset by us", 0, 0, closed_by_us, |_| wire::rst(1, CANCEL).octets());
    Setup::server().config(|config| config.glitch_bucket = small(1)).run_once(|server| {
        // Until the 1,000 that every peer has are used up.
        closed_by_us(server);
        for _ in 0..500 {
            server.hears(wire::window_update(1, 1));
        }
        server.must_live();
    });
    for begin in [closed_by_both, closed_by_us] {
        lone::server(|server| {
            begin(server);
            server.forget();
            server.hears((wire::window_update(1, 1), wire::rst(1, CANCEL)));
            server.must_ignore();
        });
    }
}

#[test]
fn matrix_16_whatever_comes_on_a_stream_that_we_reset_is_free() {
    costs("DATA", 0, 0, closed_by_us, |_| wire::data(1, "x").octets());
    costs("HEADERS", 0, 0, closed_by_us, |_| wire::headers(1, &[("x", "y")]).end_stream().octets());
    Setup::server().config(lone::narrow).run(|server| {
        closed_by_us(server);
        server.forget();
        for _ in 0..20 {
            server.hears((wire::data_of(1, 10_000), wire::headers(1, &[("x", "y")])));
            server.must_have_its_credit_back();
        }
        server.must_be_fine();
        assert_eq!(server.told(), Vec::<String>::new());
    });
}
