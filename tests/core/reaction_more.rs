//! The rest of the table of reactions, and what holds for the buckets as such.

use h2_tests::prelude::*;

use crate::reaction::{BURST, closed_by_both, costs, nothing, odd, open, reset_by_peer, small};

/// On a stream that the peer itself ended, while we still answer: a stream error. On one that is gone:
/// the end.
#[test]
fn matrix_17_data_after_the_end_ends_the_stream_or_the_connection() {
    costs("DATA", 10, 1, nothing, |n| (wire::get(odd(n)), wire::data(odd(n), "x")).octets());
    let late = wire::data(1, "x");
    lone::each_ends_it(&Setup::server(), closed_by_both, &[("gone", &late, STREAM_CLOSED)]);
    lone::each_ends_it(&Setup::server(), reset_by_peer, &[("reset", &late, STREAM_CLOSED)]);
    lone::server(|server| {
        server.hears((wire::get(1), wire::data(1, "x")));
        server.must_reset(1, STREAM_CLOSED);
    });
}

#[test]
fn matrix_18_headers_after_the_end_end_the_stream_or_the_connection() {
    costs("HEADERS", 10, 1, nothing, |n| (wire::get(odd(n)), wire::get(odd(n))).octets());
    let late = wire::headers(1, &[("x", "y")]).end_stream();
    lone::each_ends_it(&Setup::server(), closed_by_both, &[("gone", &late, STREAM_CLOSED)]);
    lone::each_ends_it(&Setup::server(), reset_by_peer, &[("reset", &late, STREAM_CLOSED)]);
    let passed_over = |server: &mut Lone| {
        server.hears(wire::get(9));
    };
    let old = wire::get(5);
    lone::each_ends_it(&Setup::server(), passed_over, &[("never was", &old, PROTOCOL_ERROR)]);
}

/// Once we may have forgotten that it was us, no unknown stream is held against the peer.
#[test]
fn matrix_19_what_may_have_been_our_reset_is_read_over() {
    let many = |server: &mut Lone| {
        for n in 0..1_100 {
            server.hears(wire::post(odd(n)));
            server.resets(odd(n), CANCEL);
            server.releases(odd(n));
        }
    };
    costs("DATA", 1, 0, many, |_| wire::data(1, "x").octets());
    costs("HEADERS", 1, 0, many, |_| wire::headers(1, &[("x", "y")]).end_stream().octets());
    Setup::server().config(lone::narrow).run_once(|server| {
        many(server);
        server.forget();
        for _ in 0..20 {
            server.hears((wire::data_of(1, 10_000), wire::get(3)));
            server.must_have_its_credit_back();
        }
        server.must_be_fine();
        assert_eq!(server.told(), Vec::<String>::new());
    });
}

#[test]
fn matrix_20_frames_about_an_idle_stream_end_the_connection() {
    let rows: [(&str, &dyn Wire, ErrorCode); 5] = [
        ("DATA", &wire::data(9, "x"), PROTOCOL_ERROR),
        ("RST_STREAM", &wire::rst(9, CANCEL), PROTOCOL_ERROR),
        ("WINDOW_UPDATE", &wire::window_update(9, 1), PROTOCOL_ERROR),
        ("WINDOW_UPDATE of 0", &wire::window_update(9, 0), PROTOCOL_ERROR),
        ("CONTINUATION", &wire::continuation(9, b""), PROTOCOL_ERROR),
    ];
    for setup in [Setup::server(), Setup::client()] {
        lone::each_ends_it(&setup, |_| {}, &rows);
    }
}

#[test]
fn matrix_21_empty_data_costs_unless_it_ends_the_stream() {
    costs("empty", 1, 0, open, |_| wire::data(1, "").octets());
    costs("padding only", 1, 0, open, |_| wire::data(1, "").padded(9).octets());
    costs("the end", 0, 0, nothing, |n| {
        (wire::post(odd(n)), wire::data(odd(n), "").end_stream()).octets()
    });
    costs("one octet", 0, 0, open, |_| wire::data(1, "x").octets());
}

#[test]
fn matrix_22_more_than_the_window_ends_what_it_is_of() {
    let begin = |server: &mut Lone| {
        let change = |s: &mut h2_core::Settings| s.initial_window_size = 10;
        server.act(|conn| conn.update_settings(change)).unwrap();
        server.hears(wire::settings_ack());
    };
    costs("window", 10, 1, begin, |n| (wire::post(odd(n)), wire::data_of(odd(n), 11)).octets());
    let tight = Setup::server().config(|config| {
        lone::narrow(config);
        config.stream_window = 1_000_000;
    });
    let much = vec![wire::data_of(1, 16_384); 4];
    lone::each_ends_it(&tight, open, &[("connection", &much, FLOW_CONTROL_ERROR)]);
}

#[test]
fn matrix_23_a_malformed_head_ends_the_stream_after_its_whole_block() {
    costs("malformed", 10, 1, nothing, |n| {
        wire::headers(odd(n), &wire::get_and(&[("Bad", "name")])).end_stream().octets()
    });
    lone::server(|server| {
        let block = wire::block(&[&[("Bad", "name")], wire::GET].concat());
        server.hears(wire::split(1, &block, &[3, 4], true));
        server.must_answer_and_reset(1, "400");
        server.hears(wire::get(3));
        assert_eq!(server.told(), ["request 3 GET / end"]);
    });
}

#[test]
fn matrix_24_a_block_that_does_not_decode_is_a_compression_error() {
    let rows: [(&str, &dyn Wire, ErrorCode); 2] = [
        ("whole", &wire::headers_of(1, &[0x80]), COMPRESSION_ERROR),
        ("split", &wire::split(1, &[0x82, 0x80], &[1], true), COMPRESSION_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), |_| {}, &rows);
    let begin = |client: &mut Lone| {
        client.requests("GET", true);
    };
    lone::each_ends_it(&Setup::client(), begin, &rows);
}

#[test]
fn matrix_25_another_frame_inside_a_block_ends_the_connection() {
    let begun = |server: &mut Lone| {
        server.hears(wire::get(1).no_end_headers());
    };
    let rows: [(&str, &dyn Wire, ErrorCode); 6] = [
        ("DATA", &wire::data(1, "x"), PROTOCOL_ERROR),
        ("HEADERS", &wire::get(3), PROTOCOL_ERROR),
        ("PING", &wire::ping([0; 8]), PROTOCOL_ERROR),
        ("unknown", &wire::raw(0xbb, 0, 0, b""), PROTOCOL_ERROR),
        ("SETTINGS", &wire::settings(&[]), PROTOCOL_ERROR),
        ("of another stream", &wire::continuation(3, b""), PROTOCOL_ERROR),
    ];
    lone::each_ends_it(&Setup::server(), begun, &rows);
}

#[test]
fn matrix_26_small_continuations_cost_from_the_fifth_on() {
    // Four are free; each of the next costs ten.
    costs("continuations", 40, 0, nothing, |n| {
        wire::split(odd(n), &wire::block(wire::GET), &[1; 9], true).octets()
    });
}

#[test]
fn matrix_27_an_early_reset_costs_a_token() {
    costs("early", 0, 1, nothing, |n| (wire::post(odd(n)), wire::rst(odd(n), CANCEL)).octets());
}

#[test]
fn matrix_27_a_reset_of_what_was_useful_costs_nothing() {
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
fn matrix_28_a_refused_stream_costs_a_token() {
    let full = |server: &mut Lone| {
        for n in 0..128 {
            server.hears(wire::post(odd(n)));
        }
    };
    costs("refused", 0, 1, full, |n| wire::post(odd(n + 200)).octets());
}

#[test]
fn matrix_29_streams_above_our_last_one_are_read_over() {
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

#[test]
fn matrix_30_too_many_interim_responses_that_nobody_took_reset_the_stream() {
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
fn matrix_30_interim_responses_cost_a_glitch_beyond_the_usual_number() {
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
fn matrix_31_a_repeated_goaway_costs_a_glitch() {
    let said = |server: &mut Lone| {
        server.hears((wire::post(1), wire::goaway(0, NO_ERROR, b"")));
    };
    costs("goaway", 1, 0, said, |_| wire::goaway(0, NO_ERROR, b"").octets());
}

#[test]
fn matrix_32_what_is_for_clients_costs_a_server_a_glitch() {
    let value = "h2=\":443\"";
    costs("ALTSVC", 1, 0, nothing, |_| wire::altsvc(0, "https://a.example", value).octets());
    costs("ALTSVC, invalid", 1, 0, nothing, |_| wire::altsvc(1, "https://a", value).octets());
    costs("ORIGIN", 1, 0, nothing, |_| wire::origin(&["https://a.example"]).octets());
    costs("ORIGIN, invalid", 1, 0, nothing, |_| wire::origin(&[]).on_stream(3).octets());
    costs("PRIORITY_UPDATE", 1, 0, open, |_| wire::priority_update(1, "u=1").octets());
    costs("PRIORITY_UPDATE, early", 1, 0, open, |_| wire::priority_update(3, "u=1").octets());
    costs("PRIORITY_UPDATE, no dictionary", 1, 0, open, |_| wire::priority_update(1, "?").octets());
}

/// One GOAWAY, and silence: what follows in the same read is neither taken nor answered.
#[test]
fn matrix_33_the_end_is_said_once_and_nothing_is_heard_after_it() {
    lone::server(|server| {
        open(server);
        server.forget();
        let offence = wire::data(9, "idle");
        server.hears((&offence, wire::ping([0; 8]), &offence, wire::settings(&[]), wire::get(11)));
        let goodbyes = server.says();
        assert!(matches!(goodbyes[..], [Frame::GoAway { last: 1, code: 1, .. }]), "{goodbyes:?}");
        assert_eq!(server.told(), ["closed PROTOCOL_ERROR"]);
        server.must_be_deaf();
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
fn too_many_settings_in_one_frame_end_the_connection() {
    lone::server(|server| {
        server.hears(wire::settings(&[(0x99, 1); 64]));
        server.must_be_fine();
        server.hears(wire::settings(&[(0x99, 1); 65]));
        server.must_go_away(ENHANCE_YOUR_CALM);
    });
}
