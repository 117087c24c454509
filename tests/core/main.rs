//! The core, rule by rule: the traps that others fell into, reactions to what is suspicious, flow
//! control, commands, output, farewell and time.

// Tests: a panic is how they report, and their names say what they show.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::wildcard_enum_match_arm)]
#![allow(clippy::cast_possible_truncation)]

mod cancelled;
mod commands;
mod cookies;
mod fields;
mod flow;
mod liveness;
mod outbox;
mod outcomes;
mod padding;
mod pairs;
mod parting;
mod pseudo;
mod push;
mod push_limits;
mod reaction;
mod reaction_more;
mod retirement;
mod rows;
mod settings;
mod shutdown;
mod smoke;
mod stalls;
mod stats;
mod structure;
mod tap;
mod timers;
mod traps;
mod traps_more;
mod traps_rest;
mod upgrade;
