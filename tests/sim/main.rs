//! Whole conversations over a transport that a seed makes awkward and that breaks at every octet:
//! everything that waits hears of it, nothing cut short looks complete, nothing is left behind.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]
#![allow(missing_docs)]

mod io;
mod talk;

use std::alloc::System;

use h2_tests::lone::Note;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use crate::io::{Break, Fault};
use crate::talk::{Outcome, talk};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

h2_tests::solo!(
    a_transport_that_ends_at_any_octet_is_told_to_all_and_nothing_cut_looks_complete,
    a_transport_that_fails_at_any_octet_is_told_to_all_and_nothing_cut_looks_complete,
    a_transport_that_falls_silent_at_any_octet_is_told_to_all_and_nothing_cut_looks_complete,
    no_awkward_transport_makes_an_error,
);

/// Octets that a run may leave: the queues of the runtime grow a little now and then, and so many
/// are fewer than one for each run.
const SLACK: isize = 4 * 1024;

/// Octets that are allocated. There is no other thread that could change it.
fn live() -> isize {
    let stats = INSTRUMENTED_SYSTEM.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

fn run(runtime: &tokio::runtime::Runtime, seed: u64, breaks: Option<Break>) -> Outcome {
    let note = Note(format!("seed {seed}, {breaks:?}"));
    let outcome = runtime.block_on(talk(seed, breaks)).expect("everything that waits is told");
    assert_eq!(runtime.metrics().num_alive_tasks(), 0, "{}", note.0);
    outcome
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
}

/// The streams whose end went through whole, in one direction.
fn ended(mut octets: &[u8], of_client: bool) -> Vec<u32> {
    if of_client {
        octets = octets.get(24..).unwrap_or_default();
    }
    let mut ended = Vec::new();
    while let Some((head, rest)) = octets.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some(rest) = rest.get(length..) else { break };
        if head[3] <= 1 && head[4] & 1 == 1 {
            ended.push(u32::from_be_bytes([head[5], head[6], head[7], head[8]]));
        }
        octets = rest;
    }
    ended
}

/// Breaks a conversation after each octet of both directions. Every run leaves as little in memory
/// as the one before it.
fn break_everywhere(fault: Fault, seed: u64) {
    let runtime = runtime();
    let lengths = lengths(&runtime, seed);
    let start = live();
    for (of_client, length) in [true, false].into_iter().zip(lengths) {
        assert!(length > 5_000, "{length} octets are no conversation");
        for at in 0..length {
            let breaks = Break { fault, of_client, at };
            let outcome = run(&runtime, seed, Some(breaks));
            check(&outcome, fault, of_client);
            drop(outcome);
            let left = live() - start;
            assert!(left < SLACK, "{left} octets are left after {breaks:?}");
        }
    }
}

/// How much a client and a server say when nothing breaks.
fn lengths(runtime: &tokio::runtime::Runtime, seed: u64) -> [usize; 2] {
    let outcome = run(runtime, seed, None);
    [true, false].map(|of_client| outcome.log.given(of_client).len())
}

/// What arrived whole is whole, and what did not is not.
fn check(outcome: &Outcome, fault: Fault, of_client: bool) {
    if fault != Fault::Cut {
        return;
    }
    // What came before the cut was read, so it counts.
    let ended = ended(&outcome.log.given(of_client), of_client);
    let seen = if of_client { &outcome.requests } else { &outcome.responses };
    for seen in seen.iter().filter(|seen| seen.path != "/reset") {
        let has_ended = seen.stream.is_some_and(|stream| ended.contains(&stream));
        assert_eq!(seen.whole.is_ok(), has_ended, "{of_client}: {seen:?}");
    }
}

fn a_transport_that_ends_at_any_octet_is_told_to_all_and_nothing_cut_looks_complete() {
    break_everywhere(Fault::Cut, 1);
}

fn a_transport_that_fails_at_any_octet_is_told_to_all_and_nothing_cut_looks_complete() {
    break_everywhere(Fault::Reset, 2);
}

fn a_transport_that_falls_silent_at_any_octet_is_told_to_all_and_nothing_cut_looks_complete() {
    break_everywhere(Fault::Stall, 4);
}

fn no_awkward_transport_makes_an_error() {
    let runtime = runtime();
    let one: Option<u64> = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    for seed in one.map_or(0..500, |seed| seed..seed + 1) {
        let outcome = run(&runtime, seed, None);
        let _note = Note(format!("seed {seed}"));
        assert_eq!((outcome.responses.len(), outcome.requests.len()), (5, 5));
        for seen in &outcome.responses {
            assert!(seen.whole.is_ok(), "{seen:?}");
        }
        for seen in outcome.requests.iter().filter(|seen| seen.path != "/reset") {
            assert!(seen.whole.is_ok(), "{seen:?}");
        }
        assert!(outcome.client.is_graceful(), "{}", outcome.client);
        assert!(outcome.server.is_graceful(), "{}", outcome.server);
    }
}
