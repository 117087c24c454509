//! DATA that is small, empty, padded, late or too much.

use h2_tests::prelude::*;

use crate::victim::{self, ASLEEP, HOARDING, POLITE, Victim, get, odd, open};

const KIB: usize = 1024;

#[test]
fn octets_one_by_one_that_nobody_reads_are_bounded() {
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
fn empty_data_ends_by_the_bucket_and_wakes_nobody() {
    let mut server = victim::server(POLITE);
    server.hears(open(1));
    server.forget();
    server.measure_from_here();
    let borne = server.bears(20_000, |_| wire::data(1, "").octets());
    assert_eq!(borne, 10_000);
    assert_eq!(server.told, 1, "nothing but the end");
    assert!(server.grown() <= 2 * KIB, "{}", server.grown());
}

#[test]
fn padding_that_is_all_there_is_costs_no_window() {
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
fn late_data_in_any_amount_costs_nothing() {
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
    assert!(server.grown() <= 4 * KIB, "{}", server.grown());
}

#[test]
fn what_is_queued_behind_closed_windows_is_bounded() {
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
fn a_reset_behind_a_closed_window_goes_out_at_once_and_frees_the_queue() {
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
