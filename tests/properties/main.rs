//! Properties that hold for all inputs: what is random shrinks, and `PROPTEST_CASES` says how many.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

mod accepted;
mod atomic;
mod buckets;
mod ends;
mod fairness;
mod hpack;
mod independent;
#[allow(dead_code)]
#[path = "../differential/known.rs"]
mod known;
mod last;
mod maps;
mod meeting;
#[path = "../differential/observed.rs"]
mod observed;
#[allow(dead_code)]
#[path = "../differential/ours.rs"]
mod ours;
#[allow(dead_code)]
#[path = "../differential/plan.rs"]
mod plan;
mod script;

use proptest::test_runner::{Config as Cases, RngSeed};

/// So many cases unless `PROPTEST_CASES` says otherwise, and the same ones each time: a gate must not
/// be red by chance. `PROPTEST_RNG_SEED` looks for others.
fn cases(few: u32) -> Cases {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok());
    Cases {
        cases: asked.unwrap_or(few),
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed.unwrap_or(9_113)),
        max_shrink_time: 10_000,
        ..Cases::default()
    }
}
