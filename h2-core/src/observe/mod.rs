//! Looking at a connection without touching it: counters, what it waits for, and its frames.

mod json;
mod stalls;
mod stats;
mod tap;
mod text;

pub(crate) use stalls::StallLog;
pub use stalls::{Blocked, Stall, StallCause, Stalls};
pub use stats::{FrameCounts, ResetCounts, Stats, StreamStats};
pub(crate) use tap::Tap;
pub use tap::{
    FieldValue, FrameDirection, FrameSummary, FrameTap, TappedField, TappedFields, TappedFrame,
    TappedSettings,
};
