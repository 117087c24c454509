//! P11 and P12: purses against abuse by what they show, and counters that are sums.

use h2_core::{Bucket, FrameCounts};
use h2_tests::prelude::*;
use proptest::prelude::*;

/// A server whose glitch bucket is this one.
fn server(burst: u32, per_second: u32) -> Setup {
    Setup::server().config(|config| {
        config.glitch_bucket = Some(Bucket { burst, per_second });
        config.settings_ack_timeout = None;
    })
}

fn tokens(server: &Lone) -> u64 {
    server.conn.stats().glitch_tokens.expect("the bucket is on")
}

proptest! {
    #![proptest_config(crate::cases(64))]

    /// Useless frames cost one each, and time gives back what the rate says, in however many steps
    /// it passes.
    #[test]
    fn what_comes_back_depends_on_time_and_not_on_how_often_it_is_looked_at(
        per_second in 1_u32..1_000, micros in 1_u64..60_000, frames in 1_u64..3_000,
    ) {
        server(1_000_000, per_second).run_once(|server| {
            // Room to come back to.
            for _ in 0..20 {
                server.hears(vec![wire::priority(1, 0, 1); 3_000]);
            }
            let before = tokens(server);
            for _ in 0..frames {
                server.now += Duration::from_micros(micros);
                server.hears(wire::priority(1, 0, 1));
            }
            let gained = frames * micros * u64::from(per_second) / 1_000_000;
            let expected = (before + gained - frames).min(1_000_000 - 1);
            let seen = tokens(server);
            // The handshake may have left a fraction of a token.
            assert!(seen.abs_diff(expected) <= 1, "{seen} tokens, expected {expected}");
        });
    }

    #[test]
    fn a_clock_that_runs_back_gives_nothing_back(back in 1_u64..100_000, frames in 1_usize..50) {
        server(10_000, 1_000).run_once(|server| {
            server.now += Duration::from_secs(200);
            server.hears(vec![wire::priority(1, 0, 1); 100]);
            let before = tokens(server);
            server.now -= Duration::from_millis(back.min(100_000));
            server.hears(vec![wire::priority(1, 0, 1); frames]);
            assert_eq!(tokens(server), before - frames as u64);
        });
    }

    /// More useless frames never leave more tokens, and each kind costs the same each time.
    #[test]
    fn costs_add_up(kinds in proptest::collection::vec(0_usize..5, 1..100)) {
        server(100_000, 0).run_once(|server| {
            server.hears(wire::post(1));
            let mut prices = [None; 5];
            for kind in kinds {
                let frame = match kind {
                    0 => wire::priority(3, 0, 1),
                    1 => wire::raw(0xee, 0, 0, b"?"),
                    2 => wire::settings(&[]),
                    3 => wire::pong([9; 8]),
                    _ => wire::data(1, ""),
                };
                let before = tokens(server);
                server.hears(frame);
                let price = before - tokens(server);
                assert_eq!(price, *prices[kind].get_or_insert(price), "kind {kind}");
                assert_eq!(price, 1, "kind {kind}");
            }
        });
    }

    /// A mixture sent so many times is counted so many times.
    #[test]
    fn counters_are_linear_in_the_input(
        mix in proptest::collection::vec(0_usize..6, 1..30), times in 1_u64..40,
    ) {
        let config = |config: &mut Config| {
            config.glitch_bucket = None;
            config.reset_bucket = None;
        };
        Setup::server().config(config).run_once(|server| {
            server.hears(wire::post(1));
            let before = server.conn.stats();
            let mut next = 3;
            let (mut frames, mut octets, mut heads) = (0, 0, 0);
            for _ in 0..times {
                for kind in &mix {
                    let wire = match kind {
                        0 => {
                            next += 2;
                            heads += 1;
                            wire::get(next - 2).octets()
                        }
                        1 => wire::window_update(0, 1).octets(),
                        2 => wire::ping([1; 8]).octets(),
                        3 => wire::data(1, "x").padded(3).octets(),
                        4 => wire::settings(&[(4, 70_000)]).octets(),
                        _ => wire::raw(0x77, 0, 1, b"x").octets(),
                    };
                    frames += 1;
                    octets += wire.len() as u64;
                    server.hears(wire);
                    if *kind == 0 {
                        server.responds(next - 2, 204, true);
                        server.releases(next - 2);
                    }
                }
            }
            let after = server.conn.stats();
            let count = |counts: FrameCounts| counts.total();
            assert_eq!(count(after.received) - count(before.received), frames);
            assert_eq!(after.octets_received - before.octets_received, octets);
            assert_eq!(after.received.headers - before.received.headers, heads);
            assert_eq!(after.streams_opened - before.streams_opened, heads);
            let per_head = wire::block(wire::GET).len() as u64;
            let seen = after.header_octets_received - before.header_octets_received;
            assert_eq!(seen, heads * per_head);
        });
    }
}
