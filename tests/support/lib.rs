//! What the tests share: wire bytes by hand, an independent reader of output, scripted peers.

// Helpers of tests: a panic is how they report, and their names say what they do.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used, clippy::exhaustive_enums)]
#![allow(clippy::wildcard_enum_match_arm, clippy::too_many_lines, clippy::missing_panics_doc)]

pub mod frames;
pub mod lone;
pub mod pair;
pub mod rng;
pub mod wire;

pub use frames::Frame;
pub use rng::Rng;
