//! Attacks that need no I/O, with bounds on what they cost: frames consumed, output, and memory
//! measured by a counting allocator. No clock but the explicit one.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

mod blocks;
mod bound;
mod churn;
mod control;
mod data;
mod mixture;
mod survive;
mod victim;

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;
