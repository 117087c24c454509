//! Random schedules between this core and Python's `h2`, in both roles: each side observes exactly
//! what the other meant, and both agree on windows, tables and settings whenever nothing is under
//! way.
//!
//! `H2_DIFFERENTIAL_SCHEDULES` is their number, `SEED` repeats one. `H2_INTEROP_PYTHON` names the
//! interpreter; without `h2` in it the tests are skipped unless `H2_INTEROP_REQUIRE` is 1.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation, clippy::print_stdout)]

mod check;
mod known;
mod observed;
mod ours;
mod plan;
mod process;
mod schedule;

use h2_tests::lone::Note;
use process::Python;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|number| number.parse().ok())
}

/// Half of the schedules, with our core in one role.
fn schedules(ours_is_server: bool) {
    let Some(mut python) = Python::start() else { return };
    let half = number("H2_DIFFERENTIAL_SCHEDULES").unwrap_or(300).div_ceil(2);
    let seeds = number("SEED").map_or(0..half, |seed| seed..seed + 1);
    let mut exchanges = 0;
    for seed in seeds.clone() {
        let note = Note(format!("seed {seed}, our core is the server: {ours_is_server}"));
        exchanges += schedule::run(&mut python, ours_is_server, seed);
        drop(note);
    }
    println!("{} schedules, {exchanges} exchanges", seeds.count());
}

#[test]
fn a_server_and_python_h2_as_its_client_observe_exactly_the_plan() {
    schedules(true);
}

#[test]
fn a_client_and_python_h2_as_its_server_observe_exactly_the_plan() {
    schedules(false);
}
