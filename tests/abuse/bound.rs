//! The bound that the configuration computes, against everything that should come near it.

use h2_tests::prelude::*;

use crate::victim::{ASLEEP, DEAF, HOARDING, Manners, Victim, get, odd, open};

/// The application neither takes events nor lets go of anything, and the attacker reads nothing.
const WORST: Manners = Manners { reads: false, polls: false, releases: false };

fn server(change: impl FnOnce(&mut Config)) -> (Victim, usize) {
    let mut config = Config::server();
    config.glitch_bucket = None;
    config.reset_bucket = None;
    change(&mut config);
    let bound = config.worst_case_memory();
    let mut server = Victim::new(config, true, HOARDING, &[]);
    server.keeps = false;
    (server, bound)
}

#[track_caller]
fn expect_within(victim: &Victim, bound: usize, least: usize) {
    let grown = victim.grown();
    assert!(grown <= bound, "{grown} octets, the bound is {bound}");
    // An attack that costs nothing would prove nothing.
    assert!(grown >= least, "{grown} octets are no attack");
}

/// Opens as many streams as there are and resets them, so that the application, which lets go of
/// none, holds every slot; then opens as many that wait for one.
fn occupy(server: &mut Victim) {
    for n in 0..128 {
        server.hears((get(odd(n)), wire::rst(odd(n), 8_u32)));
    }
    for n in 128..256 {
        server.hears(open(odd(n)));
    }
    assert_eq!(server.conn.stats().waiting_requests, 128);
}

#[test]
fn octets_that_wait_for_a_slot_one_by_one_stay_within_the_bound() {
    let (mut server, bound) = server(|_| {});
    occupy(&mut server);
    let octet = |n| wire::data(odd(n), "x").octets();
    for n in 128..256 {
        // A stream's window, an octet a frame.
        for _ in 0..64 {
            server.hears(octet(n).repeat(1_000));
        }
        assert!(!server.is_closed());
    }
    expect_within(&server, bound, 128 * 64_000);
    // Kept as they came they would cost more than all else together.
    assert!(server.grown() < 16 << 20, "{} octets", server.grown());
}

#[test]
fn pieces_that_waited_for_a_slot_arrive_whole_and_in_order() {
    let (mut server, _) = server(|_| {});
    occupy(&mut server);
    let stream = odd(128);
    let sent: Vec<u8> = (0..4_000_u32).map(|n| (n % 251) as u8).collect();
    for piece in sent.chunks(7) {
        server.hears(wire::data(stream, piece));
    }
    server.hears(wire::data(stream, "").end_stream());
    server.keeps = true;
    server.conn.release_stream(id(odd(0)));
    server.settle();
    let mut got = Vec::new();
    let mut ended = false;
    for event in &server.events {
        if let Event::DataReceived { stream: of, data, end } = event {
            assert_eq!((*of, ended), (id(stream), false));
            got.extend_from_slice(data);
            ended = *end;
        }
    }
    assert_eq!(got, sent);
    assert!(ended);
}

#[test]
fn trailers_that_wait_for_a_slot_stay_within_the_bound() {
    let (mut server, bound) = server(|_| {});
    occupy(&mut server);
    let field = wire::literal("x", "v".repeat(250));
    let section = field.repeat(65_536 / (251 + 32));
    for n in 128..256 {
        server.hears(wire::split(odd(n), &section, &[16_000; 5], true));
        assert!(!server.is_closed());
    }
    expect_within(&server, bound, 4 << 20);
}

#[test]
fn requests_nobody_hears_of_stay_within_the_bound() {
    let (mut server, bound) = server(|_| {});
    server.manners = WORST;
    for n in 0..4_000 {
        let data = wire::data_of(odd(n), 16_384);
        server.hears((open(odd(n)), data, wire::rst(odd(n), 8_u32)));
        if server.unconsumed() > 1 << 20 {
            break;
        }
    }
    expect_within(&server, bound, 1 << 15);
}

#[test]
fn unknown_frames_nobody_takes_stay_within_the_bound() {
    for manners in [ASLEEP, WORST] {
        let (mut server, bound) = server(|config| config.max_frame_size = 1 << 20);
        server.manners = manners;
        for _ in 0..300 {
            server.hears(wire::raw(0xfa, 0, 0, &vec![1; 1 << 20]));
        }
        expect_within(&server, bound, 256 * 16_000);
    }
}

#[test]
fn a_reader_of_nothing_with_open_windows_costs_what_may_be_queued() {
    let (mut server, bound) = server(|_| {});
    server.hears((wire::settings(&[(4, 0x7fff_ffff)]), wire::window_update(0, 0x7fff_0000)));
    server.manners = DEAF;
    for n in 0..128 {
        server.hears(get(odd(n)));
    }
    for n in 0..128 {
        let head = lone::response(200, &[]);
        server.conn.send_response(id(odd(n)), head, End::Later).unwrap();
    }
    for n in (0..128).cycle().take(2_560) {
        let mut body = Bytes::from(vec![0; 300_000]);
        server.conn.send_data(id(odd(n)), &mut body, End::Later).unwrap();
        server.settle();
    }
    let queued = server.conn.stats().queued + server.conn.stats().outbox;
    assert!(queued <= bound, "{queued} octets, the bound is {bound}");
    assert!(queued >= 1 << 20, "{queued} octets are no attack");
}

#[test]
fn origins_and_responses_nobody_takes_stay_within_the_bound() {
    let mut config = Config::client();
    config.glitch_bucket = None;
    let bound = config.worst_case_memory();
    let mut client = Victim::new(config, false, ASLEEP, &[]);
    client.keeps = false;
    let origin = [&[0, 10][..], b"https://a."].concat();
    for _ in 0..300 {
        client.hears(wire::raw(0xc, 0, 0, &origin.repeat(1_300)));
    }
    expect_within(&client, bound, 8 << 20);
}

#[test]
fn the_documented_sums_hold_for_the_defaults_and_no_configuration_overflows_them() {
    let bound = |config: Config| config.worst_case_memory() >> 20;
    let (server, client) = (bound(Config::server()), bound(Config::client()));
    assert!(server < 81 && client < 105, "{server} and {client} MiB");
    let mut small = Config::server();
    small.max_header_list_size = 8 * 1024;
    small.connection_window = 65_535;
    small.stream_window = 16 * 1024;
    small.max_concurrent_streams = 16;
    small.max_outbound_streams = 0;
    small.isolation = false;
    assert!(bound(small) < 28);
    let mut endless = Config::client();
    endless.send_pool = usize::MAX;
    endless.send_credit = usize::MAX;
    assert_eq!(endless.worst_case_memory(), usize::MAX);
}
