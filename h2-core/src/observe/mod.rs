//! Looking at a connection without touching it.

mod stats;

pub use stats::{FrameCounts, Stats};
