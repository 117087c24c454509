//! All attacks at once, at random: whatever comes, memory stays below the bound.

use h2_tests::prelude::*;
use h2_tests::rng::Rng;

use crate::victim::{ASLEEP, DEAF, HOARDING, Manners, POLITE, Victim, odd};

/// One random frame, mostly sound, about one of a few streams.
fn frame(rng: &mut Rng, newest: &mut u32) -> Vec<u8> {
    let stream = odd(rng.below(*newest as usize / 2 + 2) as u32);
    let number = rng.any() as u32;
    match rng.below(16) {
        0..=2 => {
            *newest += 2;
            let value = "v".repeat(rng.small(0, 3_000));
            let block = [wire::block(wire::POST), wire::incremental("x-a", value)].concat();
            let crumbs = wire::indexed(62).repeat(rng.small(0, 900));
            let head = wire::headers_of(*newest, &[block, crumbs].concat());
            if rng.one_in(2) { head.end_stream().octets() } else { head.octets() }
        }
        3..=6 => {
            let data = wire::data_of(stream, rng.small(0, 16_384));
            if rng.one_in(8) { data.end_stream().octets() } else { data.octets() }
        }
        7 => wire::data(stream, "").padded(number as u8).octets(),
        8 => wire::rst(stream, number % 15).octets(),
        9 => wire::ping(rng.any().to_be_bytes()).octets(),
        10 => wire::settings(&[(4, number % 100_000), (1, number % 9_000)]).octets(),
        11 => {
            wire::window_update(if rng.one_in(2) { 0 } else { stream }, number % 5_000 + 1).octets()
        }
        12 => wire::priority(stream, 0, 1).octets(),
        13 => wire::raw(0x40 + number as u8 % 64, number as u8, stream, &[1; 100]).octets(),
        14 => wire::headers(stream, &[("x", "y")]).end_stream().octets(),
        _ => wire::split(*newest + 2, &wire::block(wire::GET), &[9, 9], true).octets(),
    }
}

fn attack(seed: u64, manners: Manners, change: impl FnOnce(&mut Config)) -> (usize, u32) {
    let mut config = Config::server();
    change(&mut config);
    let mut server = Victim::new(config, true, manners, &[]);
    server.keeps = false;
    let mut rng = Rng::new(seed);
    let mut newest = 0;
    let mut frames = 0;
    for _ in 0..3_000 {
        let octets = frame(&mut rng, &mut newest);
        server.hears(octets);
        frames += 1;
        if server.is_closed() || server.unconsumed() > 100_000 {
            break;
        }
        if rng.one_in(20) {
            let stream = id(odd(rng.below(newest as usize / 2 + 1) as u32));
            let head = lone::response(200, &[]);
            let _ = server.conn.send_response(stream, head, End::Later);
            let mut body = Bytes::from(vec![0; 50_000]);
            let _ = server.conn.send_data(stream, &mut body, End::Later);
            server.settle();
        }
        if rng.one_in(50) {
            server.passes(Duration::from_millis(500));
        }
    }
    (server.grown(), frames)
}

#[test]
fn memory_stays_below_the_bound_whatever_comes() {
    for seed in 0..40 {
        for (name, manners) in
            [("polite", POLITE), ("deaf", DEAF), ("hoarding", HOARDING), ("asleep", ASLEEP)]
        {
            let note = Note(format!("{name}, seed {seed}"));
            let (grown, frames) = attack(seed, manners, |_| {});
            assert!(grown <= 6 << 20, "{grown} octets after {frames} frames");
            let (grown, frames) = attack(seed, manners, |config| {
                config.glitch_bucket = None;
                config.reset_bucket = None;
            });
            assert!(grown <= 6 << 20, "without buckets: {grown} octets after {frames} frames");
            drop(note);
        }
    }
}
