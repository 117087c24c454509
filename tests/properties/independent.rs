//! P13: limits are independent. How much of one kind is taken is asked of a server with some limits
//! and of one of whose limits another is higher: it takes no less.

use h2_core::Bucket;
use h2_tests::prelude::*;
use proptest::prelude::*;

/// One value for each limit, in the order of [`set`].
type Limits = [u32; 9];

const STREAMS: usize = 0;
const LIST: usize = 1;
const FIELDS: usize = 2;
const BLOCK: usize = 3;
const CONTINUATIONS: usize = 4;
const SETTINGS: usize = 5;
const RESETS: usize = 6;
const GLITCHES: usize = 7;
const WINDOW: usize = 8;

fn set(config: &mut Config, limits: Limits) {
    config.max_concurrent_streams = limits[STREAMS];
    config.max_header_list_size = limits[LIST];
    config.max_header_fields = limits[FIELDS] as usize;
    config.max_header_block = limits[BLOCK] as usize;
    config.max_continuations = limits[CONTINUATIONS] as usize;
    config.max_settings_entries = limits[SETTINGS] as usize;
    config.reset_bucket = Some(Bucket { burst: limits[RESETS], per_second: 0 });
    config.glitch_bucket = Some(Bucket { burst: limits[GLITCHES], per_second: 0 });
    config.stream_window = limits[WINDOW];
}

/// How many of so many things the server takes before it refuses one or ends.
fn taken(server: &mut Lone, most: u32, mut give: impl FnMut(&mut Lone, u32) -> bool) -> u32 {
    (0..most).find(|n| !give(server, *n)).unwrap_or(most)
}

fn lives(server: &Lone) -> bool {
    server.conn.close_reason().is_none()
}

/// Whether the application is shown the request that this is.
fn shows(server: &mut Lone, wire: impl Wire) -> bool {
    server.forget();
    server.hears(wire);
    server.told().iter().any(|event| event.starts_with("request"))
}

fn with_fields(stream: u32, count: u32) -> Vec<u8> {
    let more = vec![("a", "b"); count as usize];
    wire::headers(stream, &wire::get_and(&more)).end_stream().octets()
}

fn with_octets(stream: u32, octets: u32) -> Vec<u8> {
    let value = "v".repeat(octets as usize);
    wire::headers(stream, &wire::get_and(&[("a", &value)])).end_stream().octets()
}

/// A request in so many frames, each of 600 octets but the last.
fn in_pieces(stream: u32, pieces: u32) -> Vec<u8> {
    let value = "v".repeat(600 * pieces as usize);
    let block = wire::block(&wire::get_and(&[("a", &value)]));
    wire::split(stream, &block, &vec![600; pieces as usize], true).octets()
}

/// What a server with these limits takes of the kind that limit `of` is about.
fn capacity(of: usize, limits: Limits) -> u32 {
    let mut measured = 0;
    let setup = Setup::server().config(|config| set(config, limits));
    setup.run_once(|server| {
        // Each thing on a stream of its own, and none kept, so that only one limit is near.
        let one = |server: &mut Lone, n: u32, wire: &dyn Fn(u32) -> Vec<u8>| {
            let shown = shows(server, wire(2 * n + 1));
            if shown {
                server.responds(2 * n + 1, 204, true);
                server.releases(2 * n + 1);
            }
            shown
        };
        measured = match of {
            STREAMS => taken(server, 40, |server, n| shows(server, wire::post(2 * n + 1))),
            LIST => taken(server, 30, |server, n| one(server, n, &|id| with_octets(id, 40 * n))),
            FIELDS => taken(server, 40, |server, n| one(server, n, &|id| with_fields(id, n))),
            BLOCK | CONTINUATIONS => {
                taken(server, 12, |server, n| one(server, n, &|id| in_pieces(id, n)))
            }
            SETTINGS => taken(server, 40, |server, n| {
                server.hears(wire::settings(&vec![(0x99, 1); n as usize]));
                lives(server)
            }),
            RESETS => taken(server, 60, |server, n| {
                server.hears((wire::post(2 * n + 1), wire::rst(2 * n + 1, CANCEL)));
                server.releases(2 * n + 1);
                lives(server)
            }),
            GLITCHES => taken(server, 300, |server, n| {
                server.hears(wire::priority(2 * n + 1, 0, 1));
                lives(server)
            }),
            _ => {
                server.hears(wire::post(1));
                taken(server, 60, |server, _| {
                    server.hears(wire::data_of(1, 500));
                    lives(server) && !server.told().iter().any(|event| event.contains("reset"))
                })
            }
        };
    });
    measured
}

fn limits() -> impl Strategy<Value = Limits> {
    let low = [1, 200, 5, 1_024, 1, 1, 20, 100, 1_000];
    let span = [30, 1_000, 30, 6_000, 8, 30, 30, 150, 20_000];
    proptest::array::uniform9(0_u32..=1_000)
        .prop_map(move |parts| std::array::from_fn(|at| low[at] + span[at] * parts[at] / 1_000))
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn raising_a_limit_never_lowers_what_another_lets_pass(
        base in limits(), raised in 0_usize..9, by in 1_u32..10_000,
    ) {
        let mut higher = base;
        higher[raised] += by;
        for of in 0..base.len() {
            let (before, after) = (capacity(of, base), capacity(of, higher));
            prop_assert!(after >= before, "limit {of}: {after} after limit {raised} rose, {before} before");
        }
    }

    /// Otherwise the property above would say nothing.
    #[test]
    fn raising_a_limit_lets_more_of_its_own_kind_pass(of in 0_usize..9) {
        let low = [3, 400, 8, 1_400, 2, 4, 25, 110, 2_000];
        let high = [20, 60_000, 38, 100_000, 11, 30, 50, 250, 20_000];
        let mut wide = [40, 60_000, 1_000, 100_000, 16, 64, 1_000, 10_000, 60_000];
        wide[of] = low[of];
        let before = capacity(of, wide);
        wide[of] = high[of];
        let after = capacity(of, wide);
        prop_assert!(after > before, "limit {of}: {before} and {after}");
    }
}
