//! What each suspicious input costs the peer: glitches and reset tokens, out of small buckets.

use h2_core::Bucket;
use h2_tests::prelude::*;

const BURST: u32 = 40;

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

fn small(per_second: u32) -> Option<Bucket> {
    Some(Bucket { burst: BURST, per_second })
}

/// Checks the price in glitches and in reset tokens, the other bucket being without a bound.
#[track_caller]
fn costs(
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

fn nothing(_: &mut Lone) {}

fn open(server: &mut Lone) {
    server.hears(wire::post(1));
}

fn odd(n: u32) -> u32 {
    2 * n + 1
}

#[test]
fn unknown_frames_cost_a_glitch() {
    costs("unknown", 1, 0, nothing, |_| wire::raw(0xbb, 0, 0, b"x").octets());
}

#[test]
fn priority_costs_a_glitch() {
    costs("idle", 1, 0, nothing, |n| wire::priority(odd(n), 0, 0).octets());
    costs("open", 1, 0, open, |_| wire::priority(1, 0, 0).octets());
}

#[test]
fn priority_that_is_wrong_costs_ten_glitches_and_a_token() {
    let post = |n| wire::post(odd(n)).octets();
    costs("length", 10, 1, nothing, |n| {
        [post(n), wire::raw(2, 0, odd(n), &[0; 4]).octets()].concat()
    });
    costs("itself", 10, 1, nothing, |n| {
        [post(n), wire::priority(odd(n), odd(n), 4).octets()].concat()
    });
}

#[test]
fn a_ping_costs_a_glitch_unless_something_of_use_came_since_the_last() {
    let used = |server: &mut Lone| {
        server.hears((wire::post(1), wire::ping([0; 8])));
    };
    costs("idle pings", 1, 0, used, |_| wire::ping([0; 8]).octets());
    costs("with data", 0, 0, open, |_| (wire::data(1, "x"), wire::ping([0; 8])).octets());
    costs("an answer to nothing", 1, 0, nothing, |_| wire::pong([3; 8]).octets());
}

#[test]
fn later_settings_cost_a_glitch() {
    costs("settings", 1, 0, nothing, |_| wire::settings(&[]).octets());
}

#[test]
fn window_updates_that_are_wrong_cost_ten_glitches_and_a_token() {
    for increment in [0, 0x7fff_ffff] {
        costs("stream", 10, 1, nothing, |n| {
            (wire::post(odd(n)), wire::window_update(odd(n), increment)).octets()
        });
    }
}

#[test]
fn window_updates_that_nobody_needs_cost_a_glitch_after_a_while() {
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

fn closed_by_both(server: &mut Lone) {
    server.hears(wire::get(1));
    server.responds(1, 200, true);
    server.releases(1);
}

fn closed_by_us(server: &mut Lone) {
    server.hears(wire::post(1));
    server.resets(1, CANCEL);
    server.releases(1);
}

#[test]
fn late_frames_cost_a_glitch_unless_it_was_us_who_reset() {
    costs("WINDOW_UPDATE, closed", 1, 0, closed_by_both, |_| wire::window_update(1, 1).octets());
    costs("RST_STREAM, closed", 1, 0, closed_by_both, |_| wire::rst(1, CANCEL).octets());
    costs("DATA, reset by us", 0, 0, closed_by_us, |_| wire::data(1, "x").octets());
    costs("RST_STREAM, reset by us", 0, 0, closed_by_us, |_| wire::rst(1, CANCEL).octets());
    costs("HEADERS, reset by us", 0, 0, closed_by_us, |_| {
        wire::headers(1, &[("x", "y")]).end_stream().octets()
    });
    Setup::server().config(|config| config.glitch_bucket = small(1)).run_once(|server| {
        // Until the 1,000 that every peer has are used up.
        closed_by_us(server);
        for _ in 0..500 {
            server.hears(wire::window_update(1, 1));
        }
        server.must_live();
    });
}

#[test]
fn frames_after_the_end_cost_ten_glitches_and_a_token() {
    costs("DATA", 10, 1, nothing, |n| (wire::get(odd(n)), wire::data(odd(n), "x")).octets());
    costs("HEADERS", 10, 1, nothing, |n| (wire::get(odd(n)), wire::get(odd(n))).octets());
}

#[test]
fn empty_data_costs_a_glitch_unless_it_ends_the_stream() {
    costs("empty", 1, 0, open, |_| wire::data(1, "").octets());
    costs("padding only", 1, 0, open, |_| wire::data(1, "").padded(9).octets());
    costs("the end", 0, 0, nothing, |n| {
        (wire::post(odd(n)), wire::data(odd(n), "").end_stream()).octets()
    });
    costs("one octet", 0, 0, open, |_| wire::data(1, "x").octets());
}

#[test]
fn malformed_requests_cost_ten_glitches_and_a_token() {
    costs("malformed", 10, 1, nothing, |n| {
        wire::headers(odd(n), &wire::get_and(&[("Bad", "name")])).end_stream().octets()
    });
}

#[test]
fn more_than_the_window_costs_ten_glitches_and_a_token() {
    let begin = |server: &mut Lone| {
        let change = |s: &mut h2_core::Settings| s.initial_window_size = 10;
        server.act(|conn| conn.update_settings(change)).unwrap();
        server.hears(wire::settings_ack());
    };
    costs("window", 10, 1, begin, |n| (wire::post(odd(n)), wire::data_of(odd(n), 11)).octets());
}

#[test]
fn an_early_reset_costs_a_token() {
    costs("early", 0, 1, nothing, |n| (wire::post(odd(n)), wire::rst(odd(n), CANCEL)).octets());
}

#[test]
fn a_reset_of_what_was_useful_costs_nothing() {
    let one_token = || Setup::server().config(|config| config.reset_bucket = small(0));
    one_token().run_once(|server| {
        for n in 0..100 {
            server.hears((wire::post(odd(n)), wire::data_of(odd(n), 16_384)));
            server.hears(wire::rst(odd(n), CANCEL));
            server.releases(odd(n));
        }
        server.must_live();
    });
    one_token().run_once(|server| {
        for n in 0..100 {
            server.hears(wire::post(odd(n)));
            server.passes(Duration::from_millis(1_100));
            server.hears(wire::rst(odd(n), CANCEL));
            server.releases(odd(n));
        }
        server.must_live();
    });
    one_token().run_once(|server| {
        for n in 0..100 {
            server.hears(wire::get(odd(n)));
            server.responds(odd(n), 200, true);
            server.hears(wire::rst(odd(n), CANCEL));
            server.releases(odd(n));
        }
        server.must_live();
    });
}

#[test]
fn a_refused_stream_costs_a_token() {
    let full = |server: &mut Lone| {
        for n in 0..128 {
            server.hears(wire::post(odd(n)));
        }
    };
    costs("refused", 0, 1, full, |n| wire::post(odd(n + 200)).octets());
}

#[test]
fn small_continuations_cost_ten_glitches_from_the_fifth_on() {
    // Four are free; each of the next costs ten.
    costs("continuations", 40, 0, nothing, |n| {
        wire::split(odd(n), &wire::block(wire::GET), &[1; 9], true).octets()
    });
}

#[test]
fn a_repeated_goaway_costs_a_glitch() {
    let said = |server: &mut Lone| {
        server.hears((wire::post(1), wire::goaway(0, NO_ERROR, b"")));
    };
    costs("goaway", 1, 0, said, |_| wire::goaway(0, NO_ERROR, b"").octets());
}

#[test]
fn streams_above_the_last_one_cost_a_glitch() {
    let leaving = |server: &mut Lone| {
        server.hears(wire::post(1));
        let now = server.now;
        server.act(|conn| conn.shutdown(now));
        let said = server.says();
        let Some(Frame::Ping(payload)) = said.last() else { panic!("{said:?}") };
        server.hears(wire::pong(*payload));
        server.forget();
    };
    Setup::server().config(|config| config.glitch_bucket = small(1)).run_once(|server| {
        leaving(server);
        for n in 1..=BURST {
            server.hears(wire::get(odd(n)));
        }
        assert!(server.conn.close_reason().is_none());
        server.hears(wire::get(odd(BURST + 1)));
        assert!(server.conn.close_reason().is_some_and(|r| r.code == ENHANCE_YOUR_CALM));
    });
}

/// Trap 80: limits have a time base.
#[test]
fn trap_80_buckets_fill_again_with_time() {
    let setup = Setup::server().config(|config| config.glitch_bucket = small(10));
    setup.run_once(|server| {
        for _ in 0..1_000 {
            server.hears(wire::raw(0xbb, 0, 0, b"x"));
            server.passes(Duration::from_millis(100));
        }
        for _ in 0..BURST {
            server.hears(wire::raw(0xbb, 0, 0, b"x"));
        }
        server.must_live();
        server.forget();
        server.hears(wire::raw(0xbb, 0, 0, b"x"));
        server.must_go_away(ENHANCE_YOUR_CALM);
    });
}

#[test]
fn without_buckets_nothing_is_counted() {
    let setup = Setup::server().config(|config| {
        config.glitch_bucket = None;
        config.reset_bucket = None;
    });
    setup.run_once(|server| {
        for n in 0..30_000 {
            server.hears((wire::post(odd(n)), wire::rst(odd(n), CANCEL)));
            server.releases(odd(n));
        }
        server.must_live();
    });
}

/// Three quarters of the reset tokens spent: the connection is wound up before it has to be cut.
#[test]
fn a_peer_that_resets_much_is_asked_to_leave_first() {
    Setup::server().config(|config| config.reset_bucket = small(0)).run_once(|server| {
        let mut asked = None;
        for n in 0..BURST {
            server.hears((wire::post(odd(n)), wire::rst(odd(n), CANCEL)));
            server.releases(odd(n));
            let said = server.says();
            if asked.is_none() && said.iter().any(|f| matches!(f, Frame::GoAway { code: 0, .. })) {
                asked = Some(n + 1);
            }
        }
        assert_eq!(asked, Some(BURST * 3 / 4 + 1));
        server.hears((wire::post(odd(BURST)), wire::rst(odd(BURST), CANCEL)));
        assert!(server.conn.close_reason().is_some_and(|r| r.code == ENHANCE_YOUR_CALM));
    });
}

#[test]
fn too_many_interim_responses_that_nobody_took_reset_the_stream() {
    lone::client(|client| {
        let stream = client.requests("GET", true);
        let early = wire::headers(stream, &[(":status", "103")]);
        client.hears(vec![early.clone(); 32]);
        client.must_be_fine();
        client.hears(vec![early; 33]);
        client.must_reset(stream, ENHANCE_YOUR_CALM);
    });
}

/// Whoever takes them may have as many as the glitches allow, from the 33rd of a stream on.
#[test]
fn interim_responses_cost_a_glitch_beyond_the_usual_number() {
    Setup::client().config(|config| config.glitch_bucket = small(1)).run_once(|client| {
        let stream = client.requests("GET", true);
        let mut times = 0;
        while client.conn.close_reason().is_none() && times < 200 {
            client.hears(wire::headers(stream, &[(":status", "103")]));
            times += 1;
        }
        assert_eq!(times, 32 + BURST + 1);
    });
}

#[test]
fn too_many_settings_in_one_frame_end_the_connection() {
    lone::server(|server| {
        server.hears(wire::settings(&[(0x99, 1); 64]));
        server.must_be_fine();
        server.hears(wire::settings(&[(0x99, 1); 65]));
        server.must_go_away(ENHANCE_YOUR_CALM);
    });
}
